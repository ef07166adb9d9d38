"""Where episodes begin: drawn from a seed, or given by the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from deerbench import _core

#: How often the expert may try to bring a task's starting state about before reset() gives up.
PREPARATIONS = 20

_OPTIONS = ("state", "robot_obs", "scene_obs")


@dataclass(frozen=True)
class Start:
    """A state, and the tasks that the expert does in it before the episode begins."""

    robot_obs: Any  # (15,)
    scene_obs: Any  # (24,)
    preparation: Sequence[str] = ()
    expert_seed: int = 0


class StartSampler:
    """Starts of one task in one scene. The same draws of a generator give the same starts."""

    def __init__(self, scene: _core.Scene, task: str | None) -> None:
        self._scene = scene
        self._task = task

    def draw(self, random: np.random.Generator, attempt: int) -> Start:
        """A start in which the task can be done once the expert has prepared it, or free play's any.

        Args:
            random: generator of the episode
            attempt: how many have failed before in this reset; later ones may take longer ways
        """
        starts = _core.task_starts(self._task, attempt >= PREPARATIONS // 4)
        state, preparation = starts[random.integers(len(starts))]
        seed = int(random.integers(2**32))
        expert_seed = int(random.integers(2**63))
        return Start(*self._scene.initial_state(state, seed), preparation, expert_seed)

    def given(self, random: np.random.Generator, options: Mapping[str, Any]) -> Start:
        """The start that a reset's options ask for.

        Raises:
            Error: an unknown option, or options that exclude each other.
        """
        for key in options:
            if key not in _OPTIONS:
                raise _core.Error(f"reset option '{key}' is unknown, expected one of {', '.join(_OPTIONS)}")
        if "state" in options and len(options) > 1:
            raise _core.Error("reset options 'state' and 'robot_obs'/'scene_obs' exclude each other")
        if "state" in options:
            return Start(*self._scene.initial_state(options["state"]))
        starts = _core.task_starts(self._task)
        state, _ = starts[random.integers(len(starts))]
        robot_obs, scene_obs = self._scene.initial_state(state)
        return Start(options.get("robot_obs", robot_obs), options.get("scene_obs", scene_obs))

    def give_up(self, reason: str) -> NoReturn:
        """Raises Error: no attempt was prepared; the last one failed for this reason."""
        raise _core.Error(f"task '{self._task}': no start could be prepared in {PREPARATIONS} tries ({reason})")

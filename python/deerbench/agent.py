"""The multi-exit agent: DeeR's checkpoints as policies."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from deerbench import _core
from deerbench.policy import PolicyStep
from deerbench.scenes import scenes_dir


def models_dir() -> Path:
    """The folder of shipped checkpoints: ``DEERBENCH_MODELS`` if that is set, else the one in the package."""
    from_environment = os.environ.get("DEERBENCH_MODELS")
    return Path(from_environment or Path(_core.__file__).parent / "share" / "models").resolve()


def _library(name: str) -> str:
    path = Path(_core.__file__).parent / "lib" / f"libdeerbench_{name}.so"
    return str(path) if path.is_file() else ""


def installation() -> dict[str, str]:
    """Where the C++ half finds what policies need; an empty string for what is not there."""
    return {
        "models": str(models_dir()) if models_dir().is_dir() else "",
        "tensor_plugin": _library("tensors"),
        "cuda_plugin": _library("cuda"),
    }


@dataclasses.dataclass
class AgentStep(PolicyStep):
    """What the agent did at one control step, and what that cost."""

    latency_ms: float = 0.0  #: observation in to action out
    #: by layer: what the criterion weighed at every exit that was looked at; the default's is how much the pose changed
    #: since the exit before (root mean square)
    differences: Mapping[int, float] = dataclasses.field(default_factory=dict)


class AgentPolicy:
    """A checkpoint with its exits, ready to act. Made by ``load_policy``.

    It is a policy for ``deerbench.evaluate`` and a model for ``deerbench.calvin.evaluate_policy``.
    """

    needs_images = True

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._core = _core.Agent({**settings, "scenes": str(scenes_dir())}, **installation())

    @property
    def name(self) -> str:
        """The checkpoint's, such as "nano-d"."""
        return self._core.name

    @property
    def train_scenes(self) -> list[str]:
        """Letters of the scenes that it was trained in."""
        return self._core.train_scenes

    @property
    def exit_layers(self) -> list[int]:
        """Layers, from 0, that carry an exit."""
        return self._core.exit_layers

    @property
    def settings(self) -> dict[str, str]:
        """As they were settled: ``exit_plan`` has the exits that may be taken, with their thresholds."""
        return self._core.options

    @property
    def memory_mib(self) -> dict[str, float]:
        """Resident weights: ``llm_weights``, ``all_weights``, ``cuda_peak``."""
        return self._core.memory

    @property
    def checkpoint_sha256(self) -> str:
        """Of the weights."""
        return self._core.checkpoint_sha256

    @property
    def last_step(self) -> AgentStep | None:
        """The step before, whoever asked for it; None at the start of a subtask."""
        last = self._core.last_step
        return None if last is None else AgentStep(**last)

    def reset(self, seed: int = 0) -> None:
        """Begins a subtask: the history is forgotten."""
        self._core.reset(seed)

    def step(self, obs: Mapping[str, Any], instruction: str) -> np.ndarray:
        """Decides on one control step.

        Args:
            obs: ``rgb_static`` and ``rgb_gripper``, by themselves or in ``rgb_obs`` as CALVIN has them, and ``robot_obs``
            instruction: the sentence

        Returns:
            (7,) as ``deerbench.Policy.step`` describes it. ``last_step`` has what it cost.

        Raises:
            Error: an observation that is none, named with its part.
        """
        pictures = obs.get("rgb_obs", obs)
        missing = [key for key in ("rgb_static", "rgb_gripper") if key not in pictures]
        if missing or "robot_obs" not in obs:
            raise _core.Error(f"obs: no {(missing or ['robot_obs'])[0]}, expected rgb_static, rgb_gripper and robot_obs")
        return self._core.step(pictures["rgb_static"], pictures["rgb_gripper"], obs["robot_obs"], instruction)

    def __repr__(self) -> str:
        settings = self.settings
        return f"AgentPolicy({self.name!r}, exits={settings['exit_plan']!r}, backend={settings['backend']!r})"


def load_policy(
    checkpoint: str | os.PathLike[str],
    *,
    exit: Literal["dynamic", "last"] | int = "dynamic",
    thresholds: str | os.PathLike[str] | None = None,
    budget_gmacs: float | None = None,
    budget_peak_gmacs: float | None = None,
    budget_ms: float | None = None,
    budget_mib: float | None = None,
    max_layers: int | None = None,
    distribution: Literal["exp", "gauss", "gamma"] = "exp",
    criterion: str | None = None,
    preset: Literal["roboflamingo++", "deer-s", "deer-b", "deer-online"] | None = None,
    precision: str = "fp32",
    backend: Literal["fused", "cuda", "reference"] | None = None,
    ablate: Literal["none", "blank-vision", "wrong-sentence"] = "none",
    exit_plan: str | None = None,
) -> AgentPolicy:
    """Loads a multi-exit agent. The options are those of ``deerbench eval --policy deer``.

    Args:
        checkpoint: a shipped name ("nano-d") or a folder
        exit: "dynamic": leave where the action stops changing; "last", or the layer whose exit is always taken
        thresholds: a file that ``deerbench calibrate`` wrote; by default the checkpoint's own
        budget_gmacs: GMACs of the language model per step on average; thresholds are solved for it
        budget_peak_gmacs: GMACs of the language model that no step exceeds
        budget_ms: milliseconds that a step to the highest exit takes on this machine
        budget_mib: MiB of resident weights; layers above the highest exit are not loaded
        max_layers: layers that are loaded at most; the highest exit among them ends the walk
        distribution: how a budget is spread over the exits
        criterion: what exits are weighed by ("action", "feature", "time", "random", ...); by default as the thresholds
        preset: a setting of the DeeR paper
        precision: of the weights: "fp32", "bf16", "fp16", "int8" or "int4", or by part, as in "llm=int8,vision=bf16,head=fp32"
        backend: "fused" (the default), "cuda" on a GPU, or "reference", the one on LibTorch
        ablate: takes one of the agent's senses away
        exit_plan: exits and thresholds as text, such as "1:0.02,3:0.01,5"

    Raises:
        Error: a checkpoint that is missing or broken, or an option that it cannot meet, in one line.
    """
    given = {
        "exit": exit,
        "thresholds": None if thresholds is None else Path(thresholds).resolve(),
        "budget_gmacs": budget_gmacs,
        "budget_peak_gmacs": budget_peak_gmacs,
        "budget_ms": budget_ms,
        "budget_mib": budget_mib,
        "max_layers": max_layers,
        "distribution": distribution,
        "criterion": criterion,
        "preset": preset,
        "precision": precision,
        "backend": backend,
        "ablate": ablate,
        "exit_plan": exit_plan,
    }
    settings = {key: str(value) for key, value in given.items() if value is not None}
    return AgentPolicy({"checkpoint": os.fspath(checkpoint), **settings})

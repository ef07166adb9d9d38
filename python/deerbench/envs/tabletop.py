"""The tabletop as a Gymnasium environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from deerbench import _core
from deerbench.envs.starts import PREPARATIONS, StartSampler
from deerbench.scenes import load_scene, scenes_dir

# Generous: joints overshoot their limits a little under load, the arm's base stands at (-0.34, -0.46, 0.24).
_ROBOT_LOW = np.array([-2.0] * 3 + [-np.pi] * 3 + [-0.05] + [-4.0] * 7 + [-1.0])
_ROBOT_HIGH = np.array([2.0] * 3 + [np.pi] * 3 + [0.15] + [4.0] * 7 + [1.0])


class TabletopEnv(gym.Env[dict[str, np.ndarray], np.ndarray]):
    """
    ## Description

    A robot arm (Franka Emika Panda) at a table with a slider, a drawer, a button with an LED, a switch with a light
    bulb and three blocks, at CALVIN's sizes, frequencies and rules. Physics runs at 240 Hz, control at 30 Hz: one
    `step` is 1/30 s of the table's time. The goal is one of CALVIN's 34 tasks (`deerbench.TASKS`), which
    `info["instruction"]` puts into words.

    ## Action Space

    `Box(-1, 1, (7,), float32)`: a motion of the gripper's target pose. Values outside are clipped.

    | Num | Action | Min | Max | At 1 | Unit |
    |-----|--------|-----|-----|------|------|
    | 0 | target position, x (to the right along the table) | -1 | 1 | 0.02 | m |
    | 1 | target position, y (away from the robot's side) | -1 | 1 | 0.02 | m |
    | 2 | target position, z (up) | -1 | 1 | 0.02 | m |
    | 3 | target orientation, Euler angle about x | -1 | 1 | 0.05 | rad |
    | 4 | target orientation, Euler angle about y | -1 | 1 | 0.05 | rad |
    | 5 | target orientation, Euler angle about z | -1 | 1 | 0.05 | rad |
    | 6 | gripper: above 0 opens, otherwise closes | -1 | 1 | open | |

    ## Observation Space

    `Dict` of what a policy may see. Pictures are there for each of `cameras`, depth with `depth=True`.

    | Key | Shape | Type | Min | Max | Unit |
    |-----|-------|------|-----|-----|------|
    | `rgb_static` | (200, 200, 3) | uint8 | 0 | 255 | sRGB |
    | `rgb_gripper` | (84, 84, 3) | uint8 | 0 | 255 | sRGB |
    | `depth_static` | (200, 200) | float32 | 0 | 10 | m along the optical axis |
    | `depth_gripper` | (84, 84) | float32 | 0 | 2 | m along the optical axis |
    | `robot_obs` | (15,) | float64 | see below | see below | see below |

    | Num | `robot_obs` | Min | Max | Unit |
    |-----|-------------|-----|-----|------|
    | 0-2 | position of the tool centre point | -2 | 2 | m |
    | 3-5 | its orientation, Euler angles about x, y, z | -pi | pi | rad |
    | 6 | opening of the gripper | -0.05 | 0.15 | m |
    | 7-13 | arm joints | -4 | 4 | rad |
    | 14 | last gripper command: -1 close, 1 open | -1 | 1 | |

    `info` holds `task` and `instruction` (None in free play), `success`, `completed` (every task that what happened
    since the reset fulfils) and, for privileged users, `scene_obs` (24,): slider, drawer, button and switch (m), light
    bulb and LED (0 or 1), then position (m) and Euler angles (rad) of each block in the scene's load order.

    ## Rewards

    1 on the step that fulfils the task, 0 otherwise; always 0 in free play (`task=None`).

    ## Starting State

    The arm in CALVIN's initial pose; doors, lights and blocks in one of CALVIN's 192 initial conditions in which the
    task can be done, drawn from the seed, with block places and angles of its own: never the exact state that an
    evaluation chain begins with. A task that needs something done first (placing needs a block in the hand, unstacking
    a stack, ...) starts where the scripted expert has done that, by the fewest tasks that lead there or, if it cannot,
    another way.

    `reset(options=...)` takes `{"state": symbolic state}` (a chain's start, as `deerbench.chains()` gives it) or
    `{"robot_obs": (15,), "scene_obs": (24,)}`, of which one may be left out. Nothing is prepared by the expert then.

    ## Episode End

    *Termination*: the task is fulfilled. *Truncation*: after 360 steps (`max_episode_steps` of `gymnasium.make`).

    ## Arguments

    ```python
    gym.make("deerbench/Tabletop-D-v0", task="open_drawer", render_mode="rgb_array")
    ```

    | Argument | Default | Meaning |
    |----------|---------|---------|
    | `task` | None | one of `deerbench.TASKS`; None for free play |
    | `render_mode` | None | "rgb_array": `render()` draws the static camera, `render_size` pixels wide and high |
    | `cameras` | ("static", "gripper") | whose pictures are observed; () is fastest |
    | `depth` | False | observe depth too |
    | `render_size` | 400 | pixels |
    | `assets` | None | CALVIN's `data` folder, for CALVIN's own scene instead of ours |

    ## Version History

    * v0: first version.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 30}

    def __init__(
        self,
        scene: str = "D",
        task: str | None = None,
        *,
        render_mode: str | None = None,
        cameras: Sequence[str] = ("static", "gripper"),
        depth: bool = False,
        render_size: int = 400,
        assets: str | os.PathLike[str] | None = None,
    ) -> None:
        if task is not None and task not in _core.TASKS:
            raise _core.Error(f"task: '{task}' is none of the {len(_core.TASKS)} tasks (see deerbench.TASKS)")
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise _core.Error(f"render_mode: '{render_mode}' is not supported, expected None or 'rgb_array'")
        self.task = task
        self.render_mode = render_mode
        self._cameras = (cameras,) if isinstance(cameras, str) else tuple(cameras)
        self._depth = depth
        self._render_size = render_size
        self._scene = load_scene(scene, assets)
        self._tabletop = _core.Tabletop(self._scene)
        self._instruction = None if task is None else _core.instructions(str(scenes_dir()))[task]
        self._starts = StartSampler(self._scene, task)
        self._start_info: _core.Info | None = None
        self.action_space = spaces.Box(-1.0, 1.0, (7,), np.float32)
        self.observation_space = self._make_observation_space()

    @property
    def tabletop(self) -> _core.Tabletop:
        """The simulated table itself, for privileged users."""
        return self._tabletop

    @property
    def instruction(self) -> str | None:
        """The sentence that asks for the task; None in free play."""
        return self._instruction

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Starts an episode; see Starting State above. The same seed gives the same start, to the bit."""
        super().reset(seed=seed)
        if options:
            start = self._starts.given(self.np_random, options)
            self._tabletop.reset(start.robot_obs, start.scene_obs)
        else:
            self._start_as_drawn()
        self._start_info = self._tabletop.info()
        return self._observe(), self._info()[1]

    def step(self, action: np.ndarray) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """One control step, 1/30 s.

        Raises:
            Error: ``action`` has NaN or not 7 elements; the table is as it was.
        """
        if self._start_info is None:
            raise gym.error.ResetNeeded("Call reset() before step().")
        action = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        if action.shape == (7,) and not np.isnan(action[6]):
            action[6] = 1.0 if action[6] > 0 else -1.0
        self._tabletop.step(action)
        success, info = self._info()
        return self._observe(), float(success), success, False, info

    def render(self) -> np.ndarray | None:
        """The static camera's view (render_size, render_size, 3), uint8, with render_mode="rgb_array"."""
        if self.render_mode is None:
            gym.logger.warn('render() draws nothing: the environment was made without render_mode="rgb_array".')
            return None
        return self._tabletop.draw("static", width=self._render_size, height=self._render_size)["rgb"]

    def camera(self, name: str) -> dict[str, Any]:
        """Size, limits (m), ``intrinsics`` (3, 3, pixels) and pose ``X_WC`` (4, 4; x right, y down, z forward) of
        a camera ("static" or "gripper") as the table stands now."""
        return self._tabletop.camera(name)

    def save(self) -> _core.Snapshot:
        """This moment of the table; ``restore`` continues from it with the same bits. The episode is not part of it."""
        return self._tabletop.save()

    def restore(self, snapshot: _core.Snapshot) -> None:
        """Puts the table back to a saved moment of the same scene."""
        self._tabletop.restore(snapshot)

    # ------------------------------------------------------------------------------------------------------------------

    def _make_observation_space(self) -> spaces.Space[dict[str, np.ndarray]]:
        entries: dict[str, spaces.Space[Any]] = {}
        for name in self._cameras:
            camera = self._tabletop.camera(name)
            size = (camera["height"], camera["width"])
            entries[f"rgb_{name}"] = spaces.Box(0, 255, (*size, 3), np.uint8)
            if self._depth:
                entries[f"depth_{name}"] = spaces.Box(0.0, np.float32(camera["far_m"]), size, np.float32)
        entries["robot_obs"] = spaces.Box(_ROBOT_LOW, _ROBOT_HIGH, dtype=np.float64)
        return cast("spaces.Space[dict[str, np.ndarray]]", spaces.Dict(entries))

    def _observe(self) -> dict[str, np.ndarray]:
        observation: dict[str, np.ndarray] = {}
        for name in self._cameras:
            for kind, picture in self._tabletop.draw(name, depth=self._depth).items():
                observation[f"{kind}_{name}"] = picture
        observation["robot_obs"] = self._tabletop.robot_obs()
        return observation

    def _info(self) -> tuple[bool, dict[str, Any]]:
        """Whether the task is done, and the info dictionary."""
        assert self._start_info is not None
        completed = _core.completed_tasks(self._start_info, self._tabletop.info())
        success = self.task in completed
        info = {
            "task": self.task,
            "instruction": self._instruction,
            "success": success,
            "completed": completed,
            "scene_obs": self._tabletop.scene_obs(),
        }
        return success, info

    def _start_as_drawn(self) -> None:
        reason = ""
        for attempt in range(PREPARATIONS):
            start = self._starts.draw(self.np_random, attempt)
            self._tabletop.reset(start.robot_obs, start.scene_obs)
            for task in start.preparation:
                reason = _core.run_expert(self._tabletop, task, start.expert_seed)
                if reason:
                    break
            else:
                return
        self._starts.give_up(reason)

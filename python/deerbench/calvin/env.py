"""The tabletop behind the face of calvin_env's ``PlayTableSimEnv``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deerbench import _core
from deerbench.scenes import LETTERS, load_scene

_CAMERAS = ("static", "gripper")


def get_env(scene: str = "calvin_scene_D", assets: str | os.PathLike[str] | None = None) -> PlayTableEnv:
    """An environment with scene ``calvin_scene_A`` .. ``calvin_scene_D``.

    Args:
        scene: as CALVIN names it
        assets: CALVIN's ``data`` folder, for CALVIN's own scene; None: our scene of that letter
    """
    letter = scene.removeprefix("calvin_scene_")
    if letter not in LETTERS:
        raise _core.Error(f"scene: '{scene}', expected calvin_scene_A to calvin_scene_D")
    return PlayTableEnv(load_scene(letter, assets))


class PlayTableEnv:
    """``reset``, ``step``, ``get_obs``, ``get_info`` and ``render`` as calvin_env has them.

    One world lives as long as the environment. ``reset`` puts it in place, so that, as in CALVIN, contacts and buttons
    remember what went before; a new environment does not.

    Observations: ``{"rgb_obs": {"rgb_static" (200, 200, 3) uint8, "rgb_gripper" (84, 84, 3) uint8}, "depth_obs":
    {"depth_static" (200, 200) float32 m, "depth_gripper" (84, 84) float32 m}, "robot_obs" (15,) float64, "scene_obs"
    (24,) float64}``.
    """

    def __init__(self, scene: _core.Scene, seed: int = 0) -> None:
        self._scene = scene
        self._tabletop = _core.Tabletop(scene)
        self._random = np.random.default_rng(seed)

    @property
    def tabletop(self) -> _core.Tabletop:
        """The simulated table itself."""
        return self._tabletop

    def seed(self, seed: int | None = None) -> list[int | None]:
        """Seeds the places of the blocks after ``reset()`` without a ``scene_obs``."""
        self._random = np.random.default_rng(seed)
        return [seed]

    def reset(
        self,
        robot_obs: Sequence[float] | np.ndarray | None = None,
        scene_obs: Sequence[float] | np.ndarray | None = None,
    ) -> dict[str, Any]:
        """Puts robot and scene into a state: by default initial pose, doors closed, lights off, blocks anywhere.

        Args:
            robot_obs: (15,) as observed
            scene_obs: (24,) as observed
        """
        if robot_obs is None or scene_obs is None:
            initial_robot_obs, initial_scene_obs = self._draw_initial_state()
            robot_obs = initial_robot_obs if robot_obs is None else robot_obs
            scene_obs = initial_scene_obs if scene_obs is None else scene_obs
        self._tabletop.reset(robot_obs, scene_obs, fresh=False)
        return self.get_obs()

    def step(self, action: Any) -> tuple[dict[str, Any], int, bool, dict[str, Any]]:
        """One control step, 1/30 s.

        Args:
            action: 7 numbers, a relative motion as in ``deerbench.policy.Policy.step``; or (position 3, orientation 3
                Euler angles or 4 quaternion, gripper), absolute; or ``{"type": t, "action": ...}`` with t of
                cartesian_rel, cartesian_abs, joint_rel (7 joint offsets, gripper), joint_abs (7 positions, gripper)

        Returns:
            observation, reward (always 0), done (always False), info
        """
        if isinstance(action, Mapping):
            if set(action) != {"type", "action"}:
                raise _core.Error(f"action: a dictionary with {sorted(action)}, expected 'type' and 'action'")
            kind, values = action["type"], action["action"]
        else:
            kind, values = ("cartesian_abs" if len(action) == 3 else "cartesian_rel"), action
        if kind == "cartesian_abs" and len(values) == 3:
            values = np.concatenate([np.ravel(np.asarray(part, dtype=np.float64)) for part in values])
        self._tabletop.step(values, kind)
        return self.get_obs(), 0, False, self.get_info()

    def get_obs(self) -> dict[str, Any]:
        """Both cameras and the state."""
        rgb, depth = {}, {}
        for name in _CAMERAS:
            drawn = self._tabletop.draw(name, depth=True)
            rgb[f"rgb_{name}"], depth[f"depth_{name}"] = drawn["rgb"], drawn["depth"]
        return {"rgb_obs": rgb, "depth_obs": depth, **self.get_state_obs()}

    def get_state_obs(self) -> dict[str, np.ndarray]:
        """The state alone: nothing is drawn."""
        return {"robot_obs": self._tabletop.robot_obs(), "scene_obs": self._tabletop.scene_obs()}

    def get_info(self) -> dict[str, Any]:
        """CALVIN's ``info``. Contacts are the first five fields of PyBullet's: flag, body A, body B, link A, link B."""
        return self._tabletop.info().to_dict()

    def render(self, mode: str = "rgb_array") -> np.ndarray:
        """The static camera's picture (200, 200, 3), uint8."""
        if mode != "rgb_array":
            raise _core.Error(f"mode: '{mode}', expected 'rgb_array': there is no window")
        return self._tabletop.draw("static")["rgb"]

    def close(self) -> None:
        """Nothing to do: everything goes with the object."""

    def _draw_initial_state(self) -> tuple[np.ndarray, np.ndarray]:
        calm = {"led": 0, "lightbulb": 0, "slider": "right", "drawer": "closed"}
        states = [state for state, _ in _core.task_starts(None) if calm.items() <= state.items()]
        return self._scene.initial_state(states[self._random.integers(len(states))], int(self._random.integers(2**32)))

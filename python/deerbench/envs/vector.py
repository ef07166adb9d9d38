"""Many tabletops at once, on threads, as a Gymnasium vector environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector.utils import batch_space

from deerbench import _core
from deerbench.envs.starts import PREPARATIONS, Start, StartSampler
from deerbench.envs.tabletop import TabletopEnv
from deerbench.scenes import load_scene

AutoresetMode = gym.vector.AutoresetMode
_Observation = dict[str, np.ndarray]


class VectorTabletopEnv(gym.vector.VectorEnv[_Observation, np.ndarray, np.ndarray]):
    """``gymnasium.make_vec("deerbench/Tabletop-D-v0", num_envs=16)``: as many TabletopEnv at once.

    Observations, rewards, ends and infos are those of Gymnasium's ``SyncVectorEnv`` over single environments, to the
    bit and for any number of threads: row i is what an environment seeded with its seed gives. Worlds are stepped and
    drawn by a thread pool in C++ into the rows of one array for each key.

    **Lifetime of observations.** What ``reset`` and ``step`` return is the memory that was drawn into, not a copy, and
    it is yours: it is never written to again as long as you hold an array of it or a view of one. Once you let go of
    all arrays of a step, a later step draws into that memory. (So Gymnasium's ``copy=False`` without its pitfall;
    there is no ``copy`` to ask for. Holding one step's small ``robot_obs`` keeps that step's pictures too.)

    Arguments are those of TabletopEnv, and:

    | Argument | Default | Meaning |
    |----------|---------|---------|
    | `num_envs` | 1 | rows |
    | `num_threads` | None | None: as many as this process has cores |
    | `autoreset_mode` | "NextStep" | Gymnasium's "NextStep", "SameStep" or "Disabled" |
    | `max_episode_steps` | None | steps after which an episode is truncated; None or -1: never. `gymnasium.make_vec` gives 360 |

    ``reset(options=...)`` takes TabletopEnv's options for all rows, and ``reset_mask`` ((num_envs,), bool): the rows
    to reset. A step with a bad action is an error that names its row and element; no table has moved then.
    """

    def __init__(
        self,
        num_envs: int = 1,
        scene: str = "D",
        task: str | None = None,
        *,
        render_mode: str | None = None,
        cameras: Sequence[str] = ("static", "gripper"),
        depth: bool = False,
        render_size: int = 400,
        assets: str | os.PathLike[str] | None = None,
        max_episode_steps: int | None = None,
        num_threads: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    ) -> None:
        # Declares the spaces, and draws what render() shows.
        self._single = TabletopEnv(
            scene, task, render_mode=render_mode, cameras=cameras, depth=depth, render_size=render_size, assets=assets
        )
        self.num_envs = num_envs
        self.task = task
        self.render_mode = render_mode
        self._mode = AutoresetMode(autoreset_mode)
        self.metadata = {**TabletopEnv.metadata, "autoreset_mode": self._mode}
        self._max_steps = None if max_episode_steps in (None, -1) else max_episode_steps
        loaded = load_scene(scene, assets)
        names = (cameras,) if isinstance(cameras, str) else tuple(cameras)
        self._batch = _core.TabletopBatch(loaded, num_envs, threads=num_threads or 0, cameras=names, depth=depth)
        self._starts = StartSampler(loaded, task)
        self._random: list[np.random.Generator | None] = [None] * num_envs
        self._random_seeds: list[int | None] = [None] * num_envs

        self.single_action_space = self._single.action_space
        self.single_observation_space = self._single.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)

        self._started = np.zeros(num_envs, bool)
        self._ended = np.zeros(num_envs, bool)
        self._elapsed = np.zeros(num_envs, int)

    @property
    def instruction(self) -> str | None:
        """The sentence that asks for the task; None in free play."""
        return self._single.instruction

    @property
    def num_threads(self) -> int:
        """Threads that step and draw, the caller's among them."""
        return self._batch.threads

    @property
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The rows' random generators."""
        return tuple(self._generator(row) for row in range(self.num_envs))

    @property
    def np_random_seed(self) -> tuple[int | None, ...]:  # type: ignore[override]
        """The rows' seeds."""
        return tuple(self._random_seeds)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[_Observation, dict[str, Any]]:
        """Starts episodes: of all rows, or of those in ``options["reset_mask"]``.

        Args:
            seed: row i gets ``seed + i``, or ``seed[i]``; None goes on with the rows' generators
            options: see above
        """
        options = dict(options or {})
        mask = self._reset_mask(options)
        for row, row_seed in zip(range(self.num_envs), self._row_seeds(seed), strict=True):
            if mask[row] and row_seed is not None:
                self._random[row], self._random_seeds[row] = seeding.np_random(row_seed)
        if not (mask | self._started).all():
            raise gym.error.ResetNeeded("Call reset() without a mask first.")
        buffer = self._batch.take()
        self._started &= ~mask
        if options:
            rows = np.flatnonzero(mask).tolist()
            starts = [self._starts.given(self._generator(row), options) for row in rows]
            self._advance(buffer, dict(zip(rows, starts, strict=True)))
        else:
            self._begin_episodes(buffer, mask)
        self._started |= mask
        self._ended &= ~mask
        self._elapsed[mask] = 0
        if not mask.all():
            self._advance(buffer, {}, still=~mask)
        return self._handed_over(buffer, mask)

    def step(
        self, actions: np.ndarray
    ) -> tuple[_Observation, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One control step of every row, 1/30 s; with "NextStep", rows whose episode has ended are reset instead."""
        if not self._started.all():
            raise gym.error.ResetNeeded("Call reset() before step().")
        resets = np.zeros(self.num_envs, bool)
        if self._mode is AutoresetMode.NEXT_STEP:
            resets = self._ended
        elif self._mode is AutoresetMode.DISABLED and self._ended.any():
            rows = np.flatnonzero(self._ended).tolist()
            raise gym.error.ResetNeeded(f"The episodes of rows {rows} have ended: reset them with 'reset_mask'.")
        steps = ~resets
        values = self._checked(actions, steps)
        buffer = self._batch.take()
        self._begin_episodes(buffer, resets, values, steps)
        self._elapsed[resets] = 0
        self._elapsed[steps] += 1
        observation, infos = self._handed_over(buffer, np.ones(self.num_envs, bool))
        terminated = infos["success"] & steps
        truncated = np.zeros(self.num_envs, bool) if self._max_steps is None else self._elapsed >= self._max_steps
        ended = terminated | truncated
        if self._mode is AutoresetMode.SAME_STEP and ended.any():
            observation, infos = self._restart(buffer, observation, infos, ended)
        else:
            self._ended = ended
        return observation, terminated.astype(np.float64), terminated, truncated, infos

    def render(self) -> tuple[Any, ...]:
        """The static camera's view of each row, with render_mode="rgb_array"."""
        frames = []
        for row in range(self.num_envs):
            self._single.tabletop.restore(self._batch.save(row))
            frames.append(self._single.render())
        return tuple(frames)

    def save(self, row: int) -> _core.Snapshot:
        """This moment of a row's table, which a TabletopEnv of the same scene can go on from."""
        return self._batch.save(row)

    # ------------------------------------------------------------------------------------------------------------------

    def _generator(self, row: int) -> np.random.Generator:
        generator = self._random[row]
        if generator is None:
            generator, self._random_seeds[row] = seeding.np_random()
            self._random[row] = generator
        return generator

    def _row_seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, (int, np.integer)):
            return [int(seed) + row for row in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise _core.Error(f"seed has {len(seed)} elements, expected {self.num_envs}")
        return seed

    def _reset_mask(self, options: dict[str, Any]) -> np.ndarray:
        if "reset_mask" not in options:
            return np.ones(self.num_envs, bool)
        mask = np.asarray(options.pop("reset_mask"))
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise _core.Error(f"reset option 'reset_mask' is {mask!r}, expected {self.num_envs} bools, not all False")
        return mask

    def _checked(self, actions: np.ndarray, used: np.ndarray) -> np.ndarray:
        values = np.clip(np.asarray(actions, dtype=np.float64), -1.0, 1.0)
        if values.shape != (self.num_envs, 7):
            raise _core.Error(f"actions have shape {values.shape}, expected ({self.num_envs}, 7)")
        values[:, 6] = np.where(values[:, 6] > 0, 1.0, np.where(np.isnan(values[:, 6]), np.nan, -1.0))
        for row, column in np.argwhere(np.isnan(values) & used[:, None]):
            raise _core.Error(f"actions[{row}][{column}] is nan, expected a number")
        return values

    def _begin_episodes(
        self,
        buffer: _core.BatchBuffer,
        mask: np.ndarray,
        actions: np.ndarray | None = None,
        steps: np.ndarray | None = None,
    ) -> None:
        """Resets the rows of ``mask`` as drawn from their generators, while those of ``steps`` take their actions."""
        pending = np.flatnonzero(mask).tolist()
        reason = ""
        for attempt in range(PREPARATIONS):
            starts = {row: self._starts.draw(self._generator(row), attempt) for row in pending}
            failures = self._advance(buffer, starts, actions, steps)
            steps = None
            pending = list(failures)
            if not pending:
                return
            reason = failures[pending[0]]
        self._started[pending] = False
        self._starts.give_up(reason)

    def _advance(
        self,
        buffer: _core.BatchBuffer,
        starts: Mapping[int, Start],
        actions: np.ndarray | None = None,
        steps: np.ndarray | None = None,
        still: np.ndarray | None = None,
    ) -> dict[int, str]:
        """Resets, steps or only observes rows; returns why the starts of some could not be prepared."""
        resets = [(row, s.robot_obs, s.scene_obs, s.preparation, s.expert_seed) for row, s in starts.items()]
        reasons = self._batch.advance(
            buffer,
            np.zeros((self.num_envs, 7)) if actions is None else actions,
            [] if steps is None else np.flatnonzero(steps).tolist(),
            resets,
            [] if still is None else np.flatnonzero(still).tolist(),
        )
        return {row: reason for row, reason in zip(starts, reasons, strict=True) if reason}

    def _restart(
        self, buffer: _core.BatchBuffer, observation: _Observation, infos: dict[str, Any], ended: np.ndarray
    ) -> tuple[_Observation, dict[str, Any]]:
        """Begins the next episodes within the step that ended the last; their ends go into the infos."""
        final_obs = np.full(self.num_envs, None, dtype=object)
        for row in np.flatnonzero(ended):
            final_obs[row] = {key: array[row].copy() for key, array in observation.items()}
        final_info = self._infos(infos["scene_obs"].copy(), ended)
        self._begin_episodes(buffer, ended)
        self._elapsed[ended] = 0
        observation, infos = self._handed_over(buffer, np.ones(self.num_envs, bool))
        infos.update(final_obs=final_obs, _final_obs=ended, final_info=final_info, _final_info=ended.copy())
        return observation, infos

    def _handed_over(self, buffer: _core.BatchBuffer, mask: np.ndarray) -> tuple[_Observation, dict[str, Any]]:
        arrays = buffer.arrays()
        scene_obs = arrays.pop("scene_obs")
        return arrays, self._infos(scene_obs, mask)

    def _infos(self, scene_obs: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
        """The infos of the rows of ``mask`` as Gymnasium batches them; others are zero or None."""
        if not mask.all():
            scene_obs = np.where(mask[:, None], scene_obs, 0.0)
        completed = np.full(self.num_envs, None, dtype=object)
        success = np.zeros(self.num_envs, bool)
        names = self._batch.completed()
        for row in np.flatnonzero(mask):
            completed[row] = names[row]
            success[row] = self.task in names[row]
        infos: dict[str, Any] = {
            "task": np.where(mask, np.full(self.num_envs, self.task, dtype=object), None),
            "instruction": np.where(mask, np.full(self.num_envs, self.instruction, dtype=object), None),
            "success": success,
            "completed": completed,
            "scene_obs": scene_obs,
        }
        infos.update({f"_{key}": mask.copy() for key in list(infos)})
        return infos

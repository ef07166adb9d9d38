"""What a policy under evaluation looks like."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np


@dataclasses.dataclass
class PolicyStep:
    """An action with what deciding on it cost. A policy that counts nothing returns the action alone."""

    action: np.ndarray | Sequence[float]  #: (7,) as in ``Policy.step``
    exit_layer: int = -1  #: 0-based layer whose exit was taken; -1: the policy has no exits
    layers_run: int = 0
    llm_macs: int = 0  #: multiply-accumulates in the language model with its cross-attention
    total_macs: int = 0  #: multiply-accumulates in all, vision included
    llm_ms: float = 0.0  #: time in the language model; the whole step is timed by the harness


class Policy(Protocol):
    """Anything with these two methods can be evaluated.

    A policy with an attribute ``needs_images = False`` is shown ``robot_obs`` alone, which is faster.
    """

    def reset(self) -> None:
        """Begins a subtask. With a parameter ``seed`` it is given the number to draw from, which depends on the run's
        seed, the chain and the subtask alone."""

    def step(self, obs: dict[str, np.ndarray], instruction: str) -> np.ndarray | Sequence[float] | PolicyStep:
        """Decides on one control step.

        Args:
            obs: ``rgb_static`` (200, 200, 3) and ``rgb_gripper`` (84, 84, 3), uint8; ``robot_obs`` (15,), float64;
                with ``depth=True`` also ``depth_static`` (200, 200) and ``depth_gripper`` (84, 84), float32, m.
                The arrays are the policy's to keep.
            instruction: the sentence

        Returns:
            7 numbers in [-1, 1]: motion of the gripper's target (3 x 0.02 m, 3 Euler angles x 0.05 rad) and the
            gripper's command, exactly -1 (close) or 1 (open).
        """
        ...

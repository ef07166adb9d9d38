"""Gymnasium environments: ``deerbench/Tabletop-{A,B,C,D}-v0``."""

from __future__ import annotations

from gymnasium.envs.registration import register as _register
from gymnasium.envs.registration import registry as _registry

#: Control steps in which a task is to be done, as in CALVIN's evaluation.
MAX_EPISODE_STEPS = 360


def register() -> None:
    """Makes the environments known to ``gymnasium.make``; done on ``import deerbench``."""
    for letter in "ABCD":
        env_id = f"deerbench/Tabletop-{letter}-v0"
        if env_id not in _registry:
            _register(
                id=env_id,
                entry_point="deerbench.envs.tabletop:TabletopEnv",
                vector_entry_point="deerbench.envs.vector:VectorTabletopEnv",
                max_episode_steps=MAX_EPISODE_STEPS,
                kwargs={"scene": letter},
            )

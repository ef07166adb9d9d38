"""Evaluation sequences, initial states and sentences in CALVIN's formats."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from deerbench import _core
from deerbench.chain_sets import Chain, SymbolicState
from deerbench.scenes import scenes_dir


def get_sequences(
    num_sequences: int = 1000, num_workers: int | None = None
) -> list[tuple[SymbolicState, tuple[str, ...]]]:
    """CALVIN's evaluation sequences: pairs of a symbolic initial state and five task names.

    Equal to CALVIN's function for every ``num_sequences``; as there, a longer list does not begin with a shorter one.

    Args:
        num_sequences: how many
        num_workers: accepted for CALVIN's sake; all cores are used
    """
    del num_workers
    return [(chain["state"].copy(), tuple(chain["tasks"])) for chain in _cached_sequences(num_sequences)]


@functools.lru_cache(maxsize=4)
def _cached_sequences(count: int) -> list[Chain]:
    return _core.calvin_sequences(count)


def get_env_state_for_initial_condition(initial_condition: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """``robot_obs`` (15,) and ``scene_obs`` (24,), float64, of a symbolic state, in scene D's metres.

    Equal to CALVIN's function to the last bit. The order of the keys does not matter here (CALVIN hashes it).
    """
    return _core.calvin_initial_state(dict(initial_condition))


def validation_annotations() -> dict[str, list[str]]:
    """Our sentence for each task, in the form of CALVIN's validation annotations: ``{task: [sentence]}``."""
    return {task: [sentence] for task, sentence in _core.instructions(str(scenes_dir())).items()}

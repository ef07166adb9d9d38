"""The C++ half of deerbench. Use the deerbench package; names here may change."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from deerbench.chains import Chain, SymbolicState

__version__: str
TASKS: tuple[str, ...]
CHAIN_SETS: dict[str, int]

class Error(ValueError): ...

def chains(chain_set: str, count: int) -> list[Chain]: ...
def calvin_sequences(count: int) -> list[Chain]: ...
def initial_state(state: Mapping[str, Any] | SymbolicState, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]: ...

"""Evaluation chains: an initial symbolic state and five instructions in a row."""

from __future__ import annotations

import copy
import functools
from typing import Literal, TypedDict

from deerbench import _core


class SymbolicState(TypedDict):
    """A chain's start in CALVIN's words, keys in CALVIN's order."""

    led: int  #: 0 off, 1 on
    lightbulb: int  #: 0 off, 1 on
    slider: Literal["left", "right"]
    drawer: Literal["closed", "open"]
    red_block: Literal["table", "slider_left", "slider_right"]
    blue_block: Literal["table", "slider_left", "slider_right"]
    pink_block: Literal["table", "slider_left", "slider_right"]
    grasped: int  #: always 0


class Chain(TypedDict):
    """What ``deerbench chains`` prints on one line."""

    state: SymbolicState
    tasks: list[str]  #: five of ``deerbench.TASKS``


@functools.lru_cache(maxsize=2)
def _whole_set(chain_set: str) -> list[Chain]:
    return _core.chains(chain_set, _core.CHAIN_SETS[chain_set])


def chains(count: int = 1000, chain_set: Literal["evaluation", "tuning"] = "evaluation") -> list[Chain]:
    """The first ``count`` chains of a set.

    The 1000 of the evaluation set are CALVIN's own; the 2000 of the tuning set share none with them.

    Raises:
        Error: the set has not so many chains, or is unknown.
    """
    if 1 <= count <= _core.CHAIN_SETS.get(chain_set, 0):
        return copy.deepcopy(_whole_set(chain_set)[:count])
    return _core.chains(chain_set, count)  # says what is wrong

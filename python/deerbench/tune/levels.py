"""Thresholds as levels from 0 to 1: which share of the recorded differences an exit's threshold lets leave.

Differences shrink from exit to exit by orders of magnitude; levels are alike at every exit, which a search needs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deerbench._core import Error

NEVER = -1e8  # agent/thresholds.h


class Levels:
    """Both ways between thresholds and levels of the exits before the last, by the checkpoint's calibration.json."""

    def __init__(self, calibration: Path, exit_layers: Sequence[int]) -> None:
        try:
            content = json.loads(calibration.read_text(encoding="utf-8"))
            rows = dict(zip(content["exit_layers"], content["differences"]))
            self._sorted = [np.sort(np.asarray(rows[layer], np.float32)) for layer in exit_layers]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Error(f"{calibration}: no differences that `calibrate` recorded: {error}") from None

    def threshold(self, exit: int, level: float) -> float:
        """The largest difference among the smallest ``level`` of all; below any at level 0."""
        row = self._sorted[exit]
        count = math.ceil(level * len(row) - 1e-6)
        return float(row[count - 1]) if count > 0 else NEVER

    def level(self, exit: int, threshold: float) -> float:
        """The share of the differences that are at most ``threshold``."""
        row = self._sorted[exit]
        return float(np.searchsorted(row, np.float32(threshold), side="right") / len(row))

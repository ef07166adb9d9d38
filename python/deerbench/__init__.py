"""deerbench: a benchmark for language-conditioned robot manipulation.

    import deerbench

    deerbench.chains(1000)

Importing the package loads no tensor library.
"""

from __future__ import annotations

from deerbench._core import TASKS, Error, __version__
from deerbench.chains import Chain, SymbolicState, chains

__all__ = ["TASKS", "Chain", "Error", "SymbolicState", "__version__", "chains"]

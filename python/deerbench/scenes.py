"""Where scenes are, and loading each once."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from deerbench import _core

#: Letters of the scenes.
LETTERS = ("A", "B", "C", "D")


def scenes_dir() -> Path:
    """The folder of our own scenes: ``DEERBENCH_SCENES`` if that is set, else the one in the package."""
    from_environment = os.environ.get("DEERBENCH_SCENES")
    return Path(from_environment or Path(_core.__file__).parent / "share" / "scenes").resolve()


def load_scene(letter: str, assets: str | os.PathLike[str] | None = None) -> _core.Scene:
    """Loads scene ``letter`` (A to D), or hands out the one that is loaded already.

    Args:
        letter: scene
        assets: CALVIN's ``data`` folder, for CALVIN's own scene of that letter instead of ours

    Raises:
        Error: unknown scene, or a file that is missing or broken, named with its element.
    """
    return _load(letter, str(scenes_dir()), "" if assets is None else os.fspath(assets))


@functools.lru_cache(maxsize=8)
def _load(letter: str, scenes: str, assets: str) -> _core.Scene:
    return _core.Scene(letter, scenes, assets)

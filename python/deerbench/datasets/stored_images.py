"""Pictures into the file, for readers that cannot draw."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from deerbench import _core
from deerbench._core import Error
from deerbench.datasets.demo_file import DemoFile


def store_images(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    assets: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    on_demo: Callable[[int, int], None] | None = None,
) -> None:
    """Copies a file of demonstrations and stores both pictures of every moment: the bits that would be drawn on load.

    The copy gets its name when it is complete.

    Args:
        source: file of demonstrations with states
        out: new file; 141 kB a moment
        assets: CALVIN's ``data`` folder, if the demonstrations were made with its scenes
        threads: that draw (default one a core)
        on_demo: called after each demonstration with their number so far and in all

    Raises:
        Error: naming the file and what is wrong, also if the environment that would draw is another than recorded.
    """
    target = Path(out)
    if target.exists():
        raise Error(f"{target}: is there already, expected a new file")
    demos = DemoFile(source, assets=assets, threads=threads, draw=True)
    if demos.env_version != _core.ENV_VERSION:
        raise Error(
            f"{demos.path}: env_version: is {demos.env_version}, expected {_core.ENV_VERSION}: this environment would "
            "draw other pictures than were seen"
        )
    for demo in demos:
        if not demo.has_states:
            raise Error(f"{demos.path}: data/demo_{demo.index}: has no states to draw from")
    pending = target.with_name(f"{target.name}.new{os.getpid()}")
    try:
        _copy(demos, pending, on_demo)
        _journal(target).unlink(missing_ok=True)  # left by another file of this name
        os.replace(pending, target)
    finally:
        pending.unlink(missing_ok=True)
        _journal(pending).unlink(missing_ok=True)


def _copy(demos: DemoFile, path: Path, on_demo: Callable[[int, int], None] | None) -> None:
    writer = _core.DemoWriter.create(str(path), demos._reader.settings)
    for demo in demos:
        pictures = {f"obs/{name}": rgb for name, rgb in demo.frames().items()}
        kept = {name: demo.read_stored(name) for name in demo.stored if name not in pictures}
        writer.append(demos._reader.read(demo.index), {**kept, **pictures})
        if on_demo:
            on_demo(len(writer), len(demos))


def _journal(path: Path) -> Path:
    """Where a writer that was interrupted leaves changes to the file ``path``."""
    return path.with_name(f"{path.name}.journal")

"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_text_atomically(path: Path, text: str) -> None:
    """Writes beside, flushes to the disk and renames, so that a reader or a crash meets the old text or the new one."""
    pending = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(pending, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(pending, path)
    finally:
        pending.unlink(missing_ok=True)

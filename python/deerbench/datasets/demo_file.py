"""A file of demonstrations as a sequence."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from deerbench import _core
from deerbench.scenes import scenes_dir


def default_threads() -> int:
    """One for every core that this process may use."""
    return len(os.sched_getaffinity(0))


class Demo:
    """One demonstration. T is its number of control steps; arrays are read, and their checksum verified, when the first
    of them is asked for.

    Attributes:
        index: number in the file
        task: its name
        sentence: what a policy is told
        scene: "A" to "D"
        source: who acted: "expert", "calvin", or what a training round calls itself
        seed, unit, part: of the collector: its seed, number of the world, place in it
        success: by the oracle, at the last step
        length: T
        moments: moments with pictures: T + 1, or T where nothing is known of the time after the last step
        has_states: whether it can be drawn and replayed
        stored: names of stored arrays
    """

    def __init__(self, file: DemoFile, index: int) -> None:
        self._file = file
        self.index = index
        info = file._reader.info(index)
        self.task: str = info["task"]
        self.sentence: str = info["sentence"]
        self.scene: str = info["scene"]
        self.source: str = info["source"]
        self.seed: int = info["seed"]
        self.unit: int = info["unit"]
        self.part: int = info["part"]
        self.success: bool = info["success"]
        self.length: int = info["length"]
        self.moments: int = info["moments"]
        self.has_states: bool = info["has_states"]
        self.stored: tuple[str, ...] = tuple(info["stored"])

    def __repr__(self) -> str:
        return f"<Demo {self.index}: {self.task} in {self.scene}, {self.length} steps, by {self.source}>"

    @functools.cached_property
    def _arrays(self) -> dict[str, Any]:
        return self._file._reader.read(self.index)

    @property
    def actions(self) -> np.ndarray:
        """(T, 7) labels: what the expert would do."""
        return self._arrays["actions"]

    @property
    def executed_actions(self) -> np.ndarray:
        """(T, 7) what was done."""
        return self._arrays["executed_actions"]

    @property
    def labelled(self) -> np.ndarray:
        """(T,) bool: where ``actions`` means something."""
        return self._arrays["labelled"].astype(bool)

    @property
    def robot_obs(self) -> np.ndarray:
        """(T, 15)"""
        return self._arrays["robot_obs"]

    @property
    def scene_obs(self) -> np.ndarray:
        """(T, 24)"""
        return self._arrays["scene_obs"]

    @property
    def states(self) -> np.ndarray | None:
        """(T + 1, 102): before each step and after the last; None if unknown."""
        return self._arrays["states"]

    def read_stored(self, name: str) -> np.ndarray:
        """A stored array, verified: ``"obs/rgb_static"``; arrays below ``obs/`` have a row a moment."""
        return self._file._reader.read_stored(self.index, name)

    def frames(self, steps: Iterable[int] | None = None) -> dict[str, np.ndarray]:
        """``rgb_static`` (N, 200, 200, 3) and ``rgb_gripper`` (N, 84, 84, 3), uint8, of some moments or of all."""
        return self._file.frames((self.index, step) for step in (range(self.moments) if steps is None else steps))


class DemoFile(Sequence[Demo]):
    """The demonstrations of a file, in their order.

    Args:
        path: HDF5 file of ``deerbench collect`` or of an import
        assets: CALVIN's ``data`` folder, if demonstrations were made with its scenes
        threads: that draw pictures (default one a core)
        draw: draw also what is stored

    Raises:
        Error: naming the file and the field that is missing, damaged or contradictory.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        assets: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        draw: bool = False,
    ) -> None:
        self._reader = _core.DemoReader(os.fspath(path))
        self._assets = "" if assets is None else os.fspath(assets)
        self._threads = threads
        self._draw = draw

    def __len__(self) -> int:
        return len(self._reader)

    def __getitem__(self, index: int) -> Demo:  # type: ignore[override]
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.path}: demonstration {index}, expected 0 to {len(self) - 1}")
        return Demo(self, index % len(self))

    def __iter__(self) -> Iterator[Demo]:
        return (Demo(self, index) for index in range(len(self)))

    @property
    def path(self) -> str:
        return self._reader.path

    @property
    def env_version(self) -> int:
        return self._reader.env_version

    @property
    def settings(self) -> dict[str, Any]:
        """Of whoever made the file."""
        return json.loads(self._reader.settings)

    @property
    def digest(self) -> str:
        """SHA-256 over the demonstrations' checksums: the same for the same content."""
        return self._reader.digest()

    @functools.cached_property
    def _loader(self) -> _core.FrameLoader:
        threads = default_threads() if self._threads is None else self._threads
        return _core.FrameLoader(
            self._reader, str(scenes_dir()), assets_dir=self._assets, threads=threads, draw=self._draw
        )

    def frames(self, moments: Iterable[tuple[int, int]]) -> dict[str, np.ndarray]:
        """Both pictures of any (demonstration, step) pairs, in their order. Neighbouring steps are best asked for
        together."""
        return self._loader.load(list(moments))

"""A ``training`` or ``validation`` folder of CALVIN's dataset.

Its layout and keys: https://github.com/mees/calvin/blob/main/dataset/README.md. What is wrong is said by file and key.
"""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deerbench import TASKS
from deerbench._core import Error
from deerbench.datasets.plain_pickle import load_object

_FLOATS = ("float32", "float64")

#: Keys of a frame: types and shape. The rest is in some of CALVIN's folders only.
REQUIRED = {
    "actions": (_FLOATS, (7,)),
    "rel_actions": (_FLOATS, (7,)),
    "robot_obs": (_FLOATS, (15,)),
    "scene_obs": (_FLOATS, (24,)),
    "rgb_static": (("uint8",), (200, 200, 3)),
    "rgb_gripper": (("uint8",), (84, 84, 3)),
}
OPTIONAL = {
    "rgb_tactile": (("uint8",), (160, 120, 6)),
    "depth_static": (("float32",), (200, 200)),
    "depth_gripper": (("float32",), (84, 84)),
    "depth_tactile": (("float32",), (160, 120, 2)),
}


@dataclass(frozen=True)
class Annotation:
    """A sequence that CALVIN's annotator put into words: its steps are the frames from ``start`` up to but without
    ``end``, at which frame the task is done (so CALVIN's own loader reads them)."""

    index: int
    start: int
    end: int
    task: str
    sentence: str
    embedding: np.ndarray | None


class CalvinFolder:
    """Frames, episodes, annotations and scenes of one folder.

    Raises:
        Error: naming the file or key that is missing or wrong.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.path = Path(folder)
        if not self.path.is_dir():
            raise Error(f"{self.path}: no such folder")
        self._digits = self._digits_of_names()
        self.episodes_path = self.path / "ep_start_end_ids.npy"
        self.episodes = self._read_episodes()
        self.annotations_path = self.path / "lang_annotations" / "auto_lang_ann.npy"
        if not self.annotations_path.exists() and (self.path / "auto_lang_ann.npy").exists():
            self.annotations_path = self.path / "auto_lang_ann.npy"
        self.annotations = self._read_annotations()
        self._scenes = self._read_scenes()

    def frame_path(self, frame: int) -> Path:
        return self.path / f"episode_{frame:0{self._digits}d}.npz"

    def episode_end(self, annotation: Annotation) -> int:
        """The last frame of the episode in which the annotation's steps lie."""
        for first, last in self.episodes:
            if first <= annotation.start and annotation.end <= last + 1:
                return int(last)
        raise Error(
            f"{self.annotations_path}: info/indx[{annotation.index}]: frames {annotation.start} to {annotation.end} "
            f"lie in no episode of {self.episodes_path}"
        )

    def scene_of(self, annotation: Annotation) -> str:
        """ "A" to "D", as scene_info.npy says."""
        if self._scenes is None:
            raise Error(f"{self.path / 'scene_info.npy'}: no such file; say which scene it is (scene, A to D)")
        for letter, (first, last) in self._scenes.items():
            if first <= annotation.start and annotation.end <= last + 1:
                return letter
        raise Error(
            f"{self.path / 'scene_info.npy'}: covers no frames {annotation.start} to {annotation.end} "
            f"(info/indx[{annotation.index}] of {self.annotations_path})"
        )

    def load_frame(self, frame: int, without: frozenset[str]) -> dict[str, np.ndarray]:
        """What a frame's file has, checked."""
        path = self.frame_path(frame)
        try:
            with np.load(path, allow_pickle=False) as file:
                present = set(file.files)
                missing = REQUIRED.keys() - present
                if missing:
                    raise Error(f"{path}: {sorted(missing)[0]}: is missing")
                arrays = {
                    key: self._checked(path, key, file[key], *spec)
                    for key, spec in {**REQUIRED, **OPTIONAL}.items()
                    if key in present and key not in without
                }
        except FileNotFoundError:
            raise Error(f"{path}: no such file") from None
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            if isinstance(error, Error):
                raise
            raise Error(f"{path}: cannot be read: {error}") from None
        relative = arrays["rel_actions"]
        if np.abs(relative).max() > 1 or abs(relative[6]) != 1:
            raise Error(
                f"{path}: rel_actions: is {relative.tolist()}, expected 6 numbers in [-1, 1] and -1 (close) or 1 (open)"
            )
        return arrays

    @staticmethod
    def _checked(path: Path, key: str, array: np.ndarray, types: tuple[str, ...], shape: tuple[int, ...]) -> np.ndarray:
        if array.dtype.name not in types or array.shape != shape:
            raise Error(
                f"{path}: {key}: is {array.dtype.name} of shape {array.shape}, expected {' or '.join(types)} of shape "
                f"{shape}"
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise Error(f"{path}: {key}: holds a number that is not finite")
        return np.ascontiguousarray(array, array.dtype.newbyteorder("="))

    def _digits_of_names(self) -> int:
        with os.scandir(self.path) as entries:
            for entry in entries:
                name = re.fullmatch(r"episode_(\d+)\.npz", entry.name)
                if name:
                    return len(name[1])
        raise Error(f"{self.path}: has no episode_*.npz, expected a training or validation folder of CALVIN's dataset")

    def _read_episodes(self) -> np.ndarray:
        path = self.episodes_path
        try:
            episodes = np.load(path, allow_pickle=False)
        except FileNotFoundError:
            raise Error(f"{path}: no such file") from None
        except (OSError, EOFError, ValueError) as error:
            raise Error(f"{path}: cannot be read: {error}") from None
        if episodes.ndim != 2 or episodes.shape[1:] != (2,) or episodes.dtype.kind not in "iu":
            raise Error(
                f"{path}: is {episodes.dtype} of shape {episodes.shape}, expected integers of shape (episodes, 2)"
            )
        for first, last in episodes:
            if not 0 <= first <= last:
                raise Error(f"{path}: an episode from frame {first} to {last}")
        return episodes

    def _read_annotations(self) -> list[Annotation]:
        path = self.annotations_path
        content = load_object(path)

        def field(group: str, name: str) -> Any:
            inner = content.get(group) if isinstance(content, dict) else None
            if not isinstance(inner, dict) or name not in inner:
                raise Error(f"{path}: {group}/{name}: is missing")
            return inner[name]

        sentences, tasks, frames = field("language", "ann"), field("language", "task"), field("info", "indx")
        embeddings = content["language"].get("emb")
        lists = {"language/ann": sentences, "language/task": tasks, "info/indx": frames}
        if embeddings is not None:
            lists["language/emb"] = embeddings
        for name, values in lists.items():
            if not isinstance(values, (list, tuple, np.ndarray)) or len(values) != len(sentences):
                raise Error(f"{path}: {name}: expected a list of {len(sentences)}, one for each of language/ann")
        found = []
        for i, (sentence, task, pair) in enumerate(zip(sentences, tasks, frames)):
            if not isinstance(sentence, str) or not sentence.strip():
                raise Error(f"{path}: language/ann[{i}]: is {sentence!r}, expected a sentence")
            if not isinstance(task, str) or task not in TASKS:
                raise Error(f"{path}: language/task[{i}]: is {task!r}, expected one of CALVIN's 34 tasks")
            try:
                start, end = (int(frame) for frame in pair)
            except (TypeError, ValueError):
                raise Error(f"{path}: info/indx[{i}]: is {pair!r}, expected a first and a last frame") from None
            if not 0 <= start < end:
                raise Error(f"{path}: info/indx[{i}]: from frame {start} to {end}, expected one before the other")
            embedding = None
            if embeddings is not None:
                embedding = np.asarray(embeddings[i])
                if embedding.dtype.name not in _FLOATS or embedding.size == 0:
                    raise Error(f"{path}: language/emb[{i}]: is {embedding.dtype}, expected float32 or float64")
                embedding = np.ascontiguousarray(np.atleast_1d(embedding), embedding.dtype.newbyteorder("="))
            found.append(Annotation(i, start, end, str(task), str(sentence), embedding))
        return found

    def _read_scenes(self) -> dict[str, tuple[int, int]] | None:
        path = self.path / "scene_info.npy"
        if not path.exists():
            return None
        content = load_object(path)
        scenes = {}
        for name, frames in content.items() if isinstance(content, dict) else [(content, None)]:
            letter = re.fullmatch(r"calvin_scene_([A-D])", str(name))
            try:
                first, last = (int(frame) for frame in frames)
            except (TypeError, ValueError):
                letter = None
            if not letter:
                raise Error(f"{path}: {name!r}: {frames!r}, expected calvin_scene_A to D with a first and a last frame")
            scenes[letter[1]] = (first, last)
        return scenes

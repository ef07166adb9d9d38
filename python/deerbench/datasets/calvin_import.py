"""Import of CALVIN's dataset: each annotated sequence becomes a demonstration with stored pictures.

CALVIN records what can be observed, not its simulator's state, so that these demonstrations have no states: they can be
looked at and learnt from, not drawn or replayed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deerbench import _core
from deerbench._core import Error
from deerbench.datasets.calvin_folder import OPTIONAL, Annotation, CalvinFolder


@dataclass
class ImportSummary:
    demos: int = 0  #: imported now
    steps: int = 0
    left_out: list[str] = field(default_factory=list)  #: why, one line each


def import_calvin(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    scene: str | None = None,
    without: Iterable[str] = (),
    skip_invalid: bool = False,
    resume: bool = False,
    on_demo: Callable[[int, int], None] | None = None,
) -> ImportSummary:
    """Imports a ``training`` or ``validation`` folder.

    Args:
        folder: with ``episode_*.npz``, ``ep_start_end_ids.npy`` and ``lang_annotations/auto_lang_ann.npy``
        out: HDF5 file, new
        scene: "A" to "D", for a folder without ``scene_info.npy`` or one that is wrong
        without: keys to leave out, of rgb_tactile, depth_static, depth_gripper, depth_tactile
        skip_invalid: leave out sequences with something wrong, rather than stop at the first
        resume: go on with what ``out`` holds, which must be of the same dataset
        on_demo: called after each sequence with their number so far and in all

    Raises:
        Error: naming the file and key that is missing or wrong.
    """
    left_out = frozenset(without)
    unknown = left_out - OPTIONAL.keys()
    if unknown:
        raise Error(f"without: '{sorted(unknown)[0]}', expected some of {', '.join(OPTIONAL)}")
    if scene is not None and scene not in ("A", "B", "C", "D"):
        raise Error(f"scene: is {scene!r}, expected A, B, C or D")
    source = CalvinFolder(folder)
    settings = {
        "import": "calvin",
        "folder": source.path.resolve().name,
        "annotations_sha256": hashlib.sha256(source.annotations_path.read_bytes()).hexdigest(),
        "ep_start_end_ids_sha256": hashlib.sha256(source.episodes_path.read_bytes()).hexdigest(),
        "scene": scene,
        "without": sorted(left_out),
    }
    first, writer = _open(os.fspath(out), settings, resume)
    summary = ImportSummary()
    for annotation in source.annotations[first:]:
        try:
            demo, stored = read_demonstration(source, annotation, scene or source.scene_of(annotation), left_out)
        except Error as error:
            if not skip_invalid:
                raise
            summary.left_out.append(str(error))
        else:
            writer.append(demo, stored)
            summary.demos += 1
            summary.steps += demo["length"]
        if on_demo:
            on_demo(annotation.index + 1, len(source.annotations))
    return summary


def _open(out: str, settings: dict[str, Any], resume: bool) -> tuple[int, _core.DemoWriter]:
    """The first annotation to import, and the file."""
    if not (resume and os.path.exists(out)):
        return 0, _core.DemoWriter.create(out, json.dumps(settings))
    reader = _core.DemoReader(out)
    _check_same(out, json.loads(reader.settings), settings)
    first = reader.info(len(reader) - 1)["unit"] + 1 if len(reader) else 0
    del reader  # one who reads must not hold what another writes
    return first, _core.DemoWriter.append_to(out)


def _check_same(out: str, before: dict[str, Any], settings: dict[str, Any]) -> None:
    for key, value in settings.items():
        if key == "folder":  # for people: every split of CALVIN's has one of two names, and may be moved
            continue
        if key not in before:
            raise Error(f"{out}: settings: {key} is missing, expected a file that an import like this began")
        if before[key] != value:
            dataset = ": another dataset than this was imported from" if key.endswith("_sha256") else ""
            raise Error(f"{out}: settings: {key} is {value!r}, expected {before[key]!r} to go on with it{dataset}")


def read_demonstration(
    source: CalvinFolder, annotation: Annotation, scene: str, without: frozenset[str]
) -> tuple[dict, dict[str, np.ndarray]]:
    """A sequence as ``DemoWriter.append`` takes it, and its stored arrays."""
    episode_end = source.episode_end(annotation)
    steps = annotation.end - annotation.start
    # The frame at which the sequence ends is what was seen after the last step, if it was recorded.
    numbers = range(annotation.start, min(annotation.end, episode_end) + 1)
    frames = [source.load_frame(number, without) for number in numbers]
    for number, frame in zip(numbers, frames):
        if frame.keys() != frames[0].keys():
            key = sorted(frame.keys() ^ frames[0].keys())[0]
            raise Error(f"{source.frame_path(number)}: {key}: is there in some frames of a sequence and not in others")
    arrays = {key: np.stack([frame[key] for frame in frames]) for key in frames[0]}
    stored = {f"obs/{key}": arrays[key] for key in ("rgb_static", "rgb_gripper", *OPTIONAL) if key in arrays}
    stored["absolute_actions"] = arrays["actions"][:steps]
    stored["source_frames"] = np.arange(annotation.start, annotation.end, dtype=np.int64)
    if len(frames) > steps:
        stored["final_robot_obs"], stored["final_scene_obs"] = arrays["robot_obs"][steps], arrays["scene_obs"][steps]
    if annotation.embedding is not None:
        stored["language_embedding"] = annotation.embedding
    actions = arrays["rel_actions"][:steps].astype(np.float64)
    demo = {
        "task": annotation.task,
        "sentence": annotation.sentence,
        "scene": scene,
        "source": "calvin",
        "seed": 0,
        "unit": annotation.index,
        "part": 0,
        "success": True,
        "length": steps,
        "actions": actions,
        "executed_actions": actions,
        "labelled": np.ones(steps, np.uint8),
        "robot_obs": arrays["robot_obs"][:steps].astype(np.float64),
        "scene_obs": arrays["scene_obs"][:steps].astype(np.float64),
        "states": None,
        "start_contacts": b"",
    }
    return demo, stored

"""Export for robomimic: https://robomimic.github.io/docs/datasets/overview.html"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from deerbench import _core
from deerbench._core import Error
from deerbench.datasets.demo_file import Demo, DemoFile
from deerbench.scenes import load_scene

GYM_ENVIRONMENT = 2  # robomimic's number of environments by Gym


def export_robomimic(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    actions: str = "labels",
    valid_share: float = 0.1,
    seed: int = 0,
    next_obs: bool = True,
    compress: bool = False,
    assets: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    on_demo: Callable[[int, int], None] | None = None,
) -> None:
    """Writes a file that robomimic trains from: pictures and observations of each step and of the one after it, and the
    filter keys ``train``, ``valid`` and one of each task's name.

    Args:
        source: file of demonstrations
        out: new file
        actions: "labels", what the expert would do, or "executed", what was done
        valid_share: share of the demonstrations below ``mask/valid``, drawn at random
        seed: of that draw
        next_obs: also the observation after each step, which behaviour cloning does not need; doubles the size
        compress: deflate pictures: smaller, much slower to read
        assets: CALVIN's ``data`` folder, if the demonstrations were made with its scenes
        threads: that draw (default one a core)
        on_demo: called after each demonstration with their number so far and in all

    Raises:
        Error: naming the file or setting and what is wrong.
    """
    try:
        import h5py
    except ImportError:
        raise Error("export to robomimic: h5py is missing, expected it installed: pip install h5py") from None
    if actions not in ("labels", "executed"):
        raise Error(f"actions: is {actions!r}, expected 'labels' or 'executed'")
    if not 0 <= valid_share < 1:
        raise Error(f"valid_share: is {valid_share}, expected 0 to less than 1")
    target = Path(out)
    if target.exists():
        raise Error(f"{target}: is there already, expected a new file")
    demos = DemoFile(source, assets=assets, threads=threads)
    if len(demos) == 0:
        raise Error(f"{demos.path}: holds no demonstrations")
    pending = target.with_name(f"{target.name}.new{os.getpid()}")
    try:
        with h5py.File(pending, "w") as file:
            data = file.create_group("data")
            for demo in demos:
                group = data.create_group(f"demo_{demo.index}")
                _write(group, demo, _observations(demo, assets), actions, next_obs, compress)
                if on_demo:
                    on_demo(demo.index + 1, len(demos))
            data.attrs["total"] = sum(demo.length for demo in demos)
            data.attrs["env_args"] = json.dumps(
                {
                    "env_name": f"deerbench/Tabletop-{demos[0].scene}-v{demos.env_version}",
                    "type": GYM_ENVIRONMENT,
                    "env_kwargs": {},
                }
            )
            for name, members in _masks(demos, valid_share, seed).items():
                file[f"mask/{name}"] = np.array([f"demo_{i}" for i in members], dtype="S")
        os.replace(pending, target)
    finally:
        pending.unlink(missing_ok=True)


def _masks(demos: DemoFile, valid_share: float, seed: int) -> dict[str, list[int]]:
    """Demonstrations by filter key."""
    count = len(demos)
    valid_count = min(max(round(valid_share * count), 1), count - 1) if valid_share > 0 else 0
    valid = set(np.random.default_rng(seed).permutation(count)[:valid_count].tolist())
    masks = {"train": [i for i in range(count) if i not in valid]}
    if valid:
        masks["valid"] = sorted(valid)
    for demo in demos:
        masks.setdefault(demo.task, []).append(demo.index)
    return masks


def _observations(demo: Demo, assets: str | os.PathLike[str] | None) -> dict[str, np.ndarray]:
    """(T + 1) rows each; (T) where nothing is known of the time after the last step."""
    found = demo.frames()
    rows = {"robot_obs": demo.robot_obs, "scene_obs": demo.scene_obs}
    last: dict[str, np.ndarray] = {}
    if demo.states is not None:
        scene = load_scene(demo.scene, assets)
        robot_obs, scene_obs = _core.observations_of(scene, demo.states[-1:])
        last = {"robot_obs": robot_obs, "scene_obs": scene_obs}
    else:
        for name in rows:
            if f"final_{name}" in demo.stored:
                last[name] = demo.read_stored(f"final_{name}")[None]
    for name, values in rows.items():
        found[name] = np.concatenate([values, last[name]]) if name in last else values
    return found


def _write(
    group: Any, demo: Demo, observations: dict[str, np.ndarray], actions: str, next_obs: bool, compress: bool
) -> None:
    steps = demo.length
    if actions == "labels" and not demo.labelled.all():
        raise Error(
            f"data/demo_{demo.index}: {steps - int(demo.labelled.sum())} of its {steps} steps have no label, expected "
            "one at each, or actions='executed'"
        )
    group.attrs["num_samples"] = steps
    for name in ("task", "sentence", "scene", "source", "success"):
        group.attrs[name] = getattr(demo, name)
    group.attrs["ep_meta"] = json.dumps({"lang": demo.sentence, "task": demo.task, "scene": demo.scene})
    group["actions"] = demo.actions if actions == "labels" else demo.executed_actions
    group["states"] = demo.states[:-1] if demo.states is not None else np.zeros((steps, 0))
    rewards, dones = np.zeros(steps), np.zeros(steps, np.int64)
    rewards[-1], dones[-1] = demo.success, 1
    group["rewards"], group["dones"] = rewards, dones
    for name, values in observations.items():
        options: dict[str, Any] = {}
        if compress and values.dtype == np.uint8:
            options = {"compression": "gzip", "compression_opts": 4, "chunks": (1, *values.shape[1:])}
        group.create_dataset(f"obs/{name}", data=values[:steps], **options)
        if next_obs:
            after = values[1:] if len(values) > steps else np.concatenate([values[1:], values[-1:]])
            group.create_dataset(f"next_obs/{name}", data=after, **options)

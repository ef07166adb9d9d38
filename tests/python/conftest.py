"""Files of demonstrations that the Python tests share."""
import sys
from pathlib import Path

import numpy as np
import pytest

from deerbench import _core
from deerbench.scenes import load_scene

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))


def watch(writer, letter, task, steps, part):
    """Lets the expert work for some steps and writes them; returns what both cameras showed."""
    scene = load_scene(letter)
    state, _ = _core.task_starts(task)[0]
    tabletop = _core.Tabletop(scene)
    tabletop.reset(*scene.initial_state(state))
    expert = _core.Expert(tabletop)
    expert.reset(tabletop, task, 1)
    seen = {"rgb_static": [], "rgb_gripper": [], "states": []}
    rows = {"robot_obs": [], "scene_obs": [], "actions": []}
    for t in range(steps + 1):
        for camera in ("static", "gripper"):
            seen[f"rgb_{camera}"].append(tabletop.draw(camera)["rgb"])
        seen["states"].append(tabletop.save().values)
        if t == steps:
            break
        rows["robot_obs"].append(tabletop.robot_obs())
        rows["scene_obs"].append(tabletop.scene_obs())
        rows["actions"].append(expert.step(tabletop))
        tabletop.step(rows["actions"][-1])
    rows = {name: np.array(values) for name, values in rows.items()}
    seen = {name: np.array(values) for name, values in seen.items()}
    labelled = np.ones(steps, np.uint8)
    labelled[2] = part != 1  # the second one has a step without a label
    info = {"task": task, "sentence": f"{task} please", "scene": letter, "source": "expert", "seed": 5, "unit": 3,
            "part": part, "success": part == 0, "length": steps}
    writer.append({**info, **rows, "executed_actions": rows["actions"] * [1, 1, 1, 1, 1, 0.5, 1], "labelled": labelled,
                   "states": seen["states"], "start_contacts": b"abc"}, {})
    return {**seen, **rows}


@pytest.fixture(scope="session")
def watched(tmp_path_factory):
    """A file with two demonstrations, and what could be seen while they were made."""
    path = tmp_path_factory.mktemp("demos") / "demos.h5"
    writer = _core.DemoWriter.create(str(path), '{"made": "by a test"}')
    return path, [watch(writer, "D", "open_drawer", 6, 0), watch(writer, "A", "turn_on_led", 9, 1)]

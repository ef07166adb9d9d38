"""Import of CALVIN's dataset: everything that its README names comes back equal; what is wrong is named."""
import os
import pickle
import re

import numpy as np
import pytest

import deerbench
from deerbench.datasets import DemoFile, import_calvin
from deerbench.datasets.plain_pickle import load_object

from calvin_dataset import SENTENCES, TASKS, annotations, save_annotations, write_calvin_folder

FIRST = 358482
TOUCH = ("rgb_tactile", "depth_static", "depth_gripper", "depth_tactile")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("touch", [True, False])
def test_a_folder_comes_back_equal(tmp_path, dtype, touch):
    frames = write_calvin_folder(tmp_path / "training", dtype=dtype, touch=touch)
    calls = []
    summary = import_calvin(tmp_path / "training", tmp_path / "out.h5", on_demo=lambda *call: calls.append(call))
    assert (summary.demos, summary.steps, summary.left_out, calls) == (2, 11, [], [(1, 2), (2, 2)])
    demos = DemoFile(tmp_path / "out.h5")
    assert [demo.task for demo in demos] == TASKS and [demo.sentence for demo in demos] == SENTENCES
    embeddings = annotations([(0, 1), (1, 2)])["language"]["emb"]
    # The first sequence ends inside the episode: the frame after it is known. The second ends with the episode.
    for demo, start, end, after, embedding in zip(demos, (2, 6), (7, 12), (1, 0), embeddings):
        numbers = range(FIRST + start, FIRST + end)
        assert (demo.scene, demo.source, demo.success, demo.length) == ("B", "calvin", True, len(numbers))
        assert demo.states is None and not demo.has_states and demo.moments == demo.length + after

        def rows(key, extra=0):
            return np.stack([frames[number][key] for number in range(numbers[0], numbers[-1] + 1 + extra)])

        np.testing.assert_array_equal(demo.actions, rows("rel_actions"))
        np.testing.assert_array_equal(demo.executed_actions, rows("rel_actions"))
        np.testing.assert_array_equal(demo.robot_obs, rows("robot_obs"))
        np.testing.assert_array_equal(demo.scene_obs, rows("scene_obs"))
        assert demo.read_stored("absolute_actions").dtype == dtype
        np.testing.assert_array_equal(demo.read_stored("absolute_actions"), rows("actions"))
        np.testing.assert_array_equal(demo.read_stored("source_frames"), numbers)
        np.testing.assert_array_equal(demo.read_stored("language_embedding"), embedding)
        for key in ("rgb_static", "rgb_gripper"):
            np.testing.assert_array_equal(demo.frames()[key], rows(key, after))
        for key in ("rgb_static", "rgb_gripper", *(TOUCH if touch else ())):
            found = demo.read_stored(f"obs/{key}")
            assert found.dtype == frames[FIRST][key].dtype
            np.testing.assert_array_equal(found, rows(key, after))
        if after:
            np.testing.assert_array_equal(demo.read_stored("final_robot_obs"), frames[FIRST + end]["robot_obs"])
        assert ("obs/depth_static" in demo.stored) == touch and ("final_scene_obs" in demo.stored) == bool(after)


def test_keys_can_be_left_out_and_the_scene_can_be_said(tmp_path):
    folder = tmp_path / "validation"
    write_calvin_folder(folder)
    (folder / "scene_info.npy").unlink()
    with pytest.raises(deerbench.Error, match="scene_info.npy: no such file; say which scene it is"):
        import_calvin(folder, tmp_path / "none.h5")
    import_calvin(folder, tmp_path / "out.h5", scene="D", without=["depth_tactile", "rgb_tactile"])
    demo = DemoFile(tmp_path / "out.h5")[0]
    assert demo.scene == "D" and "obs/depth_static" in demo.stored and "obs/depth_tactile" not in demo.stored
    with pytest.raises(deerbench.Error, match="without: 'rgb_static', expected some of rgb_tactile"):
        import_calvin(folder, tmp_path / "other.h5", without=["rgb_static"])


def test_an_import_that_stopped_goes_on(tmp_path):
    folder = tmp_path / "training"
    write_calvin_folder(folder)
    import_calvin(folder, tmp_path / "whole.h5")
    late = folder / f"episode_{FIRST + 10:07d}.npz"
    late.rename(tmp_path / "late.npz")
    with pytest.raises(deerbench.Error, match=f"{late}: no such file"):
        import_calvin(folder, tmp_path / "out.h5")
    assert len(DemoFile(tmp_path / "out.h5")) == 1
    (tmp_path / "late.npz").rename(late)
    with pytest.raises(deerbench.Error, match="out.h5: is there already"):
        import_calvin(folder, tmp_path / "out.h5")
    with pytest.raises(deerbench.Error, match="out.h5: settings: .* to go on with it"):
        import_calvin(folder, tmp_path / "out.h5", scene="D", resume=True)
    assert import_calvin(folder, tmp_path / "out.h5", resume=True).demos == 1
    assert DemoFile(tmp_path / "out.h5").digest == DemoFile(tmp_path / "whole.h5").digest


def test_an_import_goes_on_with_the_dataset_that_it_began_with_alone(tmp_path, watched):
    folder, other, out = tmp_path / "D" / "training", tmp_path / "A" / "training", tmp_path / "out.h5"
    write_calvin_folder(folder, touch=False)
    write_calvin_folder(other, touch=False, sequences=((1, 6), (6, 12)))
    import_calvin(folder, out)
    refused = "out.h5: settings: {} is '[0-9a-f]{{64}}', expected '[0-9a-f]{{64}}' to go on with it: another dataset"
    with pytest.raises(deerbench.Error, match=refused.format("annotations_sha256")):
        import_calvin(other, out, resume=True)
    assert import_calvin(folder.rename(tmp_path / "moved"), out, resume=True).demos == 0
    np.save(tmp_path / "moved" / "ep_start_end_ids.npy", np.array([[0, 1], [FIRST, FIRST + 11]]))
    with pytest.raises(deerbench.Error, match=refused.format("ep_start_end_ids_sha256")):
        import_calvin(tmp_path / "moved", out, resume=True)
    with pytest.raises(deerbench.Error, match="demos.h5: settings: import is missing, expected a file that an import"):
        import_calvin(other, watched[0], resume=True)


def change_frame(number, **changes):
    def change(folder):
        path = folder / f"episode_{number:07d}.npz"
        with np.load(path) as file:
            arrays = {**file, **changes}
        np.savez(path, **{key: array for key, array in arrays.items() if array is not None})

    return change


def change_annotations(*path, to):
    def change(folder):
        content = annotations([(FIRST + 2, FIRST + 7), (FIRST + 6, FIRST + 12)])
        inner = content
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = to
        save_annotations(folder, content)

    return change


def cut(name):
    def change(folder):
        path = folder / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return change


def remove(name):
    return lambda folder: (folder / name).unlink()


def save(name, value):
    return lambda folder: np.save(folder / name, value)


ANN = "lang_annotations/auto_lang_ann.npy"
FRAME = f"episode_{FIRST + 4:07d}.npz"


@pytest.mark.parametrize("change, complaint", [
    (remove(FRAME), f"{FRAME}: no such file"),
    (cut(FRAME), f"{FRAME}: cannot be read: "),
    (change_frame(FIRST + 4, scene_obs=None), f"{FRAME}: scene_obs: is missing"),
    (change_frame(FIRST + 4, rgb_static=np.zeros((200, 200, 4), np.uint8)),
     f"{FRAME}: rgb_static: is uint8 of shape (200, 200, 4), expected uint8 of shape (200, 200, 3)"),
    (change_frame(FIRST + 4, actions=np.zeros(7, np.int64)),
     f"{FRAME}: actions: is int64 of shape (7,), expected float32 or float64 of shape (7,)"),
    (change_frame(FIRST + 4, robot_obs=np.full(15, np.nan)), f"{FRAME}: robot_obs: holds a number that is not finite"),
    (change_frame(FIRST + 4, rel_actions=np.zeros(7)), f"{FRAME}: rel_actions: is [0.0, "),
    (change_frame(FIRST + 4, scene_obs=np.array([{}] * 24)), f"{FRAME}: cannot be read: Object arrays cannot be"),
    (change_frame(FIRST + 4, depth_gripper=None), f"{FRAME}: depth_gripper: is there in some frames of a sequence"),
    (remove("ep_start_end_ids.npy"), "ep_start_end_ids.npy: no such file"),
    (cut("ep_start_end_ids.npy"), "ep_start_end_ids.npy: cannot be read"),
    (save("ep_start_end_ids.npy", np.arange(4)), "ep_start_end_ids.npy: is int64 of shape (4,), expected integers"),
    (save("ep_start_end_ids.npy", np.array([[FIRST, FIRST + 10]])),
     f"{ANN}: info/indx[1]: frames {FIRST + 6} to {FIRST + 12} lie in no episode of"),
    (remove(ANN), f"{ANN}: no such file"),
    (cut(ANN), f"{ANN}: cannot be read"),
    (change_annotations("language", "task", to=["open_drawer", "juggle"]), f"{ANN}: language/task[1]: is 'juggle'"),
    (change_annotations("language", "ann", to=["open", 3]), f"{ANN}: language/ann[1]: is 3, expected a sentence"),
    (change_annotations("language", "task", to=["open_drawer"]), f"{ANN}: language/task: expected a list of 2"),
    (change_annotations("language", to={}), f"{ANN}: language/ann: is missing"),
    (change_annotations("info", "indx", to=[(FIRST, FIRST), (0, 1)]), f"{ANN}: info/indx[0]: from frame {FIRST} to"),
    (change_annotations("info", "indx", to=["ab", (0, 1)]), f"{ANN}: info/indx[0]: is 'ab', expected a first and"),
    (save("scene_info.npy", {"kitchen": [0, 9]}), "scene_info.npy: 'kitchen': [0, 9], expected calvin_scene_A to D"),
    (save("scene_info.npy", {"calvin_scene_C": [0, 9]}), "scene_info.npy: covers no frames"),
])
def test_what_is_wrong_or_missing_is_named(tmp_path, change, complaint):
    folder = tmp_path / "training"
    write_calvin_folder(folder)
    change(folder)
    with pytest.raises(deerbench.Error) as error:
        import_calvin(folder, tmp_path / "out.h5")
    assert complaint in str(error.value) and str(folder) in str(error.value)


def test_sequences_with_something_wrong_can_be_left_out(tmp_path):
    write_calvin_folder(tmp_path / "training")
    (tmp_path / "training" / FRAME).unlink()
    summary = import_calvin(tmp_path / "training", tmp_path / "out.h5", skip_invalid=True)
    assert summary.demos == 1 and len(summary.left_out) == 1 and FRAME in summary.left_out[0]
    assert [demo.task for demo in DemoFile(tmp_path / "out.h5")] == TASKS[1:]


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_that_call_anything_are_refused_before_they_do(tmp_path, protocol):
    array = np.empty((), object)
    array[()] = {"language": Harmful(tmp_path / "made")}
    path = tmp_path / "ann.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        pickle.dump(array, file, protocol=protocol)
    module = os.mkdir.__module__
    refused = f"{re.escape(str(path))}: cannot be read: names {module}.mkdir, expected"
    with pytest.raises(deerbench.Error, match=refused):
        load_object(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_plain_pickles_come_back_as_they_were(tmp_path, protocol):
    shared = np.arange(6, dtype=np.float32).reshape(2, 3)
    value = {"list": [1, 2.5, "text", None, True, b"\xff"], "tuple": (np.int64(3), np.float32(0.5), np.str_("ö")),
             "arrays": [shared, np.asfortranarray(shared), shared.T, np.array(["a", "bcd"]), np.zeros((0, 2)), shared],
             "objects": np.array([[1, "a"], [None, (2, 3)]], dtype=object)}
    path = tmp_path / "value.npy"
    array = np.empty((), object)
    array[()] = value
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        pickle.dump(array, file, protocol=protocol)
    found = load_object(path)
    assert found["list"] == value["list"] and found["tuple"] == value["tuple"]
    assert [type(x) for x in found["tuple"]] == [type(x) for x in value["tuple"]]
    for a, b in zip(found["arrays"], value["arrays"]):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert found["objects"].tolist() == value["objects"].tolist() and found["objects"].shape == (2, 2)

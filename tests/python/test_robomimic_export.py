"""Export for robomimic, held against what robomimic's own reader does with a file (robomimic/utils/dataset.py and
robomimic/scripts/get_dataset_info.py)."""
import json

import numpy as np
import pytest

import deerbench
from deerbench.datasets import DemoFile, export_robomimic, import_calvin

from calvin_dataset import write_calvin_folder

h5py = pytest.importorskip("h5py")
KEYS = {"rgb_static", "rgb_gripper", "robot_obs", "scene_obs"}


def open_as_robomimic_does(path):
    return h5py.File(path, "r", swmr=True, libver="latest")


@pytest.fixture(scope="module")
def exported(watched, tmp_path_factory):
    path = tmp_path_factory.mktemp("robomimic") / "demos.hdf5"
    export_robomimic(watched[0], path, actions="executed", valid_share=0.5)
    return path


def test_a_file_has_what_robomimic_looks_for(exported, watched):
    with open_as_robomimic_does(exported) as file:
        data = file["data"]
        names = sorted(data, key=lambda name: int(name[5:]))
        assert names == ["demo_0", "demo_1"] and data.attrs["total"] == 15
        meta = json.loads(data.attrs["env_args"])
        assert meta == {"env_name": "deerbench/Tabletop-D-v0", "type": 2, "env_kwargs": {}}
        for name, demo, seen in zip(names, DemoFile(watched[0]), watched[1]):
            group = data[name]
            steps = group.attrs["num_samples"]
            assert steps == demo.length and set(group["obs"]) == set(group["next_obs"]) == KEYS
            np.testing.assert_array_equal(group["actions"][:], demo.executed_actions)
            np.testing.assert_array_equal(group["states"][:], demo.states[:-1])
            assert np.abs(group["actions"]).max() <= 1
            assert group["rewards"][:].tolist() == [0] * (steps - 1) + [float(demo.success)]
            assert group["dones"][:].tolist() == [0] * (steps - 1) + [1]
            for key in KEYS:
                now, after = group["obs"][key][:], group["next_obs"][key][:]
                assert len(now) == len(after) == steps
                np.testing.assert_array_equal(now[1:], after[:-1])
                np.testing.assert_array_equal(now, seen[key][:steps])
                if key.startswith("rgb"):
                    assert now.dtype == np.uint8 and now.shape[-1] == 3
                    np.testing.assert_array_equal(after[-1], seen[key][steps])
            assert not np.array_equal(group["next_obs/robot_obs"][-1], group["obs/robot_obs"][-1])
            assert json.loads(group.attrs["ep_meta"])["lang"] == demo.sentence == group.attrs["sentence"]


def test_filter_keys_name_demonstrations_for_training_validation_and_each_task(exported):
    with open_as_robomimic_does(exported) as file:
        masks = {key: [name.decode("utf-8") for name in np.array(file[f"mask/{key}"][:])] for key in file["mask"]}
    assert set(masks) == {"train", "valid", "open_drawer", "turn_on_led"}
    assert sorted(masks["train"] + masks["valid"]) == ["demo_0", "demo_1"] and len(masks["valid"]) == 1
    assert masks["open_drawer"] == ["demo_0"] and masks["turn_on_led"] == ["demo_1"]


def test_size_can_be_saved(exported, watched, tmp_path):
    export_robomimic(watched[0], tmp_path / "small.hdf5", actions="executed", next_obs=False, compress=True,
                     valid_share=0)
    assert (tmp_path / "small.hdf5").stat().st_size < 0.5 * exported.stat().st_size
    with open_as_robomimic_does(tmp_path / "small.hdf5") as small, open_as_robomimic_does(exported) as whole:
        assert "next_obs" not in small["data/demo_0"] and "valid" not in small["mask"]
        for key in KEYS:
            np.testing.assert_array_equal(small[f"data/demo_1/obs/{key}"][:], whole[f"data/demo_1/obs/{key}"][:])


def test_imported_demonstrations_can_be_exported(tmp_path):
    frames = list(write_calvin_folder(tmp_path / "training", touch=False).values())
    import_calvin(tmp_path / "training", tmp_path / "ours.h5")
    export_robomimic(tmp_path / "ours.h5", tmp_path / "out.hdf5")
    with open_as_robomimic_does(tmp_path / "out.hdf5") as file:
        for name, start, end in (("demo_0", 2, 7), ("demo_1", 6, 12)):
            group = file["data"][name]
            assert group["states"].shape == (end - start, 0)
            for key in KEYS:
                np.testing.assert_array_equal(group["obs"][key][:], np.stack([f[key] for f in frames[start:end]]))
                # Nothing follows the episode's last frame: it stands for the one after it, too.
                after = [*frames[start + 1 : end], frames[min(end, len(frames) - 1)]]
                np.testing.assert_array_equal(group["next_obs"][key][:], np.stack([f[key] for f in after]))
            np.testing.assert_array_equal(group["actions"][:], np.stack([f["rel_actions"] for f in frames[start:end]]))


def test_what_cannot_be_exported_is_named_and_leaves_no_file(watched, exported, tmp_path):
    out = tmp_path / "out.hdf5"
    with pytest.raises(deerbench.Error, match="data/demo_1: 1 of its 9 steps have no label, expected one at each"):
        export_robomimic(watched[0], out)
    with pytest.raises(deerbench.Error, match="actions: is 'all', expected 'labels' or 'executed'"):
        export_robomimic(watched[0], out, actions="all")
    with pytest.raises(deerbench.Error, match="valid_share: is 1, expected 0 to less than 1"):
        export_robomimic(watched[0], out, valid_share=1)
    with pytest.raises(deerbench.Error, match="demos.hdf5: is there already"):
        export_robomimic(watched[0], exported)
    assert list(tmp_path.iterdir()) == []

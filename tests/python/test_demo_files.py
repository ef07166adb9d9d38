"""deerbench.datasets: files of demonstrations, with and without stored pictures."""
import numpy as np
import pytest

import deerbench
from deerbench import _core
from deerbench.datasets import DemoFile, store_images
from deerbench.scenes import load_scene


@pytest.fixture(scope="module")
def stored(watched, tmp_path_factory):
    path = tmp_path_factory.mktemp("stored") / "stored.h5"
    store_images(watched[0], path, threads=2)
    return path


def test_a_file_is_a_sequence_of_demonstrations(watched):
    path, seen = watched
    demos = DemoFile(path)
    assert len(demos) == 2 and [demo.task for demo in demos] == ["open_drawer", "turn_on_led"]
    assert demos.settings == {"made": "by a test"} and len(demos.digest) == 64
    demo = demos[-1]
    assert (demo.index, demo.sentence, demo.scene, demo.source) == (1, "turn_on_led please", "A", "expert")
    assert (demo.length, demo.moments, demo.has_states, demo.stored, demo.success) == (9, 10, True, (), False)
    for name in ("states", "actions", "robot_obs", "scene_obs"):
        np.testing.assert_array_equal(getattr(demo, name), seen[1][name])
    assert (demo.executed_actions[:, 5] == demo.actions[:, 5] * 0.5).all()
    assert demo.labelled.tolist() == [True, True, False] + [True] * 6
    with pytest.raises(IndexError, match="demonstration 2, expected 0 to 1"):
        demos[2]


def test_pictures_are_drawn_on_load_as_they_were_seen(watched):
    path, seen = watched
    demos = DemoFile(path, threads=2)
    for demo, expected in zip(demos, seen):
        found = demo.frames()
        for name in ("rgb_static", "rgb_gripper"):
            np.testing.assert_array_equal(found[name], expected[name])
    some = demos.frames([(1, 4), (0, 6), (1, 3)])
    np.testing.assert_array_equal(some["rgb_gripper"][1], seen[0]["rgb_gripper"][6])
    np.testing.assert_array_equal(some["rgb_static"][2], seen[1]["rgb_static"][3])
    with pytest.raises(deerbench.Error, match="step 7 of demonstration 0, expected 0 to 6"):
        demos[0].frames([7])


def test_stored_pictures_equal_those_drawn_on_load_bit_for_bit(watched, stored):
    for demo, expected in zip(DemoFile(stored), watched[1]):
        assert demo.stored == ("obs/rgb_static", "obs/rgb_gripper") and demo.has_states
        for name in ("rgb_static", "rgb_gripper"):
            np.testing.assert_array_equal(demo.read_stored(f"obs/{name}"), expected[name])
            np.testing.assert_array_equal(demo.frames()[name], expected[name])
    drawn = DemoFile(stored, draw=True)[1].frames(range(4))
    np.testing.assert_array_equal(drawn["rgb_static"], watched[1][1]["rgb_static"][:4])


def test_a_copy_with_pictures_keeps_all_the_rest(watched, stored):
    before, after = DemoFile(watched[0]), DemoFile(stored)
    assert after.settings == before.settings
    for index in range(2):
        old, new = before._reader.read(index), after._reader.read(index)
        assert old.keys() == new.keys() and new["start_contacts"] == b"abc"
        for name in old.keys() - {"stored"}:
            np.testing.assert_array_equal(old[name], new[name])


def test_a_copy_has_no_name_until_it_is_complete(watched, stored, tmp_path):
    out = tmp_path / "out.h5"

    def stop(done, total):
        assert not out.exists() and list(tmp_path.iterdir())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store_images(watched[0], out, threads=2, on_demo=stop)
    assert list(tmp_path.iterdir()) == []
    store_images(watched[0], out, threads=2)
    assert list(tmp_path.iterdir()) == [out] and DemoFile(out).digest == DemoFile(stored).digest


def test_h5py_finds_stored_pictures_beside_the_observations(watched, stored):
    h5py = pytest.importorskip("h5py")
    with h5py.File(stored) as file:
        demo = file["data/demo_1"]
        assert demo.attrs["stored"] == "obs/rgb_static,obs/rgb_gripper"
        np.testing.assert_array_equal(demo["obs/rgb_static"][:], watched[1][1]["rgb_static"][:9])
        np.testing.assert_array_equal(demo["final_obs/rgb_gripper"][:], watched[1][1]["rgb_gripper"][9])


def test_observations_follow_from_states(watched):
    for demo in DemoFile(watched[0]):
        robot_obs, scene_obs = _core.observations_of(load_scene(demo.scene), demo.states[:-1])
        np.testing.assert_allclose(robot_obs, demo.robot_obs, rtol=0, atol=1e-12)
        np.testing.assert_allclose(scene_obs, demo.scene_obs, rtol=0, atol=1e-12)


def test_what_cannot_be_used_is_named(watched, stored, tmp_path):
    with pytest.raises(deerbench.Error, match="none.h5: no such file"):
        DemoFile(tmp_path / "none.h5")
    with pytest.raises(deerbench.Error, match="stored.h5: is there already"):
        store_images(watched[0], stored)
    with pytest.raises(deerbench.Error, match="data/demo_0/obs/touch: is not stored"):
        DemoFile(stored)[0].read_stored("obs/touch")
    writer = _core.DemoWriter.create(str(tmp_path / "demos.h5"), "{}")
    demo = DemoFile(watched[0])._reader.read(0)
    with pytest.raises(deerbench.Error, match=r"actions: expected an array of shape \(steps, 7\)"):
        writer.append({**demo, "actions": np.zeros((6, 6))}, {})
    with pytest.raises(deerbench.Error, match="robot_obs has 5 rows, expected 6"):
        writer.append({**demo, "robot_obs": demo["robot_obs"][1:]}, {})
    with pytest.raises(deerbench.Error, match="type is complex128, expected uint8, int64, float32 or float64"):
        writer.append(demo, {"strange": np.zeros(3, complex)})


def test_pictures_of_another_environment_are_not_drawn_instead(watched, tmp_path):
    h5py = pytest.importorskip("h5py")
    old = tmp_path / "old.h5"
    old.write_bytes(watched[0].read_bytes())
    with h5py.File(old, "r+") as file:
        file.attrs.modify("env_version", _core.ENV_VERSION + 1)
    with pytest.raises(deerbench.Error, match="env_version: is .*, expected .*: this environment would draw other"):
        store_images(old, tmp_path / "new.h5")

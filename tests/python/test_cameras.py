"""Any number of cameras of any size, and the look of pictures."""

import os
from pathlib import Path

import numpy as np
import pytest
from png_reader import read_png

import deerbench
from deerbench import _core
from deerbench.calvin import get_env
from deerbench.scenes import load_scene

CALM = {"led": 0, "lightbulb": 0, "slider": "right", "drawer": "closed", "red_block": "table",
        "blue_block": "slider_left", "pink_block": "table", "grasped": 0}


def make_tabletop(letter="D", seed=0, **options):
    scene = load_scene(letter)
    tabletop = _core.Tabletop(scene, **options)
    tabletop.reset(*scene.initial_state(CALM, seed))
    return tabletop


@pytest.fixture(name="tabletop", scope="module")
def shared_tabletop():
    return make_tabletop()


def test_a_camera_of_ones_own_sees_what_stands_before_it(tabletop):
    block = tabletop.info().to_dict()["scene_info"]["movable_objects"]["block_red"]
    camera = deerbench.Camera.look_at(
        np.add(block["current_pos"], [0.1, -0.2, 0.3]), block["current_pos"], width=61, height=41, fov_y_deg=20)
    drawn = tabletop.draw(camera, depth=True, segmentation=True, matrices=True)
    assert drawn["rgb"].shape == (41, 61, 3) and drawn["rgb"].dtype == np.uint8
    assert drawn["depth"].shape == drawn["segmentation"].shape == (41, 61)
    assert drawn["segmentation"][20, 30] == block["uid"]
    assert drawn["depth"][20, 30] == pytest.approx(np.linalg.norm([0.1, -0.2, 0.3]), abs=0.05)
    # What was drawn comes with what it was drawn from.
    assert np.array_equal(drawn["intrinsics"], camera.intrinsics) and np.array_equal(drawn["X_WC"], camera.X_WC)
    p_CB = (np.linalg.inv(drawn["X_WC"]) @ [*block["current_pos"], 1.0])[:3]
    assert (drawn["intrinsics"] @ p_CB)[:2] / p_CB[2] == pytest.approx([30.5, 20.5])


def test_a_camera_made_from_anothers_matrices_draws_the_same_picture(tabletop):
    static = tabletop.camera("static")
    same = deerbench.Camera(static["width"], static["height"], static["fov_y_deg"], static["X_WC"],
                            near_m=static["near_m"], far_m=static["far_m"])
    assert np.allclose(same.intrinsics, static["intrinsics"]) and np.allclose(same.X_WC, static["X_WC"])
    theirs, ours = tabletop.draw("static", depth=True), tabletop.draw(same, depth=True)
    assert np.abs(theirs["rgb"].astype(int) - ours["rgb"]).mean() < 0.1
    assert np.median(np.abs(theirs["depth"] - ours["depth"])) < 1e-5


def test_matrices_follow_the_size_that_is_asked_for(tabletop):
    small, large = (tabletop.draw("gripper", width=s, height=s, matrices=True) for s in (42, 168))
    assert np.allclose(large["intrinsics"][:2], 4 * small["intrinsics"][:2])
    assert np.array_equal(small["X_WC"], large["X_WC"])
    wide = tabletop.draw("static", width=300, height=100, matrices=True)
    assert wide["rgb"].shape == (100, 300, 3)
    assert wide["intrinsics"][0, 2] == 150 and wide["intrinsics"][1, 2] == 50


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: deerbench.Camera(0, 10, 40, np.eye(4)), "camera size: 0 x 10"),
        (lambda: deerbench.Camera(10, 10, 180, np.eye(4)), "fov_y_deg: 180"),
        (lambda: deerbench.Camera(10, 10, 40, np.eye(4), near_m=2, far_m=1), "near_m, far_m: 2, 1"),
        (lambda: deerbench.Camera(10, 10, 40, 2 * np.eye(4)), "X_WC: axes"),
        (lambda: deerbench.Camera(10, 10, 40, np.eye(4) + np.eye(4, k=-3)), "last row 1, 0, 0, 1"),
        (lambda: deerbench.Camera(10, 10, 40, np.eye(3)), r"X_WC is no \(4, 4\) array"),
        (lambda: deerbench.Camera.look_at((0, 0, 1), (0, 0, 0)), "on one line"),
        (lambda: make_tabletop().draw("wrist"), "camera is 'wrist', expected 'static', 'gripper' or a Camera"),
        (lambda: make_tabletop(look="matte"), "look is 'matte', expected 'own' or 'pybullet'"),
    ],
)
def test_what_is_no_camera_is_named(make, message):
    with pytest.raises(deerbench.Error, match=message):
        make()


def test_the_look_can_be_chosen_and_its_parts_switched(tabletop):
    own = tabletop.draw("static")["rgb"].astype(int)
    assert np.array_equal(own, make_tabletop(look="own").draw("static")["rgb"])
    pybullet = make_tabletop(look="pybullet").draw("static")["rgb"]
    hard = make_tabletop(look="pybullet", shadows=False).draw("static")["rgb"]
    assert np.abs(own - pybullet).mean() > 3
    assert not np.array_equal(pybullet, hard)


def test_a_batch_of_tables_is_drawn_as_each_alone(tabletop):
    scene = load_scene("D")
    tabletops = [make_tabletop(seed=seed) for seed in range(1, 4)]
    camera = deerbench.Camera.look_at((0.8, -0.8, 1.0), (0, 0, 0.5), width=48, height=32)
    for threads in (1, 2):
        renderer = deerbench.BatchRenderer(scene, threads=threads)
        assert renderer.threads == threads
        static, gripper, own = renderer.draw(
            tabletops, ["static", "gripper", camera], depth=True, segmentation=True, matrices=True)
        assert own["rgb"].shape == (3, 32, 48, 3) and static["rgb"].flags.c_contiguous
        for i, table in enumerate(tabletops):
            for batch, choice in ((static, "static"), (gripper, "gripper"), (own, camera)):
                alone = table.draw(choice, depth=True, segmentation=True, matrices=True)
                assert all(np.array_equal(batch[key][i], alone[key]) for key in ("rgb", "depth", "segmentation", "X_WC"))
                assert np.array_equal(batch["intrinsics"], alone["intrinsics"])
    with pytest.raises(deerbench.Error, match="no tabletops to draw"):
        renderer.draw([], ["static"])
    with pytest.raises(deerbench.Error, match="tabletop is of another scene"):
        renderer.draw([make_tabletop("A")], ["static"])


def calvin_recordings():
    """States that calvin_env was reset to, with its pictures of them."""
    assets, data = os.environ.get("DEERBENCH_CALVIN_ASSETS"), os.environ.get("DEERBENCH_CALVIN_DATA")
    if not assets or not data:
        pytest.skip("DEERBENCH_CALVIN_ASSETS or DEERBENCH_CALVIN_DATA is not set")
    files = sorted(Path(data).glob("render_*_egl.npz"))
    assert files
    return assets, files


def test_on_calvins_assets_a_reset_shows_what_calvin_env_showed():
    assets, files = calvin_recordings()
    for file in files:
        with np.load(file) as recorded:
            env = get_env(str(recorded["scene"]), assets=assets)
            obs = env.reset(recorded["input_robot_obs"], recorded["input_scene_obs"])
            for camera in ("static", "gripper"):
                picture = read_png(file.with_name(f"{file.stem}_{camera}.png"))[..., :3]
                color = np.abs(obs["rgb_obs"][f"rgb_{camera}"].astype(int) - picture).mean()
                depth = np.median(np.abs(obs["depth_obs"][f"depth_{camera}"] - recorded[f"depth_{camera}"]))
                assert color <= 2 and depth <= 1e-3, f"{file.name} {camera}: colour {color:.2f} of 255, depth {depth:.2g} m"

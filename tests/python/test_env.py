"""The Gymnasium face of the tabletop."""

import pickle
import threading
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import deerbench

ENV_ID = "deerbench/Tabletop-D-v0"
STILL = np.array([0, 0, 0, 0, 0, 0, 1], dtype=np.float32)


def equal(first, second) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[key], second[key]) for key in first)


@pytest.fixture(name="env")
def make_env():
    env = gym.make(ENV_ID, task="open_drawer")
    yield env
    env.close()


@pytest.mark.parametrize("arguments", [{}, {"task": "open_drawer", "depth": True}])
def test_check_env_is_content_and_warns_of_nothing(arguments):
    env = gym.make(ENV_ID, render_mode="rgb_array", **arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


def test_every_scene_has_its_environment():
    for letter in "ABCD":
        env = gym.make(f"deerbench/Tabletop-{letter}-v0", cameras=())
        observation, info = env.reset(seed=1)
        assert list(observation) == ["robot_obs"]
        assert info["completed"] == []


def test_observations_have_the_documented_shapes_and_types(env):
    observation, info = env.reset(seed=0)
    assert observation["rgb_static"].shape == (200, 200, 3)
    assert observation["rgb_gripper"].shape == (84, 84, 3)
    assert observation["rgb_static"].dtype == np.uint8
    assert observation["robot_obs"].shape == (15,)
    assert observation["robot_obs"].dtype == np.float64
    assert info["scene_obs"].shape == (24,)
    assert info["task"] == "open_drawer"
    assert isinstance(info["instruction"], str) and info["instruction"]
    assert info["success"] is False
    assert observation["rgb_static"].std() > 10  # a picture of something


def test_the_same_seed_and_actions_give_the_same_bits():
    rng = np.random.default_rng(3)
    actions = rng.uniform(-1, 1, (20, 7)).astype(np.float32)
    runs = []
    for _ in range(2):
        env = gym.make(ENV_ID, depth=True)
        observations = [env.reset(seed=7)[0]]
        observations += [env.step(action)[0] for action in actions]
        runs.append(observations)
    assert all(equal(a, b) for a, b in zip(*runs, strict=True))


def test_other_seeds_start_elsewhere_and_never_where_an_evaluation_chain_does(env):
    evaluated = np.array(
        [deerbench.calvin.get_env_state_for_initial_condition(chain["state"])[1] for chain in deerbench.chains()]
    )
    seen = set()
    for seed in range(20):
        scene_obs = env.reset(seed=seed)[1]["scene_obs"]
        assert scene_obs[1] < 0.12  # closed: the drawer can be opened
        # Blocks settle by less than this in the substep of a reset.
        assert (np.abs(evaluated - scene_obs).max(axis=1) > 5e-3).all()
        seen.add(scene_obs.tobytes())
    assert len(seen) == 20


def test_free_play_has_no_task_and_no_reward():
    env = gym.make(ENV_ID, cameras=())
    _, info = env.reset(seed=0)
    assert info["task"] is None and info["instruction"] is None
    _, reward, terminated, truncated, _ = env.step(STILL)
    assert (reward, terminated, truncated) == (0.0, False, False)


def test_an_episode_is_truncated_after_360_steps():
    env = gym.make(ENV_ID, task="open_drawer", cameras=())
    env.reset(seed=0)
    truncations = [env.step(STILL)[3] for _ in range(360)]
    assert truncations == [False] * 359 + [True]


@pytest.mark.parametrize("task", ["open_drawer", "lift_red_block_table"])
def test_doing_the_task_ends_the_episode_with_reward_1(task):
    env = gym.make(ENV_ID, task=task, cameras=())
    env.reset(seed=5)
    tabletop = env.unwrapped.tabletop
    expert = deerbench._core.Expert(tabletop)
    expert.reset(tabletop, task)
    rewards = []
    for _ in range(360):
        _, reward, terminated, truncated, info = env.step(expert.step(tabletop))
        rewards.append(reward)
        if terminated or truncated:
            break
    assert terminated
    assert rewards == [0.0] * (len(rewards) - 1) + [1.0]
    assert info["success"] is True
    assert task in info["completed"]


@pytest.mark.parametrize("task", ["place_in_drawer", "unstack_block"])
def test_a_task_that_needs_others_first_starts_after_them(task):
    env = gym.make(ENV_ID, task=task, cameras=())
    starts = [env.reset(seed=2)[0]["robot_obs"] for _ in range(2)]
    assert np.array_equal(*starts)
    tabletop = env.unwrapped.tabletop
    info = tabletop.info().to_dict()
    robot = info["robot_info"]["uid"]
    blocks = info["scene_info"]["movable_objects"].values()
    uids = {block["uid"] for block in blocks}
    touching = [{contact[2] for contact in block["contacts"]} for block in blocks]
    if task == "place_in_drawer":
        assert {robot} in touching
    else:
        assert any(others and others <= uids for others in touching)


def test_reset_takes_a_symbolic_state_or_vectors(env):
    state = deerbench.chains(1)[0]["state"]
    robot_obs, scene_obs = deerbench.calvin.get_env_state_for_initial_condition(state)
    by_state, info = env.reset(options={"state": state})
    by_vectors, _ = env.reset(options={"robot_obs": robot_obs, "scene_obs": scene_obs})
    assert equal(by_state, by_vectors)
    assert np.allclose(info["scene_obs"], scene_obs, atol=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 3}, "reset option 'seed' is unknown"),
        ({"state": {}, "scene_obs": np.zeros(24)}, "exclude each other"),
        ({"scene_obs": np.zeros(23)}, "scene_obs has 23 elements, expected 24"),
        ({"robot_obs": [float("nan")] * 15}, "robot_obs"),
    ],
)
def test_wrong_reset_options_are_errors(env, options, message):
    with pytest.raises(deerbench.Error, match=message):
        env.reset(options=options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "open_window"}, "task: 'open_window'"),
        ({"cameras": ("top",)}, "camera is 'top'"),
        ({"assets": "/nowhere"}, "nowhere"),
    ],
)
def test_wrong_arguments_are_errors(arguments, message):
    with pytest.raises(deerbench.Error, match=message):
        gym.make(ENV_ID, **arguments)


def test_arguments_that_do_not_exist_are_errors():
    with pytest.raises(TypeError, match="colour"):
        gym.make(ENV_ID, colour="red")


def test_a_bad_action_is_an_error_that_names_the_element_and_changes_nothing(env):
    env.reset(seed=0)
    tabletop = env.unwrapped.tabletop
    before = tabletop.save()
    for index in (2, 6):
        action = STILL.copy()
        action[index] = np.nan
        with pytest.raises(deerbench.Error, match=rf"action\[{index}\]"):
            env.step(action)
    with pytest.raises(deerbench.Error, match="7"):
        env.unwrapped.step(np.zeros(6))
    assert np.array_equal(before.values, tabletop.save().values)


def test_saved_moments_continue_with_the_same_bits_even_pickled(env):
    env.reset(seed=0)
    env = env.unwrapped
    rng = np.random.default_rng(1)
    actions = rng.uniform(-1, 1, (10, 7))
    snapshot = pickle.loads(pickle.dumps(env.save()))
    first = [env.step(action)[0] for action in actions]
    env.restore(snapshot)
    second = [env.step(action)[0] for action in actions]
    assert all(equal(a, b) for a, b in zip(first, second, strict=True))


def test_render_draws_the_static_camera_in_any_size():
    env = gym.make(ENV_ID, render_mode="rgb_array", render_size=96)
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (96, 96, 3) and picture.dtype == np.uint8
    assert picture.std() > 10


def test_cameras_say_where_they_are(env):
    env.reset(seed=0)
    camera = env.unwrapped.camera("static")
    assert camera["intrinsics"].shape == (3, 3)
    X_WC = camera["X_WC"]
    assert np.allclose(X_WC[:3, :3] @ X_WC[:3, :3].T, np.eye(3))
    # What is seen where a block's centre projects to is that block, at that distance, unless something hides it.
    tabletop = env.unwrapped.tabletop
    drawn = tabletop.draw("static", depth=True, segmentation=True)
    hits = 0
    for block in tabletop.info().to_dict()["scene_info"]["movable_objects"].values():
        p_CB = (np.linalg.inv(X_WC) @ [*block["current_pos"], 1.0])[:3]
        u, v = (camera["intrinsics"] @ p_CB)[:2] / p_CB[2]
        pixel = int(v), int(u)
        if drawn["segmentation"][pixel] == block["uid"]:
            assert drawn["depth"][pixel] == pytest.approx(p_CB[2], abs=0.05)
            hits += 1
    assert hits > 0


def test_threads_step_and_draw_their_own_tables_side_by_side():
    def run(seed, results):
        env = gym.make(ENV_ID)
        env.reset(seed=seed)
        for _ in range(10):
            observation = env.step(STILL)[0]
        results[seed] = observation

    alone, together = {}, {}
    for seed in range(3):
        run(seed, alone)
    threads = [threading.Thread(target=run, args=(seed, together)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert all(equal(alone[seed], together[seed]) for seed in range(3))


def test_threads_may_share_one_table():
    env = gym.make(ENV_ID).unwrapped
    env.reset(seed=0)
    failures = []

    def use():
        try:
            for _ in range(5):
                env.tabletop.step(STILL)
                env.tabletop.draw("gripper")
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("letter", "ABCD")
def test_every_task_has_a_start_in_every_scene(letter):
    for task in deerbench.TASKS:
        env = gym.make(f"deerbench/Tabletop-{letter}-v0", task=task, cameras=())
        _, info = env.reset(seed=11)
        assert info["task"] == task
        assert info["success"] is False

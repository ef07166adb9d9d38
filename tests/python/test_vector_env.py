"""Many environments at once: deerbench's own vector entry point against Gymnasium's loop over single ones."""
import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import deerbench
from deerbench.envs.vector import VectorTabletopEnv

ENV_ID = "deerbench/Tabletop-D-v0"


def same(first, second) -> bool:
    """Equal to the bit, in type and, for dictionaries and arrays of objects, in depth."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, np.ndarray):
        if first.shape != second.shape or first.dtype != second.dtype:
            return False
        if first.dtype == object:
            return all(map(same, first.ravel(), second.ravel()))
        return first.tobytes() == second.tobytes()
    return first == second


def pair(num_envs, mode=AutoresetMode.NEXT_STEP, threads=2, **arguments):
    """Our vector environment, and Gymnasium's over as many single ones."""
    ours = gym.make_vec(ENV_ID, num_envs=num_envs, num_threads=threads, autoreset_mode=mode, **arguments)
    theirs = gym.make_vec(
        ENV_ID, num_envs=num_envs, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, **arguments
    )
    return ours, theirs


def random_actions(num_envs, steps, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.2, 1.2, (steps, num_envs, 7)).astype(np.float32)


def test_make_vec_gives_our_own_entry_point_with_the_spaces_of_the_single_ones():
    ours, theirs = pair(3, depth=True)
    assert isinstance(ours, VectorTabletopEnv)
    assert ours.num_envs == 3
    assert ours.spec.max_episode_steps == 360
    for space in ("single_action_space", "single_observation_space", "action_space", "observation_space"):
        assert getattr(ours, space) == getattr(theirs, space)
    observation, _ = ours.reset(seed=0)
    assert ours.observation_space.contains(observation)
    assert ours.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


@pytest.mark.parametrize("threads", [1, 3])
def test_sixteen_environments_equal_sixteen_single_ones_to_the_bit(threads):
    ours, theirs = pair(16, threads=threads, task="open_drawer", depth=True, max_episode_steps=6)
    assert ours.num_threads == threads
    assert same(ours.reset(seed=7), theirs.reset(seed=7))
    ended = 0
    for actions in random_actions(16, 16):
        result = ours.step(actions)
        assert same(result, theirs.step(actions))
        ended += int(result[3].sum())
    assert ended == 2 * 16


def test_free_play_equals_single_environments_too():
    ours, theirs = pair(2, cameras="gripper", max_episode_steps=4)
    assert same(ours.reset(seed=[5, 5]), theirs.reset(seed=[5, 5]))
    for actions in random_actions(2, 6):
        assert same(ours.step(actions), theirs.step(actions))


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_episodes_that_end_are_handled_as_gymnasium_does(mode):
    """The expert's actions in some rows, nonsense in others: rows end by success, by the limit, and at other times."""
    ours, theirs = pair(3, mode, task="turn_on_led", cameras=("gripper",), max_episode_steps=110)
    first, second = ours.reset(seed=3), theirs.reset(seed=3)
    assert same(first, second)
    tabletops = [env.unwrapped.tabletop for env in theirs.envs]
    experts = [deerbench._core.Expert(tabletop) for tabletop in tabletops]
    begins = np.ones(3, bool)
    is_reset_next = np.zeros(3, bool)
    successes = truncations = 0
    for actions in random_actions(3, 230, seed=1):
        for row in (0, 2):
            if is_reset_next[row]:
                continue
            if begins[row]:
                experts[row].reset(tabletops[row], "turn_on_led")
                begins[row] = False
            actions[row] = experts[row].step(tabletops[row])
        first, second = ours.step(actions), theirs.step(actions)
        assert same(first, second)
        ended = first[2] | first[3]
        begins |= ended
        is_reset_next = ended & (mode is AutoresetMode.NEXT_STEP)
        successes += int(first[2].sum())
        truncations += int(first[3].sum())
        if mode is AutoresetMode.DISABLED and ended.any():
            with pytest.raises(gym.error.ResetNeeded, match="have ended"):
                ours.step(actions)
            masks = [{"reset_mask": ended.copy()} for _ in range(2)]
            assert same(ours.reset(options=masks[0]), theirs.reset(options=masks[1]))
    assert successes >= 2
    assert truncations >= 2


@pytest.mark.parametrize("task", ["place_in_drawer", "unstack_block"])
def test_starts_that_the_expert_prepares_are_those_of_single_environments(task):
    ours, theirs = pair(2, task=task, cameras=())
    assert same(ours.reset(seed=2), theirs.reset(seed=2))


def test_reset_options_are_those_of_single_environments():
    state = deerbench.chains(1)[0]["state"]
    _, scene_obs = deerbench.calvin.get_env_state_for_initial_condition(state)
    ours, theirs = pair(2, cameras=("gripper",))
    for options in ({"state": state}, {"scene_obs": scene_obs}):
        assert same(ours.reset(seed=1, options=dict(options)), theirs.reset(seed=1, options=dict(options)))
    with pytest.raises(deerbench.Error, match="reset option 'colour' is unknown"):
        ours.reset(options={"colour": 1})


def test_pictures_to_look_at_are_those_of_single_environments():
    ours, theirs = pair(2, cameras=(), render_mode="rgb_array", render_size=64)
    ours.reset(seed=4), theirs.reset(seed=4)
    for actions in random_actions(2, 5):
        ours.step(actions), theirs.step(actions)
    assert same(ours.render(), theirs.render())


def address(array) -> int:
    return array.__array_interface__["data"][0]


def test_observations_are_handed_over_without_a_copy_and_never_written_to_again():
    envs = gym.make_vec(ENV_ID, num_envs=3)
    kept = [envs.reset(seed=0)[0]]
    actions = random_actions(3, 4)
    kept += [envs.step(action)[0] for action in actions]
    for observation in kept:
        for array in observation.values():
            assert not array.flags.owndata  # the memory that the threads drew into
            assert array.flags.c_contiguous and array.flags.writeable
            assert isinstance(array.base, deerbench._core.BatchBuffer)
    pictures = [observation["rgb_static"] for observation in kept]
    assert len({address(picture) for picture in pictures}) == len(kept)
    again = gym.make_vec(ENV_ID, num_envs=3)
    assert np.array_equal(again.reset(seed=0)[0]["rgb_static"], pictures[0])
    for action, picture in zip(actions, pictures[1:], strict=True):
        assert np.array_equal(again.step(action)[0]["rgb_static"], picture)


def test_memory_that_nobody_holds_is_drawn_into_again_and_held_memory_is_not():
    envs = gym.make_vec(ENV_ID, num_envs=2, cameras=("gripper",))
    row = envs.reset(seed=0)[0]["rgb_gripper"][1, ::2]  # a view of a view
    copy = row.copy()
    addresses = set()
    for actions in random_actions(2, 8):
        addresses.add(address(envs.step(actions)[0]["rgb_gripper"]))
    assert np.array_equal(row, copy)
    assert len(addresses) <= 2


def test_observations_outlive_the_environment():
    envs = gym.make_vec(ENV_ID, num_envs=2)
    observation, infos = envs.reset(seed=0)
    copies = {key: array.copy() for key, array in observation.items()}
    envs.close()
    del envs
    assert same(observation, copies)
    assert infos["scene_obs"].shape == (2, 24)


def test_a_bad_action_is_an_error_that_names_row_and_element_and_moves_no_table():
    envs = gym.make_vec(ENV_ID, num_envs=3, cameras=())
    envs.reset(seed=0)
    before = [envs.save(row).values for row in range(3)]
    for column in (2, 6):
        actions = np.zeros((3, 7))
        actions[1, column] = np.nan
        with pytest.raises(deerbench.Error, match=rf"actions\[1\]\[{column}\]"):
            envs.step(actions)
    with pytest.raises(deerbench.Error, match=r"\(2, 7\), expected \(3, 7\)"):
        envs.step(np.zeros((2, 7)))
    assert same(before, [envs.save(row).values for row in range(3)])


def test_stepping_before_a_reset_and_wrong_arguments_are_errors():
    envs = gym.make_vec(ENV_ID, num_envs=2, cameras=())
    with pytest.raises(gym.error.ResetNeeded):
        envs.step(np.zeros((2, 7)))
    with pytest.raises(gym.error.ResetNeeded):
        envs.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(deerbench.Error, match="seed has 3 elements, expected 2"):
        envs.reset(seed=[1, 2, 3])
    with pytest.raises(deerbench.Error, match="reset_mask"):
        envs.reset(options={"reset_mask": np.array([False, False])})
    with pytest.raises(deerbench.Error, match="number of worlds is 0"):
        gym.make_vec(ENV_ID, num_envs=0)
    with pytest.raises(deerbench.Error, match="number of threads is -1"):
        gym.make_vec(ENV_ID, num_envs=1, num_threads=-1)
    with pytest.raises(deerbench.Error, match="camera is 'top'"):
        gym.make_vec(ENV_ID, num_envs=1, cameras=("top",))
    with pytest.raises(TypeError, match="colour"):
        gym.make_vec(ENV_ID, num_envs=1, colour="red")

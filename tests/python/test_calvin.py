"""CALVIN's scripts find here what they call."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import deerbench
from deerbench.calvin import (
    Tasks,
    count_success,
    evaluate_policy,
    get_env,
    get_env_state_for_initial_condition,
    get_sequences,
    validation_annotations,
)

STILL = np.array([0, 0, 0, 0, 0, 0, 1.0])


@pytest.fixture(name="env", scope="module")
def make_env():
    return get_env("calvin_scene_D")


def start(env, index=0):
    robot_obs, scene_obs = get_env_state_for_initial_condition(get_sequences(1000)[index][0])
    return env.reset(robot_obs=robot_obs, scene_obs=scene_obs)


def test_observations_have_calvins_keys_shapes_and_types(env):
    obs = start(env)
    assert set(obs) == {"rgb_obs", "depth_obs", "robot_obs", "scene_obs"}
    assert obs["rgb_obs"]["rgb_static"].shape == (200, 200, 3)
    assert obs["rgb_obs"]["rgb_gripper"].shape == (84, 84, 3)
    assert obs["rgb_obs"]["rgb_static"].dtype == np.uint8
    assert obs["depth_obs"]["depth_static"].shape == (200, 200)
    assert obs["depth_obs"]["depth_gripper"].shape == (84, 84)
    assert obs["depth_obs"]["depth_static"].dtype == np.float32
    assert 1 < np.median(obs["depth_obs"]["depth_static"]) < 10
    assert obs["robot_obs"].shape == (15,) and obs["robot_obs"].dtype == np.float64
    assert obs["scene_obs"].shape == (24,) and obs["scene_obs"].dtype == np.float64


def test_infos_have_the_keys_of_a_recorded_one(env):
    folder = os.environ.get("DEERBENCH_CALVIN_DATA")
    if not folder:
        pytest.skip("DEERBENCH_CALVIN_DATA is not set")
    recorded = next(iter(json.loads((Path(folder) / "oracle_D.json").read_text())["infos"].values()))
    start(env)

    def keys(value):
        return {key: keys(entry) for key, entry in value.items()} if isinstance(value, dict) else None

    assert keys(env.get_info()) == keys(recorded)


def test_the_oracle_judges_recorded_infos_as_calvin_did():
    folder = os.environ.get("DEERBENCH_CALVIN_DATA")
    if not folder:
        pytest.skip("DEERBENCH_CALVIN_DATA is not set")
    tasks = Tasks()
    paths = sorted(path for path in Path(folder).glob("oracle_*.json") if path.name != "oracle_replays.json")
    assert paths
    for path in paths:
        recorded = json.loads(path.read_text())
        for case in recorded["cases"]:
            infos = recorded["infos"][case["start"]], recorded["infos"][case["end"]]
            assert tasks.get_task_info(*infos) == set(case["result"]), case["id"]
            assert tasks.get_task_info_for_set(*infos, {"open_drawer"}) == set(case["result"]) & {"open_drawer"}


def test_the_oracle_numbers_tasks_as_calvin_does():
    tasks = Tasks()
    assert tasks.num_tasks == 34
    assert tasks.id_to_task[tasks.task_to_id["open_drawer"]] == "open_drawer"
    assert list(validation_annotations()) == list(tasks.tasks)


def test_a_broken_info_is_an_error_that_names_the_key(env):
    start(env)
    info = env.get_info()
    del info["scene_info"]["doors"]["base__drawer"]
    with pytest.raises(deerbench.Error, match=r"info\['scene_info'\]\['doors'\]\['base__drawer'\] is missing"):
        Tasks().get_task_info(info, info)


def test_actions_come_in_all_of_calvins_forms(env):
    obs = start(env)
    position, euler = obs["robot_obs"][:3], obs["robot_obs"][3:6]
    joints = obs["robot_obs"][7:14]
    actions = [
        STILL,
        (position, euler, 1),
        (position, euler, [1]),
        np.split(np.concatenate([position, euler, [1]]), [3, 6]),
        {"type": "cartesian_rel", "action": STILL},
        {"type": "cartesian_abs", "action": np.concatenate([position, euler, [1]])},
        {"type": "cartesian_abs", "action": (position, euler, 1)},
        {"type": "joint_rel", "action": np.array([0.0] * 7 + [1])},
        {"type": "joint_abs", "action": np.concatenate([joints, [1]])},
    ]
    for action in actions:
        obs, reward, done, info = env.step(action)
        assert (reward, done) == (0, False)
        assert set(info) == {"robot_info", "scene_info"}
        assert np.linalg.norm(obs["robot_obs"][:3] - position) < 0.01


@pytest.mark.parametrize(
    "action",
    [
        np.zeros(7),  # the gripper's command is neither -1 nor 1
        np.zeros(6),
        {"type": "cartesian", "action": STILL},
        {"kind": "cartesian_rel", "action": STILL},
        [np.nan, 0, 0, 0, 0, 0, 1],
    ],
)
def test_other_actions_are_errors(env, action):
    start(env)
    with pytest.raises(deerbench.Error):
        env.step(action)


def test_reset_without_a_state_is_drawn_from_the_seed(env):
    env.seed(3)
    first = env.reset()["scene_obs"]
    second = env.reset()["scene_obs"]
    assert np.allclose(first[:2], 0, atol=0.01)
    assert not np.allclose(first[6:], second[6:], atol=1e-3)


def test_unknown_scenes_are_errors():
    with pytest.raises(deerbench.Error, match="scene: 'calvin_scene_E', expected"):
        get_env("calvin_scene_E")


class ExpertModel:
    """A CalvinBaseModel that cheats: it looks at the table and is told the task by its sentence."""

    def __init__(self, env):
        self.tabletop = env.tabletop
        self.expert = deerbench._core.Expert(env.tabletop)
        self.task_of = {sentences[0]: task for task, sentences in validation_annotations().items()}
        self.begun = False

    def reset(self):
        self.begun = False

    def step(self, obs, goal):
        if not self.begun:
            self.expert.reset(self.tabletop, self.task_of[goal])
            self.begun = True
        return self.expert.step(self.tabletop)


def test_a_calvin_model_runs_unchanged_and_its_results_are_saved(env, tmp_path):
    results = evaluate_policy(ExpertModel(env), env, epoch=3, eval_log_dir=tmp_path, num_sequences=1)
    assert len(results) == 1
    assert max(results) > 0
    saved = json.loads((tmp_path / "results.json").read_text())["3"]
    assert saved["avg_seq_len"] == np.mean(results)
    assert saved["chain_sr"]["1"] == count_success(results)[0]


@pytest.fixture(name="two_done")
def do_two(monkeypatch):
    """Lets every sequence be over at once, with two subtasks done; returns the list of calls."""
    calls = []
    module = sys.modules["deerbench.calvin.evaluate_policy"]
    monkeypatch.setattr(module, "evaluate_sequence", lambda *args: calls.append(args) or 2)
    return calls


@pytest.mark.parametrize("content", [b'{"0": {"avg_seq', b"[1, 2]", b"\xff"])
def test_damaged_results_are_refused_before_the_first_sequence(two_done, tmp_path, content):
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(deerbench.Error, match="results.json: "):
        evaluate_policy(None, None, eval_log_dir=tmp_path, num_sequences=3)
    assert two_done == [] and path.read_bytes() == content


def test_a_folder_for_results_that_cannot_be_had_is_refused_before_the_first_sequence(two_done, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(deerbench.Error, match="eval_log_dir: '.*' cannot be made: "):
            evaluate_policy(None, None, eval_log_dir=folder, num_sequences=3)
    monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.raises(deerbench.Error, match="eval_log_dir: '.*' is not writable"):
        evaluate_policy(None, None, eval_log_dir=tmp_path, num_sequences=3)
    assert two_done == []


def test_results_of_other_epochs_are_kept(two_done, tmp_path):
    folder = tmp_path / "deep" / "logs"
    for epoch in (0, 1):
        assert evaluate_policy(None, None, epoch=epoch, eval_log_dir=folder, num_sequences=3) == [2, 2, 2]
    saved = json.loads((folder / "results.json").read_text())
    assert saved["0"] == saved["1"] and saved["1"]["avg_seq_len"] == 2
    assert [path.name for path in folder.iterdir()] == ["results.json"]

"""deerbench.load_policy: the multi-exit agent from Python, with untrained weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import deerbench
from deerbench import _core

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from tiny_checkpoint import write_checkpoint, write_thresholds  # noqa: E402


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")
    write_thresholds(folder, [0.02, 0.02])
    return folder


@pytest.fixture(scope="module")
def observation():
    rng = np.random.default_rng(0)
    return {
        "rgb_static": rng.integers(0, 256, (200, 200, 3), np.uint8),
        "rgb_gripper": rng.integers(0, 256, (84, 84, 3), np.uint8),
        "robot_obs": rng.normal(size=15),
    }


def test_a_loaded_agent_says_what_it_is(tiny):
    policy = deerbench.load_policy(tiny)
    assert policy.name == "tiny" and policy.train_scenes == ["D"] and policy.exit_layers == [1, 3, 5]
    assert policy.settings["exit_plan"].startswith("1:0.02,3:0.02,5")
    assert policy.settings["checkpoint"] == str(tiny.resolve())
    assert 0 < policy.memory_mib["llm_weights"] < policy.memory_mib["all_weights"]
    assert len(policy.checkpoint_sha256) == 64
    assert "tiny" in repr(policy)


def test_each_step_says_where_it_left_and_what_it_cost(tiny, observation):
    policy = deerbench.load_policy(tiny, exit="last")
    policy.reset()
    assert policy.last_step is None
    action = policy.step(observation, "open the drawer")
    assert action.shape == (7,) and (np.abs(action) <= 1).all() and action[6] in (-1, 1)
    last = policy.last_step
    assert isinstance(last, deerbench.AgentStep)
    assert np.array_equal(last.action, action)
    assert last.exit_layer == 5 and last.layers_run == 6
    assert 0 < last.llm_macs < last.total_macs
    assert 0 < last.llm_ms <= last.latency_ms


def test_exits_are_weighed_until_the_action_stops_changing(tiny, observation):
    policy = deerbench.load_policy(tiny, exit_plan="1:-1,3:-1,5")
    policy.reset()
    policy.step(observation, "open the drawer")
    never = policy.last_step
    assert list(never.differences) == [1, 3, 5]
    threshold = never.differences[3] * 1.001
    policy = deerbench.load_policy(tiny, exit_plan=f"1:-1,3:{threshold:.6g},5")
    policy.reset()
    policy.step(observation, "open the drawer")
    assert policy.last_step.exit_layer == 3 and policy.last_step.llm_macs < never.llm_macs


def test_the_history_begins_anew_at_reset(tiny, observation):
    policy = deerbench.load_policy(tiny)
    policy.reset()
    first = policy.step(observation, "open the drawer")
    second = policy.step(observation, "open the drawer")
    policy.reset(seed=3)
    assert np.array_equal(policy.step(observation, "open the drawer"), first)
    assert not np.array_equal(first, second)


def test_evaluating_a_loaded_agent_is_evaluating_deer(tiny, tmp_path):
    policy = deerbench.load_policy(tiny)
    loaded = deerbench.evaluate(policy, chains=1, out=tmp_path / "loaded")
    named = deerbench.evaluate("deer", chains=1, out=tmp_path / "named", checkpoint=tiny)
    assert loaded.digest == named.digest
    for key in ("policy", "policy_options", "checkpoint_sha256", "exit_histogram", "llm_gmacs_per_step"):
        assert loaded.summary[key] == named.summary[key], key
    assert loaded.summary["memory_mib"]["all_weights"] == named.summary["memory_mib"]["all_weights"] > 0
    steps = loaded.steps(0)
    assert len(steps) == loaded.summary["steps"]
    assert {str(layer): int((steps["exit_layer"] == layer).sum()) for layer in set(steps["exit_layer"])} == (
        loaded.summary["exit_histogram"]
    )
    assert policy.last_step.exit_layer == steps["exit_layer"][-1]


def test_a_run_goes_on_with_the_exits_that_its_budget_of_time_came_to(tiny, tmp_path):
    thresholds = tmp_path / "feature.json"
    thresholds.write_text(json.dumps({**json.loads((tiny / "thresholds.json").read_text()), "criterion": "feature"}))
    run = {"chains": 1, "out": tmp_path / "run", "checkpoint": tiny, "thresholds": thresholds, "budget_ms": 1000}
    plan = deerbench.evaluate("deer", **run).summary["policy_options"]["exit_plan"]
    # As a slower machine would have begun it.
    slower = plan.partition(",")[0] + ",3"
    config = tmp_path / "run" / "config.yaml"
    config.write_text(config.read_text().replace(plan, slower))
    options = deerbench.evaluate("deer", **run, resume=True).summary["policy_options"]
    assert (options["exit_plan"], options["criterion"]) == (slower, "feature") and plan != slower


def test_a_split_that_contradicts_the_checkpoint_is_refused(tiny, tmp_path):
    with pytest.raises(deerbench.Error, match="split: ABC->D, expected D->D: checkpoint tiny was trained in D"):
        deerbench.evaluate(deerbench.load_policy(tiny), split="ABC->D", chains=1, out=tmp_path / "run")
    with pytest.raises(deerbench.Error, match="exit: expected in load_policy"):
        deerbench.evaluate(deerbench.load_policy(tiny), chains=1, exit="last")
    assert not (tmp_path / "run").exists()


def test_shipped_names_are_looked_up(tiny, monkeypatch):
    monkeypatch.setenv("DEERBENCH_MODELS", str(tiny.parent))
    assert deerbench.load_policy("tiny").name == "tiny"
    with pytest.raises(deerbench.Error, match="checkpoint: 'mega', expected a folder with config.json or one of tiny"):
        deerbench.load_policy("mega")


def test_calvins_evaluation_runs_a_loaded_agent(tiny):
    env = deerbench.calvin.get_env(scene="calvin_scene_D")
    policy = deerbench.load_policy(tiny)
    obs = env.get_obs()
    policy.reset()
    action = policy.step(obs, "open the drawer")
    env.step(action)
    assert policy.last_step.total_macs > 0
    assert len(deerbench.calvin.evaluate_policy(policy, env, num_sequences=1)) == 1


@pytest.mark.parametrize(
    "change, message",
    [
        ({"rgb_static": None}, "obs: rgb_static is no picture"),
        ({"rgb_static": np.zeros((200, 200), np.uint8)}, "obs: rgb_static is of another shape"),
        ({"rgb_gripper": np.zeros((84, 84, 3))}, "obs: rgb_gripper is no picture"),
        ({"rgb_gripper": np.zeros((10, 10, 3), np.uint8)}, "gripper"),
        ({"robot_obs": np.zeros(7)}, "obs: robot_obs has 7 elements, expected 15"),
    ],
)
def test_an_observation_that_is_none_is_named(tiny, observation, change, message):
    policy = deerbench.load_policy(tiny)
    policy.reset()
    with pytest.raises(deerbench.Error, match=message):
        policy.step({**observation, **change}, "open the drawer")
    with pytest.raises(deerbench.Error, match="obs: no robot_obs"):
        policy.step({key: observation[key] for key in ("rgb_static", "rgb_gripper")}, "open the drawer")


def test_options_that_cannot_be_met_are_refused(tiny):
    with pytest.raises(deerbench.Error, match="exit: '2', expected dynamic, last or a layer"):
        deerbench.load_policy(tiny, exit=2)
    with pytest.raises(deerbench.Error, match="budget_mib: 1e-09, expected at least"):
        deerbench.load_policy(tiny, budget_mib=1e-9)
    with pytest.raises(deerbench.Error, match="precision: 'vision=int5'"):
        deerbench.load_policy(tiny, precision="vision=int5")


@pytest.mark.parametrize("order", ["torch, deerbench", "deerbench, torch"])
def test_the_reference_path_shares_a_process_with_torch(tiny, order):
    code = f"""
import {order}, numpy as np
policy = deerbench.load_policy({str(tiny)!r}, exit="last", backend="reference")
policy.reset()
obs = {{"rgb_static": np.zeros((200, 200, 3), np.uint8), "rgb_gripper": np.zeros((84, 84, 3), np.uint8),
       "robot_obs": np.zeros(15)}}
policy.step(obs, "open the drawer")
print(policy.last_step.exit_layer, torch.ones(2, 3).sum().item())
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["5", "6.0"]


def test_loading_an_agent_on_the_fused_path_loads_no_tensor_library(tiny):
    code = f"""
import deerbench
deerbench.load_policy({str(tiny)!r}, backend="fused")
print("libtorch" in open("/proc/self/maps").read())
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (result.returncode, result.stdout.strip()) == (0, "False"), result.stderr


def test_the_summary_on_disk_is_the_result(tiny, tmp_path):
    result = deerbench.evaluate("deer", chains=1, out=tmp_path / "run", checkpoint=tiny, exit="1")
    assert json.loads((tmp_path / "run" / "summary.json").read_text()) == result.summary
    assert list(result.summary["exit_histogram"]) == ["1"]
    assert "deer" in _core.POLICIES and os.path.isfile(result.report)

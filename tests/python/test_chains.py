"""Chains and initial states as Python sees them. Their exactness is tested in C++ (tests/tasks)."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

import deerbench
from deerbench.calvin import get_env_state_for_initial_condition, get_sequences

STATE_KEYS = ["led", "lightbulb", "slider", "drawer", "red_block", "blue_block", "pink_block", "grasped"]


def test_the_evaluation_set_has_a_thousand_chains_of_five_known_tasks():
    chains = deerbench.chains()
    assert len(chains) == 1000
    for chain in chains:
        assert list(chain) == ["state", "tasks"]
        assert list(chain["state"]) == STATE_KEYS
        assert len(chain["tasks"]) == 5
        assert set(chain["tasks"]) <= set(deerbench.TASKS)
    assert len(deerbench.TASKS) == 34


def test_fewer_chains_are_the_first_of_more():
    assert deerbench.chains(7) == deerbench.chains(1000)[:7]


def test_what_a_caller_does_to_a_chain_stays_with_the_caller():
    deerbench.chains(1)[0]["state"]["led"] = "changed"
    assert deerbench.chains(1)[0]["state"]["led"] in (0, 1)


def test_tuning_chains_are_other_chains():
    evaluation = {json.dumps(chain) for chain in deerbench.chains()}
    tuning = {json.dumps(chain) for chain in deerbench.chains(2000, chain_set="tuning")}
    assert len(tuning) == 2000
    assert not evaluation & tuning


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count is 0, expected 1 to 1000"),
        ({"count": 1001}, "count is 1001, expected 1 to 1000"),
        ({"count": 1, "chain_set": "test"}, "chain_set is 'test', expected 'evaluation' or 'tuning'"),
    ],
)
def test_chains_that_do_not_exist_are_errors_that_say_what_does(arguments, message):
    with pytest.raises(deerbench.Error, match=message):
        deerbench.chains(**arguments)


def test_sequences_have_calvins_format():
    sequences = get_sequences(1000)
    assert isinstance(sequences, list)
    state, tasks = sequences[0]
    assert list(state) == STATE_KEYS
    assert isinstance(tasks, tuple)
    assert [{"state": s, "tasks": list(t)} for s, t in sequences] == deerbench.chains(1000)
    assert len(get_sequences(37)) == 37


def test_initial_states_are_calvins_vectors():
    condition = get_sequences(1)[0][0]
    robot_obs, scene_obs = get_env_state_for_initial_condition(condition)
    assert robot_obs.shape == (15,) and robot_obs.dtype == np.float64
    assert scene_obs.shape == (24,) and scene_obs.dtype == np.float64
    assert scene_obs[0] == (0.28 if condition["slider"] == "left" else 0.0)
    assert scene_obs[1] == (0.22 if condition["drawer"] == "open" else 0.0)
    assert scene_obs[4] == condition["lightbulb"]
    assert scene_obs[5] == condition["led"]
    again = get_env_state_for_initial_condition(dict(reversed(condition.items())))
    assert np.array_equal(scene_obs, again[1])


def test_initial_states_equal_the_recorded_ones_to_the_bit():
    folder = os.environ.get("DEERBENCH_CALVIN_DATA")
    if not folder:
        pytest.skip("DEERBENCH_CALVIN_DATA is not set")
    cases = json.loads((Path(folder) / "initial_states.json").read_text())
    assert cases
    for case in cases:
        robot_obs, scene_obs = get_env_state_for_initial_condition(case["condition"])
        assert robot_obs.tolist() == case["robot_obs"]
        assert scene_obs.tolist() == case["scene_obs"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"led": 2}, r"state\['led'\] is 2, expected 0 or 1"),
        ({"slider": "up"}, r"state\['slider'\] is 'up', expected 'left' or 'right'"),
        ({"red_block": "drawer"}, r"state\['red_block'\] is 'drawer', expected 'table', 'slider_left' or"),
        ({"grasped": 1}, r"state\['grasped'\] is 1, expected 0"),
        ({"colour": 1}, r"state has an unknown key 'colour'"),
    ],
)
def test_a_wrong_symbolic_state_is_an_error_that_names_the_key(change, message):
    with pytest.raises(deerbench.Error, match=message):
        get_env_state_for_initial_condition({**deerbench.chains(1)[0]["state"], **change})


def test_errors_are_value_errors():
    assert issubclass(deerbench.Error, ValueError)
    assert deerbench.Error.__module__ == "deerbench"


def test_threads_draw_the_same_chains_at_the_same_time():
    drawn = [None] * 4

    def draw(i):
        drawn[i] = get_sequences(50)

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert drawn[0] is not None
    assert all(other == drawn[0] for other in drawn)

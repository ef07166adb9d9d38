"""deerbench.evaluate with policies written in Python."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from pathlib import Path

import numpy as np
import pytest

import deerbench


class Nod:
    """Waves the hand up and down; sees no pictures."""

    needs_images = False

    def __init__(self, last_step=None):
        self.steps = 0
        self.last_step = last_step

    def reset(self):
        self.phase = 0

    def step(self, obs, instruction):
        if self.steps == self.last_step:
            raise KeyError("the policy's own trouble")
        self.steps += 1
        self.phase += 1
        return [0, 0, np.sin(self.phase / 5), 0, 0, 0, 1]


class Answer:
    """Returns one thing, whatever it is asked."""

    needs_images = False

    def __init__(self, answer):
        self.answer = answer

    def reset(self):
        pass

    def step(self, obs, instruction):
        return self.answer


def test_a_python_policy_gets_the_same_digest_twice(tmp_path):
    first = deerbench.evaluate(Nod(), chains=2, out=tmp_path / "a")
    second = deerbench.evaluate(Nod(), chains=2, out=tmp_path / "b")
    assert first.digest == second.digest
    summary = json.loads((tmp_path / "a" / "summary.json").read_text())
    assert summary == first.summary
    assert summary["schema"] == "deerbench.summary/1"
    assert summary["policy"] == "Nod"
    assert summary["chains"] == 2
    assert first.folder == tmp_path / "a"
    assert first.report.read_text().startswith("<!doctype html>")
    episodes = list(first.episodes())
    assert [episode["index"] for episode in episodes] == [0, 1]
    assert [episode["tasks"] for episode in episodes] == [chain["tasks"] for chain in deerbench.chains(2)]


def test_the_policy_sees_pictures_robot_and_sentence_and_nothing_else():
    class EnoughSeen(Exception):
        pass

    class Look:
        def reset(self, seed):
            assert isinstance(seed, int)

        def step(self, obs, instruction):
            seen.append(obs)
            sentences.append(instruction)
            if len(seen) == 3:
                raise EnoughSeen
            return [0, 0, 1, 0, 0, 0, -1]

    seen, sentences = [], []
    with pytest.raises(EnoughSeen):
        deerbench.evaluate(Look(), chains=1, depth=True)
    assert {key: (array.shape, array.dtype.name) for key, array in seen[0].items()} == {
        "rgb_static": ((200, 200, 3), "uint8"),
        "rgb_gripper": ((84, 84, 3), "uint8"),
        "depth_static": ((200, 200), "float32"),
        "depth_gripper": ((84, 84), "float32"),
        "robot_obs": ((15,), "float64"),
    }
    assert sentences[0] == deerbench.calvin.validation_annotations()[deerbench.chains(1)[0]["tasks"][0]][0]
    # Pictures stay as they were when the next ones come.
    assert not np.array_equal(seen[0]["rgb_gripper"], seen[2]["rgb_gripper"])


def test_pictures_do_not_change_what_happens(tmp_path):
    class Watch(Nod):
        needs_images = True

    assert deerbench.evaluate(Watch(), chains=1).digest == deerbench.evaluate(Nod(), chains=1).digest


def test_costs_that_a_policy_reports_are_in_the_summary():
    class Costly(Nod):
        def step(self, obs, instruction):
            action = super().step(obs, instruction)
            return deerbench.PolicyStep(action, exit_layer=3, layers_run=4, llm_macs=10**9, total_macs=3 * 10**9)

    summary = deerbench.evaluate(Costly(), chains=1).summary
    assert summary["exit_histogram"] == {"3": summary["steps"]}
    assert summary["llm_gmacs_per_step"]["mean"] == 1.0
    assert summary["gflops_per_step"]["max"] == 6.0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([0, 0, float("nan"), 0, 0, 0, 1], r"action\[2\] is nan"),
        ([0, 0, 2, 0, 0, 0, 1], r"action\[2\] is 2"),
        ([0, 0, 0, 0, 0, 0, 0], r"action\[6\] is 0.* expected -1 \(close\) or 1 \(open\)"),
        ([0, 0, 0], "action has 3 elements, expected 7"),
        (np.zeros((1, 7)), "action has 2 dimensions, expected 1"),
        ("up", "action is 'up', expected a row of numbers"),
        (None, "action"),
    ],
)
def test_an_action_that_is_none_is_an_error_that_says_why(answer, message):
    with pytest.raises(deerbench.Error, match=message):
        deerbench.evaluate(Answer(answer), chains=1)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("llm_ms", float("nan"), "a number from 0 to 1000000000"),
        ("llm_ms", float("inf"), "a number from 0"),
        ("llm_ms", -0.5, "a number from 0"),
        ("llm_ms", None, "a number from 0"),
        ("llm_macs", "many", "a whole number from 0 to 10000000000000000"),
        ("llm_macs", -1, "a whole number from 0"),
        ("total_macs", float("nan"), "a whole number from 0"),
        ("total_macs", 2**64, "a whole number from 0"),
        ("layers_run", -1, "a whole number from 0"),
        ("exit_layer", -2, "a whole number from -1"),
    ],
)
def test_a_cost_that_is_none_is_an_error_that_says_why(field, value, expected, tmp_path):
    step = deerbench.PolicyStep([0, 0, 0, 0, 0, 0, 1], **{field: value})
    with pytest.raises(deerbench.Error, match=f"policy: {field} is {value!r}, expected {expected}"):
        deerbench.evaluate(Answer(step), chains=1, out=tmp_path / "run")
    assert not (tmp_path / "run" / "summary.json").exists()


def test_what_a_policy_raises_comes_through_and_finished_chains_are_kept(tmp_path):
    whole = deerbench.evaluate(Nod(), chains=3, out=tmp_path / "whole")
    steps = [episode["steps"] for episode in whole.episodes()]
    assert isinstance(steps[0], int)
    out = tmp_path / "cut"
    with pytest.raises(KeyError, match="the policy's own trouble") as caught:
        deerbench.evaluate(Nod(last_step=steps[0] + steps[1] + 10), chains=3, out=out)
    assert "in step" in "".join(traceback.format_tb(caught.value.__traceback__))
    assert len((out / "episodes.jsonl").read_text().splitlines()) == 2
    assert not (out / "summary.json").exists()
    resumed = deerbench.evaluate(Nod(), chains=3, out=out, resume=True)
    assert resumed.digest == whole.digest


def test_named_policies_are_the_programs_own(tmp_path):
    result = deerbench.evaluate("random", chains=2, seed=4, out=tmp_path / "a")
    assert result.summary["policy"] == "random"
    program = os.environ.get("DEERBENCH_BIN") or shutil.which("deerbench", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("the program is not installed beside this Python")
    arguments = ["--policy", "random", "--chains", "2", "--seed", "4", "--workers", "2", "--out", str(tmp_path / "b")]
    subprocess.run([program, "eval", *arguments], check=True, capture_output=True, timeout=300)
    assert json.loads((tmp_path / "b" / "summary.json").read_text())["digest"] == result.digest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"policy": "nobody"}, "policy: 'nobody', expected one of"),
        ({"split": "D"}, "split: 'D', expected"),
        ({"chains": 0}, "count is 0, expected 1 to 1000"),
        ({"chain_set": "test"}, "chain_set is 'test', expected"),
        ({"assets": "/nowhere"}, "nowhere"),
        ({"policy": "random", "expert_noise": 1}, "expert_noise"),
        ({"colour": "red"}, "colour"),
        ({"policy": object()}, r"policy: object has no reset\(\)"),
        ({"resume": True}, "resume: needs out"),
        ({"workers": 7}, "workers: 7, expected 1: this process runs all chains"),
        ({"policy": "random", "workers": 2}, "workers: 2, expected 1"),
    ],
)
def test_bad_settings_are_errors_before_anything_is_written(arguments, message, tmp_path):
    out = {} if "resume" in arguments else {"out": tmp_path / "run"}
    with pytest.raises(deerbench.Error, match=message):
        deerbench.evaluate(**{"policy": Nod(), "chains": 1, **out, **arguments})
    assert not (tmp_path / "run").exists()


def test_one_process_counts_as_one_worker():
    assert deerbench.evaluate(Nod(), chains=1, workers=1).summary["workers"] == 1


def test_a_run_goes_on_with_the_observations_that_it_began_with(tmp_path):
    begun = deerbench.evaluate(Nod(), chains=1, out=tmp_path / "run", depth=True)
    with pytest.raises(deerbench.Error, match="depth: 'false', expected 'true' as in .*config.yaml to resume it"):
        deerbench.evaluate(Nod(), chains=1, out=tmp_path / "run", resume=True)
    resumed = deerbench.evaluate(Nod(), chains=1, out=tmp_path / "run", depth=True, resume=True)
    assert resumed.digest == begun.digest


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(deerbench.Error, match="not empty"):
        deerbench.evaluate(Nod(), chains=1, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_without_a_folder_results_live_as_long_as_the_result():
    result = deerbench.evaluate(Nod(), chains=1)
    folder = result.folder
    assert (folder / "summary.json").is_file()
    del result
    assert not folder.exists()


def test_a_result_shows_itself():
    result = deerbench.evaluate(Answer([0, 0, 0, 0, 0, 0, 1]), chains=1, name="<still>")
    assert "average length  0.00" in repr(result)
    assert "&lt;still&gt;" in result._repr_html_()
    assert "<still>" not in result._repr_html_()


def test_ctrl_c_stops_an_evaluation_and_keeps_finished_chains(tmp_path):
    code = textwrap.dedent(
        f"""
        import deerbench
        try:
            deerbench.evaluate("random", chains=1000, out={str(tmp_path / "run")!r}, progress=False)
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        episodes = tmp_path / "run" / "episodes.jsonl"
        deadline = time.monotonic() + 120
        while not (episodes.exists() and episodes.stat().st_size > 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert output.strip() == "interrupted"
    assert episodes.read_text().endswith("\n")


def test_other_threads_run_while_chains_are_evaluated():
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    deerbench.evaluate("random", chains=1)
    stop.set()
    thread.join(timeout=30)
    assert len(ticks) > 20

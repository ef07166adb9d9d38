"""python -m deerbench.tune: thresholds by Bayesian optimisation, with an untrained agent."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import deerbench
from deerbench.tune.levels import NEVER, Levels
from deerbench.tune.trial_run import plan_text

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from tiny_checkpoint import write_checkpoint  # noqa: E402

# Stands for the program: judges a plan at once, by a smooth function of how much each of its exits lets leave.
JUDGE = """#!{python}
import bisect, json, pathlib, sys
arguments = dict(zip(sys.argv[2::2], sys.argv[3::2]))
out = pathlib.Path(arguments["--out"])
out.mkdir(parents=True, exist_ok=True)
with open(out / "calls", "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
(out / "config.yaml").touch()
rows = [sorted(row) for row in json.loads(pathlib.Path({calibration!r}).read_text())["differences"]]
thresholds = [float(part.partition(":")[2]) for part in arguments["--exit-plan"].split(",")[:-1]]
first, second = [bisect.bisect_right(row, t * (1 + 1e-6)) / len(row) for row, t in zip(rows, thresholds)]
shares = [first, (1 - first) * second, (1 - first) * (1 - second)]
gmacs = sum(share * cost for share, cost in zip(shares, {costs}))
summary = {{"avg_len": 3 - 2 * (first - 0.2) ** 2 - (second - 0.9) ** 2, "steps": 1000,
           "exit_histogram": {{layer: round(1000 * share) for layer, share in zip((1, 3, 5), shares)}},
           "llm_gmacs_per_step": {{"mean": gmacs}}}}
(out / "summary.json").write_text(json.dumps(summary))
"""


@pytest.fixture(scope="module")
def optuna():
    pytest.importorskip("scipy", reason="optuna's Gaussian process needs scipy, of the extra deerbench[tune]")
    return pytest.importorskip("optuna", reason="deerbench.tune needs optuna, of the extra deerbench[tune]")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """An untrained agent with differences as `calibrate --record` leaves them, and what leaving at each exit costs."""
    folder = write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")
    policy = deerbench.load_policy(folder, exit_plan="1:-1,3:-1,5")
    rng, differences = np.random.default_rng(0), []
    obs = [{"rgb_static": rng.integers(0, 256, (200, 200, 3), np.uint8), "robot_obs": rng.normal(size=15),
            "rgb_gripper": rng.integers(0, 256, (84, 84, 3), np.uint8)} for _ in range(60)]
    for seen in obs:
        policy.reset()
        policy.step(seen, "open the drawer")
        differences.append(list(policy.last_step.differences.values()))
    (folder / "calibration.json").write_text(json.dumps({
        "schema": "deerbench.calibration/1", "checkpoint_sha256": policy.checkpoint_sha256, "source": "a test",
        "exit_layers": policy.exit_layers, "differences": np.transpose(differences).tolist()}))
    costs = []
    for layer in policy.exit_layers:
        single = deerbench.load_policy(folder, exit=layer)
        single.reset()
        single.step(obs[0], "open the drawer")
        costs.append(single.last_step.llm_macs / 1e9)
    return folder, costs


@pytest.fixture(scope="module")
def judge(tiny, tmp_path_factory):
    folder, costs = tiny
    path = tmp_path_factory.mktemp("judge") / "judge"
    path.write_text(JUDGE.format(python=sys.executable, calibration=str(folder / "calibration.json"), costs=costs))
    path.chmod(0o755)
    return path


def tune(tiny, out, program, trials, budget=None, **settings):
    from deerbench.tune import tune_thresholds

    folder, costs = tiny
    budget = budget or sum(costs) / 3
    return tune_thresholds(folder, budget, out, trials=trials, chains=2, workers=1, program=program, **settings)


@pytest.fixture(scope="module")
def search(tiny, judge, optuna, tmp_path_factory):
    """Two trials solved offline, six at random, eight of the Gaussian process."""
    out = tmp_path_factory.mktemp("search") / "tuned"
    return out, tune(tiny, out, judge, 16)


def test_the_search_gets_further_than_what_is_solved_offline_within_the_budget(tiny, search):
    folder, costs = tiny
    out, result = search
    budget = sum(costs) / 3
    within = [trial for trial in result.trials if trial.llm_gmacs <= budget * (1 + 1e-9)]
    assert result.best in within and result.best.avg_len == max(trial.avg_len for trial in within)
    assert result.best.avg_len > max(trial.avg_len for trial in result.trials[:2] if trial in within)
    # A grid of all levels knows the best there is.
    share = np.linspace(0, 1, 61)
    first, second = share[:, None], share[None, :]
    gmacs = first * costs[0] + (1 - first) * second * costs[1] + (1 - first) * (1 - second) * costs[2]
    lengths = 3 - 2 * (first - 0.2) ** 2 - (second - 0.9) ** 2
    assert result.best.avg_len > lengths[gmacs <= budget].max() - 0.05
    assert len(result.trials) == 16 and [trial.number for trial in result.trials] == list(range(16))


def test_a_search_begins_with_what_is_solved_offline_and_never_touches_evaluation_chains(tiny, search):
    folder, costs = tiny
    out, result = search
    plan = deerbench.load_policy(folder, budget_gmacs=sum(costs) / 3).settings["exit_plan"]
    solved = [float(part.partition(":")[2]) for part in plan.split(",")[:-1]]
    assert np.allclose(result.trials[0].thresholds, solved, rtol=1e-6)
    for number in range(16):
        (call,) = [json.loads(line) for line in (out / "trials" / f"{number:04}" / "calls").read_text().splitlines()]
        assert call[call.index("--chain-set") + 1] == "tuning"
        assert call[call.index("--split") + 1] == "D->D" and "--resume" not in call


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(tiny, search, judge, tmp_path):
    import optuna

    _, whole = search
    out = tmp_path / "tuned"
    tune(tiny, out, judge, 1)
    # Killed in the middle of a trial: asked for and not told, with some chains in its run folder.
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(out / "journal.log")))
    optuna.load_study(study_name=None, storage=storage).ask()
    shutil.copytree(search[0] / "trials" / "0001", out / "trials" / "0001")
    tune(tiny, out, judge, 10, resume=True)
    calls = (out / "trials" / "0001" / "calls").read_text().splitlines()
    assert len(calls) == 2 and "--resume" in json.loads(calls[1])
    resumed = tune(tiny, out, judge, 16, resume=True)
    assert resumed.trials == whole.trials and resumed.best == whole.best
    assert (out / "thresholds.json").read_bytes() == (search[0] / "thresholds.json").read_bytes()


def test_thresholds_that_a_killed_search_had_not_yet_written_are_there_when_it_goes_on(tiny, search, judge, tmp_path):
    out = tmp_path / "tuned"
    shutil.copytree(search[0], out)
    (out / "thresholds.json").unlink()
    resumed = tune(tiny, out, judge, 16, resume=True)
    assert resumed.thresholds == out / "thresholds.json" and resumed.best == search[1].best
    assert resumed.thresholds.read_bytes() == (search[0] / "thresholds.json").read_bytes()


def test_a_failing_trial_is_told_and_tried_again(tiny, judge, optuna, tmp_path):
    failing = tmp_path / "program"
    failing.write_text("#!/bin/sh\necho 'deerbench: error: chains: no luck' >&2\nexit 2\n")
    failing.chmod(0o755)
    with pytest.raises(deerbench.Error, match="0000: chains: no luck"):
        tune(tiny, tmp_path / "out", failing, 1)
    failing.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(KeyboardInterrupt):
        tune(tiny, tmp_path / "out", failing, 1, resume=True)
    assert tune(tiny, tmp_path / "out", judge, 1, resume=True).trials[0].number == 0


def test_another_search_is_not_mixed_with_one_that_began(tiny, search, judge, tmp_path):
    out, _ = search
    before = sorted(path.name for path in out.iterdir())
    with pytest.raises(deerbench.Error, match="holds a search, expected resume"):
        tune(tiny, out, judge, 20)
    with pytest.raises(deerbench.Error, match="seed: '1', expected '0' as the search"):
        tune(tiny, out, judge, 20, resume=True, seed=1)
    with pytest.raises(deerbench.Error, match="budget_llm_gmacs: .* as the search"):
        tune(tiny, out, judge, 20, 0.3 * sum(tiny[1]), resume=True)
    assert sorted(path.name for path in out.iterdir()) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(deerbench.Error, match="holds something else"):
        tune(tiny, tmp_path / "mine", judge, 1)


def test_what_cannot_be_tuned_is_refused_before_any_trial(tiny, optuna, judge, tmp_path):
    folder, costs = tiny
    with pytest.raises(deerbench.Error, match="budget_gmacs: 1e-09, expected at least"):
        tune(tiny, tmp_path / "out", judge, 1, 1e-9)
    with pytest.raises(deerbench.Error, match="trials: 0, expected at least 1"):
        tune(tiny, tmp_path / "out", judge, 0)
    with pytest.raises(deerbench.Error, match="budget_peak_gmacs: 1e-09, expected at least") as refusal:
        tune(tiny, tmp_path / "out", judge, 1, budget_peak_gmacs=1e-9)
    least = float(re.search(r"at least (\S+)", str(refusal.value))[1])
    with pytest.raises(deerbench.Error, match="expected room for two exits"):
        tune(tiny, tmp_path / "out", judge, 1, budget_peak_gmacs=1.01 * least)
    bare = write_checkpoint(tmp_path / "bare")
    with pytest.raises(deerbench.Error, match="calibration.json: missing, expected differences that `calibrate` recorded"):
        tune((bare, costs), tmp_path / "out", judge, 1)
    assert not (tmp_path / "out").exists()


def test_levels_and_thresholds_are_two_ways_to_say_the_same(tiny):
    folder, _ = tiny
    levels = Levels(folder / "calibration.json", [1, 3])
    rows = json.loads((folder / "calibration.json").read_text())["differences"]
    for exit in (0, 1):
        for threshold in sorted(rows[exit]):
            assert levels.threshold(exit, levels.level(exit, threshold)) == np.float32(threshold)
        assert levels.threshold(exit, 0.5) == np.float32(sorted(rows[exit])[29])
        assert (levels.threshold(exit, 0), levels.threshold(exit, 1)) == (NEVER, np.float32(max(rows[exit])))
        assert (levels.level(exit, NEVER), levels.level(exit, 1e8)) == (0, 1)
    assert plan_text([1, 3, 5], [0.25, NEVER]) == "1:0.25,3:-100000000,5"


def test_the_command_leaves_thresholds_that_eval_takes(tiny, optuna, tmp_path):
    """With the program itself: what a trial measured is what an evaluation with its thresholds comes to."""
    program = os.environ.get("DEERBENCH_BIN") or pytest.skip("DEERBENCH_BIN is not set")
    folder, costs = tiny
    command = [sys.executable, "-m", "deerbench.tune", "--checkpoint", folder, "--budget-llm-gmacs", 2 * costs[2], "--trials", 1,
               "--chains", 1, "--workers", 1, "--program", program, "--out", tmp_path / "out", "--json"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("trial   0  average length ")
    said = json.loads(done.stdout)
    content = json.loads((tmp_path / "out" / "thresholds.json").read_text())
    assert said["best"] == 0 and content["expected"]["llm_gmacs_per_step"] == said["trials"][0]["llm_gmacs"]
    again = deerbench.evaluate("deer", chains=1, out=tmp_path / "again", chain_set="tuning", checkpoint=folder,
                               thresholds=tmp_path / "out" / "thresholds.json")
    trial = json.loads((tmp_path / "out" / "trials" / "0000" / "summary.json").read_text())
    assert again.digest == trial["digest"] and content["checkpoint_sha256"] == trial["checkpoint_sha256"]
    assert again.summary["llm_gmacs_per_step"]["mean"] == content["expected"]["llm_gmacs_per_step"]
    refused = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, check=False)
    assert refused.returncode == 2 and refused.stderr.startswith("deerbench: error: out: ")


def test_a_budget_that_no_trial_keeps_is_status_1(tiny, optuna, judge, tmp_path):
    folder, costs = tiny
    dear = tmp_path / "judge"
    dear.write_text(judge.read_text().replace("gmacs = sum(", "gmacs = 100 * sum("))
    dear.chmod(0o755)
    command = [sys.executable, "-m", "deerbench.tune", "--checkpoint", folder, "--budget-llm-gmacs", costs[1], "--trials", 1,
               "--chains", 1, "--program", dear, "--out", tmp_path / "out"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1 and "no trial within " in done.stderr
    assert not (tmp_path / "out" / "thresholds.json").exists()


def test_without_optuna_the_extra_is_named(tiny, tmp_path):
    code = f"""
import sys
sys.modules["optuna"] = None
from deerbench.tune.__main__ import main
sys.exit(main(["--checkpoint", {str(tiny[0])!r}, "--budget-llm-gmacs", "1", "--out", {str(tmp_path / "out")!r}]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 2
    assert result.stderr == "deerbench: error: tune: needs optuna, expected optuna and scipy, which scripts/setup installs\n"

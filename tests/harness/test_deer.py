"""The multi-exit agent from the command line, with untrained weights: what it costs, when it leaves, what it refuses."""
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import run_digest_script
from test_command_line import error_line

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from tiny_checkpoint import write_checkpoint, write_thresholds  # noqa: E402

STEP = np.dtype([("action", "<f8", 7), ("exit_layer", "<i4"), ("layers_run", "<i4"), ("llm_macs", "<u8"),
                 ("total_macs", "<u8"), ("ms", "<f4", 3), ("subtask", "<u4")])


def read_steps(folder, index):
    data = (Path(folder) / "steps" / f"chain_{index:05}.bin").read_bytes()
    return np.frombuffer(data, STEP, int.from_bytes(data[12:16], "little"), 24)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture(scope="session")
def last_run(deerbench, tiny, tmp_path_factory):
    """Two chains that always walk to the last exit, one worker."""
    folder = tmp_path_factory.mktemp("deer") / "last"
    return folder, deerbench.evaluate(folder, "--checkpoint", tiny, "--exit", "last", "--workers", 1, policy="deer",
                                      chains=2)


@pytest.fixture(scope="session")
def calibrated(deerbench, tiny):
    """Differences recorded in the checkpoint, on tuning chains; the exits' costs."""
    out = tiny.parent / "thresholds.json"
    result = deerbench("calibrate", "--checkpoint", tiny, "--tuning-chains", "--samples", 200, "--record",
                       "--budget-gmacs", 1, "--out", out, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_summary_counts_what_every_step_cost(last_run, tiny):
    folder, summary = last_run
    steps = np.concatenate([read_steps(folder, i) for i in range(2)])
    assert summary["steps"] == len(steps)
    assert summary["exit_histogram"] == {"5": len(steps)}
    assert set(steps["layers_run"]) == {6}
    for part in ("llm", "total"):
        assert summary[f"{part}_gmacs_per_step"]["mean"] == pytest.approx(steps[f"{part}_macs"].mean() / 1e9)
        assert summary[f"{part}_gmacs_per_step"]["max"] == pytest.approx(steps[f"{part}_macs"].max() / 1e9)
    assert (steps["llm_macs"] > 0).all() and (steps["total_macs"] > steps["llm_macs"]).all()
    assert summary["gflops_per_step"]["mean"] == pytest.approx(2 * summary["total_gmacs_per_step"]["mean"])
    assert summary["gmacs_per_episode"]["mean"] == pytest.approx(steps["total_macs"].sum() / 2e9)
    assert summary["latency_ms"]["policy"]["p50"] >= summary["latency_ms"]["llm"]["p50"] > 0
    assert 0 < summary["memory_mib"]["llm_weights"] < summary["memory_mib"]["all_weights"] < 1
    assert summary["train_scenes"] == ["D"] and len(summary["checkpoint_sha256"]) == 64
    assert summary["machine"]["capability"] in ("AVX2", "AVX512")
    assert summary["policy_options"]["exit_plan"] == "5"
    assert summary["policy_options"]["checkpoint"] == str(tiny)


def test_the_agents_digest_is_the_same_for_any_number_of_workers(deerbench, tiny, last_run, tmp_path):
    summary = deerbench.evaluate(tmp_path / "run", "--checkpoint", tiny, "--exit", "last", "--workers", 2, policy="deer",
                                 chains=2)
    assert summary["digest"] == last_run[1]["digest"]
    assert run_digest_script(tmp_path / "run").returncode == 0


def test_earlier_exits_cost_less_and_load_less(deerbench, tiny, last_run, tmp_path):
    summary = deerbench.evaluate(tmp_path / "run", "--checkpoint", tiny, "--exit", "1", policy="deer", chains=1)
    last = last_run[1]
    assert list(summary["exit_histogram"]) == ["1"]
    assert summary["llm_gmacs_per_step"]["p50"] < 0.5 * last["llm_gmacs_per_step"]["p50"]
    assert summary["memory_mib"]["all_weights"] < last["memory_mib"]["all_weights"]


def test_thresholds_decide_when_the_agent_leaves_and_the_settings_repeat_it(deerbench, tmp_path, calibrated, tiny):
    checkpoint = tmp_path / "with"
    shutil.copytree(tiny, checkpoint)
    costs = calibrated["costs"]["mean_llm_gmacs"]
    assert costs == sorted(costs) and len(costs) == 3
    budget = (costs[0] + costs[2]) / 2
    result = deerbench("calibrate", "--checkpoint", checkpoint, "--budget-gmacs", budget, "--out",
                       checkpoint / "thresholds.json", "--json")
    assert result.returncode == 0, result.stderr
    solved = json.loads(result.stdout)
    assert solved["expected"]["llm_gmacs_per_step"] <= budget * (1 + 1e-9)
    assert sum(solved["expected"]["shares"]) == pytest.approx(1)
    assert "exit at layer" in result.stderr

    run = tmp_path / "run"
    summary = deerbench.evaluate(run, "--checkpoint", checkpoint, policy="deer", chains=1)
    assert len(summary["exit_histogram"]) >= 2
    plan = summary["policy_options"]["exit_plan"]
    assert plan.startswith("1:") and plan.endswith(",5")
    again = deerbench("eval", "--config", run / "config.yaml", "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "again" / "summary.json").read_text())["digest"] == summary["digest"]
    # The same budget at once, without a file of thresholds.
    direct = deerbench.evaluate(tmp_path / "direct", "--checkpoint", checkpoint, "--budget-gmacs", budget, policy="deer",
                                chains=1)
    assert direct["policy_options"]["exit_plan"] == plan and direct["digest"] == summary["digest"]


def test_peak_memory_and_latency_budgets_fix_the_highest_exit(deerbench, tmp_path, calibrated, tiny):
    checkpoint = tmp_path / "with"
    shutil.copytree(tiny, checkpoint)
    write_thresholds(checkpoint, [-1e8, -1e8])
    costs = calibrated["costs"]
    for option, limit in (("--budget-peak-gmacs", costs["peak_llm_gmacs"][1]), ("--budget-mib", costs["weights_mib"][1])):
        out = tmp_path / option
        summary = deerbench.evaluate(out, "--checkpoint", checkpoint, option, limit, policy="deer", chains=1)
        assert list(summary["exit_histogram"]) == ["3"]
        assert summary["llm_gmacs_per_step"]["max"] <= costs["peak_llm_gmacs"][1] * (1 + 1e-9)
        assert summary["memory_mib"]["all_weights"] == pytest.approx(costs["weights_mib"][1])
    summary = deerbench.evaluate(tmp_path / "ms", "--checkpoint", checkpoint, "--budget-ms", 1000, policy="deer", chains=1)
    assert list(summary["exit_histogram"]) == ["5"]


def test_a_run_goes_on_with_the_exits_that_its_budget_of_time_came_to(deerbench, tmp_path, tiny):
    checkpoint = tmp_path / "with"
    shutil.copytree(tiny, checkpoint)
    write_thresholds(checkpoint, [-1e8, -1e8])
    thresholds = tmp_path / "feature.json"
    thresholds.write_text(json.dumps({**json.loads((checkpoint / "thresholds.json").read_text()), "criterion": "feature"}))
    args = ("--checkpoint", checkpoint, "--thresholds", thresholds, "--budget-ms", 1000)
    run = tmp_path / "run"
    plan = deerbench.evaluate(run, *args, policy="deer", chains=1)["policy_options"]["exit_plan"]
    # As a slower machine would have begun it.
    slower = plan.partition(",")[0] + ",3"
    config = run / "config.yaml"
    config.write_text(config.read_text().replace(plan, slower))
    options = deerbench.evaluate(run, *args, "--resume", policy="deer", chains=1)["policy_options"]
    assert (options["exit_plan"], options["criterion"]) == (slower, "feature") and plan != slower


@pytest.mark.parametrize("criterion", ["feature", "time", "random"])
def test_other_criteria_meet_a_budget_and_ask_the_head_once_a_step(deerbench, tmp_path, calibrated, last_run, tiny, criterion):
    checkpoint = tmp_path / "with"
    shutil.copytree(tiny, checkpoint)
    costs = calibrated["costs"]["mean_llm_gmacs"]
    budget = (costs[0] + costs[2]) / 2
    result = deerbench("calibrate", "--checkpoint", checkpoint, "--criterion", criterion, "--tuning-chains", "--samples", 200,
                       "--record", "--budget-gmacs", budget, "--out", checkpoint / "thresholds.json", "--json")
    assert result.returncode == 0, result.stderr
    assert (checkpoint / f"calibration-{criterion}.json").is_file()
    assert json.loads(result.stdout)["criterion"] == criterion
    run = tmp_path / "run"
    summary = deerbench.evaluate(run, "--checkpoint", checkpoint, policy="deer", chains=1)
    assert summary["policy_options"]["criterion"] == criterion and len(summary["exit_histogram"]) >= 2
    steps, always = read_steps(run, 0), read_steps(last_run[0], 0)
    # What is outside the language model: one evaluation of the head instead of the exit's and its reference's.
    assert (steps["total_macs"] - steps["llm_macs"]).max() < (always["total_macs"] - always["llm_macs"]).min()
    again = deerbench("eval", "--config", run / "config.yaml", "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "again" / "summary.json").read_text())["digest"] == summary["digest"]


def test_presets_say_what_the_paper_calls_its_settings(deerbench, tmp_path, tiny):
    checkpoint = tmp_path / "with"
    shutil.copytree(tiny, checkpoint)
    write_thresholds(checkpoint, [-1e8, -1e8])
    for preset, histogram in (("roboflamingo++", ["5"]), ("deer-s", ["3"]), ("deer-b", ["5"])):
        summary = deerbench.evaluate(tmp_path / preset, "--checkpoint", checkpoint, "--preset", preset, policy="deer", chains=1)
        assert list(summary["exit_histogram"]) == histogram
    write_thresholds(checkpoint, [1e8, -1e8])
    (checkpoint / "thresholds.json").rename(checkpoint / "thresholds-online.json")
    summary = deerbench.evaluate(tmp_path / "online", "--checkpoint", checkpoint, "--preset", "deer-online", policy="deer",
                                 chains=1)
    assert list(summary["exit_histogram"]) == ["1"]


@pytest.mark.parametrize("ablation", ["blank-vision", "wrong-sentence"])
def test_an_ablated_agent_acts_differently(deerbench, tiny, last_run, tmp_path, ablation):
    summary = deerbench.evaluate(tmp_path / "run", "--checkpoint", tiny, "--exit", "last", "--ablate", ablation,
                                 policy="deer", chains=1)
    assert summary["policy_options"]["ablate"] == ablation
    assert not np.array_equal(read_steps(tmp_path / "run", 0)["action"][0], read_steps(last_run[0], 0)["action"][0])


def test_both_backends_agree(deerbench, tiny, last_run, tmp_path):
    deerbench.evaluate(tmp_path / "run", "--checkpoint", tiny, "--exit", "last", "--backend", "reference", policy="deer",
                       chains=1, timeout=300)
    # Actions go through half precision, so that a difference in last bits shows now and then; it grows with the steps.
    fused, reference = read_steps(last_run[0], 0)[:20], read_steps(tmp_path / "run", 0)[:20]
    assert np.abs(fused["action"] - reference["action"]).max() < 2e-3
    assert np.array_equal(fused["llm_macs"], reference["llm_macs"])
    assert np.array_equal(fused["total_macs"], reference["total_macs"])


def test_the_gate_notices_a_dearer_agent(deerbench, tiny, last_run, tmp_path):
    deerbench.evaluate(tmp_path / "early", "--checkpoint", tiny, "--exit", "3", policy="deer", chains=2)
    result = deerbench("compare", tmp_path / "early", last_run[0], "--max-drop-avg-len", "5", "--json")
    assert result.returncode == 1
    comparison = json.loads(result.stdout)
    assert comparison["llm_gmacs_per_step"]["rise"] > 0.3
    assert deerbench("compare", last_run[0], tmp_path / "early", "--max-drop-avg-len", "5").returncode == 0


@pytest.mark.parametrize("args, expected", [
    (["--split", "ABC->D"], "split: ABC->D, expected D->D: checkpoint tiny was trained in D"),
    (["--exit", "2"], "exit: '2', expected dynamic, last or a layer with an exit (from 0): 1, 3, 5"),
    (["--exit", "dynamic"], "thresholds: none in"),
    (["--exit", "dynamic", "--thresholds", "/nowhere.json"], "thresholds: '/nowhere.json', expected a file"),
    (["--exit", "last", "--budget-gmacs", "1"], "budget_gmacs: '1', expected only with exit dynamic, not last"),
    (["--budget-gmacs", "1e-9"], "budget_gmacs: 1e-09, expected at least"),
    (["--budget-peak-gmacs", "1e-9"], "budget_peak_gmacs: 1e-09, expected at least"),
    (["--budget-mib", "1e-9"], "budget_mib: 1e-09, expected at least"),
    (["--budget-ms", "1e-9"], "budget_ms: 1e-09, expected at least"),
    (["--budget-gmacs", "-1"], "budget_gmacs: '-1', expected a number"),
    (["--criterion", "mood"], "criterion: 'mood', expected one of action, action-mean"),
    (["--exit", "last", "--criterion", "time"], "criterion: 'time', expected only with exit dynamic, not last"),
    (["--criterion", "time", "--budget-gmacs", "1"], "calibration-time.json: missing"),
    (["--max-layers", "1"], "max_layers: 1, expected at least 2 for the first exit, layer 1"),
    (["--preset", "deer-xl"], "preset: 'deer-xl', expected one of roboflamingo++, deer-s"),
    (["--preset", "deer-s", "--max-layers", "2"], "max_layers: '2', expected 4 or nothing beside preset deer-s"),
    (["--preset", "deer-online"], "thresholds-online.json: thresholds.json of deerbench.tune"),
    (["--precision", "int3"], "precision: 'int3', expected fp32, bf16, fp16, int8 or int4, or one of them for each"),
    (["--precision", "llm=int8,llm=int4"], "precision: 'llm=int8,llm=int4', expected"),
    (["--exit", "last", "--precision", "int8", "--backend", "reference"],
     "precision: 'int8', expected fp32 with backend reference"),
    (["--exit", "last", "--precision", "llm=int4", "--backend", "cuda"],
     "precision: 'llm=int4', expected fp32, bf16 or fp16 with backend cuda"),
    (["--backend", "abacus"], "backend: 'abacus', expected fused or cuda or reference"),
    (["--ablate", "smell"], "ablate: 'smell', expected none, blank-vision or wrong-sentence"),
    (["--checkpoint", "mega"], "checkpoint: 'mega', expected a folder with config.json"),
    (["--exit-plan", "1:0.5,4"], "exit_plan: '1:0.5,4'"),
    (["--exit-plan", "1:0.5,5", "--max-layers", "4"], "exit_plan: '1:0.5,5' goes to layer 5, expected one within the budget"),
    (["--exit-plan", "1:0.5,5", "--budget-mib", "1e-9"], "budget_mib: 1e-09, expected at least"),
])
def test_what_the_agent_cannot_do_is_refused_in_one_line(deerbench, tiny, tmp_path, args, expected):
    out = tmp_path / "run"
    line = error_line(deerbench("eval", "--policy", "deer", "--checkpoint", tiny, "--chains", 1, "--out", out, *args))
    assert expected in line
    assert not out.exists()


def damage_truncated(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def damage_missing_file(folder):
    (folder / "tokenizer.json").unlink()


def damage_other_sizes(folder):
    config = json.loads((folder / "config.json").read_text())
    config["language"]["width"] = 32
    (folder / "config.json").write_text(json.dumps(config))


def damage_json(folder):
    (folder / "metadata.json").write_text('{"name": "cut')


@pytest.mark.parametrize("damage, expected", [
    (damage_truncated, "model.safetensors"), (damage_missing_file, "tokenizer.json: missing"),
    (damage_other_sizes, "model.safetensors"), (damage_json, "metadata.json"),
])
def test_a_damaged_checkpoint_is_refused_in_one_line(deerbench, tmp_path, damage, expected):
    checkpoint = write_checkpoint(tmp_path / "broken")
    damage(checkpoint)
    line = error_line(deerbench("eval", "--policy", "deer", "--exit", "last", "--checkpoint", checkpoint, "--chains", 1,
                                "--out", tmp_path / "run"))
    assert expected in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("args, expected", [
    ([], "checkpoint: '', expected a folder or a name"),
    (["--checkpoint", "TINY"], "budget: none, expected --budget-gmacs"),
    (["--checkpoint", "TINY", "--budget-gmacs", "1"], "out: missing"),
    (["--checkpoint", "TINY", "--budget-gmacs", "1e-9", "--out", "OUT", "--tuning-chains"], "budget_gmacs: 1e-09"),
    (["--checkpoint", "TINY", "--record"], "record: expected --demos FILE or --tuning-chains"),
    (["--checkpoint", "TINY", "--budget-gmacs", "1", "--out", "OUT", "--demos", "/nowhere.h5"], "/nowhere.h5"),
])
def test_calibrate_refuses_what_it_cannot_solve(deerbench, tiny, tmp_path, args, expected):
    words = [{"TINY": tiny, "OUT": tmp_path / "out.json"}.get(word, word) for word in args]
    assert expected in error_line(deerbench("calibrate", *words))
    assert not (tmp_path / "out.json").exists()


def test_calibrate_says_before_it_records_what_it_cannot_write(deerbench, tiny, tmp_path):
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(tiny, checkpoint, ignore=shutil.ignore_patterns("calibration*"))
    record = ("calibrate", "--checkpoint", checkpoint, "--tuning-chains", "--samples", 1000000)
    out = tmp_path / "missing" / "out.json"
    line = error_line(deerbench(*record, "--budget-gmacs", 1, "--out", out))
    assert f"error: out: {out}: cannot be written: No such file or directory" in line
    line = error_line(deerbench(*record, "--budget-gmacs", 1, "--out", tmp_path))
    assert f"error: out: {tmp_path}: cannot be written: Is a directory" in line
    (checkpoint / "calibration.json").mkdir()
    before = sorted(checkpoint.iterdir())
    line = error_line(deerbench(*record, "--record", "--budget-gmacs", 1, "--out", tmp_path / "out.json"))
    assert f"error: record: {checkpoint / 'calibration.json'}: cannot be written: Is a directory" in line
    assert sorted(checkpoint.iterdir()) == before
    assert not (tmp_path / "out.json").exists()


def test_differences_of_other_weights_are_refused(deerbench, tiny, calibrated, tmp_path):
    other = write_checkpoint(tmp_path / "other", seed=1)
    shutil.copy(tiny / "calibration.json", other)
    line = error_line(deerbench("calibrate", "--checkpoint", other, "--budget-gmacs", 1, "--out", tmp_path / "o.json"))
    assert "calibration.json: checkpoint_sha256" in line


def test_thresholds_of_other_weights_are_refused(deerbench, tiny, tmp_path):
    other = write_checkpoint(tmp_path / "other", seed=1)
    write_thresholds(other, [0.1, 0.1])
    line = error_line(deerbench("eval", "--policy", "deer", "--checkpoint", tiny, "--thresholds", other / "thresholds.json",
                                "--chains", 1, "--out", tmp_path / "run"))
    assert "thresholds.json: checkpoint_sha256 is" in line and "thresholds of other weights" in line


def test_demonstrations_calibrate_too(deerbench, tiny, tmp_path):
    demos = tmp_path / "demos.h5"
    assert deerbench("collect", "--count", 2, "--out", demos).returncode == 0
    result = deerbench("calibrate", "--checkpoint", tiny, "--demos", demos, "--samples", 40, "--budget-gmacs", 1, "--out",
                       tmp_path / "thresholds.json", "--json")
    assert result.returncode == 0, result.stderr
    solved = json.loads(result.stdout)
    assert solved["samples"] >= 40 and solved["source"] == "demonstrations of demos.h5"

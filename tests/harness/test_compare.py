"""The gate against regressions, on run folders as programs leave them."""
import json
import shutil
from pathlib import Path

import pytest

from test_command_line import error_line

ROOT = Path(__file__).parents[2]
# Runs of policies that need no checkpoint, and one of each shipped checkpoint.
BASELINES = sorted(path.parent for pattern in ("tests/baseline/*/summary.json", "models/*/baseline/summary.json")
                   for path in ROOT.glob(pattern))


def changed(folder, out, change_episode):
    """A copy of a run whose episodes were changed one by one, its summary to match."""
    shutil.copytree(folder, out, ignore=shutil.ignore_patterns("steps", "media"))
    episodes = [json.loads(line) for line in (out / "episodes.jsonl").read_text().splitlines()]
    for episode in episodes:
        change_episode(episode)
    (out / "episodes.jsonl").write_text("".join(json.dumps(episode) + "\n" for episode in episodes))
    summary = json.loads((out / "summary.json").read_text())
    steps = sum(episode["steps"] for episode in episodes)
    summary["avg_len"] = sum(episode["success"] for episode in episodes) / len(episodes)
    for part in ("llm", "total"):
        macs = sum(episode[f"{part}_macs"] for episode in episodes)
        summary[f"{part}_gmacs_per_step"]["mean"] = macs / steps / 1e9
    (out / "summary.json").write_text(json.dumps(summary))
    return out


def with_cost(factor):
    def change(episode):
        episode["llm_macs"] = round(episode["steps"] * 10_000_000 * factor)
        episode["total_macs"] = round(episode["steps"] * 30_000_000 * factor)
    return change


def test_a_run_against_itself_passes(deerbench, whole_run):
    result = deerbench("compare", whole_run[0], whole_run[0], "--json", "--max-latency-ratio", "1")
    assert result.returncode == 0, result.stderr
    comparison = json.loads(result.stdout)
    assert comparison["schema"] == "deerbench.comparison/1"
    assert comparison["passed"] and comparison["same_digest"] and comparison["equal"] == 4
    assert len(comparison["checks"]) == 4
    assert "the digests are equal" in result.stderr


def test_a_rise_of_five_percent_fails_at_two_percent_and_passes_at_ten(deerbench, whole_run, tmp_path):
    base = changed(whole_run[0], tmp_path / "base", with_cost(1))
    new = changed(whole_run[0], tmp_path / "new", with_cost(1.05))
    strict = deerbench("compare", base, new, "--max-llm-rise", "0.02", "--json")
    assert strict.returncode == 1, strict.stderr
    broken = [check["name"] for check in json.loads(strict.stdout)["checks"] if not check["passed"]]
    assert broken == ["max_llm_rise", "max_total_rise"]
    assert "broken" in strict.stderr
    assert deerbench("compare", base, new).returncode == 1  # by the usual limits
    assert deerbench("compare", base, new, "--max-llm-rise", "0.1", "--max-total-rise", "0.1").returncode == 0
    assert deerbench("compare", new, base).returncode == 0


def test_a_drop_of_success_fails(deerbench, whole_run, tmp_path):
    def succeed(episode):
        episode["success"] = 3

    base = changed(whole_run[0], tmp_path / "base", succeed)
    assert deerbench("compare", base, whole_run[0], "--max-drop-avg-len", "0.5").returncode == 1
    assert deerbench("compare", base, whole_run[0], "--max-drop-avg-len", "5").returncode == 0
    assert deerbench("compare", base, whole_run[0], "--max-drop-avg-len", "none").returncode == 0


def test_a_summary_that_was_edited_alone_fails(deerbench, whole_run, tmp_path):
    shutil.copytree(whole_run[0], tmp_path / "run")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    summary["avg_len"] += 1
    (tmp_path / "run" / "summary.json").write_text(json.dumps(summary))
    result = deerbench("compare", whole_run[0], tmp_path / "run")
    assert result.returncode == 1 and "avg_len of summary.json" in result.stderr


def test_runs_that_cannot_be_compared_are_refused(deerbench, whole_run, tmp_path):
    fewer = tmp_path / "fewer"
    deerbench.evaluate(fewer, "--workers", 1, chains=1)
    assert "chains: 1, expected 4" in error_line(deerbench("compare", whole_run[0], fewer))
    assert "cannot be read, expected the summary of a finished run" in error_line(
        deerbench("compare", whole_run[0], tmp_path / "nothing"))
    shutil.copytree(whole_run[0], tmp_path / "cut")
    (tmp_path / "cut" / "summary.json").write_text('{"schema": "deerbench.summ')
    assert "summary.json" in error_line(deerbench("compare", whole_run[0], tmp_path / "cut"))
    assert "max-llm-rise: 'much', expected a number" in error_line(
        deerbench("compare", whole_run[0], whole_run[0], "--max-llm-rise", "much"))


@pytest.mark.parametrize("base", BASELINES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_this_build_is_no_worse_than_the_committed_run(deerbench, base, tmp_path):
    """The gate of continuous integration: the run's own settings again, then `compare`."""
    summary = json.loads((base / "summary.json").read_text())
    settings = summary["policy_options"]
    if "checkpoint" in settings:  # the path of the machine that it was run on
        settings["checkpoint"] = base.parent
        settings["thresholds"] = ""  # exit_plan has what they came to
    options = [f"--{key.replace('_', '-')}={value}" for key, value in settings.items() if value != ""]
    deerbench.evaluate(tmp_path / "run", "--split", summary["split"], "--seed", summary["seed"], "--chain-set",
                       summary["chain_set"], *options, policy=summary["policy"], chains=summary["chains"], timeout=600)
    result = deerbench("compare", base, tmp_path / "run", "--max-drop-avg-len", "0.25")
    assert result.returncode == 0, result.stderr

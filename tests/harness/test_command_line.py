"""What the program says to bad input, and the verbs that only print."""
import json
import os
import subprocess

import pytest

from conftest import ENVIRONMENT


def error_line(result):
    """The one line of a refusal."""
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("deerbench: error: ")
    return lines[0]


@pytest.mark.parametrize("args, expected", [
    ([], "subcommand"),
    (["fly"], "verb: 'fly', expected one of eval, train, collect, convert, inspect, replay, compare, calibrate, report, chains, bench, doctor"),
    (["eval", "--altitude", "3"], "--altitude"),
    (["chains", "--count", "0"], "count: '0', expected"),
    (["chains", "--count", "1001"], "count: '1001', expected a whole number from 1 to 1000"),
    (["chains", "--chain-set", "training"], "chain_set: 'training', expected evaluation or tuning"),
    (["report"], "runs"),
    (["report", "/nowhere"], "'/nowhere', expected the folder of a finished run"),
    (["compare", "/nowhere"], "new"),
    (["bench"], "subcommand"),
])
def test_bad_usage_is_one_line_and_exit_status_2(deerbench, args, expected):
    assert expected in error_line(deerbench(*args))


@pytest.mark.parametrize("args, expected", [
    (["--split", "D->E"], "split: 'D->E', expected"),
    (["--split", "D"], "split: 'D', expected"),
    (["--policy", "psychic"], "policy: 'psychic', expected one of deer, expert, random"),
    (["--policy", ""], "policy: '', expected one of"),
    (["--chains", "0"], "chains: '0', expected"),
    (["--chains", "1001"], "chains: '1001', expected"),
    (["--workers", "none"], "workers: 'none', expected"),
    (["--seed", "-3"], "seed: '-3', expected"),
    (["--expert-noise", "1"], "expert_noise: '1', expected only with policy expert"),
    (["--policy", "expert", "--expert-noise", "loud"], "expert_noise: 'loud', expected a number"),
    (["--scenes", "/nowhere"], "scenes: '/nowhere', expected a folder with scene_D.yaml"),
    (["--assets", "/nowhere"], "assets: '/nowhere', expected"),
    (["--assets"], "assets: no folder"),
    (["--config", "/nowhere.yaml"], "/nowhere.yaml: cannot be read"),
])
def test_bad_settings_are_named_and_leave_no_folder(deerbench, tmp_path, args, expected):
    out = tmp_path / "run"
    line = error_line(deerbench("eval", "--split", "D->D", "--policy", "random", "--chains", 1, "--out", out, *args))
    assert expected in line
    assert not out.exists()


def test_an_unknown_key_of_a_settings_file_is_an_error(deerbench, tmp_path):
    (tmp_path / "settings.yaml").write_text("policy: random\nchians: 3\n")
    line = error_line(deerbench("eval", "--config", tmp_path / "settings.yaml", "--out", tmp_path / "run"))
    assert "chians: unknown setting, expected one of" in line


def test_a_folder_that_cannot_be_written_is_refused(deerbench, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file" / "run", tmp_path / "file", "/proc/deerbench/run"):
        assert "out: " in error_line(deerbench("eval", "--policy", "random", "--chains", 1, "--out", out))
    assert "out: missing" in error_line(deerbench("eval", "--policy", "random", "--chains", 1))


def test_a_broken_scene_is_refused_before_the_folder_is_made(deerbench, tmp_path):
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    (scenes / "scene_D.yaml").write_text("nonsense: [")
    out = tmp_path / "run"
    line = error_line(deerbench("eval", "--policy", "random", "--chains", 1, "--scenes", scenes, "--out", out))
    assert "scene_D.yaml" in line
    assert not out.exists()


def test_chains_are_json_lines_and_the_first_of_more(deerbench):
    few = deerbench("chains", "--count", 3, "--json")
    assert few.returncode == 0 and few.stderr == ""
    chains = [json.loads(line) for line in few.stdout.splitlines()]
    assert len(chains) == 3
    assert set(chains[0]) == {"state", "tasks"} and len(chains[0]["tasks"]) == 5
    more = deerbench("chains", "--count", 20).stdout
    assert more.startswith(few.stdout)
    assert deerbench("chains", "--count", 3, "--chain-set", "tuning").stdout != few.stdout


def test_help_and_version_go_to_standard_output(deerbench):
    for args in (["--help"], ["eval", "--help"], ["bench", "sim", "--help"]):
        result = deerbench(*args)
        assert result.returncode == 0 and "deerbench" in result.stdout and result.stderr == ""
    assert "worker" not in deerbench("--help").stdout.split()
    assert deerbench("--version").stdout.strip().count(".") == 2


@pytest.mark.parametrize("args", [["chains", "--count", "1"], ["--help"], ["--version"]])
def test_output_that_cannot_be_written_is_no_success(deerbench, args):
    with open("/dev/full", "w") as full:
        result = subprocess.run([deerbench.path, *args], stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert result.returncode == 2
    assert result.stderr == "deerbench: error: standard output: cannot be written: No space left on device\n"


@pytest.mark.parametrize("signals", [True, False], ids=["SIGPIPE ends programs", "SIGPIPE is ignored"])
def test_a_reader_that_went_away_is_no_success_and_no_noise(deerbench, signals):
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as pipe:
        result = subprocess.run([deerbench.path, "chains", "--count", "1"], stdout=pipe, stderr=subprocess.PIPE, text=True,
                                env=ENVIRONMENT, restore_signals=signals)
    assert result.returncode != 0
    assert result.stderr in ("", "deerbench: error: standard output: cannot be written: Broken pipe\n")


def test_bench_gives_figures_of_every_part_of_a_step(deerbench):
    result = deerbench("bench", "sim", "--chains", 1, "--json")
    assert result.returncode == 0, result.stderr
    bench = json.loads(result.stdout)
    medians = {timing["name"]: timing["median"] for timing in bench["timings"]}
    assert set(medians) == {"physics", "static camera", "gripper camera", "judge", "whole step"}
    parts = medians["physics"] + medians["static camera"] + medians["gripper camera"]
    assert 0.5 * parts < medians["whole step"] < 2 * parts
    assert all(t["p10"] <= t["median"] <= t["p90"] and t["runs"] > 20 for t in bench["timings"])
    assert bench["machine"]["cpu_model"]


def test_doctor_says_where_things_are(deerbench):
    result = deerbench("doctor", "--json")
    findings = json.loads(result.stdout)
    assert result.returncode == 0, result.stderr
    assert findings["healthy"] and "D" in findings["scene_letters"] and findings["torch_version"]
    missing = deerbench("doctor", "--json", DEERBENCH_SCENES="/nowhere")
    assert missing.returncode == 1
    assert any("/nowhere" in problem for problem in json.loads(missing.stdout)["problems"])

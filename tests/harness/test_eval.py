"""Evaluations as processes: the same result whatever happens to them."""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from conftest import ENVIRONMENT, children_of, episode_count, is_running, run_digest_script, wait_until

EVAL = ("eval", "--split", "D->D", "--policy", "random", "--chains", 4)


def test_a_run_leaves_everything_behind(whole_run):
    folder, summary = whole_run
    for name in ("summary.json", "episodes.jsonl", "config.yaml", "report.html"):
        assert (folder / name).stat().st_size > 0, name
    episodes = [json.loads(line) for line in (folder / "episodes.jsonl").read_text().splitlines()]
    assert sorted(episode["index"] for episode in episodes) == [0, 1, 2, 3]
    assert summary["chains"] == 4 and summary["scene"] == "D" and summary["train_scenes"] == ["D"]
    assert summary["steps"] == sum(episode["steps"] for episode in episodes)
    assert summary["avg_len"] == sum(episode["success"] for episode in episodes) / 4
    assert not list(folder.rglob("*.tmp"))
    strips = sorted(path.name for path in (folder / "media").iterdir())
    assert strips == [f"chain_0000{i}_strip.png" for i in range(4)]


def test_filming_leaves_the_result_as_it_is(deerbench, whole_run, tmp_path):
    summary = deerbench.evaluate(tmp_path / "run", "--workers", 2, "--video", 1)
    assert (tmp_path / "run" / "media" / "chain_00000.webm").read_bytes()[:4] == b"\x1a\x45\xdf\xa3"  # EBML
    assert not (tmp_path / "run" / "media" / "chain_00001.webm").exists()
    assert summary["digest"] == whole_run[1]["digest"]


def test_the_digest_is_the_same_for_any_number_of_workers(deerbench, whole_run, tmp_path):
    summary = deerbench.evaluate(tmp_path / "run", "--workers", 2)
    assert summary["digest"] == whole_run[1]["digest"]
    assert summary["workers"] == 2


def test_the_digest_depends_on_the_seed(deerbench, whole_run, tmp_path):
    assert deerbench.evaluate(tmp_path / "run", "--workers", 2, "--seed", 1)["digest"] != whole_run[1]["digest"]


def test_the_digest_script_agrees_and_notices_one_bit(whole_run, tmp_path):
    folder, summary = whole_run
    result = run_digest_script(folder)
    assert result.returncode == 0 and summary["digest"] in result.stdout
    shutil.copytree(folder, tmp_path / "run")
    sidecar = tmp_path / "run" / "steps" / "chain_00002.bin"
    data = bytearray(sidecar.read_bytes())
    data[24 + 96 * 100 + 8] ^= 1  # lowest bit of the second number of an action
    sidecar.write_bytes(data)
    assert run_digest_script(tmp_path / "run").returncode == 1


def test_a_run_killed_and_resumed_has_the_same_digest_and_its_workers_die_with_it(deerbench, whole_run, tmp_path):
    out = tmp_path / "run"
    process = deerbench.start(*EVAL, "--workers", 2, "--out", out)
    wait_until(lambda: episode_count(out) >= 1, "a chain")
    workers = children_of(process.pid)
    assert workers
    process.kill()
    process.wait()
    kept = episode_count(out)
    wait_until(lambda: not any(map(is_running, workers)), "the workers to end", 20)
    assert not (out / "summary.json").exists()

    again = deerbench(*EVAL, "--workers", 1, "--out", out)
    assert again.returncode == 2 and "holds an unfinished run, expected --resume" in again.stderr
    other = deerbench(*EVAL, "--seed", 5, "--out", out, "--resume")
    assert other.returncode == 2 and "seed: '5', expected '0'" in other.stderr

    with open(out / "episodes.jsonl", "a") as file:
        file.write('{"index": 3, "cut')
    summary = deerbench.evaluate(out, "--workers", 2, "--resume")
    assert summary["digest"] == whole_run[1]["digest"]
    assert episode_count(out) == 4 and kept >= 1
    finished = deerbench(*EVAL, "--out", out)
    assert finished.returncode == 2 and "holds a finished run" in finished.stderr
    assert deerbench.evaluate(out, "--resume")["digest"] == whole_run[1]["digest"]


def test_ctrl_c_keeps_what_is_finished_and_a_busy_folder_is_refused(deerbench, whole_run, tmp_path):
    out = tmp_path / "run"
    process = deerbench.start(*EVAL, "--workers", 1, "--out", out)
    wait_until(lambda: episode_count(out) >= 1, "a chain")
    for mode in ([], ["--resume"]):
        busy = deerbench(*EVAL, "--out", out, *mode)
        assert busy.returncode == 2 and "is in use by another deerbench" in busy.stderr
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    start = time.monotonic()
    assert process.wait(60) == 3
    assert time.monotonic() - start < 10  # at once, not when its chain is done
    message = process.stderr.read()
    assert "interrupted" in message and "--resume" in message
    assert 1 <= episode_count(out) < 4
    assert deerbench.evaluate(out, "--resume")["digest"] == whole_run[1]["digest"]


def test_a_worker_that_dies_is_replaced_once(deerbench, whole_run, tmp_path):
    out = tmp_path / "run"
    process = deerbench.start(*EVAL, "--workers", 1, "--out", out)
    wait_until(lambda: episode_count(out) >= 1, "a chain")
    time.sleep(0.1)
    os.kill(children_of(process.pid)[0], signal.SIGKILL)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 0, message
    assert "signal 9" in message and "a new one takes its place" in message
    assert json.loads((out / "summary.json").read_text())["digest"] == whole_run[1]["digest"]


def test_workers_that_die_again_and_again_end_the_run(deerbench, tmp_path):
    out = tmp_path / "run"
    process = deerbench.start(*EVAL, "--workers", 1, "--out", out)
    wait_until(lambda: (out / "episodes.jsonl").exists(), "the run to begin")
    while process.poll() is None:
        for worker in children_of(process.pid):
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.02)
    _, message = process.communicate(timeout=30)
    assert process.returncode == 2
    assert message.splitlines()[-1].startswith("deerbench: error: worker process")


def test_json_prints_the_summary_and_nothing_else(deerbench, tmp_path):
    result = deerbench("eval", "--policy", "random", "--chains", 1, "--workers", 1, "--chain-set", "tuning", "--json",
                       "--out", tmp_path / "run")
    assert result.returncode == 0
    assert json.loads(result.stdout) == json.loads((tmp_path / "run" / "summary.json").read_text())
    assert "\x1b" not in result.stderr  # no terminal, no colours
    assert "average length" in result.stderr


def test_the_settings_of_a_run_repeat_it(deerbench, whole_run, tmp_path):
    folder, summary = whole_run
    result = deerbench("eval", "--config", folder / "config.yaml", "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["digest"] == summary["digest"]


def test_settings_with_depth_are_taken_from_a_file(deerbench, whole_run, tmp_path):
    folder, _ = whole_run
    (tmp_path / "settings.yaml").write_text((folder / "config.yaml").read_text().replace("depth: false", "depth: true"))
    result = deerbench("eval", "--config", tmp_path / "settings.yaml", "--chains", 1, "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert "\ndepth: true\n" in (tmp_path / "run" / "config.yaml").read_text()
    again = deerbench("eval", "--config", folder / "config.yaml", "--chains", 1, "--out", tmp_path / "run", "--resume")
    assert again.returncode == 2 and "depth: 'false', expected 'true'" in again.stderr


@pytest.mark.parametrize("option", ["out", "scenes"])
def test_a_path_that_is_no_utf8_is_refused_by_its_option(deerbench, tmp_path, option):
    strange = os.fsencode(tmp_path) + b"/\xff"
    if option == "scenes":
        os.mkdir(strange)
        open(strange + b"/scene_D.yaml", "w").close()
    paths = {"out": os.fsencode(tmp_path / "run")} | {option: strange}
    words = [word for key, path in paths.items() for word in (f"--{key}", path)]
    result = subprocess.run([deerbench.path, "eval", "--policy", "random", "--chains", "1", *words], capture_output=True,
                            env=ENVIRONMENT, timeout=60)
    assert result.returncode == 2
    assert result.stderr == b"deerbench: error: " + option.encode() + b": '" + strange + b"', expected a path in UTF-8\n"
    assert not (tmp_path / "run").exists()


def test_a_workers_error_gets_through_whatever_bytes_it_quotes(deerbench):
    worker = subprocess.Popen([deerbench.path, "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=ENVIRONMENT)
    worker.stdin.write(b'"\xff"\n')
    worker.stdin.flush()  # and stays open: its end would end the worker
    message = json.loads(worker.stdout.readline())
    worker.wait(30)
    assert "\ufffd" in message["error"]
    assert worker.returncode == 2
    worker.communicate()

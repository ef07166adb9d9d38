"""Training as a process: the same weights whatever happens to it, and one line for what it cannot work with."""
import fcntl
import hashlib
import json
import random
import shutil
import signal
import time

import pytest

from conftest import ROOT

RECIPE = ROOT / "models" / "recipes" / "tiny.yaml"
RESULTS = ("vision.safetensors", "bc.safetensors", "dagger-1.safetensors", "deepen.safetensors")


def digests(folder):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in RESULTS}


@pytest.fixture(scope="module")
def trained(deerbench, tmp_path_factory):
    """A tiny training run without interruption, on one thread."""
    folder = tmp_path_factory.mktemp("train") / "run"
    result = deerbench("train", "--recipe", RECIPE, "--out", folder, "--threads", 1, "--device", "cpu", timeout=600)
    assert result.returncode == 0, result.stderr
    return folder


def test_training_kills_and_resumes_to_the_same_weights(deerbench, trained, tmp_path):
    out = tmp_path / "run"
    generator = random.Random(4)
    arguments = ("train", "--recipe", RECIPE, "--out", out, "--threads", 1, "--device", "cpu")
    kills, end = 0, time.monotonic() + 900
    while True:
        assert time.monotonic() < end, f"{kills} kills and no end"
        process = deerbench.start(*arguments, *(["--resume"] if out.exists() and any(out.iterdir()) else []))
        time.sleep(generator.uniform(0.5, 6))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
            process.communicate()
            continue
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        break
    assert kills >= 3
    assert digests(out) == digests(trained)


def test_an_interrupted_training_says_how_to_go_on(deerbench, trained, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(trained, out)
    for path in out.glob("dagger-1*safetensors"):
        path.unlink()
    result = deerbench("train", "--recipe", RECIPE, "--out", out, "--threads", 1, "--device", "cpu", "--resume",
                       "--minutes", 0.0001)
    assert result.returncode == 3, result.stderr
    assert "--resume" in result.stderr


def test_a_recipe_that_changed_says_what_is_kept(deerbench, trained, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(trained, out)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.read_text().replace("  warmup_steps: 2\n", "  warmup_steps: 3\n", 1))
    assert recipe.read_text() != RECIPE.read_text()
    result = deerbench("train", "--recipe", recipe, "--out", out, "--threads", 1, "--device", "cpu", "--resume")
    assert result.returncode == 0, result.stderr
    assert "vision.safetensors: kept, trained with other settings" in result.stdout + result.stderr
    assert "bc.safetensors: kept" not in result.stdout + result.stderr
    assert digests(out) == digests(trained)

    recipe.write_text(RECIPE.read_text().replace("seed: ", "seed: 9", 1))
    result = deerbench("train", "--recipe", recipe, "--out", out, "--resume")
    assert result.returncode == 2 and "settings: the file was made with" in result.stderr


def test_a_second_start_leaves_the_recipe_of_the_first(deerbench, trained, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(trained, out)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.read_text() + "# another\n")
    with (out / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = deerbench("train", "--recipe", recipe, "--out", out, "--resume")
    assert result.returncode == 2 and "another training is at work" in result.stderr
    assert (out / "recipe.yaml").read_text() == RECIPE.read_text()


def test_metrics_have_a_line_for_every_stage(trained):
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert (trained / "training.html").read_text().count("<polyline") >= 6
    assert {"vision", "vision_test", "bc", "dagger-1", "dagger-1_rollouts", "deepen"} <= {line["stage"] for line in lines}
    assert all(line["loss"] > 0 for line in lines if line["stage"] in ("vision", "bc", "dagger-1", "deepen"))


@pytest.mark.parametrize("change, complaint", [
    (lambda text: text + "speed: 3\n", "speed"),
    (lambda text: text.replace("steps: 6", "steps: none", 1), "steps"),
    (lambda text: text.replace("batch: 8", "batch: 0", 1), "batch"),
    (lambda text: text.replace("scenes: D", "scenes: DX"), "'X'"),
    (lambda text: text.replace("scenes: D", "scenes: DD"), "'D' twice"),
    (lambda text: text.replace("agent: nano", "agent: huge"), "huge"),
])
def test_a_recipe_that_makes_no_sense_is_refused_in_one_line(deerbench, tmp_path, change, complaint):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(change(RECIPE.read_text()))
    result = deerbench("train", "--recipe", recipe, "--out", tmp_path / "run")
    assert result.returncode == 2
    assert complaint in result.stderr and result.stderr.count("\n") == 1, result.stderr


def test_a_folder_that_holds_something_else_is_refused(deerbench, trained, tmp_path):
    (tmp_path / "letter.txt").write_text("dear reader")
    result = deerbench("train", "--recipe", RECIPE, "--out", tmp_path)
    assert result.returncode == 2 and result.stderr.count("\n") == 1
    result = deerbench("train", "--recipe", RECIPE, "--out", trained)
    assert result.returncode == 2 and "--resume" in result.stderr

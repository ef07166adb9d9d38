"""Collecting, inspecting and replaying demonstrations, as users do."""
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import wait_until
from test_command_line import error_line

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from calvin_dataset import write_calvin_folder  # noqa: E402

TASKS = "open_drawer,close_drawer,turn_on_led,turn_off_led,move_slider_left"


def collect(deerbench, out, *args, count=12, seed=5):
    result = deerbench("collect", "--tasks", TASKS, "--count", count, "--seed", seed, "--out", out, "--json", *args)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def dataset(deerbench, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "demos.h5"
    return path, collect(deerbench, path, "--workers", 1)


def test_a_collection_is_balanced_and_says_what_it_holds(dataset):
    path, summary = dataset
    assert summary["schema"] == "deerbench.collect/1"
    assert summary["demonstrations"] == 12 and summary["bytes"] == path.stat().st_size
    counts = {name: task["demonstrations"] for name, task in summary["per_task"].items() if task["demonstrations"]}
    assert set(counts) == set(TASKS.split(",")) and max(counts.values()) - min(counts.values()) <= 4


def test_the_number_of_workers_leaves_no_trace(deerbench, dataset, tmp_path):
    assert collect(deerbench, tmp_path / "three.h5", "--workers", 3)["digest"] == dataset[1]["digest"]


def test_killed_at_random_moments_it_loses_nothing_and_ends_the_same(deerbench, dataset, tmp_path):
    path = tmp_path / "killed.h5"
    moments = random.Random(1)
    had = 0
    for _ in range(25):
        process = deerbench.start("collect", "--tasks", TASKS, "--count", 12, "--seed", 5, "--workers", 2, "--resume",
                                  "--out", path)
        time.sleep(moments.uniform(0.03, 0.8))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if path.exists():
            found = deerbench("inspect", path, "--json")
            assert found.returncode == 0, found.stderr
            has = json.loads(found.stdout)["demonstrations"]
            assert has >= had
            had = has
    assert collect(deerbench, path, "--resume")["digest"] == dataset[1]["digest"]


def test_interrupted_it_says_how_to_go_on(deerbench, tmp_path):
    path = tmp_path / "interrupted.h5"
    process = deerbench.start("collect", "--count", 100000, "--out", path)
    end = time.monotonic() + 60
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "--resume goes on" in errors


def test_files_are_in_robomimics_layout(dataset):
    h5py = pytest.importorskip("h5py")
    with h5py.File(dataset[0]) as file:
        data = file["data"]
        assert json.loads(data.attrs["env_args"])["env_name"] == "deerbench/Tabletop-D-v0"
        assert list(data) and set(data) == {f"demo_{i}" for i in range(12)}
        assert data.attrs["total"] == sum(demo.attrs["num_samples"] for demo in data.values())
        for demo in data.values():
            steps = demo.attrs["num_samples"]
            assert demo["actions"].shape == (steps, 7) and demo["executed_actions"].shape == (steps, 7)
            assert demo["states"].shape == (steps, 102)
            assert demo["rewards"].shape == demo["dones"].shape == (steps,)
            assert demo["rewards"][-1] == 1 and demo["rewards"][:-1].sum() == 0
            assert demo["dones"][-1] == 1 and demo["dones"][:-1].sum() == 0
            assert demo["obs/robot_obs"].shape == (steps, 15) and demo["obs/scene_obs"].shape == (steps, 24)
            assert demo.attrs["task"] in TASKS.split(",") and demo.attrs["scene"] == "D"
            assert demo.attrs["sentence"].replace(" ", "").isalpha()


def test_inspect_agrees_and_draws_a_contact_sheet(deerbench, dataset, tmp_path):
    path, summary = dataset
    result = deerbench("inspect", path, "--json", "--contact-sheet", tmp_path / "sheet.png")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["digest"] == summary["digest"] and figures["steps"] == summary["steps"]
    assert figures["per_task"]["open_drawer"]["successes"] == figures["per_task"]["open_drawer"]["demonstrations"]
    assert -1 <= figures["actions"]["x"]["least"] < figures["actions"]["x"]["greatest"] <= 1
    assert "every checksum right" in result.stderr
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def convert(*args):
    """Runs the package's own command."""
    return subprocess.run([sys.executable, "-m", "deerbench.datasets", *map(str, args)], capture_output=True, text=True,
                          timeout=120)


@pytest.fixture(scope="module")
def stored(dataset, tmp_path_factory):
    """The dataset with its pictures."""
    path = tmp_path_factory.mktemp("stored") / "stored.h5"
    converted = convert("store-images", dataset[0], path)
    assert converted.returncode == 0, converted.stderr
    return path


def test_replay_finds_the_same_states_and_says_where_changed_ones_depart(deerbench, dataset, tmp_path):
    path, summary = dataset
    result = deerbench("replay", path, "--json")
    assert result.returncode == 0, result.stderr
    outcome = json.loads(result.stdout)
    assert outcome["replayed"] == 12 and outcome["departed"] == 0


def test_relabelling_by_the_same_expert_changes_nothing(deerbench, dataset, tmp_path):
    path, summary = dataset
    out = tmp_path / "again.h5"
    result = deerbench("replay", path, "--relabel", out, "--json")
    assert result.returncode == 0, result.stderr
    outcome = json.loads(result.stdout)
    assert outcome["demonstrations"] == 12 and outcome["changed"] == 0 and outcome["steps"] == summary["steps"]
    assert deerbench("replay", out, "--count", 2).returncode == 0
    assert list(tmp_path.iterdir()) == [out]
    before = out.read_bytes()
    assert "is there already" in error_line(deerbench("replay", path, "--relabel", out))
    assert out.read_bytes() == before
    # Its labels may be other than `collect` would write: that does not go on with it.
    line = error_line(deerbench("collect", "--tasks", TASKS, "--count", 13, "--seed", 5, "--out", out, "--resume"))
    assert "settings: the file was made with" in line and "relabelled_by" in line
    assert "neither --first" in error_line(deerbench("replay", path, "--relabel", tmp_path / "part.h5", "--count", 2))


def test_relabelling_keeps_what_is_stored(deerbench, stored, tmp_path):
    out = tmp_path / "again.h5"
    result = deerbench("replay", stored, "--relabel", out)
    assert result.returncode == 0, result.stderr
    before, after = [json.loads(deerbench("inspect", path, "--json").stdout) for path in (stored, out)]
    assert after["stored"] == before["stored"] == {"obs/rgb_static": 12, "obs/rgb_gripper": 12}
    assert after["digest"] == before["digest"]


def test_a_relabelling_that_does_not_end_leaves_nothing(deerbench, dataset, tmp_path):
    out = tmp_path / "out" / "again.h5"
    out.parent.mkdir()
    process = deerbench.start("replay", dataset[0], "--relabel", out)
    wait_until(lambda: any(out.parent.iterdir()), "the relabelling to begin")
    assert not out.exists()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert errors.endswith("deerbench: interrupted; nothing was written\n")
    assert not any(out.parent.iterdir())

    changed = tmp_path / "changed.h5"
    whole = bytearray(dataset[0].read_bytes())
    whole[len(whole) // 2] ^= 1  # somewhere in the arrays
    changed.write_bytes(whole)
    line = error_line(deerbench("replay", changed, "--relabel", out))
    assert f"{changed}: data/demo_" in line and line.endswith("; nothing was written")
    assert not any(out.parent.iterdir())


def test_bench_frames_prints_its_speed_drawing_and_reading(deerbench, dataset, stored):
    result = deerbench("bench", "frames", dataset[0], "--windows", 8, "--json")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["pairs_per_s"] > 0 and "stored_pairs_per_s" not in figures
    result = deerbench("bench", "frames", stored, "--windows", 64, "--json")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["stored_pairs_per_s"] > figures["pairs_per_s"] > 0
    result = deerbench("replay", stored, "--count", 2)  # still can be
    assert result.returncode == 0, result.stderr


def test_imported_demonstrations_are_inspected_and_drawn_from_but_not_replayed(deerbench, tmp_path):
    write_calvin_folder(tmp_path / "training")
    path = tmp_path / "calvin.h5"
    imported = convert("import-calvin", tmp_path / "training", path)
    assert imported.returncode == 0, imported.stderr
    assert "2 demonstrations, 11 steps" in imported.stderr
    result = deerbench("inspect", path, "--json", "--contact-sheet", tmp_path / "sheet.png")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["demonstrations"] == 2 and figures["per_source"]["calvin"]["demonstrations"] == 2
    assert figures["with_states"] == 0 and figures["stored"]["obs/rgb_static"] == 2
    assert "states    none: nothing can be drawn or replayed" in result.stderr
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    line = error_line(deerbench("replay", path))
    assert f"{path}: data/demo_0: has no states (recorded by calvin), expected full states" in line
    again = convert("import-calvin", tmp_path / "training", path)
    assert again.returncode == 2 and f"{path}: is there already" in again.stderr and again.stderr.count("\n") == 1


@pytest.mark.parametrize("args, complaint", [
    (["--scenes", "D,E"], "scenes: 'E', expected letters of A, B, C, D"),
    (["--scenes", "D,D"], "scenes: 'D' is there twice"),
    (["--tasks", "fly"], "'fly'"),
    (["--noise", "-1"], "noise: is -1, expected 0 to 10"),
    (["--chain-share", "2"], "chain_share: is 2, expected 0 to 1"),
    (["--count", "0"], "count"),
    (["--workers", "65"], "workers"),
    (["--seed", "x"], "seed"),
])
def test_settings_that_make_no_sense_are_named(deerbench, tmp_path, args, complaint):
    assert complaint in error_line(deerbench("collect", "--out", tmp_path / "a.h5", *args))
    assert not (tmp_path / "a.h5").exists()


def test_files_that_cannot_be_used_are_named(deerbench, dataset, tmp_path):
    path, _ = dataset
    assert "--resume goes on with it" in error_line(deerbench("collect", "--out", path))
    assert "settings: " in error_line(deerbench("collect", "--out", path, "--resume", "--noise", "2"))
    short = tmp_path / "short.h5"
    short.write_bytes(path.read_bytes()[:5000])
    for verb in ("inspect", "replay"):
        assert f"{short}: no HDF5 file that can be read" in error_line(deerbench(verb, short))
        assert "no such file" in error_line(deerbench(verb, tmp_path / "none.h5"))
    changed = tmp_path / "changed.h5"
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1  # somewhere in the arrays
    changed.write_bytes(whole)
    line = error_line(deerbench("inspect", changed))
    assert str(changed) in line and "data/demo_" in line

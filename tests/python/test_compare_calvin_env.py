"""The comparison with calvin_env says what it cannot measure, and why; nothing of calvin_env is needed here."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/compare_calvin_env.py"


@pytest.fixture(name="script", scope="module")
def load_script():
    spec = importlib.util.spec_from_file_location("compare_calvin_env", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.fixture(name="checkout")
def make_checkout(tmp_path):
    """What looks like a checkout of calvin_env, with assets."""
    for folder in ("calvin_env/envs", "conf", "data/franka_panda"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "calvin_env/envs/play_table_env.py").write_text("")
    return tmp_path


def run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_a_folder_that_is_no_checkout_or_has_no_assets_is_named(tmp_path, checkout):
    empty = tmp_path / "conf"
    result = run(empty)
    assert result.returncode == 2 and f"{empty} is no checkout of calvin_env" in result.stderr
    result = run(checkout, "--assets", empty)
    assert result.returncode == 2 and f"{empty} is not CALVIN's data folder" in result.stderr
    assert run(checkout, "--steps", 5).returncode == 2


def test_every_import_that_calvin_env_lacks_is_named(script, checkout, monkeypatch):
    monkeypatch.setattr(script, "CALVIN_IMPORTS", {"json": "json", "no_such_module": "no-such-package", "nor_this": "nor"})
    with pytest.raises(script.Unavailable) as caught:
        script.CalvinEnv({"checkout": str(checkout), "cameras": ""})
    assert "no_such_module (pip install no-such-package;" in str(caught.value)
    assert "nor_this" in str(caught.value) and "json" not in str(caught.value)


def test_a_contender_that_dies_says_how_and_what_it_said_last(script, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no display >&2\nkill -SEGV $$\n")
    python.chmod(0o755)
    worker = script.Worker(str(python), 30)
    with pytest.raises(script.Unavailable, match=r"signal 11 after: no display"):
        worker.ask(do="make")
    worker.close()


def test_ratios_are_medians_of_chunks_and_hold_the_limits(script):
    chunks = {"deerbench_step": [[4.0], [4.0], [40.0]], "pybullet_egl": [[100.0], [100.0], [100.0]],
              "deerbench_physics": [[1.0], [1.0], [1.0]], "pybullet_physics": [[1.0], [1.0], [1.0]]}
    ratios = {r["name"]: r for r in script.compare(chunks)}
    assert set(ratios) == {"step_vs_egl", "physics_vs_pybullet"}
    assert ratios["step_vs_egl"]["ratio"] == pytest.approx(0.04) and ratios["step_vs_egl"]["met"] is True
    assert ratios["step_vs_egl"]["greatest"] == pytest.approx(0.4)
    assert ratios["physics_vs_pybullet"]["met"] is False


def test_what_was_not_measured_is_in_the_table_with_its_reason(script, capsys):
    timing = script.summarize([[1.0, 2.0], [3.0, 4.0]])
    measured = ("deerbench_physics", "own_physics")
    report = {"timings": {name: timing for name in measured},
              "unavailable": {name: "no EGL here" for name in script.CONTENDERS if name not in measured},
              "ratios": script.compare({name: [[2.0]] for name in measured}),
              "largest_state_difference": {"deerbench_step": 0.0}, "gl_renderer": None}
    script.print_table(report)
    table = capsys.readouterr().err
    assert table.count("not measured: no EGL here") == len(script.CONTENDERS) - 2
    assert "at least 1.5000  MISSED" in table

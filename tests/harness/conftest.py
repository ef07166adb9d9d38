"""Runs the program as users do: DEERBENCH_BIN names it (scripts/test sets it)."""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The machine's own settings must not decide what is tested; a build outside the source tree needs its scenes.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("DEERBENCH_") or k == "DEERBENCH_SCENES"}


class Program:
    def __init__(self, path):
        self.path = path

    def __call__(self, *args, timeout=120, **extra):
        """Runs it to its end."""
        return subprocess.run([self.path, *map(str, args)], capture_output=True, text=True, timeout=timeout,
                              env={**ENVIRONMENT, **extra}, stdin=subprocess.DEVNULL)

    def start(self, *args):
        """Starts it in a process group of its own."""
        return subprocess.Popen([self.path, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=ENVIRONMENT, stdin=subprocess.DEVNULL, start_new_session=True)

    def evaluate(self, out, *args, policy="random", chains=4, **options):
        result = self("eval", "--split", "D->D", "--policy", policy, "--chains", chains, "--out", out, *args, **options)
        assert result.returncode == 0, result.stderr
        return json.loads((Path(out) / "summary.json").read_text())


@pytest.fixture(scope="session")
def deerbench():
    path = os.environ.get("DEERBENCH_BIN")
    if not path:
        pytest.skip("DEERBENCH_BIN is not set")
    return Program(path)


@pytest.fixture(scope="session")
def whole_run(deerbench, tmp_path_factory):
    """An uninterrupted run of four chains with one worker: its folder and summary."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return folder, deerbench.evaluate(folder, "--workers", 1)


def run_digest_script(folder):
    return subprocess.run([sys.executable, ROOT / "scripts" / "digest.py", folder], capture_output=True, text=True)


def episode_count(folder):
    try:
        return (Path(folder) / "episodes.jsonl").read_text().count("\n")
    except FileNotFoundError:
        return 0


def wait_until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def children_of(pid):
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False

"""The backend cuda from the command line: what it says where it cannot run, and that it acts where it can."""
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import Program
from test_command_line import error_line
from test_deer import read_steps

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from tiny_checkpoint import write_checkpoint  # noqa: E402

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("cuda") / "tiny")


@pytest.fixture(scope="module")
def found(deerbench):
    """What `doctor` says of this build and machine."""
    return json.loads(deerbench("doctor", "--json").stdout)


@pytest.fixture
def without_kernels(deerbench, tmp_path):
    """The program where no library of ours lies beside it."""
    (tmp_path / "bin").mkdir()
    program = Program(shutil.copy(shutil.which(deerbench.path), tmp_path / "bin" / "deerbench"))
    return lambda *args: program(*args, DEERBENCH_SCENES=os.environ.get("DEERBENCH_SCENES", str(ROOT / "scenes")))


def commands(tiny, out):
    agent = ("--checkpoint", tiny, "--backend", "cuda")
    return [("eval", "--policy", "deer", "--exit", "last", "--chains", 1, "--out", out, *agent),
            ("calibrate", "--tuning-chains", "--samples", 10, "--budget-gmacs", 1, "--out", out, *agent),
            ("bench", "agent", "--exit", "last", "--steps", 10, *agent)]


@pytest.mark.parametrize("command", range(3))
def test_a_build_without_kernels_says_so_in_one_line(without_kernels, tiny, tmp_path, command):
    line = error_line(without_kernels(*commands(tiny, tmp_path / "out")[command]))
    assert "backend: 'cuda': this build has no CUDA kernels" in line and "scripts/setup --cuda" in line
    assert not (tmp_path / "out").exists()


def test_doctor_tells_kernels_and_gpu(found, without_kernels):
    assert found["gpu"] or found["backend_cuda"]
    bare = json.loads(without_kernels("doctor", "--json").stdout)
    assert bare["cuda_plugin"] == bare["gpu"] == ""
    assert "no CUDA kernels" in bare["backend_cuda"]


@pytest.mark.parametrize("command", range(3))
def test_a_machine_without_gpu_is_told_the_runtimes_reason_in_one_line(deerbench, found, tiny, tmp_path, command):
    if not found["cuda_plugin"] or found["gpu"]:
        pytest.skip("no kernels are built" if not found["cuda_plugin"] else "there is a GPU")
    line = error_line(deerbench(*commands(tiny, tmp_path / "out")[command]))
    assert "backend: 'cuda': CUDA finds no GPU: " in line
    assert not (tmp_path / "out").exists()


def test_the_kernels_agree_with_the_fused_path_where_there_is_a_gpu(deerbench, found, tiny, tmp_path):
    if not found["gpu"]:
        pytest.skip(found["backend_cuda"])
    runs = {backend: tmp_path / backend for backend in ("fused", "cuda")}
    for backend, folder in runs.items():
        summary = deerbench.evaluate(folder, "--checkpoint", tiny, "--exit", "last", "--backend", backend, policy="deer", chains=1)
    assert summary["memory_mib"]["cuda_peak"] > summary["memory_mib"]["all_weights"] > 0
    fused, kernels = (read_steps(folder, 0)[:20] for folder in runs.values())
    # Actions go through half precision, so that a difference in last bits shows now and then; it grows with the steps.
    assert np.abs(fused["action"] - kernels["action"]).max() < 2e-3
    assert np.array_equal(fused["total_macs"], kernels["total_macs"])
    bench = deerbench("bench", "agent", "--checkpoint", tiny, "--exit", "last", "--backend", "cuda", "--steps", 40, "--json")
    assert bench.returncode == 0, bench.stderr
    figures = json.loads(bench.stdout)
    assert figures["p95_ms_to_layer_5"] >= figures["p50_ms_to_layer_5"] > 0
    assert figures["reference_equal_exits"] == 40 and figures["reference_largest_difference"] < 5e-5

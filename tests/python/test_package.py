"""Importing deerbench: light, and friends with torch whichever comes first."""

import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import deerbench


def run_python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_importing_deerbench_does_not_import_torch():
    assert run_python("import sys, deerbench; print('torch' in sys.modules)") == "False"


@pytest.mark.parametrize("order", ["torch, deerbench", "deerbench, torch"])
def test_deerbench_and_torch_work_in_one_process_in_either_order(order):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    code = f"import {order}; print(len(deerbench.chains(3)), torch.ones(2, 3).sum().item())"
    assert run_python(code) == "3 6.0"


def test_the_package_has_one_version():
    assert deerbench.__version__ == importlib.metadata.version("deerbench")


def test_the_package_is_typed_and_brings_the_scenes():
    package = Path(deerbench.__file__).parent
    assert (package / "py.typed").is_file()
    core = Path(deerbench._core.__file__).parent
    assert (core / "share" / "scenes").is_dir()

"""Timing an agent's decisions from the command line."""
import json
import sys
from pathlib import Path

import pytest

from test_command_line import error_line

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from tiny_checkpoint import write_checkpoint  # noqa: E402


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("bench") / "tiny")


def test_the_parts_add_up_to_less_than_the_step_and_the_reference_agrees(deerbench, tiny):
    result = deerbench("bench", "agent", "--checkpoint", tiny, "--exit", "last", "--steps", 40, "--json")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    medians = {timing["name"]: timing["median"] for timing in figures["timings"]}
    for layer in (1, 3, 5):
        parts = medians["vision"] + medians["resampler"] + medians[f"language model to layer {layer}"]
        assert 0 < parts < medians[f"whole step to layer {layer}"] * 1.5
    assert medians["whole step as evaluated"] == figures["step_ms"] > 0
    assert figures["mean_layers"] == 6
    assert figures["mean_total_gmacs"] > figures["mean_llm_gmacs"] > 0
    assert figures["reference_steps"] == figures["reference_equal_exits"] == 40
    assert figures["reference_largest_difference"] < 1e-5
    assert figures["reference_ratio"] > 1


def test_a_step_above_the_limit_fails(deerbench, tiny):
    arguments = ("bench", "agent", "--checkpoint", tiny, "--exit", 1, "--steps", 10, "--no-reference", "--limit-ms")
    assert deerbench(*arguments, 1000).returncode == 0
    slow = deerbench(*arguments, 1e-6)
    assert slow.returncode == 1
    assert "more than the limit of 1e-06" in slow.stderr


def test_an_unknown_checkpoint_is_one_line(deerbench):
    assert "checkpoint: 'nobody'" in error_line(deerbench("bench", "agent", "--checkpoint", "nobody"))

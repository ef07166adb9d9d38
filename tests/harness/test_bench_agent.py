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


def test_precision_shrinks_the_weights_and_hardly_moves_the_poses(deerbench, tiny):
    def figures(precision):
        result = deerbench("bench", "agent", "--checkpoint", tiny, "--exit", "last", "--steps", 10, "--precision",
                           precision, "--json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    full, half, mixed = figures("fp32"), figures("fp16"), figures("llm=bf16")
    assert half["llm_weights_mib_6_layers"] < 0.6 * full["llm_weights_mib_6_layers"]
    assert mixed["llm_weights_mib_6_layers"] == half["llm_weights_mib_6_layers"]
    assert mixed["all_weights_mib_6_layers"] > half["all_weights_mib_6_layers"]
    assert full["reference_largest_difference"] < 1e-5 < half["reference_largest_difference"] < 5e-3
    assert full["llm_weights_mib_6_layers"] == pytest.approx(3 * full["llm_weights_mib_2_layers"])


def test_an_agent_of_random_weights_is_made_run_and_taken_away(deerbench, tmp_path):
    result = deerbench("bench", "agent", "--preset", "nano", "--layers", 4, "--folder", tmp_path, "--steps", 3,
                       "--text-tokens", 13, "--threads", 2, "--precision", "int8", "--json")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["threads"] == 2 and figures["mean_layers"] == 4
    assert figures["llm_weights_mib_4_layers"] > figures["llm_weights_mib_2_layers"] > 0
    assert figures["rss_peak_mib"] >= figures["rss_mib"] > 0
    assert not list(tmp_path.iterdir())


def test_random_weights_are_written_as_any_checkpoint(deerbench, tmp_path):
    out = tmp_path / "random"
    done = deerbench("convert", "--random-weights", "nano", "--layers", 6, "--shard-mib", 1, "--out", out)
    assert done.returncode == 0, done.stderr
    assert len(list(out.glob("model-*-of-*.safetensors"))) > 1
    found = json.loads(deerbench("inspect", out, "--json").stdout)
    assert found["checkpoint"]["metadata"]["random_weights"] is True
    assert found["config"]["language"]["layers"] == 6
    assert "holds something" in error_line(deerbench("convert", "--random-weights", "nano", "--out", out))
    assert "preset is 'huge'" in error_line(deerbench("convert", "--random-weights", "huge", "--out", tmp_path / "x"))


def test_an_unknown_checkpoint_is_one_line(deerbench):
    assert "checkpoint: 'nobody'" in error_line(deerbench("bench", "agent", "--checkpoint", "nobody"))

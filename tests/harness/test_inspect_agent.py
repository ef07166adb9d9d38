"""What the program says about agents: sizes and costs of presets, and checkpoints that are none."""
import json

import pytest

from test_command_line import error_line


def test_the_official_preset_costs_what_the_paper_counts(deerbench):
    result = deerbench("inspect", "--preset", "3b", "--text-tokens", 13, "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    for layers, exact, rounded in ((4, 5.0, 5.2), (12, 15.0, 15.6), (24, 30.1, 31.2)):
        assert found["llm_gmacs_by_layers"][str(layers)] == pytest.approx(exact, abs=0.1)
        assert found["llm_gflops_by_layers"][str(layers)] == pytest.approx(2 * exact, abs=0.2)
        assert found["paper_llm_gmacs_by_layers"][str(layers)] == pytest.approx(rounded)
    assert found["exits"] == [1, 3, 5, 7, 9, 11]
    assert found["llm_layer_weights_mib_by_layers"]["24"] == pytest.approx(6 * found["llm_layer_weights_mib_by_layers"]["4"])
    assert found["llm_weights_mib_by_layers"]["24"] > 4.8 * found["llm_weights_mib_by_layers"]["4"]
    assert "31.2" in result.stderr


def test_the_small_preset_costs_at_most_forty_million_macs(deerbench):
    found = json.loads(deerbench("inspect", "--preset", "nano", "--json").stdout)
    assert found["gmacs"]["total"] < 0.040
    assert set(found["llm_gmacs_by_layers"]) == {str(n) for n in range(1, 13)}
    assert sum(found["parameters"][k] for k in ("vision", "resampler", "state", "llm", "head")) == found["parameters"]["total"]


@pytest.mark.parametrize("args, expected", [
    (["--preset", "4b"], "preset is '4b', expected nano, 3b or 9b"),
    (["--preset", "3b", "--text-tokens", "0"], "--text-tokens: 0, expected 1 to 2048"),
    ([], "inspect: expected a file, a checkpoint's folder or --preset"),
])
def test_what_cannot_be_inspected_is_one_line(deerbench, args, expected):
    assert expected in error_line(deerbench("inspect", *args))


def test_a_folder_that_is_no_checkpoint_is_named(deerbench, tmp_path):
    assert f"{tmp_path}/config.json: missing, expected in a checkpoint" in error_line(deerbench("inspect", tmp_path))

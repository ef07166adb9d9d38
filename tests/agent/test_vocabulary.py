"""The shipped vocabulary is what its script makes of the sentences."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def test_the_shipped_vocabulary_is_made_of_the_training_sentences(tmp_path):
    pytest.importorskip("yaml")
    made = tmp_path / "tokenizer.json"
    script = ROOT / "scripts" / "make_tokenizer.py"
    subprocess.run([sys.executable, script, ROOT / "scenes" / "instructions.yaml", made], check=True, capture_output=True)
    assert made.read_bytes() == (ROOT / "scenes" / "tokenizer.json").read_bytes()

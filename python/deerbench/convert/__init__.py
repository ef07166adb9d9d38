"""Official DeeR checkpoints as folders that deerbench runs.

    python -m deerbench.convert --checkpoint deer.pth --clip clip.safetensors --tokenizer tokenizer.json \
        --train-scenes ABC --out deer-abc

A DeeR .pth holds what was trained and, under the names that its filter forgot, the language model's frozen layers; the
vision encoder comes from CLIP. Pickles are read as weights only: nothing in them is executed.
"""

from __future__ import annotations

from deerbench.convert.conversion import Conversion, Sources, convert_checkpoint

__all__ = ["Conversion", "Sources", "convert_checkpoint"]

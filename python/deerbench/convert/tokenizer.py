"""tokenizer.json as the official agent extends it: two special tokens of Flamingo, one for padding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deerbench._core import Error

END_OF_TEXT = "<|endoftext|>"
# In the order in which the official code adds them (factory.py).
_ADDED = {"<|endofchunk|>": "end_of_chunk_token", "<image>": "media_token", "<PAD>": "pad_token"}


def extend_tokenizer(path: Path) -> tuple[str, dict[str, int], int]:
    """The file's text with the special tokens, their ids by their name in config.json, and how many ids there are.

    ``path`` is a tokenizer.json as Hugging Face writes it, or a folder that has one. Tokens that are there keep their
    ids, others follow behind the last one.
    """
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        model, added = content["model"], content["added_tokens"]
        ids = {**model["vocab"], **{token["content"]: token["id"] for token in added}}
        if model.get("type") != "BPE" or not all(type(number) is int for number in ids.values()):
            raise ValueError(f"its model is {model.get('type')}, expected BPE")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Error(f"{file}: no tokenizer.json of a byte-level BPE: {error}") from None
    if END_OF_TEXT not in ids:
        raise Error(f"{file}: token '{END_OF_TEXT}' is missing")
    for token in _ADDED:
        if token not in ids:
            ids[token] = max(ids.values()) + 1
            flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
            added.append({"id": ids[token], "content": token, **flags})
    tokens = {"eos_token": ids[END_OF_TEXT], **{field: ids[token] for token, field in _ADDED.items()}}
    return json.dumps(content, ensure_ascii=False) + "\n", tokens, max(ids.values()) + 1

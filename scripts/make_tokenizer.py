#!/usr/bin/env python3
"""Makes the small agents' vocabulary: a byte-level BPE from the training sentences of the tasks.

    python3 scripts/make_tokenizer.py scenes/instructions.yaml scenes/tokenizer.json

Merges are taken by how often a pair stands in the vocabulary's words, each word counted as often as sentences hold it,
ties by spelling, so that the same sentences give the same file. Held-out sentences are not read.
"""
import collections
import json
import re
import sys

import yaml

COLORS = ("red", "blue", "pink")
END_OF_TEXT, END_OF_CHUNK, IMAGE, PAD = "<|endoftext|>", "<|endofchunk|>", "<image>", "<PAD>"
WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def sentences(path):
    with open(path, encoding="utf-8") as file:
        tasks = yaml.safe_load(file)["tasks"]
    for key, entry in tasks.items():
        for sentence in [entry["canonical"], *entry["training"]]:
            for color in COLORS if "{color}" in key else ("",):
                yield sentence.replace("{color}", color)


def byte_characters():
    printable = [b for b in range(256) if 33 <= b <= 126 or (b >= 161 and b != 173)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


def learn_merges(counts, alphabet, limit):
    words = {word: [alphabet[b] for b in word.encode()] for word in counts}
    merges = []
    while len(merges) < limit:
        pairs = collections.Counter()
        for word, symbols in words.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word, symbols in words.items():
            merged = []
            for symbol in symbols:
                if merged and (merged[-1], symbol) == best:
                    merged[-1] += symbol
                else:
                    merged.append(symbol)
            words[word] = merged
    return merges


def main(source, target, size):
    counts = collections.Counter()
    for sentence in sentences(source):
        counts.update(WORDS.findall(sentence))
    alphabet = byte_characters()
    merges = learn_merges(counts, alphabet, size - 256 - 4)
    tokens = [END_OF_TEXT, *(alphabet[b] for b in range(256))]
    for left, right in merges:
        if left + right not in tokens:
            tokens.append(left + right)
    tokens += [END_OF_CHUNK, IMAGE, PAD]
    ids = {token: i for i, token in enumerate(tokens)}
    special = [
        {"id": ids[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for token in (END_OF_TEXT, END_OF_CHUNK, IMAGE, PAD)
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    file = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {"type": "NFC"}, "pre_tokenizer": byte_level, "post_processor": byte_level, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "vocab": {t: i for t, i in ids.items() if t not in (END_OF_CHUNK, IMAGE, PAD)},
                  "merges": [f"{left} {right}" for left, right in merges]},
    }
    with open(target, "w", encoding="utf-8") as out:
        json.dump(file, out, ensure_ascii=False, indent=1)
        out.write("\n")
    print(f"{target}: {len(tokens)} tokens, {len(merges)} merges from {len(counts)} words", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 600)

"""Our tokenizer against Hugging Face's `tokenizers` on generated strings; exit code 77 without that package.

    python3 tests/agent/tokenizer_parity.py TOKENIZER_DRIVER SHIPPED_TOKENIZER.json
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

try:
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
except ImportError:
    print("skip: the Python package tokenizers is not installed")
    sys.exit(77)

STRINGS = 12000
EDGES = [
    "", " ", "  ", "\n", " \n ", "a", " a", "a ", "  a  b   c ", "don't", "we'll've 'd 'S ''s", "1st 2nd ½ ² Ⅷ ٣", "\t\tx\r\ny",
    "\u00a0x\u2003 y\u3000", "\u200b\u200d\ufeff", "e\u0301 \u00e9 \u1e9b\u0323 \u212b \u2126", "\uac00 \u1100\u1161\u11a8 각",
    "q\u0307\u0323 \u0f71\u0f72\u0f74", "\U0001d15e\U0001d165", "\u0344 \u2adc \ufb1d", "日本語 テキスト。", "👩‍🚀🏽 é́́́", "\x00\x01\x1c\x85",
    "<image>", "<image><image>", " <image> x<|endofchunk|><|endoftext|>", "<imag", "<|endoftext|", "<PAD><pad>", "   ".join("ab"),
    "x" * 300, "ab" * 200, " " * 40, "___--==__", "a_b-c", "\u0301leading", "[M]word[M] [M] _[M]", "  [L]  x", "x  [R]  y",
    "[L][R] [L] [R]", " ".join(["[M]"] * 3), "[M]é é[M] ,[M],", "foo     bar", "\u1680\u202f\u205f\u2028", "'\u2019s",
]
WORDS = ("push the red block to the left slider drawer lightbulb don't I'm we'll they've 12 3.5 naïve Straße 东西 данные مرحبا "
         "<image> <|endofchunk|> <|endoftext|> <PAD> [M] [L] [R] e\u0301 \u1112\u1161\u11ab नमस्ते").split(" ")


def generated(rng):
    assigned = [c for c in range(0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    yield from EDGES
    for i in range(STRINGS - len(EDGES)):
        kind, length = i % 4, rng.randrange(1, 24)
        if kind == 0:
            yield "".join(rng.choice("ab ' \nst.19\u00e9_-") for _ in range(length))
        elif kind == 1:
            yield rng.choice((" ", "  ", "", "\n")).join(rng.choice(WORDS) for _ in range(rng.randrange(1, 9)))
        elif kind == 2:
            yield "".join(chr(rng.choice(assigned)) for _ in range(length))
        else:
            yield "".join(rng.choice(WORDS) if rng.random() < 0.3 else chr(rng.choice(assigned[:1500]))
                          for _ in range(length))


def variants(texts):
    """Tokenizers that differ in everything that the format lets differ."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    for name, nfc, prefix, ignore in (("nfc", True, False, False), ("plain", False, True, False), ("ignore", True, False, True)):
        tokenizer = Tokenizer(models.BPE(ignore_merges=ignore))
        if nfc:
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet, special_tokens=["<|endoftext|>"],
                                      show_progress=False)
        tokenizer.train_from_iterator(texts[:4000], trainer)
        tokenizer.add_special_tokens(["<|endofchunk|>", "<image>"])
        tokenizer.add_tokens([
            "<PAD>", AddedToken("[M]", single_word=True), AddedToken("[L]", lstrip=True), AddedToken("[R]", rstrip=True),
            AddedToken(" " * 4, normalized=True), AddedToken(" " * 2, normalized=True), AddedToken("e\u0301x", normalized=True),
        ])
        yield name, tokenizer


def main(driver, shipped):
    texts = list(generated(random.Random(20261123)))
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    with tempfile.TemporaryDirectory() as folder:
        files = {"shipped": pathlib.Path(shipped)}
        for name, tokenizer in variants(texts):
            files[name] = pathlib.Path(folder, name + ".json")
            tokenizer.save(str(files[name]))
        failed = 0
        for name, file in files.items():
            reference = Tokenizer.from_file(str(file))
            ours = subprocess.run([driver, str(file)], input=lines, capture_output=True, text=True, check=True).stdout
            ours = [json.loads(line) for line in ours.splitlines()]
            assert len(ours) == len(texts)
            wrong = 0
            for text, ids in zip(texts, ours):
                expected = reference.encode(text).ids
                if ids != expected:
                    wrong += 1
                    if wrong <= 5:
                        print(f"{name}: {text!r}: {ids}, expected {expected}")
            print(f"tokenizer {name}: {len(texts) - wrong} of {len(texts)} strings equal")
            failed += wrong
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

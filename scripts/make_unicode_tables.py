#!/usr/bin/env python3
"""Writes agent/unicode_tables.cc: what the tokenizer must know about characters.

    python3 scripts/make_unicode_tables.py > agent/unicode_tables.cc

The tables are those of Python's unicodedata, whose version the file names.
"""
import sys
import unicodedata

CIRCLED_LETTERS = [(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)]
JOINERS = (0x200C, 0x200D)
CODES = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def character_class(code):
    """1 letter, 2 number in words, 3 other number, 4 other part of a word, 0 anything else."""
    category = unicodedata.category(chr(code))
    if category[0] == "L":
        return 1
    if category in ("Nd", "Nl"):
        return 2
    if category == "No":
        return 3
    if category[0] == "M" or category == "Pc" or code in JOINERS:
        return 4
    return 4 if any(first <= code <= last for first, last in CIRCLED_LETTERS) else 0


def ranges(value_of):
    found = []
    for code in CODES:
        value = value_of(code)
        if found and found[-1][1] == code - 1 and found[-1][2] == value:
            found[-1][1] = code
        else:
            found.append([code, code, value])
    return [r for r in found if r[2]]


def is_hangul(code):
    return 0xAC00 <= code <= 0xD7A3


def decompositions():
    for code in CODES:
        text = unicodedata.decomposition(chr(code))
        if text and not text.startswith("<") and not is_hangul(code):
            parts = [int(part, 16) for part in text.split()]
            yield code, parts[0], parts[1] if len(parts) > 1 else 0


def compositions(pairs):
    for code, first, second in pairs:
        if second and unicodedata.normalize("NFC", chr(first) + chr(second)) == chr(code):
            yield first, second, code


def table(declaration, rows):
    kind, name = declaration
    print(f"static constexpr {kind} {name}Data[] = {{")
    line = "   "
    for row in rows:
        entry = " {" + ", ".join(str(v) if v < 256 else hex(v) for v in row) + "},"
        if len(line) + len(entry) > 110:
            print(line)
            line = "   "
        line += entry
    print(f"{line}\n}};\nconst std::span<const {kind}> {name}({name}Data);")


pairs = list(decompositions())
print(f"// Made by scripts/make_unicode_tables.py from Unicode {unicodedata.unidata_version}; not edited by hand.")
print('#include "agent/unicode_tables.h"\n\nnamespace deerbench {\n\n// clang-format off')
table(("CodeRange", "kCharacterClasses"), ranges(character_class))
print()
table(("CodeRange", "kCombiningClasses"), ranges(lambda c: unicodedata.combining(chr(c))))
print()
table(("CodeTriple", "kDecompositions"), pairs)
print()
table(("CodeTriple", "kCompositions"), sorted(compositions(pairs)))
print("// clang-format on\n\n}  // namespace deerbench")
sys.stdout.flush()

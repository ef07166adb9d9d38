#!/usr/bin/env python3
"""Recomputes the digest of a run folder and compares it with summary.json: exit 0 if equal, 1 if not, 2 if unreadable.

usage: scripts/digest.py RUN...

Deliberately independent of the program: it follows docs/run-folder.md and needs Python's standard library alone.
"""
import hashlib
import json
import struct
import sys
from pathlib import Path

HEADER = struct.Struct("<8s4I")  # magic, version, steps, version of the state, values of the state
STEP = struct.Struct("<56s2i2Q3fI")  # action, exit, layers, LLM MACs, all MACs, three times, subtask


def digest_line(folder, chain):
    """The canonical line of one chain, bytes."""
    data = (folder / chain["steps_file"]).read_bytes()
    magic, version, steps, _, values = HEADER.unpack_from(data)
    if magic != b"DEERSTEP" or version != 1:
        raise ValueError(f"{chain['steps_file']}: not a step file of version 1")
    state_at = HEADER.size + steps * STEP.size
    if len(data) != state_at + 8 * values:
        raise ValueError(f"{chain['steps_file']}: {len(data)} bytes, expected {state_at + 8 * values}")
    rows = (STEP.unpack_from(data, HEADER.size + i * STEP.size) for i in range(steps))
    canonical = {
        "final_state": data[state_at:].hex(),
        "state": chain["state"],
        "steps": [[action.hex(), exit_layer, layers] for action, exit_layer, layers, *_ in rows],
        "success": chain["success"],
        "tasks": chain["tasks"],
    }
    return (json.dumps(canonical, sort_keys=True, separators=(",", ":")) + "\n").encode()


def run_digest(folder):
    text = (folder / "episodes.jsonl").read_text()
    chains = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    sha = hashlib.sha256()
    for chain in sorted(chains, key=lambda chain: chain["index"]):
        sha.update(digest_line(folder, chain))
    return sha.hexdigest()


def main(folders):
    if not folders or folders[0] in ("-h", "--help"):
        print(__doc__, file=sys.stderr)
        return 2
    status = 0
    for folder in map(Path, folders):
        try:
            computed = run_digest(folder)
            recorded = json.loads((folder / "summary.json").read_text())["digest"]
        except (OSError, ValueError, KeyError, struct.error) as error:
            print(f"{folder}: {error}", file=sys.stderr)
            return 2
        equal = computed == recorded
        print(f"{folder}: {computed} {'equals' if equal else 'differs from'} summary.json" +
              ("" if equal else f", which has {recorded}"))
        status = status or (0 if equal else 1)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Writing a checkpoint folder: there whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

from deerbench._core import Error
from deerbench.convert.sources import Tensors

_TYPE_NAMES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
INDEX = "model.safetensors.index.json"


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into, which gets its name when all is written; nothing is left if that fails."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise Error(f"out: '{out}' is there, expected a new or empty folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        pending = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise Error(f"out: '{out}': {error.strerror}") from None
    try:
        yield pending
        pending.chmod(0o755)
        _sync(pending)
        pending.rename(out)
        _sync(out.parent)
    except OSError as error:
        raise Error(f"out: '{out}': {error.strerror}") from None
    finally:
        shutil.rmtree(pending, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """A text, on the disk when this returns."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_weights(folder: Path, tensors: Tensors, dtype: torch.dtype, shard_bytes: int) -> str:
    """Tensors in name order as model.safetensors, or as shards with an index if they take more than ``shard_bytes``.

    Returns what summaries call the weights by: the file's SHA-256, or, with shards, that of the output of
    ``sha256sum model-*.safetensors model.safetensors.index.json``.
    """
    shards: list[dict[str, int]] = [{}]  # bytes by name
    for name in sorted(tensors):
        size = tensors[name].numel() * dtype.itemsize
        if shards[-1] and sum(shards[-1].values()) + size > shard_bytes:
            shards.append({})
        shards[-1][name] = size
    if len(shards) == 1:
        return _write_safetensors(folder / "model.safetensors", tensors, shards[0], dtype)
    lines, weight_map = "", {}
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        lines += f"{_write_safetensors(folder / file, tensors, shard, dtype)}  {file}\n"
        weight_map |= dict.fromkeys(shard, file)
    total = sum(size for shard in shards for size in shard.values())
    index = json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}, indent=1) + "\n"
    write_text(folder / INDEX, index)
    lines += f"{hashlib.sha256(index.encode()).hexdigest()}  {INDEX}\n"
    return hashlib.sha256(lines.encode()).hexdigest()


def _write_safetensors(path: Path, tensors: Tensors, sizes: Mapping[str, int], dtype: torch.dtype) -> str:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, size in sizes.items():
        shape = list(tensors[name].shape)
        header[name] = {"dtype": _TYPE_NAMES[dtype], "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # tensors start aligned
    digest = hashlib.sha256()
    with open(path, "wb") as file:

        def write(data: bytes | memoryview) -> None:
            file.write(data)
            digest.update(data)

        write(struct.pack("<Q", len(text)) + text)
        for name in sizes:
            write(memoryview(_plain(tensors[name], dtype).view(torch.uint8).numpy()))
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _plain(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return tensor.detach().to(dtype).contiguous().reshape(-1)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

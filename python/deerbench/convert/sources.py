"""Tensors out of files that others wrote: PyTorch pickles and safetensors, single or sharded."""

from __future__ import annotations

import json
import mmap
import pickle
import struct
import warnings
from pathlib import Path
from typing import Any

import torch

from deerbench._core import Error

Tensors = dict[str, torch.Tensor]

# Where training scripts put the weights, outermost first.
_WRAPPINGS = ("model_state_dict", "state_dict")
# What Hugging Face folders call them.
_INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_SINGLES = ("model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin", "open_clip_pytorch_model.bin")

_SAFETENSORS_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def read_pickle(path: Path) -> dict[str, Any]:
    """What ``torch.save`` wrote, if that is tensors and plain values; memory-mapped where the file's format allows."""
    refused = f"{path}: refused: "
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is refused below
            content = _load(path)
    except FileNotFoundError:
        raise Error(f"{path}: missing") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError, KeyError, AttributeError) as error:
        if "TorchScript" in str(error):
            raise Error(f"{refused}a TorchScript program, expected a state dict: save its state_dict() first") from None
        raise Error(f"{refused}{_first_line(error)}, expected tensors and plain values, as torch.save writes") from None
    if not isinstance(content, dict):
        raise Error(f"{refused}holds a {type(content).__name__}, expected a dictionary")
    return content


def _load(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as error:  # files before torch 1.6 cannot be mapped
        if "mmap" not in str(error):
            raise
        return torch.load(path, map_location="cpu", weights_only=True)


def state_dict(content: dict[str, Any], path: Path) -> Tensors:
    """The tensors by name, without what training scripts wrap around them."""
    for key in _WRAPPINGS:
        if isinstance(content.get(key), dict):
            content = content[key]
            break
    tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    others = sorted(str(name) for name in content if name not in tensors)
    if others or not tensors:
        what = f"{', '.join(others)} beside tensors" if tensors else "no tensors"
        raise Error(f"{path}: holds {what}, expected a dictionary of tensors")
    return tensors


def read_tensors(path: Path) -> Tensors:
    """The tensors of a file, or of the folder of a Hugging Face model (all its shards)."""
    if not path.is_dir():
        if path.suffix == ".safetensors":
            return _read_safetensors(path)
        if path.name.endswith(".index.json"):
            return _read_shards(path)
        return state_dict(read_pickle(path), path)
    return read_tensors(_weights_in(path))


def files_of(path: Path) -> list[Path]:
    """The files that ``read_tensors`` opens."""
    if path.is_dir():
        return files_of(_weights_in(path))
    if path.name.endswith(".index.json"):
        return [path, *(path.parent / name for name in sorted(set(_weight_map(path).values())))]
    return [path]


def _weights_in(folder: Path) -> Path:
    for name in _INDICES + _SINGLES:
        if (folder / name).is_file():
            return folder / name
    raise Error(f"{folder}: no weights, expected model.safetensors, pytorch_model.bin or the index of their shards")


def _weight_map(index: Path) -> dict[str, str]:
    try:
        weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        if any(Path(file).name != file for file in weight_map.values()):
            raise ValueError("a shard lies in another folder")
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise Error(f"{index}: not an index of shards: {_first_line(error)}") from None
    return weight_map


def _read_shards(index: Path) -> Tensors:
    weight_map, tensors = _weight_map(index), {}
    for file in sorted(set(weight_map.values())):
        shard = read_tensors(index.parent / file)
        astray = sorted(name for name in shard if weight_map.get(name) != file)
        if astray:
            raise Error(f"{index}: '{astray[0]}' lies in {file}, expected where the index says")
        tensors |= shard
    absent = sorted(set(weight_map) - set(tensors))
    if absent:
        raise Error(f"{index}: '{absent[0]}' is missing in {weight_map[absent[0]]}")
    return tensors


def _read_safetensors(path: Path) -> Tensors:
    def broken(what: str) -> Error:
        return Error(f"{path}: not a valid safetensors file: {what}")

    try:
        with open(path, "rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)  # writable for torch, never written
    except (OSError, ValueError) as error:
        raise Error(f"{path}: {_first_line(error)}") from None
    if len(data) < 8 or (size := struct.unpack("<Q", data[:8])[0]) > len(data) - 8:
        raise broken(f"{len(data)} bytes long, shorter than its header says")
    try:
        header = json.loads(data[8 : 8 + size])
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, AttributeError):
        raise broken("its header is not a JSON object") from None
    tensors, body = {}, 8 + size
    for name, entry in entries.items():
        try:
            dtype, shape = _SAFETENSORS_TYPES[entry["dtype"]], [int(extent) for extent in entry["shape"]]
            begin, end = entry["data_offsets"]
            count = (end - begin) // dtype.itemsize
            if not 0 <= begin <= end <= len(data) - body or min(shape, default=0) < 0:
                raise ValueError("offsets outside the file")
            if count == 0:
                tensors[name] = torch.empty(shape, dtype=dtype)
            elif (body + begin) % dtype.itemsize == 0:
                tensors[name] = torch.frombuffer(data, dtype=dtype, count=count, offset=body + begin).reshape(shape)
            else:  # some writers leave tensors unaligned
                piece = bytearray(data[body + begin : body + end])
                tensors[name] = torch.frombuffer(piece, dtype=dtype).reshape(shape)
            if tensors[name].nbytes != end - begin:
                raise ValueError("bytes that are not of its shape and dtype")
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise broken(f"tensor '{name}': {_first_line(error)}") from None
    return tensors


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).strip().splitlines()[0]

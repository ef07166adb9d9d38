"""The merge: a DeeR .pth, CLIP, and where needed OpenFlamingo and MPT, as one checkpoint folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from deerbench._core import Error
from deerbench.convert.config import exit_layers, find_layout, make_config, read_options
from deerbench.convert.names import (
    agent_name,
    clip_name,
    collapse,
    merge_aliases,
    mpt_name,
    renumber_heads,
    spells_mpt_7b,
)
from deerbench.convert.shapes import Layout, expected_shape, read_sizes, symbolic_shapes
from deerbench.convert.sources import Tensors, files_of, read_pickle, read_tensors, state_dict
from deerbench.convert.tokenizer import extend_tokenizer
from deerbench.convert.writing import new_folder, write_text, write_weights

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
_TRAINING_HEADS = ("lm_head.", "lm_exit_modules.")
# Filtered out of every .pth and never used: the official language model applies no last norm.
_LAST_NORM = "lang_encoder.transformer.ln_f.weight"


@dataclass(frozen=True)
class Sources:
    """Files that others wrote. A tensor that several of them have is taken from the first here that has it."""

    checkpoint: Path  #: the DeeR .pth
    openflamingo: Path | None = None
    mpt: Path | None = None  #: a file, or a Hugging Face folder
    clip: Path | None = None  #: open_clip's state dict: a file, or a Hugging Face folder

    def given(self) -> dict[str, Path]:
        """Those that there are, by option."""
        return {key: path for key, path in vars(self).items() if path is not None}


@dataclass(frozen=True)
class Conversion:
    """What a conversion came to."""

    folder: Path
    config: dict[str, Any]
    tensors: int
    parameters: int
    weights_sha256: str
    calibrated: bool  #: whether the .pth held differences that thresholds can be solved from
    filled: tuple[str, ...]  #: tensors that no file had and nothing uses


def convert_checkpoint(
    sources: Sources,
    tokenizer: str | os.PathLike[str],
    out: str | os.PathLike[str],
    train_scenes: str,
    *,
    name: str | None = None,
    dtype: str = "float32",
    shard_mib: int = 4096,
    training_heads: bool = False,
    changes: Sequence[str] = (),
) -> Conversion:
    """Writes a checkpoint folder from official files.

    Args:
        sources: the weights
        tokenizer: the language model's tokenizer.json, or a folder with one
        out: the folder to write, new or empty
        train_scenes: letters of the scenes that the checkpoint was trained in: no file says them
        name: of the checkpoint; by default the folder's
        dtype: of the stored weights: float32, float16 or bfloat16
        shard_mib: largest size of a file of weights
        training_heads: keep the heads that only training uses
        changes: "key=value" for fields of config.json that no tensor tells, such as "language.heads=16"

    Raises:
        Error: whatever does not fit, each tensor by its name. Then ``out`` is as it was before.
    """
    out = Path(out)
    scenes = sorted(set(train_scenes))
    if not scenes or any(letter not in "ABCD" for letter in scenes) or len(scenes) != len(train_scenes):
        raise Error(f"train_scenes: '{train_scenes}', expected letters A to D, such as ABC")
    if dtype not in DTYPES:
        raise Error(f"dtype: '{dtype}', expected {' or '.join(DTYPES)}")
    if shard_mib < 1:
        raise Error(f"shard_mib: {shard_mib}, expected at least 1")
    text, tokens, token_count = extend_tokenizer(Path(tokenizer))
    content = read_pickle(sources.checkpoint)
    options = read_options(content, str(sources.checkpoint))
    tensors, spelled, mpt_7b = _gather(sources, content, options)
    layout = find_layout(tensors, options, str(sources.checkpoint), training_heads)
    tensors, sizes, filled = _select(tensors, spelled, layout, DTYPES[dtype])
    config = make_config(name or out.name, layout, sizes, options, tokens, mpt_7b, changes)
    if token_count > sizes["V"]:
        raise Error(f"{tokenizer}: {token_count} tokens with the special ones, expected at most {sizes['V']}: "
                    "lang_encoder.transformer.wte.weight has no more rows")
    differences = _differences(content, options, layout, str(sources.checkpoint))

    with new_folder(out) as folder:
        sha256 = write_weights(folder, tensors, DTYPES[dtype], shard_mib << 20)
        write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
        write_text(folder / "tokenizer.json", text)
        metadata = _metadata(config["name"], scenes, sources, content, dtype, filled)
        write_text(folder / "metadata.json", json.dumps(metadata, indent=2) + "\n")
        if differences is not None:
            calibration = {
                "schema": "deerbench.calibration/1",
                "checkpoint_sha256": sha256,
                "source": f"values in {sources.checkpoint.name}",
                "exit_layers": exit_layers(layout.layers, options["exit_interval"]),
                "differences": differences,
            }
            write_text(folder / "calibration.json", json.dumps(calibration) + "\n")
    return Conversion(
        folder=out.resolve(),
        config=config,
        tensors=len(tensors),
        parameters=sum(tensor.numel() for tensor in tensors.values()),
        weights_sha256=sha256,
        calibrated=differences is not None,
        filled=filled,
    )


def _gather(
    sources: Sources, content: dict[str, Any], options: dict[str, Any]
) -> tuple[Tensors, dict[str, str], bool]:
    """All tensors by their one name; by that, how the .pth spells it; whether the language model is MPT-7B."""
    weights = _weights(content, sources.checkpoint)
    mpt_7b = spells_mpt_7b(weights)
    tensors = merge_aliases(
        ((agent_name(name), tensor) for name, tensor in weights.items()), str(sources.checkpoint)
    )
    spelled = {agent_name(name): name for name in reversed(weights)}
    if options["dropout_mode"] == "wo_last":
        tensors = renumber_heads(tensors)
    layers = options["early_exit_layer"] + 1
    for option, rename in (("openflamingo", agent_name), ("mpt", mpt_name), ("clip", clip_name)):
        path = getattr(sources, option)
        if path is None:
            continue
        read = read_tensors(path)
        mpt_7b = mpt_7b or spells_mpt_7b(read)
        pairs = ((rename(name), tensor) for name, tensor in read.items())
        found = merge_aliases(((name, tensor) for name, tensor in pairs if name is not None), str(path))
        if not found:
            raise Error(f"{option}: '{path}' holds none of an agent's tensors")
        if layers <= 0:  # the .pth says which layers are kept only by having them
            layers = 1 + max((_layer(name) for name in tensors), default=-1)
        tensors |= {name: t for name, t in found.items() if name not in tensors and (not layers or _layer(name) < layers)}
    return tensors, spelled, mpt_7b


def _weights(content: dict[str, Any], path: Path) -> Tensors:
    if isinstance(content.get("model_state_dict"), dict):
        return state_dict(content, path)
    return state_dict({name: value for name, value in content.items() if isinstance(value, torch.Tensor)}, path)


def _layer(name: str) -> int:
    """Of the language model, from 0; -1 for what lies in none."""
    prefix = "lang_encoder.transformer.blocks."
    number = name[len(prefix) :].partition(".")[0] if name.startswith(prefix) else ""
    return int(number) if number.isdigit() else -1


def _select(
    tensors: Tensors, spelled: dict[str, str], layout: Layout, dtype: torch.dtype
) -> tuple[Tensors, dict[str, int], tuple[str, ...]]:
    """What the agent needs, and its sizes. Raises one Error that names whatever does not fit."""
    if not layout.training_heads:
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(_TRAINING_HEADS)}
    shapes = symbolic_shapes(layout)
    sizes = read_sizes(shapes, tensors)
    filled: tuple[str, ...] = ()
    if _LAST_NORM not in tensors and "d" in sizes:
        tensors = {**tensors, _LAST_NORM: torch.ones(sizes["d"])}
        filled = (_LAST_NORM,)
    missing = [name for name in shapes if name not in tensors]
    extra = [spelled.get(name, name) for name in tensors if name not in shapes]
    misshapen, unusable = [], []
    for name in shapes:
        if name not in tensors:
            continue
        found, expected = tuple(tensors[name].shape), expected_shape(shapes[name], sizes)
        if found != expected:
            misshapen.append(f"{name} is {_shape(found)}, expected {_shape(expected)}")
        elif not tensors[name].is_floating_point():
            unusable.append(f"{name} is {tensors[name].dtype}, expected floating point")
        elif not tensors[name].to(dtype).isfinite().all():
            unusable.append(f"{name} is not finite as {dtype}")
    problems = [
        f"{what}: {collapse(names)}"
        for what, names in (
            ("missing", missing),
            ("unexpected", extra),
            ("of another shape", misshapen),
            ("of no use", unusable),
        )
        if names
    ]
    if problems:
        raise Error(f"tensors do not fit an agent: {'; '.join(problems)}")
    return {name: tensors[name] for name in shapes}, sizes, filled


def _shape(shape: Iterable[int | str]) -> str:
    return f"({', '.join(map(str, shape))})"


def _differences(
    content: dict[str, Any], options: dict[str, Any], layout: Layout, path: str
) -> list[list[float]] | None:
    """How much actions changed at every exit, which a .pth keeps once thresholds were solved with it."""
    values = content.get("values")
    if values is None:
        return None
    exits = len(exit_layers(layout.layers, options["exit_interval"]))
    good = isinstance(values, torch.Tensor) and values.dim() == 2 and values.is_floating_point() and values.shape[1] > 0
    if not good or values.shape[0] < exits or not values.isfinite().all():
        what = _shape(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
        raise Error(f"{path}: values: {what}, expected finite numbers in at least {exits} rows, one an exit")
    return values[:exits].float().tolist()  # the official code ignores further rows, too


def _metadata(
    name: str, scenes: list[str], sources: Sources, content: dict[str, Any], dtype: str, filled: tuple[str, ...]
) -> dict[str, Any]:
    said = {key: content[key] for key in ("epoch", "precision", "multi_exit", "share_exit") if key in content}
    return {
        "name": name,
        "train_scenes": scenes,
        "env_version": "calvin",
        "converted": {
            "files": {
                option: {file.name: _sha256(file) for file in files_of(path)} for option, path in sources.given().items()
            },
            "said": {key: value for key, value in said.items() if isinstance(value, (bool, int, float, str))},
            "dtype": dtype,
            "filled": list(filled),
        },
    }


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()

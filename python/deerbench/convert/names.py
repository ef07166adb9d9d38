"""One name a tensor: the official code knows many of its tensors under several names.

The language model's layers hang in the module tree twice, wrapped with their cross-attention and as they were before.
The official filter drops a frozen parameter's first name only, so that its second one is what a .pth has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import torch

from deerbench._core import Error
from deerbench.convert.sources import Tensors

_BLOCKS = "lang_encoder.transformer.blocks."

# The same tensors elsewhere in the module tree.
_ALIASES = [
    (re.compile(r"^lang_encoder\.old_decoder_blocks\.(\d+)\."), _BLOCKS + r"\1.decoder_layer."),
    (re.compile(r"^lang_encoder\.gated_cross_attn_layers\.(\d+)\."), _BLOCKS + r"\1.gated_cross_attn_layer."),
]
# MPT-7B's parts are called otherwise than MPT-1B's (llm-foundry's blocks, mosaicml/examples' blocks).
_MPT_7B = [
    (re.compile(r"(\.decoder_layer|^transformer\.blocks\.\d+)\.norm_([12])\."), r"\1.ln_\2."),
    (re.compile(r"(\.decoder_layer|^transformer\.blocks\.\d+)\.ffn\.(up|down)_proj\."), r"\1.mlp.mlp_\2."),
    (re.compile(r"^((lang_encoder\.)?transformer)\.norm_f\."), r"\1.ln_f."),
]
_HEAD = re.compile(r"^((?:lm_head|extra_exit|lm_exit_modules\.\d+)\.(?:actions|gripper)\.mlp)\.(\d+)\.(weight|bias)$")


def spells_mpt_7b(names: Iterable[str]) -> bool:
    """Whether these names, of any file, call the language model's parts as MPT-7B does."""

    def spelled(name: str) -> str:
        name = name.removeprefix("module.")
        for pattern, replacement in _ALIASES:
            name = pattern.sub(replacement, name)
        return name

    return any(pattern.search(spelled(name)) for name in names for pattern, _ in _MPT_7B)


def agent_name(name: str) -> str:
    """A name of a .pth, or of OpenFlamingo's file, as our model has it."""
    name = name.removeprefix("module.")
    for pattern, replacement in _ALIASES + _MPT_7B:
        name = pattern.sub(replacement, name)
    return name


def clip_name(name: str) -> str | None:
    """A name of an open_clip state dict; None for the text tower, which has no place in an agent."""
    name = name.removeprefix("module.")
    return "vision_encoder." + name if name.startswith("visual.") else None


def mpt_name(name: str) -> str | None:
    """A name of a Hugging Face MPT; None for its output layer."""
    for pattern, replacement in _MPT_7B:
        name = pattern.sub(replacement, name)
    if not name.startswith("transformer."):
        return None
    return "lang_encoder." + re.sub(r"^transformer\.blocks\.(\d+)\.", r"transformer.blocks.\1.decoder_layer.", name)


def merge_aliases(pairs: Iterable[tuple[str, torch.Tensor]], source: str) -> Tensors:
    """Tensors by one name each. Names of one tensor must agree: nobody could say which of two is meant."""
    tensors: Tensors = {}
    contradicting = []
    for name, tensor in pairs:
        before = tensors.setdefault(name, tensor)
        if before is not tensor and not _equal(before, tensor):
            contradicting.append(name)
    if contradicting:
        raise Error(f"{source}: different tensors under two names of one: {collapse(contradicting)}")
    return tensors


def _equal(a: torch.Tensor, b: torch.Tensor) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return a.data_ptr() == b.data_ptr() or torch.equal(a, b)


def renumber_heads(tensors: Tensors) -> Tensors:
    """Heads of ``dropout_mode`` 'wo_last' under the numbers that 'last' has.

    The oldest heads come in three layouts that differ in where dropout stands; what they compute when acting is the
    same chain of matrices, with or without norms between.
    """
    indices: dict[str, set[int]] = {}
    for name in tensors:
        if match := _HEAD.match(name):
            indices.setdefault(match[1], set()).add(int(match[2]))
    numbers: dict[tuple[str, int], int] = {}
    for mlp, found in indices.items():
        next_linear = 0
        ordered = sorted(found)
        for index in ordered:
            weight = tensors.get(f"{mlp}.{index}.weight")
            if weight is not None and weight.dim() == 1:  # a norm, right behind its matrix
                numbers[mlp, index] = max(next_linear - 2, 0)
            elif index == ordered[-1]:
                numbers[mlp, index] = next_linear + 1 if next_linear else 0  # behind the one dropout
            else:
                numbers[mlp, index] = next_linear
                next_linear += 3  # matrix, norm or nothing, ReLU

    def renamed(name: str) -> str:
        match = _HEAD.match(name)
        return f"{match[1]}.{numbers[match[1], int(match[2])]}.{match[3]}" if match else name

    return {renamed(name): tensor for name, tensor in tensors.items()}


def collapse(names: Iterable[str]) -> str:
    """Every name, those that differ in their first number only as one: ``layers.{0-5}.norm.weight``."""
    groups: dict[tuple[str, str], list[int]] = {}
    alone = []
    for name in names:
        if match := re.match(r"(.*?\.)(\d+)(\..*|:.*| .*)$", name, re.DOTALL):
            groups.setdefault((match[1], match[3]), []).append(int(match[2]))
        else:
            alone.append(name)
    for (head, tail), numbers in groups.items():
        alone.append(head + _ranges(sorted(set(numbers))) + tail)
    return ", ".join(alone)


def _ranges(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return str(numbers[0])
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return "{" + ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs) + "}"

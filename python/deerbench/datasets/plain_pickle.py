"""Reads object arrays of ``numpy.save`` without running anything that is in them.

A pickle may name any function for its reader to call. Here a handful of names is understood, each by a stand-in of our
own: numpy arrays, their types and scalars. Everything else is refused by name.
"""

from __future__ import annotations

import math
import os
import pickle
import re
from typing import Any

import numpy as np

from deerbench._core import Error

_DTYPE = re.compile(r"b1|[iu][1248]|f[248]|O8?|[US][0-9]{1,6}")


class _Type:
    """Stands in for numpy.dtype."""

    def __init__(self, code: str, align: bool = False, copy: bool = True) -> None:
        if not isinstance(code, str) or not _DTYPE.fullmatch(code):
            raise pickle.UnpicklingError(f"arrays of type {code!r} are not allowed")
        self._code, self._order = code, "<"

    def __setstate__(self, state: tuple) -> None:
        _, order, subtype, names, fields = state[:5]
        if order not in ("<", ">", "|", "=") or any(x is not None for x in (subtype, names, fields)):
            raise pickle.UnpicklingError("structured arrays are not allowed")
        self._order = order

    def numpy(self) -> np.dtype:
        return np.dtype(self._order + self._code) if self._code[0] in "iufU" else np.dtype(self._code)


class _Array:
    """Stands in for numpy.ndarray."""

    value: np.ndarray | None = None
    elements: list | None = None  # of an array of objects
    shape: tuple[int, ...] = ()

    def __setstate__(self, state: tuple) -> None:
        shape, kind, fortran, data = state[-4:]
        if not isinstance(kind, _Type) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise pickle.UnpicklingError("an array's description is damaged")
        self.shape, count = tuple(shape), math.prod(shape)
        if kind.numpy().hasobject:
            if not isinstance(data, list) or len(data) != count:
                raise pickle.UnpicklingError("an array of objects has another size than it says")
            self.elements = data
        else:
            if not isinstance(data, bytes) or len(data) != count * kind.numpy().itemsize:
                raise pickle.UnpicklingError("an array has another size than it says")
            flat = np.frombuffer(data, kind.numpy()) if count else np.empty(0, kind.numpy())
            self.value = flat.reshape(self.shape, order="F" if fortran else "C")


def _make_array(kind: type, shape: tuple, code: Any) -> _Array:
    if kind is not _Array:
        raise pickle.UnpicklingError("an array's description is damaged")
    return _Array()


def _make_scalar(kind: _Type, data: bytes) -> np.generic:
    if not isinstance(kind, _Type) or not isinstance(data, bytes) or kind.numpy().hasobject:
        raise pickle.UnpicklingError("a number's description is damaged")
    return np.frombuffer(data, kind.numpy(), 1)[0]


def _make_bytes(text: str = "", encoding: str = "latin1") -> bytes:
    """How old pickles hold bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r} is not allowed")
    return text.encode("latin1")


class _Call:
    """A function that a pickle can call and not alter."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("alters a function")


_KNOWN = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Call(_make_array),
    ("numpy.core.multiarray", "scalar"): _Call(_make_scalar),
    ("numpy._core.multiarray", "_reconstruct"): _Call(_make_array),
    ("numpy._core.multiarray", "scalar"): _Call(_make_scalar),
    ("_codecs", "encode"): _Call(_make_bytes),
    ("__builtin__", "bytes"): _Call(_make_bytes),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"names {module}.{name}, expected nothing but plain numpy arrays, dicts, lists, tuples, strings and "
                "numbers"
            ) from None


def _resolve(value: Any, known: dict[int, Any]) -> Any:
    """Replaces stand-ins; what is referred to twice is done once."""
    if isinstance(value, (str, bytes, int, float, np.generic)) or value is None:
        return value
    if id(value) in known:
        return known[id(value)]
    if isinstance(value, dict):
        result: Any = {_resolve(k, known): _resolve(v, known) for k, v in value.items()}
    elif isinstance(value, (list, tuple)):
        result = type(value)(_resolve(v, known) for v in value)
    elif isinstance(value, _Array) and value.elements is not None:
        result = np.empty(len(value.elements), object)
        for i, element in enumerate(value.elements):
            result[i] = _resolve(element, known)
        result = result.reshape(value.shape)
    elif isinstance(value, _Array) and value.value is not None:
        result = value.value
    else:
        raise pickle.UnpicklingError(f"holds a {type(value).__name__}, which is not allowed")
    known[id(value)] = result
    return result


def load_object(path: str | os.PathLike[str]) -> Any:
    """What ``numpy.save`` was given, if that is made of plain numpy arrays, dicts, lists, tuples, strings and numbers.

    Raises:
        Error: naming the file and what is wrong with it.
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            if version not in header:
                raise ValueError(f"numpy file format {version}, expected 1.0 or 2.0")
            shape, _, dtype = header[version](file)
            if not dtype.hasobject:
                raise ValueError(f"is an array of {dtype}, expected a pickled object")
            value = _resolve(_Unpickler(file).load(), {})
    except FileNotFoundError:
        raise Error(f"{name}: no such file") from None
    except Exception as error:  # whatever a damaged file makes numpy and pickle raise
        raise Error(f"{name}: cannot be read: {error or type(error).__name__}") from None
    if isinstance(value, np.ndarray) and value.dtype.hasobject and value.shape == ():
        return value.item()
    return value

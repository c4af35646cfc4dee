"""Frozen dataclasses as schemas: what JSON or TOML holds is checked against them and read.

Stories and profiles are read with it. Unknown fields, missing fields and wrong types are errors
that name the place, so that a typing slip in a profile or a damaged story is reported instead of
half-obeyed.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from core.errors import StudioError

_T = TypeVar("_T")
_SCALARS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def read_dataclass(cls: type[_T], data: object, where: str, error: type[StudioError]) -> _T:
    """Build the dataclass `cls` from a mapping; nested dataclasses, tuples and unions are followed.

    Args:
        cls: a dataclass.
        data: what a JSON or TOML reader returned; dataclasses in it that are read already stay.
        where: name of the place, for messages ("story", "story.events[2]").
        error: the exception class raised for anything that does not fit.
    """
    if not isinstance(data, Mapping):
        raise error(f"{where} should be a table of named values, not {_kind(data)}.")
    hints = _type_hints(typing.cast(Hashable, cls))
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(str(key) for key in data if key not in fields)
    if unknown:
        raise error(f"{where} has the unknown field {unknown[0][:60]!r}; remove or rename it.")
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _value(hints[name], data[name], f"{where}.{name}", error)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise error(f"{where} lacks the field {name!r}; add it.")
    return cls(**values)


def read_field(cls: type, name: str, data: object, where: str, error: type[StudioError]) -> Any:
    """One field of the dataclass `cls` from plain data, as `read_dataclass` reads it."""
    hints = _type_hints(cls)
    if name not in hints:
        raise error(f"{where} has the unknown field {name[:60]!r}; remove or rename it.")
    return _value(hints[name], data, f"{where}.{name}", error)


@functools.cache
def _type_hints(cls: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(hint: Any, data: object, where: str, error: type[StudioError]) -> Any:
    if hint in _SCALARS:
        return _scalar(hint, data, where, error)
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if isinstance(data, hint):
            return data
        return read_dataclass(hint, data, where, error)
    if origin is tuple:
        return _items(hint, data, where, error)
    if origin in (types.UnionType, typing.Union):
        if data is None and type(None) in typing.get_args(hint):
            return None
        inner = next(a for a in typing.get_args(hint) if a is not type(None))
        return _value(inner, data, where, error)
    if origin is typing.Literal:
        if data not in typing.get_args(hint):
            choices = ", ".join(map(str, typing.get_args(hint)))
            raise error(f"{where} should be one of {choices}.")
        return data
    return _scalar(hint, data, where, error)


def _items(hint: Any, data: object, where: str, error: type[StudioError]) -> tuple[Any, ...]:
    if not isinstance(data, (list, tuple)):
        raise error(f"{where} should be a list, not {_kind(data)}.")
    hints = typing.get_args(hint)
    if hints[-1] is Ellipsis:
        hints = (hints[0],) * len(data)
    elif len(hints) != len(data):
        raise error(f"{where} should hold {len(hints)} values, not {len(data)}.")
    return tuple(
        _value(h, item, f"{where}[{i}]", error)
        for i, (h, item) in enumerate(zip(hints, data, strict=True))
    )


def _scalar(hint: Any, data: object, where: str, error: type[StudioError]) -> Any:
    if hint is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        try:
            number = float(data)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise error(f"{where} should be an ordinary number.")
        return number
    if hint is int and isinstance(data, bool):
        raise error(f"{where} should be a whole number, not true or false.")
    if not isinstance(data, hint):
        wanted = _SCALARS.get(hint, hint.__name__)
        raise error(f"{where} should be {wanted}, not {_kind(data)}.")
    return data


def _kind(data: object) -> str:
    names = {dict: "a table", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(data), "nothing" if data is None else "a number")

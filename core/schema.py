"""Frozen dataclasses as schemas: what JSON or TOML holds is checked against them and read.

Stories and profiles are read with it, and so is what the page and other programs hand in. Unknown
fields, missing fields and wrong types are errors that name the place, so that a typing slip in a
profile or a damaged story is reported instead of half-obeyed. Text that is read can be written as
UTF-8, whole numbers have at most 64 bits, other numbers are finite, and nothing is nested deep.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import re
import types
import typing
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from core.errors import StudioError

_T = TypeVar("_T")
_SCALARS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
LARGEST_WHOLE = 2**63 - 1
"""Of whole numbers, which generators and files hold in 64 bits."""
MOST_DEPTH = 32
"""Lists and tables within one another in plain data; a story has six."""
MOST_VALUES = 500_000
"""Values in one file; a story with as many takes as it may hold has a fifth of that. Each is some
two hundred bytes of memory, be it two bytes of file."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


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


def read_value(hint: Any, data: object, where: str, error: type[StudioError]) -> Any:
    """A value of one type from plain data, as `read_dataclass` reads the fields.

    Args:
        hint: a type as it stands in an annotation: text, numbers, lists, tables, choices,
            dataclasses, or Any of these.
    """
    return _value(hint, data, where, error)


def parse_json(text: str) -> Any:
    """What a file of JSON holds.

    Raises:
        ValueError: it is no JSON, is nested too deep for Python, or holds more than `MOST_VALUES`.
    """
    if len(text) > 2 * MOST_VALUES:  # a value and a comma have two characters
        outside = _STRING.sub("", text)
        if sum(map(outside.count, ",[{")) > MOST_VALUES:
            raise ValueError("too many values")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def is_writable(text: str) -> bool:
    """Whether a text can be written as UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@functools.cache
def _type_hints(cls: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(hint: Any, data: object, where: str, error: type[StudioError]) -> Any:
    if hint in _SCALARS:
        return _scalar(hint, data, where, error)
    if hint is Any:
        return _plain(data, where, error)
    origin = typing.get_origin(hint)
    if origin is list:
        return list(_items((typing.get_args(hint)[0], Ellipsis), data, where, error))
    if origin is dict:
        return _named_values(typing.get_args(hint)[1], data, where, error)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if isinstance(data, hint):
            return data
        return read_dataclass(hint, data, where, error)
    if origin is tuple:
        return _items(typing.get_args(hint), data, where, error)
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


def _named_values(hint: Any, data: object, where: str, error: type[StudioError]) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise error(f"{where} should be a table of named values, not {_kind(data)}.")
    return {
        _scalar(str, name, f"A name in {where}", error): _value(
            hint, value, f"{where}.{str(name)[:60]}", error
        )
        for name, value in data.items()
    }


def _plain(data: object, where: str, error: type[StudioError], depth: int = MOST_DEPTH) -> Any:
    """Data of any form, as JSON has them: what stands in them is checked, their form is not."""
    if not depth:
        raise error(f"{where} is nested too deep; send it in a simpler form.")
    if isinstance(data, Mapping):
        return {
            _scalar(str, name, f"A name in {where}", error): _plain(value, where, error, depth - 1)
            for name, value in data.items()
        }
    if isinstance(data, (list, tuple)):
        return [_plain(item, where, error, depth - 1) for item in data]
    if data is None or isinstance(data, bool):
        return data
    kind = next((kind for kind in (str, int, float) if isinstance(data, kind)), None)
    if kind is None:
        raise error(f"{where} holds something that is neither text nor a number.")
    return _scalar(kind, data, where, error)


def _items(
    hints: tuple[Any, ...], data: object, where: str, error: type[StudioError]
) -> tuple[Any, ...]:
    if not isinstance(data, (list, tuple)):
        raise error(f"{where} should be a list, not {_kind(data)}.")
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
    if isinstance(data, str) and not is_writable(data):
        raise error(f"{where} holds a broken character; type it again.")
    if isinstance(data, int) and abs(data) > LARGEST_WHOLE:
        raise error(f"{where} is a number of more than 64 bits; choose a smaller one.")
    return data


def _kind(data: object) -> str:
    names = {dict: "a table", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(data), "nothing" if data is None else "a number")

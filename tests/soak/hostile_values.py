"""Hostile values: what no person types, put anywhere into what comes in."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

DEEP = 3000
"""Lists within one another; Python's own reader of JSON gives up at a thousand."""


def deep() -> Any:
    """A list within a list, and so on."""
    nested: Any = []
    for _ in range(DEEP):
        nested = [nested]
    return nested


VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 50, 0.0, -0.5, 1e9, 1e15, 1e308, -1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"), 2**31, 2**63, -(2**63), 10**30, 10**400,
    "", " ", "\ud800", "a\udfffb", "\x00", "\u202e", "x" * 500, "y" * 50_000, "9" * 5000, "1e400",
    "nan", "-1", "1,5", "٣", "²", "../../etc/passwd", "~nobody", "a/b", "con", "e1", "tiny",
    "http://[", "<script>", "{}", "%s%n", "💥" * 300,
    [], {}, [[]], [None], ["e1"], ["e1", "e1"], {"e1": 1}, {"\ud800": "\ud800"}, [1, "a", {}],
    {"id": []}, ["x"] * 2000, {"name": "act"},
)  # fmt: skip
"""Of every type, at and beyond every border, in the forms in which JSON brings them."""


def value(dice: random.Random) -> Any:
    """One of them, sometimes nested deep."""
    return deep() if dice.random() < 0.01 else copy.deepcopy(dice.choice(VALUES))


def spoilt(data: Any, dice: random.Random, changes: int = 1) -> Any:
    """Plain data with so many hostile changes: values, types, names, lengths, order."""
    data = copy.deepcopy(data)  # before anything is nested so deep that it cannot be
    for _ in range(changes):
        data = _changed(data, dice)
    return data


def _changed(data: Any, dice: random.Random) -> Any:
    place, parents = data, []
    while isinstance(place, (dict, list)) and place and dice.random() < 0.85:
        key = dice.choice(list(place)) if isinstance(place, dict) else dice.randrange(len(place))
        parents.append((place, key))
        place = place[key]
    if not parents:
        return value(dice)
    holder, key = parents[-1]
    way = dice.randrange(6)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[str(dice.choice(["extra", "\ud800", "", "id", "takes"]))] = value(dice)
    elif way == 1:
        holder.insert(key, dice.choice(holder))
    elif way == 2 and isinstance(place, (int, float)) and not isinstance(place, bool):
        holder[key] = place * dice.choice([-1, 10, 10**6, 10**200] + [0.001] * (abs(place) < 1e300))
    elif way == 2 and isinstance(place, str):
        cut = dice.randrange(len(place) + 1)
        holder[key] = place[:cut] + dice.choice(["\ud800", "\x00", "z" * 5000, ""]) + place[cut:]
    else:
        holder[key] = value(dice)
    return data


def written(data: Any, dice: random.Random) -> str:
    """The data as JSON text, now and then with bytes changed, cut off or nested without end."""
    try:
        text = json.dumps(data)
    except (RecursionError, ValueError):
        text = "[" * 10 * DEEP
    chance = dice.random()
    if chance < 0.1:
        place = dice.randrange(len(text) + 1)
        text = text[:place] + dice.choice(["[" * 100_000, "9" * 5000, '"', "\\ud800", "}"])
        return text
    if chance < 0.2:
        return text[: dice.randrange(len(text) + 1)]
    if chance < 0.3:
        place = dice.randrange(len(text) + 1)
        return text[:place] + chr(dice.randrange(1, 256)) + text[place + 1 :]
    return text

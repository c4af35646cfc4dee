"""How long each event of a story lasts: spot sounds stay short, textures take the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.corpus.vocabulary import Kind

LONGEST_EVENT = 30.0
"""The performer renders at most this many seconds in one piece."""


@dataclass(frozen=True)
class _Span:
    """Natural length of an event in seconds: shortest, usual, longest."""

    shortest: float
    usual: float
    longest: float


def natural_span(kind: Kind, seconds: tuple[float, float]) -> _Span:
    low, high = max(1.0, seconds[0]), min(seconds[1], LONGEST_EVENT)
    usual = min(high, max(low, 8.0)) if kind == "texture" else round((2 * low + high) / 3 * 2) / 2
    return _Span(low, usual, high)


def _fill(lengths: list[float], limits: Sequence[float], spare: float) -> float:
    """Raises lengths towards their limits in proportion to the room; returns what is left over."""
    room = [max(0.0, limit - length) for length, limit in zip(lengths, limits, strict=True)]
    if spare <= 0 or sum(room) == 0:
        return spare
    share = min(1.0, spare / sum(room))
    for i, free in enumerate(room):
        lengths[i] += share * free
    return spare - share * sum(room)


def _on_grid(lengths: Sequence[float], total: float, step: float) -> list[float]:
    """Rounds to multiples of the step, at least 1 s each, keeping the sum (largest remainder)."""
    least = math.ceil(1 / step)
    units = [max(least, math.floor(length / step + 1e-9)) for length in lengths]
    missing = round(total / step) - sum(units)
    by_remainder = sorted(range(len(units)), key=lambda i: units[i] - lengths[i] / step)
    for k in range(missing):
        units[by_remainder[k % len(units)]] += 1
    while missing < 0:
        units[max(range(len(units)), key=units.__getitem__)] -= 1
        missing += 1
    return [unit * step for unit in units]


def allocate(
    total: float,
    spans: Sequence[_Span],
    kinds: Sequence[Kind],
    fixed: Mapping[int, float] | None = None,
    step: float = 0.5,
) -> list[float]:
    """Durations in seconds, multiples of `step`, which sum to `total`.

    Events start at their shortest, grow to their usual length, then textures take what is left,
    then spot sounds, and beyond that all alike. `fixed` holds lengths that the instruction gives.
    """
    fixed = fixed or {}
    free = [i for i in range(len(spans)) if i not in fixed]
    if not free:
        return [fixed[i] for i in range(len(spans))]
    spare = total - sum(fixed.values())
    lengths = [spans[i].shortest for i in free]
    if sum(lengths) >= spare:
        lengths = [length * spare / sum(lengths) for length in lengths]
    else:
        spare -= sum(lengths)
        spare = _fill(lengths, [spans[i].usual for i in free], spare)
        beds = [spans[i].longest if kinds[i] == "texture" else 0.0 for i in free]
        spare = _fill(lengths, beds, spare)
        spare = _fill(lengths, [spans[i].longest for i in free], spare)
        grown = sum(lengths)
        lengths = [length * (grown + spare) / grown for length in lengths]
    placed = dict(zip(free, _on_grid(lengths, total - sum(fixed.values()), step), strict=True))
    return [fixed[i] if i in fixed else placed[i] for i in range(len(spans))]

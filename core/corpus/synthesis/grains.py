"""Clouds of short sounds: drops, bubbles, stones, claps, shards, scattered in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import signal

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.envelopes import decay
from core.corpus.synthesis.filters import bandpass
from core.corpus.synthesis.levels import peaked
from core.corpus.synthesis.sampling import Rng, Signal, between, frames, log_between, ticks

Places = npt.NDArray[np.int64]


def poisson(n: int, per_second: float | Signal, rng: Rng) -> Places:
    """Start samples of random independent events; the rate may change with time."""
    if isinstance(per_second, float | int):
        return np.sort(rng.integers(0, n, rng.poisson(per_second * n / SAMPLE_RATE)))
    peak = float(np.max(per_second))
    places = np.sort(rng.integers(0, n, rng.poisson(peak * n / SAMPLE_RATE)))
    return places[rng.random(len(places)) * peak < per_second[places]]


def scatter(n: int, places: Places, gains: Signal, bank: Sequence[Signal], rng: Rng) -> Signal:
    """Grains drawn at random from `bank`, added at `places` with `gains`."""
    longest = max(len(grain) for grain in bank)
    out = np.zeros(n + longest)
    choice = rng.integers(len(bank), size=len(places))
    for place, gain, index in zip(places.tolist(), gains.tolist(), choice.tolist(), strict=True):
        grain = bank[index]
        out[place : place + len(grain)] += gain * grain
    return out[:n]


_Made = TypeVar("_Made")


class Bank(Generic[_Made]):
    """Sounds of one kind that differ a little, each made when it is first taken.

    A short clip plays few of them, and does not wait for the others.
    """

    def __init__(self, count: int, make: Callable[[int], _Made]) -> None:
        """`count` sounds; `make` is given the number of the one that is wanted, from 0 on."""
        self.count = count
        self._make = make
        self._made: dict[int, _Made] = {}

    def __getitem__(self, index: int) -> _Made:
        if index not in self._made:
            self._made[index] = self._make(index)
        return self._made[index]

    def draw(self, rng: Rng) -> _Made:
        """Any of them."""
        return self[int(rng.integers(self.count))]


def ringing(hits: Signal, grain: Signal) -> Signal:
    """A train of impulses, each of which sounds as `grain` at the impulse's height."""
    rung: Signal = signal.oaconvolve(hits, grain)[: len(hits)]
    return rung


def add_at(out: Signal, seconds: float, sound: Signal, gain: float = 1.0) -> None:
    """Add `sound` into `out` from `seconds` on; what passes the end is dropped."""
    place = round(seconds * SAMPLE_RATE)
    if place < 0:
        sound, place = sound[-place:], 0
    stop = min(len(out), place + len(sound))
    if stop > place:
        out[place:stop] += gain * sound[: stop - place]


def sizes(count: int, rng: Rng, shape: float = 1.5, top: float = 12.0) -> Signal:
    """Heavy-tailed gains: many small events and a few large ones (Pareto, clipped)."""
    return np.minimum(rng.pareto(shape, count) + 0.15, top) / top


def burst(rng: Rng, low: float, high: float, t60: float) -> Signal:
    """A click of band-passed noise of unit peak."""
    n = frames(t60 * 1.2) + 32
    return peaked(bandpass(rng.standard_normal(n), low, high, 1) * decay(n, t60))


def bursts(
    rng: Rng, count: int, hz: tuple[float, float], t60: tuple[float, float], octaves: float = 1.0
) -> list[Signal]:
    """A bank of clicks whose centre (Hz) and decay (s) are drawn from ranges."""
    bank = []
    for _ in range(count):
        centre = log_between(rng, *hz)
        half = 2 ** (octaves / 2)
        bank.append(burst(rng, centre / half, min(centre * half, 20_000), log_between(rng, *t60)))
    return bank


def bubble(rng: Rng, hz: float, rise: float = 0.1) -> Signal:
    """A bubble of Minnaert frequency `hz`, its pitch rising as it nears the surface.

    Damping after van den Doel (2005): 0.13/r + 0.0072 r^-1.5 with r = 3/f in metres.
    """
    radius = 3.0 / hz
    damping = 0.13 / radius + 0.0072 * radius**-1.5
    n = min(frames(6.0 / damping), frames(0.4))
    t = ticks(n)
    angle = 2 * np.pi * hz * t * (1 + 0.5 * rise * damping * t)
    attack = np.minimum(1.0, t * hz / 1.5)
    tone: Signal = np.sin(angle + 2 * np.pi * rng.random()) * np.exp(-damping * t) * attack
    return tone


def bubbles(rng: Rng, count: int, low: float, high: float, rise: float = 0.12) -> list[Signal]:
    """A bank of bubbles with frequencies drawn between `low` and `high` Hz."""
    return [
        bubble(rng, log_between(rng, low, high), rise * between(rng, 0, 2)) for _ in range(count)
    ]


def dust(rate: Signal, rng: Rng, shape: float = 1.5, top: float = 12.0) -> Signal:
    """Impulses of either sign and heavy-tailed size, `rate` a second at each sample.

    Through a filter they are as many clicks, at no cost a click.
    """
    places = poisson(len(rate), rate, rng)
    sign = np.where(rng.random(len(places)) < 0.5, -1.0, 1.0)
    out = np.zeros(len(rate))
    np.add.at(out, places, sign * sizes(len(places), rng, shape, top))
    return out

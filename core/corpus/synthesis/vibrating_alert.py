"""A phone on silent that lies on something hard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import contour, decay, swell, wander
from core.corpus.synthesis.filters import highpass, resonances
from core.corpus.synthesis.grains import add_at, burst, ringing
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, metal, wood
from core.corpus.synthesis.motors import bodies
from core.corpus.synthesis.sampling import Rng, Signal, between, frames, level, log_between
from core.corpus.synthesis.sources import harmonics, pulses, tilted
from core.corpus.synthesis.space import room

_RUN_UP, _RUN_DOWN = 0.05, 0.09
"""Seconds in which the eccentric weight comes up to speed, and stops."""


def _table_top(rng: Rng) -> tuple[str, Modes]:
    """What it lies on, by the attribute *surface*: a board, a pane or a sheet of steel."""
    surface = str(rng.choice(["wood", "wood", "wood", "glass", "metal"]))
    if surface == "wood":
        return surface, wood(rng, log_between(rng, 130, 260), 4000, 18, t60=between(rng, 0.04, 0.1))
    if surface == "glass":
        return surface, wood(
            rng, log_between(rng, 260, 500), 8000, 16, t60=between(rng, 0.06, 0.14)
        )
    return surface, metal(rng, log_between(rng, 200, 400), 7000, 24, t60=between(rng, 0.05, 0.15))


def _turning(n: int, length: float, rng: Rng, hz: float) -> Signal:
    """Turns a second of the weight over one burst of so many seconds."""
    whole = length + _RUN_DOWN
    stop = length / whole
    turns = contour(n, (0, 0.2), (min(_RUN_UP / whole, 0.4 * stop), 1.0), (stop, 1.0), (1, 0.15))
    return hz * turns * (1 + 0.008 * wander(n, 3, rng))


@dataclass(frozen=True)
class _Phone:
    """A phone where it lies.

    Attributes:
        hz: turns a second of the motor at full speed.
        gains: of the motor's harmonics.
        panels: resonances of case and table, each (Hz, width in Hz, gain).
        knock: the table, once hopped on.
        click: the case at the same.
        rattle: how loud the hops are beside the motor.
    """

    hz: float
    gains: Signal
    panels: list[tuple[float, float, float]]
    knock: Signal
    click: Signal
    rattle: float


def _phone(rng: Rng, top: Modes, rattle: float) -> _Phone:
    return _Phone(
        between(rng, 135, 225),
        tilted(24, 5) * np.exp(0.4 * rng.standard_normal(24)),
        bodies(rng, 150, 1800, 6, 6, 0.3),
        top.struck(frames(0.08), rng, 3500),
        burst(rng, log_between(rng, 1500, 3000), 9000, between(rng, 0.003, 0.008)),
        rattle,
    )


def _buzz(rng: Rng, length: float, phone: _Phone) -> Signal:
    """One burst: the motor through case and table, and the case that hops on the table."""
    n = frames(length + _RUN_DOWN)
    turns = _turning(n, length, rng, phone.hz)
    pull = (turns / phone.hz) ** 2
    motor = harmonics(turns, phone.gains, rng)
    hum = unit(motor) + 1.2 * unit(resonances(motor, *phone.panels))
    hops = pulses(turns, rng, 0.03, 0.2) + 0.6 * pulses(turns / 2, rng, 0.05, 0.3)
    hops *= pull * swell(n, 6, rng, 0.25)
    knocks = unit(ringing(hops, phone.knock))
    clatter = unit(highpass(ringing(hops, phone.click), 800, 1))
    x = unit(hum) * pull + phone.rattle * (knocks + 0.5 * clatter)
    return x * _to_rest(n)


def _to_rest(n: int) -> Signal:
    """The burst dies as the weight comes to rest: no step at its end."""
    m = min(n, frames(_RUN_DOWN))
    gain = np.ones(n)
    gain[n - m :] = decay(m, 2 * _RUN_DOWN) * np.linspace(1, 0, m)
    return gain


def phone_vibrating(seconds: float, rng: Rng) -> Synthesised:
    """Bursts of a motor of 130 to 230 turns a second, and the phone hopping on the table with it.

    *strength* is how far it hops, *tempo* the pattern: long bursts of a call, or short ones.
    """
    n = frames(seconds)
    strength, rattle = level(rng, light=0.12, moderate=0.6, heavy=2.2)
    tempo, (on, off) = level(rng, slow=(0.95, 0.8), steady=(0.42, 0.32), fast=(0.17, 0.12))
    on, off = on * between(rng, 0.85, 1.15), off * between(rng, 0.8, 1.2)
    surface, top = _table_top(rng)
    phone = _phone(rng, top, rattle)
    x = np.zeros(n)
    t = between(rng, 0.04, 0.15)
    while t < seconds - 0.1:
        add_at(x, t, _buzz(rng, on, phone), between(rng, 0.9, 1.0))
        t += on + off
    x = room(peaked(x), rng)
    attributes = {"strength": strength, "tempo": tempo, "surface": surface}
    return finish(limited(x, 6), seconds, rng, attributes, LIVED_IN, fade_out=0.06)


VIBRATING_ALERT: dict[str, Recipe] = {"phone_vibrating": phone_vibrating}
"""By the name of the kind."""

"""Toys in the hand and on the floor: rubber with a squeaker in it, tin with a spring in it."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish, how_many
from core.corpus.synthesis.envelopes import contour, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, resonances
from core.corpus.synthesis.grains import add_at, burst, ringing
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import metal, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    spread,
)
from core.corpus.synthesis.sources import harmonics, phase, pink, pulses, tilted, white
from core.corpus.synthesis.space import room


def _breath(
    seconds: float, rng: Rng, hz: float, peaks: list[tuple[float, float, float]], breath: float
) -> Signal:
    """Air pressed or drawn through the reed of a squeaker, `hz` at its greatest pressure.

    The reed begins to beat at a third of the pressure, and its pitch follows the pressure.
    """
    n = frames(seconds)
    top = between(rng, 0.2, 0.55)
    pressure = contour(
        n, (0, 0), (top, 1), (between(rng, 0.7, 0.9), between(rng, 0.5, 0.9)), (1, 0)
    )
    pitch = hz * (0.6 + 0.4 * pressure) * (1 + 0.008 * wander(n, 90, rng))
    if chance(rng, 0.2):
        # The reed jumps into its second mode where it is pressed hardest.
        jump = between(rng, 1.4, 2.0)
        pitch = np.where(pressure > between(rng, 0.9, 0.98), jump * pitch, pitch)
    count = int(np.clip(16_000 / hz, 3, 40))
    tone = unit(harmonics(pitch, tilted(count, between(rng, 3, 9)), rng))
    beating = np.clip(1.5 * pressure - 0.5, 0, 1)
    reed = resonances(tone, *peaks) + 0.15 * tone
    air = bandpass(white(n, rng), 1500, 9000, 1)
    squeak: Signal = unit(reed) * beating + breath * unit(air) * np.sqrt(pressure)
    return squeak


def squeaky_toy(seconds: float, rng: Rng) -> Synthesised:
    """A squeaker of 800 Hz to 2.6 kHz is squeezed, and lower and weaker sucks its air in again.

    A reed's many harmonics, in bands of the rubber at 1.5 to 6 kHz; the pitch rises and falls with
    each squeeze, by up to an octave.
    """
    n = frames(seconds)
    tempo, squeeze = level(rng, slow=0.5, steady=0.22, fast=0.11)
    hz = log_between(rng, 800, 2600)
    peaks = [(float(c), float(c) / 5, between(rng, 0.4, 1)) for c in spread(rng, 1400, 6000, 4)]
    peaks.append((hz, 0.6 * hz, 0.7))
    breath = between(rng, 0.06, 0.25)
    back = between(rng, 0.0, 0.6) if chance(rng, 0.75) else 0.0
    lower = between(rng, 0.6, 0.9)
    x = np.zeros(n)
    made, t = 0, between(rng, 0.02, 0.1)
    while made == 0 or t < seconds - 0.5 * squeeze:
        length = squeeze * between(rng, 0.75, 1.4)
        force = between(rng, 0.85, 1.1)
        add_at(x, t, _breath(length, rng, hz * force, peaks, breath), force)
        made += 1
        t += length + squeeze * between(rng, 0.05, 0.2)
        if back:
            drawn = squeeze * between(rng, 0.5, 1.0)
            add_at(x, t, _breath(drawn, rng, hz * lower, peaks, 2 * breath), back)
            t += drawn
        t += squeeze * between(rng, 0.2, 1.0)
        if chance(rng, 0.15):
            t += between(rng, 0.3, 1.0)
    handled = bandpass(pink(n, rng), 300, 3000, 1) * np.clip(swell(n, 4, rng, 1.0) - 0.8, 0, 3)
    x = room(unit(x) + between(rng, 0.01, 0.04) * unit(handled), rng)
    attributes = {"tempo": tempo, "count": how_many(made)}
    return finish(peaked(limited(x, 6)), seconds, rng, attributes, LIVED_IN)


def _winding(rng: Rng, turns: int) -> Signal:
    """The key: at each turn of the wrist a dozen clicks of the ratchet, and a pause to regrip."""
    turn, grip = between(rng, 0.25, 0.4), between(rng, 0.15, 0.3)
    x = np.zeros(frames(turns * (turn + grip)))
    body = metal(rng, between(rng, 1500, 2800), 12_000, 16, t60=0.03)
    clicks = int(rng.integers(6, 12))
    for index in range(turns):
        for click in range(clicks):
            at = index * (turn + grip) + turn * click / clicks
            add_at(x, at, body.struck(frames(0.05), rng, 9000), between(rng, 0.4, 1.0))
    return x


def wind_up_toy(seconds: float, rng: Rng) -> Synthesised:
    """A spring drives tin gears, 60 to 200 teeth a second, that slow down, tick and stand still.

    The whirr is those teeth in a thin shell; legs or wheels clack once for every ten or twenty of
    them; one tooth in each turn of a wheel is louder.
    """
    n = frames(seconds)
    tempo, teeth = level(rng, slow=60.0, steady=105.0, fast=180.0)
    wound = 0.0
    x = np.zeros(n)
    shell = metal(rng, between(rng, 700, 1500), 11_000, 26, t60=between(rng, 0.008, 0.025))
    if seconds > 3.0 and chance(rng, 0.4):
        key = _winding(rng, int(rng.integers(2, 4)))
        wound = min(len(key) / frames(1.0), 0.45 * seconds)
        add_at(x, 0.05, peaked(key)[: frames(wound)], between(rng, 0.3, 0.7))
    ends = between(rng, 0.86, 0.96)
    begins = min(0.6, wound / seconds + 0.03)
    half = begins + (ends - begins) * between(rng, 0.5, 0.7)
    speed = contour(
        n,
        (0, 0),
        (begins, 0),
        (begins + 0.02, 1),
        (half, 0.75),
        (ends - 0.06, 0.12),
        (ends, 0),
        (1, 0),
    )
    rate = teeth * between(rng, 0.9, 1.1) * speed * swell(n, 5, rng, 0.03)
    wheel = float(rng.integers(8, 15))
    once = 1 + between(rng, 0.2, 0.6) * np.sin(2 * np.pi * phase(rate / wheel))
    force = np.sqrt(np.clip(speed, 0, None)) * 0.7 + 0.3
    ticks_of_teeth = pulses(rate, rng, 0.06, 0.35) * once * force
    x += unit(ringing(ticks_of_teeth, shell.struck(frames(0.06), rng, 12_000)))
    floor = wood(rng, between(rng, 180, 500), 4000, 14, t60=0.06)
    step = floor.struck(frames(0.1), rng, 3500)
    step = step + between(rng, 0.3, 0.8) * shell.struck(frames(0.1), rng, 6000)
    add_at(step, 0.0, burst(rng, 2000, 10_000, 0.004), 0.4)
    legs = pulses(rate / between(rng, 8, 20), rng, 0.08, 0.3)
    x += between(rng, 0.2, 1.2) * unit(ringing(legs, step))
    rub = highpass(white(n, rng), between(rng, 1500, 4000), 1) * speed
    x += between(rng, 0.15, 0.5) * unit(rub * (1 + 0.5 * np.sin(2 * np.pi * phase(rate))))
    x = room(x, rng)
    return finish(peaked(limited(x, 7)), seconds, rng, {"tempo": tempo}, LIVED_IN)


TOYS: dict[str, Recipe] = {"squeaky_toy": squeaky_toy, "wind_up_toy": wind_up_toy}
"""By the name of the kind."""

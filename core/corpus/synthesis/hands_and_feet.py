"""Hands that clap and snap, feet in high heels and in running shoes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import beats, contour, strike
from core.corpus.synthesis.filters import bandpass, lowpass, resonances
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.levels import limited, peaked
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import white
from core.corpus.synthesis.space import reverb
from core.corpus.synthesis.tract import Larynx
from core.corpus.synthesis.vocal import silent_voice, vocal_sound

_CAVITY = 2.35
"""Ratio of the cavity's centre to the edges of its band: a hand's hollow is hardly tuned."""


def _hands(rng: Rng) -> list[Signal]:
    """Claps of one pair of hands: a cavity between the palms, gone within some 10 ms, and a crack.

    The cavity sounds about 1.4 kHz, hardly tuned; every clap meets a little differently.
    """
    cup = log_between(rng, 1250, 1550)
    flat = between(rng, 0.15, 0.6)
    claps = []
    for _ in range(6):
        n = frames(0.15)
        hz = cup * between(rng, 0.9, 1.1)
        blow = white(n, rng) * strike(n, between(rng, 0.0007, 0.0014), between(rng, 0.0055, 0.01))
        x = peaked(bandpass(blow, hz / _CAVITY, hz * _CAVITY, 2))
        crack = bandpass(white(n, rng) * strike(n, 0.0005, 0.006), 1200, 7000, 1)
        claps.append(peaked(lowpass(x + flat * peaked(crack), log_between(rng, 3500, 8000), 1)))
    return claps


def clapping(seconds: float, rng: Rng) -> Synthesised:
    """One who claps, or a handful, each at a pace of their own or all together."""
    n = frames(seconds)
    count, people = level(rng, single=1, several=int(rng.integers(2, 4)))
    tempo, rate = level(rng, slow=1.8, steady=2.8, fast=4.2)
    together = people > 1 and chance(rng, 0.35)
    x = np.zeros(n)
    first = between(rng, 0.02, 0.15)
    for index in range(people):
        hands, near = (
            _hands(rng),
            between(rng, 0.8, 1.0) if index == 0 else between(rng, 0.3, 0.9),
        )
        pace = rate if together or people == 1 else rate * between(rng, 0.85, 1.15)
        start = first + (between(rng, 0, 0.02) if together else between(rng, 0, 0.8 / pace))
        for t in beats(seconds - 0.05, 1 / pace, 0.02 if together else 0.07, rng, first=start):
            late = abs(0.012 * rng.standard_normal()) if together else 0.0
            add_at(x, t + late, hands[int(rng.integers(6))], near * between(rng, 0.5, 1.0))
    x = reverb(x, rng, between(rng, 0.45, 1.1), between(rng, 0.1, 0.18), 5000)
    return finish(limited(x, 11), seconds, rng, {"count": count, "tempo": tempo}, LIVED_IN)


def _snap(rng: Rng, force: float) -> Signal:
    """The finger slides off the thumb and strikes the palm, a cavity of some 2 kHz."""
    slide = between(rng, 0.012, 0.04)
    x = np.zeros(frames(0.2))
    m = frames(slide)
    friction = bandpass(white(m, rng), 2500, 9000, 1) * contour(m, (0, 0), (0.8, 1), (1, 0.6))
    x[:m] += between(rng, 0.03, 0.12) * peaked(friction)
    n = frames(0.12)
    palm = log_between(rng, 1400, 2700)
    blow = white(n, rng) * strike(n, 0.0004, log_between(rng, 0.008, 0.02))
    tone = resonances(blow, (palm, palm / 7, 1.0), (palm * 1.9, palm / 3, 0.5), (600, 400, 0.25))
    crack = np.zeros(n)
    click = burst(rng, 3000, 12_000, 0.006)
    crack[: len(click)] = click
    add_at(x, slide, peaked(peaked(tone) + between(rng, 0.2, 0.6) * crack), force)
    return x


def finger_snap(seconds: float, rng: Rng) -> Synthesised:
    """Fingers that snap once, or in time."""
    n = frames(seconds)
    count, most = level(rng, single=1, several=5)
    x = np.zeros(n)
    pace = between(rng, 0.35, 0.85)
    for index, t in enumerate(beats(seconds - 0.25, pace, 0.04, rng, between(rng, 0.05, 0.3))):
        if index < most:
            add_at(x, t, _snap(rng, 1.0), between(rng, 0.6, 1.0))
    x = reverb(x, rng, between(rng, 0.3, 0.7), between(rng, 0.35, 0.6), 5000)
    return finish(x, seconds, rng, {"count": count} if seconds > 1.4 else {}, LIVED_IN)


@dataclass(frozen=True)
class _Floor:
    """What answers below a shoe: a band about `hz`, as wide as `octaves`, gone after `t60` s."""

    hz: float
    octaves: float
    t60: float


_STREET = (-42.0, -36.0)
"""Noise floor, dB of the peak, where people walk and run."""
_FLOORS = {
    "wood": (300, 420, 1.9, 0.028),
    "concrete": (430, 560, 1.8, 0.016),
    "marble": (500, 620, 1.7, 0.024),
    "tile": (540, 680, 1.8, 0.019),
}
"""Lowest and highest centre in Hz, width in octaves, decay in seconds."""


def _floor(rng: Rng, surface: str) -> _Floor:
    low, high, octaves, t60 = _FLOORS[surface]
    return _Floor(log_between(rng, low, high), octaves, t60)


def _knock(rng: Rng, floor: _Floor, softer: float = 1.0) -> Signal:
    """A blow on the floor, lower and longer the softer what strikes it."""
    n = frames(0.1)
    hz = floor.hz / softer * between(rng, 0.88, 1.12)
    half = 2 ** (floor.octaves / 2)
    blow = white(n, rng) * strike(n, 0.0015, floor.t60 * softer * between(rng, 0.7, 1.4))
    return peaked(bandpass(blow, hz / half, hz * half, 2))


def _grit(x: Signal, rng: Rng, seconds: float, grains: int, gain: float) -> None:
    """Add to `x` what the sole rubs over as it rolls off: a few faint grains of dirt."""
    for late in rng.uniform(0.01, seconds, grains):
        low, high = log_between(rng, 600, 2500), log_between(rng, 3000, 8000)
        grain = burst(rng, low, high, log_between(rng, 0.004, 0.02))
        add_at(x, float(late), grain, gain * log_between(rng, 0.1, 1.0))


def _heel(rng: Rng, floor: _Floor, tip: float) -> Signal:
    """A hard tip of a few square millimetres, then the sole, then it rolls off."""
    x = np.zeros(frames(0.45))
    add_at(x, 0.0, _knock(rng, floor))
    add_at(x, 0.0, burst(rng, tip, 7000, 0.008), between(rng, 0.06, 0.16))
    add_at(x, between(rng, 0.075, 0.105), _knock(rng, floor, 1.3), between(rng, 0.25, 0.6))
    _grit(x, rng, 0.3, int(rng.integers(6, 11)), between(rng, 0.03, 0.07))
    return x


def heels(seconds: float, rng: Rng) -> Synthesised:
    """High heels on a hard floor, in a corridor, a hall or a room."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=1.45, steady=1.9, fast=2.5)
    surface = str(rng.choice(list(_FLOORS)))
    floor, tip = _floor(rng, surface), log_between(rng, 1200, 2400)
    x = np.zeros(n)
    pace = 1 / (rate * between(rng, 0.94, 1.06))
    for t in beats(seconds - 0.1, pace, 0.035, rng, between(rng, 0.01, 0.2)):
        add_at(x, t, _heel(rng, floor, tip), between(rng, 0.5, 1.0))
    x = reverb(x, rng, between(rng, 0.5, 1.1), between(rng, 0.02, 0.04), 5000)
    attributes = {"tempo": tempo, "surface": surface}
    return finish(limited(x, 12), seconds, rng, attributes, _STREET)


_PAVEMENT = _Floor(500.0, 2.1, 0.035)
"""Concrete below a rubber sole."""


def _running_step(rng: Rng, ground: _Floor) -> Signal:
    """The sole slaps down, the ball of the foot follows, grit grinds as it leaves."""
    x = np.zeros(frames(0.35))
    add_at(x, 0.0, _knock(rng, ground))
    add_at(x, 0.0, burst(rng, 1500, 7000, 0.008), between(rng, 0.05, 0.18))
    add_at(x, between(rng, 0.06, 0.12), _knock(rng, ground, 1.3), between(rng, 0.12, 0.4))
    _grit(x, rng, 0.25, int(rng.integers(5, 9)), between(rng, 0.03, 0.07))
    return x


def _panting(n: int, rng: Rng, rate: float) -> Signal:
    """The runner's breath, in and out over two steps each."""
    voice = silent_voice(n, 150)
    half = 2 / rate
    for index, t in enumerate(np.arange(between(rng, 0, half), n / SAMPLE_RATE, half)):
        air = between(rng, 0.5, 1.0) * (1.0 if index % 2 else 0.6)
        voice.write(
            float(t),
            0.85 * half,
            air=((0, 0), (0.3, air), (1, 0)),
            vowels=((0, "A" if index % 2 else "E"), (1, "@")),
        )
    return vocal_sound(n, voice, Larynx(), 1.0, rng)


def running(seconds: float, rng: Rng) -> Synthesised:
    """Somebody who runs on pavement, 2.4 to 3.6 steps a second."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=2.4, steady=2.9, fast=3.5)
    rate *= between(rng, 0.96, 1.04)
    ground = replace(_PAVEMENT, hz=_PAVEMENT.hz * between(rng, 0.85, 1.2))
    x = np.zeros(n)
    for t in beats(seconds - 0.1, 1 / rate, 0.03, rng, between(rng, 0.01, 0.15)):
        add_at(x, t, _running_step(rng, ground), between(rng, 0.45, 1.0))
    x = peaked(limited(x, 12))
    if chance(rng, 0.3):
        x += between(rng, 0.03, 0.12) * _panting(n, rng, rate)
    x = reverb(x, rng, between(rng, 0.5, 1.0), between(rng, 0.02, 0.04), 5000)
    attributes = {"tempo": tempo, "surface": "pavement"}
    return finish(x, seconds, rng, attributes, _STREET)


HANDS_AND_FEET: dict[str, Recipe] = {
    "clapping": clapping,
    "finger_snap": finger_snap,
    "heels": heels,
    "running": running,
}
"""By the name of the kind."""

"""What sounds by electricity: sonar, a Geiger counter, computer beeps, mains hum, a record."""

from __future__ import annotations

import numpy as np

from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, burst, bursts, poisson, ringing, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
    ticks,
)
from core.corpus.synthesis.sources import (
    brown,
    coloured,
    harmonics,
    pink,
    pulses,
    room_air,
    sine,
    tilted,
    white,
)
from core.corpus.synthesis.space import reverb, room


def _ping(rng: Rng, hz: float) -> Signal:
    """A transducer's tone, and what the water right round the hull gives back of it."""
    n = frames(2.6)
    slide = contour(n, (0, 1.0), (0.2, between(rng, 0.99, 1.01)), (1, 1.0))
    return sine(hz * slide) * strike(n, 0.006, between(rng, 1.4, 2.4))


def sonar(seconds: float, rng: Rng) -> Synthesised:
    """A ping of 1.2 to 2.2 kHz into the sea, its reverberation, and a fainter echo of a hull."""
    n = frames(seconds)
    tempo, interval = level(rng, slow=4.0, steady=2.6, fast=1.5)
    hz = log_between(rng, 1200, 2200)
    ping = _ping(rng, hz)
    away = between(rng, 0.3, 0.8) * interval
    x = np.zeros(n)
    for t in beats(seconds - 0.2, interval, 0.01, rng, first=between(rng, 0.05, 0.4)):
        add_at(x, t, ping)
        add_at(x, t + away, lowpass(ping, hz, 1), between(rng, 0.05, 0.25))
    x = reverb(x, rng, between(rng, 3.0, 6.0), between(rng, 0.25, 0.5), 4000)
    sea = unit(lowpass(brown(n, rng), between(rng, 200, 600), 1)) * swell(n, 0.4, rng, 0.3)
    x = peaked(x) + between(rng, 0.01, 0.03) * sea
    return finish(x, seconds, rng, {"tempo": tempo}, fade_out=0.3)


def geiger_counter(seconds: float, rng: Rng) -> Synthesised:
    """Each ray that the tube counts is a click of a small loudspeaker, at moments of pure chance.

    4 to 60 counts a second; a loudspeaker of 5 cm rings at 1.5 to 4 kHz for some milliseconds.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=5.0, steady=14.0, fast=45.0)
    counts = poisson(n, rate * swell(n, 0.3, rng, 0.4), rng)
    hits = np.zeros(n)
    np.add.at(hits, counts, np.exp(0.15 * rng.standard_normal(len(counts))))
    low = log_between(rng, 1300, 3200)
    m = frames(0.03)
    pulse = white(m, rng) * decay(m, 0.003)
    pulse[0] += 6
    click = (
        resonances(
            pulse, (low, low / between(rng, 2, 6), 1.0), (low * between(rng, 1.8, 2.6), 1500, 0.5)
        )
        + 0.1 * pulse
    )
    x = ringing(hits, peaked(click))
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.001, 0.006) * room_air(n, rng)
    x += between(rng, 0.0002, 0.002) * unit(highpass(white(n, rng), 2000, 1))
    return finish(x, seconds, rng, {"tempo": tempo})


def _blip(rng: Rng, hz: float, length: float, square: bool) -> Signal:
    """A tone of a sound chip, pure or square, or one that slides."""
    n = frames(length)
    slide = contour(n, (0, 1), (1, log_between(rng, 0.5, 2.0))) if chance(rng, 0.15) else 1.0
    gains = [1, 0, 1 / 3, 0, 1 / 5, 0, 1 / 7] if square else [1, 0.08, 0.04]
    return harmonics(np.full(n, hz) * slide, gains, rng) * arch(n, 0.04, 0.08)


def computer_beeps(seconds: float, rng: Rng) -> Synthesised:
    """A console beeps: single tones, bursts of chirping data, calls of two and three tones."""
    n = frames(seconds)
    tempo, pause = level(rng, slow=0.9, steady=0.4, fast=0.15)
    square = chance(rng, 0.4)
    base = log_between(rng, 700, 1800)
    scale = base * 2 ** (rng.integers(-7, 20, 7) / 12)
    calls = []
    for _ in range(4):
        length = log_between(rng, 0.04, 0.18)
        tones = int(rng.integers(1, 7))
        same = chance(rng, 0.4)
        first = float(rng.choice(scale))
        call = np.zeros(frames(length * (1.3 * tones + 1)))
        for index in range(tones):
            hz = first if same else float(rng.choice(scale))
            add_at(call, index * 1.3 * length, _blip(rng, hz, length, square))
        calls.append(call)
    x = np.zeros(n)
    t = between(rng, 0.02, 0.3)
    while t < seconds - 0.1:
        call = calls[int(rng.integers(4))]
        add_at(x, t, call, between(rng, 0.5, 1.0))
        t += len(call) / frames(1.0) + pause * log_between(rng, 0.4, 1.6)
    x = highpass(resonances(x, (1500, 3000, 1.0)) + 0.5 * x, 300, 1)
    x = room(x, rng)
    fans = shaped(pink(n, rng), (60, -3), (200, 0), (900, -6), (4000, -20), (12_000, -36))
    x = peaked(x) + between(rng, 0.003, 0.02) * unit(fans)
    return finish(x, seconds, rng, {"tempo": tempo})


def mains_hum(seconds: float, rng: Rng) -> Synthesised:
    """A transformer, a ballast or a bad earth: iron pulled twice a period of the mains.

    Even multiples of 50 or 60 Hz stand out, up to 1 to 4 kHz where laminations buzz; an amplifier
    or the air of the room hisses beside it.
    """
    n = frames(seconds)
    strength, slope = level(rng, light=8.0, moderate=6.5, heavy=5.2)
    mains = 50.0 if chance(rng, 0.7) else 60.0
    gains = tilted(40, slope) * np.exp(0.5 * rng.standard_normal(40))
    gains[0::2] *= between(rng, 0.2, 0.4)
    drift = 1 + 0.0004 * wander(n, 0.2, rng)
    hum = unit(harmonics(mains * drift, gains, rng)) * swell(n, 0.6, rng, 0.04)
    laminations = pulses(2 * mains * drift, rng, 0.002, 0.05)
    buzz = bandpass(laminations, 400, log_between(rng, 2500, 5000), 1)
    x = hum + between(rng, 0.1, 0.3) * unit(buzz)
    x += between(rng, 0.13, 0.24) * unit(white(n, rng)) + 0.02 * room_air(n, rng)
    x = reverb(x, rng, between(rng, 0.3, 0.6), between(rng, 0.1, 0.3), 3000)
    return finish(x, seconds, rng, {"strength": strength}, fade_out=0.1)


def vinyl_crackle(seconds: float, rng: Rng) -> Synthesised:
    """Dust under the needle: ticks of a millisecond or less, pops, and hiss, over a rumble.

    A scratch comes round with every turn, at 33, 45 or 78 of them a minute.
    """
    n = frames(seconds)
    strength, rate = level(rng, light=14.0, moderate=40.0, heavy=110.0)
    turn = 60 / float(rng.choice([33.33, 33.33, 45.0, 78.0]))
    ticks_bank = bursts(rng, 40, (1200, 8000), (0.0006, 0.004), 2.5)
    places = poisson(n, rate * swell(n, 1.5, rng, 0.4), rng)
    x = scatter(n, places, sizes(len(places), rng, 1.3), ticks_bank, rng)
    pops = bursts(rng, 10, (500, 2500), (0.004, 0.012), 2.0)
    places = poisson(n, rate / 15, rng)
    x += scatter(n, places, sizes(len(places), rng, 1.5, 6), pops, rng)
    x = unit(x + 1e-9)
    scratch = burst(rng, 600, 7000, 0.008)
    for t in beats(seconds, turn, 0.002, rng, first=between(rng, 0, turn)):
        add_at(x, t, scratch, between(rng, 4, 9))
    hiss = unit(shaped(pink(n, rng), (100, -10), (1000, 0), (8000, 0), (16_000, -10)))
    hiss *= 1 + 0.2 * np.sin(2 * np.pi * (ticks(n) / turn + rng.random()))
    rumble = unit(lowpass(coloured(n, 6, rng), 120, 1))
    x = x + between(rng, 0.06, 0.25) * hiss + between(rng, 0.05, 0.3) * rumble
    return finish(limited(x, 10), seconds, rng, {"strength": strength})


ELECTRONICS: dict[str, Recipe] = {
    "sonar": sonar,
    "geiger_counter": geiger_counter,
    "computer_beeps": computer_beeps,
    "mains_hum": mains_hum,
    "vinyl_crackle": vinyl_crackle,
}

"""Footsteps on five grounds, crowd, applause, heartbeat, laughter and snoring."""

from __future__ import annotations

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, beats, contour, decay, strike, swell, wander
from core.corpus.synthesis.filters import bandpass, lowpass, resonances, shaped
from core.corpus.synthesis.grains import add_at, bubbles, burst, bursts, poisson, scatter, sizes
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.modes import Modes, wood
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import brown, glottal, pink, pulses, sine, white
from core.corpus.synthesis.space import hall, outdoors, reverb, room


def _press(n: int, rng: Rng) -> Signal:
    """Weight on the ground during one step: the heel lands, the foot rolls, the toe leaves."""
    heel, toe = between(rng, 0.06, 0.14), between(rng, 0.5, 0.7)
    t = np.linspace(0, 1, n)
    down = np.exp(-(((t - heel) / 0.09) ** 2))
    off = between(rng, 0.4, 0.9) * np.exp(-(((t - toe) / 0.15) ** 2))
    return np.minimum(1.0, down + off + 0.12 * arch(n, 0.1, 0.3))


def _thump(n: int, rng: Rng, hz: float, t60: float) -> Signal:
    """The body's weight through the ground."""
    tone = sine(hz * contour(n, (0, 1.4), (0.2, 1.0), (1, 0.8))) * strike(n, 0.004, t60)
    return tone + 0.5 * peaked(lowpass(white(n, rng), 3 * hz, 2)) * strike(n, 0.003, t60)


def _step_gravel(rng: Rng, force: float) -> Signal:
    n = frames(between(rng, 0.32, 0.42))
    press = _press(n, rng)
    stones = bursts(rng, 40, (600, 5500), (0.003, 0.014), 0.8)
    places = poisson(n, press * between(rng, 1200, 2600), rng)
    x = scatter(n, places, sizes(len(places), rng, 1.3), stones, rng)
    grind = bandpass(white(n, rng), 700, 4000, 1) * press * swell(n, 90, rng, 0.6)
    return peaked(unit(x) + 0.35 * unit(grind)) + 0.4 * force * _thump(
        n, rng, between(rng, 48, 80), 0.14
    )


def _step_snow(rng: Rng, force: float) -> Signal:
    n = frames(between(rng, 0.38, 0.5))
    press = _press(n, rng)
    flakes = bursts(rng, 40, (350, 3000), (0.004, 0.015), 1.4)
    rate = press * between(rng, 900, 1800)
    places = poisson(n, rate, rng)
    crunch = scatter(n, places, sizes(len(places), rng, 1.6), flakes, rng)
    slip = 0.6 + 0.4 * np.sin(2 * np.pi * np.cumsum(90 + 70 * press) / SAMPLE_RATE)
    squeak = bandpass(white(n, rng), 500, 2600, 1) * press * slip
    powder = bandpass(white(n, rng), 2500, 9000, 1) * press
    x = unit(crunch) + 0.5 * unit(squeak) + 0.25 * unit(powder)
    return peaked(x) + 0.4 * force * _thump(n, rng, between(rng, 48, 75), 0.12)


def _step_grass(rng: Rng, force: float) -> Signal:
    n = frames(between(rng, 0.35, 0.5))
    press = _press(n, rng)
    blades = bursts(rng, 30, (2000, 9000), (0.006, 0.03), 1.5)
    places = poisson(n, press * between(rng, 150, 450), rng)
    x = scatter(n, places, sizes(len(places), rng, 1.8), blades, rng)
    rustle = shaped(white(n, rng), (300, -24), (1500, -6), (4500, 0), (12_000, -12))
    rustle = rustle * press * swell(n, 40, rng, 0.5)
    return peaked(unit(x) + unit(rustle)) * 0.8 + 0.5 * force * _thump(
        n, rng, between(rng, 45, 75), 0.12
    )


def _step_water(rng: Rng, force: float) -> Signal:
    n = frames(between(rng, 0.5, 0.8))
    press = _press(n, rng)
    slosh = bandpass(pink(n, rng), 900, 6000, 1) * (press + 0.1 * arch(n, 0.05, 0.9))
    bank = bubbles(rng, 40, 600, 3800) + bursts(rng, 12, (2500, 7000), (0.003, 0.012), 1.2)
    places = poisson(n, 60.0 + 700 * np.roll(press, 1500), rng)
    drops = scatter(n, places, sizes(len(places), rng, 1.3), bank, rng)
    x = unit(slosh * swell(n, 30, rng, 0.4)) + between(rng, 0.5, 1.0) * unit(drops)
    return peaked(x) + 0.5 * force * _thump(n, rng, between(rng, 50, 90), 0.14)


def _wooden_floor(rng: Rng) -> Modes:
    return wood(rng, between(rng, 75, 130), 2600, 22, t60=between(rng, 0.15, 0.3))


def _step_wood(rng: Rng, force: float, floor: Modes) -> Signal:
    n = frames(0.5)
    hard = log_between(rng, 500, 2500)
    x = floor.struck(n, rng, hard) + 0.5 * _thump(n, rng, between(rng, 48, 80), 0.14)
    x[:2000] += between(rng, 0.2, 0.6) * np.pad(burst(rng, 900, 4500, 0.012), (0, 2000))[:2000]
    toe = floor.struck(n, rng, hard * 0.8)
    add_at(x, between(rng, 0.09, 0.16), toe, between(rng, 0.2, 0.5))
    if chance(rng, 0.15):
        m = frames(between(rng, 0.1, 0.25))
        squeal = resonances(white(m, rng), (log_between(rng, 500, 1100), 30, 1.0))
        add_at(x, 0.08, peaked(squeal) * arch(m), between(rng, 0.03, 0.12))
    return peaked(x) * (0.6 + 0.4 * force)


def _walk(surface: str, seconds: float, rng: Rng) -> Synthesised:
    """Steps of one walker, left and right feet a little different."""
    tempo, rate = level(rng, slow=1.35, steady=1.85, fast=2.7)
    n = frames(seconds)
    x = np.zeros(n)
    floor = _wooden_floor(rng)
    force = {"slow": 0.6, "steady": 0.8, "fast": 1.0}[tempo]
    interval = 1 / (rate * between(rng, 0.93, 1.07))
    feet = rng.uniform(0.8, 1.0, 2)
    for index, t in enumerate(beats(seconds - 0.15, interval, 0.035, rng, between(rng, 0, 0.15))):
        wooden = surface == "wood"
        step = _step_wood(rng, force, floor) if wooden else _STEPS[surface](rng, force)
        if tempo == "fast":
            step = step[: frames(0.45)] * decay(min(len(step), frames(0.45)), 1.2)
        add_at(x, t, step, float(feet[index % 2]) * between(rng, 0.75, 1.0))
    cloth = bandpass(pink(n, rng), 800, 5000, 1) * (
        1 + np.cos(np.arange(n) / SAMPLE_RATE * 6.283 * rate)
    )
    x = limited(x, 7) + between(rng, 0.0, 0.006) * unit(cloth)
    x = room(x, rng) if surface == "wood" else outdoors(x, rng)
    return finish(x, seconds, rng, {"tempo": tempo, "surface": surface})


_STEPS = {"gravel": _step_gravel, "snow": _step_snow, "grass": _step_grass, "water": _step_water}


def footsteps(surface: str) -> Recipe:
    """The recipe of footsteps on `surface`: gravel, wood, grass, snow or water."""

    def recipe(seconds: float, rng: Rng) -> Synthesised:
        return _walk(surface, seconds, rng)

    return recipe


_VOWELS = (
    (310, 2020, 2960, 1.0),
    (400, 1900, 2550, 1.0),
    (550, 1770, 2490, 1.0),
    (690, 1660, 2490, 1.0),
    (710, 1100, 2540, 1.0),
    (590, 880, 2540, 1.0),
    (450, 1030, 2380, 0.8),
    (310, 870, 2250, 0.6),
)


def _talk(n: int, rng: Rng) -> tuple[Signal, Signal]:
    """One talker: glottal source with the melody of phrases, and its syllables' vowels."""
    f = log_between(rng, 95, 230)
    pitch = f * 2 ** (0.22 * wander(n, 1.2, rng) + 0.08 * wander(n, 4, rng))
    source = glottal(pitch, rng, between(rng, 0.5, 0.7), 0.1)
    rate = between(rng, 3.5, 5.5)
    beat = np.arange(n) / SAMPLE_RATE * rate + 0.35 * wander(n, rate / 2, rng)
    syllable = np.sin(np.pi * (beat % 1.0))
    phrase = np.clip(1.5 * (wander(n, 0.5, rng) + between(rng, 0.0, 0.8)), 0, 1)
    vowels = rng.integers(len(_VOWELS), size=int(beat.max() - beat.min()) + 3)
    which = vowels[(np.floor(beat) - np.floor(beat.min())).astype(int)]
    return source * syllable * phrase, which


def crowd(seconds: float, rng: Rng) -> Synthesised:
    """Babble: many talkers share one vowel's formants at a time, in a large room."""
    n = frames(seconds)
    strength, number = level(rng, light=5, moderate=9, heavy=15)
    stems = np.zeros((len(_VOWELS), n))
    every = np.arange(n)
    for index in range(number):
        source, which = _talk(n, rng)
        near = between(rng, 0.15, 0.5) if index > 2 else between(rng, 0.4, 1.0)
        stems[which, every] += near * source
    size = between(rng, 0.97, 1.08)
    x = np.zeros(n)
    for stem, (first, second, third, gain) in zip(stems, _VOWELS, strict=True):
        x += gain * resonances(
            stem,
            (first * size, 90, 1.0),
            (second * size, 130, 0.5),
            (third * size, 200, 0.25),
        )
    x = shaped(x, (90, -18), (220, -3), (500, 0), (1000, 7), (2500, 13), (6000, 12))
    consonants = bandpass(white(n, rng), 2500, 8000, 1) * swell(n, 7, rng, 0.7)
    murmur = shaped(
        pink(n, rng), (80, -22), (250, -4), (700, 0), (1500, -3), (3500, -10), (9000, -24)
    )
    dense = {"light": 0.1, "moderate": 0.25, "heavy": 0.45}[strength]
    x = unit(x) + 0.035 * unit(consonants) + dense * unit(murmur) * swell(n, 3, rng, 0.2)
    x = reverb(x, rng, between(rng, 0.7, 2.0), between(rng, 0.4, 0.9), 2500)
    x = lowpass(x, between(rng, 4500, 9000), 1)
    return finish(limited(x, 5), seconds, rng, {"strength": strength})


def applause(seconds: float, rng: Rng) -> Synthesised:
    """Many people clapping, each at a steady pace, with a hand shape of their own."""
    n = frames(seconds)
    strength, people = level(rng, light=14, moderate=50, heavy=160)
    x = np.zeros(n + 4410)
    ends = chance(rng, 0.4)
    for _ in range(people):
        hand = log_between(rng, 650, 2200)
        claps = [
            burst(rng, hand / 1.6, hand * 1.6, log_between(rng, 0.018, 0.05)) for _ in range(3)
        ]
        near = between(rng, 0.1, 1.0) ** 2
        stop = seconds * between(rng, 0.6, 1.0) if ends else seconds
        for t in beats(stop, 1 / between(rng, 2.6, 4.8), 0.07, rng, first=between(rng, 0, 0.6)):
            add_at(x, t, claps[int(rng.integers(3))], near * between(rng, 0.6, 1.0))
    x = x[:n]
    if strength == "heavy":
        x = unit(x) + between(rng, 0.2, 0.5) * unit(bandpass(white(n, rng), 700, 3500, 1))
        x *= swell(n, 0.5, rng, 0.08)
    x = hall(x, rng) if chance(rng, 0.6) else room(x, rng)
    return finish(limited(x, 6), seconds, rng, {"strength": strength})


def heartbeat(seconds: float, rng: Rng) -> Synthesised:
    """First and second heart sounds as heard by a stethoscope."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.95, steady=1.25, fast=2.0)
    rate *= between(rng, 0.93, 1.07)
    x = np.zeros(n)
    low = between(rng, 42, 62)
    gap = min(0.32, 0.36 / rate**0.5) * between(rng, 0.92, 1.05)
    for t in beats(seconds, 1 / rate, 0.02, rng, first=between(rng, 0.0, 0.3)):
        for late, hz, loud, length in ((0.0, low, 1.0, 0.16), (gap, low * 1.35, 0.65, 0.11)):
            m = frames(length * 1.6)
            tone = sine(hz * contour(m, (0, 1.3), (0.4, 1.0), (1, 0.75)))
            thud = lowpass(white(m, rng), hz * 2.5, 2) * 2
            add_at(
                x,
                t + late,
                (tone + 0.5 * thud) * strike(m, 0.012, length),
                loud * between(rng, 0.85, 1),
            )
    flow = unit(bandpass(brown(n, rng), 40, 220, 1))
    x = x + between(rng, 0.004, 0.03) * flow
    x = lowpass(x, between(rng, 180, 600), 2)
    x = reverb(x, rng, 0.3, between(rng, 0.05, 0.3), 300)
    return finish(x, seconds, rng, {"tempo": tempo})


_LAUGHS = ((850, 1350, 2600), (760, 1550, 2550), (620, 1750, 2600), (600, 1050, 2500))
"""Formants of the vowels people laugh in: ha, heh, hih, hoh."""


def _ha(
    rng: Rng, f: float, length: float, vowel: tuple[int, int, int], size: float, voiced: float
) -> Signal:
    """One syllable: breath through the opening glottis, then a short falling voice."""
    n = frames(length)
    pitch = f * contour(n, (0, 0.92), (0.45, 1.05), (1, 0.82)) * 2 ** (0.02 * wander(n, 40, rng))
    ring = contour(n, (0, 0), (0.28, 0.03), (0.42, 1), (0.62, 0.8), (0.82, 0.04), (1, 0))
    blow = contour(n, (0, 0.1), (0.2, 1), (0.45, 0.35), (0.75, 0.4), (1, 0.05))
    voice = unit(glottal(pitch, rng, between(rng, 0.55, 0.75), 0.15)) * ring * voiced
    breath = bandpass(white(n, rng), 500, 6000, 1) * blow * between(rng, 0.15, 0.35)
    first, second, third = (hz * size for hz in vowel)
    return resonances(
        voice + breath,
        (first, 110, 1.0),
        (second, 150, 0.6),
        (third, 220, 0.35),
        (3600 * size, 350, 0.2),
        (4600 * size, 700, 0.1),
    )


def _gasp(rng: Rng, size: float) -> Signal:
    """Air drawn in between two bouts."""
    n = frames(between(rng, 0.25, 0.5))
    air = white(n, rng) * arch(n, 0.5, 0.25)
    return peaked(
        resonances(air, (900 * size, 400, 0.6), (1800 * size, 500, 1.0), (3600 * size, 1500, 0.6))
    )


def _laugh(n: int, rng: Rng, tempo: float) -> Signal:
    """One person: bouts of syllables that fall in pitch and loudness, with gasps between."""
    x = np.zeros(n)
    low = chance(rng, 0.5)
    base = log_between(rng, 150, 270) if low else log_between(rng, 260, 450)
    size = between(rng, 0.93, 1.02) if low else between(rng, 1.08, 1.2)
    voiced, t = between(rng, 0.6, 1.0), between(rng, 0.01, 0.15)
    seconds = n / SAMPLE_RATE
    while t < seconds - 0.2:
        vowel = _LAUGHS[int(rng.integers(len(_LAUGHS)))]
        f, loud = base * between(rng, 0.9, 1.35), between(rng, 0.75, 1.0)
        for index in range(int(rng.integers(4, 13))):
            period = tempo * between(rng, 0.9, 1.1) * (1 + 0.015 * index)
            ha = _ha(rng, f * between(rng, 0.94, 1.06), period * 0.98, vowel, size, voiced)
            add_at(x, t, ha, loud * between(rng, 0.75, 1.0))
            t, f, loud = t + period, f * between(rng, 0.93, 1.0), loud * between(rng, 0.88, 0.99)
        if chance(rng, 0.6):
            add_at(x, t + 0.05, _gasp(rng, size), 0.15 * float(np.max(np.abs(x)) + 1e-9))
        t += between(rng, 0.35, 1.1)
    return peaked(x)


def laughter(seconds: float, rng: Rng) -> Synthesised:
    """Laughing people: glottal bursts between breaths, four to six a second."""
    n = frames(seconds)
    count, people = level(rng, single=1, several=3, many=9)
    x = np.zeros(n)
    for index in range(people):
        voice = _laugh(n, rng, between(rng, 0.16, 0.25))
        x += voice * (1.0 if index == 0 else between(rng, 0.25, 0.9))
    x = hall(x, rng) if count == "many" and chance(rng, 0.4) else room(x, rng)
    x = shaped(x, (80, -24), (250, -9), (500, -5), (900, 0), (2500, 4), (7000, 3))
    attributes = {"count": count} if people > 1 else {}  # one laughs in several bouts
    return finish(limited(x, 7), seconds, rng, attributes)


def _inhale(rng: Rng, length: float, harsh: float) -> Signal:
    """Air drawn past the soft palate, which flutters and shuts off the stream each time."""
    n = frames(length)
    effort = contour(n, (0, 0), (0.3, 0.6), (0.75, 1.0), (0.93, 0.6), (1, 0))
    rate = log_between(rng, 28, 75) * contour(n, (0, 0.8), (0.6, 1.0), (1, between(rng, 0.8, 1.3)))
    rate = rate * 2 ** (0.15 * wander(n, 9, rng))
    flaps = pulses(rate, rng, 0.06, 0.35)
    size = between(rng, 0.85, 1.1)
    puff = np.exp(-np.arange(frames(0.02)) / frames(between(rng, 0.002, 0.006)))
    gate = np.convolve(flaps, puff)[:n]
    noise = white(n, rng) * (0.1 + harsh * gate)
    source = 1.5 * gate - lowpass(gate, 15, 1) + 0.5 * noise
    tract = resonances(
        source,
        (230 * size, 150, 0.4),
        (560 * size, 170, 1.0),
        (1150 * size, 250, 0.9),
        (1900 * size, 400, 0.8),
        (3100 * size, 900, 0.6),
    )
    return peaked(tract * effort * swell(n, 6, rng, 0.2))


def _exhale(rng: Rng, length: float) -> Signal:
    """Breath let out softly through the nose or slack lips."""
    n = frames(length)
    low = log_between(rng, 400, 900)
    air = resonances(
        pink(n, rng), (low, low, 1.0), (low * 2.6, low * 1.5, 0.8), (low * 6, low * 4, 0.6)
    )
    x = unit(air) * arch(n, 0.2, 0.65)
    if chance(rng, 0.3):
        lips = 0.5 + 0.5 * sine(between(rng, 16, 28) * 2 ** (0.2 * wander(n, 4, rng)))
        x = x * (0.3 + 0.7 * lips**2)
    return peaked(x)


def snore(seconds: float, rng: Rng) -> Synthesised:
    """A sleeper: a fluttering palate on each breath in, a hiss on each breath out."""
    n = frames(seconds)
    tempo, period = level(rng, slow=5.0, steady=3.9, fast=2.9)
    strength, harsh = level(rng, light=0.5, moderate=1.0, heavy=2.0)
    x = np.zeros(n)
    soft = {"light": 0.28, "moderate": 0.2, "heavy": 0.12}[strength] * between(rng, 0.6, 1.2)
    part, t = between(rng, 0.3, 0.42), between(rng, 0.01, 0.2)
    while t < seconds:
        breath = period * between(rng, 0.93, 1.07)
        add_at(x, t, _inhale(rng, part * breath, harsh), between(rng, 0.75, 1.0))
        late = t + breath * (part + between(rng, 0.03, 0.1))
        add_at(x, late, _exhale(rng, breath * between(rng, 0.3, 0.42)), soft)
        t += breath
    x = room(x, rng)
    x = peaked(x) + between(rng, 0.001, 0.004) * unit(lowpass(brown(n, rng), 500, 1))
    return finish(x, seconds, rng, {"tempo": tempo, "strength": strength})

"""Crowds that cheer, a stadium that follows a match, children in a playground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import arch, contour, swell, wander
from core.corpus.synthesis.filters import bandpass, shaped
from core.corpus.synthesis.grains import add_at, burst, poisson, scatter
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.sampling import Rng, Signal, between, chance, frames, level, log_between
from core.corpus.synthesis.sources import pink, sine, white
from core.corpus.synthesis.space import at_distance, outdoors, reverb
from core.corpus.synthesis.speech import draw_speaker, speak
from core.corpus.synthesis.talk import babble
from core.corpus.synthesis.tract import Larynx
from core.corpus.synthesis.vocal import silent_voice, vocal_sound

_Mouth = tuple[tuple[float, str], ...]
_SHOUTS: dict[str, _Mouth] = {
    "woo": ((0, "u"), (0.5, "U"), (1, "u")),
    "yeah": ((0, "i"), (0.25, "E"), (0.7, "a"), (1, "@")),
    "hey": ((0, "E"), (0.5, "e"), (1, "i")),
    "aah": ((0, "a"), (1, "A")),
    "ooh": ((0, "O"), (0.6, "o"), (1, "U")),
    "boo": ((0, "U"), (0.3, "u"), (1, "u")),
}


def _shout(rng: Rng, kind: str, long: float, child: float = 0.1) -> Signal:
    """One shout of `long` seconds; high ones rise and fall, `boo` stays low."""
    draw = rng.random()
    if draw < child:
        pitch, size = log_between(rng, 380, 600), round(between(rng, 1.3, 1.5), 1)
    elif draw < child + 0.55 * (1 - child):
        pitch, size = log_between(rng, 170, 300), round(between(rng, 0.95, 1.05), 1)
    else:
        pitch, size = log_between(rng, 300, 520), round(between(rng, 1.12, 1.25), 1)
    rise = between(rng, 1.2, 1.7) if kind == "woo" else between(rng, 1.0, 1.25)
    pitch = pitch * 0.65 if kind == "boo" else pitch
    n = frames(long)
    voice = silent_voice(n, pitch)
    voice.write(
        0.0,
        long,
        pitch=((0, pitch * 0.9), (0.35, pitch * rise), (0.7, pitch * 1.05), (1, pitch * 0.75)),
        effort=((0, 0), (0.12, 0.9), (0.65, 0.8), (1, 0)),
        air=((0, 0.1), (0.5, 0.05), (1, 0.05)),
        vowels=_SHOUTS[kind],
        rough=between(rng, 0.02, 0.1),
        doubled=between(rng, 0, 0.2),
    )
    return unit(vocal_sound(n, voice, Larynx(0.6, 1.4, 0.1, 0.01, 0.06), size, rng))


def _finger_whistle(rng: Rng) -> Signal:
    """Two fingers between the teeth: up and down again about 2 to 3.5 kHz."""
    n = frames(between(rng, 0.35, 0.9))
    top = log_between(rng, 2000, 3400)
    hz = top * contour(n, (0, 0.65), (0.3, 1.0), (0.6, between(rng, 0.8, 1.0)), (1, 0.7))
    tone = sine(hz * 2 ** (0.01 * wander(n, 30, rng)))
    return (tone + 0.05 * white(n, rng)) * arch(n, 0.1, 0.2)


def _shouts(rng: Rng, kinds: Sequence[str], child: float = 0.1) -> list[Signal]:
    """A few throats, each at four speeds and so at four pitches."""
    bank = []
    for kind in kinds:
        shout = _shout(rng, kind, between(rng, 0.5, 1.1), child)
        for _ in range(4):
            speed = log_between(rng, 0.8, 1.25)
            bank.append(
                np.interp(np.arange(0, len(shout) - 1, speed), np.arange(len(shout)), shout)
            )
    return bank


def _voices(n: int, rng: Rng, bank: list[Signal], people: float, rate: Signal | float) -> Signal:
    """Shouts of `bank` laid over each other, of unit RMS.

    `people` shout at once where `rate` (a curve of about 1) is 1.
    """
    lead = frames(0.8)
    curve = np.concatenate([np.full(lead, np.asarray(rate).ravel()[0]), np.broadcast_to(rate, n)])
    places = poisson(len(curve), np.maximum(people * curve, 1e-3), rng)
    gains = np.exp(rng.normal(-1.0, 0.7, len(places)))
    return unit(scatter(len(curve), places, gains, bank, rng)[lead:])


def _roar(n: int, rng: Rng) -> Signal:
    """Thousands at once, where single voices are no longer heard: noise with a mouth's colour."""
    x = shaped(
        pink(n, rng),
        (80, -24),
        (250, -4),
        (500, 2),
        (1000, 5),
        (1800, 3),
        (4000, -6),
        (12_000, -20),
    )
    return unit(x * swell(n, 6, rng, 0.12))


def _claps(n: int, rng: Rng, often: float) -> Signal:
    """Hands here and there, `often` a second."""
    bank = []
    for _ in range(12):
        hand = log_between(rng, 700, 2200)
        bank.append(burst(rng, hand / 1.6, hand * 1.8, log_between(rng, 0.015, 0.04)))
    places = poisson(n, often, rng)
    return unit(scatter(n, places, rng.uniform(0.1, 1.0, len(places)) ** 2, bank, rng))


def crowd_cheering(seconds: float, rng: Rng) -> Synthesised:
    """Woos, yeahs and whistles, a roar below them where many cheer, swelling and ebbing away."""
    n = frames(seconds)
    strength, (people, bed) = level(rng, light=(7, 0.03), moderate=(14, 0.06), heavy=(26, 0.12))
    if chance(rng, 0.5):
        curve = contour(n, (0, 0.4), (between(rng, 0.1, 0.3), 1.0), (1, between(rng, 0.4, 1.0)))
    else:
        curve = np.clip(swell(n, 0.5, rng, 0.25), 0.3, 2.0)
    bank = _shouts(rng, ("woo", "yeah", "woo", "aah", "hey", "yeah"))
    x = _voices(n, rng, bank, people, curve) * curve**0.5
    x = unit(x) + bed * between(rng, 0.7, 1.3) * _roar(n, rng) * curve
    x += between(rng, 0.02, 0.1) * _claps(n, rng, 2.0 * people)
    for t in np.sort(rng.uniform(0, seconds, rng.poisson(between(rng, 0.1, 0.5) * seconds))):
        add_at(x, float(t), _finger_whistle(rng), between(rng, 0.3, 0.9))
    large = reverb(x, rng, between(rng, 0.6, 1.2), between(rng, 0.15, 0.3), 4000)
    x = large if chance(rng, 0.5) else outdoors(x, rng)
    bass = between(rng, -12, -6)
    x = shaped(
        x, (60, -20), (200, bass), (500, -2), (1000, 2), (3000, 4), (9000, -3), (16_000, -10)
    )
    return finish(limited(x, 5), seconds, rng, {"strength": strength}, LIVED_IN)


_TERRACE = 10
"""Throats that sing together; more sound no fuller."""


def _unison(rng: Rng, long: float, steps: Sequence[float], kind: str) -> Signal:
    """A terrace that sings: one throat on each of `steps` (semitones), many times, never exact."""
    n = frames(long)
    base = log_between(rng, 150, 210)
    voice = silent_voice(n, base)
    each = long / len(steps)
    for index, step in enumerate(steps):
        hz = base * 2 ** (step / 12)
        voice.write(
            index * each,
            each * 0.92,
            pitch=((0, hz * 0.97), (0.15, hz), (1, hz * 0.99)),
            effort=((0, 0), (0.12, 0.9), (0.8, 0.8), (1, 0)),
            vowels=_SHOUTS[kind],
            rough=0.05,
        )
    one = unit(vocal_sound(n, voice, Larynx(0.6, 1.5, 0.1, 0.012, 0.06), 1.0, rng))
    x = np.zeros(n + frames(0.2))
    for _ in range(_TERRACE):
        speed = log_between(rng, 0.975, 1.025)
        again = np.interp(np.arange(0, n - 1, speed), np.arange(n), one)
        add_at(x, between(rng, 0, 0.12), again, between(rng, 0.2, 1.0))
    return unit(x)


def _chant(seconds: float, rng: Rng) -> Signal:
    """A few sung notes, again and again, with claps or a drum on the beat at times."""
    beat = between(rng, 0.34, 0.6)
    steps = [float(s) for s in rng.choice([0, 0, 2, 4, 5, 7, -3], size=int(rng.integers(3, 7)))]
    line = _unison(rng, beat * len(steps), steps, str(rng.choice(["ooh", "aah", "hey", "yeah"])))
    x = np.zeros(frames(seconds))
    t = 0.0
    while t < seconds:
        add_at(x, t, line)
        t += beat * (len(steps) + int(rng.integers(0, 2)))
    if chance(rng, 0.5):
        m = frames(0.3)
        for start in np.arange(0, seconds, beat):
            drum = sine(70 * contour(m, (0, 1.5), (0.2, 1), (1, 0.9))) * np.exp(
                -np.arange(m) / 3000
            )
            add_at(x, float(start), drum, between(rng, 1.0, 2.0))
    return unit(x)


def _reaction(roar: Signal, bank: list[Signal], rng: Rng) -> Signal:
    """What a stand does when something happens, as long as its `roar`, with shouts of `bank`."""
    n = len(roar)
    shape = contour(n, (0, 0.05), (between(rng, 0.08, 0.3), 1), (0.6, 0.6), (1, 0.1))
    return unit(_voices(n, rng, bank, 60.0, shape) * shape + 0.7 * roar * shape**1.5)


def sports_crowd(seconds: float, rng: Rng) -> Synthesised:
    """A stadium: thousands murmur without end; over them chants, reactions, whistles and horns."""
    n = frames(seconds)
    strength, wild = level(rng, light=0.4, moderate=0.8, heavy=1.4)
    roar = _roar(n, rng)
    murmur = babble(n, rng, ("man", "man", "woman"), 18, 1.1, 3, said=2.4)
    x = murmur + between(rng, 0.15, 0.4) * roar * swell(n, 0.4, rng, 0.25)
    kind = str(rng.choice(["ooh", "boo", "goal", "goal"]))
    bank = _shouts(rng, ("yeah", "aah", "woo") if kind == "goal" else (kind,) * 3, 0.02)
    t = between(rng, -1.0, 0.15 * seconds)
    while t < seconds:
        long = min(between(rng, 2.5, 6.0), seconds)
        event = (
            _chant(long, rng) if chance(rng, 0.5) else _reaction(roar[: frames(long)], bank, rng)
        )
        event = event * arch(len(event), 0.08, 0.25)
        add_at(x, t, event, wild * between(rng, 0.8, 1.6))
        t += long * between(rng, 0.9, 1.5)
    if chance(rng, 0.5):
        m = frames(between(rng, 0.25, 0.8))
        pea = 2700 + 120 * np.sign(sine(np.full(m, between(rng, 28, 45))))
        add_at(x, between(rng, 0, seconds - 0.5), sine(pea) * arch(m, 0.05, 0.1), 1.5)
    if chance(rng, 0.3):
        m = frames(between(rng, 0.6, 1.6))
        horn = bandpass(np.sign(sine(np.full(m, log_between(rng, 230, 420)))), 250, 4000, 1)
        add_at(x, between(rng, 0, seconds * 0.7), horn * arch(m, 0.05, 0.1), between(rng, 0.5, 1.2))
    x = reverb(x, rng, between(rng, 1.2, 2.0), between(rng, 0.25, 0.5), 3000)
    x = shaped(x, (50, -20), (200, -8), (500, 0), (2000, 3), (6000, 0), (14_000, -12))
    return finish(limited(x, 5), seconds, rng, {"strength": strength}, LIVED_IN)


def _playing_child(rng: Rng) -> Signal:
    """A call, a squeal or a few loud words."""
    kind = int(rng.integers(4))
    if kind == 0:
        return _shout(rng, str(rng.choice(["hey", "aah", "yeah"])), between(rng, 0.4, 1.0), 1.0)
    if kind == 1:
        long, base = between(rng, 0.3, 0.9), log_between(rng, 600, 1300)
        n = frames(long)
        voice = silent_voice(n, base)
        voice.write(
            0.0,
            long,
            pitch=(
                (0, base * 0.7),
                (0.3, base),
                (0.7, base * between(rng, 0.85, 1.1)),
                (1, base * 0.6),
            ),
            effort=((0, 0), (0.12, 1), (0.8, 0.8), (1, 0)),
            vowels=((0, "i"), (0.5, "E"), (1, "a")),
            rough=between(rng, 0, 0.06),
        )
        return unit(vocal_sound(n, voice, Larynx(0.6, 1.4, 0.1), 1.4, rng))
    speaker = replace(draw_speaker(rng, "child"), vigour=1.0, pause=(0.1, 0.3), phrase=(2, 6))
    speaker = replace(speaker, pitch=speaker.pitch * between(rng, 1.1, 1.5), lively=8.0)
    return unit(speak(frames(between(rng, 0.6, 1.5)), speaker, rng))


def children_playing(seconds: float, rng: Rng) -> Synthesised:
    """Children near and far out of doors: calls, squeals, talk, feet that run and a ball."""
    n = frames(seconds)
    strength, often = level(rng, light=1.5, moderate=3.5, heavy=7.0)
    bank = [_playing_child(rng) for _ in range(int(np.clip(seconds, 5, 14)))]
    near, far = np.zeros(n), np.zeros(n)
    for index in range(max(3, rng.poisson(often * seconds))):
        call = bank[index] if index < len(bank) else bank[int(rng.integers(len(bank)))]
        if index >= len(bank):
            speed = log_between(rng, 0.87, 1.15)
            call = np.interp(np.arange(0, len(call) - 1, speed), np.arange(len(call)), call)
        place = between(rng, -0.4, seconds - 0.2)
        add_at(near if index % 3 == 0 else far, place, call, log_between(rng, 0.25, 1.0))
    dull = at_distance(far, "distant", rng)
    x = near + between(rng, 0.6, 1.2) * dull
    for _ in range(rng.poisson(0.4 * seconds)):
        t, pace = between(rng, 0, seconds), between(rng, 0.2, 0.3)
        ball = chance(rng, 0.4)
        for step in range(int(rng.integers(3, 8))):
            gap = pace * (1.6 * 0.82**step if ball else 1.0)
            hit = burst(rng, 90 if ball else 250, 700 if ball else 2500, 0.06)
            add_at(x, t, hit, between(rng, 0.1, 0.5))
            t += gap
    still = shaped(pink(n, rng), (60, 0), (300, -6), (2000, -18), (8000, -30))
    x = outdoors(x, rng) + between(rng, 0.01, 0.05) * unit(still) * float(np.max(np.abs(x)))
    return finish(limited(x, 7), seconds, rng, {"strength": strength})


CROWDS: dict[str, Recipe] = {
    "crowd_cheering": crowd_cheering,
    "sports_crowd": sports_crowd,
    "children_playing": children_playing,
}
"""By the name of the kind."""

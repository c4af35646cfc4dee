"""A baby that cries, a child that laughs, a grown person that sobs."""

from __future__ import annotations

from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.levels import limited
from core.corpus.synthesis.sampling import Rng, between, chance, frames, level, log_between
from core.corpus.synthesis.space import at_distance, draw_distance, reverb, room
from core.corpus.synthesis.tract import Larynx
from core.corpus.synthesis.vocal import Points, VoiceTracks, silent_voice, vocal_sound

_BABY_VOWELS = (
    ((0, "U"), (0.12, "a"), (0.8, "a"), (1, "V")),
    ((0, "@"), (0.15, "E"), (0.7, "a"), (1, "@")),
    ((0, "u"), (0.2, "A"), (0.85, "a"), (1, "U")),
    ((0, "E"), (0.3, "E"), (1, "@")),
)
"""Mouths of one wail: they open fast and close slowly, as in waah."""


def _wail(base: float, rng: Rng) -> Points:
    """Melody of one wail in Hz: up and down, falling, or held high and dropped."""
    top, end = base * between(rng, 1.1, 1.45), base * between(rng, 0.7, 0.95)
    shape = int(rng.integers(3))
    if shape == 0:
        return ((0, base * 0.8), (between(rng, 0.15, 0.4), top), (0.8, base), (1, end))
    if shape == 1:
        return ((0, base * 0.9), (0.08, top), (0.6, base), (1, end))
    return ((0, base * 0.75), (0.12, top), (0.75, top * between(rng, 0.95, 1.05)), (1, end))


def _drawn_in(voice: VoiceTracks, start: float, seconds: float, hz: float, rng: Rng) -> None:
    """Air drawn in between two cries, with a squeak of the folds in it."""
    squeak = between(rng, 0.1, 0.35) if chance(rng, 0.6) else 0.0
    voice.write(
        start,
        seconds,
        pitch=((0, hz * 0.9), (0.6, hz * 1.2), (1, hz)),
        effort=((0, 0), (0.4, squeak), (0.8, squeak), (1, 0)),
        air=((0, 0), (0.5, between(rng, 0.1, 0.3)), (0.9, 0.2), (1, 0)),
        vowels=((0, "@"), (1, "E")),
        rough=0.1,
    )


def baby_crying(seconds: float, rng: Rng) -> Synthesised:
    """Wails of 0.4 to 1.5 s at some 400 to 600 Hz from a tract half as long as a man's.

    Each is one breath out, pressed, and rough where it is loudest; at times the voice breaks to
    the octave. Between them the breath is drawn in audibly.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.45, moderate=0.75, heavy=1.0)
    base, size = log_between(rng, 370, 540), round(between(rng, 1.65, 1.95), 2)
    larynx = Larynx(0.5 if force > 0.5 else 0.7, 1.4, between(rng, 0.03, 0.12), 0.012, 0.06)
    voice = silent_voice(n, base)
    t = between(rng, 0.02, 0.2)
    shortest, longest = {"light": (0.3, 0.7), "moderate": (0.5, 1.1), "heavy": (0.8, 1.6)}[strength]
    while t < seconds - 0.1:
        sobs = int(rng.integers(2, 5)) if chance(rng, 0.15) else 1
        for _ in range(sobs):
            long = between(rng, 0.12, 0.2) if sobs > 1 else between(rng, shortest, longest)
            loud = force * between(rng, 0.75, 1.0)
            strained = between(rng, 0.3, 0.9) if chance(rng, 0.6 * force) else 0.0
            voice.write(
                t,
                long,
                pitch=_wail(base * between(rng, 0.92, 1.1) * (0.85 + 0.2 * force), rng),
                effort=((0, 0), (0.08, 0.6 * loud), (0.35, loud), (0.8, 0.8 * loud), (1, 0)),
                air=((0, 0.1), (0.5, 0.03), (1, 0.12)),
                vowels=_BABY_VOWELS[int(rng.integers(len(_BABY_VOWELS)))],
                rough=between(rng, 0.0, 0.06) * force,
                doubled=0.15 * strained,
            )
            if strained and long > 0.5:
                part, broken = t + between(rng, 0.3, 0.6) * long, between(rng, 0.15, 0.3)
                if chance(rng, 0.3):
                    voice.bend(part, broken, 2.0)
                else:
                    voice.write(part, broken, rough=between(rng, 0.1, 0.2), doubled=strained)
            t += long + between(rng, 0.02, 0.08)
        drawn = between(rng, 0.18, 0.35)
        _drawn_in(voice, t + 0.03, drawn, base * between(rng, 1.1, 1.6), rng)
        rest = between(rng, 0.2, 0.9) if strength == "light" else between(rng, 0.02, 0.25)
        t += drawn + rest
    x = vocal_sound(n, voice, larynx, size, rng)
    distance = draw_distance(rng, 0.2)
    x = room(x, rng) if distance == "close" else at_distance(x, distance, rng)
    return finish(limited(x, 6), seconds, rng, {"strength": strength, "distance": distance})


def _ha_ha(voice: VoiceTracks, t: float, base: float, period: float, rng: Rng) -> float:
    """A bout of laughing syllables that sink in pitch and loudness; returns where it ends."""
    vowel = str(rng.choice(["a", "E", "I", "i", "V", "A"]))
    f, loud = base * between(rng, 1.0, 1.4), between(rng, 0.7, 1.0)
    for index in range(int(rng.integers(4, 11))):
        step = period * between(rng, 0.9, 1.1) * (1 + 0.02 * index)
        voiced = loud * between(rng, 0.75, 1.0)
        voice.write(
            t,
            step,
            pitch=((0, f), (0.5, f * between(rng, 1.02, 1.15)), (1, f * 0.88)),
            effort=((0, 0), (0.25, 0.03), (0.42, voiced), (0.62, 0.8 * voiced), (0.85, 0), (1, 0)),
            air=((0, 0.1), (0.2, 0.3 * loud), (0.45, 0.05), (0.85, 0.12), (1, 0.1)),
            vowels=((0, vowel), (1, vowel)),
        )
        t, f, loud = t + step, f * between(rng, 0.93, 1.01), loud * between(rng, 0.88, 0.98)
    return t


def _squeal(voice: VoiceTracks, t: float, base: float, rng: Rng) -> float:
    """A shriek of delight; returns where it ends."""
    long, top = between(rng, 0.25, 0.6), base * between(rng, 1.8, 2.8)
    voice.write(
        t,
        long,
        pitch=((0, base * 1.3), (0.3, top), (0.7, top * 0.95), (1, base * 1.2)),
        effort=((0, 0), (0.15, 0.9), (0.7, 0.8), (1, 0)),
        vowels=((0, "i"), (0.5, "E"), (1, "a")),
    )
    return t + long


def child_laughing(seconds: float, rng: Rng) -> Synthesised:
    """Giggles of a child, four to seven syllables a second at 300 to 550 Hz, squeals between."""
    n = frames(seconds)
    tempo, rate = level(rng, slow=4.2, steady=5.3, fast=6.8)
    base, size = log_between(rng, 290, 480), round(between(rng, 1.3, 1.55), 2)
    larynx = Larynx(0.8, 1.8, between(rng, 0.08, 0.2), 0.012, 0.08)
    voice = silent_voice(n, base)
    squeals = between(rng, 0, 0.5)
    t = between(rng, 0.02, 0.15)
    while t < seconds - 0.15:
        if chance(rng, squeals):
            t = _squeal(voice, t, base, rng) + 0.05
        t = _ha_ha(voice, t, base, between(rng, 0.95, 1.05) / rate, rng)
        drawn = between(rng, 0.2, 0.4)
        _drawn_in(voice, t + 0.04, drawn, base * between(rng, 1.2, 1.8), rng)
        t += drawn + between(rng, 0.08, 0.5)
    x = vocal_sound(n, voice, larynx, size, rng)
    distance = draw_distance(rng, 0.2)
    x = room(x, rng) if distance == "close" else at_distance(x, distance, rng)
    attributes = {"tempo": tempo, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes, LIVED_IN)


def _shaken_breath(voice: VoiceTracks, t: float, rng: Rng) -> float:
    """Air drawn in by fits, four to seven a second; returns where it ends."""
    for _ in range(int(rng.integers(2, 5))):
        long = between(rng, 0.1, 0.18)
        air = between(rng, 0.08, 0.22)
        voice.write(
            t,
            long,
            air=((0, 0), (0.4, air), (0.7, 0.8 * air), (1, 0.03)),
            vowels=((0, "@"), (1, "E")),
        )
        t += long + between(rng, 0.01, 0.06)
    return t


def _sniff(voice: VoiceTracks, t: float, rng: Rng) -> float:
    """Air drawn up the nose; returns where it ends."""
    long = between(rng, 0.15, 0.4)
    voice.write(
        t,
        long,
        rush=((0, 0), (0.3, 0.08), (0.8, between(rng, 0.1, 0.2)), (1, 0)),
        centre=log_between(rng, 1800, 3500),
    )
    return t + long + 0.05


def _sob(voice: VoiceTracks, t: float, base: float, force: float, rng: Rng) -> float:
    """A breath let out in voiced jerks, or one long moan that trembles; returns its end."""
    vowel = str(rng.choice(["@", "V", "U", "o", "E"]))
    f, loud = base * between(rng, 1.0, 1.5), force * between(rng, 0.6, 1.0)
    moan = chance(rng, 0.35 * force + 0.45)
    for _ in range(1 if moan else int(rng.integers(3, 7))):
        long = between(rng, 0.6, 1.5) if moan else between(rng, 0.14, 0.26)
        tremble = [
            (k / 10, loud * (1 - 0.6 * k / 10) * between(rng, 0.55, 1.0)) for k in range(1, 10)
        ]
        bump = [(0.2, 0.4 * loud), (0.45, loud), (0.7, 0.6 * loud)]
        voice.write(
            t,
            long,
            pitch=((0, f * 0.95), (0.25, f * 1.08), (1, f * between(rng, 0.75, 0.9))),
            effort=((0, 0), *(tremble if moan else bump), (1, 0)),
            air=((0, 0.15), (0.5, 0.08), (1, 0.12)),
            vowels=((0, vowel), (1, "@")),
            doubled=between(rng, 0, 0.35),
            rough=between(rng, 0, 0.06),
        )
        t, f, loud = t + long + between(rng, 0.02, 0.08), f * 0.95, loud * 0.9
    return t


def crying(seconds: float, rng: Rng) -> Synthesised:
    """Somebody sobbing: breath by fits, jerks of a breaking voice, moans and sniffs."""
    n = frames(seconds)
    strength, force = level(rng, light=0.35, moderate=0.65, heavy=1.0)
    man = chance(rng, 0.4)
    base = log_between(rng, 140, 210) if man else log_between(rng, 240, 370)
    size = round(between(rng, 0.96, 1.06) if man else between(rng, 1.14, 1.26), 2)
    larynx = Larynx(0.8, 2.0, between(rng, 0.06, 0.2), 0.015, 0.1)
    voice = silent_voice(n, base)
    t = between(rng, 0.02, 0.15)
    while t < seconds - 0.1:
        if chance(rng, 0.85):
            t = _sob(voice, t, base, force, rng)
        t = _shaken_breath(voice, t + between(rng, 0.02, 0.15), rng)
        if chance(rng, 0.45 if strength == "heavy" else 0.75):
            t = _sniff(voice, t + 0.1, rng)
        t += between(rng, 0.05, 0.4) / (0.5 + force)
    x = vocal_sound(n, voice, larynx, size, rng)
    x = reverb(x, rng, between(rng, 0.2, 0.6), between(rng, 0.1, 0.35), 4000)
    return finish(limited(x, 7), seconds, rng, {"strength": strength}, LIVED_IN)


CRIES: dict[str, Recipe] = {
    "baby_crying": baby_crying,
    "child_laughing": child_laughing,
    "crying": crying,
}
"""By the name of the kind."""

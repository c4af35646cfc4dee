"""Many voices at once on the same vowels: a choir that sings, a crowd or monks who chant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import wander
from core.corpus.synthesis.filters import shaped
from core.corpus.synthesis.grains import add_at, burst
from core.corpus.synthesis.instruments import chords
from core.corpus.synthesis.levels import limited, unit
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.space import at_distance, draw_distance, hall, outdoors, reverb
from core.corpus.synthesis.tract import (
    CONTROL_HOP,
    FOURTH,
    VOWEL_WIDTHS,
    VOWELS,
    Larynx,
    at_samples,
    cascade,
    control_frames,
    hiss,
    phonation,
    through,
)

_FRAMES_A_SECOND = SAMPLE_RATE / CONTROL_HOP
_WOMEN, _MEN = 1.17, 1.0
"""Sizes of their tracts."""
_PARTS = ((_MEN, ((0, 0.0), (2, 0.0))), (_WOMEN, ((1, 12.0), (2, 12.0))))
"""Bass, tenor, alto and soprano: which note of the chord they take, and semitones above it."""


def _larynxes(n: int, pitch: Signal, effort: Signal, count: int, late: float, rng: Rng) -> Signal:
    """The larynxes of `count` people who sing or shout the same, each a little off, `n` samples.

    `pitch` in Hz and `effort` have the shape (frames,); `late` is how late the last one is in
    seconds.
    """
    total = np.zeros(n)
    t = np.arange(len(pitch)) / _FRAMES_A_SECOND
    for _ in range(count):
        behind = round(between(rng, 0.0, late) * _FRAMES_A_SECOND)
        drift = wander(len(pitch) * CONTROL_HOP, 1.0, rng)[::CONTROL_HOP]
        vibrato = between(rng, 0.05, 0.3) * np.sin(
            2 * np.pi * (between(rng, 4.8, 6.2) * t + rng.random())
        )
        off = 0.1 * rng.standard_normal() + 0.1 * drift + vibrato
        own, loud = (np.concatenate([x[:behind], x[: len(x) - behind]]) for x in (pitch, effort))
        larynx = Larynx(0.8, 2.2, between(rng, 0.05, 0.15), 0.006, 0.04)
        sung = phonation(at_samples(own * 2 ** (off / 12), n), at_samples(loud, n), larynx, rng)
        total += sung * between(rng, 0.7, 1.0)
    return total


def _joined_by(x: Signal, others: int, late: float, rng: Rng) -> Signal:
    """A voice and so many that do as it does, up to `late` seconds behind it. Unit RMS.

    How far behind wanders, which takes each up and down by some ten cents.
    """
    out = x.copy()
    places = np.arange(len(x), dtype=float)
    for _ in range(others):
        behind = late * (0.5 + between(rng, -0.3, 0.3) + 0.08 * wander(len(x), 1.6, rng))
        heard = np.interp(places - SAMPLE_RATE * np.maximum(behind, 0.0), places, x)
        out += between(rng, 0.5, 0.9) * heard
    return unit(out)


def _tones(n: int, events: Sequence[tuple[float, float]], glide: float) -> Signal:
    """Pitch in Hz, (frames,), that glides to a value at each (start in seconds, value).

    `glide` is the deviation in seconds of its steps.
    """
    curve = np.full(control_frames(n), np.log(events[0][1]))
    for start, value in events:
        curve[max(0, round(start * _FRAMES_A_SECOND)) :] = np.log(value)
    glided: Signal = np.exp(gaussian_filter1d(curve, glide * _FRAMES_A_SECOND))
    return glided


def _mouths(n: int, syllables: Sequence[tuple[float, str]], size: float) -> Signal:
    """Formants (frames, 4) of all who sing a new vowel from each (start in seconds, vowel) on."""
    tracks = np.tile([*VOWELS[syllables[0][1]], FOURTH], (control_frames(n), 1))
    for start, vowel in syllables:
        tracks[round(start * _FRAMES_A_SECOND) :, :3] = VOWELS[vowel]
    moved: Signal = size * gaussian_filter1d(tracks, 5.0, axis=0)
    return moved


def _breaths(n: int, starts: Sequence[tuple[float, float]], depth: float, rise: float) -> Signal:
    """Effort (frames,), 0 to 1, of notes (start, seconds); it is 1 - `depth` between them."""
    effort = np.full(control_frames(n), 1 - depth)
    for start, long in starts:
        a, b = round(start * _FRAMES_A_SECOND), round((start + long) * _FRAMES_A_SECOND)
        effort[max(0, a) : max(0, b)] = 1.0
    eased: Signal = gaussian_filter1d(effort, rise * _FRAMES_A_SECOND)
    return eased


def choir(seconds: float, rng: Rng) -> Synthesised:
    """Women and men who sing chords in four parts on vowels, in a hall or a church.

    *strength* is how loudly; *count* is how many: several are one to a part.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.4, moderate=0.65, heavy=0.95)
    tempo, beat = level(rng, slow=2.6, steady=1.6, fast=0.9)
    count, others = level(rng, several=0, many=3)
    beat *= between(rng, 0.9, 1.1)
    key = log_between(rng, 98, 147)
    progression = chords(rng, 4)
    vowels = [str(v) for v in rng.choice(["A", "o", "u", "O", "A", "E"], size=3)]
    starts, t = [], between(rng, 0.02, 0.15)
    while t < seconds:
        for place in range(int(rng.integers(3, 6))):
            starts.append((t, beat * (0.97 if place < 4 else 0.8)))
            t += beat
        t += between(rng, 0.15, 0.5)
    notes = [(start, progression[index % 4]) for index, (start, _) in enumerate(starts)]
    words = [(start, vowels[(index // 2) % 3]) for index, (start, _) in enumerate(starts)]
    effort = force * _breaths(n, starts, 0.9, 0.05)
    x = np.zeros(n)
    for size, parts in _PARTS:
        source = np.zeros(n)
        for voice, up in parts:
            melody = [(start, key * 2 ** ((triad[voice] + up) / 12)) for start, triad in notes]
            source += _larynxes(n, _tones(n, melody, 0.045), effort, 1, 0.03, rng)
        source = _joined_by(source, others, 0.05, rng)
        mouth = cascade(_mouths(n, words, size), 1.2 * VOWEL_WIDTHS, size)
        x += unit(through(n, (source, mouth))) * between(rng, 0.7, 1.0)
    x = hall(x, rng) if chance(rng, 0.6) else reverb(x, rng, between(rng, 2.0, 4.0), 0.7, 2500)
    distance = draw_distance(rng, 0.2)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    attributes = {"strength": strength, "tempo": tempo, "count": count, "distance": distance}
    return finish(limited(x, 6), seconds, rng, attributes, LIVED_IN, 0.2)


_CALLS = (
    ("o", "e", "o"),
    ("A", "o", "A", "o"),
    ("E", "O", "a", "i"),
    ("u", "A", "u"),
    ("O", "O", "E"),
)
"""Syllables that a crowd shouts together."""
_RHYTHMS = ((1.0, 1.0, 2.0), (1.0, 1.0, 1.0, 1.0), (0.5, 0.5, 1.0, 2.0), (1.0, 0.5, 0.5, 2.0))
"""Beats of a call's syllables; the last one is followed by the call's rest."""


def _closures(n: int, starts: Sequence[tuple[float, float]], rng: Rng) -> Signal:
    """Strength (frames,) of the noise of lips and tongues before each syllable."""
    noise = np.zeros(control_frames(n))
    for start, _ in starts:
        a = round((start - between(rng, 0.02, 0.05)) * _FRAMES_A_SECOND)
        noise[max(0, a) : max(0, a + 8)] = between(rng, 0.3, 1.0)
    eased: Signal = gaussian_filter1d(noise, 2.0)
    return eased


def _in_unison(
    n: int, words: list[tuple[float, float, str, float]], rng: Rng, shape: tuple[float, float]
) -> Signal:
    """Men and women who shout or recite syllables (start, seconds, vowel, Hz of the men).

    `shape` is the effort, and how late the last one is in seconds.
    """
    force, late = shape
    starts = [(start, long) for start, long, _, _ in words]
    mouths = [(start - 0.03, vowel) for start, _, vowel, _ in words]
    effort = force * _breaths(n, starts, 1.0, 0.02)
    noise = _closures(n, starts, rng)
    rush = at_samples(noise, n) * rng.standard_normal(n)
    x = np.zeros(n)
    for size, up in ((_MEN, 1.0), (_WOMEN, 1.7)):
        number = int(rng.integers(1, 4)) if size == _WOMEN else 3
        steps = [(max(0.0, start - 0.04), up * hz) for start, _, _, hz in words]
        source = _larynxes(n, _tones(n, steps, 0.03), effort, 2, late, rng)
        source = _joined_by(source, number, late, rng)
        mouth = cascade(_mouths(n, mouths, size), 1.3 * VOWEL_WIDTHS, size)
        teeth = hiss(np.full(len(noise), 3000.0), np.full(len(noise), 2.5), noise > 1e-3)
        x += unit(through(n, (source, mouth), (0.25 * rush, teeth))) * (0.5 + 0.1 * number)
    return x


def chanting(seconds: float, rng: Rng) -> Synthesised:
    """A crowd that shouts syllables in time, or monks who recite on one or two tones in a church.

    *strength* is how loudly they shout; monks are light. A crowd may clap with it.
    """
    n = frames(seconds)
    tempo, beat = level(rng, slow=0.62, steady=0.46, fast=0.33)
    beat *= between(rng, 0.93, 1.07)
    monks = chance(rng, 0.3)
    strength, force = ("light", 0.45) if monks else level(rng, moderate=0.75, heavy=1.0)
    base = log_between(rng, 100, 140) if monks else log_between(rng, 165, 230)
    call = _CALLS[int(rng.integers(len(_CALLS)))]
    rhythm = _RHYTHMS[int(rng.integers(len(_RHYTHMS)))]
    tones = [2 ** (float(s) / 12) for s in rng.choice([0, 0, 2, 3, -2], size=4)]
    words, claps, t = [], [], between(rng, 0.06, 0.2)
    while t < seconds:
        for index, long in enumerate(rhythm):
            held = beat * long * (0.92 if monks else between(rng, 0.6, 0.78))
            vowel = call[index % len(call)]
            words.append((t, held, vowel, base * tones[index]))
            claps.append(t)
            t += beat * long
        t += beat if not monks else between(rng, 0.5, 1.2)
    late = 0.03 if monks else between(rng, 0.04, 0.08)
    x = _in_unison(n, words, rng, (force, late))
    if monks:
        x = reverb(x, rng, between(rng, 2.0, 4.0), between(rng, 0.5, 0.9), 2000)
        distance = "close"
    else:
        x = shaped(x, (80, -14), (300, -3), (900, 0), (3000, 2), (9000, -6))
        if chance(rng, 0.4):
            for clap in claps:
                for _ in range(6):
                    hit = burst(rng, 700, 4000, 0.02)
                    add_at(x, clap + between(rng, 0.0, 0.05), hit, between(rng, 0.2, 0.9))
        distance = draw_distance(rng, 0.3)
        x = at_distance(x, distance, rng) if distance == "distant" else outdoors(x, rng)
    attributes = {"tempo": tempo, "strength": strength, "count": "many", "distance": distance}
    return finish(limited(x, 6), seconds, rng, attributes, LIVED_IN, 0.2)


CHOIRS: dict[str, Recipe] = {"chanting": chanting, "choir": choir}
"""By the name of the kind."""

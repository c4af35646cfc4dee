"""Voices that sing on vowels, and voices that hum behind closed lips."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import LIVED_IN, Recipe, Synthesised, finish
from core.corpus.synthesis.envelopes import wander
from core.corpus.synthesis.filters import shaped
from core.corpus.synthesis.levels import limited, peaked
from core.corpus.synthesis.sampling import Rng, between, chance, frames, level, log_between
from core.corpus.synthesis.space import at_distance, draw_distance, hall, reverb, room
from core.corpus.synthesis.tract import CONTROL_HOP, VOWELS, Larynx
from core.corpus.synthesis.tunes import tune
from core.corpus.synthesis.vocal import VoiceTracks, silent_voice, vocal_sound

_FRAMES_A_SECOND = SAMPLE_RATE / CONTROL_HOP
_SINGERS = {"man": (98.0, 165.0, 1.0), "woman": (196.0, 330.0, 1.17), "child": (262.0, 392.0, 1.36)}
"""Lowest and highest key note in Hz, and size of the tract."""
_MOUTHS = (("u", "u", "o", "U", "O"), ("A", "O", "o", "u", "E", "i"), ("A", "A", "a", "O", "E"))
"""Vowels of soft, usual and loud singing: the louder, the wider the jaw."""
Notes = Sequence[tuple[float, float, float]]


def _singer(rng: Rng) -> tuple[float, float]:
    """Key note in Hz and size of tract of a woman, a man or a child."""
    low, high, size = _SINGERS[str(rng.choice(["woman", "woman", "man", "man", "child"]))]
    return log_between(rng, low, high), round(size * between(rng, 0.95, 1.06), 2)


def legato(voice: VoiceTracks, notes: Notes, key: float, vibrato: float, rng: Rng) -> None:
    """Write the pitch of notes that are joined: glides between them, vibrato once a note stands.

    Vibrato is 4.8 to 6.4 Hz, up to `vibrato` semitones either way, and sets in after a fifth of a
    second.
    """
    count = len(voice.pitch)
    semitones = np.full(count, notes[0][2])
    depth = np.zeros(count)
    for start, long, height in notes:
        a = round(start * _FRAMES_A_SECOND)
        semitones[a:] = height
        stands = round((start + 0.2) * _FRAMES_A_SECOND)
        depth[a:] = 0.0
        depth[stands : round((start + long) * _FRAMES_A_SECOND)] = vibrato
    semitones = gaussian_filter1d(semitones, between(rng, 3.5, 9.0))
    depth = gaussian_filter1d(depth, 14.0)
    t = np.arange(count) / _FRAMES_A_SECOND
    rate = between(rng, 4.8, 6.4)
    drift = wander(count * CONTROL_HOP, 0.8, rng)[::CONTROL_HOP][:count]
    shake = np.sin(2 * np.pi * (rate * t + 0.15 * drift))
    voice.pitch[:] = key * 2 ** ((semitones + depth * shake + 0.12 * drift) / 12)


def _phrases(notes: Notes) -> list[list[tuple[float, float, float]]]:
    """Notes that follow each other without a rest, phrase by phrase."""
    phrases = [[notes[0]]]
    for before, note in pairwise(notes):
        if note[0] - before[0] - before[1] > 1e-6:
            phrases.append([])
        phrases[-1].append(note)
    return phrases


def _breathe(voice: VoiceTracks, end: float, loud: float, rng: Rng) -> None:
    """Air drawn in through the mouth before a phrase that begins at `end`."""
    taken = between(rng, 0.18, 0.32)
    voice.write(
        max(0.0, end - taken - 0.04),
        taken,
        air=((0, 0), (0.6, loud), (1, 0)),
        rush=((0, 0), (0.7, 0.15 * loud), (1, 0)),
        centre=2800,
    )


def _vowels(voice: VoiceTracks, start: float, stop: float, vowel: str) -> None:
    a, b = round(start * _FRAMES_A_SECOND), round(stop * _FRAMES_A_SECOND)
    voice.formants[a:b, :3] = VOWELS[vowel]


def _sung(voice: VoiceTracks, phrase: Notes, force: float, trained: bool, rng: Rng) -> None:
    """A phrase on one vowel, on la, or on a new vowel with each note; it swells and dies away."""
    start, end = phrase[0][0], phrase[-1][0] + phrase[-1][1]
    manner = str(rng.choice(["one", "one", "la", "changing"]))
    choices = _MOUTHS[0 if force < 0.5 else 1 if force < 0.9 else 2]
    vowel = str(rng.choice(choices))
    whole = end - start
    top = force * between(rng, 0.85, 1.0)
    voice.write(
        start,
        whole,
        effort=(
            (0, 0),
            (min(0.2, 0.08 / whole), 0.75 * top),
            (0.45, top),
            (0.85, 0.8 * top),
            (1, 0),
        ),
        air=((0, 0.04), (0.5, 0.02), (1, 0.05)),
    )
    for begin, long, _ in phrase:
        if manner == "changing":
            vowel = str(rng.choice(choices))
        _vowels(voice, begin, begin + long, vowel)
        a = round(begin * _FRAMES_A_SECOND)
        if manner == "la" and begin > start:
            tongue = slice(a, a + round(0.055 * _FRAMES_A_SECOND))
            voice.formants[tongue, :3] = (360.0, 1300.0, 2700.0)
            voice.effort[tongue] *= 0.35
    if trained:
        a, b = round(start * _FRAMES_A_SECOND), round(end * _FRAMES_A_SECOND)
        voice.formants[a:b, 2] = 2750
        voice.formants[a:b, 3] = 3150


def singing(seconds: float, rng: Rng) -> Synthesised:
    """A man, a woman or a child who sings a tune on vowels, legato and with vibrato.

    Of trained voices the third and fourth formant lie together near 3 kHz; in loud ones the folds
    close faster, which makes them brighter.
    """
    n = frames(seconds)
    strength, force = level(rng, light=0.42, moderate=0.7, heavy=1.0)
    tempo, beat = level(rng, slow=0.85, steady=0.55, fast=0.36)
    key, size = _singer(rng)
    trained = chance(rng, 0.4)
    voice = silent_voice(n, key)
    notes = tune(seconds, rng, beat * between(rng, 0.92, 1.08))
    legato(voice, notes, key, between(rng, 0.3, 0.75) if trained else between(rng, 0.05, 0.4), rng)
    for phrase in _phrases(notes):
        _breathe(voice, phrase[0][0], between(rng, 0.03, 0.12), rng)
        _sung(voice, phrase, force, trained, rng)
    larynx = Larynx(
        between(rng, 0.7, 1.0), between(rng, 1.8, 2.4), between(rng, 0.02, 0.1), 0.004, 0.03
    )
    x = vocal_sound(n, voice, larynx, size, rng)
    distance = draw_distance(rng, 0.15)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    else:
        x = hall(x, rng) if chance(rng, 0.3) else room(x, rng)
    attributes = {"strength": strength, "tempo": tempo, "distance": distance}
    return finish(limited(x, 7), seconds, rng, attributes, LIVED_IN)


_CLOSED_LIPS = (
    (60, -6),
    (140, 0),
    (320, 0),
    (600, -13),
    (1000, -20),
    (2200, -27),
    (5000, -42),
    (12_000, -60),
)
"""What leaves through nose and cheeks, dB by Hz: a resonance near 250 Hz and little above 1 kHz."""


def humming(seconds: float, rng: Rng) -> Synthesised:
    """A tune behind closed lips: the voice leaves through the nose, dull and even.

    Notes are joined, the breath between phrases goes through the nose.
    """
    n = frames(seconds)
    tempo, beat = level(rng, slow=0.8, steady=0.52, fast=0.34)
    key, size = _singer(rng)
    voice = silent_voice(n, key)
    notes = tune(seconds, rng, beat * between(rng, 0.92, 1.08))
    legato(voice, notes, key, between(rng, 0.0, 0.25), rng)
    for phrase in _phrases(notes):
        start, end = phrase[0][0], phrase[-1][0] + phrase[-1][1]
        whole, loud = end - start, between(rng, 0.45, 0.7)
        voice.write(
            start,
            whole,
            effort=((0, 0), (min(0.2, 0.1 / whole), loud), (0.6, 0.9 * loud), (1, 0)),
        )
        separated = chance(rng, 0.4)
        for begin, long, _ in phrase:
            _vowels(voice, begin, begin + long, "u")
            a = round(begin * _FRAMES_A_SECOND)
            if separated and begin > start:
                voice.effort[max(0, a - 6) : a] *= 0.25
    x = shaped(vocal_sound(n, voice, Larynx(1.0, 2.2, 0.04, 0.005, 0.04), size, rng), *_CLOSED_LIPS)
    nose = silent_voice(n, key)
    for phrase in _phrases(notes):
        _breathe(nose, phrase[0][0], between(rng, 0.3, 0.9), rng)
    if np.max(nose.air) > 0:
        breath = shaped(vocal_sound(n, nose, Larynx(), size, rng), (200, -12), (900, 0), (7000, -6))
        x = peaked(x) + log_between(rng, 0.006, 0.04) * breath
    x = reverb(x, rng, between(rng, 0.2, 0.5), between(rng, 0.06, 0.25), 4000)
    distance = draw_distance(rng, 0.1)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    return finish(limited(x, 7), seconds, rng, {"tempo": tempo, "distance": distance}, LIVED_IN)


SINGING: dict[str, Recipe] = {"humming": humming, "singing": singing}
"""By the name of the kind."""

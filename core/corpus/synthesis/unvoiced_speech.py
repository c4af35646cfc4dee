"""Speech that no larynx makes: a whisper, and the voice of a machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.corpus.recordings import SAMPLE_RATE
from core.corpus.synthesis.clip import Recipe, Synthesised, finish
from core.corpus.synthesis.filters import bandpass, highpass, lowpass, shaped
from core.corpus.synthesis.levels import limited, peaked, unit
from core.corpus.synthesis.sampling import (
    Rng,
    Signal,
    between,
    chance,
    frames,
    level,
    log_between,
)
from core.corpus.synthesis.sources import sine, white
from core.corpus.synthesis.space import at_distance, draw_distance, reverb
from core.corpus.synthesis.speech import draw_speaker, speak
from core.corpus.synthesis.strings import sawtooth

_QUIET = (-52.0, -42.0)
"""Noise floor, dB of the peak, where somebody has to whisper."""


def whisper(seconds: float, rng: Rng) -> Synthesised:
    """Someone who whispers: breath in place of the voice, through the same mouth, and no words.

    The open glottis lets the low tones leak away, so that hardly any lie below 400 Hz.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.7, steady=0.9, fast=1.15)
    strength, vigour = level(rng, light=0.4, moderate=0.6, heavy=0.85)
    speaker = draw_speaker(rng, str(rng.choice(["woman", "woman", "man", "man", "child"])))
    speaker = replace(speaker, rate=rate * speaker.rate, vigour=vigour, pause=(0.2, 0.7))
    x = speak(n, speaker, rng, excitation=0.8 * white(n, rng))
    x = shaped(x, (80, -30), (300, -12), (700, 0), (4000, 2), (9000, 0), (16_000, -10))
    distance = draw_distance(rng, 0.1)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    else:
        x = reverb(x, rng, between(rng, 0.2, 0.5), between(rng, 0.05, 0.2), 4500)
    attributes = {"tempo": tempo, "strength": strength, "distance": distance}
    return finish(limited(x, 8), seconds, rng, attributes, _QUIET)


def _buzz(n: int, rng: Rng, base: float) -> Signal:
    """A machine's voice: a sawtooth of one tone, or one that leaps from tone to tone."""
    if chance(rng, 0.4):
        return sawtooth(np.full(n, base))
    held = frames(between(rng, 0.16, 0.4))
    steps = rng.choice([0, 0, 3, 5, 7, -2, -5], size=-(-n // held))
    return sawtooth(base * 2 ** (np.repeat(steps, held)[:n] / 12))


def _crushed(x: Signal, hz: float, bits: int) -> Signal:
    """What a cheap converter of `hz` samples a second and so many bits leaves of a sound."""
    held = (np.arange(len(x)) * hz / SAMPLE_RATE).astype(int)
    first = np.searchsorted(held, held)
    coarse: Signal = np.round(peaked(x)[first] * 2 ** (bits - 1)) / 2 ** (bits - 1)
    return coarse


def robot_voice(seconds: float, rng: Rng) -> Synthesised:
    """A synthetic voice that says nothing: a buzz of fixed tones through a mouth.

    It may be multiplied by a low tone, come from a coarse converter or out of a short pipe.
    """
    n = frames(seconds)
    tempo, rate = level(rng, slow=0.75, steady=0.95, fast=1.25)
    kind = str(rng.choice(["man", "man", "woman"]))
    speaker = draw_speaker(rng, kind)
    speaker = replace(speaker, rate=rate * speaker.rate, vigour=0.7, slack=0.05)
    base = log_between(rng, 70, 170) * (1.6 if kind == "woman" else 1.0)
    buzz = _buzz(n, rng, base) + 0.03 * white(n, rng)
    x = unit(speak(n, speaker, rng, excitation=buzz))
    if chance(rng, 0.5):
        ring = sine(np.full(n, log_between(rng, 25, 90)))
        depth = between(rng, 0.4, 1.0)
        x = x * (1 - depth + depth * ring)
    if chance(rng, 0.6):
        late = frames(between(rng, 0.003, 0.012))
        x[late:] += between(rng, 0.5, 0.8) * x[:-late]
    if chance(rng, 0.4):
        x = lowpass(_crushed(x, log_between(rng, 6000, 14_000), int(rng.integers(6, 10))), 9000, 2)
    x = highpass(bandpass(x, between(rng, 120, 300), between(rng, 4000, 9000), 1), 90, 2)
    x = reverb(x, rng, between(rng, 0.15, 0.8), between(rng, 0.05, 0.3), 4500)
    distance = draw_distance(rng, 0.1)
    if distance == "distant":
        x = at_distance(x, distance, rng)
    return finish(limited(x, 6), seconds, rng, {"tempo": tempo, "distance": distance}, _QUIET)


UNVOICED_SPEECH: dict[str, Recipe] = {"robot_voice": robot_voice, "whisper": whisper}
"""By the name of the kind."""

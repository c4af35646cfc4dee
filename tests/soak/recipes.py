"""Clips of the candidates by their recipes, of any seed and any of their lengths.

What is asked of each: its length and level, no sample that is no number, nothing cut off at the
top, no offset, no click where it begins and ends, no long stillness in a texture, the same clip
for the same seed and another one for another, and at least 20 s of sound in a second of one core.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from core.corpus.candidates import CandidateKind, read_candidates
from core.corpus.recordings import PEAK, SAMPLE_RATE, Waveform
from core.corpus.synthesis import SHORTEST_SECONDS, Synthesised, synthesise_clip
from tests.clicks import CLICK_DB, sharpness_db

LONGEST = 20.0
"""Seconds: many textures may last as long as one likes, and are made like the longest of these."""
FASTER_THAN_LIFE = 20.0
"""Seconds of sound made in a second of one core, at least."""
_TRIES = 3
"""Of which the quickest counts: the others were held up by what else the machine does."""
FAINTEST = 0.005
"""RMS: 45 dB below the peak."""
OFFSET = 0.03
"""The mean of a clip beside its RMS, at most."""
STILL = 1e-3
"""RMS of 50 ms, 59 dB below the peak, under which nothing is heard."""
STILL_SECONDS = 2.0
"""For which a texture may be still, at most."""


def lengths(kind: CandidateKind) -> tuple[float, float]:
    """The shortest and the longest clip of a kind, in seconds."""
    shortest = max(SHORTEST_SECONDS, kind.seconds[0])
    return shortest, max(shortest, min(kind.seconds[1], LONGEST))


def stillness(samples: Waveform) -> float:
    """The longest time without a sound, in seconds."""
    block = SAMPLE_RATE // 20
    parts = samples[: len(samples) // block * block].reshape(-1, block).astype(np.float64)
    heard = np.flatnonzero(np.sqrt(np.mean(parts**2, 1)) > STILL)
    edges = np.concatenate([[-1], heard, [len(parts)]])
    return float(np.diff(edges).max() - 1) * block / SAMPLE_RATE


def faults(samples: Waveform, seconds: float, *, texture: bool) -> list[str]:
    """What is wrong with a clip of so many seconds, in words."""
    if samples.shape != (round(seconds * SAMPLE_RATE),) or samples.dtype != np.float32:
        return [f"it is {samples.dtype} of shape {samples.shape}"]
    if not np.isfinite(samples).all():
        return ["not every sample is a number"]
    found = []
    at_top = np.abs(samples) > 0.9999 * PEAK
    rms = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    if abs(float(np.abs(samples).max()) - PEAK) > 1e-4:
        found.append(f"its peak is {np.abs(samples).max():.3f}")
    if (at_top[2:] & at_top[1:-1] & at_top[:-2]).any():
        found.append("it is cut off at the top")
    if rms < FAINTEST:
        found.append(f"its RMS is {rms:.4f}")
    if abs(float(samples.mean(dtype=np.float64))) > OFFSET * rms:
        found.append(f"its mean is {samples.mean():.4f}")
    for place in (0, len(samples) - 1):
        sharp = sharpness_db(samples[:, None], place, SAMPLE_RATE)
        if sharp > CLICK_DB:
            found.append(f"it clicks at its {'end' if place else 'start'} ({sharp:.0f} dB)")
    if texture and stillness(samples) > STILL_SECONDS:
        found.append(f"it is still for {stillness(samples):.1f} s")
    return found


def _timed(kind: CandidateKind, seconds: float, seed: int) -> tuple[Synthesised, float]:
    """A clip, and the seconds of a core that it took."""
    began = time.process_time()
    clip = synthesise_clip(kind.name, seconds, np.random.default_rng(seed))
    return clip, time.process_time() - began


def check(kind: CandidateKind, seconds: float, seed: int) -> float:
    """Seconds of sound made in a second of one core.

    Raises AssertionError where a clip has a fault, or a seed does not make one clip alone.
    """
    clip, took = _timed(kind, seconds, seed)
    again, once_more = _timed(kind, seconds, seed)
    other, _ = _timed(kind, seconds, seed + 1)
    what = f"{kind.name}, {seconds} s, seed {seed}"
    wrong = faults(clip.samples, seconds, texture=kind.kind == "texture")
    assert not wrong, f"{what}: {'; '.join(wrong)}"
    assert np.array_equal(clip.samples, again.samples), f"{what}: two clips of one seed differ"
    assert clip.attributes == again.attributes, what
    assert not np.array_equal(clip.samples, other.samples), f"{what}: one clip for two seeds"
    return seconds / min(took, once_more)


def speed(kind: CandidateKind, seconds: float, seeds: Sequence[int]) -> float:
    """Seconds of sound made in a second of one core, over clips of these seeds."""
    took = 0.0
    for seed in seeds:
        took += min(_timed(kind, seconds, seed)[1] for _ in range(_TRIES))
    return seconds * len(seeds) / took


def trial(seed: int) -> tuple[float, str]:
    """Every kind at a length drawn from its own; returns the slowest speed and whose it is."""
    dice = np.random.default_rng(seed)
    speeds = {}
    for kind in read_candidates():
        seconds = float(dice.uniform(*lengths(kind)))
        quick = check(kind, seconds, seed)
        if quick < FASTER_THAN_LIFE:
            quick = speed(kind, seconds, [seed])
        speeds[quick] = kind.name
    slowest = min(speeds)
    assert slowest >= FASTER_THAN_LIFE, f"{speeds[slowest]}: {slowest:.0f} times real time"
    return slowest, speeds[slowest]

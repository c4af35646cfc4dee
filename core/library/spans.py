"""Which span of a recording stands for an event: where it sounds, whole strokes, several of them.

A recording of five knocks with silence between them is five variations of one knock, or one of a
series: a span begins where something begins, and ends where something ended, as far as the length
that is wanted allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_HOP_SECONDS = 0.01
_BELOW_PEAK_DB = 45.0
"""What is softer beside the loudest moment is silence, be it a recorder's noise."""
_ABOVE_FLOOR_DB = 8.0
"""A sound stands so far out of the noise that it lies in."""
_STANDING_OUT_DB = 25.0
"""From the floor to the loudest moment; a recording of less has no silences: it goes on."""
_FLOOR_SHARE = 0.1
_JOINED_SECONDS = 0.3
"""Sounds that are nearer to each other are one."""
_WEAKEST_DB = 20.0
"""A sound whose loudest moment is further below the loudest of all is handling or an echo."""
_BEFORE, _AFTER = 0.02, 0.12
"""Seconds that are kept around a sound."""
_SHORTEST = 0.03
_POWER_FLOOR = 1e-12

_Sound = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SoundSpan:
    """Seconds of a recording, from and to."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin

    def overlaps(self, other: SoundSpan) -> bool:
        return self.begin < other.end and other.begin < self.end


def sounding_spans(samples: _Sound, rate: int) -> list[SoundSpan]:
    """Where a recording (channels, frames) sounds, in order; all of it where it never stops."""
    levels = _levels(samples, rate)
    length = samples.shape[1] / rate
    if not len(levels):
        return [SoundSpan(0.0, length)]
    peak, floor = float(levels.max()), float(np.quantile(levels, _FLOOR_SHARE))
    threshold = peak - _BELOW_PEAK_DB
    if peak - floor > _STANDING_OUT_DB:
        threshold = max(threshold, floor + _ABOVE_FLOOR_DB)
    heard = np.flatnonzero(levels > threshold)
    runs = np.split(heard, np.flatnonzero(np.diff(heard) > _JOINED_SECONDS / _HOP_SECONDS) + 1)
    found = [
        SoundSpan(
            max(0.0, run[0] * _HOP_SECONDS - _BEFORE),
            min(length, (run[-1] + 1) * _HOP_SECONDS + _AFTER),
        )
        for run in runs
        if len(run) * _HOP_SECONDS >= _SHORTEST
        and levels[run[0] : run[-1] + 1].max() >= peak - _WEAKEST_DB
    ]
    return found or [SoundSpan(0.0, length)]


def best_spans(samples: _Sound, rate: int, seconds: float, most: int) -> list[SoundSpan]:
    """At most `most` spans of at most `seconds` that stand for a sound of that length, best first.

    They do not overlap. The best holds the most sound; among equals the loudest wins.
    """
    sounds = sounding_spans(samples, rate)
    power = 10.0 ** (_levels(samples, rate) / 10.0)
    total = np.concatenate([[0.0], np.cumsum(power)])

    def worth(span: SoundSpan) -> tuple[float, float]:
        covered = sum(
            max(0.0, min(span.end, sound.end) - max(span.begin, sound.begin)) for sound in sounds
        )
        first, last = (min(len(power), round(t / _HOP_SECONDS)) for t in (span.begin, span.end))
        return round(covered / seconds, 1), float(total[last] - total[first]) / seconds

    chosen: list[SoundSpan] = []
    for span in sorted(_windows(sounds, seconds), key=worth, reverse=True):
        if len(chosen) < most and not any(span.overlaps(other) for other in chosen):
            chosen.append(span)
    return chosen


def _windows(sounds: list[SoundSpan], seconds: float) -> list[SoundSpan]:
    """Spans of at most `seconds` that begin with a sound, or every so often within a long one."""
    found = []
    for number, sound in enumerate(sounds):
        begins = [sound.begin]
        if sound.seconds > seconds:
            begins = list(np.arange(sound.begin, sound.end - seconds + 1e-6, seconds / 2))
        for begin in begins:
            limit = begin + seconds
            ends = [other.end for other in sounds[number:] if other.end <= limit]
            found.append(SoundSpan(float(begin), ends[-1] if ends else min(limit, sound.end)))
    return found


def _levels(samples: _Sound, rate: int) -> npt.NDArray[np.float64]:
    """Level in dB of each hop of a sound (channels, frames)."""
    hop = max(1, round(_HOP_SECONDS * rate))
    count = samples.shape[1] // hop
    squares = np.square(samples[:, : count * hop], dtype=np.float64).mean(0)
    return np.asarray(10.0 * np.log10(squares.reshape(count, hop).mean(1) + _POWER_FLOOR))

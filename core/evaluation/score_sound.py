"""`python app.py evaluate sound FOLDER…`: is a rendered story heard as its score says?

Measured on the takes as the mix plays them, shapes, silences, filled beds and limiter included:

- fades: what fades out ends 12 dB or more below its beginning; what fades in, the other way.
- approaches: what approaches rises by 9 dB or more and gets brighter; what recedes the other way.
- throughout: a steady bed as long as the story is heard in every second of it, those that a silence
  cuts into aside: its stem lies above -50 dBFS.
- silences: nothing is heard in the mix from 0.3 s after a silence's beginning to its end.

Beginning and end are the first and last second of an event, of a short one its quarters. Parts of
one source that was split are measured each by itself.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.export import open_story
from core.language.score import LevelShape
from core.mix.crossfade import Samples
from core.mix.mix import MixSettings, PlacedEvent, mix, place_events, sum_blocks
from core.mix.sources import Source
from core.story.limits import TOLERANCE
from core.story.shape import DISTANT
from core.story.story import Event, Story

FADE_DB = 12.0
"""By how much the end of what fades lies below its beginning, at least."""
DISTANCE_DB = 9.0
"""By how much what approaches gets louder, at least."""
HEARD_DB = -50.0
"""RMS in dBFS of a second in which a bed is heard."""
SILENT_DB = -80.0
"""Peak in dBFS of what is silent."""
GONE = 0.3
"""Seconds after a silence's beginning in which what sounded before it may end."""
_FALLING: frozenset[LevelShape] = frozenset({"fade out", "recede"})
_MEASURED: frozenset[LevelShape] = frozenset({"fade in", "fade out", "approach", "recede"})
_EDGE_SECONDS, _EDGE_SHARE = 1.0, 0.25
"""The beginning and the end of an event: so long, and at most this share of it."""

SoundCheck = tuple[str, bool, str]
"""A figure, whether what the score says is heard, and what was measured."""


def sound_checks(story: Story, sources: Mapping[str, Source], rate: int) -> Iterator[SoundCheck]:
    """Everything of a score that can be measured in its sound."""
    settings = MixSettings(rate)
    for placed in place_events(story, sources, settings):
        event = story.event(placed.event_id)
        if event.shape in _MEASURED and not event.points:
            yield _turned(event, _stem(placed, event, sources, settings), rate)
        throughout = event.start <= TOLERANCE and event.end >= story.total - TOLERANCE
        if throughout and event.shape == "steady" and story.role_of(event) == "bed":
            yield _heard(story, event, _stem(placed, event, sources, settings), rate)
    silences = [event for event in story.events if event.silent]
    sound = mix(story, sources, settings) if silences else np.zeros((0, 2), np.float32)
    for event in silences:
        first, last = round((event.start + GONE) * rate), round(event.end * rate)
        peak = float(np.abs(sound[first:last]).max(initial=0.0))
        yield "silences", _db(peak**2) < SILENT_DB, f"at {event.start:g} s: {_db(peak**2):.0f} dBFS"


def _stem(
    placed: PlacedEvent, event: Event, sources: Mapping[str, Source], settings: MixSettings
) -> Samples:
    """An event as the mix plays it, from its beginning to its end, (frames, 2)."""
    first, last = (round(time * settings.rate) for time in (event.start, event.end))
    return np.concatenate(list(sum_blocks([placed], sources, first, last, settings.block)))


def _turned(event: Event, stem: Samples, rate: int) -> SoundCheck:
    """How the level of an event, and where it is a distance its brightness, has turned."""
    count = round(min(_EDGE_SECONDS, _EDGE_SHARE * event.duration) * rate)
    soft, loud = stem[:count], stem[-count:]
    if event.shape in _FALLING:
        soft, loud = loud, soft
    rise = _level(loud) - _level(soft)
    shown = f"{event.caption[:40]!r} {event.shape}: {rise:.1f} dB"
    if event.shape not in DISTANT:
        return "fades", rise >= FADE_DB, shown
    far, near = centroid_hz(soft, rate), centroid_hz(loud, rate)
    right = rise >= DISTANCE_DB and near > far
    return "approaches", right, f"{shown}, {far:.0f} to {near:.0f} Hz"


def _heard(story: Story, event: Event, stem: Samples, rate: int) -> SoundCheck:
    """The softest second of a bed in which nothing is silent on purpose."""
    silences = [other for other in story.events if other.silent]
    levels = [
        _level(stem[second * rate : (second + 1) * rate])
        for second in range(int(story.total))
        if not any(s.start < second + 1 and second < s.end + GONE for s in silences)
    ]
    softest = min(levels, default=0.0)
    return "throughout", softest > HEARD_DB, f"{event.caption[:40]!r}: {softest:.0f} dBFS"


def _level(sound: Samples) -> float:
    """RMS in dBFS."""
    return _db(float(np.mean(np.square(sound, dtype=np.float64))))


def _db(power: float) -> float:
    return float(10.0 * np.log10(power + 1e-12))


def centroid_hz(sound: Samples, rate: int) -> float:
    """Where the middle of a sound's spectrum lies, by power."""
    power: npt.NDArray[np.float64] = np.abs(np.fft.rfft(sound.sum(axis=1, dtype=np.float64))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1.0 / rate)
    return float(np.sum(hertz * power) / max(float(power.sum()), 1e-20))


def main(argv: Sequence[str]) -> None:
    """Measure stories, a line a check; the last line is one JSON object of shares."""
    parser = argparse.ArgumentParser(prog="app.py evaluate sound", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("stories", type=Path, nargs="+", help="folders of rendered stories")
    arguments = parser.parse_args(argv)
    found: dict[str, list[bool]] = {}
    for folder in arguments.stories:
        opened = open_story(folder, None)
        for figure, right, shown in sound_checks(opened.story, opened.sources, opened.rate):
            found.setdefault(figure, []).append(right)
            print(f"{opened.title:20s} {figure:10s} {'' if right else 'NOT '}{shown}", flush=True)
    print(json.dumps({name: [sum(each), len(each)] for name, each in found.items()}))

"""Meters beside the file that the same mix becomes, measured by libraries of others."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from sounding_stories import RATE, noise

from core.export.mixdown import write_mixdown
from core.mix.cache import Cache
from core.mix.meters import mix_meters
from core.mix.mix import MixSettings, place_events, sum_blocks
from core.mix.sources import ArraySource, FileSource
from core.story.lanes import change_lane
from core.story.story import Event, Story

SECONDS = 4.5


def loudness(sound: np.ndarray) -> float:
    """LUFS of a sound without gates, as short-term loudness is."""
    weighted = sound.copy()
    for stage in pyloudnorm.Meter(RATE)._filters.values():
        for channel in range(2):
            weighted[:, channel] = stage.apply_filter(weighted[:, channel])
    return float(-0.691 + 10 * np.log10(np.sum(np.mean(weighted**2, axis=0))))


def test_meters_are_within_half_a_decibel_of_the_file_and_of_each_lane(tmp_path: Path) -> None:
    bed = Event("bed", "rain", 0.0, SECONDS, layer=1, shape="swell")
    knock = Event("knock", "a knock", 1.7, 0.5, layer=2, gain_db=16.0)
    story = Story("t", SECONDS, 1, "tiny", "", (bed, knock))
    story = change_lane(story, 1, gain_db=-4.0, gain_envelope=((0.0, 0.0), (4.0, -12.0)))
    sources = {"bed": ArraySource(noise(SECONDS, 1)), "knock": ArraySource(noise(0.5, 2))}
    meters = mix_meters(story, sources, dataclasses.replace(MixSettings(RATE), block=5000))
    write_mixdown(tmp_path / "mix.wav", story, sources, RATE)
    file, _ = soundfile.read(tmp_path / "mix.wav")
    placed = place_events(story, sources, MixSettings(RATE))
    (lane,) = sum_blocks([p for p in placed if p.layer == 1], sources, 0, len(file), len(file))
    assert set(meters.lanes) == {1, 2}
    cache, kept = Cache(10), {"bed": FileSource(tmp_path / "mix.wav")}
    assert mix_meters(story, kept, MixSettings(RATE), cache) is mix_meters(
        story, kept, MixSettings(RATE), cache
    )
    for read, sound in ((meters.master, file), (meters.lanes[1], lane.astype(np.float64))):
        for place in (9, 17, 18, 21, 29, 44):
            end = round(meters.seconds[place] * RATE)
            peak = 20 * np.log10(np.abs(sound[end - RATE // 10 : end]).max())
            assert read.peak[place] == pytest.approx(peak, abs=0.5)
        for place in (29, 37, 44):
            end = round(meters.seconds[place] * RATE)
            assert read.short_term[place] == pytest.approx(
                loudness(sound[end - 3 * RATE : end]), abs=0.5
            )
    assert meters.seconds[[0, -1]] == pytest.approx([0.1, SECONDS])
    assert meters.master.peak.max() == pytest.approx(-1.0, abs=0.3)  # the limiter's ceiling
    assert np.isneginf(meters.lanes[2].peak[[3, -3]]).all()
    assert len(meters.master.short_term) == len(meters.master.peak) == len(meters.seconds) == 45

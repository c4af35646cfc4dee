"""The mixer behind the page: its moves as edits, meters of the file, what is auditioned."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounding_stories import RATE, noise

from core.errors import StoryError
from core.export.mixdown import write_mixdown
from core.mix.loudness import measure
from core.mix.mix import MixSettings, mix, place_events, sum_blocks
from core.mix.sources import ArraySource, sources_of
from core.story.folders import StoryFolder
from core.story.lanes import change_lane
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Take
from studio.editing.actions import act
from studio.editing.labels import said
from studio.sessions.session import Session
from studio.sound.auditions import lane_audition, meters_of, version_audition
from studio.sound.peaks import PeakCache
from studio.view.lanes import lanes
from studio.view.strips import SILENT, meters_data

SECONDS = 4.0
OPEN = MixSettings(RATE, ceiling_db=None, spread=False)


def two_lanes() -> Story:
    knock = Event("e1", "a knock", 0.0, 2.0)
    rain = Event("e2", "rain", 0.0, SECONDS, layer=1, gain_db=-6.0)
    return Story("rain", SECONDS, 1, "tiny", "", (knock, rain))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    library = Library(tmp_path / "stories")
    folder = library.create(two_lanes())
    for number, event in enumerate(folder.story.events):
        take = Take(f"k{number}", None, event.caption, event.duration, 0.0, 1, 2, 2.0, "tiny", "w")
        folder.keep_take(event.id, take, noise(event.duration, number), RATE, "render")
    session = Session(library, tmp_path / "sounds")
    session.show(folder)
    return session


def folder_of(session: Session) -> StoryFolder:
    assert session.folder is not None
    return session.folder


def test_solo_mute_and_the_master_are_heard_and_stems_still_sum_to_the_mix() -> None:
    story = two_lanes()
    sources = {"e1": ArraySource(noise(2.0, 1)), "e2": ArraySource(noise(SECONDS, 2))}
    whole = mix(story, sources, OPEN)
    rain = mix(dataclasses.replace(story, events=story.events[1:]), sources, OPEN)
    soloed = change_lane(story, 1, soloed=True)
    assert [soloed.hears(layer) for layer in (0, 1)] == [False, True]
    np.testing.assert_allclose(mix(soloed, sources, OPEN), rain, atol=1e-7)
    np.testing.assert_allclose(
        mix(change_lane(story, 0, muted=True), sources, OPEN), rain, atol=1e-7
    )
    both = change_lane(soloed, 0, soloed=True)
    np.testing.assert_allclose(mix(both, sources, OPEN), whole, atol=1e-7)
    assert not mix(change_lane(soloed, 1, muted=True), sources, OPEN).any()
    # The solo of a lane that is empty by now silences nothing.
    assert change_lane(story, 5, soloed=True).hears(0)

    quiet = dataclasses.replace(story, master_db=-6.0)
    heard = mix(quiet, sources, OPEN)
    np.testing.assert_allclose(heard, 10 ** (-6 / 20) * whole, atol=1e-6)
    placed = place_events(quiet, sources, OPEN)
    stems = [
        next(sum_blocks([p for p in placed if p.layer == n], sources, 0, len(heard), len(heard)))
        for n in (0, 1)
    ]
    np.testing.assert_allclose(sum(stems), heard, atol=1e-6)


def test_a_story_without_a_mixer_is_written_as_ever_and_one_with_it_is_read_back() -> None:
    plain = two_lanes()
    assert not {"master_db", "soloed", "lanes"} & set(plain.to_json().split('"'))
    story = dataclasses.replace(change_lane(plain, 1, soloed=True, gain_db=-3.0), master_db=1.5)
    assert Story.from_json(story.to_json()) == story
    with pytest.raises(StoryError, match="gain of the master"):
        dataclasses.replace(plain, master_db=30.0)


def test_moves_of_the_mixer_are_edits_that_are_undone_one_gesture_at_a_time(
    session: Session,
) -> None:
    folder = folder_of(session)
    first, begun = (folder.path / "story.json").read_bytes(), folder.undo_count
    for _ in range(3):
        act(session, "lane_gain", {"lane": 1, "by": -1, "gesture": 7})
    act(session, "lane_gain", {"lane": 0, "by": 0.1, "gesture": 7})
    act(session, "lane_pan", {"lane": 1, "value": -0.25})
    act(session, "lane_mute", {"lane": 0, "on": True})
    act(session, "lane_solo", {"lane": 1, "on": True})
    act(session, "master", {"value": "-2,5"})
    lane = Story.load(folder.path / "story.json").lane(1)
    assert (lane.gain_db, lane.pan, lane.soloed) == (-3.0, -0.25, True)
    assert folder.story.lane(0).gain_db == 0.1
    assert folder.story.master_db == -2.5
    shown = lanes(session)
    assert shown["mixer"]["master"] == -2.5
    assert [(c["name"], c["gain"], c["muted"], c["heard"]) for c in shown["mixer"]["lanes"]] == [
        ("Layer 1", -3.0, False, True),
        ("Story", 0.1, True, False),
    ]
    assert shown["revision"] == folder.revision
    assert [said(label) for label in folder.history[-4:]] == [
        "pan of a lane: Layer 1",
        "mute: Story",
        "solo: Layer 1",
        "level of the master",
    ]
    while folder.undo_count > begun:
        act(session, "undo", {})
    assert (folder.path / "story.json").read_bytes() == first
    act(session, "redo", {})
    assert folder.story.lane(1).gain_db == -3.0  # three presses, one gesture
    for _ in range(70):
        act(session, "lane_gain", {"lane": 1, "by": -1})
    assert folder.story.lane(1).gain_db == -60.0  # where a fader ends


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("lane_gain", {"lane": 1, "value": 25}, "gain"),
        ("lane_gain", {"lane": 1, "value": "loud"}, "should be a number"),
        ("lane_pan", {"lane": 1, "value": 2}, "pan"),
        ("lane_mute", {"lane": 7, "on": True}, "Nothing lies on that lane"),
        ("lane_solo", {"on": True}, "lane should be a number"),
        ("master", {"value": -99}, "gain of the master"),
    ],
)
def test_a_setting_out_of_range_is_refused_in_a_sentence(
    session: Session, name: str, values: dict[str, object], sentence: str
) -> None:
    before = folder_of(session).story
    with pytest.raises(StoryError, match=sentence):
        act(session, name, values)
    assert folder_of(session).story == before


def test_what_the_meters_show_is_within_half_a_decibel_of_the_exported_file(
    session: Session, tmp_path: Path
) -> None:
    act(session, "lane_gain", {"lane": 1, "value": -4.0})
    act(session, "lane_gain", {"lane": 0, "value": 12.0})
    read = meters_of(session, RATE, PeakCache())
    assert read is not None
    shown = meters_data(read)
    folder = folder_of(session)
    sources = sources_of(folder, folder.story, RATE)
    write_mixdown(tmp_path / "mix.wav", folder.story, sources, RATE)
    file, _ = soundfile.read(tmp_path / "mix.wav", dtype="float32")
    for place in (5, 12, 19, 25, 39):
        end = round((place + 1) * RATE / 10)
        peak = 20 * np.log10(np.abs(file[end - RATE // 10 : end]).max())
        assert shown["master"]["peak"][place] / 10 == pytest.approx(peak, abs=0.5)
        last = measure([file[end - round(0.4 * RATE) : end]], RATE, over_time=False, peaks=False)
        assert shown["master"]["momentary"][place] / 10 == pytest.approx(last.integrated, abs=0.5)
    whole = measure([file], RATE, over_time=False, peaks=False).integrated
    assert shown["master"]["integrated"] / 10 == pytest.approx(whole, abs=0.5)
    assert shown["lanes"]["0"]["peak"][30] == SILENT
    act(session, "lane_mute", {"lane": 1, "on": True})
    muted = meters_of(session, RATE, PeakCache())
    assert muted is not None
    assert set(meters_data(muted)["lanes"]["1"]["peak"]) == {SILENT}


def test_a_lane_is_auditioned_alone_and_a_version_as_loud_as_the_story_is_now(
    session: Session,
) -> None:
    folder = folder_of(session)
    act(session, "lane_solo", {"lane": 0, "on": True})
    before = folder.story
    alone = lane_audition(session, RATE, 1, "Layer 1")
    heard, _ = soundfile.read(alone.path, dtype="float32")
    sources = sources_of(folder, before, RATE)
    rain = dataclasses.replace(before, events=before.events[1:], lanes=())
    np.testing.assert_allclose(heard, mix(rain, sources, MixSettings(RATE)), atol=2e-6)
    assert (folder.story, alone.about, alone.gain_db) == (before, "Layer 1", 0.0)
    with pytest.raises(StoryError, match="Nothing lies on that lane"):
        lane_audition(session, RATE, 9, "Layer 9")

    act(session, "lane_solo", {"lane": 0, "on": False})
    act(session, "master", {"value": -12})
    place = folder.undo_count - 1
    louder = version_audition(session, RATE, place, "solo")
    assert louder.gain_db == pytest.approx(-12.0, abs=0.3)
    assert session.mix is not None
    measured = []
    for path, gain in ((louder.path, louder.gain_db), (session.mix[2], 0.0)):
        sound, _ = soundfile.read(path, dtype="float32")
        meter = measure([sound], RATE, over_time=False, peaks=False)
        measured.append(meter.integrated + gain)
    assert measured[0] == pytest.approx(measured[1], abs=0.05)
    for _ in range(4):
        lane_audition(session, RATE, 1, "Layer 1")
    assert len(list(session.sounds.glob("audition-*"))) >= 2

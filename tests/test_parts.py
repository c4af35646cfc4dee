"""Parts of takes: what an event is split into keeps its sound, wherever that is read."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from clicks import CLICK_DB, sharpness_db
from sounding_stories import RATE, noise, save_take, story_folder

from core.audiostory import AudioStory
from core.export import open_story
from core.mix.levels import NaturalLevel, with_levels
from core.mix.mix import MixSettings, mix
from core.profile import RenderSettings
from core.render.beginnings import known
from core.render.perform import perform
from core.render.takes import due, plan_take, repaint, vary
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.story import Event, Story
from core.story.take import Start, TakePart, take_data, take_key

SETTINGS = RenderSettings(steps=2, guidance=2.0)
CROSSFADE = 0.5
NULL_DB = -90.0


def knocks(seconds: float) -> np.ndarray:
    """Soft noise (1, frames) with a stroke every 0.4 s: it has onsets, and is a spot sound."""
    sound = noise(seconds, 5, level=0.002)
    for start in range(0, sound.shape[1], round(0.4 * RATE)):
        length = min(2_000, sound.shape[1] - start)
        sound[0, start : start + length] += noise(1.0, start)[0, :length] * np.exp(
            -np.arange(length) / 300
        )
    return sound.astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Noise, strokes, noise, each with a tail; noise above it. All takes fit their events."""
    path = story_folder(tmp_path / "Parts", [noise(2.5, 1), knocks(3.0), noise(1.25, 3)])
    story = Story.load(path / "story.json")
    for event in story.events:
        assert event.take is not None
        story = timeline.change(story, event.id, caption=event.take.caption)
    story.save(path / "story.json")
    return path


def heard(path: Path, story: Story, settings: MixSettings | None = None) -> np.ndarray:
    story.save(path / "story.json")
    opened = open_story(path)
    return mix(opened.story, opened.sources, settings or MixSettings(RATE))


def difference_db(one: np.ndarray, other: np.ndarray) -> float:
    return float(20.0 * np.log10(max(1e-9, np.abs(one - other).max())))


CUTS = {"e0": 1.2345, "e1": 3.1117, "e2": 5.003, "above": 0.8019}


@pytest.mark.parametrize("event_id", CUTS)
@pytest.mark.parametrize(
    "settings", [MixSettings(RATE), MixSettings.exact(RATE)], ids=["", "exact"]
)
def test_the_mix_of_a_split_event_is_the_mix_of_the_whole(
    path: Path, event_id: str, settings: MixSettings
) -> None:
    story = Story.load(path / "story.json")
    story = timeline.change(story, "above", fade_in=0.0, fade_out=0.0)
    whole = heard(path, story, settings)
    split, rest = timeline.split(story, event_id, CUTS[event_id])
    again, _ = timeline.split(split, rest, split.event(rest).start + 0.1503)
    for parts in (split, again):
        assert all(timeline.status(event) == "rendered" for event in parts.events)
        assert timeline.unrendered(parts) == ()
        assert difference_db(heard(path, parts, settings), whole) < NULL_DB


def test_a_part_of_another_gain_begins_without_a_click(path: Path) -> None:
    story = timeline.change(Story.load(path / "story.json"), "above", gain_db=-60.0)
    story, rest = timeline.split(story, "e0", 1.2)
    quieter = heard(path, timeline.change(story, rest, gain_db=-30.0))
    assert sharpness_db(quieter, round(1.2 * RATE), RATE) < CLICK_DB
    rms = [np.sqrt(np.mean(quieter[round(s * RATE) :][: RATE // 10] ** 2)) for s in (1.09, 1.21)]
    assert 20 * np.log10(rms[1] / rms[0]) == pytest.approx(-30.0, abs=1.0)


def test_the_seam_between_parts_moves_over_the_sound(path: Path) -> None:
    story = Story.load(path / "story.json")
    whole = heard(path, story)
    story, rest = timeline.split(story, "e0", 1.2)
    for end in (0.7, 1.4):
        rolled = timeline.roll(story, "e0", end)
        assert timeline.unrendered(rolled) == ()
        assert difference_db(heard(path, rolled), whole) < NULL_DB
    above, over = timeline.split(story, "above", 0.9)
    trimmed = timeline.trim(above, over, 1.0)
    assert trimmed.event(over).offset == pytest.approx(0.5)
    longer = timeline.stretch(story, rest, story.event(rest).duration + 0.3)
    assert timeline.unrendered(longer) == (rest,)


def test_joined_parts_are_the_event_that_was_split(path: Path) -> None:
    story = Story.load(path / "story.json")
    split, _ = timeline.split(story, "e1", 2.9)
    assert timeline.join(split, "e1") == story
    moved, first = timeline.split(split, "e1", 2.4)
    joined = timeline.join(moved, first)
    assert joined.event(first).offset == pytest.approx(0.4)
    assert timeline.status(joined.event(first)) == "rendered"


def test_a_restored_take_is_whole_again(path: Path) -> None:
    story = Story.load(path / "story.json")
    split, rest = timeline.split(story, "e0", 1.2)
    restored = timeline.restore_take(split, rest, "k0").event(rest)
    assert (restored.offset, restored.duration, timeline.status(restored)) == (0.0, 2.0, "rendered")


def test_a_file_keeps_parts_and_older_files_and_keys_stay_as_they_are(path: Path) -> None:
    text = (path / "story.json").read_text()
    story = Story.from_json(text)
    assert '"part"' not in text
    split, _ = timeline.split(story, "e0", 1.2)
    assert Story.from_json(split.to_json()) == split
    take = story.event("e0").takes[0]
    start = Start("take", "k1", 0.5, 1, 2)
    for made in (take, dataclasses.replace(take, start=start)):
        fields = dataclasses.asdict(made)
        later = ("made_on", "performer", "conditioning", "source", "licence")
        for name in ("key", "file", "part", *later):
            del fields[name]
        if fields["start"]:
            del fields["start"]["offset"]
        version_3 = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:24]
        assert take_key(made) == version_3
        assert take_key(dataclasses.replace(made, part=TakePart("e0", 1.0))) == version_3
    assert "offset" not in take_data(dataclasses.replace(take, start=start))["start"]


def test_undo_and_redo_know_parts(path: Path) -> None:
    folder = StoryFolder(path)
    whole = folder.story
    split = folder.edit("split", lambda s: timeline.split(s, "e0", 1.2)[0])
    assert StoryFolder(path).undo() == whole
    folder.catch_up()
    assert folder.redo() == split


@pytest.fixture
def made_path(tmp_path: Path) -> Path:
    """A story of two events whose takes are those that it asks for."""
    path = tmp_path / "Due"
    events = (Event("e1", "rain falling", 0.0, 3.0), Event("e2", "wind", 3.0, 2.0))
    story = Story("rain, wind", 5.0, 5, "tiny", "Two events.", events)
    for event in events:
        take = plan_take(story, event, SETTINGS, CROSSFADE, "w")
        save_take(path, take.key, noise(take.duration + take.tail, 1), 1.0, 0.0)
        take = dataclasses.replace(take, file=f"takes/{take.key}.flac")
        story = timeline.add_take(story, event.id, take)
    story.save(path / "story.json")
    return path


def test_parts_are_due_when_their_sound_is_no_longer_theirs(made_path: Path) -> None:
    folder = StoryFolder(made_path)
    asked = lambda: tuple(r.event_id for r in due(folder, SETTINGS, CROSSFADE))  # noqa: E731
    assert asked() == ()
    rest = "e3"
    folder.edit("split", lambda s: timeline.split(s, "e1", 1.1)[0])
    folder.edit("split", lambda s: timeline.split(s, "e2", 4.0)[0])
    assert asked() == ()
    folder.edit("caption", lambda s: timeline.change(s, rest, caption="hail"))
    assert asked() == (rest,)
    assert plan_take(folder.story, folder.story.event(rest), SETTINGS, CROSSFADE, "w").part is None


def test_a_variation_of_a_part_begins_where_the_part_does(
    tiny: AudioStory, made_path: Path
) -> None:
    folder = StoryFolder(made_path)
    key = folder.story.event("e1").takes[0].key
    folder.edit("split", lambda s: timeline.split(s, "e1", 1.1)[0])
    for asked in (vary(folder, "e3", key, 0.3), repaint(folder, "e3", key, 0.2, 0.6)):
        assert asked.start is not None
        assert asked.start.offset == pytest.approx(1.1)
        whole = known(tiny, folder, dataclasses.replace(asked.start, offset=0.0), 3.0)
        later = known(tiny, folder, asked.start, 1.9)
        first = round(1.1 * tiny.sample_rate / tiny.codec.hop)
        assert len(later) == pytest.approx(len(whole) - first, abs=1)
    (kept,) = perform(tiny, folder, [vary(folder, "e3", key, 0.0)], SETTINGS, group="g")
    event = folder.story.event("e3")
    assert (kept.take.duration, event.offset, timeline.status(event)) == (1.9, 0.0, "rendered")
    folder.edit("keep", lambda s: timeline.choose_take(s, "e3", key))
    assert folder.story.event("e3").offset == pytest.approx(1.1)


def test_a_part_of_a_recording_stays_one_when_it_is_made_anew(made_path: Path) -> None:
    folder = StoryFolder(made_path)

    def from_recording(story: Story) -> Story:
        event = story.event("e1")
        take = dataclasses.replace(event.takes[0], start=Start("recording", "ab", 0.5, 1, 2))
        return story.replace_event(dataclasses.replace(event, takes=(take,)))

    folder.edit("recording", from_recording)
    folder.edit("split", lambda s: timeline.split(s, "e1", 1.1)[0])
    folder.edit("caption", lambda s: timeline.change(s, "e3", caption="hail"))
    offsets = {r.event_id: r.start.offset for r in due(folder, SETTINGS, CROSSFADE) if r.start}
    assert offsets["e3"] == pytest.approx(1.1)


def test_an_unrendered_event_is_split_into_unrendered_ones() -> None:
    story = Story("x", 4.0, 1, "tiny", "", (Event("e1", "rain", 0.0, 4.0),))
    split, rest = timeline.split(story, "e1", 2.0)
    assert [timeline.status(split.event(i)) for i in ("e1", rest)] == ["new", "new"]


def test_parts_keep_their_levels_beside_each_other(path: Path) -> None:
    """Loud for a second, then soft: the level that suits the sound is the take's."""
    uneven = noise(2.5, 1)
    uneven[:, RATE:] *= 0.1
    save_take(path, "k0", uneven, 2.0, 0.5)
    story, rest = timeline.split(Story.load(path / "story.json"), "e0", 1.0)
    led = dataclasses.replace(
        story, events=tuple(dataclasses.replace(e, trim_db=0.0) for e in story.events)
    )
    led.save(path / "story.json")
    sources = open_story(path).sources
    natural = {event.id: NaturalLevel(-30.0) for event in led.events}
    done = with_levels(led, sources, natural, RATE, fresh=())
    assert done.event("e0").gain_db == done.event(rest).gain_db != 0.0


def test_a_texture_goes_on_under_the_parts_of_what_leaves_a_hole(path: Path) -> None:
    """A stroke and then silence, split within the silence: rain before it goes on all the same."""
    story = Story.load(path / "story.json")
    stroke = np.zeros((1, round(3.0 * RATE)), np.float32)
    stroke[0, : RATE // 2] = noise(0.5, 8, 0.3)[0] * np.exp(-np.arange(RATE // 2) / 2_000)
    save_take(path, "k1", stroke, 2.5, 0.5)
    whole = heard(path, story)
    split, rest = timeline.split(story, "e1", 2.9)
    assert difference_db(heard(path, split), whole) < NULL_DB
    texture, _ = timeline.split(story, "e0", 0.8)
    assert difference_db(heard(path, texture), whole) < NULL_DB
    assert timeline.status(split.event(rest)) == "rendered"

"""Default levels: sounds in proportion to each other, the mix at one loudness, hands kept off."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounding_stories import RATE, noise

from core.audiostory import AudioStory
from core.bridge.levels import UNKNOWN_LEVEL, SoundLevels, load_levels
from core.errors import StoryError
from core.files import write_atomically
from core.mix.levels import MIX_LOUDNESS, NaturalLevel, gated, with_levels
from core.mix.loudness import Meter, measure
from core.mix.mix import MixSettings, mix, place_events, sum_blocks
from core.mix.sources import ArraySource, Source
from core.profile import RenderSettings, load_profile
from core.render.levels import DefaultLevels
from core.render.perform import perform
from core.render.story import render_story
from core.render.takes import TakeRequest, due, resumed
from core.story import folders, timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Take


def strokes(
    seconds: float, every: float, level: float, seed: int, decay: float = 0.02
) -> np.ndarray:
    sound = noise(seconds, seed, 1e-5)
    for start in np.arange(0.05, seconds - 0.1, every):
        length = min(5 * decay, seconds - start)
        at, count = round(start * RATE), round(length * RATE)
        fall = np.exp(-np.arange(count) / (decay * RATE))
        sound[:, at : at + count] += noise(length, seed + round(100 * start), level) * fall
    return sound.astype(np.float32)


SOUNDS = {
    "rain": (noise(4.0, 1, 0.12), -30.0),
    "wind": (noise(4.0, 2, 0.02), -31.0),
    "footsteps": (strokes(4.0, 0.6, 0.15, 3), -29.0),
    "slam": (strokes(4.0, 9.0, 0.3, 4, 0.08), -21.0),
    "gunshot": (strokes(4.0, 9.0, 0.2, 5, 0.25), -13.0),
}
"""A take of each, as loud as a performer happens to make it, and its level by nature."""


Told = tuple[Story, dict[str, Source], dict[str, NaturalLevel]]


def told(*names: str, **changes: Any) -> Told:
    """A story of these sounds; its takes; their natural levels."""
    events = [
        Event(f"e{n}", name, 4.0 * n, 4.0, **changes.get(name, {})) for n, name in enumerate(names)
    ]
    story = Story("t", 4.0 * len(names), 1, "tiny", "", tuple(events))
    sources: dict[str, Source] = {e.id: ArraySource(SOUNDS[e.caption][0]) for e in events}
    return story, sources, {e.id: NaturalLevel(SOUNDS[e.caption][1]) for e in events}


def leveled(story: Story, sources: dict[str, Source], natural: dict[str, NaturalLevel]) -> Story:
    return with_levels(story, sources, natural, RATE, {e.id for e in story.events})


def taken(story: Story, event_id: str) -> Story:
    """The story with a take for an event, as after a rendering."""
    event = story.event(event_id)
    take = Take("k", None, event.caption, event.duration, 0.0, 1, 1, 1.0, "tiny", "w")
    return timeline.add_take(story, event_id, take)


def lufs(sound: np.ndarray) -> float:
    return measure([sound], RATE, over_time=False, peaks=False).integrated


def alone(story: Story, sources: dict[str, Source]) -> dict[str, float]:
    """Loudness of each event by itself, by caption."""
    found = {}
    for placed in place_events(story, sources, MixSettings(RATE)):
        blocks = sum_blocks([placed], sources, placed.start, placed.end, RATE)
        found[story.event(placed.event_id).caption] = lufs(np.concatenate(list(blocks)))
    return found


@pytest.mark.parametrize(
    "names",
    [
        ("rain", "footsteps", "slam"),
        ("rain", "wind"),
        ("footsteps", "rain", "slam", "wind"),
        ("rain",),
        ("footsteps",),
        ("wind", "footsteps", "gunshot"),
        ("slam",),
        ("footsteps", "slam"),
        ("gunshot",),
        ("footsteps", "gunshot"),
        ("gunshot", "footsteps", "gunshot"),
    ],
    ids=" ".join,
)
def test_a_mix_has_its_loudness_and_room_above_it(names: Sequence[str]) -> None:
    """Also one of strokes alone, whose peaks the limiter has to hold."""
    story, sources, natural = told(*names)
    sound = mix(leveled(story, sources, natural), sources, MixSettings(RATE))
    assert lufs(sound) == pytest.approx(MIX_LOUDNESS, abs=2.0)
    assert np.abs(sound).max() <= 10 ** (-1 / 20)


@pytest.mark.parametrize("seed", range(6))
def test_a_gunshot_is_ten_lu_above_footsteps_in_the_mix(seed: int) -> None:
    """Whatever the takes are: a shot that is over soon or rolls on, steps of few peaks or many."""
    random = np.random.default_rng(seed)
    story, sources, natural = told("footsteps", "gunshot")
    decays = random.uniform(0.01, 0.05), random.uniform(0.03, 0.5)
    steps = strokes(4.0, random.uniform(0.4, 1.2), 0.15, seed, decays[0])
    sources = {"e0": ArraySource(steps), "e1": ArraySource(strokes(4.0, 9.0, 0.2, 9, decays[1]))}
    sound = mix(leveled(story, sources, natural), sources, MixSettings(RATE))
    first, second = np.split(sound, 2)
    assert lufs(second) > lufs(first) + 10.0
    assert lufs(sound) == pytest.approx(MIX_LOUDNESS, abs=2.0)


@pytest.mark.parametrize("seed", [0, 2, 6, 10, 17, 22])
def test_a_shot_that_is_over_at_once_is_ten_lu_above_footsteps_too(seed: int) -> None:
    """Its peaks have no room: the footsteps go down instead, and the mix with them."""
    random = np.random.default_rng(seed)
    story, sources, natural = told("footsteps", "gunshot")
    decays = random.uniform(0.005, 0.03), random.uniform(0.02, 0.2)
    steps = strokes(4.0, random.uniform(0.3, 0.8), 0.15, seed, decays[0])
    sources = {"e0": ArraySource(steps), "e1": ArraySource(strokes(4.0, 9.0, 0.2, seed, decays[1]))}
    first, second = np.split(mix(leveled(story, sources, natural), sources, MixSettings(RATE)), 2)
    assert lufs(second) > lufs(first) + 10.0


def test_sounds_stand_in_proportion_whatever_their_takes_are() -> None:
    story, sources, natural = told("rain", "footsteps", "gunshot")
    made = leveled(story, sources, natural)
    levels = alone(made, sources)
    assert abs(levels["footsteps"] - levels["rain"]) < 4.0
    assert levels["gunshot"] > levels["footsteps"] + 10.0
    parts = np.split(mix(made, sources, MixSettings(RATE)), 3)
    assert lufs(parts[2]) > lufs(parts[1]) + 10.0, "limited, too"
    quieter = {
        name: ArraySource(0.5 * source.read(0, source.frames).T) for name, source in sources.items()
    }
    again = alone(leveled(story, quieter, natural), quieter)
    assert again == pytest.approx(levels, abs=0.2)


def test_peaks_of_ordinary_sounds_are_not_pressed_into_the_limiter() -> None:
    story, sources, natural = told("rain", "slam")
    made = leveled(story, sources, natural)
    limited = mix(made, sources, MixSettings(RATE))
    free = mix(made, sources, dataclasses.replace(MixSettings(RATE), ceiling_db=None))
    at = round(4.05 * RATE)
    attack = slice(at, at + round(0.03 * RATE))
    change = np.sum(limited[attack] ** 2.0) / np.sum(free[attack] ** 2.0)
    assert abs(10 * np.log10(change)) < 1.0


PAIRS = {
    "knocks": (strokes(4.0, 0.6, 0.3, 11, 0.03), strokes(4.0, 0.6, 0.3, 12, 0.04), -26.0, 10.0),
    "steps": (strokes(4.0, 0.4, 0.2, 13, 0.04), strokes(4.0, 0.4, 0.2, 14, 0.06), -29.0, 10.0),
    "dog": (strokes(4.0, 0.9, 0.2, 15, 0.05), strokes(4.0, 0.8, 0.2, 16, 0.1), -22.0, 13.0),
    "rain": (noise(4.0, 19, 0.1), noise(4.0, 20, 0.02), -30.0, 10.0),
}
"""Of each sound two takes, its level, and what is taken off by saying that it is soft or far. The
second of strokes are longer, so that they are the louder ones where their peaks are held back."""


def paired(*names: str) -> Told:
    """A story of each sound and, after it, the same one soft or far."""
    events, sources, natural = [], {}, {}
    for name in names:
        near, far, level, softened = PAIRS[name]
        for caption, take, less in ((name, near, 0.0), (f"soft {name}", far, softened)):
            event = Event(f"e{len(events)}", caption, 4.0 * len(events), 4.0)
            events.append(event)
            sources[event.id] = ArraySource(take)
            natural[event.id] = NaturalLevel(level - less, less, name)
    story = Story("t", 4.0 * len(events), 1, "tiny", "", tuple(events))
    return story, dict(sources), natural


@pytest.mark.parametrize("name", list(PAIRS))
def test_a_soft_or_distant_sound_stays_below_the_same_one_close_by(name: str) -> None:
    """Also where the peaks of the close one are held back and limited."""
    story, sources, natural = paired(name)
    sound = mix(leveled(story, sources, natural), sources, MixSettings(RATE))
    assert lufs(sound) == pytest.approx(MIX_LOUDNESS, abs=2.0)
    near, far = np.split(sound, 2)
    assert lufs(far) <= lufs(near) - 6.0


def test_said_to_be_soft_a_sound_lies_as_much_lower_as_these_words_take_off() -> None:
    """Than it would lie in the same story without them, though its peaks are held back there."""
    story, sources, natural = paired("rain", "knocks")
    del sources["e2"]
    made = leveled(story, sources, natural)
    plain = leveled(story, sources, natural | {"e3": NaturalLevel(-26.0)})
    change = {e.id: e.gain_db - plain.event(e.id).gain_db for e in made.events}
    assert change["e3"] - change["e0"] == pytest.approx(-10.0, abs=1.0)


def test_a_story_of_soft_sounds_alone_is_as_loud_as_any_other() -> None:
    story, sources, _ = paired("knocks")
    plain = leveled(story, sources, dict.fromkeys(sources, NaturalLevel(-26.0)))
    soft = leveled(story, sources, dict.fromkeys(sources, NaturalLevel(-36.0, 10.0, "knocks")))
    for one, other in zip(soft.events, plain.events, strict=True):
        assert one.gain_db == pytest.approx(other.gain_db, abs=0.2)


def test_what_a_hand_has_set_stays() -> None:
    story, sources, natural = told("rain", "wind", rain={"gain_db": -6.0})
    made = leveled(story, sources, natural)
    plain = leveled(*told("rain", "wind"))
    apart = [s.events[0].gain_db - s.events[1].gain_db for s in (made, plain)]
    assert apart[0] == pytest.approx(apart[1] - 6.0, abs=0.2), "set before the take: beside it"
    later = timeline.change(plain, "e0", gain_db=plain.events[0].gain_db + 2.0)
    assert later.events[0].trim_db == pytest.approx(2.0), "before its take: beside the default"
    by_hand = timeline.change(taken(plain, "e0"), "e0", gain_db=-3.5)
    assert by_hand.events[0].trim_db is None
    again = with_levels(by_hand, sources, natural, RATE, fresh=())
    assert again.events[0].gain_db == -3.5
    assert again.events[1] == plain.events[1]
    locked = timeline.lock(plain, "e1")
    moved = dataclasses.replace(locked, events=(
        dataclasses.replace(locked.events[0], gain_db=11.0), locked.events[1]
    ))  # fmt: skip
    again = with_levels(moved, sources, natural, RATE, fresh=())
    assert again.events[1] == locked.events[1]
    assert again.events[0].gain_db != 11.0


def test_an_old_story_keeps_its_levels_and_a_new_event_finds_its_own_beside_them() -> None:
    story, sources, natural = told("rain", "footsteps", "slam")
    assert with_levels(story, sources, natural, RATE, fresh=()) == story
    made = with_levels(story, sources, natural, RATE, fresh={"e2"})
    assert made.events[:2] == story.events[:2]
    levels = alone(made, sources)
    assert levels["slam"] > levels["footsteps"] - 3.0


def test_nothing_is_made_of_silence() -> None:
    story, sources, natural = told("rain", "wind")
    sources["e1"] = ArraySource(np.zeros((1, 4 * RATE), np.float32))
    made = leveled(story, sources, natural)
    assert made.events[1].gain_db == 0.0
    sources["e0"] = sources["e1"]
    assert leveled(story, sources, natural).events[0].gain_db == 0.0


@pytest.mark.parametrize("seconds", [0.2, 1.0, 4.0])
def test_gated_loudness_is_that_of_the_meter(seconds: float) -> None:
    sound = np.repeat(strokes(4.0, 0.9, 0.3, 6)[:, : round(seconds * RATE)], 2, axis=0).T
    meter = Meter(RATE)
    meter.add(np.ascontiguousarray(sound))
    assert gated(meter.powers) == pytest.approx(meter.integrated, abs=0.3)


def test_stories_with_a_wild_trim_are_refused() -> None:
    with pytest.raises(StoryError, match="between -60 and 24"):
        Event("e", "x", 0.0, 1.0, trim_db=99.0)


def test_captions_have_the_levels_of_their_sounds() -> None:
    levels = load_levels(load_profile("pocket"))
    rain, steps, shot = (levels.of(c).lufs for c in ("rain", "footsteps on gravel", "a gunshot"))
    assert rain - 4 <= steps <= rain + 6
    assert shot >= steps + 12
    for near, far in (
        ("a dog barking close by", "a dog barking in the distance"),
        ("a dog barking", "a distant dog barks"),
        ("footsteps on gravel", "soft footsteps on gravel"),
        ("heavy rain", "a gentle rain"),
        ("a gunshot", "a gunshot far away"),
    ):
        assert levels.of(far).lufs <= levels.of(near).lufs - 7, far
        assert levels.of(far).sound == levels.of(near).sound, far
        assert levels.of(far).softened > 6.0 > levels.of(near).softened == 0.0, far
    assert levels.of("gentle rain with a gunshot") == levels.of("a gunshot")
    assert SoundLevels(None, {}).of("anything").lufs == UNKNOWN_LEVEL


def test_a_rendered_story_is_mixed_as_it_should(pocket: AudioStory) -> None:
    captions = ["rain", "footsteps on gravel", "a door slamming shut", "a gunshot"]
    captions += ["a dog barking close by", "a dog barking in the distance"]
    events = tuple(Event(f"e{n}", c, 3.0 * n, 3.0) for n, c in enumerate(captions))
    story = Story("t", 18.0, 5, "pocket", "", events)
    made, sources = render_story(pocket, story, pocket.profile.draft, lambda progress: None)
    levels = alone(made, dict(sources))
    assert abs(levels["footsteps on gravel"] - levels["rain"]) < 10
    assert levels["a gunshot"] > levels["footsteps on gravel"] + 10
    assert levels["a dog barking in the distance"] < levels["a dog barking close by"] - 6
    assert lufs(mix(made, sources, MixSettings(RATE))) == pytest.approx(MIX_LOUDNESS, abs=2)
    assert all(event.trim_db == 0.0 for event in made.events)


def test_a_rendering_sets_levels_that_are_undone_with_it(tiny: AudioStory, tmp_path: Any) -> None:
    events = (Event("e1", "rain", 0.0, 1.0), Event("e2", "steps", 1.0, 1.0, gain_db=-4.0))
    folder = Library(tmp_path).create(Story("t", 2.0, 1, "tiny", "", events))
    settings = tiny.profile.draft
    requests = due(folder, settings, tiny.profile.crossfade)
    list(perform(tiny, folder, requests, settings, group="r"))
    first, second = folder.story.events
    assert (first.trim_db, second.trim_db) == (0.0, -4.0)
    assert first.gain_db != 0.0
    assert Library(tmp_path).open(folder.title).story == folder.story
    folder.undo()
    assert [(e.gain_db, e.trim_db, e.take) for e in folder.story.events] == [
        (e.gain_db, e.trim_db, None) for e in events
    ]


def test_the_balance_that_a_kill_prevented_is_made_when_the_rendering_is_resumed(
    tiny: AudioStory, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the last take: what follows in `perform` does not happen any more."""
    settings = tiny.profile.draft

    def rendered(root: Path) -> StoryFolder:
        events = (Event("e1", "rain", 0.0, 1.0), Event("e2", "steps", 1.0, 1.0))
        folder = Library(root).create(Story("t", 2.0, 1, "tiny", "", events))
        requests = due(folder, settings, tiny.profile.crossfade)
        list(perform(tiny, folder, requests, settings, group="r"))
        return folder

    def gains(folder: StoryFolder) -> list[float]:
        return [event.gain_db for event in folder.story.events]

    balanced = gains(rendered(tmp_path / "whole"))
    with monkeypatch.context() as killed:
        killed.setattr(DefaultLevels, "set_for_all", lambda levels: None)
        killed.setattr(StoryFolder, "end_rendering", lambda folder: None)
        rendered(tmp_path / "killed")
    again = Library(tmp_path / "killed").open("t")
    assert all(event.take for event in again.story.events)
    assert gains(again) != balanced
    assert resumed(again) == ((), settings)
    assert list(perform(tiny, again, (), settings, group="resumed")) == []
    assert gains(again) == balanced
    assert resumed(again) is None
    assert resumed(Library(tmp_path / "killed").open("t")) is None


def test_a_take_and_its_gain_are_saved_in_one_step(
    tiny: AudioStory, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two steps, a story has no take at 0 dB."""
    saved = []

    def saving(path: Path, data: bytes) -> None:
        if path.name == "story.json":
            saved.append(Story.from_json(data.decode()))
        write_atomically(path, data)

    events = (Event("e1", "rain falling", 0.0, 1.5), Event("e2", "a dog barking", 1.5, 1.5))
    story = Story("rain, a dog", 3.0, 5, "tiny", "Two events.", events)
    folder = Library(tmp_path).create(story)
    monkeypatch.setattr(folders, "write_atomically", saving)
    asked = [TakeRequest("e1"), TakeRequest("e2")]
    list(perform(tiny, folder, asked, RenderSettings(1, 2.0), group="r"))
    kept = [e for s in saved for e in s.events if e.take is not None]
    assert {event.id for event in kept} == {"e1", "e2"}
    assert all(event.trim_db is not None and event.gain_db != 0.0 for event in kept)

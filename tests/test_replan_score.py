"""Planning scores again: locks, moods, words to avoid, continuing, undo and bundles."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest
from sounding_stories import noise, save_take

from core.audiostory import AudioStory, build_audiostory
from core.director import replan
from core.director.progress import Brief
from core.director.score_plan import ScorePlan, decode_score
from core.director.wishes import WrittenEdits
from core.errors import StoryError
from core.export import open_story
from core.export.bundle import open_bundle, write_bundle
from core.language.score import ScoreEvent
from core.story import timeline
from core.story.edits import Edit
from core.story.library import Library
from core.story.score import score_events, score_lines
from core.story.shape import LEVEL_SHAPES
from core.story.story import Event, Story

CAPTIONS = ("rain", "thunder rolling", "a door slamming", "a dog barking", "silence", "a bell")
TOTAL = 20.0


@pytest.fixture(scope="module")
def writer(tiny: AudioStory) -> AudioStory:
    """The tiny model with the planner of scores."""
    director = dataclasses.replace(tiny.profile.director, planner="score", max_reasoning=8)
    profile = dataclasses.replace(tiny.profile, director=director)
    model = build_audiostory(profile, adapter=False).eval().requires_grad_(False)
    model.load_state_dict(tiny.state_dict(), strict=False)
    return model


def story(dice: random.Random) -> Story:
    """A score with everything that a line can say, moved off its grid by hand, partly locked."""
    lines = []
    for place in range(dice.randint(2, 5)):
        start = dice.randrange(0, 36) / 2
        seconds = min(TOTAL - start, dice.randrange(1, 12) / 2)
        struck = dice.choice([{}, {"count": 3}, {"every": 0.5}, {"at": (0.0, seconds / 2)}])
        bed = dice.random() < 0.3
        points = ((0.0, -12.5), (seconds, 3.25))
        shape = dice.choice(LEVEL_SHAPES)
        lines.append(
            ScoreEvent(
                dice.choice(CAPTIONS), 0.0 if bed else start, TOTAL if bed else seconds,
                "bed" if bed else "spot", dice.choice(["quiet", "normal", "loud"]),
                "steady" if bed else shape, dice.choice(["", "calm"]),
                points if shape == "points" and not bed else (),
                source=dice.choice([None, None, place - 1]) if place else None, **struck,
            )
        )  # fmt: skip
    bed = dataclasses.replace(lines[0], start=0.0, seconds=TOTAL, role="bed", source=None)
    lines[0] = dataclasses.replace(bed, shape="steady", points=(), at=())
    made = Story("rain, a door, a dog", TOTAL, 1, "tiny", "Rain.", score_events(lines, TOTAL))
    for event in made.events:
        if dice.random() < 0.5:
            made = timeline.move(made, event.id, event.start + 0.137)
        if dice.random() < 0.4:
            made = timeline.lock(made, event.id)
    return made


def last(progress: object) -> Story:
    found = list(progress)[-1].story  # type: ignore[call-overload]
    assert isinstance(found, Story)
    return found


def without_source(event: Event) -> Event:
    return dataclasses.replace(event, source=None)


def stays(before: Story, after: Story, kept: list[Event]) -> None:
    """What is kept is as it was, and shares sources with what is kept alone as it did."""
    assert [without_source(after.event(e.id)) for e in kept] == [without_source(e) for e in kept]
    for one in kept:
        for other in kept:
            same = before.first_of_source(one) == before.first_of_source(other)
            again = after.first_of_source(after.event(one.id))
            assert (again == after.first_of_source(after.event(other.id))) == same


@pytest.mark.parametrize("seed", range(6))
def test_locked_lines_survive_any_replanning_in_their_place(
    writer: AudioStory, seed: int, tmp_path: Path
) -> None:
    before = story(random.Random(seed))
    locked = [event for event in before.events if event.locked]
    if len(locked) == len(before.events):
        with pytest.raises(StoryError, match="unlock what should be planned"):
            last(replan.replan_unlocked(writer, before))
        return
    old = {event.caption for event in before.events if not event.locked}
    order = [event.id for event in sorted(before.events, key=lambda e: e.start)]
    for variation, mood in ((0, ""), (1, ""), (0, "very tense")):
        after = last(replan.replan_unlocked(writer, before, None, variation, None, mood))
        assert (after.total, len(after.events)) == (before.total, len(before.events))
        stays(before, after, locked)
        ordered = sorted(after.events, key=lambda e: e.start)
        places = [n for n, event in enumerate(ordered) if event.locked]
        assert places == [n for n, name in enumerate(order) if before.event(name).locked]
        new = [event for event in after.events if not event.locked]
        if variation:
            assert not old & {event.caption for event in new}
        assert not mood or {event.mood for event in new} == {mood}
    folder = Library(tmp_path).create(before, "Before")
    folder.edit("plan again", lambda _: after)
    folder.undo()
    assert folder.story == before
    folder.redo()
    assert folder.story == Story.load(folder.path / "story.json") == after


def test_of_a_source_that_is_planned_anew_the_first_kept_sound_is_the_source(
    writer: AudioStory,
) -> None:
    """New events get the names of those that they replace, so that an old name would mislead."""
    rain = Event("e1", "rain", 0.0, 4.0, layer=1)
    again = Event("e2", "rain again", 6.0, 4.0, layer=1, source="e1", locked=True)
    still = Event("e3", "rain still", 12.0, 4.0, layer=1, source="e1", locked=True)
    before = Story("rain comes and goes", TOTAL, 1, "tiny", "", (rain, again, still))
    after = last(replan.replan_unlocked(writer, before))
    assert "e1" in {event.id for event in after.events}
    assert after.event("e2").source is None
    assert after.event("e3").source == "e2"


@pytest.mark.parametrize("seed", range(4))
def test_continuing_a_score_keeps_what_begins_before(writer: AudioStory, seed: int) -> None:
    dice = random.Random(50 + seed)
    before = story(dice)
    here = dice.choice(before.events)
    kept = [e for e in before.events if e.locked or e.start < here.end - 1e-3]
    total = round(TOTAL + dice.randint(10, 80) / 10, 1)
    after = last(replan.continue_from(writer, before, here.id, total))
    stays(before, after, kept)
    assert after.total == total
    new = [event for event in after.events if event.id not in {e.id for e in kept}]
    assert new
    assert all(event.start >= here.end - 1e-3 for event in new)


def test_a_wish_continues_a_score_after_its_end(
    writer: AudioStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        replan, "write_edits", lambda *_: WrittenEdits((Edit("continue", where="to", amount=30.0),))
    )
    before = story(random.Random(1))
    after = last(replan.change_by_wish(writer, before, "until 30 s"))
    stays(before, after, list(before.events))
    assert after.total == 30.0
    assert all(e.start >= TOTAL for e in after.events if e.id not in {b.id for b in before.events})


def test_what_leaves_no_room_is_a_sentence(writer: AudioStory) -> None:
    before = Story("rain", 8.0, 1, "tiny", "", (Event("e1", "rain", 1.0, 6.0, layer=1),))
    with pytest.raises(StoryError, match="lasts 7 to 150 s"):
        last(replan.continue_from(writer, before, "e1", 6.0))
    with pytest.raises(StoryError, match="No time is left"):
        last(replan.continue_from(writer, before, "e1", 7.05))


def test_what_is_kept_on_layer_0_is_replanned_around_as_a_list(writer: AudioStory) -> None:
    first = Event("e1", "rain", 0.0, 4.0, locked=True)
    told = Story("rain, wind", 8.0, 1, "tiny", "", (first, Event("e2", "wind", 4.0, 4.0)))
    after = last(replan.replan_unlocked(writer, told))
    assert after.event("e1") == first
    assert [(e.layer, e.start) for e in after.events] == [(0, 0.0), (0, 4.0)]
    free = timeline.lock(told, "e1", locked=False)
    assert last(replan.replan_unlocked(writer, free)).reasoning != after.reasoning


def test_settled_lines_are_written_as_the_story_has_them(writer: AudioStory) -> None:
    before = story(random.Random(3))
    lines = score_lines(before, dict(enumerate(before.events[:1])), TOTAL)
    assert lines[0].caption == before.events[0].caption
    held = ScorePlan(writer, Brief("rain", TOTAL, least=3, most=3, lines=lines))
    *_, tokens = decode_score(writer, held)
    written = held.sheet(tokens).events
    assert len(written) == 3
    assert written[0] == dataclasses.replace(lines[0], seconds=written[0].seconds)


def test_the_lines_of_a_story_are_those_that_it_was_made_of() -> None:
    rain = ScoreEvent("rain", 0.0, 20.0, "bed", "quiet", "fade out", "calm")
    bell = ScoreEvent("a bell", 4.0, 3.0, "spot", "loud", "approach", "", count=3)
    curve = ((0.0, -12.0), (3.0, 0.0))
    again = dataclasses.replace(bell, start=9.0, shape="points", points=curve, count=None)
    score = (rain, bell, dataclasses.replace(again, at=(0.5, 2.0), source=1))
    made = Story("t", 20.0, 1, "tiny", "", score_events(score, 20.0))
    assert tuple(score_lines(made, dict(enumerate(made.events)), 20.0).values()) == score
    later = timeline.change(made, "e3", points=((1.0, -10.0), (2.0, 0.0)))
    line = score_lines(later, {0: later.events[2]}, 20.0)[0]
    assert line.points == ((0.0, -10.0), (1.0, -10.0), (2.0, 0.0), (3.0, 0.0))


def test_a_bundle_holds_all_that_a_score_says(tmp_path: Path) -> None:
    made = story(random.Random(4))
    assert {"bed", "spot"} == {event.role for event in made.events}
    for event in made.events:
        if not event.silent:
            take = save_take(tmp_path, event.id, noise(0.1, 1), 0.1, 0.0)
            event = dataclasses.replace(event, takes=(take,), chosen=take.key)
            made = made.replace_event(event)
    made.save(tmp_path / "story.json")
    write_bundle(tmp_path / "a.zip", open_story(tmp_path), None)
    home = open_bundle(tmp_path / "a.zip", Library(tmp_path / "other"))
    assert Story.load(home / "story.json") == made

"""Edits of a story: what each one does, and that no sequence of them breaks the invariants."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from story_edits import EDIT, EDITS

from core.errors import StoryError
from core.story import timeline
from core.story.story import Event, Story
from core.story.take import Take


def story_of(*durations: float, above: tuple[Event, ...] = ()) -> Story:
    clock, events = 0.0, []
    for index, duration in enumerate(durations):
        events.append(Event(f"e{index + 1}", f"sound {index + 1}", clock, duration))
        clock = round(clock + duration, 3)
    return Story("a test", clock, 1, "tiny", "because", (*events, *above))


def take_of(event: Event, seed: int = 1) -> Take:
    return Take(
        f"k{event.id}{seed}", None, event.caption, event.duration, 0, seed, 4, 3, "tiny", "w"
    )


def starts(story: Story) -> list[float]:
    return [event.start for event in story.events]


def test_longer_event_shifts_what_follows_and_the_total() -> None:
    story = timeline.stretch(story_of(4, 5, 6), "e2", 7.5)
    assert starts(story) == [0, 4, 11.5]
    assert story.total == 17.5


def test_ripple_takes_layered_events_along_that_start_after_it() -> None:
    bed = Event("bed", "rain", 0.0, 9.0, layer=1)
    spot = Event("spot", "thunder", 10.0, 2.0, layer=2)
    story = timeline.stretch(story_of(4, 5, 6, above=(bed, spot)), "e1", 6)
    assert story.event("bed").start == 0.0
    assert story.event("spot").start == 12.0


def test_layered_event_is_shortened_when_the_story_gets_shorter_than_it() -> None:
    bed = Event("bed", "rain", 0.0, 15.0, layer=1, fade_out=14.0)
    story = timeline.delete(story_of(4, 5, 6, above=(bed,)), "e3")
    assert story.event("bed").duration == story.total == 9.0
    assert story.event("bed").fade_out == 9.0


def test_seam_rolls_between_two_events_and_leaves_the_total() -> None:
    story = timeline.roll(story_of(4, 5, 6), "e1", 6.25)
    assert [e.duration for e in story.events] == [6.25, 2.75, 6]
    assert story.total == 15
    with pytest.raises(StoryError, match="at least"):
        timeline.roll(story, "e1", 8.95)


def test_moving_an_event_of_the_sequence_reorders_it() -> None:
    story = timeline.move(story_of(4, 5, 6), "e1", 8.0)
    assert [e.id for e in story.sequence] == ["e2", "e1", "e3"]
    assert starts(story) == [0, 5, 9]
    assert timeline.reorder(story, "e1", 0).sequence == story_of(4, 5, 6).sequence


def test_lifting_closes_the_gap_and_settling_widens_the_story_again() -> None:
    lifted = timeline.set_layer(story_of(4, 5, 6), "e2", 1)
    assert lifted.total == 10
    assert lifted.event("e2").start == 4
    assert timeline.set_layer(lifted, "e2", 0) == story_of(4, 5, 6)


def test_add_split_duplicate_join_delete() -> None:
    story, added = timeline.add(story_of(4, 5), "a bell", 2, position=1)
    assert [e.caption for e in story.sequence] == ["sound 1", "a bell", "sound 2"]
    story, rest = timeline.split(story, added, 4.5)
    assert [story.event(i).duration for i in (added, rest)] == [0.5, 1.5]
    assert timeline.join(story, added).event(added).duration == 2
    story, copy = timeline.duplicate(story, rest)
    assert story.event(copy).start == 6
    assert story.total == 12.5
    for event_id in (added, rest, copy, "e1"):
        story = timeline.delete(story, event_id)
    with pytest.raises(StoryError, match="at least one"):
        timeline.delete(story, "e2")


def test_fit_scales_unlocked_events_to_the_exact_total() -> None:
    story = timeline.lock(story_of(4, 5, 6.333), "e2")
    story = timeline.fit(story, 20)
    assert story.total == 20
    assert story.event("e2").duration == 5
    with pytest.raises(StoryError, match="at least"):
        timeline.fit(story, 5.1)
    assert timeline.fit(story, 5.2).event("e1").duration == 0.1


def test_locked_event_moves_with_a_ripple_but_refuses_every_edit() -> None:
    story = timeline.lock(story_of(4, 5, 6), "e2")
    assert timeline.stretch(story, "e1", 5).event("e2").start == 5
    for edit in (
        lambda s: timeline.change(s, "e2", caption="other"),
        lambda s: timeline.stretch(s, "e2", 9),
        lambda s: timeline.delete(s, "e2"),
        lambda s: timeline.split(s, "e2", 6),
        lambda s: timeline.roll(s, "e1", 5),
        lambda s: timeline.join(s, "e1"),
    ):
        with pytest.raises(StoryError, match="locked"):
            edit(story)
    assert timeline.lock(story, "e2", False) == story_of(4, 5, 6)


def test_status_follows_what_the_chosen_take_was_made_for() -> None:
    story = story_of(4, 5)
    assert timeline.unrendered(story) == ("e1", "e2")
    story = timeline.add_take(story, "e1", take_of(story.event("e1")))
    assert timeline.status(story.event("e1")) == "rendered"
    for changed in (
        timeline.change(story, "e1", caption="louder"),
        timeline.change(story, "e1", seed=9),
        timeline.stretch(story, "e1", 5),
    ):
        assert timeline.status(changed.event("e1")) == "changed"
    for kept in (timeline.change(story, "e1", gain_db=-6), timeline.stretch(story, "e1", 3)):
        assert timeline.status(kept.event("e1")) == "rendered"
    assert timeline.unrendered(story, steps=4, guidance=3) == ("e2",)
    assert timeline.unrendered(story, steps=8, guidance=3) == ("e1", "e2")
    kept = timeline.lock(timeline.lock(story, "e1"), "e2")
    assert timeline.unrendered(kept, steps=8, guidance=3) == ("e2",)


def test_restoring_a_take_brings_its_caption_length_and_seed_back() -> None:
    story = story_of(4, 5)
    first = take_of(story.event("e1"), seed=3)
    story = timeline.add_take(story, "e1", first)
    story = timeline.stretch(timeline.change(story, "e1", caption="other", seed=8), "e1", 2)
    story = timeline.add_take(story, "e1", take_of(story.event("e1"), seed=8))
    back = timeline.restore_take(story, "e1", first.key).event("e1")
    assert (back.caption, back.duration, back.seed, back.take) == ("sound 1", 4, 3, first)
    left = timeline.drop_take(story, "e1", story.event("e1").chosen or "")
    assert left.event("e1").chosen == first.key


def test_choosing_an_earlier_take_leaves_nothing_to_render() -> None:
    story = timeline.add_take(story_of(4), "e1", take_of(story_of(4).event("e1"), seed=3))
    story = timeline.change(story, "e1", seed=8)
    story = timeline.add_take(story, "e1", take_of(story.event("e1"), seed=8))
    story = timeline.choose_take(story, "e1", story.event("e1").takes[0].key)
    assert story.event("e1").seed == 3
    assert timeline.unrendered(story) == ()


def test_any_take_can_be_restored_and_a_seed_that_is_not_the_events_own_stays_away() -> None:
    story = timeline.add_take(story_of(4), "e1", take_of(story_of(4).event("e1"), seed=3))
    second = dataclasses.replace(take_of(story.event("e1"), seed=8), caption="later")
    story = timeline.add_take(story, "e1", second)
    first = story.event("e1").takes[0].key
    assert timeline.choose_take(story, "e1", first).event("e1").seed is None
    back = timeline.restore_take(timeline.choose_take(story, "e1", first), "e1", second.key)
    assert (back.event("e1").caption, back.event("e1").seed) == ("later", 8)


def test_fit_scales_layered_events_and_where_they_begin() -> None:
    above = (
        Event("a", "above", 2.0, 4.0, layer=1),
        Event("b", "held", 8.0, 3.0, layer=1, locked=True),
    )
    story = timeline.fit(story_of(6, 6, above=above), 6)
    assert (story.event("a").start, story.event("a").duration) == (1.0, 2.0)
    assert (story.event("b").start, story.event("b").duration) == (3.0, 3.0)


def test_an_event_is_not_split_nearer_to_an_end_than_the_shortest_event() -> None:
    story = story_of(4, 5)
    for at in (0.05, 3.95, 4.0, 9.0):
        with pytest.raises(StoryError, match="nearer the middle"):
            timeline.split(story, "e1", at)
    first, second = timeline.split(story, "e1", 0.1)
    assert [first.event(i).duration for i in ("e1", second)] == [0.1, 3.9]


def test_trimming_leaves_the_end_and_begins_later_in_the_sound() -> None:
    story = story_of(10, above=(Event("a", "above", 2.0, 4.0, layer=1),))
    story, part = timeline.split(timeline.add_take(story, "a", take_of(story.event("a"))), "a", 3.0)
    later = timeline.trim(story, part, 4.5).event(part)
    assert (later.start, later.end, later.offset) == (4.5, 6.0, 2.5)
    story = timeline.add_take(story_of(4, 5), "e1", take_of(story_of(4).event("e1")))
    story, part = timeline.split(story, "e1", 1.0)
    story = timeline.delete(story, "e1")
    first = timeline.trim(story, part, 0.5)
    assert (first.event(part).duration, first.event(part).offset) == (2.5, 1.5)
    assert first.total == 7.5


def test_what_is_joined_sounds_on_only_where_it_is_one_sound() -> None:
    story = timeline.add_take(story_of(4, 5), "e1", take_of(story_of(4).event("e1")))
    story, part = timeline.split(story, "e1", 1.0)
    assert timeline.join(story, "e1").event("e1").chosen is not None
    other = timeline.add_take(story, part, take_of(story.event(part), seed=5))
    assert timeline.join(other, "e1").event("e1").chosen is None


def test_a_layered_copy_lies_over_its_event_where_no_room_is_left() -> None:
    story = story_of(10, above=(Event("a", "above", 2.0, 4.0, layer=1),))
    after, copy = timeline.duplicate(story, "a")
    assert (after.event(copy).start, after.event(copy).layer) == (6.0, 1)
    over, third = timeline.duplicate(after, copy)
    assert (over.event(third).start, over.event(third).layer) == (6.0, 2)


def test_a_layered_event_that_begins_with_the_next_one_goes_along() -> None:
    story = story_of(4, 5, above=(Event("a", "above", 4.0, 1.0, layer=1),))
    assert timeline.stretch(story, "e1", 6).event("a").start == 6.0


def test_snapping_prefers_edges_in_reach_over_the_grid() -> None:
    story = story_of(4.13, 5)
    assert timeline.snapped(story, 4.2, reach=0.1, grid=0.5) == 4.13
    assert timeline.snapped(story, 4.3, reach=0.1, grid=0.5) == 4.5
    assert timeline.snapped(story, 4.38, reach=0.25, grid=0.5) == 4.13


def test_fields_of_time_and_identity_cannot_be_slipped_in() -> None:
    for field in ("start", "duration", "layer", "id", "takes", "locked"):
        with pytest.raises(StoryError):
            timeline.change(story_of(4), "e1", **{field: 1})


def free_story() -> Story:
    """Nothing on layer 0: a bed, two spots of one source, a shape by points."""
    points = ((0.0, -20.0), (3.0, 0.0))
    events = (
        Event("bed", "rain", 0.0, 12.0, layer=2, role="bed", shape="fade out"),
        Event("e1", "a bell", 1.0, 4.0, layer=1, shape="points", points=points, at=(0.5, 3.0)),
        Event("e2", "a bell", 6.0, 3.0, layer=1, source="e1", count=3),
    )
    return Story("a test", 12.0, 1, "tiny", "because", events)


@settings(suppress_health_check=list(HealthCheck))
@given(st.booleans(), st.lists(EDITS, min_size=1, max_size=60))
def test_no_sequence_of_edits_breaks_a_story(
    free: bool, edits: list[tuple[str, int, float]]
) -> None:
    bed = Event("bed", "rain", 1.0, 8.0, layer=1, fade_in=2.0)
    story = free_story() if free else story_of(4, 5.017, 6, above=(bed,))
    for kind, index, share in edits:
        before = story
        event = story.events[index % len(story.events)]
        with contextlib.suppress(StoryError):
            story = EDIT[kind](story, event, index, share)
        locked = {e.id: e for e in before.events if e.locked}
        for kept in story.events:
            if kept.id in locked and kept.locked:
                was = locked[kept.id]
                # A source that is gone is not named any more.
                assert dataclasses.replace(kept, start=was.start, source=was.source) == was
    assert Story.from_json(story.to_json()) == story

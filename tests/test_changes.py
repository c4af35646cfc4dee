"""What differs between two stories, in words: all that differs, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from story_edits import EDIT, EDITS
from test_wishes import RAIN_DOG_THUNDER

from core.director.replan import PLANNING
from core.director.wishes import with_description
from core.errors import StoryError
from core.evaluation.wishes import DEVELOPMENT_WISHES, wish_examples
from core.story import timeline
from core.story.changes import _EVENT, _STORY, moved_along, story_changes
from core.story.edits import apply_edits
from core.story.patches import EVENT_FIELDS, STORY_FIELDS
from core.story.story import Event, Story
from core.story.take import Take

WRITERS_WISHES = DEVELOPMENT_WISHES.with_name("writers_wishes.jsonl")
EDITED = 0.75
"""Least share of a set's wishes that edit their story; others are planned anew or are no change."""


def as_data(story: Story) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """A story's file, read as anybody might: its own fields, and those of its events by id."""
    data = json.loads(story.to_json())
    events = {event["id"]: event for event in data.pop("events")}
    data.pop("contexts")
    return data, events


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    return {n for n in one.keys() | other.keys() if one.get(n) != other.get(n)}


def assert_said(old: Story, new: Story) -> None:
    """The words name each field that differs in the stories' files, and no other."""
    changes = story_changes(old, new)
    (own, was), (other, now) = as_data(old), as_data(new)
    assert {event.id for event in changes.added} == now.keys() - was.keys()
    assert {event.id for event in changes.removed} == was.keys() - now.keys()
    files = {i: differing(was[i], now[i]) for i in was.keys() & now.keys()}
    said = {i: {n for c in listed for n in c.fields} for i, listed in changes.events.items()}
    assert said == {i: names for i, names in files.items() if names}
    assert {n for change in changes.story for n in change.fields} == differing(own, other)
    for event_id, listed in changes.events.items():
        for change in listed:
            before, after = was[event_id], now[event_id]
            for name in set(change.fields) & {"start", "duration", "caption"}:
                for value, words in ((before[name], change.was), (after[name], change.now)):
                    assert str(value if name == "caption" else f"{round(value, 3):g}") in words


def test_there_are_words_for_every_field() -> None:
    for aspects, fields in ((_EVENT, EVENT_FIELDS), (_STORY, STORY_FIELDS)):
        assert sorted(name for aspect in aspects for name in aspect.fields) == sorted(fields)


@pytest.mark.parametrize("path", [DEVELOPMENT_WISHES, WRITERS_WISHES], ids=lambda p: p.stem)
def test_of_each_wish_just_what_it_changes_is_said(path: Path) -> None:
    done = 0
    for example in wish_examples(path):
        edits = [edit for edit in example.answers[0] if edit.operation not in PLANNING]
        try:
            changed, _ = apply_edits(example.story, edits, with_description, lambda caption: 3.0)
        except StoryError:
            continue
        if changed != example.story:
            assert_said(example.story, changed)
            done += 1
    assert done >= EDITED * len(wish_examples(path))


@settings(max_examples=60, deadline=None)
@given(st.lists(EDITS, max_size=6))
def test_of_any_edits_just_what_they_change_is_said(steps: list[tuple[str, int, float]]) -> None:
    take = Take("k", None, "a dog barking", 10.0, 0.0, 1, 2, 2.0, "tiny", "w")
    story = timeline.add_take(RAIN_DOG_THUNDER, "e2", take)
    for name, number, share in steps:
        event = story.events[number % len(story.events)]
        try:
            story = EDIT[name](story, event, number, share)
        except StoryError:
            continue
    assert_said(RAIN_DOG_THUNDER, story)


def test_the_words_are_those_of_a_cue_sheet() -> None:
    story = timeline.change(RAIN_DOG_THUNDER, "e2", gain_db=-4.0, caption="a cat")
    story, _ = timeline.add(story, "a bell", 2.5, position=2)
    changes = story_changes(RAIN_DOG_THUNDER, story)
    assert [str(change) for change in changes.events["e2"]] == [
        "sound: “a dog barking” → “a cat”",
        "level: 0 dB → -4 dB",
    ]
    assert [str(change) for change in changes.events["e3"]] == ["start: 20 s → 22.5 s"]
    assert [str(change) for change in changes.story] == ["length: 30 s → 32.5 s"]
    assert [event.caption for event in changes.added] == ["a bell"]
    assert not story_changes(story, story)


def test_what_moves_along_is_told_together() -> None:
    story = timeline.stretch(RAIN_DOG_THUNDER, "e1", 12.5)
    assert moved_along(story_changes(RAIN_DOG_THUNDER, story)) == {"2.5 s later": ("e2", "e3")}
    alone = timeline.stretch(RAIN_DOG_THUNDER, "e2", 12.5)
    assert moved_along(story_changes(RAIN_DOG_THUNDER, alone)) == {}


def test_what_has_to_be_rendered_is_named() -> None:
    take = Take("k", None, "a dog barking", 10.0, 0.0, 1, 2, 2.0, "tiny", "w")
    rendered = timeline.add_take(RAIN_DOG_THUNDER, "e2", take)
    louder = timeline.change(rendered, "e2", gain_db=3.0)
    assert story_changes(rendered, louder).unheard == ()
    named = timeline.change(rendered, "e2", caption="a cat")
    assert story_changes(rendered, named).unheard == ("e2",)
    silence = Event("e4", "silence", 0.0, 1.0, layer=1)
    quiet = dataclasses.replace(rendered, events=(*rendered.events, silence))
    assert story_changes(rendered, quiet).unheard == ()

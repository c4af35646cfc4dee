"""Planning again: what is locked stays byte for byte, totals are right, undo restores."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path

import pytest
import torch

from core.audiostory import AudioStory
from core.director import replan
from core.director.wishes import WrittenEdits
from core.errors import PlanError, StoryError
from core.placement import Placement
from core.story import timeline
from core.story.edits import Edit
from core.story.library import Library
from core.story.story import Event, Story

CAPTIONS = ("rain falling", "thunder rolling", "a door slamming", "a dog barking", "wind blowing")


def story(rng: random.Random) -> Story:
    """A random story after random edits, some of its events locked."""
    made = Story("rain, thunder, a door", 4.0, 1, "tiny", "1. x", (Event("e1", "rain", 0.0, 4.0),))
    for _ in range(rng.randint(1, 5)):
        caption = rng.choice(CAPTIONS)
        made, _ = timeline.add(made, caption, rng.randint(5, 60) / 10, position=rng.randint(0, 3))
    for _ in range(rng.randint(0, 4)):
        event = rng.choice(made.sequence)
        edit = rng.choice(["split", "stretch", "reorder", "delete", "above", "join"])
        try:
            if edit == "split":
                made, _ = timeline.split(made, event.id, event.start + event.duration / 3)
            elif edit == "stretch":
                made = timeline.stretch(made, event.id, rng.randint(3, 90) / 10)
            elif edit == "reorder":
                made = timeline.reorder(made, event.id, rng.randint(0, 5))
            elif edit == "delete":
                made = timeline.delete(made, event.id)
            elif edit == "above":
                made, _ = timeline.lay_over(made, "a bell", 0.5, 1.0)
            else:
                made = timeline.join(made, event.id)
        except StoryError:
            continue
    for event in made.events:
        if rng.random() < 0.4:
            made = timeline.lock(made, event.id)
    return made


def written(event: Event) -> str:
    return json.dumps(dataclasses.asdict(event))


def last(progress: object) -> Story:
    found = list(progress)[-1].story  # type: ignore[call-overload]
    assert isinstance(found, Story)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_locked_events_survive_any_replanning(tiny: AudioStory, seed: int) -> None:
    rng = random.Random(seed)
    before = story(rng)
    locked = {e.id: written(e) for e in before.events if e.locked}
    free = [e for e in before.sequence if not e.locked]
    if not free:
        with pytest.raises(StoryError, match="locked"):
            last(replan.replan_unlocked(tiny, before))
        return
    for variation in (0, 1):
        after = last(replan.replan_unlocked(tiny, before, variation=variation))
        assert {i: written(after.event(i)) for i in locked} == locked
        assert after.total == before.total
        assert len(after.sequence) == len(before.sequence)
        assert [e for e in after.events if e.layer] == [e for e in before.events if e.layer]
    moody = last(replan.change_mood(tiny, before, "tense"))
    assert {i: written(moody.event(i)) for i in locked} == locked
    assert all(e.mood == "tense" for e in moody.sequence if not e.locked)


def test_what_is_planned_anew_has_no_shape_and_lends_its_source_no_more(tiny: AudioStory) -> None:
    bell = Event("e1", "a bell", 0.0, 4.0, shape="swell", count=3, gain_db=-3.0)
    again = Event("e2", "a bell", 4.0, 4.0, source="e1", shape="fade out", locked=True)
    over = Event("e3", "a bell", 2.0, 1.0, layer=1, source="e1", role="spot", at=(0.5,))
    before = Story("a bell, a bell", 8.0, 1, "tiny", "1. x", (bell, again, over))
    after = last(replan.replan_unlocked(tiny, before))
    new = after.event("e1")
    assert (new.shape, new.count, new.source, new.gain_db) == ("steady", None, None, -3.0)
    assert after.event("e3") == dataclasses.replace(over, source=None)
    assert after.event("e2") == dataclasses.replace(again, source="e3")
    longer = last(replan.continue_from(tiny, before, "e2", 12.0))
    assert longer.events[:2] == (bell, again)
    free = dataclasses.replace(before, events=(dataclasses.replace(again, source=None, layer=1),))
    for planned in (replan.replan_unlocked(tiny, free), replan.continue_from(tiny, free, "e2", 9)):
        with pytest.raises(StoryError, match="lie freely"):
            last(planned)


@pytest.mark.parametrize("seed", range(4))
def test_continuing_keeps_what_is_told(tiny: AudioStory, seed: int) -> None:
    rng = random.Random(100 + seed)
    before = story(rng)
    place = rng.randrange(len(before.sequence))
    here = before.sequence[place]
    total = round(before.total + rng.randint(10, 100) / 10, 1)
    after = last(replan.continue_from(tiny, before, here.id, total))
    kept = [e for e in before.sequence if e.end <= here.end or e.locked]
    assert [written(after.event(e.id)) for e in kept] == [written(e) for e in kept]
    assert after.total == total
    assert len(after.sequence) > place + 1


def test_another_variation_tells_other_words(tiny: AudioStory) -> None:
    before = story(random.Random(3))
    first = last(replan.replan_unlocked(tiny, before, variation=1))
    again = last(replan.replan_unlocked(tiny, before, variation=1))
    other = last(replan.replan_unlocked(tiny, before, variation=2))
    assert first == again
    assert [e.caption for e in first.events] != [e.caption for e in other.events]


def test_replanning_after_a_render_brings_the_director_back_to_its_place(
    own_tiny: AudioStory,
) -> None:
    """On the CPU in double precision, which tells the stage that came."""
    model = own_tiny
    model.placement = Placement(dtype=torch.float64, staged=True)
    model.ready("performer")
    last(replan.replan_unlocked(model, story(random.Random(3))))
    assert model.llm.dtype == torch.float64


@pytest.mark.parametrize(
    ("edits", "total", "mood"),
    [
        ([Edit("mood", caption="tense")], 10.0, "tense"),
        ([Edit("continue", where="to", amount=30.0)], 30.0, None),
        ([Edit("continue", where="by", amount=5.0)], 15.0, None),
        ([Edit("continue")], 20.0, None),
        ([Edit("again")], 10.0, None),
        ([Edit("total", amount=40.0), Edit("mood", caption="calm")], 40.0, "calm"),
    ],
)
def test_wishes_that_ask_for_another_plan(
    tiny: AudioStory, monkeypatch: pytest.MonkeyPatch, edits: list[Edit], total: float, mood: str
) -> None:
    """The edits are given: what the director makes of words is tested on trained weights."""
    before = Story("rain", 10.0, 1, "tiny", "", (Event("e1", "rain", 0.0, 10.0),))
    monkeypatch.setattr(replan, "write_edits", lambda *_: WrittenEdits(tuple(edits)))
    after = last(replan.change_by_wish(tiny, before, "…"))
    assert after.total == total
    assert mood is None or after.events[0].mood == mood
    if edits[0].operation == "again":
        assert after.events[0].caption != "rain"


def test_a_wish_that_is_no_change_is_said_to_be_none(
    tiny: AudioStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Story("rain", 10.0, 1, "tiny", "", (Event("e1", "rain", 0.0, 10.0),))
    monkeypatch.setattr(replan, "write_edits", lambda *_: WrittenEdits((Edit("unknown"),)))
    with pytest.raises(PlanError, match="“hm” is not understood"):
        last(replan.change_by_wish(tiny, before, "hm"))
    unsure = WrittenEdits((Edit("again"),), sureness=0.1)
    monkeypatch.setattr(replan, "write_edits", lambda *_: unsure)
    with pytest.raises(PlanError, match="“hm” is not understood"):
        last(replan.change_by_wish(tiny, before, "hm"))
    written = WrittenEdits((Edit("again"), Edit("continue")))
    monkeypatch.setattr(replan, "write_edits", lambda *_: written)
    with pytest.raises(PlanError, match="one after another"):
        last(replan.change_by_wish(tiny, before, "…"))


def test_no_room_is_said_in_a_sentence(tiny: AudioStory) -> None:
    before = Story("rain", 10.0, 1, "tiny", "", (Event("e1", "rain", 0.0, 10.0),))
    with pytest.raises(StoryError, match=r"No time is left"):
        last(replan.continue_from(tiny, before, "e1", 10.0))
    with pytest.raises(StoryError, match="choose a length between"):
        last(replan.continue_from(tiny, before, "e1", 151.0))


def test_undo_restores_everything(tiny: AudioStory, tmp_path: Path) -> None:
    before = story(random.Random(5))
    folder = Library(tmp_path).create(before)
    after = last(replan.replan_unlocked(tiny, before, variation=1))
    folder.edit("plan again", lambda _: after)
    assert folder.story == after
    folder.undo()
    assert folder.story == before

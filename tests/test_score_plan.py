"""The director that writes scores, on a real (tiny, random) language model."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import torch

from core.audiostory import AudioStory, build_audiostory
from core.director.plan import plan
from core.director.progress import Brief, PlanProgress
from core.director.score_plan import ScorePlan, compose_score, decode_score
from core.errors import Cancelled, PlanError
from core.language.model import TARGETS
from core.language.score import CueSheet, ScoreEvent
from core.language.task_adapter import TaskAdapter
from core.profile import load_profile
from core.render.takes import narrative_order

BRIEF = "Rain on a tin roof the whole way through. Three knocks at the door."


@pytest.fixture(scope="module")
def writer(tiny: AudioStory) -> AudioStory:
    """The tiny model with the planner of scores."""
    profile = tiny.profile
    scoring = replace(profile, director=replace(profile.director, planner="score"))
    model = build_audiostory(scoring, adapter=False).eval().requires_grad_(False)
    model.load_state_dict(tiny.state_dict(), strict=False)
    return model


def planned(model: AudioStory, brief: str, total: float) -> list[PlanProgress]:
    return list(plan(model, brief, total, seed=3))


@pytest.mark.parametrize("total", [0.5, 7.3, 20.0, 149.9])
def test_any_brief_becomes_a_story_of_its_length(writer: AudioStory, total: float) -> None:
    story = planned(writer, BRIEF, total)[-1].story
    assert story is not None
    assert (story.total, story.seed, story.instruction) == (total, 3, BRIEF)
    assert 1 <= len(story.events) <= writer.profile.director.max_events
    assert all(event.end <= total + 1e-6 for event in story.events)
    starts = [event.start for event in story.events]
    assert starts == sorted(starts), "the order of events that overlap is by their start"
    assert [event.start for event in narrative_order(story)] == starts


def test_the_reasoning_is_shown_from_its_first_words(writer: AudioStory) -> None:
    seen = planned(writer, BRIEF, 20.0)
    texts = [progress.reasoning for progress in seen]
    assert any(texts[:3])
    assert all(texts[-1].startswith(text.strip()) for text in texts)
    assert [len(p.events) for p in seen] == sorted(len(p.events) for p in seen)
    assert seen[-1].story is not None
    assert seen[-1].story.reasoning == texts[-1]


def test_planning_stops_when_it_is_asked_to(writer: AudioStory) -> None:
    cancel = threading.Event()
    planning = plan(writer, BRIEF, 20.0, 3, cancel)
    next(planning)
    cancel.set()
    with pytest.raises(Cancelled):
        next(planning)


def test_without_its_grammar_an_untrained_director_is_told_to_draft_again(
    writer: AudioStory,
) -> None:
    with pytest.raises(PlanError, match="draft again"):
        list(plan(writer, BRIEF, 20.0, 3, constraints="none"))


def test_the_limits_of_a_request_hold(writer: AudioStory) -> None:
    held = ScorePlan(writer, Brief(BRIEF, 20.0, least=3, most=3))
    *_, tokens = decode_score(writer, held, variation=2)
    assert len(held.sheet(tokens).events) == 3


def test_an_adapter_of_scores_is_at_work_while_they_are_written_alone(writer: AudioStory) -> None:
    """It changes what is written; between two passes, and after them, no state."""
    generator = torch.Generator().manual_seed(0)
    updates = {
        name: (
            torch.randn(2, layer.in_features, generator=generator),
            torch.randn(layer.out_features, 2, generator=generator),
        )
        for name, layer in writer.backbone.named_modules()
        if isinstance(layer, torch.nn.Linear) and name.rpartition(".")[2] in TARGETS
    }
    ids = torch.tensor([writer.encode("rain on a roof")])
    before = writer.backbone(input_ids=ids).last_hidden_state
    written = []
    for adapter in (None, TaskAdapter(updates)):
        writing = decode_score(writer, ScorePlan(writer, Brief(BRIEF, 20.0)), adapter=adapter)
        next(writing)
        next(writing)
        assert torch.equal(writer.backbone(input_ids=ids).last_hidden_state, before)
        written.append(list(writing)[-1])
    assert written[0] != written[1]


def test_a_story_holds_what_the_score_says() -> None:
    rain = ScoreEvent("rain on a roof", 0.0, 20.0, "bed", "quiet", "fade out", "calm")
    knock = ScoreEvent(
        "a fist knocking on wood", 5.0, 3.0, "spot", "loud", "steady", "tense", (), 3
    )
    again = replace(knock, start=12.0, count=None, at=(0.0, 2.0), source=1)
    story = compose_score("tiny", BRIEF, 20.0, 3, CueSheet("Rain.", (rain, knock, again)))
    first, second, third = story.events
    assert [(e.start, e.duration, e.mood) for e in story.events] == [
        (0.0, 20.0, "calm"), (5.0, 3.0, "tense"), (12.0, 3.0, "tense"),
    ]  # fmt: skip
    assert (first.role, first.shape, second.role, second.count) == ("bed", "fade out", "spot", 3)
    assert (third.at, third.source) == ((0.0, 2.0), second.id)
    assert first.layer != second.layer
    assert first.gain_db < 0.0 < second.gain_db


def test_the_shipped_director_plans_by_event_lists() -> None:
    assert load_profile("pocket").director.planner == "event-list"

"""The written scores are sound cue sheets, and what is no score is found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import PlanError
from core.language.score import ScoreEvent
from core.narratives.scores import (
    Score,
    read_scores,
    score_faults,
    scores_report,
    shared_runs,
)

RAIN = ScoreEvent("rain on a roof", 0.0, 20.0, "bed", "quiet", "steady", "calm")
KNOCK = ScoreEvent("a fist knocking on wood", 5.0, 3.0, "spot", "loud", "steady", "tense", count=3)
SCORE = Score("rain throughout, three knocks", 20.0, "film", "note", "Rain.", (RAIN, KNOCK))
SILENCE = ScoreEvent("silence", 15.0, 5.0, "spot", "quiet", "steady", "empty")
EVALUATION = Path(__file__).parents[1] / "core" / "evaluation" / "score_briefs.jsonl"
SHARED_SHARE = 0.005
"""Of the pairs, at most so many may share a run of words with another."""


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    return read_scores()


def test_every_written_score_is_without_fault(scores: list[Score]) -> None:
    assert len(scores) >= 620
    faults = [f"{s.brief[:40]!r}: {fault}" for s in scores for fault in score_faults(s)]
    assert not faults


def test_briefs_are_written_one_by_one(scores: list[Score]) -> None:
    assert len(shared_runs(scores)) <= SHARED_SHARE * len(scores)


def test_no_brief_of_the_evaluation_is_learned(scores: list[Score]) -> None:
    """The briefs that a score is to be judged by, written by others, share no run of words."""
    lines = EVALUATION.read_text(encoding="utf-8").splitlines()
    briefs = [replace(SCORE, brief=json.loads(line)["brief"]) for line in lines]
    assert len(briefs) >= 60
    mixed = [pair for pair in shared_runs([*scores, *briefs]) if pair[1] >= len(scores)]
    assert mixed == []


def test_scores_overlap_shape_and_repeat(scores: list[Score]) -> None:
    """What today's plans never do."""
    events = [event for score in scores for event in score.events]
    assert sum(event.role == "bed" for event in events) >= len(scores) / 2
    assert sum(event.shape != "steady" for event in events) >= len(scores) / 4
    assert sum(event.repetitions > 0 for event in events) >= len(scores) / 4
    assert len({score.genre for score in scores}) >= 15


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        (replace(KNOCK, start=18.5), "outside the whole"),
        (replace(KNOCK, start=5.25), "multiples of 0.5 s"),
        (replace(KNOCK, every=1.0), "repeats in two ways"),
        (replace(KNOCK, count=None, at=(1.0, 3.5)), "outside it"),
        (replace(KNOCK, source=1), "no earlier event"),
        (
            replace(KNOCK, shape="points", points=((0.0, -6.0), (2.0, 0.0))),
            "from its beginning to its end",
        ),
        (SILENCE, "during its silence"),
    ],
)
def test_a_fault_is_named(event: ScoreEvent, fault: str) -> None:
    assert not list(score_faults(SCORE))
    (found,) = score_faults(replace(SCORE, events=(RAIN, event)))
    assert fault in found
    assert found.startswith(("event 1", "event 0"))


def test_events_stand_in_order_of_start() -> None:
    assert list(score_faults(replace(SCORE, events=(KNOCK, RAIN))))


def test_eight_words_in_a_row_are_found_in_two_briefs() -> None:
    long = "one two three four five six seven eight"
    briefs = [replace(SCORE, brief=text) for text in (f"{long} nine", f"zero {long}", "one two")]
    assert shared_runs(briefs) == [(0, 1, long)]


def test_the_report_counts() -> None:
    lines = scores_report([SCORE, SCORE]).splitlines()
    assert lines[0] == "2 pairs"
    assert ["film", "2"] in [line.split() for line in lines]
    assert ["repeated", "2"] in [line.split() for line in lines]


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{", "not JSON"), ('{"brief": "x"}', "lacks"), ('{"brief": 3}', "text")],
)
def test_what_is_no_pair_is_refused_with_its_place(line: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(PlanError, match=reason) as error:
        read_scores(tmp_path)
    assert "a.jsonl:1" in str(error.value)


def test_a_pair_is_read_as_written(tmp_path: Path) -> None:
    event = {
        "caption": "a siren wailing",
        "start": 0,
        "seconds": 10,
        "role": "spot",
        "level": "normal",
        "shape": [[0, -12], [10, 0]],
        "mood": "urgent",
    }
    pair = {"brief": "siren", "seconds": 10, "genre": "city", "style": "one word"}
    data = {**pair, "reasoning": "A siren comes nearer.", "events": [event]}
    (tmp_path / "a.jsonl").write_text(json.dumps(data) + "\n", encoding="utf-8")
    (score,) = read_scores(tmp_path)
    assert score.events[0].points == ((0.0, -12.0), (10.0, 0.0))
    assert not list(score_faults(score))

"""Another director's answer as a score: the schema, defaults for what is left out, and nonsense."""

from __future__ import annotations

import json
import re

import pytest

from core.director.answer import SYSTEM, answer_schema, find_plan, request_messages
from core.director.answered_score import AnsweredScore
from core.language.score import ScoreEvent, sheet_faults
from core.story.score import score_events
from core.story.story import Story

RAIN = {"caption": "rain on a roof", "start": 0, "seconds": 20, "role": "bed", "level": "quiet"}
BELL = {"caption": "a bell", "start": 4, "seconds": 3}


def read(*rows: object, total: float = 20.0, most: int = 24) -> AnsweredScore:
    plan = find_plan(json.dumps({"events": rows}))
    assert plan is not None
    score = plan.score(total, lambda caption: 2.5, most)
    assert score is not None
    assert not list(sheet_faults([e for e in score.events if e.shape != "points"], total))
    events = score_events(score.events, total)
    Story("t", total, 1, "tiny", "", events)
    return score


def line(**values: object) -> ScoreEvent:
    """The bell of an answer with these values, and no word against them."""
    score = read(RAIN, BELL | values)
    assert score.notes == ()
    return score.events[1]


def test_an_answer_is_read_as_it_is_written() -> None:
    score = read(
        RAIN | {"shape": "fade out", "mood": "calm"},
        BELL | {"level": "loud", "count": 3, "mood": "tense"},
        BELL | {"start": 12, "shape": [[0, -12], [3, 0]], "every": 0.5, "source": 1},
        BELL | {"start": 16, "at": [2, 0.5], "source": None, "count": None},
    )
    assert score.notes == ()
    assert score.events == (
        ScoreEvent("rain on a roof", 0.0, 20.0, "bed", "quiet", "fade out", "calm"),
        ScoreEvent("a bell", 4.0, 3.0, "spot", "loud", "steady", "tense", count=3),
        ScoreEvent(
            "a bell", 12.0, 3.0, "spot", "normal", "points", "", ((0.0, -12.0), (3.0, 0.0)),
            every=0.5, source=1,
        ),
        ScoreEvent("a bell", 16.0, 3.0, "spot", "normal", "steady", "", at=(0.5, 2.0)),
    )  # fmt: skip


def test_what_is_left_out_gets_its_default() -> None:
    score = read(
        {"caption": "a door slams", "level": "loud"},
        {"caption": "rain", "role": "bed"},
        {"caption": "steps", "seconds": "4 s"},
        {"caption": "wind", "role": "bed", "start": "0:05"},
    )
    assert [(e.caption, e.start, e.seconds) for e in score.events] == [
        ("a door slams", 0.0, 2.5),
        ("rain", 0.0, 20.0),
        ("steps", 2.5, 4.0),
        ("wind", 5.0, 15.0),
    ]
    assert {(e.level, e.shape, e.mood) for e in score.events[1:]} == {("normal", "steady", "")}
    assert score.notes == ()


def test_an_answer_that_says_no_more_than_captions_and_lengths_is_no_score() -> None:
    for rows in (["rain", "wind"], [{"caption": "rain", "seconds": 3, "mood": "calm"}]):
        plan = find_plan(json.dumps(rows))
        assert plan is not None
        assert plan.score(20.0, lambda caption: 2.5, 24) is None


def test_words_are_read_as_models_write_them() -> None:
    assert line(shape="Fade_In").shape == "fade in"
    assert line(role=" BED ", seconds=3).role == "bed"
    assert (line(count="3").count, line(every="2 s").every) == (3, 2.0)
    assert line(at=1.5).at == (1.5,)
    assert line(shape=[[3, 0], ["0", -20]]).points == ((0.0, -20.0), (3.0, 0.0))
    assert line(shape=[[0, -400]]).points == ((0.0, -60.0),)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"role": "soundtrack"}, "role .*it is a spot"),
        ({"level": 11}, "level .*it is normal"),
        ({"shape": "wobbly"}, "shape .*it is steady"),
        ({"shape": {"a": 1}}, "shape .*it is steady"),
        ({"shape": [[0, "loud"], [1]]}, "shape .*it is steady"),
        ({"shape": [[0, -9], [99, 0]]}, "shape .*what is understood"),
        ({"count": -2}, "count .*as it is"),
        ({"count": 2.5}, "count .*as it is"),
        ({"count": True}, "count .*as it is"),
        ({"every": "now and then"}, "every .*as it is"),
        ({"at": [1, 2, 30]}, "at .*within it"),
        ({"count": 2, "every": 1}, "two ways.*count counts"),
        ({"source": 7}, "source .*its own"),
        ({"source": 1}, "source .*its own"),
        ({"source": "the dog"}, "source .*its own"),
        ({"start": "soon", "level": "loud"}, "start .*follows"),
        ({"start": 25}, "left out"),
    ],
)
def test_nonsense_gets_a_sentence_and_a_default(values: dict[str, object], said: str) -> None:
    score = read(RAIN, BELL | values)
    (note,) = score.notes
    assert re.search(said, note)
    assert len(note) < 250
    assert score.events[0].caption == "rain on a roof"
    for event in score.events[1:]:
        assert (event.role, event.shape in ("steady", "points"), event.source) == (
            "spot",
            True,
            None,
        )


def test_events_are_told_by_their_start_and_keep_their_sources() -> None:
    score = read(BELL | {"start": 9}, RAIN, BELL | {"start": 12, "source": 0})
    assert [e.start for e in score.events] == [0.0, 9.0, 12.0]
    assert score.events[2].source == 1
    early = read(BELL | {"start": 9}, RAIN, BELL | {"start": 2, "source": 0})
    assert early.events[1].source is None
    assert len(early.notes) == 1


def test_what_reaches_beyond_the_story_is_cut_to_its_end() -> None:
    score = read(RAIN | {"seconds": 90}, BELL | {"start": 19, "shape": "swell"}, total=20.0)
    assert [e.end for e in score.events] == [20.0, 20.0]
    assert len(read(RAIN, BELL, BELL, most=2).events) == 2


def test_the_request_asks_for_what_is_read() -> None:
    asked = request_messages("rain", 20.0)
    assert asked[0]["content"] == SYSTEM
    assert "rain\nThe total is 20 seconds." in asked[1]["content"]
    events = [answer_schema(total)["properties"]["events"] for total in (0.5, 8.0, 90.0)]
    assert [schema["maxItems"] for schema in events] == [4, 16, 24]
    row = events[0]["items"]["properties"]
    assert list(row) == [
        "caption", "start", "seconds", "role", "level", "shape", "mood", "count", "every", "at",
        "source",
    ]  # fmt: skip
    example = SYSTEM[SYSTEM.index('{"events"') :].removesuffix(".")
    assert read(*json.loads(example)["events"]).notes == ()
    quoted = find_plan(f"Like {example}: {json.dumps([RAIN])}")
    assert quoted is not None
    assert [item.phrase for item in quoted.items] == ["rain on a roof"]

"""Scores are judged by what their briefs ask for, on plans of which each figure is known."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core.audiostory import AudioStory
from core.errors import FileError, PlanError
from core.evaluation.score_briefs import (
    SCORE_BRIEFS,
    RequiredSound,
    ScoreBrief,
    in_order,
    read_briefs,
)
from core.evaluation.scores import (
    ScoreVerdict,
    assigned,
    judge_score,
    judged_brief,
    main,
    score_table,
    scored,
    strokes,
    times_struck,
    turns,
)
from core.language.score import ScoreEvent
from core.story.score import score_events
from core.story.story import Event, Story

RAIN = ScoreEvent("rain on a tin roof", 0.0, 20.0, "bed", "quiet", "steady", "")
KNOCK = ScoreEvent("a fist knocking on wood", 5.0, 3.0, "spot", "normal", "steady", "", count=3)
DOOR = ScoreEvent("a door creaking open", 9.0, 2.0, "spot", "normal", "steady", "")
SILENCE = ScoreEvent("silence", 15.0, 5.0, "spot", "quiet", "steady", "")
SOUNDS = (
    RequiredSound(("rain",), "bed", throughout=True),
    RequiredSound(("knock",), "spot", overlaps=(0,), count=3, start=5.0),
    RequiredSound(("creak", "door"), "spot", overlaps=(0,)),
)
BRIEF = in_order(ScoreBrief("rain, three knocks, a door", 20.0, SOUNDS, (("wind",),), ("bird",)))


def story(*lines: ScoreEvent, total: float = 20.0) -> Story:
    events = score_events(sorted(lines, key=lambda line: line.start), total)
    return Story(BRIEF.brief, total, 0, "tiny", "", events)


def judged(brief: ScoreBrief, *lines: ScoreEvent) -> ScoreVerdict:
    return judge_score("score", 0, brief, story(*lines))


def test_a_plan_that_holds_what_its_brief_asks_for_is_right() -> None:
    verdict = judged(BRIEF, RAIN, KNOCK, DOOR)
    assert verdict.wrong == ()
    assert verdict.figures == {
        "recall": (3, 3), "nothing_invented": (1, 1), "order": (1, 1), "times": (1, 1),
        "throughout": (1, 1), "overlaps": (2, 2), "counts": (1, 1), "roles": (3, 3),
        "negations": (1, 1), "right": (1, 1),
    }  # fmt: skip
    assert verdict.plan[0] == "rain on a tin roof 0-20 bed"


@pytest.mark.parametrize(
    ("lines", "figure", "share"),
    [
        ((RAIN, KNOCK), "recall", (2, 3)),
        ((RAIN, KNOCK, DOOR, replace(DOOR, caption="a wolf")), "nothing_invented", (0, 1)),
        ((RAIN, KNOCK, DOOR, replace(DOOR, start=12.0)), "nothing_invented", (0, 1)),
        ((RAIN, KNOCK, DOOR, replace(DOOR, start=12.0, source=2)), "nothing_invented", (1, 1)),
        ((replace(RAIN, seconds=15.0), KNOCK, DOOR, SILENCE), "nothing_invented", (0, 1)),
        ((RAIN, KNOCK, DOOR, replace(DOOR, caption="a wind gust")), "nothing_invented", (1, 1)),
        ((RAIN, KNOCK, replace(DOOR, start=2.0)), "order", (0, 1)),
        ((RAIN, replace(KNOCK, start=5.5), DOOR), "times", (0, 1)),
        ((replace(RAIN, seconds=18.0), KNOCK, DOOR), "throughout", (0, 1)),
        ((replace(RAIN, seconds=15.0), KNOCK, DOOR, SILENCE), "throughout", (1, 1)),
        ((replace(RAIN, seconds=7.0), KNOCK, DOOR), "overlaps", (1, 2)),
        ((RAIN, replace(KNOCK, count=2), DOOR), "counts", (0, 1)),
        ((RAIN, replace(KNOCK, count=None, at=(0.0, 1.0, 2.5)), DOOR), "counts", (1, 1)),
        ((RAIN, replace(KNOCK, count=None, every=1.0), DOOR), "counts", (1, 1)),
        ((replace(RAIN, role="spot"), KNOCK, DOOR), "roles", (2, 3)),
        ((RAIN, KNOCK, DOOR, replace(DOOR, caption="a bird")), "negations", (0, 1)),
    ],
)
def test_each_fault_is_seen_in_its_own_figure(
    lines: tuple[ScoreEvent, ...], figure: str, share: tuple[int, int]
) -> None:
    verdict = judged(BRIEF, *lines)
    assert verdict.figures[figure] == share
    assert any(text.startswith(figure.replace("_", " ")) for text in verdict.wrong) == (
        share[0] < share[1]
    )


def test_a_count_may_be_as_many_events() -> None:
    knocks = [replace(KNOCK, start=5.0 + n, seconds=0.5, count=None, source=1) for n in range(3)]
    lines = (RAIN, replace(knocks[0], source=None), *knocks[1:], DOOR)
    assert judged(BRIEF, *lines).figures["counts"] == (1, 1)
    assert judged(BRIEF, *lines[:-2], DOOR).figures["counts"] == (0, 1)


def test_rhythms_and_moments_are_read_from_strokes() -> None:
    bell = RequiredSound(("bell",), every=4.0, at=(2.0, 10.0))
    brief = ScoreBrief("a bell every four seconds", 20.0, (bell,))
    struck = replace(KNOCK, caption="a bell", start=2.0, seconds=16.0, count=None, every=4.0)
    assert judged(brief, struck).figures["rhythms"] == (1, 1)
    assert judged(brief, struck).figures["times"] == (1, 1)
    single = [
        replace(struck, start=2.0 + 4.0 * n, seconds=1.0, every=None, source=0 if n else None)
        for n in range(4)
    ]
    assert judged(brief, *single).figures["rhythms"] == (1, 1)
    assert judged(brief, replace(struck, every=5.0)).figures["rhythms"] == (0, 1)
    assert judged(brief, replace(struck, every=None)).figures["rhythms"] == (0, 1)
    assert judged(brief, replace(struck, start=2.5)).figures["times"] == (0, 1)
    event = story(struck).events[0]
    assert strokes(event) == [2.0, 6.0, 10.0, 14.0]
    assert times_struck(event) == 4


@pytest.mark.parametrize(
    ("shape", "rises", "falls"),
    [
        ("steady", False, False),
        ("approach", True, False),
        ("fade out", False, True),
        ("swell", True, True),
        ("points", True, False),
    ],
)
def test_shapes_are_judged_by_the_level_that_they_give(
    shape: str, rises: bool, falls: bool
) -> None:
    points = ((0.0, -10.0), (3.0, 0.0)) if shape == "points" else ()
    event = story(replace(KNOCK, shape=shape, points=points)).events[0]  # type: ignore[arg-type]
    assert turns(event, ["approach"]) == turns(event, ["fade in", "points"]) == rises
    assert turns(event, ["recede"]) == turns(event, ["points", "fade out"]) == falls
    assert turns(event, ["points"]) == turns(event, ["recede", "swell"]) == (rises or falls)


def test_one_event_may_come_and_go_as_one_source() -> None:
    sounds = (
        RequiredSound(("helicopter",), shape=("approach",)),
        RequiredSound(("helicopter",), shape=("recede",), same_as=0),
    )
    brief = ScoreBrief("a helicopter comes and goes", 20.0, sounds)
    line = replace(KNOCK, caption="a helicopter", count=None)
    assert judged(brief, replace(line, shape="swell")).wrong == ()
    coming, going = replace(line, shape="approach"), replace(line, start=9.0, shape="recede")
    apart = judged(brief, coming, going)
    assert apart.figures["returns"] == (0, 1)
    assert apart.figures["shapes"] == (2, 2)
    assert judged(brief, coming, replace(going, source=0)).wrong == ()


def test_a_silence_is_an_event_in_which_nothing_begins() -> None:
    quiet = RequiredSound(("silen",), silence=True, seconds=5.0)
    brief = replace(BRIEF, required=(*SOUNDS, quiet))
    bed = replace(RAIN, seconds=15.0)
    assert judged(brief, bed, KNOCK, DOOR, SILENCE).wrong == ()
    assert judged(brief, bed, KNOCK, DOOR).figures["silences"] == (0, 1)
    late = judged(brief, bed, KNOCK, replace(DOOR, start=16.0), SILENCE)
    assert late.figures["silences"] == (0, 1)
    short = judged(brief, bed, KNOCK, DOOR, replace(SILENCE, seconds=4.0))
    assert short.figures["times"] == (1, 2)


def test_a_scene_needs_four_sounds_of_different_kinds() -> None:
    fitting = (("rain",), ("knock",), ("door",), ("wind",), ("owl",))
    brief = ScoreBrief("a haunted house", 20.0, (), scene=True, fitting=fitting)
    lines = [RAIN, KNOCK, DOOR, replace(DOOR, caption="wind in a chimney", start=12.0)]
    assert judged(brief, *lines).wrong == ()
    assert judged(brief, *lines[:3]).figures["scenes"] == (0, 1)
    other = replace(DOOR, caption="a wooden door slamming", start=12.0)
    assert judged(brief, *lines[:3], other).figures["scenes"] == (0, 1)
    assert judged(brief, *lines, lines[-1]).figures["nothing_invented"] == (0, 1)
    itself = replace(DOOR, caption="A haunted house")
    assert judged(brief, *lines, itself).figures["nothing_invented"] == (0, 1)


def test_the_longest_event_is_what_goes_on_throughout() -> None:
    short = replace(RAIN, seconds=2.0)
    own = assigned(BRIEF, story(short, RAIN, KNOCK, DOOR).events)
    assert own[0].duration == 20.0


def test_a_brief_that_becomes_no_plan_has_nothing_right() -> None:
    def failing(brief: str, seconds: float) -> Story:
        raise PlanError("Nothing came of it.")

    verdict = judged_brief("score", 0, BRIEF, failing)
    assert verdict.plan == ("Nothing came of it.",)
    assert all(right == 0 for right, _ in verdict.figures.values())
    assert verdict.figures["recall"] == (0, 3)


def test_the_table_sums_over_briefs() -> None:
    verdicts = [judged(BRIEF, RAIN, KNOCK, DOOR), judged(BRIEF, RAIN)]
    row = score_table(verdicts)["score"]
    assert row["briefs"] == 2.0
    assert row["recall"] == round(4 / 6, 4)
    assert row["right"] == 0.5
    assert "silences" not in row


def test_briefs_are_planned_and_judged_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = tmp_path / "plans.jsonl"
    main(["--rows", "template", "--limit", "3", "--plans", str(plans)])
    table = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert table["template"]["briefs"] == 3.0
    assert table["template"]["throughout"] < 1.0, "clauses one after the other overlap nothing"
    assert len(plans.read_text().splitlines()) == 3


def test_a_director_of_scores_is_judged_by_the_same_rules(tiny: AudioStory) -> None:
    planner = partial(scored, tiny, adapter=None, held=True)
    verdict = judged_brief("score", 0, BRIEF, planner)
    assert len(verdict.plan) >= 1
    assert verdict.figures["recall"][1] == 3


def test_order_is_what_the_brief_says_of_it() -> None:
    listed = replace(BRIEF, required=(*SOUNDS[:2], replace(SOUNDS[2], after=(0,), end=11.0)))
    assert judged(listed, RAIN, KNOCK, replace(DOOR, start=2.0)).figures["order"] == (1, 1)
    later = replace(listed, required=(*SOUNDS[:2], replace(SOUNDS[2], after=(0, 1), end=11.0)))
    assert judged(later, RAIN, KNOCK, replace(DOOR, start=2.0)).figures["order"] == (0, 1)
    assert judged(later, RAIN, KNOCK, DOOR).figures["times"] == (2, 2)
    assert judged(later, RAIN, KNOCK, replace(DOOR, start=10.0)).figures["times"] == (1, 2)
    assert "order" not in judged(replace(BRIEF, required=SOUNDS), RAIN, KNOCK, DOOR).figures


def test_a_brief_in_another_language_is_to_be_refused() -> None:
    def planning(brief: str, seconds: float) -> Story:
        return story(RAIN, KNOCK)

    def refusing(brief: str, seconds: float) -> Story:
        raise PlanError("It reads as German.")

    german = replace(BRIEF, language="de")
    right = judged_brief("score", 0, german, refusing)
    assert right.figures == {"tongues": (1, 1), "right": (1, 1)}
    wrong = judged_brief("score", 0, german, planning)
    assert wrong.figures == {"tongues": (0, 1), "right": (0, 1)}
    assert wrong.wrong == ("tongues: planned in de",)


def test_briefs_are_read(tmp_path: Path) -> None:
    briefs = read_briefs()
    assert len(briefs) >= 60
    assert sum(brief.scene for brief in briefs) >= 20
    assert briefs[0].required[2].after, "what is listed in order comes in order"
    others = read_briefs(SCORE_BRIEFS.with_name("writers_scores.jsonl"))
    assert len(others) >= 150
    assert sum(bool(brief.language) for brief in others) == 10
    sounds = [sound for brief in others for sound in brief.required]
    for name in ("overlaps", "after", "start", "end", "count", "every", "at", "shape", "silence"):
        assert any(getattr(sound, name) for sound in sounds), name
    astray = {"brief": "rain", "seconds": 3, "required": [{"words": ["rain"], "after": [1]}]}
    (tmp_path / "astray.jsonl").write_text(json.dumps(astray))
    with pytest.raises(FileError, match=r"astray\.jsonl:1 names the sound 1, which"):
        read_briefs(tmp_path / "astray.jsonl")
    (tmp_path / "none.jsonl").write_text("rain")
    with pytest.raises(FileError, match=r"none\.jsonl:1 is not JSON"):
        read_briefs(tmp_path / "none.jsonl")
    (tmp_path / "bad.jsonl").write_text('{"brief": 3}\n')
    with pytest.raises(FileError, match=r"bad\.jsonl:1"):
        read_briefs(tmp_path / "bad.jsonl")


def test_every_event_says_in_short_what_it_is() -> None:
    line = replace(KNOCK, count=None, at=(0.0, 1.0), shape="fade in")
    assert judged(BRIEF, RAIN, line).plan[1].endswith("5-8 spot fade in at 0 1")
    assert Event("e1", "rain", 0.0, 3.0).role is None

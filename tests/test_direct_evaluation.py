"""The judge of the director, and the flag of what the performer does not know."""

from __future__ import annotations

import json
import random
from itertools import permutations
from pathlib import Path

import pytest

from core.bridge.known_sounds import load_known_sounds
from core.director.progress import PlanProgress
from core.errors import FileError
from core.evaluation.direct import (
    CODE,
    DevelopmentExample,
    development_set,
    invented,
    judge,
    largest_matching,
    main,
    ordered_matching,
    record_of,
    table,
    template,
)
from core.evaluation.flags import FLAG_SETS, flag_rates, wilson
from core.language.stream import PlannedEvent
from core.profile import load_profile
from core.story.durations import fit_durations
from core.story.story import Event, Story


def planned(instruction: str, captions: list[str], lengths: list[float]) -> PlanProgress:
    """A plan whose director wrote these lengths."""
    events, clock = [], 0.0
    for i, (caption, length) in enumerate(zip(captions, lengths, strict=True)):
        events.append(Event(f"e{i}", caption, clock, length))
        clock += length
    written = tuple(PlannedEvent(e.caption, e.duration) for e in events)
    return PlanProgress("", written, Story(instruction, clock, 0, "x", "", tuple(events)))


def test_matchings_are_the_largest() -> None:
    rng = random.Random(1)
    for _ in range(60):
        rows, columns = rng.randint(1, 4), rng.randint(1, 5)
        fits = [[rng.random() < 0.4 for _ in range(columns)] for _ in range(rows)]
        padded = [*range(columns), *([None] * rows)]
        best = max(
            sum(c is not None and fits[r][c] for r, c in enumerate(chosen))
            for chosen in set(permutations(padded, rows))
        )
        assert largest_matching(fits) == best
        order = ordered_matching(fits)
        assert all(fits[r][c] for r, c in order.items())
        assert list(order.values()) == sorted(set(order.values()))
        assert len(order) <= best


def test_a_plan_is_judged_by_its_events() -> None:
    example = DevelopmentExample(
        "rain, a dog, 3 s of wind", 10.0, (("rain",), ("dog",), ("wind",)), ((2, 3.0),)
    )
    captions = ["a dog barking", "rain", "brainwaves", "wind"]
    verdict = judge("x", 0, example, planned("i", captions, [3, 2, 2, 3]))
    assert (verdict.found, verdict.ordered, verdict.obeyed) == (3, False, 1)
    assert verdict.invented == ("brainwaves",)
    assert verdict.parses
    assert verdict.sums
    figures = table([verdict])["x"]
    assert figures["recall"] == 1.0
    assert figures["order"] == 0.0


def test_repeating_is_inventing_unless_it_was_asked() -> None:
    asked = DevelopmentExample("knock. knock.", 5.0, (("knock",), ("knock",)), ())
    assert invented(asked, ["knocking", "knocking"]) == ()
    assert invented(asked, ["knocking", "knocking", "knocking"]) == ("knocking",)


def test_verdicts_are_kept_for_the_same_code_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change anywhere below the folder counts; what Python compiles from it does not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    code = tmp_path / "core"
    (code / "director" / "__pycache__").mkdir(parents=True)
    (code / "cli.py").write_text("rows = 5")
    (code / "director" / "plan.py").write_text("greedy = True")
    profile = load_profile("tiny")
    before = record_of(profile, code)
    (code / "director" / "__pycache__" / "plan.pyc").write_text("compiled")
    assert record_of(profile, code) == before
    (code / "director" / "plan.py").write_text("greedy = False")
    inside = record_of(profile, code)
    assert inside != before
    (code / "cli.py").write_text("rows = 3")
    assert record_of(profile, code) not in (before, inside)
    assert (CODE / "director" / "plan.py").is_file()


def test_the_development_set_can_be_judged() -> None:
    instructions = development_set()
    assert len(instructions) >= 120
    for example in instructions:
        assert example.required
        assert all(words for words in example.required)
        assert all(0 <= i < len(example.required) for i, _ in example.explicit)
        assert sum(seconds for _, seconds in example.explicit) <= example.seconds
        plan = template(example.instruction, example.seconds)
        assert judge("template", 0, example, plan).sums
    assert fit_durations([1, 1], 3.0) == pytest.approx([1.5, 1.5])


def test_the_table_has_a_row_for_each_set_of_constraints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Random weights under the grammar always make a plan that sums, and freely never one."""
    record = tmp_path / "verdicts.jsonl"
    command = ["--profile", "tiny", "--limit", "1", "--record", str(record)]
    main(command)
    first = capsys.readouterr().out
    figures = json.loads(first.splitlines()[-1])
    assert list(figures) == ["none", "grammar", "all", "zero-shot", "template"]
    sums = {row: values["parse_and_sum"] for row, values in figures.items()}
    assert sums == {"none": 0.0, "grammar": 1.0, "all": 1.0, "zero-shot": 1.0, "template": 1.0}
    assert figures["none"]["parses"] == figures["none"]["nothing_invented"] == 0.0
    kept = record.read_bytes()
    main(command)
    assert capsys.readouterr().out == first
    assert record.read_bytes() == kept


@pytest.mark.parametrize("captions", FLAG_SETS, ids=lambda path: path.stem)
def test_of_captions_by_others_nine_unknown_ones_in_ten_are_flagged_and_few_known_ones(
    captions: Path,
) -> None:
    figures = flag_rates("pocket", [captions])
    assert figures["unknown_flagged"] >= 0.9
    assert figures["known_flagged"] <= 0.05


def test_a_share_of_few_lies_in_a_wide_interval() -> None:
    low, high = wilson(5, 100)
    assert (round(low, 3), round(high, 3)) == (0.022, 0.112)


def test_a_file_of_captions_without_labels_is_refused_in_one_sentence(tmp_path: Path) -> None:
    captions = tmp_path / "captions.jsonl"
    captions.write_text('{"caption": "rain"}\n')
    with pytest.raises(FileError, match=r"captions\.jsonl holds no labelled captions"):
        flag_rates("pocket", [captions])


def test_a_caption_tells_which_part_of_it_is_unknown_and_what_is_nearest() -> None:
    known_sounds = load_known_sounds(load_profile("pocket"))
    assert known_sounds is not None
    accordion, partly, rain = known_sounds.match(
        ["an accordion playing in a cafe", "a dog barks while a kettle whistles", "steady rain"]
    )
    assert accordion.unknown == ("an accordion playing in a cafe",)
    assert len(set(accordion.nearest)) == 3
    assert partly.partly
    assert (partly.unknown, partly.nearest) == (("a kettle whistles",), ("a dog barks",))
    assert rain.known
    assert known_sounds.match([]) == []
    assert rain.unknown == ()


@pytest.mark.parametrize(
    "caption", ["bacon sizzling", "kettle whistling", "a baby is crying", "a man is talking"]
)
def test_what_was_once_performed_as_another_sound_is_unknown(caption: str) -> None:
    known_sounds = load_known_sounds(load_profile("pocket"))
    assert known_sounds is not None
    assert not known_sounds.match([caption])[0].known


def test_the_natural_length_of_a_sound_is_that_of_a_known_one() -> None:
    known_sounds = load_known_sounds(load_profile("pocket"))
    assert known_sounds is not None
    knock, rain, kazoo = known_sounds.spans(["a knock at the door", "rain falling", "zzqx vrrm"])
    assert knock is not None
    assert knock.longest <= 6
    assert rain is not None
    assert rain.lasts
    assert kazoo is None
    assert load_known_sounds(load_profile("tiny")) is None

"""The story's invariants, and that a malformed story.json is refused with one sentence."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FileError, StoryError
from core.story.context import Context
from core.story.durations import fit_durations
from core.story.story import Event, Story
from core.story.take import Start, Take


def story() -> Story:
    events = (
        Event("e1", "rain on a roof", 0.0, 6.0, "calm"),
        Event("e2", "a door slamming", 6.0, 2.0, "tense", seed=7),
        Event("bed", "wind blowing", 1.0, 6.5, layer=1, gain_db=-6.0),
    )
    return Story("rain, then a door", 8.0, 1, "pocket", "Two events.", events)


def test_a_story_survives_json() -> None:
    assert Story.from_json(story().to_json()) == story()


def test_a_story_of_the_first_version_opens_and_is_saved_as_this_one() -> None:
    kept = take(stream="")
    for name in ("start", "sampler", "context", "part", *OF_FEW):
        del kept[name]
    text = changed(version=1, events__1__takes=[kept], events__1__chosen="k")
    opened = Story.from_json(text)
    del kept["stream"]
    assert opened.events[1].take == Take(context=None, **kept)
    assert json.loads(opened.to_json())["version"] == 3


@pytest.mark.parametrize(
    ("contexts", "known"),
    [
        ({"texts": ["a", "b"], "chains": [[-1, 0], [0, 1]]}, True),
        ({"texts": ["a", "c"], "chains": [[-1, 0], [0, 1]]}, False),
        ({"texts": ["a", "b"], "chains": [[-1, 1], [0, 0]]}, False),
        ({"texts": [], "chains": []}, False),
        ({"texts": ["a"], "chains": [[-1, 0], [0, 1]]}, False),
        ({"texts": ["a", "b"], "chains": [[-1, 0], [1, 1]]}, False),
        ({"texts": ["a", "b"], "chains": [[-1, 0], [-2, 1]]}, False),
        ({"texts": ["a", "b"], "chains": [[-1, 0], [0.0, 1]]}, False),
        ({"texts": ["a", 7], "chains": [[-1, 0], [0, 1]]}, False),
        ({"texts": ["a", "b\ud800"], "chains": [[-1, 0], [0, 1]]}, False),
        ({"texts": ["a", "b"], "chains": [[-1, 0], [0]]}, False),
        ({"texts": ["a", "b"]}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_take_without_its_text_is_refused(contexts: Any, known: bool) -> None:
    context = Context("b", Context("a"))
    kept = take(context=context.digest)
    text = changed(contexts=contexts, events__1__takes=[kept])
    if known:
        assert Story.from_json(text).events[1].takes[0].context == context
        return
    with pytest.raises(StoryError, match="texts"):
        Story.from_json(text)


def test_texts_that_takes_share_are_kept_once() -> None:
    beginning = Context("<|think|>a long reasoning<|/think|>")
    contexts = [Context("rain", beginning), Context("hail", beginning)]
    contexts += [Context("a door", context) for context in contexts]
    takes = tuple(
        dataclasses.replace(Take(**take()), key=f"k{n}", context=context)
        for n, context in enumerate(contexts)
    )
    made = story().replace_event(dataclasses.replace(story().event("e2"), takes=takes))
    written = json.loads(made.to_json())["contexts"]
    assert written["texts"] == [beginning.piece, "rain", "hail", "a door"]
    assert written["chains"] == [[-1, 0], [0, 1], [0, 2], [1, 3], [2, 3]]
    again = Story.from_json(made.to_json())
    assert again == made
    assert again.to_json() == made.to_json()
    texts = [take.context.text for take in again.event("e2").takes if take.context]
    assert texts[3] == beginning.piece + "haila door"


def test_a_story_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "story.json"
    story().save(path)
    assert Story.load(path) == story()
    assert [p.name for p in path.parent.iterdir()] == ["story.json"]
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        story().save(tmp_path / "file" / "story.json")


OF_FEW = ("made_on", "performer", "conditioning", "source", "licence")
"""Fields of a take that older ones have not."""


def take(**values: Any) -> dict[str, Any]:
    made = Take("k", None, "a door slamming", 2.0, 0.0, 7, 4, 3.0, "pocket", "w")
    return dataclasses.asdict(made) | values


def start(**values: Any) -> dict[str, Any]:
    return dataclasses.asdict(Start("take", "k", 0.5, 1, 7)) | values


def changed(**values: Any) -> str:
    data = json.loads(story().to_json())
    for name, value in values.items():
        target = data
        *path, last = name.split("__")
        for part in path:
            target = target[int(part) if part.isdigit() else part]
        if value is KeyError:
            del target[last]
        else:
            target[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(total="8"), "should be a number"),
        (changed(total=float("nan")), "ordinary number"),
        (changed(total=10**400), "ordinary number"),
        (changed(events__0__duration=-6.0), "duration"),
        (changed(events__0__duration=True), "duration"),
        (changed(events__0__start=float("inf")), "ordinary number"),
        (changed(events__0__caption="rain " * 2_000_000), "too large|shorten"),
        (changed(events__0__caption="r" * 5_000), "shorten"),
        (changed(events__0__caption="  "), "empty"),
        (changed(instruction="\ud83c"), "broken character"),
        (changed(events__1__id="e1"), "share one id"),
        (changed(events__1__duration=KeyError), "lacks the field"),
        (changed(events__1__colour="red"), "unknown field"),
        (changed(events__1__start=5.0), "meet"),
        (changed(events__2__duration=9.0), "ends after the story"),
        (changed(events__1__chosen="gone"), "chosen take"),
        (changed(events=[]), "1 to 500 events"),
        (changed(events={"0": {}}), "should be a list"),
        (changed(version=4), "unknown version"),
        (changed(version="1"), "unknown version"),
        (changed(version=[1]), "unknown version"),
        (changed(version=True), "unknown version"),
        (changed(version=-1), "unknown version"),
        (changed(version=1e400), "unknown version"),
        (changed(events__1__takes=[take(duration=-2.0)]), "take's duration"),
        (changed(events__1__takes=[take(tail=float("nan"))]), "ordinary number"),
        (changed(events__1__takes=[take(start={"of": "take"})]), "lacks the field"),
        (changed(events__1__takes=[take(start=start(strength=2.0))]), "strength"),
        (changed(events__1__takes=[take(start=start(source="../x"))]), "unusable source"),
        (changed(events__1__takes=[take(start=start(span=[3.0, 1.0]))]), "span"),
        (changed(events__1__takes=[take(start=start(of="web"))]), "one of"),
        ("[1, 2]", "table of named values"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("", "not valid JSON"),
    ],
)
def test_a_malformed_story_is_refused_with_one_sentence(text: str, message: str) -> None:
    with pytest.raises(StoryError, match=message) as refusal:
        Story.from_json(text)
    sentence = str(refusal.value)
    assert len(sentence) < 250
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_file_that_is_no_story_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "story.json"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoryError, match="not text"):
        Story.load(binary)
    with pytest.raises(StoryError, match="cannot be read"):
        Story.load(tmp_path / "absent.json")


def test_replacing_an_event_keeps_the_others() -> None:
    louder = dataclasses.replace(story().event("bed"), gain_db=0.0)
    assert story().replace_event(louder).events[:2] == story().events[:2]
    with pytest.raises(StoryError, match="no longer"):
        story().event("gone")


@given(
    st.lists(st.one_of(st.just(0.0), st.floats(0.01, 500.0)), min_size=1, max_size=24),
    st.integers(30, 1500).map(lambda tenths: tenths / 10),
)
def test_fitted_durations_sum_to_the_total(durations: list[float], total: float) -> None:
    fitted = fit_durations(durations, total)
    assert sum(fitted) == pytest.approx(total, abs=1e-6)
    assert min(fitted) >= 0.1 - 1e-6


@given(st.lists(st.floats(0.5, 20.0), min_size=2, max_size=8), st.data())
def test_fixed_durations_stay_while_the_others_fit(durations: list[float], data: Any) -> None:
    fixed = data.draw(
        st.lists(st.booleans(), min_size=len(durations), max_size=len(durations)).filter(
            lambda flags: not all(flags)
        )
    )
    total = round(sum(d for d, keep in zip(durations, fixed, strict=True) if keep) + 10.0, 1)
    fitted = fit_durations(durations, total, fixed)
    assert sum(fitted) == pytest.approx(total, abs=1e-6)
    for before, after, keep in zip(durations, fitted, fixed, strict=True):
        assert not keep or before == after


def test_durations_that_are_right_are_left_alone() -> None:
    assert fit_durations([4.0, 2.5, 13.5], 20.0) == [4.0, 2.5, 13.5]


def test_fixed_durations_without_room_are_an_error() -> None:
    with pytest.raises(StoryError, match="no room"):
        fit_durations([10.0, 5.0], 10.0, [True, False])

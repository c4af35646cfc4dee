"""What another director answers: its final list of events, read as data."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from core.director.answer import SYSTEM, find_plan, without_thinking
from core.director.external import read_answer
from core.errors import PlanError

EVENTS: list[dict[str, Any]] = [
    {"caption": "a kettle boiling", "seconds": 5, "mood": "calm"},
    {"caption": "a phone ringing", "seconds": 4, "mood": "tense"},
]
PLAN = json.dumps({"events": EVENTS})
DRAFT = json.dumps({"events": [{"caption": "a dog", "seconds": 9, "mood": "odd"}]})
EXAMPLE = SYSTEM[SYSTEM.index('{"events"') :].removesuffix(".")
CUE = {"caption": "a kettle boiling", "seconds": 5, "mood": "calm"}


def captions(text: str) -> list[str]:
    return [item.phrase for item in read_answer(text, "It").items]


@pytest.mark.parametrize(
    "text",
    [
        PLAN,
        json.dumps({"events": EVENTS}, indent=4),
        f"Sure!\n```json\n{PLAN}\n```\nTell me if [anything] is to change, like {{this}}.",
        f"<think>It says to answer like {EXAMPLE} but I split.</think>\n{PLAN}",
        f"<think>\nA list: {DRAFT}\n</think>\n\n{PLAN}",
        f'<think>In order: ["kettle", "phone", "silence?"].</think>```json\n{PLAN}\n```',
        f"The template has opened it: {DRAFT}</think>{PLAN}",
        f"<think>a <think> within, {DRAFT}</think>{PLAN}",
        f"<think>one</think>{PLAN}<think>Was {DRAFT} better? No.</think>",
        f"{PLAN}\n<think>Now on to {DRAFT}",
        f"<thinking>{DRAFT}</thinking>{PLAN}",
        f"<THOUGHT>{DRAFT}</THOUGHT>{PLAN}",
        f"[THINK]{DRAFT}[/THINK]{PLAN}",
        f"◁think▷{DRAFT}◁/think▷{PLAN}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>"
        f"{PLAN}<|return|>",
        f"Reasoning: the example is {EXAMPLE}. A draft: {DRAFT}. The answer: {PLAN}",
        f"{PLAN} It follows the form {EXAMPLE}.",
        f'{PLAN}\nIn short: ["kettle", "phone"]. See [1] and {{"a": [2]}}.',
        f'Words: ["kettle", "phone"]. {json.dumps(EVENTS)}',
        f"Draft: {DRAFT}\nFinal: {json.dumps(EVENTS)}",
        f"Draft: {json.dumps([DRAFT])}\nFinal: {PLAN}",
        json.dumps({"plan": {"events": EVENTS}}),
        json.dumps({"answer": {"soundscape": EVENTS}}),
        json.dumps(EVENTS),
        "\n".join(json.dumps(event) for event in EVENTS),
        "```jsonl\n" + ",\n".join(json.dumps(event) for event in EVENTS) + "\n```",
        PLAN.replace("kettle boiling", "kettle\n boiling"),
        "[" * 700 + "hm" + "]" * 700 + PLAN,
        "x" * 300_000 + PLAN,
    ],
)
def test_the_final_answer_is_taken(text: str) -> None:
    assert captions(text) == ["a kettle boiling", "a phone ringing"]


def test_the_example_of_the_request_is_an_answer_where_there_is_no_other() -> None:
    example = ["rain falling on a roof", "a fist knocking on a door"]
    assert captions(EXAMPLE) == example
    assert captions(f'{EXAMPLE} In short: ["rain", "roof"]') == example


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "without a list of events;"),
        ("I cannot do that.", "without a list of events;"),
        ('{"events": []}', "without a list of events;"),
        ('{"events": [1, {}, {"caption": "…"}]}', "without a list of events;"),
        ("[" * 100_000, "without a list of events;"),
        (PLAN[:70], "without a list of events that is whole;"),
        (PLAN[:-2], "without a list of events that is whole;"),
        (f"Draft: {DRAFT}. Final: {PLAN[:70]}", "without a list of events that is whole;"),
        (f"<think>It could be {PLAN}", "thought without coming to an answer;"),
        (f"<think>It could be {PLAN}</think>\n", "thought without coming to an answer;"),
    ],
)
def test_what_is_no_answer_is_a_sentence(text: str, why: str) -> None:
    with pytest.raises(PlanError, match=f"^It .*{why} draft again or choose another.$"):
        read_answer(text, "It")


@pytest.mark.parametrize("text", ['{"a":' * 40_000, '["' * 600 + "a" * 200_000, "<think>" * 30_000])
def test_nonsense_does_not_keep_the_studio_busy(text: str) -> None:
    begun = time.process_time()
    assert find_plan(text) is None
    assert time.process_time() - begun < 2.0


def test_a_plan_is_the_last_of_an_answer_or_words_follow() -> None:
    for text, last in [(PLAN, True), (f"```\n{PLAN}\n```\n  ", True), (f"{PLAN} Now", False)]:
        found = find_plan(text)
        assert found is not None
        assert found.last is last


def test_text_without_marks_is_all_answer() -> None:
    assert without_thinking("a <b> thinks </b>") == "a <b> thinks </b>"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (5, 5.0),
        (2.26, 2.3),
        ("5", 5.0),
        ("5 s", 5.0),
        ("5s", 5.0),
        ("5.5 sec.", 5.5),
        ("2,5 seconds", 2.5),
        ("about 5 seconds", 5.0),
        ("~5 s", 5.0),
        ("five seconds", 5.0),
        ("about twenty-five seconds", 25.0),
        ("5 seconds long", 5.0),
        ("0:05", 5.0),
        ("1:30", 90.0),
        ("00:00:07", 7.0),
        ("0:05 - 0:12", 7.0),
        ("500 ms", 0.5),
        ("1m30s", 90.0),
        ("1 min 30 s", 90.0),
        ("1½ min", 90.0),
        ("half a minute", 30.0),
        ("4-6 s", 5.0),
        ("4 to 6 seconds", 5.0),
        ("5 s, or 8 s", 5.0),
        ("a while", 0.0),
        ("", 0.0),
        ("-5", 5.0),
        (-5, 0.0),
        (0, 0.0),
        (4000, 0.0),
        ("9" * 400, 0.0),
        (True, 0.0),
        (None, 0.0),
        ([5], 0.0),
        (float("inf"), 0.0),
        (float("nan"), 0.0),
        (10**500, 0.0),
    ],
)
def test_lengths_are_read_as_models_write_them(given: object, seconds: float) -> None:
    (item,) = read_answer(json.dumps([{"caption": "rain", "seconds": given}]), "It").items
    assert item.seconds == seconds


def test_captions_of_strangers_are_data() -> None:
    rows = [{"caption": "<|gen|> rain (loud)\n", "mood": "<b>", "duration": "3 s"}, 7, "wind"]
    items = read_answer(json.dumps({"events": rows}), "It").items
    assert [(i.phrase, i.seconds, i.mood) for i in items] == [
        ("rain loud", 3.0, "b"),
        ("wind", 0.0, ""),
    ]

"""The director on a real (tiny, random) language model: whatever it writes becomes a story."""

from __future__ import annotations

import random
import threading

import pytest
import torch

from core import grammar
from core.audiostory import AudioStory
from core.director import compose_story, plan, write_stream
from core.errors import Cancelled, PlanError
from core.grammar import Plan, PlannedEvent

WORDS = [
    "rain",
    "thunder",
    "Knocks!",
    "<|gen|>",
    "12.5",
    "—",
    "naïve",
    "雨",
    "🌧",
    "then",
    "\n\t",
    "door",
    ";",
    "creaks",
    "<t5>",
    "a",
    "0",
    "%s",
    "\\",
]


def last_story(model: AudioStory, instruction: str, total: float):  # type: ignore[no-untyped-def]
    return list(plan(model, instruction, total, seed=3))[-1].story


@pytest.mark.parametrize("seed", range(12))
def test_any_instruction_becomes_a_story_that_sums(tiny: AudioStory, seed: int) -> None:
    rng = random.Random(seed)
    instruction = "rain " + " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 30)))
    total = rng.choice([3.0, 7.3, 20.0, 149.9])
    story = last_story(tiny, instruction, total)
    assert story.total == total
    assert sum(event.duration for event in story.events) == pytest.approx(total, abs=1e-3)
    assert 1 <= len(story.events) <= tiny.profile.director.max_events
    assert story.seed == 3


def test_the_reasoning_streams_and_the_plan_repeats(tiny: AudioStory) -> None:
    parts = list(plan(tiny, "a storm", 10.0, seed=1))
    lengths = [len(part.reasoning) for part in parts]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 5
    again = list(plan(tiny, "a storm", 10.0, seed=1))
    assert again[-1].story == parts[-1].story


def test_another_seed_keeps_the_plan(tiny: AudioStory) -> None:
    one, two = (list(plan(tiny, "a storm", 10.0, seed=s))[-1].story for s in (1, 2))
    assert one is not None
    assert two is not None
    assert one.events == two.events
    assert one.seed != two.seed


@pytest.mark.parametrize(
    ("instruction", "total", "message"),
    [
        ("", 10.0, "empty"),
        (" <|gen|> \n", 10.0, "empty"),
        ("rain", 2.0, "lasts"),
        ("rain", 151.0, "lasts"),
        ("rain", float("nan"), "lasts"),
        ("rain " * 1000, 10.0, "too long"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    tiny: AudioStory, instruction: str, total: float, message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        last_story(tiny, instruction, total)


def test_drafting_can_be_stopped_between_tokens(tiny: AudioStory) -> None:
    cancel = threading.Event()
    drafting = plan(tiny, "a storm", 10.0, 1, cancel)
    next(drafting)
    cancel.set()
    with pytest.raises(Cancelled):
        list(drafting)


def test_cached_decoding_writes_what_uncached_decoding_would(tiny: AudioStory) -> None:
    """Forced blocks and the cache change nothing: each choice is the best under a full pass."""
    prompt = tiny.encode(grammar.prompt_text("a storm over the sea", 10.0))
    written: list[int] = []
    for tokens in write_stream(tiny, prompt, 10.0):
        if len(tokens) == 1 and tokens[0] in tiny.ids.word:
            with torch.inference_mode():
                states = tiny.backbone(input_ids=torch.tensor([prompt + written]))
                logits = tiny.head(states.last_hidden_state[0, -1])
            assert logits[tokens[0]] >= logits[sorted(tiny.ids.word)].max() - 1e-4
        written += tokens
    assert written[-1] == tiny.ids.turn_end


def test_what_is_corrected_is_recorded() -> None:
    parsed = Plan("", (PlannedEvent("rain", 8.0), PlannedEvent("wind", 0.0)))
    story = compose_story("tiny", "rain, wind", 12.0, 0, parsed)
    assert [event.duration for event in story.events] == [6.0, 6.0]
    assert "scaled" in story.corrections[0]
    exact = Plan("", (PlannedEvent("rain", 8.0), PlannedEvent("wind", 4.0)))
    assert compose_story("tiny", "rain, wind", 12.0, 0, exact).corrections == ()

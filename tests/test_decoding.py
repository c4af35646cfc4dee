"""What the decoder chooses: the likeliest token that the grammar allows, or a draw among them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

import pytest
import torch

from core.audiostory import AudioStory
from core.errors import Cancelled
from core.language.decoding import TEMPERATURE, UNLIKELY, Decoder


class Choices:
    """A grammar of so many free choices among a few tokens, then a forced end."""

    forced_end = (7, 8)

    def __init__(self, allowed: Sequence[int], count: int):
        self.allowed = frozenset(allowed)
        self.chosen: list[int] = []
        self._left = count
        self.finished = False

    @property
    def forced(self) -> tuple[int, ...]:
        return () if self._left else self.forced_end

    def advance(self, tokens: Sequence[int]) -> int:
        if self._left:
            self.chosen += tokens
            self._left -= 1
        else:
            self.finished = True
        return 0

    def likely(self, written: Sequence[int]) -> Sequence[int]:
        return ()


PROMPT = (5, 6, 9, 5, 6)


def written(model: AudioStory, grammar: Choices, variation: int = 0) -> list[int]:
    tokens: list[int] = []
    for tokens in Decoder(model).write(PROMPT, grammar, variation=variation):  # noqa: B007
        pass
    return list(tokens)


def likeliest(model: AudioStory, allowed: Sequence[int], count: int) -> list[int]:
    """By whole passes, one a token."""
    text = list(PROMPT)
    for _ in range(count):
        with torch.inference_mode():
            states = model.backbone(input_ids=torch.tensor([text])).last_hidden_state[0, -1]
            scores = model.head(states)
        text.append(max(allowed, key=lambda token: float(scores[token])))
    return text[len(PROMPT) :]


@pytest.mark.parametrize("allowed", [(11, 400, 93), (12, 13), tuple(range(50, 900, 7))])
def test_the_likeliest_allowed_token_is_chosen(tiny: AudioStory, allowed: tuple[int, ...]) -> None:
    grammar = Choices(allowed, 8)
    tokens = written(tiny, grammar)
    assert grammar.chosen == likeliest(tiny, allowed, 8)
    assert tokens == [*grammar.chosen, *Choices.forced_end]


def test_a_variation_draws_by_chance_and_never_what_is_unlikely(tiny: AudioStory) -> None:
    scores = torch.full((1000,), 9.0)
    scores[torch.tensor([20, 30, 40])] = torch.tensor([2.0, 1.0, 2.0 + TEMPERATURE * -2.4])
    decoder, drawn = Decoder(tiny), Counter[int]()
    decoder._draw = torch.Generator().manual_seed(1)
    grammar = Choices((20, 30, 40), 1)
    for _ in range(2000):
        drawn[decoder.best(scores, grammar)] += 1
    odds = float(torch.tensor(1.0 / TEMPERATURE).exp())
    assert drawn[20] / drawn[30] == pytest.approx(odds, rel=0.15)
    assert drawn[40] == 0  # e^-2.4 of the best one's share, which is less than UNLIKELY
    assert pytest.approx(0.1, abs=0.009) == UNLIKELY
    assert set(drawn) == {20, 30}


def test_a_variation_can_be_drawn_again_and_another_differs(tiny: AudioStory) -> None:
    allowed = tuple(range(50, 900, 7))
    first, again, other = (written(tiny, Choices(allowed, 12), seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert first != written(tiny, Choices(allowed, 12))


def test_decoding_stops_before_the_next_pass(tiny: AudioStory) -> None:
    cancel = threading.Event()
    grammar = Choices((11, 400, 93), 8)
    writing = Decoder(tiny).write(PROMPT, grammar, cancel)
    next(writing)
    cancel.set()
    with pytest.raises(Cancelled):
        next(writing)
    assert len(grammar.chosen) == 1

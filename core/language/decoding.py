"""Greedy decoding under the grammar: the same tokens as one at a time, in far fewer passes.

Three things save passes. What the grammar forces goes through in one block. What is likely to
follow is guessed from the text so far (a director copies its instruction into its list, and its
list into its captions) and checked in the same pass: a guess is kept only where it is the choice
(speculative decoding, Leviathan et al. 2023, by prompt lookup, Saxena 2023). And the keys and
values of the last request stay, as far as the next one begins alike.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import Cancelled
from core.language.architectures import DynamicCache

GUESSED = 6
"""Tokens guessed ahead: more cost as much as they save on a CPU."""
LOOKED_UP = 3
TEMPERATURE = 0.8
UNLIKELY = 0.1
"""Of the best candidate's share: what is less likely is never drawn (min-p, Nguyen et al. 2024)."""


class LanguageModel(Protocol):
    """What the decoder needs of a model.

    Attributes:
        backbone: token ids (1, L) to last hidden states (1, L, hidden), after the final norm.
        head: hidden states (..., hidden) to scores (..., vocabulary).
        device: where the next pass computes.
    """

    @property
    def backbone(self) -> nn.Module: ...
    @property
    def head(self) -> nn.Module: ...
    @property
    def device(self) -> torch.device: ...


class Grammar(Protocol):
    """Which tokens may come next.

    Attributes:
        finished: nothing more may come.
        forced: tokens that must come next, as one block; empty where there is a choice.
        allowed: candidates where there is a choice; the same object whenever they are the same.
    """

    @property
    def finished(self) -> bool: ...
    @property
    def forced(self) -> tuple[int, ...]: ...
    @property
    def allowed(self) -> frozenset[int]: ...
    def advance(self, tokens: Sequence[int]) -> int:
        """Take note of tokens chosen or forced; returns how many of the last are taken back."""

    def likely(self, written: Sequence[int]) -> Sequence[int]:
        """A guess at what follows; empty where there is none."""


class Decoder:
    """The language model with its cache; one request at a time.

    Attributes:
        known: tokens whose keys and values the cache holds.
        states: last hidden states of `known`, (len(known), hidden).
        passes: passes through the model since it was made.
        least: probability, among what was allowed, of the least sure choice of the last request.
    """

    def __init__(self, model: LanguageModel):
        self._model = model
        self._cache = DynamicCache()
        self._masks: dict[int, tuple[frozenset[int], Tensor]] = {}
        self.known: list[int] = []
        self.passes = 0
        self.least = 1.0
        self._states: list[Tensor] = []
        self._draw: torch.Generator | None = None

    @property
    def states(self) -> Tensor:
        return torch.cat(self._states)[: len(self.known)]

    def begin(self, prompt: Sequence[int]) -> list[int]:
        """Keep what the cache has of this prompt; returns the tokens that are still to be fed."""
        same = 0
        for old, new in zip(self.known, prompt[:-1], strict=False):
            if old != new:
                break
            same += 1
        self._keep(same)
        return list(prompt[same:])

    def feed(self, tokens: Sequence[int]) -> Tensor:
        """Last hidden states of the tokens, (len(tokens), hidden)."""
        output = self._model.backbone(
            input_ids=torch.tensor([list(tokens)], device=self._model.device),
            cache=self._cache,
            use_cache=True,
        )
        self.passes += 1
        self.known += tokens
        states = torch.as_tensor(output.last_hidden_state[0])
        self._states.append(states)
        return states

    def _keep(self, count: int) -> None:
        if count < len(self.known):
            self._cache.crop(count - len(self.known))
            self._states = [torch.cat(self._states)[:count]]
            del self.known[count:]

    @torch.inference_mode()
    def write(
        self,
        prompt: Sequence[int],
        grammar: Grammar,
        cancel: threading.Event | None = None,
        variation: int = 0,
    ) -> Iterator[list[int]]:
        """All that is written after the prompt, as it grows; now and then it shrinks again.

        Args:
            variation: 0 is greedy; any other number seeds a draw among the better candidates.

        Raises:
            Cancelled: `cancel` was set; checked before every pass.
        """
        self._draw = torch.Generator().manual_seed(variation) if variation else None
        self._masks.clear()
        self.least = 1.0
        pending = self.begin(prompt)
        written: list[int] = []
        while not grammar.finished:
            if cancel is not None and cancel.is_set():
                raise Cancelled("Drafting was stopped.")
            forced = list(grammar.forced)
            if forced:
                back = grammar.advance(forced)
                written += forced
                pending += forced
            else:
                pending, back = self._choose(prompt, written, pending, grammar)
            if back:
                del written[len(written) - back :]
                whole = [*prompt, *written]
                self._keep(min(len(self.known), len(whole) - 1))
                pending = whole[len(self.known) :]
            yield written
        if pending:
            self.feed(pending)

    def _choose(
        self, prompt: Sequence[int], written: list[int], pending: list[int], grammar: Grammar
    ) -> tuple[list[int], int]:
        """One pass: the next choice, and those after it that were guessed right.

        Returns the tokens that the cache still lacks, and how many of `written` are taken back.
        """
        guess = list(grammar.likely(written)) or _lookup([*prompt, *written])
        before = len(self.known) + len(pending)
        logits = self._model.head(self.feed([*pending, *guess])[len(pending) - 1 :])
        right = 0
        back = 0
        while not grammar.finished:
            forced = grammar.forced
            if forced:
                if tuple(guess[right : right + len(forced)]) != forced:
                    break
                back = grammar.advance(forced)
                written += forced
                right += len(forced)
                if back:
                    break
                continue
            token = self.best(logits[right], grammar)
            back = grammar.advance([token])
            written.append(token)
            if back or right == len(guess) or guess[right] != token:
                self._keep(before + right)
                return [token], back
            right += 1
        self._keep(before + right)
        return [], back

    def best(self, logits: Tensor, grammar: Grammar) -> int:
        """The choice among the allowed tokens by the scores (vocabulary,) of the next one."""
        allowed = grammar.allowed
        known = self._masks.get(id(allowed))
        if known is None or known[0] is not allowed:
            # By numpy: of most of the vocabulary PyTorch alone takes 4 ms, some five times a draft.
            ids = np.sort(np.fromiter(allowed, np.int64, len(allowed)))
            known = (allowed, torch.from_numpy(ids).to(logits.device))
            self._masks[id(allowed)] = known
        scores = logits[known[1]]
        if self._draw is None:
            self.least = min(self.least, float(torch.softmax(scores.float(), 0).max()))
            return int(known[1][scores.argmax()])
        shares = torch.softmax(scores / TEMPERATURE, 0)
        likely = (shares >= UNLIKELY * shares.max()).nonzero()[:, 0]
        drawn = torch.multinomial(shares[likely].float().cpu(), 1, generator=self._draw)
        return int(known[1][likely[drawn]])


def _lookup(text: Sequence[int]) -> list[int]:
    """What followed the last few tokens where they stood before, the longest match first."""
    for length in range(LOOKED_UP, 0, -1):
        tail = list(text[-length:])
        for start in range(len(text) - length - 1, -1, -1):
            if text[start : start + length] == tail:
                return list(text[start + length : start + length + GUESSED])
    return []

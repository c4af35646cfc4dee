"""A grammar of slots: each is filled with one of a finite set of texts.

Where only pointers have to be written (which event, which words of the request, which number) the
choices can be listed, and nothing else can be written.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

Slots = Callable[[Sequence[str]], Sequence[str]]
"""The texts filled in so far to those that the next slot offers; none: all is written."""


class ChoiceGrammar:
    """Holds what is written to the choices of one slot after the other (`decoding.Grammar`).

    Attributes:
        written: the texts filled in so far.
    """

    def __init__(self, slots: Slots, encode: Callable[[str], Sequence[int]]):
        self._slots = slots
        self._encode = encode
        self.written: list[str] = []
        self._open()

    def _open(self) -> None:
        """Begin the next slot."""
        choices = {tuple(self._encode(text)): text for text in self._slots(self.written)}
        for short, long in itertools.pairwise(sorted(choices)):
            if long[: len(short)] == short:
                raise ValueError(f"{choices[short]!r} begins another choice, {choices[long]!r}.")
        self._choices = choices
        self._done = 0
        self._narrowed()

    def _narrowed(self) -> None:
        """What may follow in the slot, once `_done` of its tokens are written."""
        options = list(self._choices)
        shortest = min(map(len, options), default=0)
        same = self._done
        while same < shortest and len({option[same] for option in options}) == 1:
            same += 1
        self.forced = options[0][self._done : same] if options else ()
        self.allowed = frozenset(option[self._done] for option in options if not self.forced)

    @property
    def finished(self) -> bool:
        return not self._choices

    def advance(self, tokens: Sequence[int]) -> int:
        """Take note of tokens chosen or forced; none is ever taken back."""
        for token in tokens:
            kept = {o: t for o, t in self._choices.items() if o[self._done] == token}
            self._choices = kept
            self._done += 1
            if len(kept) == 1 and len(next(iter(kept))) == self._done:
                self.written.append(next(iter(kept.values())))
                self._open()
        if self._choices:
            self._narrowed()
        return 0

    def likely(self, written: Sequence[int]) -> Sequence[int]:
        """No guess: what is forced is most of it."""
        return ()

"""What the director had read when a take was made, kept once for all takes of a story.

A take's context is the director's text up to and including its event. Contexts of one story begin
alike and fork where the story was edited between two takes, so each is a piece of text that follows
another context, named by a hash of both. A file keeps the pieces once and the chains as numbers:

    {"texts": ["<|im_start|>system…", "<|think|>…", "<|gen|>rain…"], "chains": [[-1, 0], [0, 1], …]}

A chain is [the chain that it follows or -1, its piece]. Hashes are not written: they follow from
the texts, and a take whose context's hash is not among them is damaged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import StoryError
from core.language.stream import stream_pieces

_DAMAGED = "The texts that the story's takes were made with are damaged; open a copy of the story."


@dataclass(frozen=True, eq=False, slots=True)
class Context:
    """A piece of the director's text after what came before it; equal digests mean equal text."""

    piece: str
    previous: Context | None = field(default=None, repr=False)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        before = self.previous.digest if self.previous else ""
        digest = hashlib.sha256(f"{before}\n{self.piece}".encode()).hexdigest()[:24]
        object.__setattr__(self, "digest", digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def text(self) -> str:
        """The whole text, from the prompt on."""
        pieces = []
        context: Context | None = self
        while context is not None:
            pieces.append(context.piece)
            context = context.previous
        return "".join(reversed(pieces))


def extended(context: Context | None, text: str) -> Context:
    """The context with more of the director's text after it; `text` is not empty."""
    for piece in stream_pieces(text):
        context = Context(piece, context)
    assert context is not None
    return context


class ContextTable:
    """Collects contexts for a file, each piece of text and each chain once, in order of need.

    Attributes:
        place: how many texts and chains are in the file.
    """

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._chains: dict[str, int] = {}
        self._rows: list[tuple[int, int]] = []
        self.place = (0, 0)

    def add(self, contexts: Iterable[Context | None]) -> None:
        """Take these contexts, and all that they follow, into the table."""
        for context in contexts:
            missing = []
            while context is not None and context.digest not in self._chains:
                missing.append(context)
                context = context.previous
            for part in reversed(missing):
                text = self._texts.setdefault(part.piece, len(self._texts))
                before = self._chains[part.previous.digest] if part.previous else -1
                self._chains[part.digest] = len(self._rows)
                self._rows.append((before, text))

    def news(self) -> dict[str, list[Any]]:
        """What was added since the last `written`, in the form of the file."""
        texts, chains = self.place
        return {"texts": list(self._texts)[texts:], "chains": self._rows[chains:]}

    def written(self) -> None:
        """Remember that all news are in the file."""
        self.place = len(self._texts), len(self._rows)


class ContextReader:
    """Finds the contexts of a table by their digests."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._chains: list[Context] = []
        self._found: dict[str, Context] = {}
        self._places: dict[str, int] = {}
        self._text_places: dict[str, int] = {}

    def read(self, data: Any) -> None:
        """Take up a table, or the next part of one.

        Raises:
            StoryError: it is not a table.
        """
        try:
            texts, chains = data["texts"], data["chains"]
            if len(data) != 2 or not all(isinstance(text, str) for text in texts):
                raise StoryError(_DAMAGED)
            for piece in texts:
                self._text_places.setdefault(piece, len(self._texts))
                self._texts.append(piece)
            for before, text in chains:
                self._add(before, text)
        except (TypeError, ValueError, KeyError, IndexError):
            raise StoryError(_DAMAGED) from None

    def news(self, contexts: Iterable[Context | None]) -> dict[str, list[Any]]:
        """The next part of the table, to be read next: these contexts as far as they are not
        there."""
        texts: dict[str, int] = {}
        chains: dict[str, int] = {}
        rows: list[list[int]] = []
        for context in contexts:
            missing = []
            while context and context.digest not in self._places and context.digest not in chains:
                missing.append(context)
                context = context.previous
            for part in reversed(missing):
                text = self._text_places.get(part.piece)
                if text is None:
                    text = texts.setdefault(part.piece, len(self._texts) + len(texts))
                before = -1
                if part.previous is not None:
                    digest = part.previous.digest
                    before = chains[digest] if digest in chains else self._places[digest]
                chains[part.digest] = len(self._chains) + len(rows)
                rows.append([before, text])
        return {"texts": list(texts), "chains": rows}

    def _add(self, before: Any, text: Any) -> None:
        if type(before) is not int or type(text) is not int or before < -1 or text < 0:
            raise StoryError(_DAMAGED)
        context = Context(self._texts[text], self._chains[before] if before >= 0 else None)
        self._places.setdefault(context.digest, len(self._chains))
        self._chains.append(context)
        self._found[context.digest] = context

    def find(self, digest: object) -> Context | None:
        """The context of this digest; None for None, which a take of unknown context has.

        Raises:
            StoryError: there is none.
        """
        if digest is None:
            return None
        if not isinstance(digest, str) or digest not in self._found:
            raise StoryError(_DAMAGED)
        return self._found[digest]


def shared(texts: Sequence[str]) -> list[Context | None]:
    """Contexts of whole texts, with what they have in common shared; None for an empty one."""
    known: dict[tuple[str, str], Context] = {}
    contexts: list[Context | None] = []
    for text in texts:
        context: Context | None = None
        for piece in stream_pieces(text):
            place = (context.digest if context else "", piece)
            context = known.get(place) or known.setdefault(place, Context(piece, context))
        contexts.append(context)
    return contexts

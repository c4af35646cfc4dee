"""Searching the library: by words, by what recordings sound like, and by likeness to one of them.

A recording is scored by what is said of it and by what is heard in it, as a linear map puts it into
words (core/library/sound_words.py). Where nothing is said, what is heard counts twice. All vectors
are held in memory and compared one by one: 200 000 recordings take 360 MB, and nothing is missed,
as it would be by an approximate index.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.errors import FileError
from core.library.catalogue import Catalogue, LibraryRecording
from core.library.sound_words import SoundWords, load_sound_words

MOST_HITS = 100
LONGEST_QUERY = 400
_ROWS = 8192
"""Sounds whose length in words is computed at once."""


@dataclass(frozen=True)
class LibraryHit:
    """A recording that was found.

    Attributes:
        score: by which hits are ordered; for `like` the cosine of the two sounds.
        said, heard: how near its words and its sound are to the query, as cosines.
    """

    recording: LibraryRecording
    score: float
    said: float
    heard: float


@dataclass(frozen=True, eq=False)
class _Held:
    """What is held in memory of the catalogue at a revision.

    Attributes:
        ids, folders: (N,); said: (N, 384); heard: (N, 512).
        silent: (N,), whether nothing is said of it.
        lengths: (N,), of the sounds in words.
    """

    revision: int
    ids: Tensor
    folders: Tensor
    said: Tensor
    heard: Tensor
    silent: Tensor
    lengths: Tensor


class LibrarySearch:
    """Searches a catalogue, which it reads again when it has changed; from any thread."""

    def __init__(
        self,
        catalogue: Catalogue,
        encoder: TextEncoder | None = None,
        sound_words: SoundWords | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._encoder, self._sound_words = encoder, sound_words
        self._guard = threading.Lock()
        self._held: _Held | None = None

    def search(self, words: str, most: int = 10, within: Path | None = None) -> list[LibraryHit]:
        """The recordings that are nearest to what words say, the nearest first.

        Args:
            within: an indexed folder; None: all.

        Raises:
            FileError: the catalogue cannot be read, or there are no words, or too many.
        """
        words = " ".join(words.split())
        if not words:
            raise FileError("Nothing is searched for; say in words what should be heard.")
        if len(words) > LONGEST_QUERY:
            raise FileError(f"The query has more than {LONGEST_QUERY} characters; shorten it.")
        held = self._current()
        query = (self._encoder or sentence_encoder()).sentences([words])[0]
        sound_words = self._words_of_sound()
        toward = query.numpy() @ sound_words.weight
        said = _products(held.said, query)
        heard = _products(held.heard, torch.from_numpy(toward))
        heard = (heard + float(query.numpy() @ sound_words.bias)) / held.lengths
        score = heard + torch.where(held.silent, heard, said)
        if within is not None:
            of = self.catalogue.folder(within).id
            score = score.masked_fill(held.folders != of, -torch.inf)
        return self._hits(held, score, said, heard, most)

    def like(self, row: int, most: int = 10) -> list[LibraryHit]:
        """The recordings that sound most like one of them, itself left out.

        Raises:
            FileError: it is in the library no more.
        """
        held, own = self._current(), self.catalogue.recording(row)
        vector = torch.from_numpy(self.catalogue.sound_of(row).astype(np.float32))
        heard = _products(held.heard, vector)
        hits = self._hits(held, heard, torch.zeros_like(heard), heard, most + 1)
        return [hit for hit in hits if hit.recording.digest != own.digest][:most]

    def _hits(
        self, held: _Held, score: Tensor, said: Tensor, heard: Tensor, most: int
    ) -> list[LibraryHit]:
        """The best, each content once; recordings that went meanwhile are left out."""
        most = max(1, min(most, MOST_HITS))
        found: dict[str, LibraryHit] = {}
        for place in score.topk(min(len(score), 2 * most)).indices.tolist() if len(score) else ():
            try:
                recording = self.catalogue.recording(int(held.ids[place]))
            except FileError:
                continue
            if score[place] == -torch.inf:
                break
            hit = LibraryHit(
                recording, float(score[place]), float(said[place]), float(heard[place])
            )
            found.setdefault(recording.digest, hit)
            if len(found) == most:
                break
        return list(found.values())

    def _words_of_sound(self) -> SoundWords:
        if self._sound_words is None:
            self._sound_words = load_sound_words()
        return self._sound_words

    def _current(self) -> _Held:
        """The vectors, read again where the catalogue has changed."""
        with self._guard:
            revision = self.catalogue.revision
            if self._held is None or self._held.revision != revision:
                self._held = self._read(revision)
            return self._held

    def _read(self, revision: int) -> _Held:
        vectors = self.catalogue.vectors()
        sound_words = self._words_of_sound()
        lengths = [
            np.linalg.norm(
                vectors.sound[first : first + _ROWS].astype(np.float32) @ sound_words.weight.T
                + sound_words.bias,
                axis=1,
            )
            for first in range(0, len(vectors.ids), _ROWS)
        ]
        length = np.concatenate(lengths) if lengths else np.zeros(0, np.float32)
        return _Held(
            revision,
            torch.from_numpy(vectors.ids),
            torch.from_numpy(vectors.folders),
            torch.from_numpy(vectors.text),
            torch.from_numpy(vectors.sound),
            torch.from_numpy(~vectors.text.any(axis=1)),
            torch.from_numpy(length.clip(1e-6)),
        )


def _products(rows: Tensor, vector: Tensor) -> Tensor:
    """Products (N,) in fp32 of rows (N, D) in half precision and a vector (D,)."""
    with torch.inference_mode():
        return (rows @ vector.to(rows.dtype)).float()

"""Indexing: from files to rows of the catalogue, batch by batch.

What was indexed is told by size and time, then by content: a file that was renamed, moved or copied
is never listened to twice. Every batch is one transaction; who is killed goes on after the last
one. No file is changed, and none is copied.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from core.errors import AudioFileError, raise_if_cancelled
from core.library.catalogue import (
    WORDS_WIDTH,
    Catalogue,
    IndexedFolder,
    LibraryRecording,
    NewRow,
    Vector,
)
from core.library.embedded_text import EmbeddedText, read_embedded_text
from core.library.names import path_words, words_in
from core.library.scan import FoundFile, content_digest, folder_changes

if TYPE_CHECKING:
    from core.bridge.text_encoder import TextEncoder
    from core.library.listening import HeardRecording, LibraryListener

FILES_AT_ONCE = 64
"""Files of a transaction, and of a batch of the networks."""
_READERS = 2
"""Files that are decoded at once, while the batch before is listened to."""
_WORK = "Indexing"


@dataclass(frozen=True)
class IndexProgress:
    """`done` of `files` new or changed files of a folder."""

    folder: Path
    done: int
    files: int


OnIndexed = Callable[[IndexProgress], object]


@dataclass
class IndexReport:
    """What became of a folder.

    Attributes:
        there: its drive is there; else nothing was looked at and nothing changed.
        added, moved, unchanged, gone: recordings.
        refused: path and reason of files that cannot be used.
        notices: in sentences, what could not be looked at.
        seconds: of processor time, for decoding and for all else.
    """

    folder: Path
    there: bool = True
    added: int = 0
    moved: int = 0
    unchanged: int = 0
    gone: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    decoding_seconds: float = 0.0
    seconds: float = 0.0

    def sentences(self) -> list[str]:
        """The report as a person reads it."""
        if not self.there:
            return [f"{self.folder} is not there; connect its drive and scan it again."]
        said = [
            f"{self.folder}: {self.added} recordings added, {self.moved} found again elsewhere, "
            f"{self.unchanged} as before, {self.gone} not there."
        ]
        said += [f"Left out: {path}. {reason}" for path, reason in self.refused]
        return said + self.notices


@dataclass(frozen=True, eq=False)
class _ReadFile:
    """A file that was read, or why it was not."""

    file: FoundFile
    digest: str = ""
    text: EmbeddedText = field(default_factory=EmbeddedText)
    heard: HeardRecording | None = None
    refused: str = ""


class Indexer:
    """Indexes folders into a catalogue; holds the networks that it needs."""

    def __init__(
        self,
        catalogue: Catalogue,
        listener: LibraryListener | None = None,
        encoder: TextEncoder | None = None,
        batch: int = FILES_AT_ONCE,
    ) -> None:
        self._catalogue, self._batch = catalogue, batch
        self._given_listener, self._given_encoder = listener, encoder
        self._loading = threading.Lock()

    @property
    def _listener(self) -> LibraryListener:
        """Loaded when it is first needed: a look that finds nothing new needs none."""
        with self._loading:
            if self._given_listener is None:
                from core.library.listening import LibraryListener

                self._given_listener = LibraryListener()
            return self._given_listener

    @property
    def _encoder(self) -> TextEncoder:
        if self._given_encoder is None:
            from core.bridge.text_encoder import sentence_encoder

            self._given_encoder = sentence_encoder()
        return self._given_encoder

    def scan(
        self,
        folder: IndexedFolder,
        on_progress: OnIndexed = lambda _: None,
        cancel: threading.Event | None = None,
    ) -> IndexReport:
        """Bring the catalogue to what is in a folder.

        Raises:
            Cancelled: `cancel` was set; what was indexed stays.
            FileError: the catalogue cannot be written.
        """
        report = IndexReport(folder.path)
        if not folder.there:
            report.there = False
            return report
        began = time.process_time()
        changes = folder_changes(folder.path, self._catalogue.states(folder))
        report.notices, report.unchanged = changes.notices, changes.unchanged
        gone = {state.id for state in changes.gone.values()}
        lost = [state.id for state in changes.gone.values() if not state.gone]
        forgotten = [(folder.id, path) for path in changes.forgotten]
        self._catalogue.set_gone(changes.back, lost, forgotten)
        report.unchanged += len(changes.back)
        size = self._batch
        batches = [changes.new[i : i + size] for i in range(0, len(changes.new), size)]
        with ThreadPoolExecutor(_READERS) as readers:

            def read(batch: Sequence[FoundFile]) -> list[_ReadFile]:
                return list(readers.map(lambda file: self._read(folder, file, cancel), batch))

            with ThreadPoolExecutor(1) as ahead:
                coming = ahead.submit(read, batches[0]) if batches else None
                for number in range(len(batches)):
                    assert coming is not None
                    done = coming.result()
                    raise_if_cancelled(cancel, _WORK)
                    following = number + 1 < len(batches)
                    coming = ahead.submit(read, batches[number + 1]) if following else None
                    self._write(folder, done, gone, report)
                    count = min(len(changes.new), (number + 1) * size)
                    on_progress(IndexProgress(folder.path, count, len(changes.new)))
        report.gone = len(gone)
        report.seconds = time.process_time() - began
        self._catalogue.set_scanned(folder, time.time())
        return report

    def _read(
        self, folder: IndexedFolder, file: FoundFile, cancel: threading.Event | None
    ) -> _ReadFile:
        """Read a file, and listen to it if its content is new."""
        raise_if_cancelled(cancel, _WORK)
        path = folder.path / file.path
        try:
            digest = content_digest(path)
            text = read_embedded_text(path)
            if self._catalogue.with_digest(digest):
                return _ReadFile(file, digest, text)
            heard = self._listener.hear(path, cancel)
        except AudioFileError as refused:
            return _ReadFile(file, refused=str(refused))
        except OSError as cause:
            return _ReadFile(file, refused=f"It cannot be read ({cause.strerror}).")
        return _ReadFile(file, digest, text, heard)

    def _write(
        self, folder: IndexedFolder, done: Sequence[_ReadFile], gone: set[int], report: IndexReport
    ) -> None:
        """Make the vectors of a batch and write its rows."""
        usable = [one for one in done if not one.refused]
        words = [_words(one) for one in usable]
        texts = self._text_vectors(words)
        fresh = {one.file.path: one.heard for one in usable if one.heard is not None}
        vectors = self._listener.embed(list(fresh.values())).numpy() if fresh else ()
        sounds = dict(zip(fresh, vectors, strict=True))
        rows: list[NewRow] = []
        moved: list[int] = []
        for one, said in zip(usable, words, strict=True):
            path = folder.path / one.file.path
            others = self._catalogue.with_digest(one.digest)
            if one.heard is not None:
                seconds, sound = one.heard.seconds, sounds[one.file.path].astype(np.float16)
            elif others:
                seconds, sound = others[0].seconds, self._catalogue.sound_of(others[0].id)
            else:
                continue  # forgotten since by another program: the next scan listens to it
            rows.append(
                NewRow(one.file.path, one.file.size, one.file.modified, one.digest, seconds, said,
                       one.text.licence, texts[said], sound)
            )  # fmt: skip
            lost = [o.id for o in others if _is_lost(o) and o.id not in moved]
            if any(other.file == path for other in others):
                report.unchanged += 1  # its time alone has changed
            elif lost:
                moved.append(lost[0])
                gone.discard(lost[0])
                report.moved += 1
            else:
                report.added += 1
        refused = [
            (o.file.path, o.file.size, o.file.modified, o.refused) for o in done if o.refused
        ]
        self._catalogue.write(folder, rows, refused, moved)
        report.refused += [(path, reason) for path, _, _, reason in refused]
        report.decoding_seconds += sum(o.heard.decoding_seconds for o in done if o.heard)

    def _text_vectors(self, words: Sequence[str]) -> dict[str, Vector]:
        """A vector (384,) for each text; zeros for none. What others say too is made once."""
        known = self._catalogue.text_of(set(words))
        known[""] = np.zeros(WORDS_WIDTH, np.float16)
        missing = sorted(set(words) - known.keys(), key=len)
        for said, row in zip(missing, self._encoder.sentences(missing), strict=True):
            known[said] = row.numpy().astype(np.float16)
        return known


def _is_lost(recording: LibraryRecording) -> bool:
    """Whether its file is no longer where it was, though its drive is there."""
    return recording.folder.is_dir() and not recording.file.is_file()


def _words(one: _ReadFile) -> str:
    """What is said of a recording: its name and folders, then what its file says of itself.

    A description that only repeats a name that says nothing ("REC_0231") says nothing either.
    """
    said = path_words(PurePosixPath(one.file.path))
    description = one.text.description if words_in(one.text.description) else ""
    return ", ".join(dict.fromkeys(part for part in (description, said) if part))

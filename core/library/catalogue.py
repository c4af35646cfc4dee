"""The catalogue of a sound library: one SQLite file, which holds no sound.

Of every recording it keeps where it lies, its size, time and content hash, what its name and its
tags say, and two vectors in half precision: of its words and of its sound. It is written in
transactions of a batch each (write-ahead log), so that whoever is killed loses one batch at most.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import FileError
from core.places import data_folder

CATALOGUE = "library.sqlite"
WORDS_WIDTH, SOUND_WIDTH = 384, 512
_VERSION = 1
_WAIT_SECONDS = 30.0
"""For which one process waits for another that writes."""
_TABLES = """
CREATE TABLE IF NOT EXISTS folders (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, licence TEXT NOT NULL, scanned REAL);
CREATE TABLE IF NOT EXISTS recordings (
    id INTEGER PRIMARY KEY,
    folder INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    path TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, digest TEXT NOT NULL,
    seconds REAL NOT NULL, words TEXT NOT NULL, licence TEXT NOT NULL, gone INTEGER NOT NULL,
    text BLOB NOT NULL, sound BLOB NOT NULL, UNIQUE (folder, path));
CREATE INDEX IF NOT EXISTS by_digest ON recordings (digest);
CREATE INDEX IF NOT EXISTS by_words ON recordings (words);
CREATE TABLE IF NOT EXISTS refused (
    folder INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    path TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (folder, path));
CREATE TABLE IF NOT EXISTS revision (number INTEGER NOT NULL);
INSERT INTO revision SELECT 0 WHERE NOT EXISTS (SELECT * FROM revision);
"""
_RECORDING = (
    "recordings.id, folders.path, recordings.path, size, modified, digest, seconds, words, "
    "CASE recordings.licence WHEN '' THEN folders.licence ELSE recordings.licence END"
)

Vector = npt.NDArray[np.float16]


@dataclass(frozen=True)
class IndexedFolder:
    """A folder of recordings.

    Attributes:
        licence: of its recordings that name none.
        recordings: how many are indexed and were there when it was last looked at.
        gone: how many were not.
        refused: files that are no recordings that can be used.
        there: whether its drive is.
    """

    id: int
    path: Path
    licence: str
    recordings: int
    gone: int
    refused: int

    @property
    def there(self) -> bool:
        return self.path.is_dir()


@dataclass(frozen=True)
class FileState:
    """A file as it was when it was indexed: its row, bytes, and nanoseconds of its last change."""

    id: int
    size: int
    modified: int
    gone: bool = False


@dataclass(frozen=True)
class LibraryRecording:
    """A recording of the library.

    Attributes:
        folder, path: the indexed folder, and where it lies in it ("doors/creak.wav").
        digest: hash of its file's content.
        seconds: its length, as its file states it.
        words: what its name, folders and tags say; "" for nothing.
        licence: its own or its folder's; "" where neither says one.
    """

    id: int
    folder: Path
    path: str
    size: int
    modified: int
    digest: str
    seconds: float
    words: str
    licence: str

    @property
    def file(self) -> Path:
        return self.folder / self.path

    @property
    def name(self) -> str:
        """As it is shown and kept in provenance: without the way to the folder."""
        return f"{self.folder.name}/{self.path}"


@dataclass(frozen=True)
class NewRow:
    """A recording that is to be written into the catalogue."""

    path: str
    size: int
    modified: int
    digest: str
    seconds: float
    words: str
    licence: str
    text: Vector
    sound: Vector


@dataclass(frozen=True, eq=False)
class Vectors:
    """All recordings that are there: ids and folders (N,), vectors of words (N, 384) and of sound
    (N, 512)."""

    ids: npt.NDArray[np.int64]
    folders: npt.NDArray[np.int64]
    text: Vector
    sound: Vector


def catalogue_file() -> Path:
    """Where the catalogue is kept if no other place is named.

    Raises:
        FileError: no home is known.
    """
    folder = data_folder()
    if folder is None:
        raise FileError("No home folder is known here; name the library's file with --catalogue.")
    return folder / CATALOGUE


class Catalogue:
    """An open catalogue, made if need be. Safe to use from several threads and processes.

    Raises (all methods):
        FileError: it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA foreign_keys=ON")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise FileError(
                    f"{path.name} was written by another version of the studio; open it with that "
                    "one, or put the file away and add your folders again."
                )
            self._db.executescript(_TABLES)
            self._db.execute(f"PRAGMA user_version={_VERSION}")

    def close(self) -> None:
        with self._errors():
            self._db.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with self._guard:
            try:
                yield
            except (sqlite3.Error, OSError, ValueError, OverflowError) as cause:
                raise FileError(
                    f"The catalogue {self.path.name} cannot be used ({cause}); check its disk, or "
                    "put the file away and add your folders again."
                ) from None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; nothing of it is kept if it fails."""
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("UPDATE revision SET number = number + 1")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @property
    def revision(self) -> int:
        """Counts the changes, whichever process makes them."""
        with self._errors():
            return int(self._db.execute("SELECT number FROM revision").fetchone()[0])

    def folders(self) -> list[IndexedFolder]:
        """The indexed folders, by path."""
        query = (
            "SELECT id, path, licence,"
            " (SELECT count(*) FROM recordings WHERE folder = folders.id AND NOT gone),"
            " (SELECT count(*) FROM recordings WHERE folder = folders.id AND gone),"
            " (SELECT count(*) FROM refused WHERE folder = folders.id)"
            " FROM folders ORDER BY path"
        )
        with self._errors():
            rows = self._db.execute(query).fetchall()
        return [IndexedFolder(row[0], Path(row[1]), *row[2:]) for row in rows]

    def folder(self, path: Path) -> IndexedFolder:
        """The indexed folder at a path; raises FileError where it is not indexed."""
        found = next((folder for folder in self.folders() if folder.path == path), None)
        if found is None:
            raise FileError(f"{path} is not in the library; `library list` shows what is.")
        return found

    def add_folder(self, path: Path, licence: str = "") -> IndexedFolder:
        """Note a folder, or another licence of one; nothing is read yet.

        Raises:
            FileError: it lies in an indexed folder, or holds one: its files would stand twice.
        """
        for other in self.folders():
            if other.path != path and (path in other.path.parents or other.path in path.parents):
                raise FileError(
                    f"{path} and {other.path}, which is in the library, lie in one another; "
                    "remove one of them."
                )
        with self._writing() as db:
            db.execute(
                "INSERT INTO folders (path, licence) VALUES (?, ?) ON CONFLICT (path)"
                " DO UPDATE SET licence = CASE excluded.licence WHEN '' THEN licence"
                " ELSE excluded.licence END",
                (str(path), licence),
            )
        return self.folder(path)

    def remove_folder(self, folder: IndexedFolder) -> None:
        """Forget a folder and its recordings; its files stay as they are."""
        with self._writing() as db:
            db.execute("DELETE FROM folders WHERE id = ?", (folder.id,))

    def states(self, folder: IndexedFolder) -> dict[str, FileState]:
        """The files of a folder as they were indexed, by path; those refused have the row 0."""
        with self._errors():
            kept = self._db.execute(
                "SELECT path, id, size, modified, gone FROM recordings WHERE folder = ?",
                (folder.id,),
            ).fetchall()
            refused = self._db.execute(
                "SELECT path, 0, size, modified, 0 FROM refused WHERE folder = ?", (folder.id,)
            ).fetchall()
        return {
            path: FileState(row, size, modified, bool(gone))
            for path, row, size, modified, gone in (*refused, *kept)
        }

    def with_digest(self, digest: str) -> list[LibraryRecording]:
        """Recordings of this content, wherever they lie or lay."""
        return self._recordings("digest = ? ORDER BY recordings.id", (digest,))

    def recording(self, row: int) -> LibraryRecording:
        """A recording by its row; raises FileError where there is none."""
        found = self._recordings("recordings.id = ?", (row,))
        if not found:
            raise FileError(f"There is no recording {row} in the library any more; search again.")
        return found[0]

    def _recordings(self, where: str, values: Sequence[object]) -> list[LibraryRecording]:
        query = f"SELECT {_RECORDING} FROM recordings JOIN folders ON folders.id = folder WHERE "
        with self._errors():
            rows = self._db.execute(query + where, values).fetchall()
        return [LibraryRecording(row[0], Path(row[1]), *row[2:]) for row in rows]

    def sound_of(self, row: int) -> Vector:
        """The vector (512,) of a recording's sound."""
        with self._errors():
            found = self._db.execute("SELECT sound FROM recordings WHERE id = ?", (row,)).fetchone()
        if found is None:
            raise FileError(f"There is no recording {row} in the library any more; search again.")
        return np.frombuffer(found[0], np.float16)

    def text_of(self, words: Iterable[str]) -> dict[str, Vector]:
        """The vectors (384,) of words that some recording has already."""
        found = {}
        with self._errors():
            for each in words:
                query = "SELECT text FROM recordings WHERE words = ? LIMIT 1"
                if row := self._db.execute(query, (each,)).fetchone():
                    found[each] = np.frombuffer(row[0], np.float16)
        return found

    def write(
        self,
        folder: IndexedFolder,
        rows: Sequence[NewRow],
        refused: Sequence[tuple[str, int, int, str]] = (),
        moved: Sequence[int] = (),
    ) -> None:
        """Write a batch in one transaction.

        Args:
            rows: recordings; those of a path that is known take its place.
            refused: path, size, time and reason of files that cannot be used.
            moved: rows of recordings that lie elsewhere now, among `rows`; they go.
        """
        with self._writing() as db:
            db.executemany("DELETE FROM recordings WHERE id = ?", [(row,) for row in moved])
            paths = [
                (folder.id, path) for path in (*(r.path for r in rows), *(r[0] for r in refused))
            ]
            db.executemany("DELETE FROM refused WHERE folder = ? AND path = ?", paths)
            db.executemany(
                "DELETE FROM recordings WHERE folder = ? AND path = ?",
                [(folder.id, row[0]) for row in refused],
            )
            db.executemany(
                "INSERT INTO recordings (folder, path, size, modified, digest, seconds, words,"
                " licence, gone, text, sound) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)"
                " ON CONFLICT (folder, path) DO UPDATE SET size = excluded.size,"
                " modified = excluded.modified, digest = excluded.digest,"
                " seconds = excluded.seconds, words = excluded.words,"
                " licence = excluded.licence, gone = 0, text = excluded.text,"
                " sound = excluded.sound",
                [
                    (folder.id, r.path, r.size, r.modified, r.digest, r.seconds, r.words, r.licence,
                     r.text.astype(np.float16).tobytes(), r.sound.astype(np.float16).tobytes())
                    for r in rows
                ],
            )  # fmt: skip
            db.executemany(
                "INSERT INTO refused VALUES (?, ?, ?, ?, ?)",
                [(folder.id, *row) for row in refused],
            )

    def set_gone(
        self, there: Sequence[int], gone: Sequence[int], forgotten: Sequence[tuple[int, str]] = ()
    ) -> None:
        """Note which rows' files are there again, which are gone, and which refused ones are."""
        if not (there or gone or forgotten):
            return
        with self._writing() as db:
            db.executemany("UPDATE recordings SET gone = 0 WHERE id = ?", [(r,) for r in there])
            db.executemany("UPDATE recordings SET gone = 1 WHERE id = ?", [(r,) for r in gone])
            db.executemany("DELETE FROM refused WHERE folder = ? AND path = ?", forgotten)

    def set_scanned(self, folder: IndexedFolder, when: float) -> None:
        """Note when a folder was last looked through (seconds since 1970)."""
        with self._errors():
            self._db.execute("UPDATE folders SET scanned = ? WHERE id = ?", (when, folder.id))

    def refusals(self, folder: IndexedFolder) -> list[tuple[str, str]]:
        """Path and reason of the files of a folder that cannot be used."""
        with self._errors():
            return self._db.execute(
                "SELECT path, reason FROM refused WHERE folder = ? ORDER BY path", (folder.id,)
            ).fetchall()

    def vectors(self) -> Vectors:
        """The vectors of all recordings that are there; 1.8 kB each."""
        query = "SELECT id, folder, text, sound FROM recordings WHERE NOT gone ORDER BY id"
        with self._errors():
            count = self._db.execute("SELECT count(*) FROM recordings").fetchone()[0]
            ids, folders = np.zeros(count, np.int64), np.zeros(count, np.int64)
            text = np.zeros((count, WORDS_WIDTH), np.float16)
            sound = np.zeros((count, SOUND_WIDTH), np.float16)
            there = 0
            for row, folder, words, heard in self._db.execute(query):
                if there == count:  # others write meanwhile; the revision tells of it
                    break
                ids[there], folders[there] = row, folder
                text[there] = np.frombuffer(words, np.float16)
                sound[there] = np.frombuffer(heard, np.float16)
                there += 1
        return Vectors(ids[:there], folders[:there], text[:there], sound[:there])

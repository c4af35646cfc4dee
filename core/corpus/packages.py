"""Packages with open recordings: the sound class and the licence of each of their files.

The packages and the patterns that give each file its sound class are in `packages.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Literal

from core.corpus.learnable import LEARNABLE
from core.corpus.vocabulary import BY_NAME

TABLE = Path(__file__).with_name("packages.toml")
CANDIDATE_TABLE = Path(__file__).with_name("candidate_packages.toml")
AUDIO = (".ogg", ".oga", ".wav", ".flac", ".mp3")
NEVER = re.compile(
    r"/voices?/|voice_samples|/musics?/|_desc[._]|/speech/|/announcer/|codriver", re.I
)
NOT_FREE = re.compile(r"non-?(free|commercial)|no-?deriv|-NC\b|-ND\b|proprietary", re.I)

Registry = Literal["debian", "npm", "pypi"]

PERMISSIVE = re.compile(
    r"CC0|CC-BY-\d|public.domain|MIT|Expat|BSD|ISC|Apache|Zlib|WTFPL|Unlicense|Boost", re.I
)
"""Licences that ask for no more than a name and their text: no share-alike, no copyleft."""


def is_permissive(licence: str) -> bool:
    """Whether a licence in Debian's short form ("GPL-2 or MIT") lets all parts be used so."""
    parts = re.split(r"\s+and\s+|,", licence, flags=re.I)
    return all(
        any(PERMISSIVE.match(choice.strip()) for choice in re.split(r"\s+or\s+", part, flags=re.I))
        for part in parts
    )


@dataclass(frozen=True)
class Package:
    """One package.

    Attributes:
        package: name in its registry.
        licence: holds for files that the package's copyright file does not name.
        classes: sound class to the pattern of its files.
        archives: inner archives (core/corpus/archives.py), by the end of their path.
        licences: licence to the pattern of files that it holds for instead, where the copyright
            file is prose.
        authors: authors to the pattern of their files, where the copyright file is prose.
        registry: where it is published; npm and PyPI have no copyright file.
        version: the one that was looked at; of Debian's, later ones are taken too.
        sha256: of that version's file; empty: not noted, or not the same for every processor.
    """

    package: str
    licence: str
    classes: dict[str, re.Pattern[str]]
    archives: tuple[str, ...] = ()
    licences: dict[str, re.Pattern[str]] = field(default_factory=dict)
    authors: dict[str, re.Pattern[str]] = field(default_factory=dict)
    registry: Registry = "debian"
    version: str = ""
    sha256: str = ""

    def class_of(self, path: str) -> str | None:
        """The first class with a pattern found in the path; None leaves the file out."""
        if NEVER.search("/" + path):
            return None
        return _first(self.classes, path)


def _first(patterns: dict[str, re.Pattern[str]], path: str) -> str | None:
    """The name of the first pattern found in the path."""
    return next((name for name, found in patterns.items() if found.search(path)), None)


def _pattern(text: str | list[str]) -> re.Pattern[str]:
    return re.compile(text if isinstance(text, str) else "|".join(text), re.I)


def read_packages(table: Path, classes: Collection[str]) -> tuple[Package, ...]:
    """The packages of a table; a class that is not among `classes` is a KeyError."""
    rows = tomllib.loads(table.read_text(encoding="utf-8"))["packages"]
    unknown = {name for row in rows.values() for name in row["classes"]} - set(classes)
    if unknown:
        raise KeyError(f"{table.name} has unknown classes: {sorted(unknown)}")
    return tuple(
        Package(
            package,
            row["licence"],
            _patterns(row["classes"]),
            tuple(row.get("archives", ())),
            _patterns(row.get("licences", {})),
            _patterns(row.get("authors", {})),
            row.get("registry", "debian"),
            row.get("version", ""),
            row.get("sha256", ""),
        )
        for package, row in rows.items()
    )


def _patterns(rows: dict[str, str | list[str]]) -> dict[str, re.Pattern[str]]:
    return {name: _pattern(text) for name, text in rows.items()}


@cache
def audio_packages() -> tuple[Package, ...]:
    """The packages of `packages.toml`, which the shipped performer was trained on."""
    return read_packages(TABLE, BY_NAME)


@cache
def candidate_packages() -> tuple[Package, ...]:
    """The packages of `candidate_packages.toml`, which it has not heard; their files are of
    candidates and of today's classes."""
    return read_packages(CANDIDATE_TABLE, LEARNABLE)


@cache
def _attribute_patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))["attributes"]
    return tuple((key, word, _pattern(p)) for key, row in table.items() for word, p in row.items())


def attributes_of(path: str) -> dict[str, str]:
    """What the file's name says truthfully: strength, distance, tempo, surface, count."""
    return {key: word for key, word, found in _attribute_patterns() if found.search(path)}


def stanzas(terms: str) -> list[tuple[str, str, str]]:
    """(file pattern, short licence name, holders) in order, from a machine-readable copyright file.

    Holders are one line, without years where a line begins with them.
    """
    rows: list[tuple[str, str, str]] = []
    if not terms.startswith("Format:"):
        return rows
    for block in re.split(r"\n\s*\n", terms):
        fields = dict(re.findall(r"^(\S[^:\n]*):((?:.*)(?:\n[ \t].*)*)", block, re.M))
        if "Files" in fields and fields.get("License", "").strip():
            licence = fields["License"].strip().splitlines()[0]
            holders = _holders(fields.get("Copyright", ""))
            rows += [(pattern, licence, holders) for pattern in fields["Files"].split()]
    return rows


def _holders(text: str) -> str:
    """The holders of a Copyright field as one line."""
    lines = (
        re.sub(r"^(copyright|©|\(c\)|[\d\s,-])+", "", row, flags=re.I) for row in text.splitlines()
    )
    return "; ".join(line.strip() for line in lines if line.strip())


def _fits(pattern: str, path: str) -> int:
    """How many parts of a source-tree pattern fit the end of an installed path.

    Installed paths differ from source paths in their first folders, so leading folders of
    the pattern may be dropped as long as two named parts are left.
    """
    if not path.endswith(re.split(r"[*?\[\]]", pattern)[-1]):
        return 0  # most of the thousand patterns of a large package: not worth compiling
    parts = pattern.split("/")
    tail = path.split("/")
    for dropped in range(len(parts)):
        rest = parts[dropped:]
        if dropped and sum(part != "*" for part in rest) < 2:
            return 0
        found = _compiled("/".join(rest))
        if any(found.match("/".join(tail[i:])) for i in range(len(tail))):
            return len(rest)
    return 0


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a copyright file; fnmatch itself keeps 256 of them, GCompris has thousands."""
    return re.compile(translate(pattern))


class Licences:
    """The licence of each file of one unpacked package."""

    def __init__(self, source: Package, folder: Path) -> None:
        terms = folder / "usr/share/doc" / source.package / "copyright"
        text = terms.read_text(encoding="utf-8", errors="replace") if terms.is_file() else ""
        self._folder = folder
        self._rows = stanzas(text)
        self._source = source

    def of(self, path: str) -> str:
        """Short licence name; among patterns that fit equally well the last one holds."""
        stated = (self._folder / path).with_suffix(".licence")
        if stated.is_file():
            return stated.read_text(encoding="utf-8").strip()
        if licence := _first(self._source.licences, path):
            return licence
        return self._stanza(path)[0]

    def authors_of(self, path: str) -> str:
        """Who holds the copyright of a file, in one line; empty where nothing names them."""
        return _first(self._source.authors, path) or self._stanza(path)[1]

    def _stanza(self, path: str) -> tuple[str, str]:
        """Licence and holders, from the copyright file or as the table has them."""
        best, found = 0, (self._source.licence, "")
        for pattern, licence, holders in self._rows:
            fit = _fits(pattern, path) if pattern != "*" else 1
            if fit >= max(best, 1):
                best, found = fit, (licence, holders)
        return found

"""Open recordings from Debian packages: fetched, unpacked, with licence and sound class.

The packages and the patterns that give each file its sound class are in `packages.toml`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from core.corpus.archives import is_inside, read_archive
from core.corpus.vocabulary import BY_NAME
from core.errors import AudioFileError

TABLE = Path(__file__).with_name("packages.toml")
AUDIO = (".ogg", ".oga", ".wav", ".flac", ".mp3")
NEVER = re.compile(
    r"/voices?/|voice_samples|/musics?/|_desc[._]|/speech/|/announcer/|codriver", re.I
)
NOT_FREE = re.compile(r"non-?(free|commercial)|no-?deriv|-NC\b|-ND\b|proprietary", re.I)


@dataclass(frozen=True)
class Package:
    """One package.

    Attributes:
        package: name in the Debian archive.
        licence: holds for files that the package's copyright file does not name.
        classes: sound class to the pattern of its files.
        archives: inner archives (core/corpus/archives.py), by the end of their path.
    """

    package: str
    licence: str
    classes: dict[str, re.Pattern[str]]
    archives: tuple[str, ...] = ()

    def class_of(self, path: str) -> str | None:
        """The first class with a pattern found in the path; None leaves the file out."""
        if NEVER.search("/" + path):
            return None
        return next((name for name, found in self.classes.items() if found.search(path)), None)


def _pattern(text: str | list[str]) -> re.Pattern[str]:
    return re.compile(text if isinstance(text, str) else "|".join(text), re.I)


@cache
def audio_packages() -> tuple[Package, ...]:
    """The packages of `packages.toml`; a class that the vocabulary lacks is a KeyError."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["packages"]
    return tuple(
        Package(
            package,
            row["licence"],
            {BY_NAME[name].name: _pattern(text) for name, text in row["classes"].items()},
            tuple(row.get("archives", ())),
        )
        for package, row in rows.items()
    )


@cache
def _attribute_patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))["attributes"]
    return tuple((key, word, _pattern(p)) for key, row in table.items() for word, p in row.items())


def attributes_of(path: str) -> dict[str, str]:
    """What the file's name says truthfully: strength, distance, tempo, surface, count."""
    return {key: word for key, word, found in _attribute_patterns() if found.search(path)}


def fetch(source: Package, folder: Path) -> Path:
    """The package's .deb in `folder`, downloaded from the Debian archive if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (found := sorted(folder.glob(f"{source.package}_*.deb"))):
        command = ["apt-get", "download", source.package]
        run = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", check=False
        )
        if run.returncode:
            raise AudioFileError(
                f"Package {source.package} could not be downloaded: run "
                f"`apt-get download {source.package}` in {folder} and read its message."
            )
        found = sorted(folder.glob(f"{source.package}_*.deb"))
    return found[-1]


def _wanted(path: str) -> bool:
    return is_inside(path) and path.lower().endswith(AUDIO) and not NEVER.search("/" + path)


def _unpack(archive: Path) -> None:
    """Take the audio out of an inner archive, into a folder named like it, and remove it."""
    folder = archive.with_suffix("")
    for path, content in read_archive(archive, _wanted):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    archive.unlink()


def extract(source: Package, deb: Path, raw: Path) -> Path:
    """Unpack the audio and the copyright file of a package into `raw`/<package>.

    A package that is already there is not unpacked again. Raises AudioFileError when the
    .deb is damaged.
    """
    folder = raw / source.package
    if folder.is_dir():
        return folder
    partial = raw / (source.package + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    terms = f"usr/share/doc/{source.package}/copyright"
    command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpacker:
        try:
            with tarfile.open(fileobj=unpacker.stdout, mode="r|") as tar:
                for path, member in _members(tar):
                    inner = path.endswith(source.archives) if source.archives else False
                    if not (_wanted(path) or inner or path == terms):
                        continue
                    _write(tar, member, partial / path)
                    if inner:
                        _unpack(partial / path)
        except tarfile.TarError as error:
            raise AudioFileError(f"{deb.name} is damaged: delete it and run again.") from error
    os.replace(partial, folder)
    return folder


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    for member in tar:
        path = member.name.removeprefix("./")
        if member.isfile() and is_inside(path):
            yield path, member


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content is not None
    with content, target.open("wb") as out:
        shutil.copyfileobj(content, out, 1 << 20)


def stanzas(terms: str) -> list[tuple[str, str]]:
    """(file pattern, short licence name) in order, from a machine-readable copyright file."""
    rows: list[tuple[str, str]] = []
    if not terms.startswith("Format:"):
        return rows
    for block in re.split(r"\n\s*\n", terms):
        fields = dict(re.findall(r"^(\S[^:\n]*):((?:.*)(?:\n[ \t].*)*)", block, re.M))
        if "Files" in fields and fields.get("License", "").strip():
            licence = fields["License"].strip().splitlines()[0]
            rows += [(pattern, licence) for pattern in fields["Files"].split()]
    return rows


def _fits(pattern: str, path: str) -> int:
    """How many parts of a source-tree pattern fit the end of an installed path.

    Installed paths differ from source paths in their first folders, so leading folders of
    the pattern may be dropped as long as two named parts are left.
    """
    parts = pattern.split("/")
    tail = path.split("/")
    for dropped in range(len(parts)):
        rest = parts[dropped:]
        if dropped and sum(part != "*" for part in rest) < 2:
            return 0
        if any(fnmatchcase("/".join(tail[i:]), "/".join(rest)) for i in range(len(tail))):
            return len(rest)
    return 0


class Licences:
    """The licence of each file of one unpacked package."""

    def __init__(self, source: Package, folder: Path) -> None:
        terms = folder / "usr/share/doc" / source.package / "copyright"
        text = terms.read_text(encoding="utf-8", errors="replace") if terms.is_file() else ""
        self._folder = folder
        self._rows = stanzas(text)
        self._default = source.licence

    def of(self, path: str) -> str:
        """Short licence name; among patterns that fit equally well the last one holds."""
        stated = (self._folder / path).with_suffix(".licence")
        if stated.is_file():
            return stated.read_text(encoding="utf-8").strip()
        best, licence = 0, self._default
        for pattern, name in self._rows:
            fit = _fits(pattern, path) if pattern != "*" else 1
            if fit >= max(best, 1):
                best, licence = fit, name
        return licence

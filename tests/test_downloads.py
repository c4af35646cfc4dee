"""Packages of npm and PyPI are fetched by name and version, checked, and give only their sounds."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from test_archives import tarball
from test_candidate_recordings import sound

from core.corpus.candidate_recordings import KindRecording, find_recordings
from core.corpus.downloads import extract, fetch
from core.corpus.packages import Package, Registry, candidate_packages
from core.errors import AudioFileError

BELL = re.compile("bell")


def package(folder: Path, registry: Registry) -> Package:
    """A package of a registry as its client leaves it in a folder."""
    files = {"ding/sounds/bell.wav": sound(1, 0.5), "ding/run.py": b"raise SystemExit"}
    if registry == "npm":
        file = folder / "ding-dong-1.2.tgz"
        file.write_bytes(tarball(files))
    else:
        file = folder / "ding_dong-1.2-py3-none-any.whl"
        with zipfile.ZipFile(file, "w") as wheel:
            for name, content in files.items():
                wheel.writestr(name, content)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    ann = {"Ann": re.compile(".")}
    return Package(
        "ding-dong",
        "MIT",
        {"doorbell": BELL},
        authors=ann,
        registry=registry,
        version="1.2",
        sha256=digest,
    )


@pytest.mark.parametrize("registry", ["npm", "pypi"])
def test_a_package_of_a_registry_gives_recordings_with_licence_and_authors(
    tmp_path: Path, registry: Registry
) -> None:
    source = package(tmp_path, registry)
    found = find_recordings(tmp_path / "root", [source], tmp_path)
    file = "ding/sounds/bell.wav"
    assert found == [KindRecording("ding-dong", file, "doorbell", "MIT", "Ann", 0.5, 22_050)]
    raw = tmp_path / "root/raw/ding-dong"
    assert [path.name for path in raw.rglob("*") if path.is_file()] == ["bell.wav"]


@pytest.mark.parametrize("registry", ["npm", "pypi"])
def test_another_file_under_the_name_of_a_package_is_refused(
    tmp_path: Path, registry: Registry
) -> None:
    source = replace(package(tmp_path, registry), sha256="0" * 64)
    with pytest.raises(AudioFileError, match="not the file that was looked at: delete it"):
        fetch(source, tmp_path)


def test_a_later_version_in_debian_is_taken_and_another_file_of_the_same_is_not(
    tmp_path: Path,
) -> None:
    source = Package("tiny", "MIT", {}, version="1:1.0-1", sha256="0" * 64)
    later = tmp_path / "tiny_1%3a1.0-2_all.deb"
    later.write_bytes(b"signed")
    assert fetch(source, tmp_path) == later
    own = later.rename(tmp_path / "tiny_1%3a1.0-1_arm64.deb")
    assert fetch(source, tmp_path) == own, (
        "built for each processor, so that the digest says nothing"
    )
    own.rename(tmp_path / "tiny_1%3a1.0-1_all.deb")
    with pytest.raises(AudioFileError, match="not the file that was looked at"):
        fetch(source, tmp_path)


@pytest.mark.parametrize(
    ("registry", "client"),
    [("npm", "npm pack --silent ding-dong@1.2"), ("debian", "apt-get download ding-dong")],
)
def test_the_registrys_own_client_is_asked_and_its_failure_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry, client: str
) -> None:
    stub = tmp_path / "bin" / client.split()[0]
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\necho "$0 $@" > {tmp_path}/asked\nexit 1\n')
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}{os.pathsep}{os.environ['PATH']}")
    source = Package("ding-dong", "MIT", {}, registry=registry, version="1.2")
    with pytest.raises(AudioFileError, match=f"run `{client}` in"):
        fetch(source, tmp_path / "files")
    assert (tmp_path / "asked").read_text().strip().endswith(client)


def test_a_package_that_lies_unpacked_is_not_unpacked_again(tmp_path: Path) -> None:
    source = package(tmp_path, "npm")
    folder = extract(source, fetch(source, tmp_path), tmp_path / "raw")
    (folder / "mine.wav").touch()
    assert extract(source, tmp_path / "gone.tgz", tmp_path / "raw") == folder
    assert (folder / "mine.wav").exists()


def test_packages_outside_debian_name_version_and_digest() -> None:
    for source in candidate_packages():
        if source.registry != "debian":
            assert source.version, source.package
            assert re.fullmatch("[0-9a-f]{64}", source.sha256), source.package
            assert source.authors, source.package

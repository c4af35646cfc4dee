"""Recordings of the candidates' kinds: free, labelled, listed, and apart from today's corpus."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from test_archives import packed_group

from core.corpus import candidate_recordings
from core.corpus.candidate_recordings import (
    KindRecording,
    find_recordings,
    read_recordings,
    recordings_by_kind,
)
from core.corpus.candidates import read_candidates
from core.corpus.packages import (
    NOT_FREE,
    Package,
    audio_packages,
    candidate_packages,
    read_packages,
)
from core.corpus.vocabulary import BY_NAME

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2001-2004, Ann Author <ann@example.org>
 (c) 2009 Bob Builder
License: GPL-2+
"""
SHORTEST = 0.15
"""Seconds that a recording has at least."""
FEWEST_KINDS = 95
"""Candidates with a recording; fewer mean that patterns of the table no longer fit."""
FEWEST_OF_SEVERAL = 35
"""Candidates with recordings of three packages: what is held out by source still has some."""


def sound(seed: int, seconds: float) -> bytes:
    """A WAV file of noise."""
    out = io.BytesIO()
    rng = np.random.default_rng(seed)
    soundfile.write(out, rng.uniform(-0.5, 0.5, int(22_050 * seconds)), 22_050, format="WAV")
    return out.getvalue()


@pytest.fixture(scope="module")
def debs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package of one packed group of sounds."""
    tree = tmp_path_factory.mktemp("package")
    (tree / "DEBIAN").mkdir()
    control = (
        "Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: n <n@n.org>\nDescription: n\n"
    )
    (tree / "DEBIAN/control").write_text(control)
    (tree / "usr/share/doc/tiny").mkdir(parents=True)
    (tree / "usr/share/doc/tiny/copyright").write_text(COPYRIGHT)
    animals = {"Duck1.wav": sound(1, 0.5), "Duck2.wav": sound(1, 0.5), "Goat.wav": sound(2, 0.05)}
    group = packed_group({"Animals.ocg": {**animals, "Horn.wav": sound(3, 0.4)}})
    (tree / "usr/share/tiny").mkdir()
    (tree / "usr/share/tiny/Sound.ocg").write_bytes(group)
    folder = tmp_path_factory.mktemp("debs")
    build = ["dpkg-deb", "--build", "-Znone", str(tree), str(folder / "tiny_1_all.deb")]
    subprocess.run(build, check=True, capture_output=True)
    return folder


def tiny_table(folder: Path) -> tuple[Package, ...]:
    table = folder / "packages.toml"
    table.write_text(
        '[packages.tiny]\nlicence = "CC0-1.0"\narchives = ["Sound.ocg"]\n'
        "[packages.tiny.licences]\n'CC0-1.0' = 'Horn'\n"
        "[packages.tiny.authors]\n'Cora' = 'Horn'\n"
        "[packages.tiny.classes]\nduck = 'Duck'\ngoat = 'Goat'\ncar_horn = 'Horn'\n"
    )
    return read_packages(table, ["duck", "goat", "car_horn"])


def test_each_distinct_recording_is_listed_once_with_licence_and_authors(
    debs: Path, tmp_path: Path
) -> None:
    found = find_recordings(tmp_path, tiny_table(tmp_path), debs)
    folder = "usr/share/tiny/Sound/Animals.ocg"
    ann = "Ann Author <ann@example.org>; Bob Builder"
    assert found == [
        KindRecording("tiny", f"{folder}/Duck1.wav", "duck", "GPL-2+", ann, 0.5, 22_050),
        KindRecording("tiny", f"{folder}/Horn.wav", "car_horn", "CC0-1.0", "Cora", 0.4, 22_050),
    ], "the copy and what is shorter than a clip are left out"
    assert len(list((tmp_path / "clips/duck").glob("tiny_Duck1_*.flac"))) == 1


def test_a_table_with_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    tiny_table(tmp_path)
    with pytest.raises(KeyError, match="goat"):
        read_packages(tmp_path / "packages.toml", ["duck", "car_horn"])


def test_every_listed_recording_is_free_long_enough_and_of_the_tables_kind() -> None:
    packages = {package.package: package for package in candidate_packages()}
    listed = read_recordings()
    assert len({(row.package, row.file) for row in listed}) == len(listed)
    for row in listed:
        assert packages[row.package].class_of(row.file) == row.kind, row
        assert row.licence, row
        assert not NOT_FREE.search(row.licence), row
        assert row.seconds >= SHORTEST, row
        assert row.sample_rate >= 11_000, row
        assert row.authors, row


def test_every_package_of_the_table_gives_a_recording_by_every_pattern() -> None:
    listed = {(row.package, row.kind) for row in read_recordings()}
    wanted = {(p.package, kind) for p in candidate_packages() for kind in p.classes}
    assert wanted - listed == set()


def test_the_list_covers_candidates_and_none_was_in_the_shipped_corpus() -> None:
    listed = read_recordings()
    kinds = recordings_by_kind(listed)
    candidates = {kind.name: kinds[kind.name] for kind in read_candidates() if kind.name in kinds}
    assert len(candidates) >= FEWEST_KINDS
    sources = [len({row.package for row in own}) for own in candidates.values()]
    assert sum(count >= 3 for count in sources) >= FEWEST_OF_SEVERAL
    today = {package.package: package for package in audio_packages()}
    for row in listed:
        if row.package in today:
            assert today[row.package].class_of(row.file) is None, row


def test_the_table_of_todays_corpus_has_no_candidate() -> None:
    assert all(package.classes.keys() <= BY_NAME.keys() for package in audio_packages())


def test_the_printed_table_says_what_is_lacking() -> None:
    rows = [KindRecording("tiny", "a.wav", "duck", "CC0", "Ann", 1.25, 22_050)] * 2
    printed = candidate_recordings._table(rows)
    assert printed.splitlines()[0].split() == ["duck", "2", "2.5", "s", "tiny"]
    assert f"none of {len(read_candidates()) - 1} candidates: " in printed

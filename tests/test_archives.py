"""Sounds come out of the archives that games keep them in, and nothing else does."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import wave
import zipfile
import zlib
from pathlib import Path

import pytest

from core.corpus import archives
from core.corpus.archives import read_archive
from core.errors import AudioFileError

SOUND = b"RIFF" + bytes(range(256)) * 4

Tree = dict[str, "bytes | Tree"]


def clonk_group(entries: Tree) -> bytes:
    """An unpacked group as Clonk writes it: a scrambled header, entries, files."""
    header = bytearray(b"RedWolf Design GrpFolder".ljust(28, b"\0"))
    header += struct.pack("<3i", 1, 2, len(entries)) + bytes(204 - 40)
    header = bytearray(byte ^ 237 for byte in header)
    for i in range(0, 202, 3):
        header[i], header[i + 2] = header[i + 2], header[i]
    index, body = b"", b""
    for name, inner in entries.items():
        content = clonk_group(inner) if isinstance(inner, dict) else inner
        entry = name.encode().ljust(260, b"\0")
        entry += struct.pack("<5i", 1, isinstance(inner, dict), len(content), 0, len(body))
        index += entry.ljust(316, b"\0")
        body += content
    return bytes(header) + index + body


def packed_group(entries: Tree) -> bytes:
    return b"\x1e\x8c" + gzip.compress(clonk_group(entries))[2:]


def qt_resources(files: dict[str, tuple[int, bytes]]) -> bytes:
    """A resource file of version 3 with one folder, "sounds", of files with their flags."""
    names, data, places = b"", b"", {}
    for name in ("", "sounds", *files):
        places[name] = len(names)
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    tree = struct.pack(">IHIIQ", places[""], 2, 1, 1, 0)
    tree += struct.pack(">IHIIQ", places["sounds"], 2, len(files), 2, 0)
    for name, (flags, content) in files.items():
        tree += struct.pack(">IHIIQ", places[name], flags, 0, len(data), 0)
        if flags & 1:
            content = struct.pack(">I", len(content)) + zlib.compress(content)
        data += struct.pack(">I", len(content)) + content
    start = 24
    places_of = (start, start + len(tree), start + len(tree) + len(data))
    return b"qres" + struct.pack(">5I", 3, *places_of, 0) + tree + data + names


def soundfont(samples: dict[str, tuple[bytes, int]]) -> bytes:
    """A SoundFont bank of samples with their rates, in Hz; the last header ends the table."""
    data, headers = b"", b""
    for name, (content, rate) in samples.items():
        start = len(data) // 2
        data += content
        headers += struct.pack("<20s5I6x", name.encode(), start, len(data) // 2, 0, 0, rate)
    headers += struct.pack("<20s5I6x", b"EOS", 0, 0, 0, 0, 0)

    def chunk(mark: bytes, content: bytes) -> bytes:
        return mark + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)

    lists = [b"INFO" + chunk(b"INAM", b"odd"), b"sdta" + chunk(b"smpl", data)]
    lists.append(b"pdta" + chunk(b"shdr", headers))
    return chunk(b"RIFF", b"sfbk" + b"".join(chunk(b"LIST", part) for part in lists))


def tarball(files: dict[str, bytes], link: str = "") -> bytes:
    """A tar packed by gzip, with a link to a place outside if it is named."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        if link:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(member)
    return out.getvalue()


def is_wave(path: str) -> bool:
    return path.endswith(".wav")


def found(path: Path) -> dict[str, bytes]:
    return dict(read_archive(path, is_wave))


def test_a_clonk_group_gives_the_sounds_of_its_groups(tmp_path: Path) -> None:
    archive = tmp_path / "Sound.ocg"
    animals: Tree = {"Bat.ocg": {"Chirp.wav": SOUND, "Text.txt": b"no"}, "Buzz.wav": SOUND[:9]}
    archive.write_bytes(packed_group({"Animals.ocg": animals, "Ding.wav": b"x" + SOUND}))
    assert found(archive) == {
        "Animals.ocg/Bat.ocg/Chirp.wav": SOUND,
        "Animals.ocg/Buzz.wav": SOUND[:9],
        "Ding.wav": b"x" + SOUND,
    }


def test_qt_resources_give_stored_and_packed_sounds(tmp_path: Path) -> None:
    archive = tmp_path / "farm.rcc"
    files = {"duck.wav": (0, SOUND), "pig.wav": (1, SOUND[::-1]), "pig.svg": (0, b"no")}
    archive.write_bytes(qt_resources(files | {"zstd.wav": (4, b"no")}))
    assert found(archive) == {"sounds/duck.wav": SOUND, "sounds/pig.wav": SOUND[::-1]}


def test_a_zip_under_any_name_gives_its_sounds(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "base.wz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("audio/sfx/steam.wav", SOUND)
        archive.writestr("audio/sfx/steam.txt", "no")
    assert found(tmp_path / "base.wz") == {"audio/sfx/steam.wav": SOUND}


def test_a_tarball_gives_its_sounds_and_no_links(tmp_path: Path) -> None:
    files = {"package/sounds/bell.wav": SOUND, "package/index.js": b"no"}
    (tmp_path / "a.tgz").write_bytes(tarball(files, link="package/link.wav"))
    assert found(tmp_path / "a.tgz") == {"package/sounds/bell.wav": SOUND}


def test_a_soundfont_gives_each_sample_as_a_wave_file_at_its_rate(tmp_path: Path) -> None:
    samples = {"Jingle Bell": (SOUND[:200], 44_100), "Whistle(L)": (SOUND[200:300], 22_050)}
    (tmp_path / "gm.sf2").write_bytes(soundfont(samples))
    sounds = found(tmp_path / "gm.sf2")
    assert list(sounds) == ["0000-Jingle-Bell.wav", "0001-Whistle-L.wav"]
    for content, (frames, rate) in zip(sounds.values(), samples.values(), strict=True):
        with wave.open(io.BytesIO(content)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
            assert (sound.getframerate(), sound.readframes(1000)) == (rate, frames)


@pytest.mark.parametrize("name", ["../../out.wav", "/etc/out.wav", "a\\..\\out.wav"])
def test_no_name_leads_out_of_an_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.ocg").write_bytes(packed_group({name: SOUND, "in.wav": SOUND}))
    (tmp_path / "a.rcc").write_bytes(qt_resources({name: (0, SOUND), "in.wav": (0, SOUND)}))
    (tmp_path / "a.tgz").write_bytes(tarball({name: SOUND, "in.wav": SOUND}))
    assert list(found(tmp_path / "a.ocg")) == ["in.wav"]
    assert list(found(tmp_path / "a.tgz")) == ["in.wav"]
    inside = found(tmp_path / "a.rcc")
    assert "sounds/in.wav" in inside
    assert not any(".." in path for path in inside)


@pytest.mark.parametrize("suffix", [".ocg", ".rcc", ".wz", ".cat", ".sf2", ".tgz"])
def test_a_damaged_archive_is_refused_in_a_sentence(tmp_path: Path, suffix: str) -> None:
    whole = {
        ".ocg": packed_group({"in.wav": SOUND}),
        ".rcc": qt_resources({"in.wav": (1, SOUND)}),
        ".wz": b"PK\3\4" + SOUND,
        ".cat": struct.pack("<II", 8, 99) + b"\1",
        ".sf2": soundfont({"in": (SOUND, 44_100)}),
        ".tgz": tarball({"in.wav": SOUND}),
    }[suffix]
    archive = tmp_path / f"a{suffix}"
    for content in (whole[: len(whole) // 2], b"nothing", b""):
        archive.write_bytes(content)
        with pytest.raises(AudioFileError, match=r"a\.\w+ is damaged .* run again"):
            found(archive)


def test_every_shorter_file_is_refused_or_read_and_never_fails_otherwise(tmp_path: Path) -> None:
    archive = tmp_path / "a.rcc"
    whole = qt_resources({"in.wav": (1, SOUND)})
    for end in range(0, len(whole), 7):
        archive.write_bytes(whole[:end])
        with pytest.raises(AudioFileError):
            found(archive)


def test_what_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_FILE_BYTES", 100)
    (tmp_path / "a.rcc").write_bytes(qt_resources({"in.wav": (1, bytes(1000))}))
    with zipfile.ZipFile(tmp_path / "a.wz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in.wav", bytes(1000))
    monkeypatch.setattr(archives, "MOST_BYTES", 3000)
    (tmp_path / "a.ocg").write_bytes(packed_group({"in.wav": bytes(9000)}))
    (tmp_path / "a.tgz").write_bytes(tarball({"unwanted.txt": bytes(9000), "in.wav": SOUND}))
    for suffix in ("rcc", "wz", "ocg", "tgz"):
        with pytest.raises(AudioFileError, match="leave it out"):
            found(tmp_path / f"a.{suffix}")


def test_folders_that_hold_each_other_end(tmp_path: Path) -> None:
    looped = bytearray(qt_resources({"in.wav": (0, SOUND)}))
    struct.pack_into(">I", looped, 24 + 22 + 10, 0)  # the folder's first child is the root
    (tmp_path / "a.rcc").write_bytes(looped)
    with pytest.raises(AudioFileError, match="without end"):
        found(tmp_path / "a.rcc")

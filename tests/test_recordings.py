"""Recordings as they come: every format, whatever mishap befell it, by every way in.

A recording has the right length within TOLERANCE, or is refused in one sentence.
"""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from foreign_sounds import (
    NOISE,
    RATE,
    SECONDS,
    chunk,
    encode,
    make_all,
    make_useless,
    samples,
    wave,
)
from sounding_stories import story_folder

from core import cli
from core.audio import ffmpeg
from core.audio.decode import decode_file
from core.audio.downmix import to_mono, to_stereo
from core.audio.joined import MOST_PARTS, joined_parts
from core.audiostory import AudioStory, build_audiostory
from core.commands import plan
from core.director.describe import embed_sound
from core.errors import AudioFileError
from core.export import ExportSettings, export, open_story, read_bundle
from core.profile import PROFILES, load_profile
from core.render.takes import use_recording
from core.story.library import Library
from core.story.recording import LIMITS, brought_to, read_recording, recording_file
from studio.sessions.session import Session
from studio.sound.files import playable_recording

TOLERANCE = 0.05


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """A folder of recordings, and the seconds that each lasts."""
    folder = tmp_path_factory.mktemp("sounds")
    return folder, make_all(folder)


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> AudioStory:
    """A tiny model with an ear; what it says means nothing."""
    file = tmp_path_factory.mktemp("profile") / "hearing.toml"
    text = (PROFILES / "tiny.toml").read_text()
    file.write_text(f'{text}\n[listener]\ntokens = 4\nwidth = 512\nencoder = "aisfx"\n')
    return build_audiostory(load_profile(str(file)), adapter=False)


def test_every_kind_of_recording_has_its_length(sounds: tuple[Path, dict[str, float]]) -> None:
    folder, lasting = sounds
    assert len(lasting) >= 60
    read = {name: read_recording(folder / name) for name in lasting}
    wrong = {n: r.seconds for n, r in read.items() if abs(r.seconds - lasting[n]) > TOLERANCE}
    assert not wrong
    silent = [n for n, r in read.items() if np.sqrt(np.mean(np.square(r.samples))) < 0.005]
    assert not silent
    told = {name for name, recording in read.items() if recording.notices}
    assert told == {
        "surround.wav", "surround.m4a", "joined.wav", "joined.flac", "joined rates.mp3",
        "chained rates.ogg", "chained kinds.ogg", "chained.opus",
    }  # fmt: skip


def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for name, said in make_useless(tmp_path).items():
        with pytest.raises(AudioFileError, match=said) as refused:
            read_recording(tmp_path / name)
        assert str(refused.value).count(".") - str(refused.value).count("0.05") == 1, name
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", Path("/dev/zero"), tmp_path):
        with pytest.raises(AudioFileError, match="choose"):
            read_recording(path)


def test_the_joined_parts_are_all_heard_and_in_order(tmp_path: Path) -> None:
    """A tone of 500 Hz, then one of 900, in files of other rates."""
    for place, (pitch, rate) in enumerate(((500, 44_100), (900, 22_050))):
        tone = f"-f lavfi -i sine=f={pitch}:r={rate}:d=1"
        encode(tmp_path / f"{place}.mp3", "-c:a libmp3lame", tone)
        encode(tmp_path / f"{place}.ogg", "-c:a libvorbis", tone)
        encode(tmp_path / f"{place}.wav", "", tone)
    for suffix in ("mp3", "ogg", "wav"):
        both = b"".join((tmp_path / f"{n}.{suffix}").read_bytes() for n in (0, 1))
        (tmp_path / f"both.{suffix}").write_bytes(both)
        recording = read_recording(tmp_path / f"both.{suffix}")
        assert recording.rate == 44_100
        (notice,) = recording.notices
        assert "2 recordings in one" in notice
        for begin, pitch in ((0.1, 500), (1.1, 900)):
            heard = recording.samples[0, round(begin * 44_100) :][: 4 * 8820]
            spectrum = np.abs(np.fft.rfft(heard))
            assert spectrum.argmax() * 44_100 / len(heard) == pytest.approx(pitch, abs=5), suffix


class TestLies:
    def test_an_mp3_of_20_kb_that_claims_60_hours_keeps_nothing_busy(self, tmp_path: Path) -> None:
        path = encode(tmp_path / "lie.mp3", "-c:a libmp3lame", NOISE)
        data = bytearray(path.read_bytes()[:12_000])
        mark = max(data.find(b"Xing"), data.find(b"Info"))
        data[mark + 8 : mark + 12] = struct.pack(">I", 9_600_000_000 // 1152)
        path.write_bytes(data)
        began = time.process_time()
        recording = read_recording(path)
        assert time.process_time() - began < 1.0
        assert 0.5 < recording.seconds < SECONDS
        assert "lasts 3628 minutes" in recording.notices[0]

    def test_a_wav_that_was_cut_off_says_so(self, tmp_path: Path) -> None:
        whole = wave(chunk(b"data", samples()))
        (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
        recording = read_recording(tmp_path / "cut.wav")
        assert recording.seconds == pytest.approx(SECONDS / 2, abs=TOLERANCE)
        assert "lasts 1.5 s, but only 0.7 s" in recording.notices[0]

    def test_sound_that_the_header_does_not_count_is_mentioned(self, tmp_path: Path) -> None:
        data = samples()
        (tmp_path / "a.wav").write_bytes(wave(chunk(b"data", data, len(data) // 3)))
        recording = read_recording(tmp_path / "a.wav")
        assert recording.seconds == pytest.approx(SECONDS / 3, abs=TOLERANCE)
        assert "header does not speak of" in recording.notices[0]

    def test_a_damaged_flac_is_read_as_far_as_it_goes(self, tmp_path: Path) -> None:
        encode(tmp_path / "a.flac", "-c:a flac", NOISE)
        data = (tmp_path / "a.flac").read_bytes()
        (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
        recording = read_recording(tmp_path / "a.flac")
        assert 0.4 < recording.seconds < 1.0
        assert "only" in recording.notices[0]

    def test_a_flac_that_promises_hours_is_read_and_not_believed(self, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "a.flac", np.full(RATE, 0.1), RATE)
        data = bytearray((tmp_path / "a.flac").read_bytes())
        data[21:26] = bytes([data[21] & 0xF0, 0x7F, 0xFF, 0xFF, 0xFF])
        (tmp_path / "a.flac").write_bytes(data)
        assert soundfile.info(tmp_path / "a.flac").frames > 1e9
        assert read_recording(tmp_path / "a.flac").seconds == pytest.approx(1.0)

    def test_decoding_ends_with_its_time(self, tmp_path: Path) -> None:
        path = encode(tmp_path / "a.mp3", "-c:a libmp3lame", NOISE.replace("d=1.5", "d=120"))
        began = time.monotonic()
        with pytest.raises(AudioFileError, match="could not be decoded"):
            ffmpeg.run_ffmpeg(ffmpeg.find_ffmpeg(), path, None, LIMITS.samples, 0.01)
        assert time.monotonic() - began < 5.0

    def test_decoding_ends_at_the_most_samples(self, tmp_path: Path) -> None:
        path = encode(tmp_path / "a.mp3", "-c:a libmp3lame", NOISE)
        few = replace(LIMITS, samples=10_000)
        with pytest.raises(AudioFileError, match="holds more than"):
            decode_file(path, few)
        with pytest.raises(AudioFileError, match="longer than 1 s"):
            decode_file(path, replace(LIMITS, seconds=1.0))

    def test_a_file_of_very_many_parts_is_decoded_in_one_go(self) -> None:
        page = b"OggS\0\x02" + bytes(20) + b"\x01\x05hello"
        other = b"OggS\0\x00" + bytes(20) + b"\x01\x05hello"
        assert len(joined_parts((page + other) * 3)) == 3
        assert joined_parts((page + other) * 1000) == [(0, 1000 * len(page + other))]
        assert len(joined_parts(page + page + other)) == 1

    @pytest.mark.parametrize(
        "mark", [b"OggS\0\x02", b"RIFF....WAVE", b"fLaC\0\0\0\x22", b"ID3\x03\0\0\0\0\0\0"]
    )
    def test_a_file_of_nothing_but_beginnings_is_not_looked_at_for_long(self, mark: bytes) -> None:
        data = mark * (20_000_000 // len(mark)) + b"\xff\xfb\x90\x40" + bytes(17) + b"Info"
        tracemalloc.start()
        began = time.process_time()
        assert len(joined_parts(data)) <= MOST_PARTS
        assert time.process_time() - began < 0.5
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()


class TestChannels:
    def test_inverted_channels_do_not_cancel(self, tmp_path: Path) -> None:
        sound = 0.3 * np.random.default_rng(0).standard_normal(RATE)
        for other in (-sound, -0.8 * sound):
            soundfile.write(tmp_path / "x.wav", np.stack([sound, other], 1), RATE)
            recording = read_recording(tmp_path / "x.wav")
            mono = brought_to(recording.samples, RATE, RATE, 1)[0]
            assert np.corrcoef(mono, sound)[0, 1] ** 2 > 0.99
            assert np.std(mono) > 0.8 * np.std(recording.samples[0])
            assert "out of phase" in recording.notices[0]

    def test_half_of_a_recording_inverted_is_heard_whole(self) -> None:
        sound = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
        half = np.where(np.arange(RATE) < RATE // 2, sound, -sound)
        mono = to_mono(np.stack([sound, half]))[0]
        assert min(np.std(mono[: RATE // 2]), np.std(mono[RATE // 2 :])) > 0.9

    def test_what_does_not_cancel_is_the_mean(self) -> None:
        random = np.random.default_rng(0).standard_normal((6, RATE)).astype(np.float32)
        for sound in (random, random[:2], random[:1], np.stack([random[0], 0 * random[0]])):
            assert np.allclose(to_mono(sound)[0], sound.mean(0), atol=1e-5)

    @pytest.mark.parametrize("channels", range(1, 9))
    def test_every_channel_is_heard_in_stereo(self, channels: int) -> None:
        for place in range(channels):
            sound = np.zeros((channels, 100), dtype=np.float32)
            sound[place] = 0.5
            stereo = to_stereo(sound)
            assert stereo.shape == (2, 100)
            assert np.abs(stereo).max() > 0.3
            assert np.abs(stereo).max() <= 1.0

    def test_a_recording_above_full_scale_is_turned_down_and_says_so(self, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "x.wav", np.full(RATE, 4.0), RATE, "FLOAT")
        recording = read_recording(tmp_path / "x.wav")
        assert recording.samples.max() == pytest.approx(1.0)
        assert "12.0 dB above full scale" in recording.notices[0]


class TestWaysIn:
    """Describe, begin from, the story's zip, the page's upload, the command line."""

    def test_begun_from_and_bundled_every_recording_keeps_its_length(
        self, sounds: tuple[Path, dict[str, float]], tmp_path: Path
    ) -> None:
        folder, lasting = sounds
        home = Library(story_folder(tmp_path / "Harbour").parent).open("Harbour")
        told: list[str] = []
        starts = {
            name: use_recording(home, "e2", folder / name, 0.5, tell=told.append).start
            for name in lasting
        }
        assert any("only the beginning is used" in sentence for sentence in told)
        event = home.story.event("e2")
        assert event.take is not None
        begun = [
            replace(event.take, key=f"r{number}", start=start)
            for number, start in enumerate(starts.values())
        ]
        changed = replace(event, takes=(*event.takes, *begun))
        home.story.replace_event(changed).save(home.path / "story.json")
        settings = ExportSettings(bundle=True, format="flac")
        files = export(open_story(home.path), tmp_path / "out", settings).files
        there = tmp_path / "new" / "Harbour"
        read_bundle(next(path for path in files if path.suffix == ".zip"), there)
        for name, start in starts.items():
            assert start is not None
            kept = read_recording(recording_file(there, start.source))
            assert kept.seconds == pytest.approx(lasting[name], abs=TOLERANCE), name

    def test_what_cannot_be_begun_from_leaves_the_story_alone(self, tmp_path: Path) -> None:
        home = Library(story_folder(tmp_path / "Harbour").parent).open("Harbour")
        (tmp_path / "given").mkdir()
        for name, said in make_useless(tmp_path / "given").items():
            with pytest.raises(AudioFileError, match=said):
                use_recording(home, "e2", tmp_path / "given" / name, 0.5)
        assert not (home.path / "recordings").exists()

    def test_the_page_makes_any_recording_playable(
        self, sounds: tuple[Path, dict[str, float]], tmp_path: Path
    ) -> None:
        folder, _ = sounds
        session = Session(Library(tmp_path / "stories"), tmp_path / "served")
        told: list[str] = []
        for name in ("film.mp4", "old.wma", "apple.caf", "surround.m4a"):
            path = playable_recording(session, folder / name, told.append)
            assert path.is_relative_to(session.sounds)
            info = soundfile.info(path)
            assert (info.format, info.subtype) == ("FLAC", "PCM_24")
            assert info.duration == pytest.approx(SECONDS, abs=TOLERANCE)
        assert told == ["The recording's 6 channels are mixed down."]

    def test_described_a_recording_is_heard_or_refused_and_told_of(
        self,
        hearing: AudioStory,
        sounds: tuple[Path, dict[str, float]],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(plan, "load_model", lambda profile: hearing)
        monkeypatch.chdir(sounds[0])
        for name in ("voice memo.m4a", "film.mp4", "two\nlines.wav", "größe #1?%20.wav"):
            assert cli.main(["describe", name], serve=lambda _: None) == 0
            assert capsys.readouterr().err == ""
        assert cli.main(["describe", "--", "-dash.wav"], serve=lambda _: None) == 0
        soundfile.write(tmp_path / "long.wav", np.tile(np.hanning(8000), 32), 8000)
        assert cli.main(["describe", str(tmp_path / "long.wav")], serve=lambda _: None) == 0
        assert "Only the first 30 s of the recording's 32.0 s" in capsys.readouterr().err
        (tmp_path / "none.m4a").write_bytes(b"no sound")
        assert cli.main(["describe", str(tmp_path / "none.m4a")], serve=lambda _: None) == 1
        assert "not a sound file" in capsys.readouterr().err

    def test_an_inverted_channel_is_heard_as_the_sound_it_is(self, hearing: AudioStory) -> None:
        sound = 0.3 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
        alone, inverted = (torch.from_numpy(np.stack(s)) for s in ([sound], [sound, -sound]))
        assert torch.allclose(
            embed_sound(hearing, inverted, RATE), embed_sound(hearing, alone, RATE), atol=1e-4
        )


class TestWithoutFfmpeg:
    @pytest.fixture
    def nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(ffmpeg.CHOSEN, "/nonexistent/ffmpeg")

    @pytest.mark.usefixtures("nowhere")
    def test_plain_sound_is_read_and_the_rest_gets_a_sentence(
        self, sounds: tuple[Path, dict[str, float]]
    ) -> None:
        folder, _ = sounds
        for name in ("float.wav", "plain.flac", "length 0.wav", "aiff.aif", "samples.raw"):
            assert read_recording(folder / name).seconds == pytest.approx(SECONDS, abs=TOLERANCE)
        with pytest.raises(AudioFileError, match=r"Only WAV.*/nonexistent/ffmpeg.*unset"):
            read_recording(folder / "voice memo.m4a")

    def test_a_binary_that_cannot_run_is_as_good_as_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "ffmpeg").write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "ffmpeg").chmod(0o755)
        monkeypatch.setenv(ffmpeg.CHOSEN, str(tmp_path / "ffmpeg"))
        with pytest.raises(AudioFileError, match="cannot be run"):
            ffmpeg.find_ffmpeg()

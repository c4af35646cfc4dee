"""Spectrograms of takes: what sounds when and how high, in the page's colours, where a tab asks."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from studio_stories import RATE, long_story

from core.errors import AudioFileError
from core.story import timeline
from core.story.library import Library
from studio.sessions.session import Session
from studio.sound.files import mix_file
from studio.sound.spectrogram import (
    BANDS,
    DYNAMICS,
    HIGHEST,
    LOWEST,
    MAX_COLUMNS,
    MAX_MIX_COLUMNS,
    PER_SECOND,
    mix_spectrogram,
    picture,
    spectrogram,
    spectrogram_url,
    takes_of,
)


def row_of(hertz: float) -> float:
    return float(BANDS * np.log(hertz / LOWEST) / np.log(HIGHEST / LOWEST))


def write(folder: Path, sound: np.ndarray, rate: int = RATE) -> Path:
    file = folder / "take.flac"
    soundfile.write(file, sound, rate, subtype="PCM_24")
    return file


@pytest.mark.parametrize("rate", [16_000, RATE, 48_000])
def test_a_tone_is_a_line_at_its_frequency_from_its_moment_on(tmp_path: Path, rate: int) -> None:
    seconds = np.arange(12 * rate) / rate
    tone = 0.2 * np.sin(2 * np.pi * np.where(seconds < 6, 440.0, 3000.0) * seconds)
    tone[: 2 * rate] = 0.0
    heights = spectrogram(write(tmp_path, tone, rate))
    assert heights.shape[1] == pytest.approx(12 * PER_SECOND, abs=2)
    highest = min(HIGHEST, rate / 2)
    for hertz, column in ((440.0, 4), (3000.0, 9), (3000.0, 11)):
        row = BANDS * np.log(hertz / LOWEST) / np.log(highest / LOWEST)
        assert heights[:, column * PER_SECOND].argmax() == pytest.approx(row, abs=1.5)
    assert not heights[:, : int(1.9 * PER_SECOND)].any()
    assert heights[:, int(2.1 * PER_SECOND)].max() > 0.9


def test_levels_are_decibels_below_the_loudest(tmp_path: Path) -> None:
    seconds = np.arange(2 * RATE) / RATE
    tone = np.where(seconds < 1, 0.5, 0.5 * 10 ** (-35 / 20)) * np.sin(2 * np.pi * 1000 * seconds)
    heights = spectrogram(write(tmp_path, np.stack([tone, tone], axis=1)))
    loud, soft = heights[:, PER_SECOND // 2].max(), heights[:, 3 * PER_SECOND // 2].max()
    assert DYNAMICS * (loud - soft) == pytest.approx(35, abs=0.5)


def test_short_silent_long_and_damaged_takes(tmp_path: Path) -> None:
    click = spectrogram(write(tmp_path, np.eye(1, 40)[0]))
    assert click.shape == (BANDS, 1)
    assert click.max() == 1.0
    assert not spectrogram(write(tmp_path, np.zeros(RATE))).any()
    assert spectrogram(write(tmp_path, np.ones(1200 * 4000), 4000)).shape == (BANDS, MAX_COLUMNS)
    (tmp_path / "take.flac").write_bytes(b"no sound")
    with pytest.raises(AudioFileError, match="cannot be read"):
        spectrogram(tmp_path / "take.flac")


def test_pictures_go_from_the_surface_to_what_stands_out_of_it_with_low_tones_below() -> None:
    heights = np.zeros((BANDS, 5), np.float32)
    heights[0] = 1.0
    for light, brighter in (("dark", True), ("light", False)):
        image = Image.open(io.BytesIO(picture(heights, light))).convert("L")
        assert image.size == (5, BANDS)
        top, bottom = image.getpixel((0, 0)), image.getpixel((0, BANDS - 1))
        assert isinstance(top, int)
        assert isinstance(bottom, int)
        assert (bottom > top + 100) if brighter else (bottom < top - 100)


def test_a_tab_gets_each_takes_picture_once_for_each_light(tmp_path: Path) -> None:
    folder = long_story(tmp_path / "stories", "Seen", 4, 40.0)
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    session = Session(Library(tmp_path / "stories"), sounds)
    session.show(folder)
    (take,) = takes_of(session, ["k0", "gone"])
    address = spectrogram_url(session, take, "dark")
    made = sounds / "k0-dark.png"
    assert made.as_posix() in address
    stamp = made.stat().st_mtime_ns
    assert spectrogram_url(session, take, "dark") == address
    assert made.stat().st_mtime_ns == stamp
    assert spectrogram_url(session, take, "light") != address
    folder.take_file(take).unlink()
    assert spectrogram_url(session, take, "dark") == ""


def test_the_spectrogram_of_a_mix_is_made_once_and_given_up_when_the_story_changes(
    tmp_path: Path,
) -> None:
    library = Library(tmp_path / "stories")
    folder = long_story(library.root, "Waves", events=2, total=60.0)
    session = Session(library, tmp_path / "served")
    session.show(folder)
    assert mix_spectrogram(session, "dark") is None, "there is no mix yet"

    sound = mix_file(session, RATE)
    assert sound is not None
    made = mix_spectrogram(session, "dark")
    assert made is not None
    assert (made.title, made.seconds) == ("Waves", 60.0)
    assert (made.lowest, made.highest) == (LOWEST, HIGHEST)
    file = sound.with_name("spectrum-dark.png")
    image = Image.open(file)
    assert image.size == (pytest.approx(60 * PER_SECOND, abs=2), BANDS)
    before = file.stat().st_mtime_ns
    assert mix_spectrogram(session, "dark") == made
    assert file.stat().st_mtime_ns == before

    folder.edit("gain", lambda story: timeline.change(story, "e0", gain_db=-20.0))
    assert mix_spectrogram(session, "light") is None, "it would be of a mix that is no more"
    assert not sound.with_name("spectrum-light.png").exists()
    session.show(long_story(library.root, "Others", events=2, total=60.0))
    assert mix_spectrogram(session, "dark") is None


def test_a_long_mix_has_as_many_columns_as_a_browser_draws(tmp_path: Path) -> None:
    rate = 4000
    long = write(tmp_path, np.zeros((MAX_MIX_COLUMNS // PER_SECOND + 60) * rate), rate)
    assert spectrogram(long, MAX_MIX_COLUMNS).shape == (BANDS, MAX_MIX_COLUMNS)

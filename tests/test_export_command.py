"""The command line of the export, and its speed and memory on a scaled-down long story."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import pytest
import soundfile
from sounding_stories import story_folder

from core.commands.export import add_arguments, run, settings_from
from core.evaluation.bench_export import measure_export
from core.export import PRESETS, ExportSettings


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_nothing_given_means_the_defaults() -> None:
    assert settings_from(parsed("story")) == ExportSettings()


def test_a_preset_holds_where_nothing_else_is_given() -> None:
    settings = settings_from(parsed("story", "--preset", "broadcast", "--loudness", "none"))
    assert settings.rate == PRESETS["broadcast"].rate
    assert settings.loudness is None
    assert settings_from(parsed("story", "--preset", "game")) == PRESETS["game"]


def test_every_setting_has_an_option() -> None:
    options = "--name x --format flac --rate 48000 --loudness -14 --ceiling -2 --curve linear"
    options += " --exact --stems events --stem-format wav24 --stem-start event --loop --markers"
    options += " --rpp --otio --aaf --zip --stem-name {index}"
    settings = settings_from(parsed("story", *options.split()))
    assert settings == ExportSettings(
        format="flac",
        rate=48_000,
        loudness=-14.0,
        ceiling_db=-2.0,
        curve="linear",
        exact=True,
        stems="events",
        stem_format="wav24",
        stem_start="event",
        loop=True,
        markers=("audacity", "csv", "json"),
        reaper=True,
        otio=True,
        aaf=True,
        bundle=True,
        name="x",
        stem_name="{index}",
    )


def test_the_example_of_the_issue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = story_folder(tmp_path / "story")
    line = f"{folder} --format wav24 --stems --rpp --otio --loudness -16"
    delivery = run(parsed(*line.split()))
    names = {path.name for path in delivery.files}
    assert {"story.wav", "story.rpp", "story.otio", "story.provenance.json"} <= names
    assert sum(name.endswith(".wav") for name in names) == 1 + 4 + 2
    assert soundfile.info(str(folder / "exports" / "story.wav")).subtype == "PCM_24"
    assert delivery.loudness.integrated == pytest.approx(-16.0, abs=0.1)
    assert "LUFS" in capsys.readouterr().out


def test_the_categories_of_stems_come_from_what_the_model_knows(tmp_path: Path) -> None:
    folder = story_folder(tmp_path / "story")
    files = run(parsed(str(folder), "--stems", "events", "--stem-name", "{ucs}_{index}")).files
    stems = [path.stem for path in files if path.suffix == ".wav"][1:]
    assert stems[0] == "RAIN_01"  # "rain, 'tin' \"roof\""


@pytest.mark.skipif(importlib.util.find_spec("resource") is None, reason="needs getrusage")
def test_a_long_story_with_stems_in_bounded_memory(tmp_path: Path) -> None:
    """Three minutes of twenty events: the memory is that of the program, not of the sound.

    `python -m core.evaluation.bench_export` measures half an hour of 200 events.
    """
    result = measure_export(tmp_path, seconds=180.0, events=20, loudness=-16.0)
    assert result["peak_mib"] < 300
    assert result["times_real_time_two_free_cores"] > 15

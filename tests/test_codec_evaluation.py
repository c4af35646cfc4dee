"""Evaluation of codecs: what its measures tell apart, and what the command prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfilt

from core.codec.crossover import CODEC_RATE
from core.corpus.recordings import Waveform
from core.errors import AudioFileError
from core.evaluation import codec as evaluation
from core.evaluation.codec_fidelity import envelope_correlation, log_spectral_distance
from core.evaluation.codec_probes import CODEC_PROBES, attack_ms, clicks, crest_db, flutter_db
from core.listener.nearest import FEWEST_RECORDINGS
from core.profile import ASSETS


def noise(seed: int, seconds: float = 2.0) -> Waveform:
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * CODEC_RATE))
    return (0.1 * drawn).astype(np.float32)


def bursts(seed: int) -> Waveform:
    times = np.arange(2 * CODEC_RATE) / CODEC_RATE
    return np.float32(np.exp(-12 * (times % 0.4))) * noise(seed)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("click attack", 0.75),
        ("noise modulated at 70 Hz", -3.2),
        ("noise modulated at 30 Hz", -3.1),
        ("flutter of 440 Hz", 0.2),
        ("level of 3 kHz", -15.05),
    ],
)
def test_probes_measure_what_they_were_made_with(name: str, number: float) -> None:
    probe = next(probe for probe in CODEC_PROBES if probe.name == name)
    measured = probe.measure(probe.make(CODEC_RATE), CODEC_RATE)
    assert measured == pytest.approx(number, abs=0.15)


def test_a_blurred_click_rises_later_and_a_wavering_tone_flutters() -> None:
    slow = sosfilt(butter(2, 60.0, fs=CODEC_RATE, output="sos"), clicks(CODEC_RATE))
    assert attack_ms(np.asarray(slow, np.float32), CODEC_RATE) > 2.0
    times = np.arange(2 * CODEC_RATE) / CODEC_RATE
    tone = np.sin(2 * np.pi * 440 * times) * 10 ** (3 * np.sin(2 * np.pi * 5 * times) / 20)
    assert flutter_db(np.asarray(tone, np.float32), CODEC_RATE) == pytest.approx(6.0, abs=0.5)


def test_the_crest_of_a_sine_is_three_decibels() -> None:
    sine = np.sin(np.arange(44_100) * 0.1).astype(np.float32)
    assert crest_db(sine, CODEC_RATE) == pytest.approx(3.01, abs=0.05)


def test_noise_drawn_anew_keeps_levels_but_not_its_envelopes() -> None:
    assert envelope_correlation(bursts(0), bursts(0), CODEC_RATE) == pytest.approx(1.0)
    assert envelope_correlation(bursts(0), bursts(1), CODEC_RATE) > 0.75
    assert abs(envelope_correlation(noise(0), noise(1), CODEC_RATE)) < 0.1
    assert log_spectral_distance(noise(0), noise(0), CODEC_RATE) == pytest.approx(0.0)
    assert 2.0 < log_spectral_distance(noise(0), noise(1), CODEC_RATE) < 3.0  # its least for noise


def test_the_spectral_distance_is_in_decibels() -> None:
    quieter = noise(0) * np.float32(10 ** (-6 / 20))
    assert log_spectral_distance(noise(0), quieter, CODEC_RATE) == pytest.approx(6.0, abs=0.1)


def corpus(folder: Path, split: str) -> Path:
    rows = []
    for name, kind, sound in (("rain", "texture", noise(0)), ("knock", "shot", bursts(1))):
        soundfile.write(folder / f"{name}.flac", sound, CODEC_RATE)
        rows.append(
            {
                "path": f"{name}.flac",
                "class": name,
                "kind": kind,
                "split": split,
                "sample_rate": CODEC_RATE,
            }
        )
    manifest = folder / "manifest.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in rows))
    return manifest


def test_the_command_prints_probes_and_held_out_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation.main(["--manifest", str(corpus(tmp_path, "test"))])
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["click attack, ms"] > 10.0  # the shipped codec's frame blurs it
    assert found["level of 3 kHz, dB"] < -25.0
    assert 0.05 < found["envelopes of textures, 6 ms"] < found["envelopes of hits, 6 ms"] <= 1.0
    assert 0.5 < found["log-spectral distance, dB"] < 5.0
    assert "ViSQOL" not in found


def test_the_command_tells_how_often_recordings_are_recognised_through_the_codec(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for name, make in (("rain", noise), ("knock", bursts)):
        for seed in range(FEWEST_RECORDINGS):
            soundfile.write(tmp_path / f"{name}{seed}.flac", make(seed), CODEC_RATE)
            row = {"path": f"{name}{seed}.flac", "class": name, "kind": "recorded"}
            rows.append(json.dumps(row | {"split": "test", "sample_rate": CODEC_RATE}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows))
    manifest = str(tmp_path / "manifest.jsonl")
    evaluation.main(["--manifest", manifest, "--recordings", "1", "--recognised"])
    printed = capsys.readouterr().out
    found = json.loads(printed.splitlines()[-1])
    assert found["recordings, top-1"] == 1.0
    assert 0.5 <= found["through the codec, top-1"] <= 1.0
    assert "through the codec" in printed
    assert printed.count("knock") == 2


def test_recordings_that_a_codec_was_fitted_on_are_not_measured(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="No held-out recording"):
        evaluation.main(["--manifest", str(corpus(tmp_path, "train"))])


def test_kind_and_file_of_a_codec_belong_together(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluation.main(["--file", str(ASSETS / "pocket" / "codec.safetensors")])
    assert "belong together" in capsys.readouterr().err

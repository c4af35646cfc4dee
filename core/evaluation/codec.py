"""`python app.py evaluate codec`: what a codec keeps of sounds, without any model.

    evaluate codec                                        probes through the shipped codec
    evaluate codec --manifest DIR/manifest.jsonl          and held-out recordings of a corpus
    evaluate codec --kind two-resolution --file FILE      another codec

Probes are made here (core/evaluation/codec_probes.py). Of recordings are measured the correlation
of envelopes in 6 ms (hits apart), the log-spectral distance in third octaves and 50 ms, and with
`--quality` ViSQOL's mark; `--recognised` prints how often they are recognised as what they are,
plain and through the codec, by class. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import soundfile
import torch

from core.codec.codec import Codec
from core.codec.kinds import CODECS, load_codec
from core.corpus.learnable import LEARNABLE
from core.corpus.recordings import Waveform
from core.errors import AudioFileError, ProfileError
from core.evaluation.audioset import AudioSetEmbedder
from core.evaluation.codec_fidelity import (
    envelope_correlation,
    listening_quality,
    log_spectral_distance,
)
from core.evaluation.codec_probes import CODEC_PROBES
from core.evaluation.recognise import Judge, held_out_recordings
from core.listener.aisfx import SoundEmbedder
from core.profile import load_profile

MOST_RECORDINGS = 60
JUDGED_AT_MOST = 3.0
"""Seconds of a recording."""
_LEVEL = 0.9
"""Peak of a recording, full scale 1."""
_SHORTEST_FOR_QUALITY = 2.0
"""Seconds that ViSQOL needs."""


@dataclass(frozen=True)
class HeldOut:
    """A recording that no codec was fitted on.

    Attributes:
        hit: it is one sound that begins and ends, not a texture.
        samples: (N,) at the codec's rate.
    """

    name: str
    hit: bool
    samples: Waveform


def main(argv: Sequence[str]) -> None:
    """Print a line a probe and a measure."""
    parser = argparse.ArgumentParser(prog="app.py evaluate codec", description=__doc__)
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--kind", choices=CODECS, help="of the codec in --file")
    parser.add_argument("--file", type=Path, help="weights of another codec")
    parser.add_argument("--manifest", type=Path, help="of a corpus, for held-out recordings")
    parser.add_argument("--recordings", type=int, default=MOST_RECORDINGS, help="at most")
    parser.add_argument("--quality", action="store_true", help="ViSQOL's mark, slow")
    parser.add_argument("--recognised", action="store_true", help="recognition by class, slow")
    about = "weights of an AudioSet network that judges recognition, in place of aisfx"
    parser.add_argument("--embedder", type=Path, help=about)
    given = parser.parse_args(argv)
    if (given.kind is None) != (given.file is None):
        parser.error("--kind and --file belong together: name both, or neither.")
    if given.file:
        codec = CODECS[given.kind](given.file)
    else:
        codec = load_codec(load_profile(given.profile).codec)
    found = probe_losses(codec)
    for name, (before, after) in found.items():
        print(f"{name:<28}{before:8.2f} before, {after:8.2f} after")
    told: dict[str, float] = {name: round(after, 2) for name, (_, after) in found.items()}
    if given.manifest:
        for name, value in recording_fidelity(
            codec, given.manifest, given.recordings, given.quality
        ).items():
            print(f"{name:<28}{value:8.3f}")
            told[name] = round(value, 3)
        if given.recognised:
            told |= recognition(codec, given.manifest, given.embedder)
    print(json.dumps(told))


def recognition(codec: Codec, manifest: Path, network: Path | None) -> dict[str, float]:
    """Top-1 shares of held-out recordings, plain and through the codec; the tables are printed.

    Raises:
        AudioFileError: the manifest lists no held-out recordings.
        WeightsError: the network's file is missing, or another one.
    """
    embedder = SoundEmbedder() if network is None else AudioSetEmbedder.load(network)
    judge = Judge.of_recordings(held_out_recordings(manifest), embedder, codec)
    tables = judge.recordings_table(), judge.codec_table()
    print(*tables, sep="\n\n")
    return {f"{table.title}, top-1": round(table.total.top_1, 4) for table in tables}


def coded_sound(codec: Codec, sound: Waveform, seed: int = 0) -> Waveform:
    """A mono sound (N,) coded and decoded."""
    if codec.audio_channels != 1:
        raise ProfileError("Only codecs of one channel are measured; name another profile.")
    latents = codec.encode(torch.from_numpy(sound)[None, None])
    decoded: Waveform = codec.decode(latents, seed)[0, 0, : len(sound)].numpy()
    return decoded


def probe_losses(codec: Codec) -> dict[str, tuple[float, float]]:
    """{probe: its number before and after the codec}."""
    found = {}
    for probe in CODEC_PROBES:
        sound = probe.make(codec.sample_rate)
        after = probe.measure(coded_sound(codec, sound), codec.sample_rate)
        found[f"{probe.name}, {probe.unit}"] = probe.measure(sound, codec.sample_rate), after
    return found


def recording_fidelity(codec: Codec, manifest: Path, most: int, quality: bool) -> dict[str, float]:
    """Means over held-out recordings of a corpus."""
    correlations: dict[bool, list[float]] = {True: [], False: []}
    distances, marks = [], []
    rate = codec.sample_rate
    for seed, recording in enumerate(held_out_clips(manifest, rate, most)):
        before, after = recording.samples, coded_sound(codec, recording.samples, seed)
        correlations[recording.hit].append(envelope_correlation(before, after, rate))
        distances.append(log_spectral_distance(before, after, rate))
        if quality and len(before) >= _SHORTEST_FOR_QUALITY * rate:
            marks.append(listening_quality(before, after, rate))
    found = {
        "envelopes of textures, 6 ms": correlations[False],
        "envelopes of hits, 6 ms": correlations[True],
        "log-spectral distance, dB": distances,
        "ViSQOL": marks,
    }
    return {name: fmean(values) for name, values in found.items() if values}


def held_out_clips(manifest: Path, rate: int, most: int) -> Iterator[HeldOut]:
    """Held-out recordings of full bandwidth, one of each class in turn.

    Raises:
        AudioFileError: the manifest lists none.
    """
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines() if line]
    by_class: dict[str, list[dict[str, str]]] = {}
    for row in sorted(rows, key=lambda row: str(row["path"])):
        if row["split"] != "train" and row["sample_rate"] >= rate:
            by_class.setdefault(row["class"], []).append(row)
    if not by_class:
        raise AudioFileError(f"No held-out recording in {manifest}: build the corpus first.")
    longest = max(len(of_class) for of_class in by_class.values())
    in_turn = [c[turn] for turn in range(longest) for c in by_class.values() if turn < len(c)]
    for row in in_turn[:most]:
        sound, _ = soundfile.read(
            manifest.parent / row["path"],
            frames=round(JUDGED_AT_MOST * rate),
            dtype="float32",
            always_2d=True,
        )
        mono = sound.mean(axis=1)
        peak = max(float(np.abs(mono).max()), 1e-9)
        hit = LEARNABLE[row["class"]].kind != "texture"
        yield HeldOut(row["path"], hit, np.float32(_LEVEL / peak) * mono)

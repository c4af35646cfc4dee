"""`python app.py evaluate sounds`: are clips of the candidate kinds what their names say?

Nothing is rendered: the clips are those that a performer is to learn. Of each kind with a recipe

- Wordings: how many its table holds.
- Recordings: how many the packages of core/corpus/candidate_packages.toml hold of it.
- Nearest: how often a clip lies nearest to the clips of its own kind, by the aisfx embedding, where
  half of the seeds make the kinds' means and the other half is judged.
- Heard: how often AudioSet's class for the kind, or one of its kind, is among the five likeliest of
  YAMNet (`--network FILE`; see core/evaluation/audioset_tags.py). Kinds that it has no name for are
  not judged so.
- Speed: seconds of sound made in a second of one core.

With `--sheets DIR` nothing is judged: a clip of each kind is drawn beside a recording
(core/evaluation/sound_sheets.py).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch

from core.corpus.candidate_recordings import read_recordings, recordings_by_kind
from core.corpus.candidates import CandidateKind, read_candidates
from core.corpus.recordings import SAMPLE_RATE, Waveform, decode
from core.corpus.synthesis.candidates import CANDIDATE_RECIPES
from core.evaluation.audioset_tags import AudioSetTagger, heard_as
from core.evaluation.sound_sheets import draw_sheets
from core.files import write_atomically
from core.listener.aisfx import SoundEmbedder
from core.listener.nearest import JUDGED_SECONDS, centroids, nearest_classes

CLIPS = 6
"""Of each kind, an even number: half of them make the mean of the kind."""
SHORTEST_CLIP = 2.0
"""Seconds: a shot has silence around it."""

Clips = dict[str, list[Waveform]]


@dataclass(frozen=True)
class KindFigures:
    """What was found of one kind.

    Attributes:
        recordings: in the list of core/corpus/candidate_recordings.py.
        nearest: share of its judged clips that lie nearest to their own kind.
        heard: share of its clips that are heard as it; None: not judged.
        classes: what its clips are heard as instead, likeliest first, where they are not.
        speed: seconds of sound a second.
    """

    name: str
    wordings: int
    recordings: int
    nearest: float
    heard: float | None
    classes: tuple[str, ...]
    speed: float


def main(argv: Sequence[str]) -> None:
    """Print a line a kind; the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="app.py evaluate sounds", description=__doc__)
    parser.add_argument("--network", type=Path, help="YAMNet, a TensorFlow Lite file")
    parser.add_argument("--kinds", nargs="+", help="these kinds alone (nearest among themselves)")
    parser.add_argument("--clips", type=int, default=CLIPS, help="of each kind")
    parser.add_argument("--out", type=Path, help="write the figures of each kind here")
    parser.add_argument("--sheets", type=Path, help="draw them into this folder instead")
    parser.add_argument("--recordings", type=Path, help="folder of clips by kind, for the sheets")
    given = parser.parse_args(argv)
    if given.sheets:
        for sheet in candidate_sheets(given.kinds, given.sheets, given.recordings):
            print(sheet)
        return
    tagger = AudioSetTagger(given.network) if given.network else None
    figures = kind_figures(given.kinds, given.clips, tagger)
    for row in figures:
        print(kind_line(row))
    if given.out:
        found = summary(figures) | {"kinds of sound": [_row(row) for row in figures]}
        write_atomically(given.out, (json.dumps(found, indent=1) + "\n").encode())
    print(json.dumps(summary(figures)))


def kind_line(figures: KindFigures) -> str:
    """The figures of a kind in a line."""
    heard = "    -" if figures.heard is None else f"{100 * figures.heard:5.0f}"
    instead = f"  {', '.join(figures.classes)}" if figures.classes else ""
    return (
        f"{figures.name:<18}{figures.wordings:>5} wordings, {figures.recordings:>3} recordings, "
        f"nearest {100 * figures.nearest:4.0f} %, heard {heard} %, {figures.speed:5.0f} x{instead}"
    )


def _row(figures: KindFigures) -> dict[str, str | float]:
    """As it is kept, for a table of text and numbers."""
    heard = "not judged" if figures.heard is None else figures.heard
    return vars(figures) | {"heard": heard, "classes": ", ".join(figures.classes)}


def kind_figures(
    names: Sequence[str] | None = None,
    count: int = CLIPS,
    tagger: AudioSetTagger | None = None,
) -> list[KindFigures]:
    """The figures of the kinds that have a recipe, in the order of their tables."""
    kinds = _kinds(names)
    clips: Clips = {}
    speeds: dict[str, float] = {}
    for kind in kinds:
        clips[kind.name], speeds[kind.name] = candidate_clips(kind, count)
    near = nearest_shares(clips)
    recordings = recordings_by_kind(read_recordings())
    return [
        KindFigures(
            kind.name,
            len(kind.words),
            len(recordings.get(kind.name, ())),
            round(near[kind.name], 3),
            *_heard(kind, clips[kind.name], tagger),
            round(speeds[kind.name]),
        )
        for kind in kinds
    ]


def candidate_sheets(
    names: Sequence[str] | None, folder: Path, recordings: Path | None
) -> list[Path]:
    """Draw a clip of each kind beside the longest recording that there is, a family a sheet.

    Args:
        recordings: folder with the clips of each kind in a folder of its name
            (core/corpus/candidate_recordings.py).
    """
    kinds = _kinds(names)
    made = {kind.name: candidate_clips(kind, 1)[0][0] for kind in kinds}
    recorded = longest_recordings(recordings) if recordings else {}
    return draw_sheets(kinds, made, recorded, folder)


def longest_recordings(folder: Path) -> dict[str, Waveform]:
    """The longest clip in each folder that is named by a kind, decoded."""
    found: dict[str, Path] = {}
    for clip in sorted(folder.glob("*/*.flac"), key=lambda file: file.stat().st_size):
        found[clip.parent.name] = clip
    return {kind: decode(clip)[0] for kind, clip in found.items()}


def _kinds(names: Sequence[str] | None) -> list[CandidateKind]:
    """Those of these names, or all, that have a recipe."""
    return [
        kind
        for kind in read_candidates()
        if kind.name in CANDIDATE_RECIPES and (not names or kind.name in names)
    ]


def candidate_clips(kind: CandidateKind, count: int) -> tuple[list[Waveform], float]:
    """Clips of a kind with the seeds 0, 1, …, of natural lengths, and how fast they were made."""
    lengths = Random(kind.name)
    low, high = (min(max(s, SHORTEST_CLIP), JUDGED_SECONDS) for s in kind.seconds)
    made, seconds, began = [], 0.0, time.process_time()
    for seed in range(count):
        length = lengths.uniform(low, high)
        clip = CANDIDATE_RECIPES[kind.name](length, np.random.default_rng(seed))
        made.append(clip.samples)
        seconds += length
    return made, seconds / (time.process_time() - began)


def nearest_shares(clips: Mapping[str, Sequence[Waveform]]) -> dict[str, float]:
    """How often clips of odd seeds lie nearest to their own kind's clips of even seeds."""
    embedder = SoundEmbedder()
    heard = {
        name: torch.stack([embedder.embed(torch.from_numpy(clip)) for clip in own])
        for name, own in clips.items()
    }
    if len(heard) < 2:
        return dict.fromkeys(heard, 1.0)
    labels = [name for name, rows in heard.items() for _ in rows[::2]]
    means = centroids(torch.cat([rows[::2] for rows in heard.values()]), labels)
    return {
        name: float(np.mean([nearest_classes(row, means)[0] == name for row in rows[1::2]]))
        for name, rows in heard.items()
    }


def _heard(
    kind: CandidateKind, clips: Sequence[Waveform], tagger: AudioSetTagger | None
) -> tuple[float | None, tuple[str, ...]]:
    """How often it is heard as what it is, and what else a clip that is not is heard as."""
    if tagger is None or not kind.audioset or not tagger.judges(kind.audioset):
        return None, ()
    found = [tagger.classes(clip, SAMPLE_RATE) for clip in clips]
    right = [heard_as(kind.audioset, classes) for classes in found]
    wrong = next((tuple(c) for c, hit in zip(found, right, strict=True) if not hit), ())
    return round(sum(right) / len(right), 3), wrong


ENOUGH_HEARD = 0.6
"""Share of its clips from which a kind counts as heard."""


def summary(figures: Sequence[KindFigures]) -> dict[str, float]:
    """Over all kinds: how many, how near, and the share of the judged ones that are heard."""
    judged = [row.heard for row in figures if row.heard is not None]
    found: dict[str, float] = {
        "kinds": len(figures),
        "kinds_with_recordings": sum(row.recordings > 0 for row in figures),
        "nearest": round(float(np.mean([row.nearest for row in figures])), 4),
        "slowest": min(row.speed for row in figures),
    }
    if judged:
        found["judged"] = len(judged)
        found["heard"] = round(float(np.mean(judged)), 4)
        found["kinds_heard"] = round(float(np.mean([h >= ENOUGH_HEARD for h in judged])), 4)
    return found

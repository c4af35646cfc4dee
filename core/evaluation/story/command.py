"""`python app.py evaluate story`: systems of the paper's main table, judged on long briefs.

    evaluate story [--systems ours cascade oracle whole] [--folder NAME=DIR]
    evaluate story --manifest CORPUS/manifest.jsonl --corruptions 100

A system whose weights or files are not here has a row that says so; random weights never make one.
With a manifest the recordings are a row too, and `--corruptions` tests the judge itself: each
planned fault has to make its figure worse. Published systems that write a folder of WAV files, each
named after its brief (`--list` prints them), are judged with `--folder`.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import torch

from core.audiostory import load_audiostory
from core.errors import AudioFileError, StudioError, WeightsError
from core.evaluation.distance import Distance, frechet, kernel_distance, median_distance
from core.evaluation.recognise import Judge, held_out_recordings
from core.evaluation.story.brief import STORY_BRIEFS, StoryBrief, read_story_briefs
from core.evaluation.story.corruptions import judged_corruptions, judged_recordings
from core.evaluation.story.following import excerpt, hearing_windows
from core.evaluation.story.judge import StoryJudge, StoryVerdict
from core.evaluation.story.systems import (
    MODEL_SYSTEMS,
    System,
    folder_system,
    model_system,
    recordings_system,
)
from core.evaluation.tagger import Tagger
from core.listener.aisfx import AISFX_RATE, SoundEmbedder
from core.profile import ASSETS, load_profile

_HELD_OUT = ASSETS / "evaluation" / "held_out.safetensors"
_TAGGER = ASSETS / "evaluation" / "tagger-aisfx.safetensors"


@dataclass(frozen=True)
class SystemRow:
    """A row of the table.

    Attributes:
        stories: briefs of which the system made a story.
        refused: briefs that it could not plan or perform.
        figures: means over the stories in which the figure is a number.
        distance: of 4 s windows of the stories from the held-out recordings.
        longest: seconds of its longest story.
    """

    stories: int
    refused: int
    figures: Mapping[str, float]
    distance: Distance
    longest: float


def main(argv: Sequence[str]) -> None:
    """Judge the systems that the command line names, or the judge itself."""
    arguments = _parser().parse_args(argv)
    recordings = Judge.load(_HELD_OUT, SoundEmbedder())
    judge = StoryJudge(recordings, tagger := Tagger.load(_TAGGER))
    by_kind = None
    if arguments.manifest is not None:
        by_kind = judged_recordings(held_out_recordings(arguments.manifest), tagger.names)
    if arguments.corruptions:
        if by_kind is None:
            raise AudioFileError("Faults are done to recordings; name them with --manifest.")
        shares = judged_corruptions(judge, by_kind, arguments.corruptions, _say)
        print(json.dumps({"pairs": arguments.corruptions, "worse": shares}))
        return
    briefs = read_story_briefs(arguments.briefs)[: arguments.limit]
    if arguments.list:
        print("\n".join(f"{b.name}  {b.seconds:g} s  {b.text}" for b in briefs))
        return
    systems: dict[str, System] = {}
    if by_kind is not None:
        systems["recordings"] = recordings_system(by_kind)
    systems |= _of_model(arguments)
    for given in arguments.folder:
        name, _, folder = given.partition("=")
        systems[name] = folder_system(Path(folder))
    rows = {
        name: judge_system(system, briefs, judge, recordings) for name, system in systems.items()
    }
    print(json.dumps({name: _as_json(row) for name, row in rows.items()}))


def judge_system(
    system: System, briefs: Sequence[StoryBrief], judge: StoryJudge, recordings: Judge
) -> SystemRow | None:
    """The row of a system; None where it made no story at all."""
    verdicts: list[StoryVerdict] = []
    windows: list[torch.Tensor] = []
    longest = 0.0
    for brief in briefs:
        try:
            story = system(brief)
        except StudioError as error:
            _say(f"{brief.name}: {error}")
            continue
        verdicts.append(judge.judge(brief, story))
        seconds = len(story.sound) / AISFX_RATE
        longest = max(longest, seconds)
        windows += [judge.embed(excerpt(story.sound, *w)) for w in hearing_windows(seconds)]
        _say(f"{brief.name}: {_line(verdicts[-1].figures())}")
    if not verdicts:
        return None
    names = verdicts[0].figures()
    figures = {name: _mean([v.figures()[name] for v in verdicts]) for name in names}
    distance = _distance(torch.stack(windows), recordings.plain)
    return SystemRow(len(verdicts), len(briefs) - len(verdicts), figures, distance, longest)


def _of_model(arguments: argparse.Namespace) -> dict[str, System]:
    """The systems of a profile; none, and a line that says why, where its weights are not here."""
    if not arguments.systems:
        return {}
    try:
        model = load_audiostory(load_profile(arguments.profile))
    except WeightsError as error:
        _say(f"{arguments.profile}: not run here. {error}")
        return {}
    return {
        f"{kind} ({arguments.profile})": model_system(kind, model, model.profile.final)
        for kind in arguments.systems
    }


def _distance(windows: torch.Tensor, recordings: torch.Tensor) -> Distance:
    first = torch.nn.functional.normalize(recordings, dim=1)
    second = torch.nn.functional.normalize(windows, dim=1)
    kernel = (
        kernel_distance(first, second, median_distance(first)) if len(second) > 1 else float("nan")
    )
    return Distance(frechet(first, second) if len(second) > 1 else float("nan"), kernel)


def _as_json(row: SystemRow | None) -> object:
    if row is None:
        return "no story was made"
    rounded = {name: round(value, 4) for name, value in row.figures.items() if not isnan(value)}
    distance = {name: round(value, 4) for name, value in vars(row.distance).items()}
    counts = {"stories": row.stories, "refused": row.refused, "longest": round(row.longest, 2)}
    return counts | rounded | distance


def _mean(values: Sequence[float]) -> float:
    numbers = [value for value in values if not isnan(value)]
    return sum(numbers) / len(numbers) if numbers else float("nan")


def _line(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in figures.items() if not isnan(value))


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py evaluate story", description=__doc__)
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--systems", nargs="*", choices=MODEL_SYSTEMS, default=list(MODEL_SYSTEMS))
    parser.add_argument(
        "--folder", action="append", default=[], metavar="NAME=DIR", help="another system's sounds"
    )
    parser.add_argument("--briefs", type=Path, default=STORY_BRIEFS, help="others than ours")
    parser.add_argument("--limit", type=int, help="so many briefs alone")
    parser.add_argument("--list", action="store_true", help="print the briefs and their names")
    parser.add_argument("--manifest", type=Path, help="the corpus, for the recordings")
    parser.add_argument(
        "--corruptions", type=int, default=0, metavar="PAIRS", help="test the judge"
    )
    return parser

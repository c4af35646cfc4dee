"""`python app.py evaluate story`: systems of the paper's main table, judged on long briefs.

    evaluate story [--profile NAME …] [--systems ours cascade oracle whole] [--folder NAME=DIR]
    evaluate story --manifest CORPUS/manifest.jsonl --corruptions 100

Beside our model stand the performers that are registered here (`app.py performer add`), and the
paper's baselines. A system whose weights or files are not here has a row that says so; random
weights never make one.
With a manifest the recordings are a row too, and `--corruptions` tests the judge itself: each
planned fault has to make its figure worse. Published systems that write a folder of WAV files, each
named after its brief (`--list` prints them), are judged with `--folder`.

`--clap DIR` adds the CLAP score by a model in a folder, `--language-judge URL --judge-model NAME`
the marks of a language model, of the sound with `--judge-hears`, else of the events as played.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.audiostory import AudioStory, load_audiostory
from core.errors import AudioFileError, ProfileError, WeightsError
from core.evaluation.recognise import Judge, held_out_recordings
from core.evaluation.story.brief import STORY_BRIEFS, read_story_briefs
from core.evaluation.story.corruptions import judged_corruptions, judged_recordings
from core.evaluation.story.judge import StoryJudge
from core.evaluation.story.language_judge import LanguageJudge
from core.evaluation.story.systems import (
    MODEL_SYSTEMS,
    PAPER_BASELINES,
    PERFORMER_SYSTEMS,
    System,
    folder_system,
    model_system,
    performer_system,
    recordings_system,
)
from core.evaluation.story.table import judge_system, row_as_json
from core.evaluation.tagger import Tagger
from core.library.excerpt import LIBRARY
from core.listener.aisfx import SoundEmbedder
from core.performers import performers_here
from core.profile import ASSETS, load_profile
from core.render.performers import Performers

if TYPE_CHECKING:
    from core.evaluation.story.clap import ClapScore

_HELD_OUT = ASSETS / "evaluation" / "held_out.safetensors"
_TAGGER = ASSETS / "evaluation" / "tagger-aisfx.safetensors"


def main(argv: Sequence[str]) -> None:
    """Judge the systems that the command line names, or the judge itself."""
    arguments = _parser().parse_args(argv)
    recordings = Judge.load(_HELD_OUT, SoundEmbedder())
    tagger = Tagger.load(_TAGGER)
    judge = StoryJudge(recordings, tagger, _clap(arguments.clap))
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
    language = _language_judge(arguments)
    systems: dict[str, System | str] = {}
    if by_kind is not None:
        systems["recordings"] = recordings_system(by_kind)
    systems |= _systems(arguments)
    for given in arguments.folder:
        name, _, folder = given.partition("=")
        systems[name] = folder_system(Path(folder))
    rows = {
        name: system
        if isinstance(system, str)
        else judge_system(system, briefs, judge, recordings, _say, language)
        for name, system in systems.items()
    }
    print(json.dumps({name: row_as_json(row) for name, row in rows.items()}))


def _systems(arguments: argparse.Namespace) -> dict[str, System | str]:
    """The systems of each profile and of the registered performers, or why they cannot be run."""
    systems: dict[str, System | str] = {}
    planner: AudioStory | None = None
    for profile in arguments.profile if arguments.systems else ():
        try:
            model = load_audiostory(load_profile(profile))
        except (WeightsError, ProfileError) as error:
            why = f"not run here: {error}"
            systems |= {f"{kind} ({profile})": why for kind in arguments.systems}
            continue
        planner = planner or model
        for kind in arguments.systems:
            systems[f"{kind} ({profile})"] = model_system(kind, model, model.profile.final)
    if planner is not None:
        systems |= _of_performers(planner, performers_here(planner.profile), arguments.systems)
    return systems


def _of_performers(
    planner: AudioStory, performers: Performers, kinds: Sequence[str]
) -> dict[str, System | str]:
    """The registered text-to-audio models in the asked roles; the paper's baselines always have a
    row."""
    wanted = [kind for kind in PERFORMER_SYSTEMS if kind in kinds]
    here = [name for name in performers.others if name != LIBRARY]
    systems: dict[str, System | str] = {
        f"{kind} ({name})": f"not run here: add its weights with `app.py performer add {name}`."
        for kind, name in PAPER_BASELINES
        if kind in wanted
    }
    return systems | {
        f"{kind} ({name})": performer_system(kind, planner, performers, name)
        for name in here
        for kind in wanted
    }


def _clap(folder: Path | None) -> ClapScore | None:
    if folder is None:
        return None
    from core.evaluation.story.clap import ClapScore  # brings transformers' CLAP

    return ClapScore(folder)


def _language_judge(arguments: argparse.Namespace) -> LanguageJudge | None:
    if not arguments.language_judge:
        return None
    key = os.environ.get("AUDIOSTORY_JUDGE_KEY", "")
    hears = arguments.judge_hears
    return LanguageJudge(arguments.language_judge, arguments.judge_model, hears, key)


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py evaluate story", description=__doc__)
    parser.add_argument(
        "--profile", nargs="+", default=["pocket", "audiostory-3b"], help="our models, by profile"
    )
    parser.add_argument("--systems", nargs="*", choices=MODEL_SYSTEMS, default=list(MODEL_SYSTEMS))
    parser.add_argument(
        "--folder", action="append", default=[], metavar="NAME=DIR", help="another system's sounds"
    )
    parser.add_argument("--clap", type=Path, metavar="DIR", help="folder of a CLAP model")
    parser.add_argument("--language-judge", default="", metavar="URL", help="who marks stories")
    parser.add_argument("--judge-model", default="default", help="its name at that address")
    parser.add_argument("--judge-hears", action="store_true", help="it takes sound")
    parser.add_argument("--briefs", type=Path, default=STORY_BRIEFS, help="others than ours")
    parser.add_argument("--limit", type=int, help="so many briefs alone")
    parser.add_argument("--list", action="store_true", help="print the briefs and their names")
    parser.add_argument("--manifest", type=Path, help="the corpus, for the recordings")
    parser.add_argument(
        "--corruptions", type=int, default=0, metavar="PAIRS", help="test the judge"
    )
    return parser

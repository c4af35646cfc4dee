"""`python app.py import` and `render --exact`: the published checkpoint in this studio.

import --model DIR --flux DIR [--llm DIR --t5 DIR --whisper DIR --tokenizer DIR] --out DIR [--merge]
import --hub [--tokenizer DIR] [--out DIR] [--merge]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.audiostory import AudioStory
from core.errors import FileError, StoryError
from core.export.provenance import comment
from core.export.sound import write_sound
from core.export.wave import Inside
from core.profile import RenderSettings
from core.release.exact import (
    CROSSFADE,
    RATE,
    USUAL_TOTAL,
    Joining,
    plan_exactly,
    render_exactly,
    story_of_plan,
)
from core.release.importer import import_release
from core.release.phrases import opening_phrase
from core.release.sizes import Sources
from core.story.limits import MAX_TOTAL, MIN_DURATION, check_number, check_seed

MAX_CROSSFADE = 30.0
"""Seconds; no clip is longer."""
TARGET_RATES = (8_000, 192_000)
MAX_NEW_TOKENS = 16_000
"""Half of what the language model was trained to read."""


def main(argv: Sequence[str]) -> None:
    """Run the import that the command line describes."""
    parser = argparse.ArgumentParser(
        prog="app.py import",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, help="folder of AudioStory-3B")
    parser.add_argument("--flux", type=Path, help="folder of the Flux detokenizer")
    parser.add_argument("--llm", type=Path, help="folder of Qwen2.5-3B-Instruct (settings only)")
    parser.add_argument("--t5", type=Path, help="folder of flan-t5-large")
    parser.add_argument("--whisper", type=Path, help="folder of whisper-large-v3, to hear sound")
    parser.add_argument(
        "--tokenizer",
        type=Path,
        help="folder of the tokenizer, with added_tokens.json (default: where config.yaml says, "
        "or where it is found in the other folders)",
    )
    parser.add_argument("--out", type=Path, help="new folder of the profile")
    parser.add_argument("--merge", action="store_true", help="merge the LoRA into the model")
    parser.add_argument("--hub", action="store_true", help="download everything first")
    arguments = parser.parse_args(argv)
    if arguments.hub:
        from core.release.download import from_pretrained

        from_pretrained(out=arguments.out, tokenizer=arguments.tokenizer, merge=arguments.merge)
        return
    if arguments.model is None or arguments.flux is None or arguments.out is None:
        raise FileError("Name the folders with --model, --flux and --out, or use --hub.")
    names = ("model", "flux", "llm", "t5", "whisper", "tokenizer")
    sources = Sources(**{name: getattr(arguments, name) for name in names})
    import_release(sources, arguments.out, merge=arguments.merge)


@dataclass(frozen=True)
class ExactRun:
    """What `render --exact` is asked for.

    Attributes:
        instruction: with the phrase before it, if one was drawn.
        total: seconds; `as_float`: how they are told, see `plan_exactly`.
        seed: of the noise.
    """

    instruction: str
    total: float
    as_float: bool
    seed: int
    max_new_tokens: int | None
    joining: Joining


def read_exact_run(arguments: argparse.Namespace) -> ExactRun:
    """The options of `render --exact` (`core.commands.render.add_exact_options`), checked.

    Raises:
        StoryError: there is no instruction, an option does not suit, or a number is out of range.
        FileError: the file of phrases cannot be read.
    """
    if arguments.source is not None or arguments.instruction is None:
        raise StoryError("An exact run begins with an instruction; say in quotes what is heard.")
    for name in ("draft", "sampler", "director", "director_model"):
        if getattr(arguments, name):
            option = f"--{name.replace('_', '-')}"
            raise StoryError(f"An exact run knows no {option}; leave out one of the two.")
    check_seed(arguments.seed)
    given: dict[str, Any] = vars(arguments)
    total = USUAL_TOTAL if arguments.duration is None else arguments.duration
    check_number("duration", total, MIN_DURATION, MAX_TOTAL, "seconds")
    joining = Joining(given.get("crossfade_sec", CROSSFADE), given.get("target_sr", RATE))
    check_number("cross-fade", joining.crossfade, 0.0, MAX_CROSSFADE, "seconds")
    check_number("sample rate", joining.rate, *TARGET_RATES, "Hz")
    tokens = given.get("max_new_tokens")
    if tokens is not None:
        check_number("number of new tokens", tokens, 1, MAX_NEW_TOKENS, "tokens")
    phrase = ""
    if "phrase_seed" in given:
        if "phrases" not in given:
            raise StoryError(
                "--phrase-seed draws from a list of phrases; name the release's "
                "evaluate/inference.py, or a text file with one phrase a line, as --phrases."
            )
        phrase = opening_phrase(given["phrases"], given["phrase_seed"])
    as_float = bool(given.get("total_seconds_as_float")) and arguments.duration is not None
    instruction = (phrase + arguments.instruction).strip()
    return ExactRun(instruction, total, as_float, arguments.seed, tokens, joining)


def run_exactly(model: AudioStory, run: ExactRun, arguments: argparse.Namespace) -> None:
    """The sub-command `render --exact`: a story as the published code would make it.

    Raises:
        StudioError: see `plan_exactly` and `render_exactly`.
    """
    settings = RenderSettings(
        arguments.steps or model.profile.final.steps,
        arguments.guidance or model.profile.final.guidance,
    )
    plan = plan_exactly(
        model,
        run.instruction,
        run.total,
        as_float=run.as_float,
        max_new_tokens=run.max_new_tokens,
    )
    print(plan.reasoning, file=sys.stderr)
    story = story_of_plan(plan, model.profile.name, run.instruction, run.seed)
    rendered = render_exactly(model, plan, run.seed, settings, run.joining)
    inside = Inside(run.instruction, comment(run.instruction))
    sound, rate = np.ascontiguousarray(rendered.samples.T), run.joining.rate
    write_sound(arguments.out, [sound], rate, len(sound), "wav32f", inside)
    if arguments.story:
        story.save(arguments.story)
    print(f"{arguments.out}: {len(sound) / rate:g} s, {len(plan.captions)} events", file=sys.stderr)

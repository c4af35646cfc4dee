"""`python app.py import` and `render --exact`: the published checkpoint in this studio.

import --model DIR --flux DIR [--llm DIR --t5 DIR --whisper DIR] --out DIR [--merge]
import --hub [--out DIR] [--merge]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.audiostory import AudioStory
from core.errors import FileError, StoryError
from core.export.provenance import comment
from core.export.sound import write_sound
from core.export.wave import Inside
from core.profile import RenderSettings
from core.release.exact import RATE, plan_exactly, render_exactly, story_of_plan
from core.release.importer import import_release
from core.release.sizes import Sources


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
    parser.add_argument("--out", type=Path, help="new folder of the profile")
    parser.add_argument("--merge", action="store_true", help="merge the LoRA into the model")
    parser.add_argument("--hub", action="store_true", help="download everything first")
    arguments = parser.parse_args(argv)
    if arguments.hub:
        from core.release.download import from_pretrained

        from_pretrained(out=arguments.out, merge=arguments.merge)
        return
    if arguments.model is None or arguments.flux is None or arguments.out is None:
        raise FileError("Name the folders with --model, --flux and --out, or use --hub.")
    sources = Sources(
        arguments.model, arguments.flux, arguments.llm, arguments.t5, arguments.whisper
    )
    import_release(sources, arguments.out, merge=arguments.merge)


def run_exactly(model: AudioStory, arguments: argparse.Namespace) -> None:
    """The sub-command `render --exact`: a story as the published code would make it, at 32 kHz.

    Raises:
        StudioError: see `plan_exactly` and `render_exactly`.
    """
    if arguments.source is not None or arguments.instruction is None:
        raise StoryError("An exact run begins with an instruction; say in quotes what is heard.")
    settings = RenderSettings(
        arguments.steps or model.profile.final.steps,
        arguments.guidance or model.profile.final.guidance,
    )
    plan = plan_exactly(model, arguments.instruction, arguments.duration)
    print(plan.reasoning, file=sys.stderr)
    rendered = render_exactly(model, plan, arguments.seed, settings)
    inside = Inside(arguments.instruction, comment(arguments.instruction))
    sound = np.ascontiguousarray(rendered.samples.T)
    write_sound(arguments.out, [sound], RATE, len(sound), "wav32f", inside)
    if arguments.story:
        name = model.profile.name
        story_of_plan(plan, name, arguments.instruction, arguments.seed).save(arguments.story)
    print(f"{arguments.out}: {len(sound) / RATE:g} s, {len(plan.captions)} events", file=sys.stderr)

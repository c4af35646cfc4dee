"""`python app.py evaluate`: what the model measures.

    evaluate recognise [--manifest DIR/manifest.jsonl] [--codec]

Without a manifest the held-out recordings' embeddings that are shipped in assets/ are used.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.audiostory import AudioStory, load_audiostory
from core.evaluation.embedder import SoundEmbedder
from core.evaluation.recognise import Judge, held_out, report
from core.performer import RenderSettings
from core.profile import ASSETS, load_profile
from core.render import render_events
from core.story import Event, Story

HELD_OUT = ASSETS / "evaluation" / "held_out.safetensors"


def main(argv: Sequence[str]) -> None:
    """Run the evaluation that the command line names; the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="app.py evaluate", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    recognising = kinds.add_parser("recognise", help="is rain heard where the caption says rain?")
    recognising.add_argument("--profile", default="pocket")
    recognising.add_argument("--manifest", type=Path, help="judge by these recordings anew")
    recognising.add_argument("--renders", type=int, default=8, help="renders a class")
    recognising.add_argument("--steps", type=int, help="sampler steps (default: final quality)")
    recognise(parser.parse_args(argv))


def recognise(arguments: argparse.Namespace) -> None:
    """Print recordings, recordings through the codec, and renders, by class and family."""
    model = load_audiostory(load_profile(arguments.profile))
    judge = (
        Judge.of_recordings(held_out(arguments.manifest), SoundEmbedder(), model.codec)
        if arguments.manifest
        else Judge.load(HELD_OUT, SoundEmbedder())
    )
    if arguments.manifest:
        judge.save(HELD_OUT)
    settings = model.profile.final
    settings = RenderSettings(arguments.steps or settings.steps, settings.guidance)

    def render(caption: str, seconds: float, seed: int) -> Tensor:
        return render_caption(model, caption, seconds, seed, settings)

    tables = [
        judge.recordings_table(),
        judge.codec_table(),
        judge.renders_table(render, each=arguments.renders),
    ]
    for table in tables:
        print(table, end="\n\n")
    print(json.dumps(report(tables)))


def render_caption(
    model: AudioStory, caption: str, seconds: float, seed: int, settings: RenderSettings
) -> Tensor:
    """One event of that caption through director, bridge, performer and codec. Mono (N,)."""
    reasoning = f"One event. 1. {caption} ({seconds:g} s)."
    story = Story(
        caption, seconds, seed, model.profile.name, reasoning, (Event("e1", caption, 0.0, seconds),)
    )
    rendered = next(render_events(model, story, ["e1"], settings))
    return torch.from_numpy(rendered.samples).mean(0)

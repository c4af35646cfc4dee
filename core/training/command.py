"""`python app.py train`: every step from open recordings to the shipped weights.

    train corpus | codec | examples | performer | warmup | plans | stage1 | stage3 | publish

Each is resumable: run the same line again after a stop.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from core.audiostory import AudioStory, build_audiostory
from core.codec import SpectralCodec
from core.language import load_module
from core.profile import ASSETS, Profile, load_profile
from core.training import corpus, examples, fit_codec, publish
from core.training.curves import keep_record
from core.training.examples import Examples
from core.training.loop import TrainingRun
from core.training.objective import Ablation
from core.training.pretrain import pretrain
from core.training.sounds import EventSounds
from core.training.stages import STAGES, train_stage


def main(argv: Sequence[str]) -> None:
    """Do the step that the command line names."""
    parser = argparse.ArgumentParser(prog="app.py train", description=__doc__)
    add_arguments(parser)
    run(parser.parse_args(argv))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_subparsers(dest="step", required=True)
    building = steps.add_parser("corpus", help="download, cut and label the corpus")
    building.add_argument("--root", type=Path, required=True)
    fitting = steps.add_parser("codec", help="fit the spectral codec on the corpus")
    fitting.add_argument("--manifest", type=Path, required=True)
    composing = steps.add_parser("examples", help="compose and encode the performer's sounds")
    composing.add_argument("--manifest", type=Path, required=True)
    composing.add_argument("--out", type=Path, required=True)
    composing.add_argument("--per-class", type=int, default=100)
    performing = steps.add_parser("performer", help="pre-train the performer on captions")
    _add_run_arguments(performing)
    for stage in STAGES.values():
        staging = steps.add_parser(stage.name, help=f"training stage {stage.name}")
        _add_run_arguments(staging)
        staging.add_argument("--from", dest="start", type=Path, nargs="*", default=[])
        for switch in ("reasoning", "captions", "residual", "semantic"):
            staging.add_argument(f"--no-{switch}", dest=switch, action="store_false")
    publishing = steps.add_parser("publish", help="write a run's weights into assets/")
    publishing.add_argument("--from", dest="start", type=Path, nargs="+", required=True)
    publishing.add_argument("--profile", default="pocket")


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run")
    parser.add_argument("--examples", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--average", type=float, default=0.999)


def run(arguments: argparse.Namespace) -> None:
    """Do the step that the command line names."""
    if arguments.step == "corpus":
        corpus.build(arguments.root)
    elif arguments.step == "codec":
        fit_codec.fit(arguments.manifest, ASSETS / load_profile("pocket").codec.file)
    elif arguments.step == "examples":
        codec = SpectralCodec.load(ASSETS / load_profile("pocket").codec.file)
        examples.build(arguments.manifest, codec, arguments.out, arguments.per_class)
    elif arguments.step == "publish":
        profile = load_profile(arguments.profile)
        publish.publish(started(profile, arguments.start), profile.folder)
        for folder in arguments.start:
            keep_record(folder, ASSETS / "training")
    else:
        _train(arguments)


def _train(arguments: argparse.Namespace) -> None:
    profile = load_profile(arguments.profile)
    codec = SpectralCodec.load(ASSETS / profile.codec.file)
    settings = TrainingRun(arguments.steps, arguments.rate, average=arguments.average)
    frame_seconds = codec.hop / codec.sample_rate
    if arguments.step == "performer":
        data = Examples.load(arguments.examples)
        pretrain(profile, data, codec.fit.deviation, frame_seconds, settings, arguments.run)
        return
    stage = STAGES[arguments.step]
    model = started(profile, arguments.start)
    weights = codec.fit.deviation / codec.fit.deviation.mean()
    sounds = None
    if stage.flow:
        sounds = EventSounds(Examples.load(arguments.examples), weights, frame_seconds)
    ablation = Ablation(
        arguments.reasoning, arguments.captions, arguments.residual, arguments.semantic
    )
    train_stage(model, stage, sounds, settings, arguments.run, ablation)


def started(profile: Profile, runs: list[Path]) -> AudioStory:
    """The untrained model with the averaged weights of earlier runs put in, later runs last.

    A run of the performer alone has its parameters without the model's prefix.
    """
    model = build_audiostory(profile, adapter=True)
    parameters = dict(model.named_parameters())
    published = profile.folder / "performer.safetensors"
    if published.exists():
        load_module(model.performer, published)
    with torch.no_grad():
        for folder in runs:
            for name, value in load_file(folder / "average.safetensors").items():
                target = name if name in parameters else f"performer.{name}"
                parameters[target].copy_(value)
    return model

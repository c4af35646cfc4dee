"""`python app.py train`: every step from open recordings to the shipped weights.

    train corpus | codec | examples | performer | plans | states | warmup | stage1
    train meaning | stage2 | stage3 | fast | wishes | scores | publish --from RUN RUN | known
    train sound-words --manifest DIR/manifest.jsonl
    train recipe NAME --manifest DIR/manifest.jsonl --runs DIR [--lines]
    train estimate [--cards 8 --memory 80 --teraflops 989 --reached 0.35]

Each is resumable: run the same line again after a stop. What the shipped weights were made by
stands in core/training/recipes/. `torchrun` and `accelerate launch` begin several processes, which
share out what trains and the reading of states; all else the first of them does alone.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from core.audiostory import AudioStory, build_audiostory, load_audiostory
from core.codec.codec import Codec
from core.codec.kinds import load_codec
from core.corpus import corpus, latent_set
from core.corpus.examples import Examples
from core.errors import WeightsError
from core.language.adapter import load_adapter
from core.language.model import load_module
from core.library.sound_words import SOUND_WORDS_FILE
from core.listener.effects import EffectsListener
from core.performer.flow_performer import FAST_WEIGHTS, flow_performer
from core.placement import Placement
from core.profile import ASSETS, EAR, WISHES, Profile, load_profile
from core.training import publish, scores
from core.training.bridging import Performances, train_stage_one, warm_up
from core.training.control_draws import ControlDraws
from core.training.curves import keep_record
from core.training.distil import train_fast
from core.training.ear import LESSONS, train_ear
from core.training.fit_codec import fit_linear_codec
from core.training.fit_two_resolution import fit_two_resolution_codec
from core.training.full_size import Cards, estimate
from core.training.known import write_known, write_lexicon
from core.training.lesson import Ablation
from core.training.loop import TrainingRun, precision
from core.training.pretrain import pretrain
from core.training.ranks import Ranks, first_one_first
from core.training.recipe import FOLDER, load_recipe, recipe_lines, recipe_names
from core.training.sound_words import write_sound_words
from core.training.sounds import EventSounds
from core.training.stages import STAGES, train_stage
from core.training.states import BridgingStates, collect
from core.training.understanding import listen, train_understanding
from core.training.wishes import train_wishes

PUBLISHED = Path("published")
CODEC_FITS: dict[str, Callable[[Path, Path], Codec]] = {
    "linear": fit_linear_codec,
    "two-resolution": fit_two_resolution_codec,
}
"""How each kind of codec is fitted: manifest of the corpus, file to write."""
ADAPTER = "base_model"
"""What the parameters' names of runs of `wishes` and `scores` begin with: an adapter's alone."""
_FSDP = "ACCELERATE_USE_FSDP"
"""Set by `accelerate launch --use_fsdp`, or by its configuration file."""
TRAINED_TOGETHER = {
    "performer",
    "states",
    "warmup",
    "stage1",
    "fast",
    "stage2",
    "wishes",
    "scores",
} | {*STAGES}
"""Steps that several processes do together: all that train by `core.training.loop`, and states."""


def main(argv: Sequence[str]) -> None:
    """Do the step that the command line names."""
    run_step(train_parser().parse_args(argv))


def train_parser() -> argparse.ArgumentParser:
    """The arguments of `python app.py train`."""
    parser = argparse.ArgumentParser(prog="app.py train", description=__doc__)
    _add_arguments(parser)
    return parser


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_subparsers(dest="step", required=True)
    building = steps.add_parser("corpus", help="download, cut and label the corpus")
    building.add_argument("--root", type=Path, required=True)
    building.add_argument("--candidates", action="store_true", help="with the candidates' kinds")
    about = "permissive: without share-alike and copyleft sources"
    building.add_argument("--licences", choices=("free", "permissive"), default="free", help=about)
    fitting = steps.add_parser("codec", help="fit a codec on the corpus")
    fitting.add_argument("--manifest", type=Path, required=True)
    fitting.add_argument("--kind", choices=CODEC_FITS, default="linear")
    fitting.add_argument("--out", type=Path, help="file to write (default: the pocket profile's)")
    composing = steps.add_parser("examples", help="compose and encode the performer's sounds")
    composing.add_argument("--manifest", type=Path, required=True)
    composing.add_argument("--out", type=Path, required=True)
    composing.add_argument("--per-class", type=int, default=latent_set.LatentSetPlan.per_class)
    composing.add_argument("--mixtures", type=int, default=latent_set.LatentSetPlan.mixtures)
    composing.add_argument("--workers", type=int, default=1, help="processes")
    composing.add_argument("--profile", default="pocket", help="whose codec encodes them")
    about = "take composed single sounds as they are, without judging what they are heard as"
    composing.add_argument("--unjudged", dest="judged", action="store_false", help=about)
    performing = steps.add_parser("performer", help="pre-train the performer on captions")
    _add_run_arguments(performing, examples=True)
    _add_start(performing)
    reading = steps.add_parser("states", help="read stories and keep what the bridge will see")
    reading.add_argument("--lessons", type=int, required=True)
    reading.add_argument("--run", type=Path, required=True, help="folder for the states")
    for name, purpose in (("warmup", "align the semantic tokens"), ("stage1", "training stage I")):
        bridging = steps.add_parser(name, help=purpose)
        _add_run_arguments(bridging, examples=name == "stage1")
        bridging.add_argument("--states", type=Path, required=True)
        _add_start_arguments(bridging)
    distilling = steps.add_parser("fast", help="distil the performer for drafts")
    _add_run_arguments(distilling, examples=True)
    distilling.add_argument("--states", type=Path, required=True)
    _add_start(distilling)
    for stage in STAGES.values():
        staging = steps.add_parser(stage.name, help=f"training stage {stage.name}")
        _add_run_arguments(staging)
        _add_start_arguments(staging)
    hearing = steps.add_parser("stage2", help="training stage II: understanding and generation")
    _add_run_arguments(hearing)
    _add_start_arguments(hearing)
    hearing.add_argument("--manifest", type=Path, required=True)
    hearing.add_argument("--per-class", type=int, default=20, help="clips of a class to listen to")
    hearing.add_argument("--views", type=int, default=1, help="times a recording is listened to")
    hearing.add_argument("--ear-only", action="store_true", help="all but the ear stays as it is")
    hearing.add_argument("--lessons", type=int, default=LESSONS, help="a step of --ear-only")
    wishing = steps.add_parser("wishes", help="the director's edits of stories, by wishes in words")
    _add_run_arguments(wishing)
    _add_start(wishing)
    scoring = steps.add_parser("scores", help="the director's scores, from written pairs")
    _add_run_arguments(scoring)
    scoring.add_argument("--rank", type=int, default=32, help="of the adapter")
    scoring.add_argument("--batch", type=int, default=scores.BATCH, help="pairs a step")
    scoring.add_argument("--held-out", default="g", help="writer of the pairs that are held out")
    about = "share of the pairs that are typed anew or brought to another length"
    scoring.add_argument("--varied", type=float, default=0.0, help=about)
    about = "begin without what the director's own adapter has learned"
    scoring.add_argument("--fresh", action="store_true", help=about)
    _add_start_arguments(reading)
    reading.add_argument("--profile", default="pocket")
    reading.add_argument("--examples", type=Path, required=True)
    knowing = steps.add_parser("known", help="write the captions that the performer knows")
    knowing.add_argument("--profile", default="pocket")
    naming = steps.add_parser("sound-words", help="what recordings sound like, in words")
    naming.add_argument("--manifest", type=Path, required=True)
    publishing = steps.add_parser("publish", help="write a run's weights into assets/")
    publishing.add_argument("--from", dest="start", type=Path, nargs="+", required=True)
    publishing.add_argument("--profile", default="pocket")
    about = "what a run of an adapter alone has learned to write"
    publishing.add_argument("--adapter", choices=publish.ADAPTERS, default="wishes", help=about)
    about = "how far to go from the weights in assets/ towards those of the runs"
    publishing.add_argument("--share", type=float, default=1.0, help=about)
    following = steps.add_parser("recipe", help="make all runs behind some shipped weights")
    following.add_argument("name", choices=recipe_names())
    following.add_argument("--manifest", type=Path, required=True)
    following.add_argument("--runs", type=Path, required=True, help="folder of all runs")
    following.add_argument("--lines", action="store_true", help="only print what would be run")
    reckoning = steps.add_parser("estimate", help="what training AudioStory-3B would take")
    reckoning.add_argument("--cards", type=int, default=Cards.count)
    reckoning.add_argument("--memory", type=float, default=Cards.gigabytes, help="GB of a card")
    reckoning.add_argument("--teraflops", type=float, default=Cards.teraflops, help="bf16, dense")
    about = "share of its speed that training reaches"
    reckoning.add_argument("--reached", type=float, default=Cards.reached, help=about)


def _add_run_arguments(parser: argparse.ArgumentParser, *, examples: bool = False) -> None:
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run")
    parser.add_argument("--examples", type=Path, required=examples, help="from `train examples`")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--average", type=float, default=0.999)
    parser.add_argument("--seed", type=int, default=0)
    about = (
        "batches whose mean is a step, shared out among processes (default: one for each; a run "
        "that is resumed keeps its own)"
    )
    parser.add_argument("--parts", type=int, help=about)
    about = "each process holds its share of the weights (FSDP; also by `launch --use_fsdp`)"
    sharded = os.environ.get(_FSDP, "").lower() in ("1", "true")
    parser.add_argument("--shard", action="store_true", default=sharded, help=about)


def _add_start(parser: argparse.ArgumentParser) -> None:
    about = "runs to start from; `published`: the weights in assets/"
    parser.add_argument("--from", dest="start", type=Path, nargs="*", default=[], help=about)


def _add_start_arguments(parser: argparse.ArgumentParser) -> None:
    _add_start(parser)
    for switch in ("reasoning", "captions", "residual", "semantic"):
        parser.add_argument(f"--no-{switch}", dest=switch, action="store_false")


def run_step(arguments: argparse.Namespace) -> None:
    """Do the step that the command line names."""
    if arguments.step not in TRAINED_TOGETHER and Ranks.here().rank:
        return
    if arguments.step == "corpus":
        build = corpus.build_wide_corpus if arguments.candidates else corpus.build_corpus
        build(arguments.root, permissive=arguments.licences == "permissive")
    elif arguments.step == "codec":
        out = arguments.out or ASSETS / load_profile("pocket").codec.file
        CODEC_FITS[arguments.kind](arguments.manifest, out)
    elif arguments.step == "examples":
        codec = load_codec(load_profile(arguments.profile).codec)
        plan = latent_set.LatentSetPlan(
            arguments.per_class, arguments.mixtures, judged=arguments.judged
        )
        latent_set.build_latent_set(
            arguments.manifest, codec, arguments.out, plan, arguments.workers
        )
    elif arguments.step == "recipe":
        _follow(arguments)
    elif arguments.step == "known":
        folder = load_profile(arguments.profile).folder
        print(write_known(folder), write_lexicon(folder))
    elif arguments.step == "sound-words":
        write_sound_words(arguments.manifest, SOUND_WORDS_FILE)
    elif arguments.step == "publish":
        _publish(arguments)
    elif arguments.step == "estimate":
        given = arguments.cards, arguments.memory, arguments.teraflops, arguments.reached
        print(*estimate(Cards(*given)), sep="\n")
    else:
        _train(arguments)


def _follow(arguments: argparse.Namespace) -> None:
    """Print the lines of a recipe, each before it is run."""
    recipe = load_recipe(FOLDER / f"{arguments.name}.toml")
    for line in recipe_lines(recipe, arguments.manifest, arguments.runs):
        print("python app.py train", shlex.join(line), flush=True)
        if not arguments.lines:
            run_step(train_parser().parse_args(line))


def _publish(arguments: argparse.Namespace) -> None:
    """Write the weights and the records of runs into assets/."""
    profile = load_profile(arguments.profile)
    if trained(arguments.start) == {ADAPTER}:
        run, share = arguments.start[-1], arguments.share
        publish.publish_adapter(run, profile.folder, arguments.adapter, share)
        keep_record(arguments.start[-1], ASSETS / "training")
        return
    model = _published(profile, arguments.start)
    if arguments.share != 1.0:
        draw_back(model, profile, arguments.share)
    if model.listener is not None and trained(arguments.start) <= {"listener"}:
        publish.publish_ear(model.listener, profile.folder)
    else:
        publish.publish(model, profile.folder)
    for folder in arguments.start:
        if folder != PUBLISHED:
            keep_record(folder, ASSETS / "training")


def _train(arguments: argparse.Namespace) -> None:
    profile = load_profile(arguments.profile)
    if arguments.step == "states":
        _read_states(profile, arguments)
        return
    settings = TrainingRun(
        arguments.steps,
        arguments.rate,
        average=arguments.average,
        seed=arguments.seed,
        parts=arguments.parts,
        sharded=arguments.shard,
    )
    if arguments.step in publish.ADAPTERS:
        _train_adapter(profile, settings, arguments)
        return
    codec = load_codec(profile.codec)
    frame_seconds = codec.hop / codec.sample_rate
    weights = codec.channel_weights()
    data = Examples.load(arguments.examples) if arguments.examples else None
    if arguments.step == "performer":
        assert data is not None
        start = None
        if arguments.start:
            start = flow_performer(started(profile, arguments.start).performer)
        pretrain(profile, data, weights, frame_seconds, settings, arguments.run, start)
        return
    model = started(profile, arguments.start)
    if arguments.step == "warmup":
        warm_up(model, BridgingStates.load(arguments.states), settings, arguments.run)
    elif arguments.step == "stage1":
        assert data is not None
        states = BridgingStates.load(arguments.states)
        controls = ControlDraws(data, frame_seconds) if profile.performer.controls else None
        performances = Performances(states, data, controls)
        train_stage_one(
            model,
            performances,
            weights,
            frame_seconds,
            settings,
            arguments.run,
            _ablation(arguments),
        )
    elif arguments.step == "fast":
        assert data is not None
        if PUBLISHED in arguments.start and flow_performer(model.performer).fast is None:
            add_shipped_fast(model, profile)
        performances = Performances(BridgingStates.load(arguments.states), data)
        train_fast(model, performances, weights, frame_seconds, settings, arguments.run)
    elif arguments.step == "stage2":
        if not isinstance(model.listener, EffectsListener):
            raise WeightsError(f"The profile {profile.name} has no listener to train.")
        kept = arguments.run / "features.safetensors"
        counts = arguments.per_class, arguments.views
        with first_one_first():
            clips = listen(model.listener, arguments.manifest, kept, *counts)
        if arguments.ear_only:
            train_ear(model, clips, settings, arguments.run, arguments.lessons)
            return
        sounds = EventSounds(data, weights, frame_seconds) if data else None
        train_understanding(model, clips, sounds, settings, arguments.run, _ablation(arguments))
    else:
        sounds = EventSounds(data, weights, frame_seconds) if data else None
        stage = STAGES[arguments.step]
        train_stage(model, stage, sounds, settings, arguments.run, _ablation(arguments))


def _train_adapter(profile: Profile, settings: TrainingRun, arguments: argparse.Namespace) -> None:
    """An adapter beside the director's own, which is merged."""
    model = load_audiostory(profile, Placement(), performs=False)
    if arguments.step == "wishes":
        starts = [
            profile.shipped(WISHES) if run == PUBLISHED else run / "average.safetensors"
            for run in arguments.start
        ]
        train_wishes(model, settings, arguments.run, starts[-1] if starts else None)
        return
    scores.train_scores(
        model,
        settings,
        arguments.run,
        scores.split_by_writer(arguments.held_out),
        rank=arguments.rank,
        batch=arguments.batch,
        share=arguments.varied,
        fresh=arguments.fresh,
    )


def _ablation(arguments: argparse.Namespace) -> Ablation:
    return Ablation(arguments.reasoning, arguments.captions, arguments.residual, arguments.semantic)


def _read_states(profile: Profile, arguments: argparse.Namespace) -> None:
    model = started(profile, arguments.start)
    model.llm = model.llm.merge_and_unload()
    if precision() == "bf16":
        model.llm.to(torch.bfloat16)
    examples = Examples.load(arguments.examples)
    ablation = _ablation(arguments)
    collect(model.eval(), examples, arguments.run, arguments.lessons, ablation, Ranks.here())


def _published(profile: Profile, runs: list[Path]) -> AudioStory:
    """The model of these runs, without its listener where none of them has trained it."""
    model = started(profile, runs)
    if "listener" not in trained(runs):
        model.listener = None
    return model


def trained(runs: list[Path]) -> set[str]:
    """The parts that these runs have trained, by the first part of their parameters' names."""
    found = [load_file(run / "average.safetensors") for run in runs if run != PUBLISHED]
    return {name.partition(".")[0] for weights in found for name in weights}


@torch.no_grad()
def draw_back(model: AudioStory, profile: Profile, share: float) -> None:
    """Leave a model so far on the way from the shipped weights to its own, which may sound better
    than either end (WiSE-FT, Wortsman et al. 2022).

    Args:
        share: 0 for the shipped weights, 1 for the model's own.
    """
    shipped = started(profile, [PUBLISHED])
    if flow_performer(model.performer).fast is not None:
        add_shipped_fast(shipped, profile)
    before = dict(shipped.named_parameters())
    for name, after in model.named_parameters():
        if name in before:
            between = before[name] + share * (after - before[name])
            after.copy_(torch.where(after == before[name], after, between))


def add_shipped_fast(model: AudioStory, profile: Profile) -> None:
    """Put in the fast performer from assets/, if there is one; only its own training goes on with
    it."""
    if profile.shipped(FAST_WEIGHTS):
        flow_performer(model.performer).load_fast(profile.folder)


def started(profile: Profile, runs: list[Path]) -> AudioStory:
    """The untrained model with the averaged weights of earlier runs put in, later runs last.

    A run of the performer alone has its parameters without the model's prefix. The word
    `published` in place of a run stands for the weights in assets/.
    """
    model = build_audiostory(profile, adapter=True)
    performer = flow_performer(model.performer)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for folder in runs:
            if folder == PUBLISHED:
                load_adapter(model.llm, profile.folder / "director.safetensors")
                load_module(model.bridge, profile.folder / "bridge.safetensors")
                performer.load(profile.folder, fast=False)
                if model.listener is not None and (ear := profile.shipped(EAR)):
                    load_module(model.listener, ear)
                continue
            weights = load_file(folder / "average.safetensors")
            if any(name.startswith("performer.fast.") for name in weights):
                performer.add_fast()
                parameters = dict(model.named_parameters())
            for name, value in weights.items():
                target = name if name in parameters else f"performer.{name}"
                parameters[target].copy_(value)
    return model

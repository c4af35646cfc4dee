"""`python app.py evaluate`: what the model measures.

    evaluate direct | flags | recognise | fidelity | combine | bridge | duration | modifiers
    evaluate describe | tagger | wishes | scores | scenes | sound | story | sounds | own-sounds
    evaluate codec

Each prints a line a render and ends in one line of JSON. With `--keep` a stopped evaluation goes on
where it was. Without a manifest the held-out recordings' embeddings in assets/ are used.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.audiostory import AudioStory, load_audiostory
from core.corpus.vocabulary import BY_NAME
from core.errors import AudioFileError, PlanError
from core.evaluation import combine, describe, distance, duration, modifiers
from core.evaluation.audioset import AudioSetEmbedder
from core.evaluation.recognise import (
    Heard,
    Judge,
    held_out_recordings,
    plain_paraphrase,
    report,
    share_of,
    tagged_table,
    training_recordings,
    unseen_paraphrase,
)
from core.evaluation.renders import WAYS, Embeddings, Renderer, Request, Way
from core.evaluation.tagger import Tagger, fit_tagger
from core.listener.aisfx import Embedder, SoundEmbedder
from core.listener.nearest import nearest_classes
from core.profile import ASSETS, RenderSettings, load_profile

_OWN_PARSERS = {
    "direct": ("core.evaluation.direct", "Plans of instructions: events, order, times."),
    "scores": ("core.evaluation.scores", "Scores of briefs: overlaps, counts, shapes, silences."),
    "scenes": ("core.evaluation.scene_sheets", "Plans of scenes, on sheets for two judges."),
    "sound": ("core.evaluation.score_sound", "Rendered stories: are they heard as scored?"),
    "story": ("core.evaluation.story.command", "Whole stories by several systems, and the judge."),
    "wishes": ("core.evaluation.wishes", "Wishes for changes: is what they name done, no more?"),
    "flags": ("core.evaluation.flags", "Captions: are those of unknown sounds flagged?"),
    "sounds": ("core.evaluation.candidate_sounds", "Clips by the candidates' recipes."),
    "own-sounds": ("core.experiments.own_sounds", "Sounds of one's own: recognised once learned?"),
    "codec": ("core.evaluation.codec", "What a codec alone keeps of probes and recordings."),
}
"""Evaluations whose module has a `main(argv)`."""
_HELD_OUT = ASSETS / "evaluation" / "held_out.safetensors"
CHECKED = 300
"""Mixtures of held-out recordings that a new tagger is tried on."""
TEXTURE = "rain"
"""The class whose minute is examined for a period."""


def main(argv: Sequence[str]) -> None:
    """Run the evaluation that the command line names; the last line is one JSON object."""
    if argv and argv[0] in _OWN_PARSERS:
        import_module(_OWN_PARSERS[argv[0]][0]).main(argv[1:])
        return
    arguments = parser().parse_args(argv)
    print(json.dumps(EVALUATIONS[arguments.kind](Evaluation(arguments))))


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="app.py evaluate", description=__doc__.splitlines()[0])
    kinds = root.add_subparsers(dest="kind", required=True)
    for kind, evaluation in EVALUATIONS.items():
        text = (evaluation.__doc__ or "").splitlines()[0]
        adding = kinds.add_parser(kind, help=text)
        adding.add_argument("--profile", default="pocket")
        adding.add_argument("--manifest", type=Path, help="judge by these recordings anew")
        adding.add_argument("--keep", type=Path, help="file of renders' embeddings, to go on later")
        adding.add_argument("--classes", nargs="+", help="these classes, judged among them alone")
        adding.add_argument("--rounds", type=int, default=1, help="renders for each recording")
        adding.add_argument("--steps", type=int, help="sampler steps (default: the profile's)")
        adding.add_argument("--guidance", type=float, help="guidance (default: the profile's)")
        adding.add_argument("--sampler", choices=("draft", "final"), default="final")
        adding.add_argument("--plain", action="store_true", help="captions that training has seen")
        adding.add_argument(
            "--embedder",
            type=Path,
            help="judge by EfficientAT's mn04_as_mAP_432.pt, this file (with --manifest)",
        )
    for kind, (_, text) in _OWN_PARSERS.items():
        kinds.add_parser(kind, help=text, add_help=False)
    return root


def say(line: str) -> None:
    print(line, flush=True)


class Evaluation:
    """What every evaluation needs: the model, the judge, and renders by what makes them."""

    def __init__(self, arguments: argparse.Namespace):
        self.arguments = arguments
        self.embedder = _embedder(arguments)
        self.model: AudioStory = load_audiostory(load_profile(arguments.profile))
        self.embeddings = Embeddings(self.embedder, arguments.keep)
        self.paraphrase = plain_paraphrase if arguments.plain else unseen_paraphrase

    def judge(self) -> Judge:
        """The held-out recordings: those shipped, or the manifest's, which are then kept.

        What another judge hears is not kept.
        """
        manifest = self.arguments.manifest
        if manifest is None:
            return Judge.load(_HELD_OUT, self.embedder)
        judge = Judge.of_recordings(held_out_recordings(manifest), self.embedder, self.model.codec)
        if self.arguments.embedder is None:
            judge.save(_HELD_OUT)
        return judge

    @property
    def tagger_file(self) -> Path:
        """Where the tagger on this embedder's embeddings is kept."""
        return ASSETS / "evaluation" / f"tagger-{self.embedder.name}.safetensors"

    def names(self, judge: Judge) -> list[str]:
        """The classes asked for.

        Raises:
            PlanError: one of them cannot be judged.
        """
        names = self.arguments.classes or sorted(judge.classes)
        unknown = [name for name in names if name not in judge.classes]
        if unknown:
            raise PlanError(
                f"{unknown[0]} has too few held-out recordings; choose among "
                f"{', '.join(sorted(judge.classes))}."
            )
        return list(names)

    def settings(self, sampler: str | None = None) -> RenderSettings:
        profile = self.model.profile
        chosen = {"draft": profile.draft, "final": profile.final}[sampler or self.arguments.sampler]
        return chosen.with_changes(self.arguments.steps, self.arguments.guidance)

    def heard(self, settings: RenderSettings, way: Way = "bridge") -> Heard:
        """Embeddings of renders by these settings and this way."""
        renderer = Renderer(self.model, settings, way)
        return lambda caption, seconds, seed: self.embeddings.of(
            renderer, Request(caption, seconds, seed)
        )

    def matched(self, judge: Judge, names: Sequence[str], heard: Heard) -> Tensor:
        """Renders (N, 512), one for each recording, in their order."""
        labels = judge.only(names).labels
        seeds = [labels[:row].count(name) for row, name in enumerate(labels)]
        made = []
        for name, seed in zip(labels, seeds, strict=True):
            made.append(heard(self.paraphrase(name, seed), judge.lengths(name)[seed], seed))
            say(f"{len(made)} of {len(labels)} renders: {name}")
        return torch.stack(made)


def _embedder(arguments: argparse.Namespace) -> Embedder:
    """The judge that the command line names.

    Raises:
        AudioFileError: another judge than the usual one, and no recordings for it to hear.
        WeightsError: its file is missing, or another one.
    """
    if arguments.embedder is None:
        return SoundEmbedder()
    if arguments.manifest is None:
        raise AudioFileError("Another judge has to hear the recordings: give --manifest too.")
    return AudioSetEmbedder.load(arguments.embedder)


def recognise(run: Evaluation) -> dict[str, Any]:
    """Recordings, recordings through the codec, and renders, by class and family."""
    judge = run.judge()
    names = run.names(judge)
    judge = judge.only(names)
    renders = judge.renders_table(
        run.heard(run.settings()), run.arguments.rounds, names, run.paraphrase, say=say
    )
    recordings, coded = judge.recordings_table(), judge.codec_table()
    for table in (recordings, coded, renders):
        print(f"\n{table}")
    shares = {"codec": share_of(coded, recordings), "renders": share_of(renders, recordings)}
    return report([recordings, coded, renders]) | {"shares": shares}


def _fidelity(run: Evaluation) -> dict[str, Any]:
    """Frechet and kernel distance from held-out recordings, full and fast sampler."""
    judge = run.judge()
    names = run.names(judge)
    kinds = {}
    for sampler in ("final", "draft"):
        settings = run.settings(sampler)
        title = f"{sampler}, {settings.steps} steps"
        kinds[title] = run.matched(judge, names, run.heard(settings))
    found = distance.fidelity(judge.only(names), kinds)
    print(f"\n{found}")
    ratios = {name: asdict(ratio) for name, ratio in found.ratios().items()}
    return asdict(found) | {"over_halves_and_codec": ratios}


def combination(run: Evaluation) -> dict[str, Any]:
    """Prompts of two sounds: are both among the first five classes?"""
    judge, tagger = run.judge(), Tagger.load(run.tagger_file)
    names = run.names(judge)
    if unknown := sorted(set(names) - set(tagger.names)):
        say(f"left out, since the tagger does not know them: {', '.join(unknown)}")
    wanted = combine.combinations([n for n in names if n in tagger.names], run.paraphrase)
    heard = combine.rendered(run.heard(run.settings()))
    by: dict[str, tuple[Callable[[combine.Combination], Tensor], combine.Ranking]] = {
        "renders, nearest": (heard, lambda _, embedding: nearest_classes(embedding, judge.classes)),
        "renders, tagged": (heard, lambda _, embedding: tagger.rank(embedding)),
    }
    if run.arguments.manifest is not None:
        mixed = combine.Mixtures(held_out_recordings(run.arguments.manifest), judge)
        by["mixed recordings, nearest"] = mixed.heard, mixed.nearest
        by["mixed recordings, tagged"] = mixed.heard, lambda _, embedding: tagger.rank(embedding)
    results = [combine.combined(title, wanted, *how, say) for title, how in by.items()]
    for result in results:
        say(f"{result.title}: both {result.both:.0%}, at least one {result.one:.0%}")
    return {result.title: asdict(result) for result in results}


def bridge(run: Evaluation) -> dict[str, Any]:
    """The same renders through the bridge, without residual tokens, and from the text encoder."""
    judge = run.judge()
    names = run.names(judge)
    tables = []
    sets: dict[str, Tensor] = {}
    for way in WAYS:
        heard = run.heard(run.settings(), way)
        tables.append(
            judge.renders_table(heard, run.arguments.rounds, names, run.paraphrase, way, say)
        )
        sets[way] = run.matched(judge, names, heard)
    found = distance.fidelity(judge.only(names), sets)
    for table in tables:
        print(f"\n{table}")
    print(f"\n{found}")
    recordings = judge.recordings_table()
    shares = {table.title: share_of(table, recordings) for table in tables}
    return {"recognition": report(tables), "shares": shares, "distance": asdict(found)}


def _duration(run: Evaluation) -> dict[str, Any]:
    """Events from 0.5 to 60 s: exact lengths, no period and no seam in a texture."""
    settings = run.settings()
    renderer = Renderer(run.model, settings)
    codec, window = run.model.codec, run.model.performer.window_frames
    name = (run.arguments.classes or [TEXTURE])[0]
    results = []
    for seconds in duration.LENGTHS:
        sound = renderer(Request(run.paraphrase(name, 0), seconds, 0))
        frame = codec.hop / codec.sample_rate
        joints = duration.window_joints(codec.frames(seconds), window, frame)
        results.append(duration.measure_duration(sound, seconds, joints))
        say(str(results[-1]))
    return {"class": name, "events": [asdict(result) for result in results]}


def modified(run: Evaluation) -> dict[str, Any]:
    """Far and near, soft and loud, slow and fast: does it sound as it is said?"""
    names = run.arguments.classes or list(BY_NAME)
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise PlanError(f"{unknown[0]} is no sound class; choose among {', '.join(BY_NAME)}.")
    found: dict[str, Any] = {}
    for row in modifiers.ordered(names, Renderer(run.model, run.settings()), say):
        say(str(row))
        found.setdefault(row.contrast, {}).setdefault(row.words, {})[row.measure] = {
            "pairs": row.pairs,
            "right": round(row.right, 3),
            "difference": round(row.difference, 2),
        }
    return found


def description(run: Evaluation) -> dict[str, Any]:
    """What is answered about held-out recordings, beside what the ear's encoder tells apart."""
    if run.arguments.manifest is None:
        raise AudioFileError("There is nothing to listen to; name the corpus with --manifest.")
    recordings = held_out_recordings(run.arguments.manifest)
    judged = {recording.name for recording in recordings}
    names = set(run.arguments.classes or judged)
    if len(names & judged) < 2 or not names <= judged:
        raise PlanError(f"Name two classes or more among {', '.join(sorted(judged))}.")
    recordings = [recording for recording in recordings if recording.name in names]
    found = describe.described(run.model, recordings, say)
    ceiling = describe.nearest(recordings, run.embedder)
    for table in (ceiling, found.answers, found.likeliest):
        print(f"\n{table}")
    asked = {"either_or": found.either_or, "yes_no": found.yes_no, "yes": found.yes, "no": found.no}
    return report([ceiling, found.answers, found.likeliest]) | {"questions": asked}


def tagging(run: Evaluation) -> dict[str, Any]:
    """Fits the judge of several sounds at once, and tries it on held-out recordings."""
    manifest = run.arguments.manifest
    if manifest is None:
        raise AudioFileError("There is nothing to learn from; name the corpus with --manifest.")
    judge = run.judge()
    fit_tagger(training_recordings(manifest, run.names(judge)), run.embedder, say=say).save(
        run.tagger_file
    )
    tagger = Tagger.load(run.tagger_file)
    table = tagged_table(judge, tagger.rank)
    print(f"\n{table}")
    wanted = combine.combinations(tagger.names, plain_paraphrase, CHECKED)
    mixed = combine.Mixtures(held_out_recordings(manifest), judge)
    found = {
        "nearest": combine.combined("nearest", wanted, mixed.heard, mixed.nearest),
        "tagged": combine.combined("tagged", wanted, mixed.heard, lambda _, e: tagger.rank(e)),
    }
    for result in found.values():
        say(f"mixed recordings, {result.title}: both {result.both:.0%}, one {result.one:.0%}")
    return report([table]) | {"mixed recordings": {k: asdict(v) for k, v in found.items()}}


EVALUATIONS: dict[str, Callable[[Evaluation], dict[str, Any]]] = {
    "recognise": recognise,
    "fidelity": _fidelity,
    "combine": combination,
    "bridge": bridge,
    "duration": _duration,
    "modifiers": modified,
    "describe": description,
    "tagger": tagging,
}

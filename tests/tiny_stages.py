"""Every stage that trains by gradients, on the tiny profile: the same steps wherever they are done.

Each stage begins from the same weights, on the same data, so that its losses can be compared.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

from core.audiostory import AudioStory, build_audiostory, load_audiostory
from core.bridge.text_encoder import TextEncoder
from core.corpus.captions import Caption
from core.corpus.examples import Examples
from core.corpus.modifiers import USUAL
from core.corpus.vocabulary import CLASSES
from core.narratives.scores import Score, read_scores
from core.profile import ListenerConfig, Profile, load_profile
from core.training import bridging, stages, understanding
from core.training import pretrain as pretraining
from core.training.bridging import Performances, train_stage_one, warm_up
from core.training.distil import train_fast
from core.training.ear import train_ear
from core.training.lesson import Ablation
from core.training.loop import TrainingRun
from core.training.pretrain import pretrain
from core.training.scores import train_scores
from core.training.sounds import EventSounds
from core.training.stages import STAGES, train_stage
from core.training.states import NO_EXAMPLE, BridgingStates
from core.training.understanding import HeardClip, train_understanding
from core.training.wishes import train_wishes

FRAME_SECONDS = 2048 / 44_100
WEIGHTS = torch.ones(64)
Training = Callable[[TrainingRun, Path], object]


@cache
def profile() -> Profile:
    """The tiny profile on the real text encoder's width, with the pocket model's ear."""
    tiny = load_profile("tiny")
    return replace(
        tiny,
        bridge=replace(tiny.bridge, width=384),
        performer=replace(tiny.performer, condition_width=384),
        listener=ListenerConfig(4, 512, "aisfx"),
    )


@cache
def examples() -> Examples:
    generator = torch.Generator().manual_seed(0)
    return Examples(
        torch.randn(len(CLASSES), 192, 64, generator=generator).half() + 1.0,
        [[Caption(c.caption, c.caption)] for c in CLASSES],
        [[c.name] for c in CLASSES],
        [c.kind == "spot" for c in CLASSES],
        [150 if number % 2 else 0 for number in range(len(CLASSES))],
        [USUAL] * len(CLASSES),
    )


@cache
def states() -> BridgingStates:
    """States at the bridging tokens, of one event a class."""
    generator = torch.Generator().manual_seed(1)
    tokens = profile().bridge
    hidden = model().llm.config.hidden_size
    return BridgingStates(
        torch.randn(len(CLASSES), tokens.semantic_tokens, hidden, generator=generator).half(),
        torch.randn(len(CLASSES), tokens.residual_tokens, hidden, generator=generator).half(),
        [Caption(c.caption, c.caption) for c in CLASSES],
        [(c.name,) for c in CLASSES],
        [NO_EXAMPLE] * len(CLASSES),
    )


@cache
def clips() -> list[HeardClip]:
    generator = torch.Generator().manual_seed(2)
    return [HeardClip(torch.randn(4, 512, generator=generator), c.name, {}) for c in CLASSES[:8]]


@cache
def performances() -> Performances:
    return Performances(states(), examples())


@cache
def sounds() -> EventSounds:
    return EventSounds(examples(), WEIGHTS, FRAME_SECONDS)


def model() -> AudioStory:
    """A model of one's own, always of the same weights."""
    return _copied(_built())


def merged() -> AudioStory:
    """The same, as adapters beside the director's are trained on it."""
    return _copied(_loaded())


@cache
def _built() -> AudioStory:
    torch.manual_seed(0)
    return build_audiostory(profile(), adapter=True)


@cache
def _loaded() -> AudioStory:
    return load_audiostory(load_profile("tiny"), performs=False)


def _copied(story_model: AudioStory) -> AudioStory:
    shared = (story_model.tokenizer, story_model.codec)
    return copy.deepcopy(story_model, {id(part): part for part in shared})


@contextmanager
def one_text_encoder() -> Iterator[None]:
    """Read the frozen text encoder once and not by every stage: that takes longer than training."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (bridging, pretraining, stages, understanding):
            patch.setattr(module, "TextEncoder", _text_encoder)
        yield


@cache
def _text_encoder(tokens: int) -> TextEncoder:
    return TextEncoder(tokens)


def warm_up_caches() -> None:
    """Make what all stages share, for processes that are forked off this one."""
    performances(), sounds(), clips(), merged(), _pairs()
    _text_encoder(profile().bridge.semantic_tokens)


def _stage(name: str) -> Training:
    def training(run: TrainingRun, folder: Path) -> None:
        stage = STAGES[name]
        few = replace(stage, lessons=2, captions=min(2, stage.captions), kept=min(1, stage.kept))
        train_stage(model(), few, sounds(), run, folder)

    return training


def _fast(run: TrainingRun, folder: Path) -> None:
    train_fast(model(), performances(), WEIGHTS, FRAME_SECONDS, run, folder)


def _scores(run: TrainingRun, folder: Path) -> None:
    train_scores(merged(), run, folder, _pairs(), rank=3, batch=2, share=0.5)


@cache
def _pairs() -> tuple[list[Score], list[Score]]:
    pairs = read_scores()
    return pairs[:8], pairs[8:10]


TRAININGS: dict[str, Training] = {
    "performer": lambda run, folder: pretrain(
        profile(), examples(), WEIGHTS, FRAME_SECONDS, run, folder
    ),
    "warmup": lambda run, folder: warm_up(model(), states(), run, folder),
    "stage1": lambda run, folder: train_stage_one(
        model(), performances(), WEIGHTS, FRAME_SECONDS, run, folder, Ablation()
    ),
    "fast": _fast,
    "stage2": lambda run, folder: train_understanding(model(), clips(), sounds(), run, folder),
    "ear": lambda run, folder: train_ear(model(), clips(), run, folder, 4),
    "wishes": lambda run, folder: train_wishes(merged(), run, folder),
    "scores": _scores,
    **{name: _stage(name) for name in STAGES},
}
"""By the names of `app.py train`; `ear` is `stage2 --ear-only`."""

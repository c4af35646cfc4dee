"""Learning an own sound: a condition and low-rank updates of the performer, from few recordings.

A lesson is a folder: what was asked for, and the latents of the recordings' versions. The training
in it is that of every stage (core/training/loop.py): it goes on where it was stopped, were it by a
crash, and sees the same batches then. What comes of it is one file (core/own_sounds/own_sound.py).

Nothing of other sounds takes part, and no prior needs to be kept: the updates are at work for this
sound alone (core/own_sounds/performer.py). Textual inversion (Gal et al. 2023) gives the condition,
DreamBooth with LoRA (Ruiz et al. 2023, Hu et al. 2021) the updates; both are learned at once.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.codec.codec import Codec
from core.errors import StudioError, raise_if_cancelled
from core.files import atomic_path, open_weights, write_atomically
from core.own_sounds.base import base_digest, load_base
from core.own_sounds.own_sound import LearnedSound, OwnSound
from core.own_sounds.recordings import SoundRecording, version_of
from core.own_sounds.store import LESSON_FILE
from core.performer.flow_performer import FlowPerformer
from core.performer.low_rank import updates_of, with_low_rank
from core.profile import Profile
from core.schema import parse_json, read_dataclass
from core.training.loop import TrainingRun, train
from core.training.pretrain import below, flow_loss

_RANK = 8
STEPS = 600
"""Of a training; fewer where the machine would take longer than `MOST_MINUTES` for them."""
FEWEST_STEPS = 60
MOST_MINUTES = 9.0
"""Of the training itself: reading and writing come on top, ten minutes in all."""
_RATE = 5e-3
"""Peak learning rate of updates and condition. With 1e-3 and windows of twice as many frames, 150
steps of the same cost had a made sonar recognised in 25 % of its renders; with this in 83 %."""
_VERSIONS = 4
"""Of each recording, itself among them; of five recordings so many more that there are twenty."""
_FEWEST_EXAMPLES = 20
WINDOWS_LEARNED = (24, 34, 48, 68, 96, 136)
"""Latent frames of the windows of a step: one to six seconds of the pocket codec's."""
_STEP_TOKENS = 300
"""Latent frames and condition tokens of a step."""
FROM_THE_START = 0.4
"""Share of the windows that begin where the sound does."""
_TRIED = 2
"""Steps by which the machine's speed is measured, after one that is not."""
_SAVED_EVERY = 0.25
"""Minutes."""
_LATENTS, _RUN = "latents.safetensors", "run"


@dataclass(frozen=True)
class LessonPlan:
    """What a lesson is to give, and by how many steps.

    Attributes:
        about: what will be said of the sound.
        steps: of the training; None: not settled yet (`settled_steps`).
    """

    about: OwnSound
    steps: int | None = None


@dataclass(frozen=True)
class LessonProgress:
    """`step` of `steps` were done, and how many seconds the others will take."""

    step: int
    steps: int
    seconds_left: float


OnLesson = Callable[[LessonProgress], object]


def prepare_lesson(
    folder: Path,
    plan: LessonPlan,
    recordings: Sequence[SoundRecording],
    codec: Codec,
    cancel: threading.Event | None = None,
) -> None:
    """Make the folder of a lesson, in the place of one that was left there.

    Raises:
        Cancelled: `cancel` was set.
        FileError: the folder cannot be written.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    count = max(_VERSIONS, -(-_FEWEST_EXAMPLES // len(recordings)))
    tensors = {"silence": codec.encode(torch.zeros(1, codec.audio_channels, 8 * codec.hop))[0, 4]}
    for number, recording in enumerate(recordings):
        for version in range(count):
            raise_if_cancelled(cancel, "Learning")
            samples = recording.samples
            if version:
                rng = np.random.default_rng([number, version])
                samples = version_of(samples, codec.sample_rate, rng)
            latents = codec.encode(torch.from_numpy(samples)[None])[0]
            tensors[f"{number}.{version}"] = latents.half().contiguous()
    with atomic_path(folder / _LATENTS) as temporary:
        save_file(tensors, temporary)
    _write_plan(folder, plan)


def _write_plan(folder: Path, plan: LessonPlan) -> None:
    write_atomically(folder / LESSON_FILE, json.dumps(dataclasses.asdict(plan)).encode())


def read_plan(folder: Path) -> LessonPlan | None:
    """What the lesson in a folder is to give; None: there is none that can be gone on with."""
    try:
        text = (folder / LESSON_FILE).read_text(encoding="utf-8")
        return read_dataclass(LessonPlan, parse_json(text), LESSON_FILE, StudioError)
    except (OSError, ValueError, StudioError):
        return None


class SoundExamples:
    """The latents that a sound is learned from, and what is drawn from them.

    Args:
        frame_seconds: of a latent frame.
    """

    def __init__(self, latents: Sequence[Tensor], silence: Tensor, frame_seconds: float) -> None:
        self.latents, self.silence = list(latents), silence
        self.frame_seconds = frame_seconds

    def draw(self, tokens: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Windows (B, T, C) of one length, and their seconds (B,).

        Args:
            tokens: of a condition and the duration, beside a window.
        """
        frames = WINDOWS_LEARNED[below(len(WINDOWS_LEARNED), generator)]
        count = max(2, _STEP_TOKENS // (frames + tokens))
        windows = torch.stack([self._window(frames, generator) for _ in range(count)])
        return windows, torch.full((count,), frames * self.frame_seconds)

    def _window(self, frames: int, generator: torch.Generator) -> Tensor:
        """A part of one of the sounds; after a shorter one there is silence."""
        sound = self.latents[below(len(self.latents), generator)]
        if len(sound) <= frames:
            return torch.cat([sound, self.silence.expand(frames - len(sound), -1)])
        from_start = float(torch.rand(1, generator=generator)) < FROM_THE_START
        start = 0 if from_start else below(len(sound) - frames + 1, generator)
        return sound[start : start + frames]


def read_examples(folder: Path, codec: Codec) -> SoundExamples:
    """The examples of a lesson; raises WeightsError where they are damaged."""
    with open_weights(folder / _LATENTS) as file:
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    silence = tensors.pop("silence")
    latents = [tensors[name] for name in sorted(tensors)]
    return SoundExamples(latents, silence, codec.hop / codec.sample_rate)


class _Learned(nn.Module):
    """What is trained: the condition (1, S, width) and the factors, apart from the performer."""

    def __init__(self, condition: Tensor, factors: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        self.condition = nn.Parameter(condition.clone())
        self.names = list(factors)
        self.factors = nn.ParameterList(factors.values())


def learn_sound(
    profile: Profile,
    folder: Path,
    on_step: OnLesson = lambda progress: None,
    cancel: threading.Event | None = None,
) -> LearnedSound:
    """Learn what a lesson holds, or go on learning it.

    Raises:
        Cancelled: `cancel` was set, which is looked at in every step; the lesson stays.
        StudioError: there is no lesson in the folder.
        WeightsError: weights or latents are missing or damaged.
    """
    plan = read_plan(folder)
    if plan is None:
        raise StudioError(
            "There is no lesson to go on with; name the folder with the recordings again."
        )
    performer, codec = load_base(profile)
    examples, weights = read_examples(folder, codec), codec.channel_weights()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        factors = with_low_rank(performer, _RANK)
        learned = _Learned(start_condition(performer, plan.about.names), factors)
        tokens = performer.negative.shape[1] + 1

        def loss(generator: torch.Generator) -> Tensor:
            latents, seconds = examples.draw(tokens, generator)
            condition = learned.condition.expand(len(latents), -1, -1)
            return flow_loss(performer, latents, condition, seconds, weights, generator)

        steps = plan.steps or settled_steps(loss, list(learned.parameters()))
        if plan.steps is None:
            _write_plan(folder, dataclasses.replace(plan, steps=steps))
        _train(learned, loss, steps, folder / _RUN, on_step, cancel)
    about = dataclasses.replace(plan.about, base=base_digest(profile))
    values = {n: p.detach() for n, p in zip(learned.names, learned.factors, strict=True)}
    return LearnedSound(about, learned.condition.detach()[0], updates_of(values))


def _train(
    learned: _Learned,
    loss: Callable[[torch.Generator], Tensor],
    steps: int,
    folder: Path,
    on_step: OnLesson,
    cancel: threading.Event | None,
) -> None:
    began, made = time.monotonic(), 0
    before = _steps_done(folder)

    def losses(generator: torch.Generator) -> Iterator[dict[str, Tensor]]:
        nonlocal made
        raise_if_cancelled(cancel, "Learning")
        done = min(before + made, steps)
        each = (time.monotonic() - began) / made if made else 0.0
        on_step(LessonProgress(done, steps, each * (steps - done)))
        made += 1
        yield {"flow": loss(generator)}

    run = TrainingRun(steps, _RATE, warmup=min(20, steps // 4), save_minutes=_SAVED_EVERY, parts=1)
    train(learned, losses, {"flow": 1.0}, run, folder)
    on_step(LessonProgress(steps, steps, 0.0))


def _steps_done(folder: Path) -> int:
    """How many steps a run that is gone on with has behind it."""
    path = folder / "state.pt"
    if not path.exists():
        return 0
    return int(torch.load(path, weights_only=True, map_location="cpu")["step"])


def settled_steps(
    loss: Callable[[torch.Generator], Tensor], parameters: Sequence[nn.Parameter]
) -> int:
    """How many steps this machine makes in the time that a training may take."""
    generator, seconds = torch.Generator().manual_seed(0), []
    for _ in range(1 + _TRIED):
        began = time.monotonic()
        torch.autograd.backward(loss(generator))
        seconds.append(time.monotonic() - began)
    for parameter in parameters:
        parameter.grad = None
    each = sum(seconds[1:]) / _TRIED
    return max(FEWEST_STEPS, min(STEPS, int(60.0 * MOST_MINUTES / max(each, 1e-3))))


def start_condition(performer: FlowPerformer, names: Sequence[str]) -> Tensor:
    """The condition (1, S, width) from which learning begins: that of the sound's names, as the
    text encoder reads them, where the performer is told by it; else that of the empty caption."""
    from core.bridge.text_encoder import TextEncoder, sentence_encoder

    count, width = performer.negative.shape[1:]
    if sentence_encoder().model.config.hidden_size != width:
        return performer.negative.clone()
    return TextEncoder(count)([", ".join(names)])

"""Stage I of the paper (section 3.3): the bridge, then bridge and performer, on single events.

    python app.py train warmup --states DIR --run DIR --steps 4000
    python app.py train stage1 --states DIR --examples DIR --from RUN RUN --run DIR --steps 2000

`warmup` aligns the semantic tokens with the text encoder's by L_mse alone; `stage1` adds L_flow,
through which the residual tokens learn. Both read the director's states from a folder
(core/training/states.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.audiostory import AudioStory
from core.bridge.bridge import Bridge
from core.bridge.text_encoder import TextEncoder
from core.corpus.captions import said_by
from core.corpus.examples import Examples
from core.corpus.modifiers import USUAL
from core.performer.controls import Controls
from core.performer.flow_performer import FlowPerformer, flow_performer
from core.training.control_draws import ControlDraws
from core.training.devices import moved_to
from core.training.lesson import Ablation
from core.training.loop import TrainingRun, train
from core.training.objective import LAMBDA, bridge_states
from core.training.pretrain import WINDOWS, batch_size, below, compiled, drawn_pool, flow_loss
from core.training.states import NO_EXAMPLE, BridgingStates

_EVENTS = 48
"""Events of a warm-up step."""
BY_ENCODER = 0.25
"""Share of stage I's sounds that are conditioned by the text encoder itself, in any of their
captions, of which the states hold but a few: the performer reads more paraphrases, does not forget
what it was pre-trained on, and the cascade of the paper's comparison stays fair."""


class BridgeAndPerformer(nn.Module):
    """The parts that stage I trains, under the names that they have in the whole model."""

    def __init__(self, bridge: Bridge, performer: FlowPerformer):
        super().__init__()
        self.bridge = bridge
        self.performer = performer


class Alignment:
    """Batches of states with the tokens that the text encoder makes of what their captions mean."""

    def __init__(self, states: BridgingStates, encoder: TextEncoder, scale: float):
        self.states = states
        self.encoder = encoder
        self.scale = scale

    def rows(self, indices: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Semantic states, residual states, and the target of the semantic tokens, on the
        processor."""
        target = self.encoder([self.states.captions[i].meant for i in indices])
        return *self.states.of(indices), self.scale * target


def warm_up(model: AudioStory, states: BridgingStates, run: TrainingRun, folder: Path) -> None:
    """Train the semantic projector by L_mse alone."""
    torch.manual_seed(run.seed)
    bridge = model.bridge
    bridge.requires_grad_(False)
    bridge.semantic_projector.requires_grad_(True)
    encoder = TextEncoder(bridge.config.semantic_tokens)
    batches = Alignment(states, encoder, bridge.config.scale)

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        indices = torch.randint(len(states.captions), (_EVENTS,), generator=generator)
        semantic, _, target = moved_to(bridge, *batches.rows(indices.tolist()))
        yield {"mse": functional.mse_loss(bridge.semantic_projector(semantic), target)}

    train(BridgeAndPerformer(bridge, flow_performer(model.performer)), losses, LAMBDA, run, folder)
    bridge.requires_grad_(True)


WITH_MODIFIERS = 0.25
"""Share of stage I's single sounds of which something unusual is said and heard."""

Performed = list[tuple[int, list[int]]]
"""Events, each with the sounds that perform it."""


@dataclass(frozen=True)
class PerformedBatch:
    """B windows of latents, with the events that they perform.

    Attributes:
        events: index of the event that each performs.
        captions: one of what performs it.
        latents: (B, T, C).
        frames: (B,) lengths for the duration embedder.
        controls: what else is said of the sounds, to a performer that learns to heed it.
    """

    events: list[int]
    captions: list[str]
    latents: Tensor
    frames: Tensor
    controls: Controls | None


class Performances:
    """Draws windows of latents with the events that they perform.

    Args:
        controls: draws what else is said of them; None: nothing is.
    """

    def __init__(
        self, states: BridgingStates, examples: Examples, controls: ControlDraws | None = None
    ):
        self.examples = examples
        self.controls = controls
        self.states = states
        self.said = [
            said_by(classes, caption.meant)
            for classes, caption in zip(states.classes, states.captions, strict=True)
        ]
        self.pools = {
            frames: [self._parted(sounds) for sounds in examples.suiting(frames)]
            for frames in WINDOWS
        }

    def _parted(self, sounds: Sequence[int]) -> list[Performed]:
        """Playable events of which nothing unusual is said, and the others; none that is empty."""
        playable = self._playable(sounds)
        usual = [played for played in playable if self.said[played[0]] == USUAL]
        unusual = [played for played in playable if self.said[played[0]] != USUAL]
        return [part for part in (usual, unusual) if part]

    def _playable(self, sounds: Sequence[int]) -> Performed:
        """The events that some of these sounds perform, each with those that do.

        An event whose caption was written for an example is performed by that one alone, unless the
        caption says of it what cannot be heard: then, as all other events, by those of its classes
        that sound as it says.
        """
        among = set(sounds)
        with_modifiers = {
            wanted: [index for index in found if index in among]
            for wanted, found in self.examples.by_modifiers().items()
        }
        performed = []
        for example, classes, said in zip(
            self.states.examples, self.states.classes, self.said, strict=True
        ):
            if example != NO_EXAMPLE and said.beyond(self.examples.modifiers[example]) == USUAL:
                performed.append([example] if example in among else [])
            else:
                performed.append(with_modifiers.get((tuple(sorted(classes)), said), []))
        return [(event, found) for event, found in enumerate(performed) if found]

    @staticmethod
    def _part(parts: list[Performed], generator: torch.Generator) -> Performed:
        unusual = float(torch.rand(1, generator=generator)) < WITH_MODIFIERS
        return parts[-1 if unusual else 0]

    def draw(self, generator: torch.Generator) -> PerformedBatch:
        """A batch of windows of one length."""
        frames = WINDOWS[below(len(WINDOWS), generator)]
        events, captions, windows, lengths, places = [], [], [], [], []
        for _ in range(batch_size(frames, self.states.semantic.shape[1])):
            pool = self._part(drawn_pool(self.pools[frames], generator), generator)
            event, found = pool[below(len(pool), generator)]
            example = found[below(len(found), generator)]
            choices = self.examples.captions[example]
            start = self.examples.start(example, frames, generator)
            places.append((example, start))
            windows.append(self.examples.cut(example, start, frames))
            lengths.append(self.examples.sounding_frames(example, frames))
            captions.append(choices[below(len(choices), generator)].said)
            events.append(event)
        controls = self.controls.draw(places, frames, generator) if self.controls else None
        return PerformedBatch(
            events, captions, torch.stack(windows), torch.tensor(lengths), controls
        )


def train_stage_one(
    model: AudioStory,
    performances: Performances,
    weights: Tensor,
    frame_seconds: float,
    run: TrainingRun,
    folder: Path,
    ablation: Ablation,
) -> None:
    """Train projectors, fuser and DiT together.

    Args:
        performances: states of the director's and latents that perform them.
        weights: what each latent channel counts in L_flow, (C,).
        frame_seconds: length of a latent frame.
    """
    torch.manual_seed(run.seed)
    performer = flow_performer(model.performer)
    encoder = TextEncoder(model.bridge.config.semantic_tokens)
    batches = Alignment(performances.states, encoder, model.bridge.config.scale)

    def losses(generator: torch.Generator) -> Iterator[Mapping[str, Tensor]]:
        drawn = performances.draw(generator)
        semantic, residual, target = moved_to(model.bridge, *batches.rows(drawn.events))
        bridged = bridge_states(model.bridge, semantic, residual, ablation)
        by_encoder = torch.rand(len(drawn.events), 1, 1, generator=generator) < BY_ENCODER
        by_encoder, encoded = moved_to(model.bridge, by_encoder, encoder(drawn.captions))
        condition = torch.where(by_encoder, encoded, bridged.condition)
        seconds = drawn.frames * frame_seconds
        loss = flow_loss(
            performer, drawn.latents, condition, seconds, weights, generator, drawn.controls
        )
        terms = {"flow": loss}
        if ablation.semantic:
            terms["mse"] = functional.mse_loss(bridged.semantic, target)
        yield terms

    with compiled(performer, run.steps):
        train(BridgeAndPerformer(model.bridge, performer), losses, LAMBDA, run, folder)

"""The paper's training objective on one story.

L = λ_mse MSE(S, scale T(caption)) + λ_text CE + λ_reason CE(reasoning) + λ_flow L_flow
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from core.audiostory import AudioStory, Stream
from core.bridge.bridge import Bridge, BridgedTokens
from core.bridge.text_encoder import TextEncoder
from core.language.stream import PlannedEvent
from core.performer.flow_performer import flow_performer
from core.training.devices import moved_to
from core.training.lesson import ALIKE, Ablation, Lesson
from core.training.pretrain import flow_loss
from core.training.sounds import EventSounds

LAMBDA = {"mse": 1.0, "text": 1.0, "flow": 0.2, "reason": 0.4}
"""Weights of the terms: the release's."""


def bridge_states(
    bridge: Bridge, semantic: Tensor, residual: Tensor, ablation: Ablation
) -> BridgedTokens:
    """What the bridge makes of states; without residual tokens the fuser sees zeros."""
    bridged = bridge(semantic, residual)
    if ablation.residual:
        return bridged  # type: ignore[no-any-return]
    nothing = torch.zeros_like(bridged.residual)
    return BridgedTokens(bridged.semantic, nothing, bridge.fuse(bridged.semantic, nothing))


class Objective:
    """Loss terms of a lesson.

    Args:
        sounds: latents to perform the events with; None leaves L_flow out (semantic warm-up).
    """

    def __init__(
        self,
        model: AudioStory,
        encoder: TextEncoder,
        sounds: EventSounds | None,
        ablation: Ablation,
    ):
        self.model = model
        self.encoder = encoder
        self.sounds = sounds
        self.ablation = ablation

    def terms(self, lesson: Lesson, generator: torch.Generator) -> Iterator[tuple[str, Tensor]]:
        """The unweighted terms `text`, `reason`, `mse` and `flow`, as far as they apply."""
        stream = self._stream(lesson)
        (ids,) = moved_to(self.model.backbone, stream.ids[None])
        output = self.model.backbone(input_ids=ids, use_cache=False)
        states = output.last_hidden_state[0]
        if lesson.written:
            yield from self._language(stream, states)
        if not lesson.bridging:
            return
        semantic, residual = states[stream.semantic], states[stream.residual]
        bridged = bridge_states(self.model.bridge, semantic, residual, self.ablation)
        if self.ablation.semantic:
            yield "mse", self._alignment(lesson, bridged)
        if self.sounds is not None:
            flow = self._flow(lesson, bridged, generator)
            if flow is not None:
                yield "flow", flow

    def _stream(self, lesson: Lesson) -> Stream:
        reasoning = lesson.reasoning if self.ablation.reasoning else ""
        events = lesson.events
        if not self.ablation.captions:
            events = tuple(PlannedEvent("", event.duration) for event in events)
        if lesson.bridging:
            events = tuple(self.model.paraphrased(events, ALIKE))
        return self.model.stream(
            lesson.instruction, lesson.total, reasoning, events, bridging=lesson.bridging
        )

    def _language(self, stream: Stream, states: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Next-token prediction where the director has a choice: not inside forced spans."""
        ids = self.model.ids
        targets = stream.ids[1:]
        forced = torch.isin(targets, torch.tensor([ids.think, *ids.span, ids.gen_end]))
        forced |= self._paraphrases(stream.ids)[1:]
        position = torch.arange(len(targets))
        chosen = (position >= stream.prompt - 1) & ~forced
        thinking = position < int((stream.ids == ids.think_end).nonzero()[0, 0])
        masks = {"reason": chosen & thinking, "text": chosen & ~thinking}
        if not self.ablation.reasoning:
            del masks["reason"]
        for name, mask in masks.items():
            if mask.any():
                logits = self.model.head(states[:-1][mask])
                yield name, functional.cross_entropy(logits, targets[mask].to(logits.device))

    def _paraphrases(self, ids: Tensor) -> Tensor:
        """Which ids (L,) stand between a length and its bridging tokens: they are only read."""
        span = self.model.ids.span
        if not torch.isin(ids, torch.tensor(span[:1])).any():
            return torch.zeros_like(ids, dtype=torch.bool)
        opened = (ids == self.model.ids.time_end).cumsum(0)
        return (opened > (ids == span[0]).cumsum(0)) & (ids != self.model.ids.time_end)

    def _alignment(self, lesson: Lesson, bridged: BridgedTokens) -> Tensor:
        """L_mse: semantic tokens against the text encoder's tokens of what the caption means."""
        (target,) = moved_to(self.model.bridge, self.encoder(lesson.meant))
        return functional.mse_loss(bridged.semantic, self.model.bridge.config.scale * target)

    def _flow(
        self, lesson: Lesson, bridged: BridgedTokens, generator: torch.Generator
    ) -> Tensor | None:
        assert self.sounds is not None
        drawn = self.sounds.draw(lesson, generator)
        if drawn is None:
            return None
        return flow_loss(
            flow_performer(self.model.performer),
            drawn.latents,
            bridged.condition[drawn.events],
            drawn.seconds,
            self.sounds.weights,
            generator,
        )

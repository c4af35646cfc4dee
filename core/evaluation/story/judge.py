"""The judge of whole stories: instruction following, consistency, coherence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from core.evaluation.recognise import Judge
from core.evaluation.story.brief import StoryBrief
from core.evaluation.story.coherence import Coherence, coherence
from core.evaluation.story.following import Following, excerpt, follow
from core.evaluation.story.source_consistency import SourceConsistency, source_consistency
from core.evaluation.tagger import Tagger

if TYPE_CHECKING:
    from core.evaluation.story.clap import ClapScore


@dataclass(frozen=True)
class PerformedStory:
    """What a system made of a brief.

    Attributes:
        sound: mono (N,) at 44.1 kHz.
        joints: seconds at which one event gives way to another, where the system says so.
        spans: beginning and end (s) of its events, likewise.
        captions: of its events, in the order of `spans`, likewise.
    """

    sound: Tensor
    joints: tuple[float, ...] | None = None
    spans: tuple[tuple[float, float], ...] | None = None
    captions: tuple[str, ...] | None = None

    @property
    def events(self) -> tuple[str, ...] | None:
        """Its events, a line each; None where the system does not say."""
        if self.captions is None or self.spans is None:
            return None
        timed = zip(self.spans, self.captions, strict=True)
        return tuple(f"{start:g} to {end:g} s: {caption}" for (start, end), caption in timed)


@dataclass(frozen=True)
class StoryVerdict:
    """What a story measures.

    Attributes:
        clap: mean cosine of the wanted sounds and their captions; None: no CLAP model is here.
    """

    following: Following
    consistency: SourceConsistency
    coherence: Coherence
    clap: float | None = None

    def figures(self) -> dict[str, float]:
        """Every figure by its name."""
        parts = (self.following, self.consistency, self.coherence)
        figures = {name: value for part in parts for name, value in vars(part).items()}
        return figures if self.clap is None else figures | {"clap": self.clap}


class StoryJudge:
    """Judges stories by one embedding of sound.

    Args:
        recordings: the held-out recordings, whose mean is what all sounds share.
        tagger: fitted on the same embedding.
        clap: its score is a figure too; None: no such model is here.
    """

    def __init__(self, recordings: Judge, tagger: Tagger, clap: ClapScore | None = None):
        self._clap = clap
        self._embedder = recordings.embedder
        self._tagger = tagger
        self._centre = F.normalize(recordings.plain, dim=1).mean(0)
        self._known: dict[str, Tensor] = {}

    def embed(self, sound: Tensor) -> Tensor:
        """The embedding of a mono sound (N,); the same sound is heard once."""
        key = hashlib.sha256(sound.contiguous().numpy().tobytes()).hexdigest()
        if key not in self._known:
            self._known[key] = self._embedder.embed(sound)
        return self._known[key]

    def judge(self, brief: StoryBrief, story: PerformedStory) -> StoryVerdict:
        """Judge what a system made of a brief.

        Where the system does not say when its events begin, the brief's own times stand for it;
        a returning sound is looked for where the brief has it.
        """
        wanted = [(sound.start, sound.end) for sound in brief.wanted]
        joints = brief.joints if story.joints is None else story.joints
        spans = wanted if story.spans is None else story.spans
        return StoryVerdict(
            follow(brief, story.sound, self.embed, self._tagger),
            source_consistency(brief, self._embedded(story.sound, wanted), self._centre),
            coherence(story.sound, joints, spans, self.embed),
            self._clap(brief, story.sound) if self._clap else None,
        )

    def _embedded(self, sound: Tensor, spans: Sequence[tuple[float, float]]) -> list[Tensor]:
        return [self.embed(excerpt(sound, *span)) for span in spans]

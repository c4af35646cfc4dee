"""What a director learns from: one story with its sounds, and the paper's ablations."""

from __future__ import annotations

from dataclasses import dataclass

from core.language.stream import PlannedEvent


@dataclass(frozen=True)
class Ablation:
    """The paper's ablations, as switches (tables 4 and 5).

    Attributes:
        reasoning: the director writes its reasoning first.
        captions: every event has its caption in the stream (interleaved generation).
        residual: residual tokens take part; without them the fuser sees zeros.
        semantic: semantic tokens are supervised by the text encoder.
    """

    reasoning: bool = True
    captions: bool = True
    residual: bool = True
    semantic: bool = True


ALIKE = 0.85
"""Known captions nearer than this are left out of the paraphrases in training: with them a
paraphrase would hardly ever be wrong, and then be believed blindly."""


@dataclass(frozen=True)
class Lesson:
    """One story to learn from.

    Attributes:
        classes: names of the sounds that may perform each event.
        meant: each caption in the plain words that the text encoder reads.
        bridging: the stream holds bridging tokens; without them only planning is learned.
        written: the director learns to write it; otherwise it only reads it.
    """

    instruction: str
    total: float
    reasoning: str
    events: tuple[PlannedEvent, ...]
    classes: tuple[tuple[str, ...], ...]
    meant: tuple[str, ...]
    bridging: bool = True
    written: bool = True

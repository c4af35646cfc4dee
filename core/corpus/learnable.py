"""Every kind of sound that a performer can be trained on: today's classes and the candidates."""

from __future__ import annotations

from core.corpus.candidates import CandidateKind, read_candidates
from core.corpus.vocabulary import BY_NAME, SoundClass

CANDIDATES_BY_NAME: dict[str, CandidateKind] = {kind.name: kind for kind in read_candidates()}


def _sound_class(kind: CandidateKind) -> SoundClass:
    """A candidate as a class; what is repeated is a shot that comes in series."""
    is_texture = kind.kind == "texture"
    return SoundClass(
        kind.name,
        kind.family,
        "texture" if is_texture else "spot",
        kind.caption,
        kind.seconds,
        kind.level,
    )


HELD_OUT_WORDING = 12
"""Every twelfth wording of a candidate is for evaluation only."""


def candidate_wordings(name: str, *, held_out: bool = False) -> tuple[str, ...]:
    """A candidate's wordings to train on, or those that evaluate."""
    words = CANDIDATES_BY_NAME[name].words
    return tuple(w for n, w in enumerate(words) if (n % HELD_OUT_WORDING == 0) == held_out)


LEARNABLE: dict[str, SoundClass] = BY_NAME | {
    name: _sound_class(kind) for name, kind in CANDIDATES_BY_NAME.items()
}
"""By name, today's classes first."""

"""Kinds that no performer knows yet are written with care, and pass for nothing known."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from core.corpus.candidates import CandidateKind, read_candidates
from core.corpus.vocabulary import BY_NAME
from core.errors import StoryError

FEWEST = 150
"""Wordings a kind."""
MAX_WORDS = 16
"""Words of a wording."""
LEVELS = (-50.0, -5.0)


@pytest.fixture(scope="module")
def kinds() -> tuple[CandidateKind, ...]:
    return read_candidates()


def test_there_are_enough_kinds_and_none_is_known_already(kinds: tuple[CandidateKind, ...]) -> None:
    assert len(kinds) >= 228
    names = Counter(kind.name for kind in kinds)
    assert max(names.values()) == 1
    assert not names.keys() & BY_NAME.keys()


def test_every_kind_has_many_wordings_and_shares_none(kinds: tuple[CandidateKind, ...]) -> None:
    assert {kind.name: len(kind.words) for kind in kinds if len(kind.words) < FEWEST} == {}
    wordings = Counter(word.lower() for kind in kinds for word in kind.words)
    assert [word for word, count in wordings.items() if count > 1] == []
    assert [word for word in wordings if not 1 <= len(word.split()) <= MAX_WORDS] == []


def test_lengths_levels_and_labels_are_believable(kinds: tuple[CandidateKind, ...]) -> None:
    for kind in kinds:
        shortest, longest = kind.seconds
        assert 0.1 <= shortest < longest <= 3600.0, kind.name
        assert LEVELS[0] <= kind.level <= LEVELS[1], kind.name
        assert re.fullmatch(r"([A-Z]{2,}[A-Za-z]*)?", kind.ucs), kind.name
        assert 2 <= len(kind.caption.split()) <= 10, kind.name


def test_a_table_that_is_no_kind_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[kettle]\nfamily = "kitchen"\n')
    with pytest.raises(StoryError, match=r"a\.toml: kettle lacks"):
        read_candidates(tmp_path)
    (tmp_path / "a.toml").write_text("[kettle\n")
    with pytest.raises(StoryError, match="not TOML"):
        read_candidates(tmp_path.joinpath())

"""Captions labelled by what of them is known: of each label, and none that judges the flag."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from core.corpus.labelled_captions import LabelledCaption, read_labelled_captions
from core.errors import StoryError

CORE = Path(__file__).parents[1] / "core"
JUDGES = (
    *(
        CORE / "evaluation" / name
        for name in ("writers.jsonl", "others.jsonl", "unknown.jsonl", "flags.jsonl")
    ),
    CORE / "corpus" / "calibration.jsonl",
)


@pytest.fixture(scope="module")
def captions() -> tuple[LabelledCaption, ...]:
    return read_labelled_captions()


def plain(text: str) -> str:
    return text.lower().strip(" .")


def test_every_manner_has_captions_of_every_label(captions: tuple[LabelledCaption, ...]) -> None:
    count = Counter((caption.manner, caption.label) for caption in captions)
    manners = {"audio_captions", "field_recordings", "neighbours", "scripts", "shorthand"}
    assert {manner for manner, _ in count} == manners
    assert all(
        count[manner, label] >= 20 for manner in manners for label in ("known", "partly", "unknown")
    )
    assert len(captions) >= 2000


def test_none_stands_twice_or_in_a_file_that_judges_the_flag(
    captions: tuple[LabelledCaption, ...],
) -> None:
    texts = [plain(caption.text) for caption in captions]
    assert [text for text, times in Counter(texts).items() if times > 1] == []
    judged = {
        plain(json.loads(line)["caption"])
        for path in JUDGES
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert judged.isdisjoint(texts)


@pytest.mark.parametrize(
    ("text", "advice"), [("known = [", "is not TOML"), ('certain = ["rain"]', "use .*partly")]
)
def test_what_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, text: str, advice: str
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(StoryError, match=advice):
        read_labelled_captions(tmp_path)

"""`python app.py train known`: what is known of captions, for core/bridge/known_sounds.py and
lexicon.py.

The stages that read captions (`meaning`, `states`, `stage3`) read paraphrases: run this before
them.

What tells known sounds from others are a linear classifier of texts and a small network over the
words of captions (known_classifiers.py), trained on known_rows.py. The border is the likelihood
below which `FLAGGED_UNKNOWN` of the unknown captions in core/corpus/calibration.jsonl lie;
core/evaluation/flags.py tests it on others. Eight minutes on one core, most of them for
sentence vectors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.bridge.known_sounds import KNOWN_FILE, KnownSounds
from core.bridge.levels import write_levels
from core.bridge.lexicon import LEXICON_FILE, Lexicon
from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.corpus.captions import PARAPHRASES, PHRASES
from core.corpus.vocabulary import BY_NAME
from core.narratives.timing import natural_span
from core.story.durations import Span
from core.training.known_classifiers import train_captions, train_sounds
from core.training.known_rows import kinds_of, known_rows, thinned

FLAGGED_UNKNOWN = 0.93
"""Share of the unknown calibration captions that are flagged: a little more than the nine in ten
that are wanted of others, so that as few known ones are as can be."""
_CALIBRATION = Path(__file__).parents[1] / "corpus" / "calibration.jsonl"
_SEEDS = (0, 1)
"""Of the networks whose mean counts: two waver less than one."""
_OF_A_KIND = 24
"""Wordings of one kind that the networks learn from: their states are many times larger than
vectors, and it is whole captions and pairs that they are for."""
_TOGETHER = 256
"""Texts that are encoded in one go."""


def write_known(folder: Path) -> dict[str, float]:
    """Write known.safetensors into a profile's folder.

    Returns:
        the border, and the shares of known and of unknown calibration captions below it.
    """
    rows, encoder = known_rows(), sentence_encoder()
    vectors = encoder.sentences([row.text for row in rows])
    classifier = train_sounds(rows, kinds_of(rows), vectors)
    fewer = thinned(rows, _OF_A_KIND)
    states = _word_states(encoder, [row.text for row in fewer])
    words = [states[row.text] for row in fewer]
    networks = [train_captions(fewer, words, seed) for seed in _SEEDS]
    plain = [(name, caption) for name, captions in PHRASES.items() for caption in captions]
    captions, classes = [caption for _, caption in plain], [name for name, _ in plain]
    spans = [_span(name) for name in classes]
    known = encoder.sentences(captions)

    def with_border(border: float) -> KnownSounds:
        return KnownSounds(encoder, captions, classes, spans, known, classifier, networks, border)

    likelihoods = _calibration(with_border(0.0))
    border = float(likelihoods["unknown"].quantile(FLAGGED_UNKNOWN))
    (folder / KNOWN_FILE).parent.mkdir(parents=True, exist_ok=True)
    with_border(border).save(folder / KNOWN_FILE)
    flagged = {
        label: float((values < border).float().mean()) for label, values in likelihoods.items()
    }
    return {"border": border, **flagged}


def _word_states(encoder: TextEncoder, texts: Sequence[str]) -> dict[str, Tensor]:
    """The states of each text's words in half precision; texts of a length are encoded together."""
    ordered = sorted(set(texts), key=lambda text: (len(text), text))
    found: dict[str, Tensor] = {}
    for start in range(0, len(ordered), _TOGETHER):
        batch = ordered[start : start + _TOGETHER]
        states = encoder.words(batch)
        found |= {text: words.half() for text, words in zip(batch, states, strict=True)}
    return found


def _calibration(known_sounds: KnownSounds) -> dict[str, Tensor]:
    """The likelihoods of the calibration captions, by what they were labelled."""
    rows = [json.loads(line) for line in _CALIBRATION.read_text(encoding="utf-8").splitlines()]
    found: dict[str, list[float]] = {}
    for row, match in zip(rows, known_sounds.match([row["caption"] for row in rows]), strict=True):
        found.setdefault(row["label"], []).append(match.likelihood)
    return {label: torch.tensor(values) for label, values in found.items()}


def write_lexicon(folder: Path) -> int:
    """Write every training caption of every class, and each class's level, into a profile's folder;
    returns how many captions."""
    rows = [
        (place, caption)
        for place, name in enumerate(BY_NAME)
        for caption in dict.fromkeys([*PHRASES[name], *PARAPHRASES[name]])
    ]
    encoder = sentence_encoder()
    known = encoder.sentences([caption for _, caption in rows])
    plain = [sound.caption for sound in BY_NAME.values()]
    sounds = torch.tensor([place for place, _ in rows])
    Lexicon(encoder, plain, sounds, known).save(folder / LEXICON_FILE)
    write_levels(folder, {sound.caption: sound.level for sound in BY_NAME.values()})
    return len(rows)


def _span(name: str) -> Span:
    known = BY_NAME[name]
    span = natural_span(known.kind, known.seconds)
    lasts = known.kind == "texture"
    return Span(span.shortest, known.seconds[1] if lasts else span.longest, lasts)

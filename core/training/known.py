"""`python app.py train known`: what is known of captions, for core/bridge/known_sounds.py and
lexicon.py.

The stages that read captions (`meaning`, `states`, `stage3`) read paraphrases: run this before
them.

Known captions are the training phrases of every class; unknown ones are those of unknown.toml,
which no class covers and no recording teaches. The border is set so that one known phrase in ten
would be flagged if it were not in the list itself; the unknown ones that would be, each taken out
of its own list, are reported.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from core.bridge.known_sounds import KNOWN_FILE, OTHER
from core.bridge.lexicon import LEXICON_FILE, Lexicon
from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.corpus.captions import PARAPHRASES, PHRASES
from core.corpus.vocabulary import BY_NAME
from core.files import atomic_path
from core.narratives.skeletons import UNKNOWN
from core.narratives.timing import natural_span

FLAGGED_KNOWN = 0.10


def write_known(folder: Path) -> dict[str, float]:
    """Write known.safetensors into a profile's folder; returns the border and what it flags."""
    rows = [(name, caption) for name, captions in PHRASES.items() for caption in captions]
    encoder = TextEncoder(32)
    known = encoder.sentences([caption for _, caption in rows])
    unknown = encoder.sentences([sound.clause.caption for sound in UNKNOWN])
    among_known, among_unknown = known @ known.T, unknown @ unknown.T
    among_known.fill_diagonal_(-1.0)
    among_unknown.fill_diagonal_(-1.0)
    across = known @ unknown.T
    kept = among_known.max(1).values - OTHER * across.max(1).values
    strange = across.max(0).values - OTHER * among_unknown.max(1).values
    border = float(kept.quantile(FLAGGED_KNOWN))
    about = {
        "captions": [caption for _, caption in rows],
        "classes": [name for name, _ in rows],
        "spans": [_span(name) for name, _ in rows],
        "border": border,
    }
    (folder / KNOWN_FILE).parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / KNOWN_FILE) as temporary:
        tensors = {"known": known.half(), "unknown": unknown.half()}
        save_file(tensors, temporary, metadata={"about": json.dumps(about)})
    flagged = torch.stack([(kept < border).float().mean(), (strange < border).float().mean()])
    return {"border": border, "known": float(flagged[0]), "unknown": float(flagged[1])}


def write_lexicon(folder: Path) -> int:
    """Write every training caption of every class into a profile's folder; returns how many."""
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
    return len(rows)


def _span(name: str) -> tuple[float, float, bool]:
    known = BY_NAME[name]
    span = natural_span(known.kind, known.seconds)
    lasts = known.kind == "texture"
    return span.shortest, known.seconds[1] if lasts else span.longest, lasts

"""Does the ear hear right? What the director answers about held-out recordings.

    python app.py evaluate describe --manifest DIR/manifest.jsonl

Asked what is heard, it is right where the plain caption that its answer is most like, by the text
encoder, is that of the recording's class; and where that caption is the likeliest answer of all
plain captions, or one of the five likeliest. Chance is one in so many classes there, one half for
the questions whether it is this or that, and whether this is heard. What the sound encoder itself
tells apart is measured beside it: the nearest centroid of the same recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from statistics import fmean

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from core.audiostory import AudioStory
from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.corpus.vocabulary import BY_NAME
from core.director.describe import QUESTION, answer, embed_sound, question_embeddings
from core.evaluation.recognise import LabelledRecording, Table, ignored
from core.listener.aisfx import AISFX_RATE, Embedder
from core.listener.nearest import centroids_without, rank_of

_SEED = 0
"""Of the classes that are asked about besides the recording's own."""
_BATCH = 11
"""Answers whose likelihood is computed in one batch, of like lengths."""
YES_OR_NO = 2
"""Tokens of an answer that are read where its first word is all that counts."""


@dataclass(frozen=True)
class Described:
    """How often the answers were right.

    Attributes:
        answers: by the caption most like the answer.
        likeliest: by the likelihood of each plain caption as the answer.
        either_or: share of right answers to "Is it this or that?".
        yes, no: share of right answers where yes, and where no is right.
    """

    answers: Table
    likeliest: Table
    either_or: float
    yes: float
    no: float

    @property
    def yes_no(self) -> float:
        return (self.yes + self.no) / 2


def described(
    model: AudioStory,
    recordings: Sequence[LabelledRecording],
    say: Callable[[str], None] = ignored,
) -> Described:
    """Ask about every recording; `say` gets a line for each.

    Raises:
        WeightsError: the model has not learned to hear.
    """
    rng = Random(_SEED)
    encoder = sentence_encoder()
    labels = [recording.name for recording in recordings]
    classes = sorted(set(labels))
    captions = [BY_NAME[name].caption for name in classes]
    ranks: list[int] = []
    likely: list[int] = []
    either: list[bool] = []
    yes: list[bool] = []
    no: list[bool] = []
    for recording in recordings:
        heard = embed_sound(model, recording.waveform[None], AISFX_RATE)
        own = classes.index(recording.name)
        other = rng.choice([i for i in range(len(classes)) if i != own])
        said = answer(model, heard)
        ranks.append(_alike(encoder, said, captions).index(own))
        chances = likelihoods(model, heard, QUESTION, captions)
        likely.append(chances.argsort(descending=True).tolist().index(own))
        pair = [captions[own], captions[other]]
        rng.shuffle(pair)
        chosen = answer(model, heard, f"Is it {pair[0]} or {pair[1]}?")
        either.append(pair[_alike(encoder, chosen, pair)[0]] == captions[own])
        for truth, name, right in (("Yes", own, yes), ("No", other, no)):
            word = answer(model, heard, f"Is {captions[name]} heard?", YES_OR_NO)
            right.append(word.startswith(truth))
        say(
            f"{len(ranks)} of {len(recordings)}: {recording.name} rank {ranks[-1] + 1}, "
            f"likelihood {likely[-1] + 1}, {said!r}"
        )
    return Described(
        Table.of("answers", labels, ranks),
        Table.of("likeliest", labels, likely),
        fmean(either),
        fmean(yes),
        fmean(no),
    )


def nearest(recordings: Sequence[LabelledRecording], embedder: Embedder) -> Table:
    """The recordings by nearest centroid of the others (core/listener/nearest.py)."""
    embeddings = torch.stack([embedder.embed(recording.waveform) for recording in recordings])
    labels = [recording.name for recording in recordings]
    ranks = [
        rank_of(name, embeddings[i], centroids_without(embeddings, labels, [i]))
        for i, name in enumerate(labels)
    ]
    return Table.of("nearest centroid", labels, ranks)


def _alike(encoder: TextEncoder, text: str, captions: Sequence[str]) -> list[int]:
    """Indices of the captions, the one most like the text first."""
    vector, *known = encoder.sentences([text, *captions])
    order = (torch.stack(known) @ vector).argsort(descending=True, stable=True)
    return [int(i) for i in order]


@torch.inference_mode()
def likelihoods(model: AudioStory, sound: Tensor, question: str, answers: Sequence[str]) -> Tensor:
    """Log-likelihood (N,) of each answer to a question about a sound.

    Args:
        sound: what `embed_sound` gives, (tokens, hidden).
    """
    cache = DynamicCache()
    given = {"inputs_embeds": question_embeddings(model, question, sound)}
    first = model.backbone(**given, cache=cache, use_cache=True).last_hidden_state[0, -1]
    written = [torch.tensor([*model.encode(text), model.ids.turn_end]) for text in answers]
    scores = torch.zeros(len(written))
    by_length = sorted(range(len(written)), key=lambda i: len(written[i]))
    for begin in range(0, len(written), _BATCH):
        rows = by_length[begin : begin + _BATCH]
        ids = pad_sequence([written[i][:-1] for i in rows], batch_first=True)
        kept = deepcopy(cache)
        kept.batch_repeat_interleave(len(rows))
        given = {"input_ids": ids.to(model.device), "cache": kept}
        later = model.backbone(**given, use_cache=True).last_hidden_state
        states = torch.cat([first.expand(len(rows), 1, -1), later], dim=1)
        lengths = [len(written[i]) for i in rows]
        answering = torch.cat([row[:count] for row, count in zip(states, lengths, strict=True)])
        targets = torch.cat([written[i] for i in rows])
        losses = functional.cross_entropy(
            model.head(answering).float().cpu(), targets, reduction="none"
        )
        scores[rows] = -torch.stack([part.sum() for part in torch.split(losses, lengths)])
    return scores

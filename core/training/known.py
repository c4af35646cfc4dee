"""`python app.py train known`: what is known of captions, for core/bridge/known_sounds.py and
lexicon.py.

The stages that read captions (`meaning`, `states`, `stage3`) read paraphrases: run this before
them.

What tells known sounds from others is a linear classifier: the vocabulary's classes, the candidates
that are not learned (core/corpus/candidates.py), other sounds and circumstances
(core/corpus/other_sounds.py), each wording by itself, and wordings joined in pairs, which have
half of each. The border is the likelihood below which `FLAGGED_UNKNOWN` of the unknown captions in
core/corpus/calibration.jsonl lie; core/evaluation/flags.py tests it on others. Five minutes on one
core, most of them for the sentence vectors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file
from torch import Tensor

from core.bridge.known_sounds import (
    EVEN,
    KNOWN_FILE,
    SCALE,
    SoundClassifier,
    likelihood_of,
    phrases,
)
from core.bridge.levels import write_levels
from core.bridge.lexicon import LEXICON_FILE, Lexicon
from core.bridge.text_encoder import TextEncoder, sentence_encoder
from core.corpus.captions import MARKED, PARAPHRASES, PHRASES
from core.corpus.clauses import Form, in_form
from core.corpus.other_sounds import CIRCUMSTANCES, OTHER_SOUNDS, unknown_candidates
from core.corpus.vocabulary import BY_NAME
from core.files import atomic_path
from core.narratives.skeletons import SILENT, UNKNOWN, random_sound
from core.narratives.timing import natural_span

FLAGGED_UNKNOWN = 0.93
"""Share of the unknown calibration captions that are flagged: a little more than the nine in ten
that are wanted of others, so that as few known ones are as can be."""
_CALIBRATION = Path(__file__).parents[1] / "corpus" / "calibration.jsonl"

_PAIRS, _PLACED, _INVENTED = 6000, 3000, 1500
"""Pairs of sounds, sounds with a circumstance, and sounds that nobody wrote down."""
_LONGEST_JOINED = 60
"""Characters of a wording that is joined with another, so that both fit into the encoder."""
_JOINTS = (
    "{} while {}", "{} as {}", "{} and {}", "{} and {}", "{} with {}", "{}, then {}",
    "{} followed by {}", "{}, {}", "{} over {}", "{} with {} in the background", "{} before {}",
    "{} as {} in the distance",
)  # fmt: skip
_PLACES = ("{} {}", "{}, {}", "{}, {}")
_LEARNED, _PLAIN, _FEW, _NO_SOUND = 3.0, 6.0, 6.0, 3.0
"""What a row counts: the known classes have a fifth of the others' wordings, their plain phrases
are what people write most, and the other sounds and circumstances are few."""
_TOLD: tuple[Form, ...] = ("present", "progressive")
_EPOCHS, _BATCH, _RATE, _DECAY, _SMOOTHING = 12, 512, 1e-2, 1e-2, 0.1

Sentences = Callable[[Sequence[str]], Tensor]


@dataclass(frozen=True)
class _Row:
    """A text, the two kinds that it is about (twice the same where it is one), and its weight."""

    text: str
    kinds: tuple[str, str]
    weight: float = 1.0


def write_known(folder: Path, sentences: Sentences | None = None) -> dict[str, float]:
    """Write known.safetensors into a profile's folder.

    Args:
        sentences: gives unit vectors (B, D); by default the text encoder's.

    Returns:
        the border, and the shares of known and of unknown calibration captions below it.
    """
    sentences = sentences or TextEncoder(32).sentences
    rows = _rows()
    other = sorted({kind for row in rows for kind in row.kinds} - set(BY_NAME) - {_NOTHING})
    classifier = _train(rows, [*BY_NAME, *other, _NOTHING], sentences)
    likelihoods = _calibrate(classifier, sentences)
    border = float(likelihoods["unknown"].quantile(FLAGGED_UNKNOWN))
    plain = [(name, caption) for name, captions in PHRASES.items() for caption in captions]
    about = {
        "captions": [caption for _, caption in plain],
        "classes": [name for name, _ in plain],
        "spans": [_span(name) for name, _ in plain],
        "known": classifier.known,
        "border": border,
    }
    tensors = {
        "known": sentences([caption for _, caption in plain]).half(),
        "weight": classifier.weight.half(),
        "bias": classifier.bias.half(),
    }
    (folder / KNOWN_FILE).parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / KNOWN_FILE) as temporary:
        save_file(tensors, temporary, metadata={"about": json.dumps(about)})
    flagged = {
        name: float((values < border).float().mean()) for name, values in likelihoods.items()
    }
    return {"border": border, **flagged}


_NOTHING, _UNNAMED = "nothing", "unnamed"


def _rows() -> list[_Row]:
    """All that the classifier learns from, in the same order every time."""
    known = [
        _Row(caption, (name, name), weight)
        for name in BY_NAME
        for weight, captions in ((_PLAIN, _plain(name)), (_LEARNED, PARAPHRASES[name]))
        for caption in captions
    ]
    candidates = [
        _Row(caption.lower(), (name, name))
        for name, captions in unknown_candidates().items()
        for caption in dict.fromkeys(captions)
    ]
    others = [
        _Row(caption, (f"other {kind}",) * 2, _FEW)
        for kind, captions in OTHER_SOUNDS.items()
        for caption in captions
    ]
    rng = Random(0)
    invented = [random_sound(rng).clause.caption for _ in range(_INVENTED)]
    unnamed = [
        _Row(caption, (_UNNAMED, _UNNAMED))
        for caption in [*(sound.clause.caption for sound in UNKNOWN), *invented]
    ]
    nothing = [_Row(text, (_NOTHING, _NOTHING), _NO_SOUND) for text in (*CIRCUMSTANCES, *SILENT)]
    joined = _joined(_short(known), _short(candidates), others, rng)
    return [*known, *candidates, *others, *unnamed, *nothing, *joined]


def _short(rows: list[_Row]) -> list[_Row]:
    return [row for row in rows if len(row.text) < _LONGEST_JOINED]


def _plain(name: str) -> list[str]:
    """The plain phrases of a class: as captions of Clotho (gerund) and of AudioCaps (present)."""
    told = [in_form(marked, form) for marked in MARKED[name] for form in _TOLD]
    return list(dict.fromkeys([*PHRASES[name], *told]))


def _joined(
    known: list[_Row], candidates: list[_Row], others: list[_Row], rng: Random
) -> list[_Row]:
    """Two sounds in one caption, half of them known; and sounds with how or where they are."""

    def draw() -> _Row:
        chance = rng.random()
        return rng.choice(known if chance < 0.5 else candidates if chance < 0.85 else others)

    rows = []
    for _ in range(_PAIRS):
        first, second = draw(), draw()
        text = rng.choice(_JOINTS).format(first.text, second.text)
        rows.append(_Row(text, (first.kinds[0], second.kinds[0])))
    for _ in range(_PLACED):
        row, pair = draw(), rng.choice(_PLACES)
        texts = (row.text, rng.choice(CIRCUMSTANCES))
        rows.append(_Row(pair.format(*(texts if rng.random() < 0.7 else texts[::-1])), row.kinds))
    return rows


def _train(rows: Sequence[_Row], kinds: Sequence[str], sentences: Sentences) -> SoundClassifier:
    """Weighted, smoothed cross-entropy with half of the target on each of a row's two kinds."""
    torch.manual_seed(0)
    place = {kind: number for number, kind in enumerate(kinds)}
    vectors = SCALE * sentences([row.text for row in rows])
    targets = torch.tensor([[place[kind] for kind in row.kinds] for row in rows])
    weights = torch.tensor([row.weight for row in rows])
    layer = torch.nn.Linear(vectors.shape[1], len(kinds))
    optimiser = torch.optim.AdamW(layer.parameters(), _RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(rows) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        for batch in torch.split(torch.randperm(len(rows)), _BATCH):
            logs = layer(vectors[batch]).log_softmax(1)
            hit = (1 - _SMOOTHING) * logs.gather(1, targets[batch]).mean(1)
            loss = -(hit + _SMOOTHING * logs.mean(1)) * weights[batch]
            optimiser.zero_grad()
            (loss.sum() / weights[batch].sum()).backward()
            optimiser.step()
            schedule.step()
    weight, bias = layer.weight.detach(), layer.bias.detach()
    return SoundClassifier(weight.half().float(), bias.half().float(), len(BY_NAME))


def _calibrate(classifier: SoundClassifier, sentences: Sentences) -> dict[str, Tensor]:
    """The likelihoods of the calibration captions, by what they were labelled."""
    found: dict[str, list[float]] = {}
    for line in _CALIBRATION.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        texts = [row["caption"].lower(), *phrases(row["caption"])]
        shares = [
            (known / (known + other), silent)
            for known, other, silent in classifier.shares(sentences(texts)).tolist()
        ]
        told = zip(texts[1:], shares[1:], strict=True)
        heard = {text: share for text, (share, silent) in told if silent < EVEN}
        found.setdefault(row["label"], []).append(likelihood_of(shares[0][0], heard))
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


def _span(name: str) -> tuple[float, float, bool]:
    known = BY_NAME[name]
    span = natural_span(known.kind, known.seconds)
    lasts = known.kind == "texture"
    return span.shortest, known.seconds[1] if lasts else span.longest, lasts

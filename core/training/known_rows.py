"""What tells known sounds from others is learned from: texts, each with what it is about.

The vocabulary's classes, the candidates that are not learned (core/corpus/candidates.py), other
sounds and circumstances (core/corpus/other_sounds.py), each wording by itself; whole captions that
are labelled by what of them is known (core/corpus/labelled_captions.py); and wordings joined in
pairs, which have half of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from core.corpus.captions import MARKED, PARAPHRASES, PHRASES
from core.corpus.clauses import Form, in_form
from core.corpus.labelled_captions import Label, read_labelled_captions
from core.corpus.other_sounds import CIRCUMSTANCES, OTHER_SOUNDS, unknown_candidates
from core.corpus.vocabulary import BY_NAME
from core.narratives.skeletons import SILENT, UNKNOWN, random_sound

_PAIRS, _PLACED, _INVENTED = 3000, 1000, 1500
"""Pairs of sounds, sounds with a circumstance, and sounds that nobody wrote down."""
_LONGEST_JOINED = 60
"""Characters of a wording that is joined with another, so that both fit into the encoder."""
_JOINTS = (
    "{} while {}", "{} as {}", "{} and {}", "{} and {}", "{} with {}", "{}, then {}",
    "{} followed by {}", "{}, {}", "{} over {}", "{} with {} in the background", "{} before {}",
    "{} as {} in the distance",
)  # fmt: skip
_PLACES = ("{} {}", "{}, {}", "{}, {}")
_LEARNED, _PLAIN, _FEW, _NO_SOUND, _LABELLED = 3.0, 6.0, 6.0, 3.0, 6.0
"""What a row counts: the known classes have a fifth of the others' wordings, their plain phrases
are what people write most, and the other sounds and circumstances are few."""
_TOLD: tuple[Form, ...] = ("present", "progressive")


@dataclass(frozen=True)
class KnownRow:
    """A text, the two kinds that it is about (twice the same where it is one), and its weight."""

    text: str
    kinds: tuple[str, str]
    weight: float = 1.0


NOTHING, _UNNAMED = "nothing", "unnamed"
ANY_KNOWN, ANY_OTHER = "any known", "any other"
"""What is known of a labelled caption: not of which kind its sounds are, but on which side."""
_SIDES: dict[Label, tuple[str, str]] = {
    "known": (ANY_KNOWN, ANY_KNOWN),
    "partly": (ANY_KNOWN, ANY_OTHER),
    "unknown": (ANY_OTHER, ANY_OTHER),
}
_NO_KINDS = {NOTHING, ANY_KNOWN, ANY_OTHER}


def known_rows() -> list[KnownRow]:
    """All that the classifier learns from, in the same order every time."""
    known = [
        KnownRow(caption, (name, name), weight)
        for name in BY_NAME
        for weight, captions in ((_PLAIN, _plain(name)), (_LEARNED, PARAPHRASES[name]))
        for caption in captions
    ]
    candidates = [
        KnownRow(caption.lower(), (name, name))
        for name, captions in unknown_candidates().items()
        for caption in dict.fromkeys(captions)
    ]
    others = [
        KnownRow(caption, (f"other {kind}",) * 2, _FEW)
        for kind, captions in OTHER_SOUNDS.items()
        for caption in captions
    ]
    rng = Random(0)
    invented = [random_sound(rng).clause.caption for _ in range(_INVENTED)]
    unnamed = [
        KnownRow(caption, (_UNNAMED, _UNNAMED))
        for caption in [*(sound.clause.caption for sound in UNKNOWN), *invented]
    ]
    nothing = [KnownRow(text, (NOTHING, NOTHING), _NO_SOUND) for text in (*CIRCUMSTANCES, *SILENT)]
    labelled = [
        KnownRow(row.text.lower(), _SIDES[row.label], _LABELLED) for row in read_labelled_captions()
    ]
    known_whole = [row for row in labelled if row.kinds == _SIDES["known"]]
    other_whole = [row for row in labelled if row.kinds == _SIDES["unknown"]]
    joined = _joined(
        _short(known) + 2 * _short(known_whole),
        _short(candidates),
        others + 2 * _short(other_whole),
        rng,
    )
    return [*known, *candidates, *others, *unnamed, *nothing, *labelled, *joined]


def kinds_of(rows: Sequence[KnownRow]) -> list[str]:
    """The known classes, all other kinds, and nothing."""
    other = {kind for row in rows for kind in row.kinds} - set(BY_NAME) - _NO_KINDS
    return [*BY_NAME, *sorted(other), NOTHING]


def thinned(rows: Sequence[KnownRow], most: int) -> list[KnownRow]:
    """The rows with at most so many of one kind, the first of each; whole captions stay, and so do
    pairs."""
    count: Counter[str] = Counter()
    found = []
    for row in rows:
        first, second = row.kinds
        single = first == second and first not in (ANY_KNOWN, ANY_OTHER)
        count[first] += single
        if not single or count[first] <= most:
            found.append(row)
    return found


def _short(rows: list[KnownRow]) -> list[KnownRow]:
    return [row for row in rows if len(row.text) < _LONGEST_JOINED]


def _plain(name: str) -> list[str]:
    """The plain phrases of a class: as captions of Clotho (gerund) and of AudioCaps (present)."""
    told = [in_form(marked, form) for marked in MARKED[name] for form in _TOLD]
    return list(dict.fromkeys([*PHRASES[name], *told]))


def _joined(
    known: list[KnownRow], candidates: list[KnownRow], others: list[KnownRow], rng: Random
) -> list[KnownRow]:
    """Two sounds in one caption, half of them known; and sounds with how or where they are."""

    def draw() -> KnownRow:
        chance = rng.random()
        return rng.choice(known if chance < 0.5 else candidates if chance < 0.85 else others)

    rows = []
    for _ in range(_PAIRS):
        first, second = draw(), draw()
        text = rng.choice(_JOINTS).format(first.text, second.text)
        rows.append(KnownRow(text, (first.kinds[0], second.kinds[0])))
    for _ in range(_PLACED):
        row, pair = draw(), rng.choice(_PLACES)
        texts = (row.text, rng.choice(CIRCUMSTANCES))
        rows.append(
            KnownRow(pair.format(*(texts if rng.random() < 0.7 else texts[::-1])), row.kinds)
        )
    return rows

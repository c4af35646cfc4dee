"""Wishes for a change of a story, with the edits that they come to: what teaches the director.

The forms of wishes/*.toml hold places for events, new sounds, numbers and moods. A story of random
sounds fills them: an event is named as people name one ("the kettle", "the second sound", its
caption, words out of it), a number in digits or words. Sounds are those of the classes and of the
candidates (core/corpus/candidates.py), and events of the scores (core/narratives/scores.py): to
be named a sound need not be known.

    python -m core.narratives.wishes 20

prints some.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random

from core.corpus.candidates import read_candidates
from core.corpus.captions import PARAPHRASES, PHRASES
from core.corpus.vocabulary import CLASSES
from core.narratives.scores import read_scores
from core.story.edits import Edit, edit_slots, numbered_events, read_edit
from core.story.story import Event, Story

_FORMS = Path(__file__).parent / "wishes"
_OTHER_NAMES = Path(__file__).parent / "sound_names.toml"
UNKNOWN_SHARE, SEVERAL_SHARE, JOINED_SHARE = 0.12, 0.12, 0.14
"""Of wishes that come to nothing, of forms with several edits, and of single ones joined."""
CAPTION_SHARE = 0.4
"""Of a story's sounds, of those that are captions of scores; of added ones likewise."""
COMMON_WORD = 0.12
"""Share of a kind's wordings that have a word by which the kind may be called."""
LONGEST_WORDING = 8
"""Words; longer ones are briefs of their own."""
_SLOT = re.compile(r'^ \w+|(?: with)? "[^"]*"| [^".]+\.')
_PLACE = re.compile(r"\{(\w+)\}")
_STOP = frozenset(
    re.findall(
        r"\w+",
        "the and with from into over for that this then some very off out down his her their its"
        " are while again after before near far through need sound noise",
    )
)
_DETERMINER = frozenset(
    re.findall(
        r"\w+", "a an the some one two three four five six many several few more its his her"
    )
)
_PREPOSITION = frozenset(
    re.findall(
        r"\w+",
        "on in at from over under through into with of by to against across behind past inside"
        " along around between onto down up near below beside beneath above off as and",
    )
)
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip
_MOODS = (
    "tense", "calm", "dark", "playful", "eerie", "cosy", "sad", "hopeful", "dreamy", "violent",
    "mysterious", "cheerful", "melancholic", "frantic", "peaceful", "ominous", "comic", "urgent",
    "lonely", "triumphant", "gloomy", "romantic", "hectic", "solemn", "scary", "warm", "bleak",
)  # fmt: skip
_WORDED = {
    1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight",
    9: "nine", 10: "ten", 11: "eleven", 12: "twelve", 15: "fifteen", 20: "twenty",
    25: "twenty-five", 30: "thirty", 40: "forty", 45: "forty-five", 50: "fifty", 60: "sixty",
}  # fmt: skip
_PREFIXES = (
    "", "", "", "", "", "", "please ", "can you ", "could you ", "i want you to ", "now ", "ok, ",
    "hey, ", "let's ", "so ", "hmm, ", "actually, ",
)  # fmt: skip
_SUFFIXES = ("", "", "", "", "", "", " please", " thanks", ", ok?", ".", "!", " if you can")
_JOINTS = (" and ", ", then ", "; ", ", and also ", ". ", ", ")
_NO_PARTICIPLE = frozenset({"being", "ceiling", "during", "evening", "morning", "something"})


@dataclass(frozen=True)
class WordedKind:
    """A kind of sound.

    Attributes:
        wordings: how captions say it.
        names: single words that it is called by, most of them out of the wordings.
        other_names: what else people call it: "the animal", "the banging".
    """

    wordings: tuple[str, ...]
    names: tuple[str, ...]
    other_names: tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """A story, a wish about it, and what it comes to."""

    story: Story
    text: str
    edits: tuple[Edit, ...]


@lru_cache
def sound_kinds() -> tuple[WordedKind, ...]:
    """Every kind of sound that there are wordings of."""
    tables = [
        (c.name, c.caption, (*PHRASES[c.name], *PARAPHRASES.get(c.name, ()))) for c in CLASSES
    ]
    tables += [(c.name, c.caption, c.words) for c in read_candidates()]
    others = tomllib.loads(_OTHER_NAMES.read_text(encoding="utf-8"))
    return tuple(_kind(name, caption, words, others[name]) for name, caption, words in tables)


@lru_cache
def caption_kinds() -> tuple[WordedKind, ...]:
    """Every caption of the scores' events, each a kind of its own."""
    captions = sorted({event.caption for score in read_scores() for event in score.events})
    return tuple(WordedKind((c,), names, ()) for c in captions if (names := caption_names(c)))


def caption_names(caption: str) -> tuple[str, ...]:
    """Single words that a caption's sound may be called by: who makes it, and what is done.

    The noun stands before the first participle or preposition ("a wooden hatch slamming shut":
    hatch, slamming; "low wind in an ice cave": wind).
    """
    words = re.findall(r"[a-z'-]+", caption.lower())
    doings = [w for w in words if re.fullmatch(r"\w{2,}ing", w) and w not in _NO_PARTICIPLE]
    ends = (
        i for i, w in enumerate(words) if w in _PREPOSITION or re.fullmatch(r"\w+(?:ing|ed)", w)
    )
    head = words[max(0, next(ends, len(words)) - 1)]
    nouns = [] if head in _DETERMINER or head in _STOP or head in doings else [head]
    return tuple(dict.fromkeys(nouns + doings))


def random_kind(rng: Random) -> WordedKind:
    """A kind of the vocabulary, or a caption of a score."""
    return rng.choice(caption_kinds() if rng.random() < CAPTION_SHARE else sound_kinds())


def _kind(name: str, caption: str, words: Sequence[str], others: Sequence[str]) -> WordedKind:
    plain = [
        w for w in words if len(w.split()) <= LONGEST_WORDING and re.fullmatch(r"[\w ',-]+", w)
    ]
    counted = Counter(
        word
        for text in words
        for word in dict.fromkeys(re.findall(r"[a-z]{3,}", text.lower()))
        if word not in _STOP
    )
    common = [w for w, n in counted.items() if n >= COMMON_WORD * len(words)]
    return WordedKind((caption, *plain), (name.replace("_", " "), *common), tuple(others))


@lru_cache
def wish_forms() -> Mapping[str, tuple[str, ...]]:
    """The forms of all files by how many edits they come to: `one`, `several`, `unknown`."""
    forms: dict[str, list[str]] = {}
    for path in sorted(_FORMS.glob("*.toml")):
        for name, lines in tomllib.loads(path.read_text(encoding="utf-8")).items():
            forms.setdefault(name, []).extend(lines)
    return {name: tuple(lines) for name, lines in forms.items()}


def form_slots(form: str) -> list[list[str]]:
    """The slots of each edit of a form, "lengthen {a}. by {n} s. | remove {b}."."""
    edits = form.partition(" => ")[2] or "unknown"
    return [_SLOT.findall(f" {edit.strip()}") for edit in edits.split("|")]


@dataclass
class _Filling:
    """What the places of the forms of one wish are filled with."""

    story: Story
    kinds: Sequence[WordedKind]
    rng: Random
    wish: dict[str, str] = field(default_factory=dict)
    edit: dict[str, str] = field(default_factory=dict)

    def fill(self, name: str) -> None:
        if name in self.edit:
            return
        if name in "abc":
            free = [n for n in range(1, len(self.kinds) + 1) if str(n) not in self.edit.values()]
            number = self.rng.choice(free or [1])
            self.wish[name] = self._reference(number)
            self.edit[name] = str(number)
        elif name in ("n", "m"):
            self.wish[name], self.edit[name] = spoken_seconds(self._seconds(), self.rng)
        elif name == "d":
            decibels = self.rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 12))
            unit = self.rng.choice((" dB", " dB", "dB", " db", " decibels"))
            self.wish[name], self.edit[name] = f"{decibels}{unit}", str(decibels)
        elif name == "mood":
            self.wish[name] = self.edit[name] = self.rng.choice(_MOODS)
        else:
            self.wish[name] = self.edit[name] = _new_sound(self.rng)

    def _seconds(self) -> float:
        if self.rng.random() < 0.75:
            return float(self.rng.choice(list(_WORDED)))
        return self.rng.choice((0.5, 1.5, 2.5, 14.0, 18.0, 22.0, 33.0, 70.0, 75.0, 90.0, 120.0))

    def _reference(self, number: int) -> str:
        """How a wish speaks of an event."""
        caption = numbered_events(self.story)[number - 1].caption
        kind = self.kinds[number - 1]
        way = self.rng.random()
        if way < 0.2:
            own = [n for n in kind.other_names if not self._shared(n, number)]
            if own:
                return _definite(self.rng.choice(own), self.rng)
        if way < 0.55:
            own = [n for n in kind.names if not self._shared(n, number)]
            words = [n for n in own if n in caption.lower()] or own
            if words:
                return _definite(self.rng.choice(words), self.rng)
        if way < 0.7:
            return _definite(caption, self.rng)
        if way < 0.8:
            words = caption.split()
            start = self.rng.randrange(len(words))
            part = " ".join(words[start : start + self.rng.choice((1, 2, 2, 3))]).strip(",.' -")
            if len(part) > 3 and part.lower() not in _STOP and not self._shared(part, number):
                return _definite(part, self.rng)
        return self._ordinal(number)

    def _shared(self, name: str, number: int) -> bool:
        """Whether another event could be meant."""
        others = [e.caption for n, e in enumerate(numbered_events(self.story), 1) if n != number]
        kinds = [k for n, k in enumerate(self.kinds, 1) if n != number]
        return any(name.lower() in text.lower() for text in others) or any(
            name in (*kind.names, *kind.other_names) for kind in kinds
        )

    def _ordinal(self, number: int) -> str:
        word = self.rng.choice(("sound", "event", "one", "part"))
        if number == len(self.kinds) and self.rng.random() < 0.5:
            return f"the last {word}"
        if self.rng.random() < 0.5 and number <= len(ORDINALS):
            return f"the {ORDINALS[number - 1]} {word}"
        return f"{self.rng.choice(('event ', 'number ', 'sound ', 'no. ', '#'))}{number}"


def _definite(name: str, rng: Random) -> str:
    """A name with an article, as someone speaks of what is there."""
    if match := re.match(r"(?:an?|the|some) ", name):
        name = name[match.end() :]
    name = name[0].lower() + name[1:]
    return name if rng.random() < 0.25 else f"the {name}"


def spoken_seconds(seconds: float, rng: Random) -> tuple[str, str]:
    """Seconds as people write them, and as a number."""
    number = f"{seconds:g}"
    forms = [f"{number} s", f"{number}s", f"{number} seconds", f"{number} sec", f"{number} secs"]
    if seconds in _WORDED and seconds > 1:
        forms += [f"{_WORDED[int(seconds)]} seconds"] * 2
    if seconds >= 60 and seconds % 60 == 0:
        forms += (
            [f"{seconds / 60:g} min", f"{seconds / 60:g} minutes"] if seconds > 60 else ["a minute"]
        )
    if seconds >= 60:
        forms.append(f"{int(seconds) // 60}:{int(seconds) % 60:02d}")
    if seconds == 1:
        forms = ["1 s", "one second", "1 second", "1s"]
    if seconds in (30.0, 0.5):
        forms.append("half a minute" if seconds == 30.0 else "half a second")
    return rng.choice(forms), number


def _new_sound(rng: Random) -> str:
    kind = random_kind(rng)
    if rng.random() < 0.45:
        name = rng.choice(kind.names)
        article = rng.choice(("a ", "a ", "some ", "the ", ""))
        return re.sub(r"^a (?=[aeio])", "an ", f"{article}{name}")
    text = rng.choice(kind.wordings)
    return text[0].lower() + text[1:]


def random_story(rng: Random) -> tuple[Story, list[WordedKind]]:
    """A story of random sounds, some of them above it; kinds in the order of `numbered_events`."""
    count = rng.choice((1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8))
    kinds = list(dict.fromkeys(random_kind(rng) for _ in range(count)))
    count = len(kinds)
    clock, events = 0.0, []
    above = [i > 0 and rng.random() < 0.2 for i in range(count)]
    for i, kind in enumerate(kinds):
        if not above[i]:
            seconds = rng.choice((1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0, 10.0, 12.0, 20.0))
            text = rng.choice(kind.wordings)
            events.append(Event(f"e{i + 1}", text, clock, seconds))
            clock += seconds
    for i, kind in enumerate(kinds):
        if above[i]:
            seconds = min(clock, rng.choice((1.0, 2.0, 4.0, 8.0, clock)))
            start = round(rng.uniform(0, clock - seconds), 1)
            start = min(start, clock - seconds)
            events.append(
                Event(f"e{i + 1}", rng.choice(kind.wordings), start, seconds, layer=1 + i)
            )
    story = Story("", clock, 0, "pocket", "", tuple(events))
    return story, [kinds[int(event.id[1:]) - 1] for event in numbered_events(story)]


def wish(rng: Random) -> Wish:
    """A random wish about a random story."""
    return wish_about(*random_story(rng), rng)


def wish_about(story: Story, kinds: Sequence[WordedKind], rng: Random) -> Wish:
    """A random wish about a story.

    Args:
        kinds: of its sounds, in the order of `numbered_events`.
    """
    forms = wish_forms()
    way = rng.random()
    filling = _Filling(story, kinds, rng)
    if way < UNKNOWN_SHARE:
        text = _filled(rng.choice(forms["unknown"]), filling)[0]
        return Wish(story, _typed(text, rng), (Edit("unknown"),))
    if way < UNKNOWN_SHARE + SEVERAL_SHARE:
        chosen = [_fitting(forms["several"], len(kinds), rng)]
    elif way < UNKNOWN_SHARE + SEVERAL_SHARE + JOINED_SHARE and len(kinds) > 1:
        count = rng.choice((2, 2, 3)) if len(kinds) > 2 else 2
        chosen = [_fitting(_joinable(forms["one"]), 1, rng) for _ in range(count)]
    else:
        chosen = [_fitting(forms["one"], len(kinds), rng)]
    texts, edits = [], []
    for form in chosen:
        text, edit = _filled(form, filling)
        texts.append(text)
        edits += edit
        for name in ("a", "b", "n", "d", "new"):
            filling.wish.pop(name, None)
            filling.edit[f"used {len(filling.edit)}"] = filling.edit.pop(name, "")
    return Wish(story, _typed(rng.choice(_JOINTS).join(texts), rng), tuple(edits))


def _joinable(forms: Sequence[str]) -> list[str]:
    """Forms about single events, two of which make sense side by side."""
    whole = re.compile(r"=> (?:again|continue|total|mood)|all\.")
    return [form for form in forms if not whole.search(form) and "{a}" in form]


def _fitting(forms: Sequence[str], events: int, rng: Random) -> str:
    """A form that needs no more events than there are; operations are drawn alike often."""
    room = [f for f in forms if len(set(re.findall(r"\{([abc])\}", f))) <= events]
    operations = sorted({_operation(form) for form in room})
    chosen = rng.choice(operations)
    return rng.choice([form for form in room if _operation(form) == chosen])


def _operation(form: str) -> str:
    """The operation with the kind of place, without what is filled in."""
    return re.sub(r'\{\w+\}|"', "", form.partition(" => ")[2])


def _filled(form: str, filling: _Filling) -> tuple[str, list[Edit]]:
    """A form's wish and edits, with its places filled."""
    wish_form = form.partition(" => ")[0]
    for name in _PLACE.findall(wish_form):
        filling.fill(name)
    text = _PLACE.sub(lambda m: filling.wish[m[1]], wish_form)
    slots = [
        [_PLACE.sub(lambda m: filling.edit[m[1]], slot) for slot in edit]
        for edit in form_slots(form)
    ]
    return text, [read_edit(edit) for edit in slots]


def _typed(text: str, rng: Random) -> str:
    """The wish as someone types it."""
    prefix, suffix = rng.choice(_PREFIXES), rng.choice(_SUFFIXES)
    if prefix[:3] not in ("ple", "now", "ok,", "hey", "hmm", "act", "so ") and not re.match(
        r"(?:add|put|make|move|remove|turn|swap|replace|cut|drop|take|extend|lay)\b", text
    ):
        prefix = ""
    text = f"{prefix}{text}"
    if text[-1] not in "?!.":
        text += suffix
    return text[0].upper() + text[1:] if rng.random() < 0.4 else text


def wish_slots(wished: Wish) -> list[str]:
    """What the director is to write: the slots of the edits."""
    return [slot for edit in wished.edits for slot in edit_slots(edit)]


def _main(count: int) -> None:
    rng = Random(0)
    for _ in range(count):
        made = wish(rng)
        print([e.caption for e in numbered_events(made.story)], "|", made.text)
        for edit in made.edits:
            print("   ", "".join(edit_slots(edit)))


if __name__ == "__main__":
    _main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)

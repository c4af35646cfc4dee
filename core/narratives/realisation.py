"""The many ways in which a person asks for the same sounds: lists, prose, scripts, times, moods."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from core.corpus.captions import MARKED
from core.corpus.clauses import Form
from core.narratives.skeletons import SILENT, Sound

NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty", "twenty-one", "twenty-two", "twenty-three", "twenty-four",
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """What is to be said: sounds in order with their lengths in whole or half seconds."""

    scene: str
    word: str
    sounds: tuple[Sound, ...]
    seconds: tuple[float, ...]

    @property
    def mood(self) -> str:
        return self.sounds[0].mood

    @property
    def bare(self) -> str:
        """The scene without its article."""
        return re.sub(r"^(a|an|the) ", "", self.scene)


@dataclass(frozen=True)
class Realisation:
    """An instruction, the phrase it has for each sound, and why the plan is as it is.

    `captions` overrides the captions of the sounds where it is shorter than the clause.
    """

    instruction: str
    phrases: tuple[str, ...]
    why: str = ""
    captions: tuple[str, ...] = ()


def format_seconds(seconds: float) -> str:
    """Seconds as they are written everywhere: "4", "4.5"."""
    return f"{seconds:g}"


def _spoken(seconds: float, rng: Random) -> str:
    """A whole number of seconds in the ways people write it: "5 seconds", "five seconds", "5s"."""
    if seconds == 1:
        return rng.choice(["1 second", "one second"])
    if seconds < len(NUMBERS) and rng.random() < 0.35:
        return f"{NUMBERS[int(seconds)]} seconds"
    return format_seconds(seconds) + rng.choice([" seconds", " seconds", " sec", "s", " s"])


def _forms(scene: Scene, form: Form) -> list[str]:
    """What is said of each sound; a clause that refers back cannot be a gerund."""
    return [
        s.clause.caption if form == "gerund" and s.clause.is_anaphoric else s.clause.written(form)
        for s in scene.sounds
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


_JOINTS = (", ", ", ", ", ", ", then ", ", then ", ", and then ", " and ", " and ", " and ",
           " while ", " while ", " as ", ". ",
           ". Then ", "; ", " before ", ", after that ", ". After a while, ", ". Suddenly ",
           ", a moment later ", ". Meanwhile ", ", and suddenly ", ". Next, ",
           " until ")  # fmt: skip
_LAST = (" and finally ", ", and finally ", ". Finally, ", ", then ", " and ", ", and at last ",
         ". In the end, ", ", and ")  # fmt: skip
_LIST_JOINTS = (
    ", ",
    ", ",
    ", ",
    ", then ",
    ", followed by ",
    ", and then ",
    " then ",
    " -> ",
    " + ",
)


def _flow(phrases: Sequence[str], sounds: Sequence[Sound], rng: Random) -> str:
    """Clauses joined into sentences, in order."""
    text = phrases[0]
    for i in range(1, len(phrases)):
        joint = rng.choice(_LAST if i == len(phrases) - 1 and rng.random() < 0.5 else _JOINTS)
        if not sounds[i].clause.has_verb and joint in (" while ", " as ", " before ", " until "):
            joint = ", then "
        text += joint + (_sentence(phrases[i]) if joint == ". " else phrases[i])
    return text


_PROSE_OPENINGS = (
    "", "", "", "", "", "", "{scene}: ", "{Scene}. ", "a scene where ", "i want to hear how ",
    "picture this: ", "{scene}, ", "make a soundscape where ", "a {mood} scene: ",
    "can you make a scene in which ", "soundscape: ", "imagine {scene}. ", "audio story: ",
    "create a story in which ", "at {scene}, ", "please generate audio where ",
    "the story goes like this: ", "it starts when ", "my idea is this: ", "{scene} - ",
)  # fmt: skip
_CLOSINGS = (
    "", "", "", "", "", "", "", ".", ".", ".", ".", ", please", ". Keep it {mood}.", ". No music.",
    " - make it feel real", ". It is for a podcast.", ". {seconds} seconds in all.", "!",
    ", thanks",
    " (about {seconds} seconds)", ". Make it {mood} and cinematic.", ". No voices please.",
)  # fmt: skip


def _framed(opening: str, body: str, closing: str, scene: Scene) -> str:
    total = format_seconds(sum(scene.seconds))
    words = {
        "scene": scene.scene, "Scene": _sentence(scene.scene), "bare": scene.bare,
        "mood": scene.mood, "seconds": total,
    }  # fmt: skip
    question = opening.startswith("can you") or opening.startswith("could you")
    tail = "?" if question and closing in ("", ".", "!") else closing
    return opening.format(**words) + body + tail.format(**words)


def prose(scene: Scene, rng: Random, form: Form = "present") -> Realisation:
    phrases = _forms(scene, form)
    body = _flow(phrases, scene.sounds, rng)
    opening, closing = rng.choice(_PROSE_OPENINGS), rng.choice(_CLOSINGS)
    return Realisation(_framed(opening, body, closing, scene), tuple(phrases))


def past_prose(scene: Scene, rng: Random) -> Realisation:
    return prose(scene, rng, "past")


def progressive_prose(scene: Scene, rng: Random) -> Realisation:
    return prose(scene, rng, "progressive")


_LIST_OPENINGS = (
    "", "", "", "", "", "sounds of ", "i need ", "create ", "generate ", "give me ", "soundscape: ",
    "please make ", "the sound of ", "soundscape of {scene}: ", "sound effects for {scene}: ",
    "can you make ", "i'm looking for ", "a {mood} sequence of ", "audio of ", "could you do ",
    "i need audio for {scene}: ", "{bare}: ", "make me a {mood} track with ", "fx: ", "start with ",
    "for my game: ", "we need a nice detailed recording of ", "a beautiful immersive mix of ",
)  # fmt: skip


def gerund_list(scene: Scene, rng: Random) -> Realisation:
    phrases = _forms(scene, "gerund")
    joint = rng.choice(_LIST_JOINTS)
    body = joint.join(phrases)
    if len(phrases) > 1 and joint == ", " and rng.random() < 0.5:
        body = (
            ", ".join(phrases[:-1])
            + rng.choice([" and ", ", and ", ", and finally ", ", then "])
            + phrases[-1]
        )
    opening, closing = rng.choice(_LIST_OPENINGS), rng.choice(_CLOSINGS)
    return Realisation(_framed(opening, body, closing, scene), tuple(phrases))


def terse_list(scene: Scene, rng: Random) -> Realisation:
    """Bare nouns where the class has them: "rain, thunder, dog barks"."""
    phrases = []
    for s in scene.sounds:
        nouns = [p for p in MARKED[s.classes[0]] if "*" not in p] if len(s.classes) == 1 else []
        phrases.append(rng.choice(nouns) if nouns else s.clause.caption)
    if rng.random() < 0.4:
        phrases = [re.sub(r"^(a|an|the) ", "", phrase) for phrase in phrases]
    body = rng.choice([", ", ", ", " then ", " / ", " > ", ", then ", " | ", "\n"]).join(phrases)
    opening = rng.choice(["", "", "", "sfx: ", "soundscape: ", "i need ", "{bare}: ", "make "])
    return Realisation(_framed(opening, body, "", scene), tuple(phrases), captions=tuple(phrases))


_FIRST = ("First, ", "First ", "At first ", "It begins: ", "In the beginning ", "To start, ")
_MIDDLE = ("Then ", "After that, ", "Next, ", "Then, ", "Later ", "A little later, ", "Soon ")
_FINALLY = ("Finally, ", "At the end ", "Last, ", "In the end, ", "At last, ")


def ordered_sentences(scene: Scene, rng: Random) -> Realisation:
    phrases = _forms(scene, "past" if rng.random() < 0.2 else "present")
    heads = [
        rng.choice(_FIRST),
        *(rng.choice(_MIDDLE) for _ in phrases[1:-1]),
        rng.choice(_FINALLY),
    ]
    end = rng.choice([". ", ". ", "; ", ", "])
    body = end.join(head + phrase for head, phrase in zip(heads, phrases, strict=False))
    opening = rng.choice(["", "", "{Scene}. ", "a {mood} story. ", "i would like this: "])
    return Realisation(_framed(opening, body, ".", scene), tuple(phrases))


def _script(scene: Scene, rng: Random) -> Realisation:
    phrases = _forms(scene, "present")
    place = scene.bare.upper()
    head = rng.choice(
        ["EXT. {} - DAY", "EXT. {} - NIGHT", "INT. {} - NIGHT", "INT. {}", "SCENE: {}"]
    )
    lines = [_sentence(phrase) + "." for phrase in phrases]
    if rng.random() < 0.35:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(SILENT))
    return Realisation(rng.choice(["\n", " "]).join([head.format(place), *lines]), tuple(phrases))


def numbered(scene: Scene, rng: Random) -> Realisation:
    phrases = _forms(scene, rng.choice(["present", "gerund"]))
    mark = rng.choice(["{}. ", "{}) ", "({}) ", "- ", "* ", "scene {}: ", "sound {}: "])
    lines = [mark.format(i) + phrase for i, phrase in enumerate(phrases, 1)]
    opening = rng.choice(["", "{Scene}:\n", "my list:\n", "sounds in order:\n", "shot list\n"])
    return Realisation(
        _framed(opening, rng.choice(["\n", "\n", " "]).join(lines), "", scene), tuple(phrases)
    )


_CHATTER = (
    "Hi! I am working on a small radio play and could really use your help with one scene.",
    "Hello, this is for my students, so please take your time.",
    "OK so here is what I have in mind, tell me if it is too much.",
    "We are making a short film and the sound person is ill.",
    "I had this dream last night and would love to hear it again.",
    "This is the opening of my audiobook, chapter one.",
    "It's for a level in our game; the player only listens here.",
    "My grandmother used to tell me this story when I was little.",
    "I know it sounds strange, but bear with me.",
    "Quality matters more to me than anything else.",
    "Hey there, quick request for tonight's show.",
    "I don't need music or narration, only the sounds.",
)
_AFTERWORDS = (
    "That is all, thank you so much!", "Please keep the order as I wrote it.",
    "I will add the voices myself later on.", "The listener should feel as if they were there.",
    "It should sound natural and not too loud.", "Let me know if anything is unclear.",
    "Thanks a lot in advance.", "Please don't add anything else.", "Make it cinematic.",
)  # fmt: skip


def chatty(scene: Scene, rng: Random) -> Realisation:
    phrases = _forms(scene, "past" if rng.random() < 0.25 else "present")
    parts = [rng.choice(_CHATTER)]
    if rng.random() < 0.5:
        parts.append(
            rng.choice(["It is {}.", "The place is {}.", "Think of {}."]).format(scene.scene)
        )
    silences = rng.sample(SILENT, 2)
    parts += silences[: rng.randint(0, 1)]
    cut = rng.randint(1, len(phrases)) if len(phrases) > 2 else len(phrases)
    parts.append(_sentence(_flow(phrases[:cut], scene.sounds[:cut], rng)) + ".")
    if cut < len(phrases):
        parts += silences[1 : rng.randint(1, 2)]
        parts.append(_sentence(_flow(phrases[cut:], scene.sounds[cut:], rng)) + ".")
    if rng.random() < 0.7:
        parts.append(rng.choice(_AFTERWORDS))
    return Realisation(" ".join(parts), tuple(phrases))


_GIVEN = "the times are given"


def timed_list(scene: Scene, rng: Random) -> Realisation:
    """Some or all lengths are given: "5 seconds of rain, then thunder rolling for 4 seconds"."""
    phrases = _forms(scene, "gerund")
    given = [rng.random() < 0.6 for _ in phrases]
    given[rng.randrange(len(phrases))] = True
    pattern = rng.choice(
        ["{t} of {c}", "{t} of {c}", "{c} for {t}", "{c} ({t})", "{c} {t}", "{t}: {c}"]
    )
    parts = [
        pattern.format(t=_spoken(seconds, rng), c=phrase) if named else phrase
        for phrase, seconds, named in zip(phrases, scene.seconds, given, strict=True)
    ]
    body = rng.choice([", ", ", then ", ", followed by ", ", and then ", "\n"]).join(parts)
    opening = rng.choice(["", "", "", "i need ", "make ", "{bare}: ", "soundscape with "])
    return Realisation(
        _framed(opening, body, rng.choice(["", "", "."]), scene), tuple(phrases), _GIVEN
    )


def timed_prose(scene: Scene, rng: Random) -> Realisation:
    """Lengths inside sentences: "rain falls for ten seconds, then thunder rolls"."""
    phrases = _forms(scene, "present")
    given = [rng.random() < 0.5 for _ in phrases]
    given[rng.randrange(len(phrases))] = True
    text = ""
    for i, (phrase, seconds) in enumerate(zip(phrases, scene.seconds, strict=True)):
        spoken = _spoken(seconds, rng)
        pattern = rng.choice(["{c} for {t}", "{c} for {t}", "for {t} {c}"]) if given[i] else "{c}"
        joint = "" if i == 0 else rng.choice([", then ", ", then ", ", ", ". Then ", " and then "])
        text += joint + pattern.format(c=phrase, t=spoken)
    opening = rng.choice(["", "", "", "{Scene}. ", "make a scene where "])
    return Realisation(
        _framed(opening, text, rng.choice(["", ".", "."]), scene), tuple(phrases), _GIVEN
    )


def after_seconds(scene: Scene, rng: Random) -> Realisation:
    """Start with this, after ten seconds that: the first length is given by the wait."""
    phrases = _forms(scene, "present")
    phrases[0] = scene.sounds[0].clause.caption
    wait = _spoken(scene.seconds[0], rng)
    start = rng.choice(["start with {}", "begin with {}", "it starts with {}", "open on {}"])
    text = start.format(phrases[0]) + rng.choice(
        [", after {} ", ". After {} ", ", {} later "]
    ).format(wait)
    text += phrases[1] if len(phrases) > 1 else "it ends"
    for i in range(2, len(phrases)):
        pattern = rng.choice(
            [", then {c}", ", then {c}", ", after {t} more {c}", ", {t} later {c}"]
        )
        text += pattern.format(c=phrases[i], t=_spoken(scene.seconds[i - 1], rng))
    return Realisation(text + rng.choice(["", "."]), tuple(phrases), _GIVEN)


def time_marks(scene: Scene, rng: Random) -> Realisation:
    """A cue sheet: the second at which each sound begins."""
    phrases = _forms(scene, rng.choice(["present", "gerund"]))
    mark = rng.choice(
        ["{m}:{s:02d} {c}", "at {n} s {c}", "at {n} seconds {c}", "[{n}s] {c}", "{n}s {c}"]
    )
    starts = [int(sum(scene.seconds[:i])) for i in range(len(phrases))]
    cues = [
        mark.format(m=start // 60, s=start % 60, n=start, c=phrase)
        for start, phrase in zip(starts, phrases, strict=True)
    ]
    return Realisation(rng.choice([", ", "\n", "; "]).join(cues), tuple(phrases), _GIVEN)


_SUGGESTED = "the scene suggests the sounds"


def scene_only(scene: Scene, rng: Random) -> Realisation:
    """A mood or a place and no sounds: "lonely winter night", "storm"."""
    if scene.word and rng.random() < 0.4:
        text = rng.choice(["{}", "{}", "{}", "{} sounds", "a {} scene", "{} ambience"]).format(
            scene.word
        )
    else:
        pattern = rng.choice(
            ["{s}", "{s}", "{m} {b}", "{s}, {m}", "soundscape of {s}", "i need {s}",
             "make {s}, {m}",
             "{s}, surprise me", "what does {s} sound like?", "something {m}: {s}",
             "{b} atmosphere", "create {s} for my podcast", "the mood of {s}"]
        )  # fmt: skip
        text = pattern.format(s=scene.scene, b=scene.bare, m=scene.mood)
    phrases = tuple(s.clause.standing_alone().written("present") for s in scene.sounds)
    return Realisation(text, phrases, _SUGGESTED)


Style = Callable[[Scene, Random], Realisation]

UNTIMED: tuple[tuple[Style, float], ...] = (
    (prose, 30),
    (past_prose, 5),
    (progressive_prose, 4),
    (gerund_list, 16),
    (terse_list, 6),
    (ordered_sentences, 10),
    (_script, 7),
    (numbered, 5),
    (chatty, 9),
    (scene_only, 8),
)
TIMED: tuple[tuple[Style, float], ...] = (
    (timed_list, 4),
    (timed_prose, 4),
    (after_seconds, 3),
    (time_marks, 2),
)


def pick(styles: Sequence[tuple[Style, float]], rng: Random) -> Style:
    return rng.choices([s for s, _ in styles], [weight for _, weight in styles])[0]


def _typo(word: str, rng: Random) -> str:
    i = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.4:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return word[:i] + (word[i + 1 :] if kind < 0.8 else word[i] + word[i:])


def as_typed(text: str, rng: Random) -> str:
    """Capitals, their absence, and now and then a slip of the finger; digits stay as they are."""
    if rng.random() < 0.07:
        words = text.split(" ")
        long = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha()]
        for i in rng.sample(long, min(len(long), rng.randint(1, 3))):
            words[i] = _typo(words[i], rng)
        text = " ".join(words)
    modifiers = rng.random()
    if modifiers < 0.4:
        return text.lower()
    if modifiers < 0.41:
        return text.upper()
    text = re.sub(r"([.?!]\s+)([a-z])", lambda m: m[1] + m[2].upper(), text)
    return _sentence(re.sub(r"\bi\b(?=[ '])", "I", text))

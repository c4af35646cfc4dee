"""The lexicon: what a caption in any words says in plain ones, and that the director reads it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from core import audiostory
from core.audiostory import AudioStory
from core.bridge.lexicon import Lexicon, _load, load_lexicon, parts, together
from core.bridge.modifiers import with_modifiers_of
from core.bridge.text_encoder import sentence_encoder
from core.corpus.captions import HELD_OUT
from core.corpus.vocabulary import BY_NAME
from core.errors import WeightsError
from core.language.stream import PlannedEvent, parse_plan, plan_text
from core.profile import load_profile

KNOWN = {
    "rain falling": ["a downpour", "drizzle on the window", "it is pouring"],
    "a dog barking": ["a hound bays", "woof", "the terrier yaps at the gate"],
    "thunder rumbling": ["a storm growling", "a thunderclap", "distant thunder"],
}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    encoder = sentence_encoder()
    sounds = [place for place, captions in enumerate(KNOWN.values()) for _ in captions]
    known = encoder.sentences([caption for captions in KNOWN.values() for caption in captions])
    return Lexicon(encoder, list(KNOWN), torch.tensor(sounds), known)


def about(paraphrase: str, name: str) -> bool:
    """Whether a paraphrase is a class' plain caption, with or without how it sounds."""
    plain = BY_NAME[name].caption
    return any(
        paraphrase == with_modifiers_of(plain, paraphrase)
        for paraphrase in (plain, *HELD_OUT[name])
    )


def test_paraphrases_that_no_lexicon_holds_are_given_their_plain_caption() -> None:
    shipped = load_lexicon(load_profile("pocket"))
    assert shipped is not None
    first, any_of_them = [], []
    for name, paraphrases in HELD_OUT.items():
        for paraphrase in paraphrases:
            given = shipped.paraphrase(paraphrase).split("; ")
            first.append(about(given[0], name))
            any_of_them.append(any(about(plain, name) for plain in given))
    assert sum(first) >= 0.87 * len(first)
    assert sum(any_of_them) >= 0.95 * len(any_of_them)


def test_sounds_are_told_from_scenes() -> None:
    shipped = load_lexicon(load_profile("pocket"))
    assert shipped is not None
    sounds = ("rain", "applause", "a dog barks", "church bells", "a train leaving the station")
    scenes = ("a storm", "a haunted house", "a medieval battle", "a day at the beach", "a kitchen")
    assert [shipped.names(sound) for sound in sounds] == [True] * len(sounds)
    assert [shipped.names(scene) for scene in scenes] == [False] * len(scenes)
    assert shipped.likeliest("lightning flashes") == "thunder rumbling"
    assert shipped.likeliest("the sky darkens") == ""


def test_two_sounds_have_a_paraphrase_each(lexicon: Lexicon) -> None:
    assert lexicon.paraphrase("drizzle on windows, while a terrier yaps") == (
        "light rain falling; a dog barking"
    )
    far = lexicon.paraphrase("rain, while a terrier yaps loudly far away").split("; ")
    assert {"rain falling", "a dog barking loudly in the distance"} <= set(far)
    assert lexicon.paraphrase("A terrier yaps") == "a dog barking"
    assert lexicon.paraphrase("") == ""


def test_a_caption_is_taken_apart_at_commas_and_joining_words() -> None:
    assert parts("Heavy rain with distant thunder") == ["heavy rain", "distant thunder"]
    assert parts("a; dogs barking and wind") == ["dogs barking", "wind"]
    assert parts("dogs barking") == []


def test_sounds_at_once_are_told_from_one_and_from_sounds_in_turn(lexicon: Lexicon) -> None:
    both = ("drizzle on windows", "a terrier yaps")
    assert lexicon.simultaneous("Drizzle on windows, while a terrier yaps") == both
    assert lexicon.simultaneous("While a terrier yaps, drizzle on windows") == both[::-1]
    assert lexicon.simultaneous("a terrier yaps after dark; at the same time a downpour") == (
        "a terrier yaps after dark",
        "a downpour",
    )
    assert lexicon.simultaneous("a terrier yaps, a hound bays and woof") == ()
    assert lexicon.simultaneous("a terrier yaps; at the same time woof") == ()
    assert (
        lexicon.simultaneous("a downpour, followed by a terrier that yaps while it drizzles") == ()
    )
    assert lexicon.simultaneous("a downpour, then a terrier yaps") == ()
    assert lexicon.simultaneous("a downpour with rubber ducks") == ()
    assert lexicon.simultaneous("") == ()


def test_phrases_are_heard_at_once_where_the_caption_says_so() -> None:
    assert together("While a dog barks, rain falls") == ["a dog barks", "rain falls"]
    assert together("wind, together with hail and thunder") == ["wind", "hail and thunder"]
    assert together("while hail is heard, rain; at the same time an owl") == [
        "hail",
        "rain",
        "an owl",
    ]
    assert together("rain and thunder in the background") == ["rain and thunder"]
    assert together("") == []


def test_hardly_any_caption_of_one_sound_is_taken_for_two() -> None:
    shipped = load_lexicon(load_profile("pocket"))
    assert shipped is not None
    assert shipped.simultaneous("heavy rain with distant thunder") == (
        "heavy rain",
        "distant thunder",
    )
    assert shipped.simultaneous("footsteps in snow and wind") == ("footsteps in snow", "wind")
    plain = [known.caption for known in BY_NAME.values()]
    unseen = [paraphrase for paraphrases in HELD_OUT.values() for paraphrase in paraphrases]
    assert not any(shipped.simultaneous(caption) for caption in plain)
    assert sum(bool(shipped.simultaneous(caption)) for caption in unseen) <= 0.03 * len(unseen)
    pairs = [f"{first} and {second}" for first, second in pairwise(plain)]
    assert sum(len(shipped.simultaneous(pair)) == 2 for pair in pairs) >= 0.95 * len(pairs)
    strange = [
        f"{first}, along with {second}" for first, second in zip(unseen, unseen[40:], strict=False)
    ]
    assert sum(len(shipped.simultaneous(pair)) == 2 for pair in strange) >= 0.85 * len(strange)
    for nothing in ("a long pause", "the ship sinks", "a stranger waits"):
        assert shipped.simultaneous(f"a storm while {nothing}") == ()


def test_what_is_too_like_the_caption_can_be_left_out(lexicon: Lexicon) -> None:
    strange = "a storm growling at the rain"
    alone = Lexicon(
        sentence_encoder(),
        ["wrong", "right"],
        torch.tensor([0, 1]),
        sentence_encoder().sentences([strange, "thunder"]),
    )
    assert alone.paraphrase(strange).startswith("wrong")
    assert alone.paraphrase(strange, unlike=0.85).startswith("right")


def test_a_saved_lexicon_gives_the_same_and_a_damaged_one_is_refused(
    lexicon: Lexicon, tmp_path: Path
) -> None:
    lexicon.save(tmp_path / "lexicon.safetensors")
    again = _load(tmp_path / "lexicon.safetensors")
    for caption in ("a cloudburst", "barking, then a clap of thunder", "wet weather"):
        assert again.paraphrase(caption) == lexicon.paraphrase(caption)
    (tmp_path / "cut.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(WeightsError, match="fetch it again"):
        _load(tmp_path / "cut.safetensors")


def test_the_director_reads_the_paraphrase_and_no_plan_holds_it(
    tiny: AudioStory, lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [PlannedEvent("drizzle on windows", 2.0)]
    assert load_lexicon(tiny.profile) is None
    assert tiny.paraphrased(events) == events
    without = tiny.conditions("rain", 2.0, "Rain.", events)
    monkeypatch.setattr(tiny, "lexicon", lexicon)
    paraphrased = tiny.paraphrased(events)
    assert paraphrased[0].paraphrase == "light rain falling"
    text = plan_text("Rain.", paraphrased, tiny.span)
    assert f"</timestamp>light rain falling{tiny.span}" in text
    assert parse_plan(text).events == tuple(events)
    assert not torch.equal(tiny.conditions("rain", 2.0, "Rain.", events), without)


@pytest.mark.parametrize("part", ["READING_CODE", "SAMPLING_CODE"])
def test_the_code_that_reads_and_samples_counts_in_the_hash_of_the_weights(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pocket = load_profile("pocket")
    before = audiostory._hash_weights(pocket)
    assert audiostory._hash_weights(pocket) == before
    monkeypatch.setattr(audiostory, part, (*getattr(audiostory, part), audiostory))
    assert audiostory._hash_weights(pocket) != before

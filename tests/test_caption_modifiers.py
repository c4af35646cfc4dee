"""What a caption says of strength, distance and tempo, in the words that the performer knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bridge.modifiers import first_choice, says, with_attribute, with_modifiers_of
from core.corpus.vocabulary import BY_NAME

DOG, BLAST, ROAR = "a dog barking", "an explosion", "a waterfall roaring"


@pytest.mark.parametrize(
    ("plain", "text", "told"),
    [
        (DOG, "a hound giving tongue beyond the hills", f"{DOG} in the distance"),
        (DOG, "A terrier barks FURIOUSLY nearby", f"{DOG} loudly nearby"),
        (DOG, "a hound", DOG),
        (BLAST, "an enormous blast far away", "a loud explosion in the distance"),
        ("rain", "a light shower", "light rain"),
        (ROAR, "the falls roar", ROAR),
        (ROAR, "the falls roar softly", f"{ROAR} softly"),
        ("footsteps in snow", "slow heavy steps", "slow loud footsteps in snow"),
        ("knocking on a door", "knocking quickly and hard", "knocking on a door loudly, fast"),
    ],
)
def test_what_a_text_says_is_said_after_the_plain_caption(plain: str, text: str, told: str) -> None:
    assert with_modifiers_of(plain, text) == told


@given(st.sampled_from([c.caption for c in BY_NAME.values()]), st.text(max_size=60))
def test_a_plain_caption_says_nothing_more_and_any_text_leaves_its_words(
    plain: str, text: str
) -> None:
    assert with_modifiers_of(plain, plain) == plain
    assert set(plain.split()[1:]) <= set(with_modifiers_of(plain, text).replace(",", "").split())


@pytest.mark.parametrize("plain", [DOG, BLAST, "rain falling", "a fire crackling"])
@pytest.mark.parametrize(
    ("key", "value"),
    [("strength", "light"), ("strength", "heavy"), ("distance", "distant"), ("tempo", "slow")],
)
def test_what_is_woven_in_is_said(plain: str, key: str, value: str) -> None:
    longer = with_attribute(plain, key, value, first_choice)
    assert longer != plain
    assert says(longer, key, value)
    assert with_modifiers_of(plain, longer) == longer

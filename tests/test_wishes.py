"""Wishes in words about a story: the edits they come to, what these do, how they are learned."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import tiny_stages
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from core.audiostory import AudioStory
from core.director.replan import change_by_wish
from core.director.wishes import (
    MAX_EDITS,
    EditSlots,
    edits_of,
    numbers,
    spans,
    wish_prompt,
    with_description,
    write_edits,
)
from core.errors import PlanError, StoryError, WeightsError
from core.language.adapter import add_task_adapter
from core.language.choices import ChoiceGrammar
from core.language.task_adapter import TaskAdapter
from core.narratives.scores import read_scores
from core.narratives.wishes import caption_names, random_story, wish, wish_about, wish_forms
from core.story import timeline
from core.story.edits import Edit, apply_edits, edit_slots, read_edit
from core.story.story import Event, Story
from core.story.take import Take
from core.training.loop import TrainingRun
from core.training.wishes import answer_slots, story_wishes, train_wishes, wishes_loss

RAIN_DOG_THUNDER = Story(
    "", 30.0, 1, "tiny", "",
    (
        Event("e1", "rain on a roof", 0.0, 10.0),
        Event("e2", "a dog barking", 10.0, 10.0),
        Event("e3", "distant thunder", 20.0, 10.0),
    ),
)  # fmt: skip
NO_ADAPTER = TaskAdapter({})


def after(*edits: Edit, story: Story = RAIN_DOG_THUNDER) -> Story:
    return apply_edits(story, edits, with_description, lambda caption: 4.0)[0]


def times(story: Story) -> dict[str, tuple[float, float, int]]:
    return {e.caption: (e.start, e.duration, e.layer) for e in story.events}


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_learned_can_be_written(seed: int) -> None:
    """Of random wishes every slot of the answer is among the grammar's choices, and is read back
    as the same edit."""
    rng = Random(seed)
    for _ in range(40):
        wished = wish(rng)
        grammar = EditSlots(len(wished.story.events), wished.text)
        slots = answer_slots(wished)
        for n, slot in enumerate(slots):
            assert slot in grammar(slots[:n]), (wished.text, slot)
        assert grammar(slots) == []
        assert edits_of(slots) == list(wished.edits)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_choices_make_edits_that_a_story_takes_or_refuses(data: st.DataObject) -> None:
    grammar = EditSlots(3, "add a big dog at 10 s and make the rain 5 s longer")
    written: list[str] = []
    while choices := grammar(written):
        written.append(data.draw(st.sampled_from(choices)))
    edits = edits_of(written)
    assert 1 <= len(edits) <= MAX_EDITS
    assert [read_edit(edit_slots(edit)) for edit in edits] == edits
    assert {n for edit in edits for n in (edit.amount, edit.seconds) if n is not None} <= {
        10.0,
        5.0,
    }
    with contextlib.suppress(StoryError):
        assert after(*edits).total > 0


def test_numbers_and_captions_are_those_of_the_wish() -> None:
    assert numbers("add ten seconds, then 1:10, minus 6 dB") == [6.0, 10.0, 70.0]
    assert {"a dog", "bark", "a dog bark"} <= set(spans("add a dog bark, please"))
    assert not [s for s in spans('say "hello": 3 4') if '"' in s or not any(map(str.isalpha, s))]


def test_adding_leaves_all_else_where_it_is() -> None:
    story = after(Edit("add", caption="a cat", where="at", amount=10.0))
    assert times(story) == {**times(RAIN_DOG_THUNDER), "a cat": (10.0, 4.0, 1)}
    story = after(Edit("add", caption="a cat", where="over", other=2))
    assert times(story)["a cat"] == (10.0, 10.0, 1)
    story = after(Edit("add", caption="wind", where="throughout"))
    assert times(story)["wind"] == (0.0, 30.0, 1)
    with pytest.raises(StoryError, match="ends at 30 s"):
        after(Edit("add", caption="a cat", where="at", amount=30.0))


def test_adding_between_moves_what_follows() -> None:
    story = after(Edit("add", caption="a cat", where="after", other=1, seconds=3.0))
    assert times(story) == {
        "rain on a roof": (0.0, 10.0, 0),
        "a cat": (10.0, 3.0, 0),
        "a dog barking": (13.0, 10.0, 0),
        "distant thunder": (23.0, 10.0, 0),
    }


def test_lengths_act_on_what_they_name() -> None:
    lengths = lambda *e: [x.duration for x in after(*e).events]  # noqa: E731
    assert lengths(Edit("lengthen", 1, amount=5.0)) == [15.0, 10.0, 10.0]
    assert lengths(Edit("shorten", 2, amount=4.0)) == [10.0, 6.0, 10.0]
    assert lengths(Edit("last", 3, amount=2.5)) == [10.0, 10.0, 2.5]
    assert lengths(Edit("lengthen", 1, degree="a lot")) == [20.0, 10.0, 10.0]


def test_an_event_moves_to_a_moment_and_nothing_else_does() -> None:
    story = after(Edit("move", 2, where="to", amount=17.0))
    assert times(story) == {
        "rain on a roof": (0.0, 20.0, 0),
        "distant thunder": (20.0, 10.0, 0),
        "a dog barking": (17.0, 10.0, 1),
    }
    assert times(after(Edit("move", 3, where="before", other=2)))["distant thunder"][0] == 10.0
    assert times(after(Edit("move", 1, where="end")))["rain on a roof"][0] == 20.0


def test_numbers_stay_those_of_the_story_that_was_named() -> None:
    story = after(Edit("remove", 1), Edit("louder", 2, amount=3.0), Edit("closer", 3))
    assert [(e.caption, e.gain_db) for e in story.events] == [
        ("a dog barking", 3.0),
        ("thunder nearby", 0.0),
    ]


def test_everything_louder_leaves_what_is_locked() -> None:
    locked = dataclasses.replace(RAIN_DOG_THUNDER.event("e2"), locked=True)
    story = after(Edit("louder", amount=2.0), story=RAIN_DOG_THUNDER.replace_event(locked))
    assert [e.gain_db for e in story.events] == [2.0, 0.0, 2.0]
    with pytest.raises(StoryError, match="locked"):
        after(Edit("remove", 2), story=RAIN_DOG_THUNDER.replace_event(locked))


def test_what_is_rendered_goes_away_and_comes_back_with_its_sound() -> None:
    """Before there is a sound, and nearer than it is, the caption says so and is performed anew."""
    take = Take("k", None, "distant thunder", 10.0, 0.0, 1, 2, 2.0, "tiny", "w")
    story = timeline.add_take(RAIN_DOG_THUNDER, "e3", take)
    away = after(Edit("farther", 3), story=story)
    assert (away.event("e3").distance, away.event("e3").caption) == (3.0, "distant thunder")
    assert timeline.status(away.event("e3")) == "rendered"
    assert after(Edit("closer", 3), story=away) == story
    nearer = after(Edit("closer", 3), story=story).event("e3")
    assert (nearer.distance, nearer.caption) == (1.0, "thunder nearby")
    unheard = after(Edit("farther", 2), story=story).event("e2")
    assert unheard.distance == 1.0
    assert unheard.caption != "a dog barking"
    farthest = timeline.change(story, "e3", distance=1000.0)
    with pytest.raises(StoryError, match="as far away as anything"):
        after(Edit("farther", 3), story=farthest)


def test_what_a_sound_is_said_to_be_is_said_once() -> None:
    assert with_description("distant thunder", "distance", "close") == "thunder nearby"
    assert (
        with_description("thunder in the distance", "distance", "distant")
        == "thunder in the distance"
    )
    assert with_description("heavy rain", "strength", "light") == "light rain"


def test_a_choice_may_not_begin_another() -> None:
    with pytest.raises(ValueError, match="begins another choice"):
        ChoiceGrammar(lambda written: ["a", "ab"], lambda text: [ord(c) for c in text])


def test_a_random_director_keeps_to_the_grammar(tiny: AudioStory) -> None:
    for text in ("make the rain 5 s longer", "add a dog at 10 s", "??"):
        written = write_edits(tiny, RAIN_DOG_THUNDER, text, adapter=NO_ADAPTER)
        assert 1 <= len(written.edits) <= MAX_EDITS
        assert 0 < written.sureness < 0.5
    with pytest.raises(PlanError, match="under 300 characters"):
        write_edits(tiny, RAIN_DOG_THUNDER, "x" * 301, adapter=NO_ADAPTER)
    events = tuple(Event(f"e{n}", "rain", float(n), 1.0) for n in range(81))
    with pytest.raises(PlanError, match="up to 80 events, this one has 81"):
        write_edits(tiny, Story("", 81.0, 1, "tiny", "", events), "louder", adapter=NO_ADAPTER)
    with pytest.raises(PlanError, match="cannot change a plan by words"):
        write_edits(tiny, RAIN_DOG_THUNDER, "louder")


def test_an_adapter_computes_as_it_was_trained_and_leaves_no_trace(
    own_tiny: AudioStory, tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    from core.training.loop import trainable

    ids = torch.tensor([[5, 6, 7]])
    plain = own_tiny.backbone(input_ids=ids).last_hidden_state
    backbone = own_tiny.backbone
    trained = add_task_adapter(own_tiny.llm)
    weights = {n: torch.randn_like(p) * 0.1 for n, p in trainable(trained).items()}
    with torch.no_grad():
        for name, parameter in trainable(trained).items():
            parameter.copy_(weights[name])
        expected = trained.get_base_model().model(input_ids=ids).last_hidden_state
    save_file({name: value.contiguous() for name, value in weights.items()}, tmp_path / "a")
    own_tiny.llm = trained.unload()
    with TaskAdapter.load(tmp_path / "a").at_work(own_tiny.backbone):
        adapted = own_tiny.backbone(input_ids=ids).last_hidden_state
    assert backbone is own_tiny.backbone
    torch.testing.assert_close(adapted, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(adapted, plain, atol=1e-2)
    torch.testing.assert_close(own_tiny.backbone(input_ids=ids).last_hidden_state, plain)


def test_the_loss_is_that_of_the_answers_alone(own_tiny: AudioStory) -> None:
    """Whatever else the row holds, other wishes among it, and however it is filled up."""
    stories = []
    for seed, count in ((1, 3), (2, 2)):
        rng = Random(seed)
        story, kinds = random_story(rng)
        stories.append([wish_about(story, kinds, rng) for _ in range(count)])
    with torch.no_grad():
        packed = wishes_loss(own_tiny, [story_wishes(own_tiny, wishes) for wishes in stories])
        losses = []
        for wished in (wished for wishes in stories for wished in wishes):
            prompt = own_tiny.encode(wish_prompt(wished.story, wished.text))
            answer = [token for slot in answer_slots(wished) for token in own_tiny.encode(slot)]
            row = torch.tensor([prompt + answer[:-1]])
            states = own_tiny.backbone(input_ids=row).last_hidden_state[0, len(prompt) - 1 :]
            logits = own_tiny.head(states)
            losses += torch.nn.functional.cross_entropy(
                logits, torch.tensor(answer), reduction="none"
            ).tolist()
    assert float(packed) == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_forms_name_only_places_that_are_filled() -> None:
    forms = wish_forms()
    assert len(forms["one"]) > 200
    assert len(forms["unknown"]) > 50
    assert all(" => " in form for form in (*forms["one"], *forms["several"]))


def test_no_event_is_called_by_a_name_that_another_has_too() -> None:
    called = 0
    for seed in range(600):
        rng = Random(seed)
        story, kinds = random_story(rng)
        wished = wish_about(story, kinds, rng)
        said = [event.caption for event in story.events]
        said += [edit.caption for edit in wished.edits]
        names = Counter(name for kind in kinds for name in {*kind.names, *kind.other_names})
        for name, owners in names.items():
            if any(name in text.lower() for text in said):
                continue
            if re.search(rf"\bthe {re.escape(name)}\b", wished.text.lower()):
                assert owners == 1, (name, wished.text)
                called += 1
    assert called > 60


@pytest.mark.parametrize(
    ("caption", "names"),
    [
        ("a wooden hatch slamming shut", ("hatch", "slamming")),
        ("low wind in an ice cave", ("wind",)),
        ("a small crowd murmuring this morning", ("crowd", "murmuring")),
        ("a plastic lift button pressed repeatedly", ("button",)),
        ("two barking", ("barking",)),
    ],
)
def test_the_sound_of_a_caption_is_called_by_its_noun_and_what_is_done(
    caption: str, names: tuple[str, ...]
) -> None:
    assert caption_names(caption) == names


def test_stories_have_sounds_of_the_vocabulary_and_of_scores() -> None:
    scored = {event.caption for score in read_scores() for event in score.events}
    captions = [e.caption for seed in range(300) for e in random_story(Random(seed))[0].events]
    share = sum(caption in scored for caption in captions) / len(captions)
    assert share == pytest.approx(0.4, abs=0.05)


def test_a_training_goes_on_from_an_adapter(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    train_wishes(tiny_stages.merged(), TrainingRun(2, 2e-3, warmup=1), first)
    learned = first / "average.safetensors"
    train_wishes(tiny_stages.merged(), TrainingRun(1, 1e-9, warmup=1), second, learned)
    before, after = load_file(learned), load_file(second / "average.safetensors")
    assert before.keys() == after.keys()
    for name, weights in before.items():
        assert torch.allclose(after[name], weights, atol=1e-6), name
    assert any(weights.any() for name, weights in before.items() if "lora_B" in name)
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(learned.read_bytes()[:1000])
    with pytest.raises(WeightsError):
        train_wishes(tiny_stages.merged(), TrainingRun(1, 1e-9, warmup=1), second, damaged)


def last(progress: object) -> Story:
    *_, final = progress  # type: ignore[misc]
    assert final.story is not None
    return final.story  # type: ignore[no-any-return]


def test_wishes_act_on_what_they_name(pocket: AudioStory) -> None:
    """The shipped director, on wishes in words that training did not have."""
    story = last(change_by_wish(pocket, RAIN_DOG_THUNDER, "add a dog bark at 10 s"))
    (new,) = [e for e in story.events if e.layer]
    assert (new.caption, new.start, story.total) == ("a dog bark", 10.0, 30.0)
    story = last(change_by_wish(pocket, RAIN_DOG_THUNDER, "make the rain 5 s longer"))
    assert [e.duration for e in story.events] == [15.0, 10.0, 10.0]
    story = last(change_by_wish(pocket, RAIN_DOG_THUNDER, "take the barking out please"))
    assert [e.caption for e in story.events] == ["rain on a roof", "distant thunder"]
    with pytest.raises(PlanError, match="not understood"):
        last(change_by_wish(pocket, RAIN_DOG_THUNDER, "export it as an mp3"))

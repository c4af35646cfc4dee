"""Wishes in words on the page: shown as what they would change, then taken or discarded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from studio_pages import page_of
from studio_stories import long_story
from test_studio_page import CHROMIUM, button, on_disk, open_story, shoot
from test_wishes import RAIN_DOG_THUNDER

from core.errors import StoryError
from core.story import timeline
from core.story.library import Library
from core.story.story import Story
from core.story.take import Take
from studio.handlers.wishes import discard_proposal, take_proposal
from studio.jobs.model_service import ModelService
from studio.sessions.registry import Sessions
from studio.sessions.session import PlanProposal, Session
from studio.sound.peaks import PeakCache
from studio.state import Studio
from studio.view.history import history_html
from studio.view.proposal import proposal_html

TITLE = "A wish at night"


@pytest.fixture
def session(tmp_path: Path) -> Session:
    library = Library(tmp_path / "stories")
    session = Session(library, tmp_path / "served")
    session.show(library.create(RAIN_DOG_THUNDER, TITLE))
    return session


def proposed(session: Session, after: Story, wish: str = "a <cat>") -> PlanProposal:
    session.proposal = PlanProposal(wish, session.open_folder.story, after)
    return session.proposal


def lines(html: str) -> list[str]:
    """What the preview says, line by line."""
    plain = re.sub(r"<span>", ": ", re.sub(r"</(li|p|summary)>", "\n", html))
    plain = unescape(re.sub(r"<[^>]*>", "", plain))
    return [" ".join(line.split()) for line in plain.splitlines() if line.strip()]


def test_a_preview_says_event_from_and_to_and_what_has_to_be_rendered(session: Session) -> None:
    take = Take("k", None, "a dog barking", 10.0, 0.0, 1, 2, 2.0, "tiny", "w")
    session.open_folder.edit("render", lambda story: timeline.add_take(story, "e2", take))
    story = timeline.change(session.open_folder.story, "e2", caption="a <cat>", gain_db=-4.0)
    story = timeline.delete(story, "e1")
    assert lines(proposal_html(proposed(session, story), fits=True)) == [
        "“a <cat>” would change:",
        "Removed 1 rain on a roof: 0 to 10 s",
        "2 a dog barking: sound: “a dog barking” → “a <cat>”; start: 10 s → 0 s; "
        "level: 0 dB → -4 dB",
        "3 distant thunder: start: 20 s → 10 s",
        "The story: length: 30 s → 20 s",
        "To be rendered before it is heard so: 1 a <cat>, 2 distant thunder.",
    ]


def test_what_moves_along_is_one_line_with_each_of_them_in_it(session: Session) -> None:
    story, _ = timeline.add(session.open_folder.story, "a bell", 2.5, position=1)
    said = lines(proposal_html(proposed(session, story), fits=True))
    assert said[1:5] == [
        "Added 2 a bell: 10 to 12.5 s",
        "2 events move along, 2.5 s later",
        "2 a dog barking: start: 10 s → 12.5 s",
        "3 distant thunder: start: 20 s → 22.5 s",
    ]


def test_what_is_taken_is_what_was_shown_and_is_undone_at_once(session: Session) -> None:
    folder, before = session.open_folder, session.open_folder.story
    after, new = timeline.lay_over(before, "a bell", 3.0, 2.0)
    proposed(session, after, "add a bell at 3 s")
    assert folder.story == before
    take_proposal(session)
    assert (folder.story, session.proposal, session.made) == (after, None, (1, (new,)))
    assert "change in words: add a bell at 3 s" in history_html(session)
    folder.undo()
    assert folder.story == before
    with pytest.raises(StoryError, match="nothing to take"):
        take_proposal(session)


def test_a_discarded_wish_changes_nothing(session: Session) -> None:
    before = session.open_folder.story
    proposed(session, timeline.delete(before, "e1"))
    discard_proposal(session)
    assert session.proposal is None
    assert session.open_folder.story == before
    assert not session.open_folder.undo_count


def test_a_story_that_was_changed_meanwhile_keeps_its_change(session: Session) -> None:
    folder, before = session.open_folder, session.open_folder.story
    proposal = proposed(session, timeline.delete(before, "e1"))
    edited = folder.edit("gain", lambda story: timeline.change(story, "e2", gain_db=-3.0))
    assert "changed since; say the wish again" in proposal_html(proposal, fits=False)
    with pytest.raises(StoryError, match="say the wish again"):
        take_proposal(session)
    assert folder.story == edited
    session.show(folder)
    assert session.proposal is None, "another story, or this one again"


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stories")


@pytest.fixture
def page(stories: Path, tmp_path: Path) -> Iterator[Page]:
    """A page with the shipped director, which alone understands wishes."""
    sessions = Sessions(stories, tmp_path, private=False)
    studio = Studio(ModelService("pocket"), sessions, PeakCache())
    long_story(stories, TITLE, events=3, total=60.0)
    with page_of(studio) as page:
        open_story(page, TITLE)
        yield page


def wish(page: Page, words: str) -> None:
    """By keyboard: to the line of wishes, the words, Enter."""
    page.locator(".event-block").first.focus()
    page.keyboard.press("w")
    expect(page.get_by_label("Change the plan")).to_be_focused()
    page.get_by_label("Change the plan").fill(words)
    page.keyboard.press("Enter")


@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
def test_a_wish_is_previewed_taken_discarded_and_refused(page: Page, stories: Path) -> None:
    before = on_disk(stories, TITLE)
    shown = page.locator("#proposal")
    wish(page, "make the door 2 dB quieter")
    expect(shown).to_contain_text("a wooden door creaks open")
    expect(shown).to_contain_text("level: 0 dB → -2 dB")
    expect(shown).to_contain_text("heard at once")
    expect(button(page, "Take it")).to_be_focused()
    expect(page.locator(".said")).to_contain_text("changes one thing")
    assert on_disk(stories, TITLE) == before
    shoot(page, "wish", "#workspace")
    page.keyboard.press("Enter")
    expect(shown).to_be_hidden()
    expect(page.locator("#progress")).to_contain_text("Changed: make the door 2 dB quieter")
    assert on_disk(stories, TITLE) == timeline.change(before, "e1", gain_db=-2.0)
    button(page, "Undo").click()
    expect(page.locator("#progress")).to_contain_text("Undone: change in words")
    assert on_disk(stories, TITLE) == before

    wish(page, "add a dog bark at 10 s")
    expect(shown).to_contain_text("Added +3 a dog bark")
    expect(shown).to_contain_text("To be rendered before it is heard so: +3 a dog bark")
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    wish(page, "export it as an mp3")
    expect(page.get_by_text("is not understood as a change")).to_be_visible()
    expect(shown).to_be_hidden()
    assert on_disk(stories, TITLE) == before

"""Edits of one page are done, and shown, in the order in which they were made, however slow the way
to the server is for one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from page_gestures import EVENTS, TOTAL, Hand
from playwright.sync_api import Route
from studio_pages import page_of
from studio_stories import long_story
from test_studio_page import CHROMIUM, cell, open_story, write_cell

from core.story import timeline
from core.story.story import Story
from studio.jobs.model_service import ModelService
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio

TITLE = "In order"
OVERTAKING = 500
"""Milliseconds in which a request that was sent meanwhile is done."""
HOLDING = """() => {
    const get = window.fetch;
    window.held = [];
    window.holds = window.letsGo = () => false;
    window.fetch = async (...asked) => {
        const answer = await get(...asked);
        if (!String(asked[0]?.url || asked[0]).includes("queue/data")) return answer;
        let rest = "";
        const through = new TransformStream({
            async transform(text, to) {
                const told = (rest + text).split("\\n\\n");
                rest = told.pop();
                for (const one of told) {
                    const late = window.letsGo(one) ? window.held.splice(0) : [];
                    if (window.holds(one)) window.held.push(one);
                    else to.enqueue(`${one}\\n\\n`);
                    if (late.length) await new Promise((shown) => { setTimeout(shown, 100); });
                    for (const each of late) to.enqueue(`${each}\\n\\n`);
                }
            },
        });
        const lines = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(through);
        return new Response(lines.pipeThrough(new TextEncoderStream()), answer);
    };
}"""
"""The way back of the network: messages that `holds` names come after the first that `letsGo`."""
STEPS = 12
Do = Callable[[], None]
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    folder = tmp_path_factory.mktemp("order")
    long_story(folder / "stories", TITLE, EVENTS, TOTAL)
    sessions = Sessions(folder / "stories", folder / "served", private=False)
    return Studio(ModelService("tiny"), sessions, PeakCache())


@pytest.fixture(scope="module")
def hand(studio: Studio) -> Iterator[Hand]:
    with page_of(studio) as page:
        page.add_init_script(f"({HOLDING})()")
        page.reload()
        open_story(page, TITLE)
        file = studio.sessions._root / TITLE / "story.json"
        hand = Hand(page, file)
        hand.edited(lambda: True, "opening")
        yield hand


def overtaken(hand: Hand, slow: Do, quick: Do, held: str) -> None:
    """Do one thing whose request, which has these words in it, is held up on its way while another
    thing is done."""
    waiting: list[Route] = []

    def way(route: Route) -> None:
        if not waiting and held in (route.request.post_data or ""):
            waiting.append(route)
        else:
            route.continue_()

    hand.page.route("**/queue/join*", way)
    slow()
    hand.wait(lambda: bool(waiting), "the first request")
    quick()
    hand.page.wait_for_timeout(OVERTAKING)
    waiting[0].continue_()
    hand.page.unroute("**/queue/join*")


def restored(hand: Hand, before: Story) -> None:
    """Go back to the story of before, however many steps what followed at once came to."""
    hand.page.locator("#brand").click()
    for _ in range(STEPS):
        if (shown := hand.story) == before:
            return
        hand.press("Control+z")
        hand.edited(lambda shown=shown: hand.story != shown, "undo")  # type: ignore[misc]
    assert hand.story == before


def rename(hand: Hand, event_id: str, words: str) -> Do:
    def do() -> None:
        hand.block(event_id).focus()
        hand.press("F2")
        hand.page.locator(".ask input").fill(words)
        hand.press("Enter")

    return do


def test_the_last_of_two_edits_stands(hand: Hand) -> None:
    before = hand.story
    overtaken(hand, rename(hand, "e1", "first"), rename(hand, "e1", "second"), "first")
    hand.edited(lambda: hand.story.event("e1").caption == "second", "both names")
    hand.page.wait_for_timeout(OVERTAKING)
    assert hand.story.event("e1").caption == "second"
    restored(hand, before)


def test_undo_takes_back_the_edit_before_it(hand: Hand) -> None:
    before = hand.story
    louder = lambda: (hand.block("e2").focus(), hand.press("Alt+ArrowUp"))  # noqa: E731
    softer = lambda: (hand.block("e3").focus(), hand.press("Alt+ArrowDown"))  # noqa: E731
    louder()
    hand.edited(lambda: hand.story.event("e2").gain_db == 1.0, "a level")
    overtaken(hand, softer, lambda: hand.press("Control+z"), "gain_by")
    shown = hand.page.locator("#progress")
    hand.wait(lambda: "Undone" in shown.inner_text(), "undo")
    assert hand.story.event("e3").gain_db == 0.0
    assert hand.story.event("e2").gain_db == 1.0
    restored(hand, before)


def test_a_cell_changes_nothing_that_its_table_did_not_show_yet(hand: Hand) -> None:
    before = hand.story
    nudge = lambda: (hand.block("spot").focus(), hand.press("Shift+ArrowRight"))  # noqa: E731
    gain = lambda: write_cell(hand.page, 3, 4, "-7")  # noqa: E731
    overtaken(hand, nudge, gain, '"move"')
    hand.edited(lambda: hand.story.event("e3").gain_db == -7.0, "a cell")
    assert hand.story.event("spot").start == 42.1
    restored(hand, before)


def test_steps_while_an_answer_is_awaited_go_together_and_are_all_done(hand: Hand) -> None:
    before, sent = hand.story, []
    hand.page.on("request", lambda asked: sent.append(asked.post_data or ""))
    step = lambda: (hand.block("spot").focus(), hand.press("Shift+ArrowRight"))  # noqa: E731
    more = lambda: hand.press(*["Shift+ArrowRight"] * 9)  # noqa: E731
    overtaken(hand, step, more, '"move"')
    hand.edited(lambda: hand.story.event("spot").start == 43.0, "ten steps")
    assert sum('"move"' in body for body in sent) == 2
    restored(hand, before)


def test_an_older_view_that_comes_late_is_followed_by_the_present_one(
    hand: Hand,
) -> None:
    page = hand.page
    page.evaluate("""() => {
        const jobs = new Set();
        window.ended = 0;
        window.holds = (one) => {
            const { msg, event_id: id } = JSON.parse(one.slice(one.indexOf("{")));
            if (msg === "process_generating" && one.includes("stamp")) jobs.add(id);
            if (msg === "process_completed" && jobs.has(id)) window.ended += 1;
            return jobs.has(id);
        };
        window.letsGo = (one) => {
            const stamp = one.includes("process_completed") && one.match(/stamp\\\\":(\\d+)/);
            if (!window.ended || !stamp || window.edited) return false;
            window.edited = Number(stamp[1]);
            window.holds = () => false;
            return true;
        };
    }""")
    hand.block("e4").focus()
    hand.press("r")
    hand.wait(lambda: page.evaluate("ended") == 1, "a take, whose story the page is not told yet")
    assert len(hand.story.event("e4").takes) == 2
    hand.block("e0").focus()
    hand.press("Alt+ArrowUp")
    hand.wait(lambda: page.evaluate("!held.length"), "the older view, after that of the edit")
    assert hand.story.event("e0").gain_db == 1.0
    shown = "Number(document.querySelector('.timeline').dataset.view)"
    hand.wait(lambda: page.evaluate(f"{shown} > edited"), "the present view")
    hand.wait(lambda: "1" in cell(page, 0, 4).inner_text(), "the level in the table")
    assert hand.story.event("e0").gain_db == 1.0


def test_the_number_of_a_view_tells_what_its_table_showed(studio: Studio) -> None:
    session = studio.sessions.of("by itself")
    session.show(session.library.open(TITLE))
    session.note_view(7)
    first = session.shown
    assert first is not None
    session.shown = timeline.change(first, "e0", gain_db=-3.0)
    session.note_view(8)
    assert session.seen_in(7) == first
    assert session.seen_in(8) == session.seen_in(None) == session.shown
    assert session.seen_in(6) == session.shown, "an unknown view is what is shown"

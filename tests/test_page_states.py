"""No state of the page shuts anybody out, and what made states look wrong does not come back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.page_states import STATES, Scene, enter
from tests.soak.gestures import LEFT_BEHIND
from tests.soak.states import LOOKED_AT, PHONE, fits, look_at, resize, scene_of
from tests.states_studio import PLAN, WHOLE

SEED, COUNT = 1, 2
"""Of the states that are looked at here; `python -m tests.soak states` looks at all."""
ALIGNED = 1.0
"""Pixels that are lost in rounding."""
MOVING = """() => [...document.querySelectorAll('.gradio-container *')]
  .filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0)
  .map((e) => e.outerHTML.slice(0, 80))"""
EDGES = """(part) => [...document.querySelectorAll(part)].map((e) => {
  const box = e.getBoundingClientRect();
  return [box.left, box.right, box.top, box.bottom].map(Math.round);
})"""
NAME_LEFT = """(block) => {
  const words = document.createRange();
  words.selectNodeContents(block.querySelector('[part="name"]'));
  return words.getBoundingClientRect().left;
}"""
TOPMOST = "([x, y]) => document.elementFromPoint(x, y).className"
SQUARE = {1280: (3, 10), PHONE: (4, 12)}
"""Pixels from a handle's corner, and of the square that is drawn in it, by the window's width."""
pytestmark = pytest.mark.skipif(
    not Path("/usr/bin/chromium").exists(), reason="needs Debian's chromium"
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene_of(tmp_path_factory.mktemp("states")) as (scene, troubles):
        yield scene
        assert [said for said in troubles if not said.startswith(LEFT_BEHIND)] == []


@pytest.mark.parametrize("name", random.Random(SEED).sample(sorted(STATES), COUNT))
@pytest.mark.parametrize("width", LOOKED_AT)
def test_a_state_shuts_nobody_out_and_cuts_nothing_off(scene: Scene, name: str, width: int) -> None:
    if fits(name, width):
        assert look_at(scene, name, width, None) == []


def test_who_asks_for_less_motion_sees_none(scene: Scene) -> None:
    resize(scene.page, PHONE)
    scene.open(PLAN)
    assert scene.page.evaluate(MOVING) == []
    scene.page.emulate_media(reduced_motion="no-preference")
    assert scene.page.evaluate(MOVING) != []
    scene.page.emulate_media(reduced_motion="reduce")


def test_a_phone_s_page_has_narrow_margins_and_light_beside_the_name(scene: Scene) -> None:
    resize(scene.page, PHONE)
    scene.open(PLAN)
    assert scene.page.evaluate(EDGES, "#workspace")[0][0] == 14
    ((_, _, top, bottom),) = scene.page.evaluate(EDGES, "#light")
    ((_, _, above, below),) = scene.page.evaluate(EDGES, "#brand h1")
    assert top < (above + below) / 2 < bottom


@pytest.mark.parametrize("width", LOOKED_AT)
def test_faders_of_lanes_and_master_are_of_one_height(scene: Scene, width: int) -> None:
    resize(scene.page, width)
    enter(scene, "mixer")
    faders = scene.page.evaluate(EDGES, ".channel .fader")
    assert len(faders) == 3
    assert len({(top, bottom) for _, _, top, bottom in faders}) == 1


def test_the_table_is_as_wide_as_its_place(scene: Scene) -> None:
    resize(scene.page, 1280)
    scene.open(WHOLE)
    ((_, right, *_),) = scene.page.evaluate(EDGES, "#events .virtual-table-viewport")
    last = "[data-row='0'][data-col='14'], #events th[data-heading='14']"
    assert {end for _, end, *_ in scene.page.evaluate(EDGES, f"#events {last}")} == {right}
    ((*_, foot),) = scene.page.evaluate(EDGES, "#events .header-table")
    assert scene.page.evaluate(EDGES, "#events [data-row='0'][data-col='0']")[0][2] == foot
    for column in ("1", "7"):
        head = scene.page.evaluate(EDGES, f"#events th[data-heading='{column}']")
        cell = scene.page.evaluate(EDGES, f"#events [data-row='0'][data-col='{column}']")
        assert head[0][:2] == pytest.approx(cell[0][:2], abs=ALIGNED)


@pytest.mark.parametrize("width", LOOKED_AT)
def test_the_handle_of_a_fade_leaves_the_event_s_number_free(scene: Scene, width: int) -> None:
    resize(scene.page, width)
    enter(scene, "selected above")
    ((left, *_),) = scene.page.evaluate(EDGES, ".fade-handle.is-in")
    drawn = left + sum(SQUARE[width])
    assert drawn <= scene.block("bed").evaluate(NAME_LEFT) + ALIGNED


def test_the_menu_of_stories_says_what_it_is_where_none_is_open(scene: Scene) -> None:
    scene.open("")
    assert scene.page.locator("#stories input").get_attribute("placeholder") == "Open a story"


def test_no_marker_shows_over_the_names_of_lanes(scene: Scene) -> None:
    resize(scene.page, PHONE)
    enter(scene, "zoomed")
    ((_, right, *_),) = scene.page.evaluate(EDGES, ".heads")
    under = [box for box in scene.page.evaluate(EDGES, ".mark") if box[0] < right]
    assert under, "a marker is scrolled to the left"
    for left, _, top, bottom in under:
        at = [(max(left, 0) + right) / 2, (top + bottom) / 2]
        assert scene.page.evaluate(TOPMOST, at) != "mark"

"""Every state of the page: nobody is shut out, nothing is cut off, no script fails.

python -m tests.soak.states --out DIR                    pictures of all states, to be looked at
python -m tests.soak.states --out DIR mixer "all panels"  of two
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Error, FloatRect, Page, sync_playwright

from studio.server import serving
from tests.page_faults import grave_findings, misfits
from tests.page_states import DESK, STATES, Scene, enter
from tests.soak.gestures import CHROMIUM, FLAGS, LEFT_BEHIND
from tests.soak.server import free_port
from tests.states_studio import studio_of_states

SIZES = {390: 844, 1280: 800, 1920: 1080}
"""Width and height of the windows."""
PHONE, WIDE = 390, 1920
LOOKED_AT = (1280, PHONE)
"""Widths that faults are looked for in; there are pictures of wide windows as well."""
PATIENCE = 30_000
"""Milliseconds."""
CONTRAST = ("color-contrast",)
"""The one rule that colours decide."""
SETTLED = """() => new Promise((done) => {
  requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(done), 100));
})"""
"""Waits until a page is drawn, the lanes with it."""
SWITCH = "document.getElementById('light').click()"
"""Other colours; by the button's own script, since a pointer would shut what is open."""


@contextmanager
def scene_of(folder: Path) -> Iterator[tuple[Scene, list[str]]]:
    """A page, and what its console calls an error."""
    troubles: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if said.type == "error":
            troubles.append(said.text)

    with (
        studio_of_states(folder) as studio,
        serving(studio, "127.0.0.1", free_port()) as blocks,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--hide-scrollbars"]
        )
        page = browser.new_page(reduced_motion="reduce")
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", note)
        scene = Scene(page, studio, str(blocks.local_url))
        yield scene, troubles
        scene.left.close()
        browser.close()


def trial(
    seed: int,
    folder: Path,
    count: int | None = None,
    names: Sequence[str] = (),
    out: Path | None = None,
) -> int:
    """Look at states in two widths, dark and light.

    Args:
        count: of states that are drawn by the seed; None: all.
        names: the states, where they are not drawn.
        out: folder for their pictures, which are those of wide windows as well.

    Returns:
        How many pages were looked at.

    Raises:
        AssertionError: says all that is wrong.
    """
    chosen = names or random.Random(seed).sample(sorted(STATES), count or len(STATES))
    looked_at, faults = 0, list[str]()
    with scene_of(folder) as (scene, troubles):
        for name, width in itertools.product(chosen, LOOKED_AT):
            if not fits(name, width):
                continue
            found = look_at(scene, name, width, out)
            found += [said for said in troubles if not said.startswith(LEFT_BEHIND)]
            troubles.clear()
            faults += [f"{name} at {width}: {fault}" for fault in found]
            looked_at += 1
            if out:
                print(f"{name} at {width}: {found}", flush=True)
    assert not faults, "\n".join(faults)
    return looked_at


def fits(name: str, width: int) -> bool:
    """Whether a window has room for a state."""
    return width >= DESK or not STATES[name].desk


def look_at(scene: Scene, name: str, width: int, out: Path | None) -> list[str]:
    """What is wrong with a state in a width."""
    page = scene.page
    resize(page, width)
    try:
        enter(scene, name)
    except (Error, AssertionError) as fault:
        return [f"it is not entered: {fault}"]
    found = []
    for light, rules in (("dark", ()), ("light", CONTRAST)):
        page.evaluate(SETTLED)
        if out:
            shoot(page, out / f"{name.replace(' ', '-')}-{width}-{light}.png")
        found += [f"{light}: {each}" for each in grave_findings(page, rules=rules)]
        if light == "dark":
            found += [f"misfit {each}" for each in misfits(page)]
        page.evaluate(SWITCH)
    if out and width == max(LOOKED_AT):
        resize(page, WIDE)
        for light in ("dark", "light"):
            page.evaluate(SETTLED)
            shoot(page, out / f"{name.replace(' ', '-')}-{WIDE}-{light}.png")
            page.evaluate(SWITCH)
    return found


def resize(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": SIZES[width]})


def shoot(page: Page, path: Path) -> None:
    """The whole page, and as wide as the window: a picture is without the bar that scrolls it."""
    height = page.evaluate("document.documentElement.scrollHeight")
    width = (page.viewport_size or {"width": WIDE})["width"]
    page.screenshot(path=path, full_page=True, clip=FloatRect(x=0, y=0, width=width, height=height))


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.states", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("states", nargs="*", help="(default: all)")
    chosen = parser.parse_args(argv)
    if unknown := set(chosen.states) - set(STATES):
        parser.error(f"there is no state called {', '.join(sorted(unknown))}")
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="states-") as folder:
        trial(0, Path(folder), names=chosen.states or list(STATES), out=chosen.out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The states of the page that a person can meet, and how each is entered.

All are of the studio of `states_studio`, and begin from a page that has just been opened. They
are left by opening it again: none changes a story.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from playwright.sync_api import FilePayload, Locator, Page, Request, expect

from core.story import timeline
from studio.jobs.job import Job
from studio.sessions.session import PlanProposal, Session
from studio.state import Studio
from tests.states_studio import CROWD, LONG, PLAN, UNKNOWN, WHOLE

FORGET = """title => {
  Object.keys(localStorage).filter((key) => key.startsWith('audiostory-'))
    .forEach((key) => localStorage.removeItem(key));
  sessionStorage.setItem('audiostory-title', title);
}"""
"""Has the page begin anew, with a story."""
DESK = 1100
"""Pixels of the narrowest window that has room for the table beside the lanes."""
BESIDE = 8.0
"""Pixels."""
SOUNDING = (WHOLE, CROWD)
WAIT = 30.0
"""Seconds that the job before one takes."""


@dataclass
class Scene:
    """A page, the studio behind it, and what ends with the state that is shown."""

    page: Page
    studio: Studio
    address: str
    left: ExitStack = field(default_factory=ExitStack)
    tab: str = ""
    """Gradio's name of the page's session."""

    def __post_init__(self) -> None:
        self.page.on("request", self._note_tab)

    def _note_tab(self, request: Request) -> None:
        if "/heartbeat/" in request.url:
            self.tab = request.url.rpartition("/")[2]

    def open(self, title: str) -> None:
        """Open the page anew, with a story; empty: with none."""
        page = self.page
        if page.url == "about:blank":
            page.goto(self.address)
        self.left.close()
        page.evaluate(FORGET, title)
        page.goto(self.address)
        if title:
            page.locator(".event-block").first.wait_for()
            page.locator("#takes .takes").wait_for()
            page.locator(".timeline:not(.is-mixing)").wait_for()
            if title in SOUNDING:
                page.locator("[data-play]:enabled").wait_for()
        else:
            page.get_by_label("Archived").wait_for()
            page.locator("#stories").wait_for()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def block(self, event_id: str) -> Locator:
        return self.page.locator(f".event-block[data-id={event_id}]")

    def key(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def session(self) -> Session:
        return self.studio.sessions.of(self.tab)


Enter = Callable[[Scene], None]


@dataclass(frozen=True)
class State:
    """How a state is entered, of which story (empty: none is open).

    Attributes:
        desk: there is room for it in wide windows alone.
    """

    enter: Enter
    story: str = WHOLE
    desk: bool = False


def as_it_comes(scene: Scene) -> None:
    """Nothing is done."""


def press(selector: str) -> Enter:
    return lambda scene: scene.page.locator(selector).first.click()


def named(name: str) -> Enter:
    return lambda scene: scene.button(name).first.click()


def keys(event_id: str, *pressed: str) -> Enter:
    """Keys on a block."""

    def enter(scene: Scene) -> None:
        scene.block(event_id).focus()
        scene.page.locator(f"#takes [data-of={event_id}]").wait_for()
        scene.key(*pressed)

    return enter


def steps(*each: Enter) -> Enter:
    def enter(scene: Scene) -> None:
        for step in each:
            step(scene)

    return enter


def shown(selector: str) -> Enter:
    return lambda scene: scene.page.locator(selector).first.wait_for()


def secondary(selector: str) -> Enter:
    return lambda scene: scene.page.locator(selector).first.click(button="right")


def panel(name: str) -> Enter:
    """A panel that is folded is opened."""
    return lambda scene: scene.page.locator(
        ".gr-accordion > button:visible", has_text=name
    ).first.click()


def all_panels(scene: Scene) -> None:
    for each in scene.page.locator(".gr-accordion > button:visible").all():
        each.click()


def dragged(selector: str, across: float, down: float) -> Enter:
    """What a drag shows that has not ended: from the middle of something by so many pixels."""

    def enter(scene: Scene) -> None:
        grip = scene.page.locator(selector).first
        grip.scroll_into_view_if_needed()
        box = grip.bounding_box()
        assert box is not None
        drag(scene, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, across, down)

    return enter


def marquee(scene: Scene) -> None:
    """From the gap in the upper lane over what is below."""
    box = scene.block("bed").bounding_box()
    assert box is not None
    drag(scene, box["x"] + box["width"] + BESIDE, box["y"] + BESIDE, -100, 90)


def drag(scene: Scene, x: float, y: float, across: float, down: float) -> None:
    mouse = scene.page.mouse
    mouse.move(x, y)
    mouse.down()
    scene.left.callback(mouse.up)
    scene.left.callback(scene.key, "Escape")  # so that nothing is dropped
    for part in (0.3, 0.7, 1.0):
        mouse.move(x + part * across, y + part * down)


def menu_of_a_lane(scene: Scene) -> None:
    box = scene.block("bed").bounding_box()
    assert box is not None
    scene.page.mouse.click(box["x"] + box["width"] + BESIDE, box["y"] + BESIDE, button="right")
    scene.page.get_by_role("menuitem", name="Strip of this lane").wait_for()


def hear(place: int) -> Enter:
    """A take of the event with two."""

    def enter(scene: Scene) -> None:
        keys("e1")(scene)
        scene.page.locator(f"#takes [data-place='{place}']").click()

    return enter


def one_before(scene: Scene) -> None:
    """Somebody else's job is before what is asked for now."""
    scene.left.enter_context(scene.studio.service.queue.turn(Job("render"), WAIT))


def waiting(button: str, cancel: str) -> Enter:
    """What is asked for by a button, while it waits for the model and can be cancelled."""

    def enter(scene: Scene) -> None:
        page = scene.page
        one_before(scene)
        page.locator(button).click()
        page.locator(cancel).wait_for()
        scene.left.callback(page.locator(cancel).click)

    return enter


def written(label: str, text: str) -> Enter:
    return lambda scene: scene.page.get_by_label(label, exact=True).fill(text)


def rendering(scene: Scene) -> None:
    """In final quality, which never ends here."""
    page = scene.page
    page.get_by_label("Final quality").check()
    page.locator("#render").click()
    scene.left.callback(page.locator("#stop").click)
    page.locator("#progress .progress", has_text="heavy rain").wait_for()


def bad_zip(scene: Scene) -> None:
    with scene.page.expect_file_chooser() as choosing:
        scene.button("Open a story from a zip").click()
    choosing.value.set_files(
        FilePayload(name="story.zip", mimeType="application/zip", buffer=b"no zip")
    )
    scene.page.locator(".toast-body").first.wait_for()


def proposal(scene: Scene) -> None:
    """What a wish would change, as if the director had understood it."""
    session = scene.session
    before = session.open_folder.story
    after = timeline.delete(timeline.change(before, "e2", gain_db=-4.0), "e0")
    session.proposal = PlanProposal("softer steps, and no rain at the beginning", before, after)
    keys("e2", "Alt+ArrowUp")(scene)  # an answer shows it
    scene.page.locator(".proposal").wait_for()
    scene.key("Control+z")
    scene.page.locator(".proposal", has_not_text="was changed since").wait_for()


def offers(scene: Scene) -> None:
    scene.button("search your library").click()
    offered = scene.page.get_by_label("Recordings of your library")
    expect(offered.get_by_role("listitem")).to_have_count(2)


def lane_alone(scene: Scene) -> None:
    press("[data-mixer]")(scene)
    scene.button("Listen to Layer 1 alone").click()
    scene.page.locator(".heard:visible").wait_for()


def mixer_sounding(scene: Scene) -> None:
    press("[data-mixer]")(scene)
    scene.page.locator("[data-play]:enabled").click()
    scene.page.locator('[part="meter"][data-of="master"][data-peak^="-"]').wait_for()


def compared_version(scene: Scene) -> None:
    press("#history summary")(scene)
    scene.page.locator("#history [data-compare]").nth(1).click()
    scene.page.locator(".heard:visible").wait_for()


def cell(scene: Scene) -> None:
    scene.page.locator("#events [data-row='1'][data-col='1']").last.dblclick()
    scene.page.get_by_label("Edit cell").wait_for()


def every_event_folded(scene: Scene) -> None:
    for lane in range(scene.page.locator("[data-fold]").count()):
        scene.page.locator("[data-fold]").nth(lane).click()


STATES: Mapping[str, State] = {
    # Before there is a story.
    "empty": State(as_it_comes, ""),
    "menu of stories": State(press("#stories input"), ""),
    "menu of moods": State(press("#mood input"), ""),
    "panels of the request": State(all_panels, ""),
    "drafting": State(
        steps(written("What should be heard?", "A dog barks"), waiting("#draft", "#cancel")), ""
    ),
    "nothing asked for": State(steps(press("#draft"), shown(".toast-body")), ""),
    "bad file": State(bad_zip, ""),
    # A plan.
    "plan": State(as_it_comes, PLAN),
    "spectrum of nothing": State(steps(keys("e1", "f"), shown(".mix-spectrum")), PLAN),
    "mixer of nothing": State(press("[data-mixer]"), PLAN),
    "waiting to render": State(waiting("#render", "#stop"), PLAN),
    "rendering": State(rendering, PLAN),
    "silence": State(keys("e3"), PLAN),
    "unknown sound": State(as_it_comes, UNKNOWN),
    "offers": State(offers, UNKNOWN),
    "long names": State(as_it_comes, LONG),
    # A story with sound.
    "story": State(as_it_comes),
    "brief": State(press(".brief-line")),
    "reasoning": State(steps(press(".brief-line"), press("#reasoning > button"))),
    "all panels": State(steps(press(".brief-line"), all_panels)),
    "keys": State(press("[data-keys]"), desk=True),
    "manage": State(steps(press("#manage"), shown("#manage-row"))),
    "history": State(press("#history summary")),
    "a version compared": State(compared_version),
    "table beside": State(press("[data-table]"), desk=True),
    "cell": State(cell),
    # What is selected.
    "selected above": State(keys("bed")),
    "locked": State(keys("e3")),
    "several": State(keys("e1", "Control+a")),
    "marquee": State(marquee),
    "dragged": State(dragged(".event-block[data-id=spot]", 30, 0)),
    "edge dragged": State(
        dragged(
            ".event-block[data-id=e1] .region-handle-right, "
            ".event-block[data-id=e1] [data-edge=right]",
            20,
            0,
        )
    ),
    "menu of an event": State(secondary(".event-block[data-id=e1]")),
    "menu of a lane": State(menu_of_a_lane),
    "menu of a marker": State(secondary(".mark")),
    "asking": State(keys("e1", "n")),
    "renaming": State(keys("e1", "F2")),
    "renaming a marker": State(steps(press(".mark"), lambda scene: scene.key("F2"))),
    "refused": State(steps(keys("e3", "Delete"), shown(".toast-body"))),
    # What of the timeline is shown.
    "spectra": State(press("[data-spectrum]")),
    "mix spectrum": State(steps(press("[data-mix-spectrum]"), shown(".mix-spectrum img:visible"))),
    "folded": State(press("[data-fold]")),
    "all folded": State(every_event_folded, CROWD),
    "eight lanes": State(as_it_comes, CROWD),
    "zoomed": State(keys("e1", "z")),
    "looping": State(keys("e1", "c")),
    "ripple off": State(press("[data-ripple]")),
    # Its sound.
    "mixer": State(press("[data-mixer]")),
    "mixer sounding": State(mixer_sounding),
    "mixer of eight lanes": State(press("[data-mixer]"), CROWD),
    "a lane alone": State(lane_alone),
    "strip": State(keys("e1", "e")),
    "strip of a lane": State(
        steps(press("[data-mixer]"), press('.channel[data-of="1"] [part="channel-name"]'))
    ),
    "envelope": State(steps(keys("bed", "e"), shown(".envelope-points > *"))),
    "fade": State(steps(keys("e2", "e"), press(".fade-handle.is-out"), shown(".event-menu"))),
    # Its takes, and other ways to it.
    "takes": State(hear(1)),
    "takes compared": State(steps(hear(1), press("[data-action=settings]"))),
    "span painted": State(steps(hear(1), press("[data-action=paint]"), shown(".take-paint"))),
    "variations": State(waiting("#takes [data-variations]", "#stop")),
    "wish": State(
        steps(
            lambda scene: scene.page.locator("#plan-change textarea").fill("less rain"),
            waiting("#change-plan", "#stop-wish"),
        )
    ),
    "proposal": State(proposal),
    "export": State(panel("Export")),
    "menu of formats": State(
        steps(panel("Export"), lambda scene: scene.page.get_by_label("Format").click())
    ),
    "vary": State(panel("Vary, repaint")),
    "own sounds": State(panel("Your sounds")),
    "other machines": State(panel("Render on other machines")),
}
"""By their names."""


def enter(scene: Scene, name: str) -> None:
    """Open the page in a state."""
    state = STATES[name]
    scene.open(state.story)
    state.enter(scene)

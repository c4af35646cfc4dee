"""People who draft, edit and render at the same time with several replicas, one of which is killed.

Nobody sees a word of another's, no edit that was answered is lost, and no take that was finished.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from gradio_client import Client

from core.story.library import Library
from core.story.story import Story
from studio.access.admission import Access
from studio.access.hosts import trusted_hosts
from studio.replicas import running_replicas
from tests.soak.server import PATIENCE, free_port, wait_for

SECONDS = 4.0
ANSWERED = 60
"""Seconds after which a person who sees nothing comes back. Gradio's client may wait for ever where
the stream of its answers broke with a replica; a page says so, and is opened anew."""
_SOUND = "hail"
"""In the captions that people write; no story's title says it."""
_REPLICA = "ServeReplica"
"""In what Ray calls a replica's process."""
_NAMES = (
    *("azalea", "basil", "cedar", "dahlia", "zephyr", "fjord", "grove", "heron", "islet", "jetty"),
    *(
        "kiosk",
        "larch",
        "yonder",
        "nomad",
        "ochre",
        "plume",
        "quarry",
        "quagga",
        "sphinx",
        "tundra",
    ),
)
"""Of people; no name is a part of another, nor of any word of the studio."""


def replica_processes() -> list[psutil.Process]:
    """The replicas that live, of this process's cluster."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if any(_REPLICA in word for word in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


@dataclass
class Person:
    """Somebody at the studio.

    Attributes:
        number: their address is made of it, so that each has turns of their own.
        title: of their story.
        captions: by event, the last one that the studio has answered to.
        tries: how often something had to be asked again.
    """

    name: str
    number: int
    address: str
    stories: Path
    title: str = ""
    captions: dict[str, str] = field(default_factory=dict)
    tries: int = 0

    def __post_init__(self) -> None:
        self.client = self._come()

    def _come(self) -> Client:
        return Client(
            self.address,
            headers={"X-Forwarded-For": f"10.0.0.{self.number}"},
            verbose=False,
            download_files=False,
            httpx_kwargs={"timeout": PATIENCE},
        )

    def ask(self, *given: Any, api_name: str) -> str:
        """Ask until the studio answers; after a failure the person comes back to their story."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                asked = self.client.submit(*given, api_name=api_name)
                answered = str(asked.result(timeout=ANSWERED))
                break
            except Exception:  # of many kinds: the connection broke, nobody knows the tab, …
                assert time.monotonic() < until, f"{self.name}: no answer to {api_name}"
                self.tries += 1
                self.come_back()
        for other in _NAMES:  # whose stories' titles everybody sees, in one library
            assert other == self.name or f"{other} {_SOUND}" not in answered, (self.name, other)
        return answered

    def come_back(self) -> None:
        """Open the page anew, with the story that is there."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.client = self._come()
                if self.title:
                    memory = {"title": "", "visitor": ""}
                    opened = self.client.submit(self.title, memory, api_name="/open")
                    opened.result(timeout=ANSWERED)
                return
            except Exception:
                assert time.monotonic() < until, f"{self.name} cannot come back"
                time.sleep(0.2)

    @property
    def story(self) -> Story:
        return Story.load(self.stories / self.title / "story.json")

    def draft(self) -> None:
        """A draft whose answer is lost may be kept all the same: then it is taken."""
        words = f"{self.name} rain, then wind", SECONDS, "", self.number
        while not self.title:
            self.ask(*words, "", "", "", api_name="/draft")
            kept = [t for t in Library(self.stories).titles() if self.name in t.lower()]
            self.title = next(iter(kept), "")
        self.come_back()

    def edit(self, rounds: int) -> None:
        for number in range(rounds):
            for event in self.story.events:
                caption = f"{self.name} {_SOUND} {number}"
                self.ask("caption", {"id": event.id, "text": caption}, api_name="/act")
                self.captions[event.id] = caption
                assert self.story.event(event.id).caption == caption

    def render(self) -> None:
        """What was asked of a replica that does not know the story is asked of the page anew."""
        until = time.monotonic() + PATIENCE
        while True:
            self.ask("draft", api_name="/quality")
            self.ask(api_name="/render")
            if all(event.take is not None for event in self.story.events):
                return
            assert time.monotonic() < until, f"{self.name}: nothing was rendered"
            self.tries += 1
            self.come_back()


@dataclass(frozen=True)
class Figures:
    """What a trial came to."""

    people: int
    replicas: int
    asked_again: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.people} people, {self.replicas} replicas came to serve them, "
            f"{self.asked_again} requests asked again, {self.seconds:.0f} s"
        )


def many_people(seed: int, folder: Path, people: int, replicas: int = 2, kills: int = 1) -> Figures:
    """People at work at once; replicas are killed when some have begun to render."""
    rng = random.Random(seed)
    stories = folder / "stories"
    stories.mkdir(parents=True)
    access = Access(trusted_hosts("127.0.0.1"))
    began = time.monotonic()
    with running_replicas(replicas, "tiny", "127.0.0.1", free_port(), stories, access) as address:
        there = [
            Person(name, number, address, stories) for number, name in enumerate(_NAMES[:people], 1)
        ]
        seen = {process.pid for process in replica_processes()}
        assert len(seen) == replicas
        rendering = threading.Semaphore(0)

        def work(person: Person) -> None:
            person.draft()
            person.edit(2)
            rendering.release()
            person.render()

        with ThreadPoolExecutor(people) as pool:
            done = [pool.submit(work, person) for person in there]
            finished: dict[Path, int] = {}
            for _ in range(kills):
                for _ in range(rng.randint(1, people)):
                    while not rendering.acquire(timeout=1.0):
                        assert not any(future.done() and future.exception() for future in done)
                time.sleep(rng.uniform(0.0, 0.5))
                finished |= _takes(stories)
                rng.choice(replica_processes()).send_signal(signal.SIGKILL)
            for future in done:
                future.result()
        wait_for(lambda: len(replica_processes()) == replicas)
        seen |= {process.pid for process in replica_processes()}
    assert len(seen) == replicas + kills, "those that were killed were replaced, and no others"
    assert {path: _takes(stories).get(path) for path in finished} == finished
    for person in there:
        for event in person.story.events:
            assert event.caption == person.captions[event.id]
            assert event.take is not None
            assert event.take.caption == event.caption
    assert not list(stories.rglob(".part-*"))
    again = sum(person.tries for person in there)
    return Figures(people, len(seen), again, time.monotonic() - began)


def _takes(stories: Path) -> dict[Path, int]:
    """The files of finished takes, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in stories.glob("*/takes/[!.]*.flac")}

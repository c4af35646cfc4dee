"""Rendering on a Ray cluster of this machine: equal bytes, whoever does it, whoever is lost."""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from pathlib import Path

import gradio as gr
import psutil
import pytest
import torch

from core import cli
from core.audiostory import AudioStory, load_audiostory
from core.batch.briefs import read_table
from core.batch.table import render_table
from core.commands.farm_option import read_on
from core.director.plan import plan
from core.doctor import examine
from core.errors import Cancelled, FarmError, PlanError, RenderError
from core.evaluation.bench_farm import farm_overhead
from core.farm.address import FarmAddress, read_farm_address
from core.farm.cluster import HOW_TO_GET, connected
from core.farm.farm import Farm, join_farm, reached
from core.farm.shipping import ship, unpack
from core.farm.state import FarmState
from core.farm.task_queue import MOST_LOSSES, TaskQueue
from core.farm.tasks import Job, Priority, Task, WorkerReport
from core.placement import Placement
from core.profile import MAX_SAMPLER_STEPS, RenderSettings, load_profile
from core.render.perform import KeptTake, perform
from core.render.render import RenderProgress, render_events
from core.render.rendered_take import RenderedTake
from core.render.takes import TakeRequest, repaint, vary
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from studio.handlers.farm import choose_farm
from studio.handlers.render_job import RenderView, Work, render_work
from studio.jobs.job import Job as PageJob
from studio.jobs.model_service import ModelService
from studio.jobs.time_left import TimeLeft
from studio.page.layout import lay_out
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio
from tests.soak.farm import killed_workers
from tests.soak.replicas import many_people
from tests.soak.tables import run_here, write_table

ROOT = Path(__file__).parents[1]
SETTINGS = RenderSettings(steps=4, guidance=2.0)


class TestAddresses:
    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("local:4?threads=2", FarmAddress("", 4, 2)),
            ("local?workers=3&threads=1&gpus=0.5", FarmAddress("", 3, 1, 0.5)),
            ("ray://head.lan:10001", FarmAddress("ray://head.lan:10001")),
            ("10.0.0.7:6379?workers=8&threads=2", FarmAddress("10.0.0.7:6379", 8, 2)),
        ],
    )
    def test_a_text_names_a_cluster_and_how_it_is_shared_out(
        self, text: str, address: FarmAddress
    ) -> None:
        assert read_farm_address(text) == address
        assert read_farm_address(str(address)) == address

    def test_workers_of_this_machine_share_its_cores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("core.farm.address.available_cores", lambda: 6)
        assert read_farm_address("local:2") == FarmAddress("", 2, 3)
        assert read_farm_address("local:9") == FarmAddress("", 9, 1)
        assert read_farm_address("local") == FarmAddress("", 6, 1)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "local:0",
            "local:4000",
            "head",
            "head:99999",
            "http://head:80",
            "local:2?threads=0",
            "local:2?threads=two",
            "local:2?gpu=1",
            "local:2?gpus=1.5",
            "local:2?gpus=nan",
        ],
    )
    def test_another_text_is_refused_in_a_sentence(self, text: str) -> None:
        with pytest.raises(FarmError, match=r"\.$"):
            read_farm_address(text)


def queue_of(*jobs: tuple[str, str, Priority, int]) -> TaskQueue:
    """A queue with jobs of so many tasks: id, owner, priority, tasks."""
    queue = TaskQueue()
    for job_id, owner, priority, tasks in jobs:
        job = Job(job_id, "prepare", owner, priority)
        for number in range(tasks):
            queue.add(job, Task(job_id, "perform", number, (f"e{number}",), work=10.0))
    return queue


def served(queue: TaskQueue, count: int) -> list[str]:
    """The jobs of the next tasks; each is done before the next begins."""
    found = []
    for _ in range(count):
        task = queue.start_next()
        assert task is not None
        queue.finish(task)
        found.append(task.job)
    return found


class TestQueue:
    def test_what_a_person_waits_for_comes_first(self) -> None:
        queue = queue_of(
            ("table", "ann", Priority.TABLE, 2),
            ("story", "ann", Priority.STORY, 2),
            ("take", "bob", Priority.WAITED_FOR, 1),
        )
        assert served(queue, 5) == ["take", "story", "story", "table", "table"]
        assert queue.start_next() is None

    def test_people_take_turns_and_a_late_one_is_not_owed_the_past(self) -> None:
        queue = queue_of(("long", "ann", Priority.STORY, 20))
        assert served(queue, 10) == ["long"] * 10
        for number in range(3):
            job = Job("short", "prepare", "bob", Priority.STORY)
            queue.add(job, Task("short", "perform", number, ("e",), 10.0))
        assert sorted(served(queue, 4)) == ["long", "long", "short", "short"]

    def test_a_lost_task_comes_back_to_its_place_until_it_has_cost_too_many_workers(self) -> None:
        queue = queue_of(("job", "ann", Priority.STORY, 2))
        for lost in range(1, MOST_LOSSES + 1):
            task = queue.start_next()
            assert task is not None
            assert task.number == 0
            assert queue.lose(task) == (lost < MOST_LOSSES)
        assert served(queue, 1) == ["job"]
        assert queue.start_next() is None

    def test_a_result_counts_once_and_not_after_its_job_was_dropped(self) -> None:
        queue = queue_of(("one", "ann", Priority.STORY, 1), ("other", "bob", Priority.STORY, 2))
        first, second = queue.start_next(), queue.start_next()
        assert first is not None
        assert second is not None
        assert (first.job, second.job) == ("one", "other")
        assert queue.finish(first)
        assert not queue.finish(first)
        assert queue.drop("other") == [second]
        assert not queue.finish(second)
        assert queue.lose(second)
        assert queue.start_next() is None

    def test_waiting_and_running_are_counted_in_events(self) -> None:
        queue = queue_of(("job", "ann", Priority.STORY, 3))
        queue.start_next()
        assert (queue.waiting, queue.running, queue.work) == (2, 1, 25.0)


def test_a_farm_says_its_state_in_words() -> None:
    report = WorkerReport("10.0.0.7", "x86_64 AVX2, float32, 1 thread", 1)
    other = dataclasses.replace(report, made_on="x86_64 AVX512, float32, 1 thread")
    state = FarmState((report, report, report), 0, 12, 3, 118.0)
    assert str(state) == "3 workers, 3 events at work, 12 events waiting, about 2 min"
    assert str(FarmState((report,), 1, 0, 0, 0.0)) == "1 worker, 1 starting, 0 events waiting"
    assert state.devices == ["3 on 10.0.0.7: x86_64 AVX2, float32, 1 thread"]
    assert state.unlike(report.made_on) == ""
    assert "not as this machine" in state.unlike(other.made_on)
    assert "not alike" in dataclasses.replace(state, workers=(report, other)).unlike("")


def test_a_shipped_model_computes_the_same_with_arrays_that_nobody_may_change(
    tiny: AudioStory,
) -> None:
    shipped = ship(tiny)
    for array in shipped.storages:
        array.flags.writeable = False
    assert len(shipped.skeleton) < sum(array.nbytes for array in shipped.storages)
    again = unpack(shipped)
    story = story_of(2)
    assert rendered(render_events(again, story, ["e1"], SETTINGS)) == rendered(
        render_events(tiny, story, ["e1"], SETTINGS)
    )
    assert {name for name, _ in again.named_parameters()} == {
        name for name, _ in tiny.named_parameters()
    }


def test_a_cluster_that_begins_here_has_room_for_every_weight(
    tiny: AudioStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were packed for this processor, too. With too little Ray writes the model to disk
    and has all processes look for garbage, every 30 s."""
    room = []

    @contextmanager
    def no_cluster(_: FarmAddress, model_bytes: int) -> Iterator[None]:
        room.append(model_bytes)
        raise FarmError("None is here.")
        yield

    monkeypatch.setattr("core.farm.farm.connected", no_cluster)
    placed = load_audiostory(load_profile("tiny"))
    placed.place(Placement(packed=True))
    for model in (tiny, placed):
        with pytest.raises(FarmError), reached(model, FarmAddress("", 1, 1)):
            pass
    weights, unpacked = (sum(p.nbytes for p in model.parameters()) for model in (tiny, placed))
    assert min(room) > weights > unpacked


def story_of(events: int, seed: int = 5) -> Story:
    captions = ("rain falling", "a dog barking", "wind", "thunder")
    lengths = [1.5 - 0.25 * (number % 3) for number in range(events)]
    ends = list(accumulate(lengths))
    told = tuple(
        Event(f"e{n}", captions[n % 4], end - length, length)
        for n, (end, length) in enumerate(zip(ends, lengths, strict=True))
    )
    return Story("rain, a dog, wind", ends[-1], seed, "tiny", "Some events.", told)


def rendered(takes: Iterator[RenderedTake]) -> dict[str, tuple[object, ...]]:
    """Each event's take with the bytes of its sound and of its latents, and on what it was made."""
    found: dict[str, tuple[object, ...]] = {}
    for one in takes:
        assert one.event_id not in found
        assert one.latents is not None
        sound, latents = one.samples.tobytes(), one.latents.numpy().tobytes()
        found[one.event_id] = (one.take, one.take.made_on, sound, latents)
    return found


def test_ray_is_imported_where_a_farm_is_asked_for_and_nowhere_else() -> None:
    """At once by the router alone, which Serve's proxies load and no module imports."""
    importing = re.compile(r"^( *)(?:import|from) ray\b", re.MULTILINE)
    of_router = re.compile(r"^ *(?:import|from) .*sticky_router", re.MULTILINE)
    rooms, at_once = set(), set()
    for path in (file for package in ("core", "studio") for file in (ROOT / package).rglob("*.py")):
        text = path.read_text("utf-8")
        assert not of_router.search(text), path
        if indents := importing.findall(text):
            rooms.add(path.parent.relative_to(ROOT).as_posix())
        if not all(indents):
            at_once.add(path.name)
    assert (rooms, at_once) == ({"core/farm"}, {"sticky_router.py"})


@pytest.mark.parametrize("command", ["render", "serve"])
def test_without_ray_one_sentence_says_how_to_get_it(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("core.farm.cluster.has_ray", lambda: False)

    def serve(arguments: argparse.Namespace) -> None:
        read_on(arguments.on)

    words = {"render": ["rain", "--out", str(tmp_path / "rain.wav")], "serve": []}[command]
    assert cli.main([command, *words, "--on", "local:2"], serve) == 1
    said = capsys.readouterr().err
    assert said == f"Rendering on a farm needs Ray, which is not installed: {HOW_TO_GET}.\n"


def test_the_doctor_says_whether_ray_and_accelerate_are_there_and_what_a_farm_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = examine(None, "local:3?threads=2")["More than one machine"]
    assert [finding.works for finding in found] == [True, True, True]
    assert "Accelerate" in found[1].text
    assert "3 workers of 2 thread(s)" in found[2].text
    monkeypatch.setattr("core.doctor.has_ray", lambda: False)
    missing, _, unread = examine(None, "nowhere")["More than one machine"]
    assert HOW_TO_GET in missing.text
    assert not unread.works


@pytest.fixture(scope="module")
def farm(tiny: AudioStory) -> Iterator[Farm]:
    """A farm of one worker, on a cluster with room for four."""
    alike = torch.get_num_threads()
    with connected(FarmAddress("", 4, alike), 1 << 20) as ray:
        yield join_farm(ray, tiny, FarmAddress("", 1, alike))


def test_one_and_two_workers_render_what_this_process_does(tiny: AudioStory, farm: Farm) -> None:
    story = story_of(8)
    ids = [event.id for event in story.events]
    here = rendered(render_events(tiny, story, ids, SETTINGS))
    assert {made_on for _, made_on, *_ in here.values()} == {tiny.numeric_path}
    for workers in (1, 2):
        farm.grow(workers)
        assert farm.state.unlike(tiny.numeric_path) == ""
        done: list[RenderProgress] = []
        amounts: list[Mapping[str, float]] = []
        takes = farm.renderer("ann")(
            tiny, story, ids, SETTINGS, on_work=amounts.append, on_progress=done.append
        )
        assert rendered(takes) == here, workers
        (amount,) = amounts
        assert set(amount) == set(ids)
        assert len({one.event_id for one in done}) > len(ids) // 2
        assert all((one.events, one.steps) == (8, 4) for one in done)
    assert {report.made_on for report in farm.state.workers} == {tiny.numeric_path}
    priorities = {psutil.Process(report.process).nice() for report in farm.state.workers}
    assert priorities == {psutil.Process().nice()}


def test_what_a_farm_costs_is_told_apart_by_who_takes_it(tiny: AudioStory, farm: Farm) -> None:
    """`app.py bench farm` measures a story of 24 events on the shipped model."""
    costs = farm_overhead(farm, tiny, story_of(3), RenderSettings(40, 2.0), pairs=1, rest=0.1)
    parts = [costs[f"{role}_cpu"] for role in ("caller", "worker", "scheduler", "ray")]
    assert costs["overhead_cpu"] == pytest.approx(sum(parts) - 1.0, abs=0.001)
    assert costs["overhead_wall"] == pytest.approx(
        costs["farm_seconds"] / costs["here_seconds"] - 1.0, abs=0.01
    )
    assert costs["worker_cpu"] > costs["caller_cpu"]
    assert 0.0 < costs["worker_gaps"] < math.inf


def test_takes_are_kept_in_the_storys_folder_as_those_of_this_process(
    tiny: AudioStory, farm: Farm, tmp_path: Path
) -> None:
    folders = []
    for name, render in (("Here", render_events), ("Farm", farm.renderer("ann"))):
        folder = Library(tmp_path).create(story_of(3), name)
        make = partial(perform, tiny, folder, settings=SETTINGS, group="r", render=render)
        list(make([TakeRequest(event.id) for event in folder.story.events]))
        key = folder.story.event("e1").chosen
        assert key is not None
        list(make([repaint(folder, "e1", key, 0.2, 0.6), vary(folder, "e2", chosen(folder), 0.5)]))
        folders.append(folder)
    here, there = folders
    assert there.story == here.story
    files = sorted(path.name for path in (here.path / "takes").iterdir())
    assert len(files) == 10
    for name in files:
        assert (there.path / "takes" / name).read_bytes() == (
            here.path / "takes" / name
        ).read_bytes()


def chosen(folder: StoryFolder) -> str:
    key = folder.story.event("e2").chosen
    assert key is not None
    return key


def test_cancelling_ends_ones_own_work_within_a_step_and_nobody_elses(
    tiny: AudioStory, farm: Farm
) -> None:
    """Ann's events would take hours, and hold every worker until she stops them."""
    farm.grow(2)
    workers = len(farm.state.workers)
    cancel, begun = threading.Event(), set[str]()

    def stop_when_all_work(now: RenderProgress) -> None:
        begun.add(now.event_id)
        if len(begun) == workers:
            cancel.set()

    def render(owner: str, seed: int, ids: Sequence[str]) -> dict[str, tuple[object, ...]]:
        return rendered(farm.renderer(owner)(tiny, story_of(4, seed), ids, SETTINGS))

    with ThreadPoolExecutor(2) as people:
        anns = farm.renderer("ann")(
            tiny,
            story_of(8),
            [f"e{n}" for n in range(workers)],
            RenderSettings(MAX_SAMPLER_STEPS, 2.0),
            on_progress=stop_when_all_work,
            cancel=cancel,
        )
        others = [
            people.submit(render, "bob", 7, ["e1", "e3"]),
            people.submit(render, "eve", 8, ["e1", "e2"]),
        ]
        with pytest.raises(Cancelled, match="Rendering was stopped"):
            next(anns)
        bobs, eves = (other.result() for other in others)
    assert len(begun) == workers
    assert bobs == rendered(render_events(tiny, story_of(4, 7), ["e1", "e3"], SETTINGS))
    assert eves == rendered(render_events(tiny, story_of(4, 8), ["e1", "e2"], SETTINGS))
    assert (farm.state.waiting, farm.state.running) == (0, 0)


def test_what_cannot_be_rendered_is_refused_as_it_is_here(tiny: AudioStory, farm: Farm) -> None:
    story = Story("wind", 400.0, 5, "tiny", "One event.", (Event("e1", "wind", 0.0, 400.0),))
    with pytest.raises(RenderError, match="lasts 400 s"):
        list(farm.renderer()(tiny, story, ["e1"], SETTINGS))
    another = dataclasses.replace(farm, weights="another")
    with pytest.raises(FarmError, match="another model"):
        list(another.renderer()(tiny, story_of(1), ["e0"], SETTINGS))


def test_a_plan_made_on_the_farm_is_the_plan_made_here(tiny: AudioStory, farm: Farm) -> None:
    *_, last = plan(tiny, "rain, then a dog barks", 6.0, 3)
    assert farm.plan("rain, then a dog barks", 6.0, 3) == last.story
    with pytest.raises(PlanError):
        farm.plan("", 6.0, 3)


@pytest.fixture
def studio(tiny: AudioStory, tmp_path: Path) -> Studio:
    service = ModelService("tiny")
    service._loading = Future()
    service._loading.set_result(tiny)
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=False)
    return Studio(service, sessions, PeakCache())


def test_the_studio_renders_on_the_farm_that_is_chosen_and_says_what_it_is_doing(
    tiny: AudioStory, farm: Farm, studio: Studio, tmp_path: Path
) -> None:
    service, session = studio.service, studio.sessions.of("ann")
    farm.grow(2)
    on = read_farm_address("local:2")
    studio.place._joined = on, farm
    said = list(choose_farm(studio, session, "local:2"))
    assert said[0] == "Waiting for the farm …"
    assert said[1].startswith("2 workers, 0 events waiting (2 on ")
    assert studio.place.of(session.on) == on
    folder = Library(tmp_path / "stories").create(story_of(3), "Farm")
    requests = [TakeRequest(event.id) for event in folder.story.events]
    sent: list[object] = []
    job = PageJob("render", "ann")
    with service.queue.turn(PageJob("draft", "bob"), 1.0):  # which holds up no rendering on a farm
        render_work(studio, folder, job, lambda _: requests, SETTINGS, "g", on)(sent.append)
    here = rendered(render_events(tiny, story_of(3), ["e0", "e1", "e2"], SETTINGS))
    for event in folder.story.events:
        assert event.take is not None
        assert dataclasses.replace(event.take, file="") == here[event.id][0]
    kinds = {type(report).__name__ for report in sent}
    assert kinds >= {"Work", "RenderProgress", "KeptTake", "FarmState"}
    assert service.pace("render", SETTINGS) is None  # what it took says nothing of this machine
    job.cancel.set()
    asked = [vary(folder, "e2", chosen(folder), 0.5)]
    with pytest.raises(Cancelled):
        render_work(studio, folder, job, lambda _: asked, SETTINGS, "h", on)(sent.append)


def test_a_place_to_render_is_refused_in_one_sentence_and_nothing_changes(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = studio.sessions.of("ann")
    (said,) = choose_farm(studio, session, "somewhere")
    assert "is no place to render on" in said
    assert session.on is None
    shared = dataclasses.replace(
        studio, sessions=Sessions(tmp_path / "shared", tmp_path / "served", private=True)
    )
    (said,) = choose_farm(shared, session, "local:2")
    assert said == "Where this studio renders is chosen by whoever started it."
    studio.place._joined = read_farm_address("local:2"), Farm(None, None, "")
    studio.place._jobs = 1
    assert "wait until that is done" in list(choose_farm(studio, session, "local:3"))[-1]
    assert session.on is None
    monkeypatch.setattr("core.farm.cluster.has_ray", lambda: False)
    (said,) = choose_farm(studio, session, "local:2")
    assert said == f"Rendering on a farm needs Ray, which is not installed: {HOW_TO_GET}."
    assert list(choose_farm(studio, session, "")) == ["Renderings are made on this machine."]
    assert session.on == ""


def test_the_page_tells_how_far_each_event_is(tiny: AudioStory, studio: Studio) -> None:
    session = studio.sessions.of("ann")
    session.show(session.library.create(story_of(3), "Three"))
    with gr.Blocks():
        page = lay_out(studio)
    shown = RenderView(studio, page, session, session.open_folder, TimeLeft(None))
    report = WorkerReport("10.0.0.7", "x86_64", 1)
    state = FarmState((report, report), 0, 1, 2, 118.0)
    shown.after([state])
    assert "Starting · 2 workers, 2 events at work, 1 event waiting, about 2 min" in shown.html()
    steps = [RenderProgress("e2", 3, 3, 1, 4), RenderProgress("e0", 1, 3, 2, 4)]
    shown.after([Work({"e0": 1.0, "e1": 1.0, "e2": 2.0}), *steps])
    assert "1 50%, 3 25% · 2 workers" in shown.html()
    assert session.rendering == {"e0", "e2"}
    take = next(render_events(tiny, session.open_folder.story, ["e0"], SETTINGS)).take
    updates = shown.after([KeptTake("e0", take, adopted=True)])
    assert session.rendering == {"e2"}
    assert page.timeline in updates


def test_what_a_lost_worker_was_at_is_rendered_by_another(tiny: AudioStory, farm: Farm) -> None:
    """The one in its place is killed, too, as a rule while it begins."""
    farm.grow(2)
    before = {report.process for report in farm.state.workers}
    killed = killed_workers(1, tiny, farm, kills=2, events=4)
    assert killed.ready + killed.beginning == 2
    farm.grow(2)
    after = {report.process for report in farm.state.workers}
    assert len(after) == 2
    assert len(after & before) <= 1


def test_a_table_of_briefs_is_made_on_the_farm_as_it_is_here(
    tiny: AudioStory, farm: Farm, tmp_path: Path
) -> None:
    def plan_there(instruction: str, seconds: float, seed: int, cancel: threading.Event) -> Story:
        return farm.plan(instruction, seconds, seed, cancel=cancel)

    table = tmp_path / "briefs.jsonl"
    write_table(table, 3)
    briefs = read_table(table)
    here = run_here(tiny, tmp_path / "here")
    there = dataclasses.replace(
        here, out=tmp_path / "there", plan=plan_there, render=farm.renderer(), at_once=3
    )
    reports = render_table(here, briefs, lambda _: None)
    assert render_table(there, briefs, lambda _: None) == reports
    for report in reports:
        assert report.status == "done"
        sound = (there.out / report.file).read_bytes()
        assert sound == (here.out / report.file).read_bytes()


def test_four_workers_render_what_this_process_does_and_two_people_do_not_mix(
    tiny: AudioStory, farm: Farm
) -> None:
    """Ann and Bob ask at the same time, for stories whose events have the same names."""
    farm.grow(4)
    stories = {"ann": story_of(8, seed=3), "bob": story_of(6, seed=4)}

    def render(owner: str) -> dict[str, tuple[object, ...]]:
        story = stories[owner]
        ids = [event.id for event in story.events]
        return rendered(farm.renderer(owner)(tiny, story, ids, SETTINGS))

    with ThreadPoolExecutor(2) as people:
        there = dict(zip(stories, people.map(render, stories), strict=True))
    assert len(farm.state.workers) == 4
    for owner, story in stories.items():
        ids = [event.id for event in story.events]
        assert there[owner] == rendered(render_events(tiny, story, ids, SETTINGS)), owner
    assert there["ann"]["e1"] != there["bob"]["e1"]


def test_people_at_two_replicas_of_the_studio_do_not_mix(farm: Farm, tmp_path: Path) -> None:
    """They draft, edit and render at the same time, through Ray Serve on this cluster."""
    assert many_people(1, tmp_path, people=2, kills=0).replicas == 2

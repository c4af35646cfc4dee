"""Projects and marker lists, read back by parsers that are not ours."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aaf2
import numpy as np
import opentimelineio as otio
import pytest
import rpp
import soundfile
from sounding_stories import RATE, noise, story_folder

from core.export import Delivery, ExportSettings, export, open_story
from core.mix.mix import MixSettings, place_events
from core.story.lanes import change_lane
from core.story.shape import level_at
from core.story.story import Event, Story
from core.story.strip import Equaliser
from core.story.timeline import change, delete, split, stretch


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story_folder(tmp_path_factory.mktemp("stories") / "Harbour")


@pytest.fixture(scope="module")
def delivery(story: Path, tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    settings = ExportSettings(reaper=True, otio=True, aaf=True, markers=("audacity", "csv", "json"))
    return export(open_story(story), tmp_path_factory.mktemp("out"), settings)


def file_of(delivery: Delivery, suffix: str) -> Path:
    return next(path for path in delivery.files if path.name.endswith(suffix))


def in_time(story: Path) -> list:
    return sorted(Story.load(story / "story.json").events, key=lambda e: (e.start, e.layer))


def test_audacity_labels_give_every_sample_back(story: Path, delivery: Delivery) -> None:
    lines = file_of(delivery, ".txt").read_text().splitlines()
    rows = [line.split("\t") for line in lines]
    events = in_time(story)
    assert [round(float(row[0]) * RATE) for row in rows] == [round(e.start * RATE) for e in events]
    assert [round(float(row[1]) * RATE) for row in rows] == [round(e.end * RATE) for e in events]
    assert [row[2] for row in rows] == [e.caption for e in events]


def test_csv_and_json_markers(story: Path, delivery: Delivery) -> None:
    events = in_time(story)
    with file_of(delivery, ".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["start_frame"]) for row in rows] == [round(e.start * RATE) for e in events]
    assert not any(row["label"].startswith("=") for row in rows)
    data = json.loads(file_of(delivery, ".markers.json").read_text())
    assert data["rate"] == RATE
    assert [m["start"] for m in data["markers"]] == [round(e.start * RATE) for e in events]
    assert [m["label"] for m in data["markers"]] == [e.caption for e in events]


def value(element: rpp.Element, name: str) -> list[str]:
    return next(child for child in element if isinstance(child, list) and child[0] == name)[1:]


def test_reaper_project(story: Path, delivery: Delivery) -> None:
    path = file_of(delivery, ".rpp")
    project = rpp.loads(path.read_text())
    opened = open_story(story)
    placements = place_events(opened.story, opened.sources, MixSettings(RATE))
    markers = [child for child in project if isinstance(child, list) and child[0] == "MARKER"]
    assert [round(float(m[2]) * RATE) for m in markers] == [
        round(e.start * RATE) for e in in_time(story)
    ]
    assert [m[3] for m in markers] == [e.caption for e in in_time(story)]
    tracks = project.findall("TRACK")
    assert [value(track, "NAME") for track in tracks] == [["Story"], ["Layer 1"]]
    assert all(int(value(track, "PEAKCOL")[0]) & 0x1000000 for track in tracks)
    items = [item for track in tracks for item in track.findall("ITEM")]
    ordered = sorted(placements, key=lambda p: (p.layer, p.start))
    for item, placed in zip(items, ordered, strict=True):
        event = opened.story.event(placed.event_id)
        assert round(float(value(item, "POSITION")[0]) * RATE) == placed.start
        assert round(float(value(item, "LENGTH")[0]) * RATE) == placed.frames
        fade_in, fade_out = value(item, "FADEIN"), value(item, "FADEOUT")
        assert round(float(fade_in[1]) * RATE) == placed.rises[-1].frames
        assert round(float(fade_out[1]) * RATE) == placed.falls[-1].frames
        volume = value(item, "VOLPAN")
        assert float(volume[0]) == pytest.approx(10 ** (event.gain_db / 20))
        assert float(volume[1]) == pytest.approx(placed.pan, abs=1e-6)
        assert int(value(item, "COLOR")[0]) & 0x1000000
        sources = item.findall("SOURCE")
        assert len(sources) == len(event.takes)
        for source in sources:
            media = path.parent / value(source, "FILE")[0]
            assert soundfile.info(str(media)).samplerate == RATE
    assert list(items[0]).count("TAKE") == 1  # the spare take, which is not the selected one


def test_otio_timeline(story: Path, delivery: Delivery) -> None:
    path = file_of(delivery, ".otio")
    timeline = otio.adapters.read_from_file(str(path))
    opened = open_story(story)
    assert [track.kind for track in timeline.tracks] == ["Audio", "Audio"]
    for clip in timeline.find_clips():
        event = next(e for e in opened.story.events if e.caption == clip.name)
        span = clip.transformed_time_range(clip.source_range, timeline.tracks)
        assert span.start_time.to_frames() == round(event.start * RATE)
        assert span.duration.to_frames() == round(event.end * RATE) - round(event.start * RATE)
        media = path.parent / unquote(clip.media_reference.target_url)
        available = clip.media_reference.available_range.duration.to_frames()
        assert soundfile.info(str(media)).frames == available
    fades = [item for item in timeline.tracks[0] if isinstance(item, otio.schema.Transition)]
    assert [fade.out_offset.to_frames() for fade in fades] == [
        round(0.25 * RATE),  # half of the half second that the next event lasts
        round(0.5 * RATE),
    ]
    marks = [m.marked_range.start_time.to_frames() for m in timeline.tracks.markers]
    assert marks == [round(e.start * RATE) for e in in_time(story)]


def test_shapes_and_silences_are_volume_envelopes_in_reaper_and_words_in_otio(
    tmp_path: Path,
) -> None:
    folder = story_folder(tmp_path / "story", [noise(4.0, 1), noise(4.0, 2), noise(1.0, 3)])
    story = Story.load(folder / "story.json")
    story = change(delete(story, "above"), "e0", shape="approach")
    story = change(story, "e1", points=((0.5, -30.0), (2.0, 0.0)), role="bed", count=3)
    still = Event("still", "silence", 1.0, 1.0, layer=1)
    story = dataclasses.replace(story, events=(*story.events, still))
    story.save(folder / "story.json")
    settings = ExportSettings(reaper=True, otio=True, markers=("json",))
    done = export(open_story(folder), tmp_path / "out", settings)
    opened = open_story(folder)
    items = rpp.loads(file_of(done, ".rpp").read_text()).findall("TRACK")[0].findall("ITEM")
    for item, placed in zip(
        items, place_events(story, opened.sources, MixSettings(RATE)), strict=True
    ):
        envelope = item.find("VOLENV")
        if placed.event_id == "e2":
            assert envelope is None
            continue
        points = [tuple(map(float, c[1:3])) for c in envelope if c[0] == "PT"]
        frames = np.linspace(0, placed.frames, 1001)
        drawn = np.interp(frames / RATE, *zip(*points, strict=True))
        heard = placed.level(frames)
        assert np.abs(drawn - heard).max() < 0.01
        loud = heard > 0.03
        assert np.abs(20 * np.log10(drawn[loud] / heard[loud])).max() < 0.5
    clips = otio.adapters.read_from_file(str(file_of(done, ".otio"))).find_clips()
    about = [clip.metadata["audiostory"] for clip in clips]
    assert [clip["shape"] for clip in about] == ["approach", "points", "steady"]
    assert [list(point) for point in about[1]["points"]] == [[0.5, -30.0], [2.0, 0.0]]
    assert (about[1]["role"], about[1]["count"]) == ("bed", 3)
    marked = json.loads(file_of(done, ".markers.json").read_text())["markers"]
    assert [marker["label"][-5:] for marker in marked if "(" in marker["label"]] == [" (3x)"]
    told = json.loads(file_of(done, ".provenance.json").read_text())["events"][1]
    assert [told[name] for name in ("role", "count", "every", "at")] == ["bed", 3, None, []]
    assert told["points"] == [[0.5, -30.0], [2.0, 0.0]]


def points_of(envelope: rpp.Element) -> list[tuple[float, float]]:
    return [(float(c[1]), float(c[2])) for c in envelope if c[0] == "PT"]


def test_envelopes_faders_and_fades_are_read_back_equal_from_reaper_and_otio(
    tmp_path: Path,
) -> None:
    gains, pans = ((0.5, -12.0), (1.5, 3.0), (2.25, -6.0)), ((0.25, -1.0), (2.0, 0.5))
    folder = story_folder(tmp_path / "story", [noise(3.0, 1)])
    story = change(
        Story.load(folder / "story.json"), "above", gain_db=-2.0, distance=2.0, fade_in=0.2,
        fade_in_curve="exponential", fade_out_curve="logarithmic", pan=0.5,
        gain_envelope=((0.1, -9.0), (0.6, 0.0)), pan_envelope=((0.0, -0.5), (0.7, 1.0)),
        equaliser=Equaliser(low_cut=100.0),
    )  # fmt: skip
    story = change_lane(story, 0, gain_db=-3.0, gain_envelope=gains, pan_envelope=pans)
    story = change_lane(story, 1, pan=-0.25, muted=True, fade_out=1.0, fade_out_curve="linear")
    story.save(folder / "story.json")
    done = export(open_story(folder), tmp_path / "out", ExportSettings(reaper=True, otio=True))
    lower, upper = rpp.loads(file_of(done, ".rpp").read_text()).findall("TRACK")
    levels = dict(points_of(lower.find("VOLENV2")))
    for time, level in gains:
        assert 20 * np.log10(levels[time]) == pytest.approx(level, abs=1e-6)
    between = np.interp(np.linspace(0, 3, 301), *zip(*sorted(levels.items()), strict=True))
    drawn = [level_at(gains, t) for t in np.linspace(0, 3, 301)]
    assert np.abs(20 * np.log10(between) - drawn).max() < 0.1
    side = dict(points_of(lower.find("PANENV2")))
    assert {time: -side[time] for time, _ in pans} == dict(pans)  # 1 is left there
    assert [float(v) for v in value(lower, "VOLPAN")[:2]] == pytest.approx([10 ** (-3 / 20), 0.0])
    assert [float(v) for v in value(upper, "VOLPAN")[:2]] == pytest.approx([1.0, -0.25])
    assert (value(lower, "MUTESOLO")[0], value(upper, "MUTESOLO")[0]) == ("0", "1")
    fade = dict(points_of(upper.find("VOLENV2")))
    assert (fade[2.0], fade[2.5], fade[3.0]) == pytest.approx((1.0, 0.5, 0.0))
    (item,) = upper.findall("ITEM")
    assert [float(v) for v in value(item, "VOLPAN")[:2]] == pytest.approx(
        [10 ** (-2 / 20) / 2, 0.0], rel=1e-6
    )
    levels = dict(points_of(item.find("VOLENV")))
    assert [20 * np.log10(levels[t]) for t in (0.1, 0.6)] == pytest.approx([-9.0, 0.0], abs=1e-6)
    side = dict(points_of(item.find("PANENV")))
    assert (side[0.0], side[0.7]) == (0.5, -1.0)
    assert [value(item, fade)[0] for fade in ("FADEIN", "FADEOUT")] == ["4", "3"]
    described = otio.adapters.read_from_file(str(file_of(done, ".otio")))
    clip = next(c for c in described.find_clips() if c.name == "=distant thunder")
    about = clip.metadata["audiostory"]
    assert [list(p) for p in about["pan_envelope"]] == [[0.0, -0.5], [0.7, 1.0]]
    assert (about["fade_in_curve"], about["distance"]) == ("exponential", 2.0)
    assert about["equaliser"]["low_cut"] == 100.0
    tracks = [track.metadata["audiostory"] for track in described.tracks]
    assert [list(p) for p in tracks[0]["gain_envelope"]] == [list(p) for p in gains]
    assert (tracks[1]["muted"], tracks[1]["pan"], tracks[1]["fade_out"]) == (True, -0.25, 1.0)


def test_a_take_that_loops_does_so_in_projects_and_stems(tmp_path: Path) -> None:
    folder = story_folder(tmp_path / "story", [noise(1.2, 1)])
    story = change(stretch(Story.load(folder / "story.json"), "e0", 3.5), "e0", loop=True)
    story.save(folder / "story.json")
    settings = ExportSettings(reaper=True, otio=True, stems="events", stem_start="event", loop=True)
    done = export(open_story(folder), tmp_path / "out", settings)
    (item,) = rpp.loads(file_of(done, ".rpp").read_text()).find("TRACK").findall("ITEM")
    assert (value(item, "LOOP"), value(item, "LENGTH")) == (["1"], ["3.5"])
    described = otio.adapters.read_from_file(str(file_of(done, ".otio")))
    spans = [clip.source_range for clip in described.find_clips()]
    (placed,) = place_events(story, open_story(folder).sources, MixSettings(RATE))
    assert placed.loop is not None
    assert [s.start_time.to_frames() for s in spans] == [0] * len(spans)
    assert [s.duration.to_frames() for s in spans[:-1]] == [placed.loop.period] * (len(spans) - 1)
    assert sum(s.duration.to_frames() for s in spans) == round(3.5 * RATE)
    stem = next(path for path in done.files if "01" in path.name)
    assert soundfile.info(str(stem)).frames < 1.2 * RATE


ODD = "Straße #1, 50% Öl & Salz"


@pytest.fixture(scope="module")
def odd_story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story_folder(tmp_path_factory.mktemp("stories") / ODD)


@pytest.fixture(scope="module")
def odd(odd_story: Path, tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    """Every project of a story whose title and folder need quoting in a URL."""
    out = tmp_path_factory.mktemp("out") / "to go?" / ODD
    return export(open_story(odd_story), out, ExportSettings(reaper=True, otio=True, aaf=True))


def linked(url: str) -> Path:
    """Where a file URL leads, quoted once."""
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("file", "", "", "")
    return Path(unquote(parts.path))


def test_every_link_of_an_aaf_leads_to_a_take_that_is_as_it_says(
    odd: Delivery, odd_story: Path
) -> None:
    """Followed from each clip of the composition down to the file, and from every mob besides."""
    captions = {event.caption for event in Story.load(odd_story / "story.json").events}
    with aaf2.open(str(file_of(odd, ".aaf")), "r") as file:
        locators = [
            (mob.descriptor, locator)
            for mob in file.content.mobs
            if descriptor_of(mob)
            for locator in mob.descriptor.locator
        ]
        assert len(locators) >= 2 * len(captions)
        for _, locator in locators:
            assert linked(locator["URLString"].value).is_file()
        followed = {}
        for mob in file.content.compositionmobs():
            for component in sound_clips(mob):
                name = component.mob.name
                while not isinstance(descriptor_of(component.mob), aaf2.essence.PCMDescriptor):
                    component = component.slot.segment
                followed[name] = component.mob.descriptor
        assert set(followed) == captions
        for descriptor in followed.values():
            (locator,) = descriptor.locator
            info = soundfile.info(str(linked(locator["URLString"].value)))
            assert info.format == "WAV"
            assert info.subtype == f"PCM_{descriptor['QuantizationBits'].value}"
            assert info.samplerate == descriptor["SampleRate"].value
            assert info.samplerate == descriptor["AudioSamplingRate"].value
            assert info.channels == descriptor["Channels"].value
            assert info.frames == descriptor["Length"].value
            assert descriptor["BlockAlign"].value == 3 * info.channels
            assert descriptor["AverageBPS"].value == 3 * info.channels * info.samplerate
        assert {d["Channels"].value for d in followed.values()} == {1, 2}


def test_clips_of_a_split_event_begin_where_they_do_in_its_take(tmp_path: Path) -> None:
    path = story_folder(tmp_path / "Split")
    split(Story.load(path / "story.json"), "e0", 1.2)[0].save(path / "story.json")
    settings = ExportSettings(reaper=True, otio=True, aaf=True)
    parts = export(open_story(path), tmp_path / "out", settings)
    offset = round(1.2 * RATE)
    project = rpp.loads(file_of(parts, ".rpp").read_text())
    items = project.find("TRACK").findall("ITEM")
    shifts = [[c[1] for c in item if isinstance(c, list) and c[0] == "SOFFS"] for item in items]
    assert [[round(float(s) * RATE) for s in item] for item in shifts[:2]] == [[0, 0], [offset] * 2]
    clips = list(otio.adapters.read_from_file(str(file_of(parts, ".otio"))).find_clips())
    assert [clip.source_range.start_time.to_frames() for clip in clips[:3]] == [0, offset, 0]
    with aaf2.open(str(file_of(parts, ".aaf")), "r") as file:
        begins = []
        for mob in file.content.compositionmobs():
            for component in sound_clips(mob):
                begin = component.start
                while not isinstance(descriptor_of(component.mob), aaf2.essence.PCMDescriptor):
                    component = component.slot.segment
                    begin += component.start
                begins.append(begin)
    assert sorted(begins)[-2:] == [0, offset]


def descriptor_of(mob: aaf2.mobs.Mob) -> aaf2.essence.EssenceDescriptor | None:
    """What a source mob says of its material; a master mob says nothing."""
    return getattr(mob, "descriptor", None)


def sound_clips(mob: aaf2.mobs.CompositionMob) -> Iterator[aaf2.components.SourceClip]:
    for slot in mob.slots:
        if slot.media_kind == "Sound":
            for component in slot.segment.segments[0].components:
                if isinstance(component, aaf2.components.SourceClip):
                    yield component
                elif isinstance(component, aaf2.components.OperationGroup):
                    yield from component.segments


def test_every_link_of_the_other_projects_leads_to_a_take(odd: Delivery) -> None:
    timeline = otio.adapters.read_from_file(str(file_of(odd, ".otio")))
    urls = [clip.media_reference.target_url for clip in timeline.find_clips()]
    project = file_of(odd, ".rpp")
    text = rpp.loads(project.read_text(encoding="utf-8"))
    items = [item for track in text.findall("TRACK") for item in track.findall("ITEM")]
    sources = [source for item in items for source in item.findall("SOURCE")]
    files = [value(source, "FILE")[0] for source in sources]
    assert len(urls) == 4
    assert len(files) == 5
    assert {source.attrib[0] for source in sources} == {"WAVE"}
    for name in [*map(unquote, urls), *files]:
        assert soundfile.info(str(project.parent / name)).samplerate == RATE
    sidecar = json.loads(file_of(odd, ".provenance.json").read_text(encoding="utf-8"))
    assert len(sidecar["files"]) == len(odd.files) - 1
    for named in sidecar["files"]:
        assert (project.parent / named["name"]).stat().st_size == named["bytes"]


def test_copies_for_an_aaf_hold_the_takes_samples(story: Path, tmp_path: Path) -> None:
    delivery = export(open_story(story), tmp_path, ExportSettings(aaf=True))
    copies = [path for path in delivery.files if path.parent.name == "Harbour takes"]
    assert len(copies) == 5
    for copy in copies:
        ours, rate = soundfile.read(copy, dtype="int32")
        theirs, _ = soundfile.read(story / "takes" / f"{copy.stem}.flac", dtype="int32")
        assert rate == RATE
        assert (ours == theirs).all()


def test_aaf_is_read_back(story: Path, delivery: Delivery) -> None:
    timeline = otio.adapters.read_from_file(str(file_of(delivery, ".aaf")))
    names = {clip.name for clip in timeline.find_clips()}
    assert {e.caption for e in Story.load(story / "story.json").events} <= names

"""One's own library: what is said and heard of recordings, where they are, what a story uses."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import struct
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import gradio as gr
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from mutagen.flac import FLAC

from core import cli
from core.bridge.known_sounds import load_known_sounds
from core.corpus.synthesis import synthesise_clip
from core.errors import Cancelled, FileError, RenderError, StoryError
from core.export.deliver import export
from core.export.folder import open_story
from core.export.settings import ExportSettings
from core.library.catalogue import Catalogue
from core.library.embedded_text import EmbeddedText, read_embedded_text
from core.library.excerpt import read_excerpt
from core.library.fit import fitted, goes_on, looped, stretched
from core.library.index import Indexer
from core.library.listening import EXCERPT_SECONDS, LibraryListener, loudest_excerpts
from core.library.names import path_words
from core.library.performer import LibraryPerformer
from core.library.search import LibrarySearch
from core.library.spans import best_spans, sounding_spans
from core.performer.event_performer import EventRequest
from core.profile import RenderSettings, load_profile
from core.render.library_takes import take_from_library
from core.render.takes import due
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from studio.handlers.library import offer_recordings, offer_variation, take_recording
from studio.jobs.model_service import ModelService
from studio.page.layout import Page as PageParts
from studio.page.layout import lay_out
from studio.sessions.registry import Sessions
from studio.sessions.session import Session
from studio.sound.library import SoundLibrary
from studio.sound.peaks import PeakCache
from studio.state import Studio
from studio.view.takes import made_with
from studio.view.unfamiliar import unfamiliar_sounds
from tests.soak import sound_library

RATE = 44_100
KINDS = {
    "rain": "rain falling",
    "dog": "dog barking",
    "door_creak": "door creaking",
    "clock": "clock ticking",
    "thunder": "thunder rolling",
    "glass": "glass breaking",
}
Sound = npt.NDArray[np.float32]


def noise(seconds: float, seed: int = 0) -> Sound:
    """White noise (1, n)."""
    count = round(seconds * RATE)
    return (0.2 * np.random.default_rng(seed).standard_normal((1, count))).astype(np.float32)


def strokes(*begins: float, length: float, of: float = 0.3) -> Sound:
    """Silence (1, n) with strokes of `of` seconds."""
    sound = np.zeros((1, round(length * RATE)), np.float32)
    fall = np.exp(-np.arange(round(of * RATE)) / (0.1 * RATE)).astype(np.float32)
    for number, begin in enumerate(begins):
        first = round(begin * RATE)
        sound[:, first : first + len(fall)] += noise(of, number) * fall
    return sound


@pytest.fixture(scope="module")
def listener() -> LibraryListener:
    return LibraryListener()


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a recording of each kind that says what it is, and one that does not."""
    root = tmp_path_factory.mktemp("recordings")
    for number, (kind, said) in enumerate(KINDS.items()):
        for place, name in enumerate((f"{said}_01.wav", f"REC_{number:04d}.wav")):
            clip = synthesise_clip(kind, 2.0, np.random.default_rng([7, number, place])).samples
            path = root / ("Takes" if place == 0 else "Raw") / name
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, clip, RATE, subtype="PCM_16")
    return root


@pytest.fixture(scope="module")
def indexed(
    recordings: Path, listener: LibraryListener, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalogue]:
    catalogue = Catalogue(tmp_path_factory.mktemp("catalogue") / "library.sqlite")
    report = Indexer(catalogue, listener).scan(catalogue.add_folder(recordings, "CC0"))
    assert (report.added, report.refused) == (12, [])
    yield catalogue
    catalogue.close()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(tmp_path / "library.sqlite")
    yield opened
    opened.close()


class TestWords:
    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("DOORWood_Old Cellar Door Creak_AB_SFX01.wav", "old cellar door creak, doors wood"),
            ("Weather/Heavy-Rain_onTinRoof03.wav", "heavy rain on tin roof, weather"),
            ("Foley/Steps/REC_0231.wav", "steps, foley"),
            ("ZOOM0012.wav", ""),
            ("Untitled 3.wav", ""),
            ("NotACat_Bell.wav", "not cat bell"),
        ],
    )
    def test_a_path_says_name_category_and_folders(self, path: str, words: str) -> None:
        assert path_words(PurePosixPath(path)) == words

    def test_a_wav_says_what_its_chunks_say(self, tmp_path: Path) -> None:
        ixml = (
            b"<BWFXML><USER><FXNAME>Creak</FXNAME><LICENSE>CC-BY 4.0 Ann</LICENSE></USER>"
            b"<ASWG><category>DOORS</category></ASWG></BWFXML>"
        )
        bext = b"an old door, slowly".ljust(602, b"\0")
        info = b"INFO" + _chunk(b"IKEY", b"wood, hinge\0")
        path = _wave(tmp_path / "a.wav", (b"bext", bext), (b"iXML", ixml), (b"LIST", info))
        said = read_embedded_text(path)
        assert said == EmbeddedText(
            "an old door, slowly, Creak, DOORS, wood, hinge", "CC-BY 4.0 Ann"
        )

    def test_tags_of_other_formats_are_read_too(self, tmp_path: Path) -> None:
        path = tmp_path / "a.flac"
        soundfile.write(path, noise(0.1).T, RATE)
        tagged = FLAC(path)
        tagged.update({"title": ["Tram bell"], "license": ["CC0"], "genre": ["Traffic"]})
        tagged.save()
        assert read_embedded_text(path) == EmbeddedText("Tram bell", "CC0")

    def test_what_a_hostile_file_says_does_no_harm(self, tmp_path: Path) -> None:
        bomb = (
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
            b"<x><DESCRIPTION>&b;</DESCRIPTION></x>"
        )
        assert read_embedded_text(_wave(tmp_path / "a.wav", (b"iXML", bomb))).description == ""
        long = read_embedded_text(_wave(tmp_path / "b.wav", (b"iXML", b"<D>" + b"\xff" * 99)))
        assert long == EmbeddedText()
        said = b"<x><DESCRIPTION>" + b"word " * 5000 + b"</DESCRIPTION></x>"
        kept = read_embedded_text(_wave(tmp_path / "c.wav", (b"iXML", said)))
        assert len(kept.description) <= 500
        endless = tmp_path / "d.wav"
        endless.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + b"bext" + b"\xff\xff\xff\x7f" + b"x" * 50)
        assert read_embedded_text(endless) == EmbeddedText()
        assert read_embedded_text(tmp_path / "none.wav") == EmbeddedText()


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _wave(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    """A WAV of 0.1 s with further chunks, half of them before the sound."""
    soundfile.write(path, noise(0.1).T, RATE, subtype="PCM_16")
    data = path.read_bytes()[12:]
    body = b"WAVE" + b"".join(_chunk(*c) for c in chunks[::2]) + data
    body += b"".join(_chunk(*c) for c in chunks[1::2])
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


class TestSpans:
    def test_every_stroke_of_a_recording_is_a_variation(self) -> None:
        sound = strokes(0.5, 1.5, 2.5, length=3.5)
        found = sorted(span.begin for span in best_spans(sound, RATE, 0.5, 8))
        assert found == pytest.approx([0.48, 1.48, 2.48], abs=0.02)

    def test_a_series_is_taken_from_a_stroke_to_the_end_of_the_last_whole_one(self) -> None:
        sound = strokes(0.5, 1.5, 2.7, length=3.5) + 1e-5 * noise(3.5, 9)
        (span,) = best_spans(sound, RATE, 2.0, 1)
        assert min(abs(span.begin - begin) for begin in (0.48, 1.48)) < 0.02
        assert span.end - span.begin < 1.8, "silence or part of a stroke follows"

    def test_a_sound_that_goes_on_gives_several_spans_that_do_not_overlap(self) -> None:
        assert len(sounding_spans(noise(6.0), RATE)) == 1
        spans = best_spans(noise(6.0), RATE, 2.0, 8)
        assert len(spans) == 3
        assert not any(a.overlaps(b) for a in spans for b in spans if a is not b)
        assert all(span.seconds == pytest.approx(2.0, abs=0.01) for span in spans)

    def test_an_echo_and_a_recorders_noise_are_no_sound(self) -> None:
        sound = strokes(1.0, length=3.0) + 0.03 * strokes(2.2, length=3.0) + 3e-4 * noise(3.0)
        (only,) = sounding_spans(sound, RATE)
        assert only.begin == pytest.approx(0.98, abs=0.02)
        assert only.end < 1.6

    def test_the_loudest_part_is_listened_to(self) -> None:
        sound = 0.01 * noise(9.0)
        sound[:, 4 * RATE : 7 * RATE] *= 50
        length = round(EXCERPT_SECONDS * RATE)
        first, second = loudest_excerpts(sound, length, 2)
        assert np.square(first).mean() > 0.9 * np.square(sound[:, 4 * RATE : 7 * RATE]).mean()
        assert first.shape == second.shape == (1, length)
        assert np.square(second).mean() < np.square(first).mean()


class TestFit:
    def test_what_goes_on_is_looped_without_a_seam(self) -> None:
        time = np.arange(round(2.2 * RATE)) / RATE
        hum = (0.3 * np.sin(2 * np.pi * 100.3 * time))[None].astype(np.float32)
        made, fit = fitted(hum, RATE, 7 * RATE)
        assert (made.shape, fit) == ((1, 7 * RATE), "looped")
        steps = np.abs(np.diff(made[0]))
        assert steps.max() < 1.05 * np.abs(np.diff(hum[0])).max()
        level = np.sqrt(np.square(looped(noise(2.0), RATE, 7 * RATE)[0]).reshape(70, -1).mean(1))
        assert np.ptp(20 * np.log10(level)) < 1.0

    def test_a_stroke_is_time_fitted_at_its_pitch_or_followed_by_silence(self) -> None:
        time = np.arange(RATE) / RATE
        bell = (np.exp(-4 * time) * np.sin(2 * np.pi * 440 * time))[None].astype(np.float32)
        assert not goes_on(bell, RATE)
        made, fit = fitted(bell, RATE, round(1.2 * RATE))
        assert fit == "time-fitted"
        spectrum = np.abs(np.fft.rfft(made[0]))
        assert spectrum.argmax() * RATE / made.shape[1] == pytest.approx(440, abs=5)
        assert abs(int(np.abs(made[0]).argmax()) - int(np.abs(bell[0]).argmax())) < 0.03 * RATE
        longer, fit = fitted(bell, RATE, 3 * RATE)
        assert fit == "as it is"
        assert not longer[:, RATE:].any()
        np.testing.assert_array_equal(longer[:, : RATE // 2], bell[:, : RATE // 2])

    def test_what_is_longer_is_cut_and_faded(self) -> None:
        made, fit = fitted(noise(3.0), RATE, 2 * RATE)
        assert (made.shape, fit) == ((1, 2 * RATE), "cut")
        assert abs(made[0, -1]) < 1e-3
        assert stretched(noise(1.0), RATE, 40_000).shape == (1, 40_000)


class TestIndex:
    def test_words_and_sounds_find_recordings_and_sounds_find_their_like(
        self, indexed: Catalogue
    ) -> None:
        search = LibrarySearch(indexed)
        first = search.search("a hound is barking", 1)[0].recording
        assert first.name.endswith("Takes/dog barking_01.wav")
        assert (first.licence, first.words) == ("CC0", "dog barking")
        silent = [hit for hit in search.search("a hound is barking", 12) if not hit.said]
        assert silent[0].recording.path == "Raw/REC_0001.wav"
        assert search.like(first.id, 1)[0].recording.path == "Raw/REC_0001.wav"
        with pytest.raises(FileError, match="say in words"):
            search.search("  ")

    def test_bad_files_are_left_out_with_a_sentence_and_not_tried_again(
        self, tmp_path: Path, catalogue: Catalogue, listener: LibraryListener
    ) -> None:
        root = tmp_path / "in"
        root.mkdir()
        (root / "text.wav").write_text("no sound")
        (root / "empty.flac").touch()
        soundfile.write(root / "short.wav", noise(0.01).T, RATE)
        soundfile.write(root / "silent.wav", 0 * noise(0.5).T, RATE)
        soundfile.write(root / "good.wav", noise(0.5).T, RATE)
        (root / "notes.txt").write_text("not looked at")
        (root / ".hidden.wav").write_text("not looked at")
        os.symlink("/dev/zero", root / "endless.wav")
        os.mkfifo(root / "pipe.wav")
        (root / os.fsdecode(b"\xff.wav")).touch()
        folder = catalogue.add_folder(root)
        report = Indexer(catalogue, listener).scan(folder)
        assert report.added == 1
        reasons = dict(report.refused)
        assert set(reasons) == {"text.wav", "empty.flac", "short.wav", "silent.wav"}
        assert all(reason.endswith(".") for reason in reasons.values())
        assert len(report.notices) == 1
        assert "name that is no text" in report.notices[0]
        again = Indexer(catalogue, listener).scan(folder)
        assert (again.added, again.refused, again.unchanged) == (0, [], 5)
        (root / "text.wav").unlink()
        Indexer(catalogue, listener).scan(folder)
        assert "text.wav" not in dict(catalogue.refusals(folder))

    def test_files_that_were_moved_are_found_by_content_and_what_is_gone_is_kept(
        self, tmp_path: Path, catalogue: Catalogue, listener: LibraryListener
    ) -> None:
        root = tmp_path / "in"
        root.mkdir()
        for number in range(3):
            soundfile.write(root / f"rain {number}.wav", noise(0.3, number).T, RATE)
        folder = catalogue.add_folder(root)
        Indexer(catalogue, listener).scan(folder)
        (root / "sea").mkdir()
        (root / "rain 0.wav").rename(root / "sea" / "waves.wav")
        shutil.copyfile(root / "rain 1.wav", root / "copy.wav")
        (root / "rain 2.wav").rename(tmp_path / "elsewhere.wav")
        report = Indexer(catalogue, listener).scan(folder)
        assert (report.added, report.moved, report.gone) == (1, 1, 1)
        assert report.decoding_seconds == 0.0, "a known content was listened to"
        vectors = catalogue.vectors()
        paths = {catalogue.recording(int(row)).path for row in vectors.ids}
        assert paths == {"sea/waves.wav", "rain 1.wav", "copy.wav"}
        (tmp_path / "elsewhere.wav").rename(root / "rain 2.wav")
        back = Indexer(catalogue, listener).scan(folder)
        assert (back.added, back.gone, back.unchanged) == (0, 0, 4)

    def test_a_drive_that_is_away_is_said_and_nothing_is_forgotten(
        self, tmp_path: Path, catalogue: Catalogue, listener: LibraryListener
    ) -> None:
        root = tmp_path / "drive"
        root.mkdir()
        soundfile.write(root / "rain.wav", noise(0.3).T, RATE)
        folder = catalogue.add_folder(root)
        Indexer(catalogue, listener).scan(folder)
        root.rename(tmp_path / "unplugged")
        report = Indexer(catalogue, listener).scan(folder)
        assert not report.there
        assert "connect its drive" in report.sentences()[0]
        (recording,) = (hit.recording for hit in LibrarySearch(catalogue).search("rain"))
        with pytest.raises(FileError, match="connect its drive"):
            read_excerpt(recording, 1.0, 0.0, RATE)
        (tmp_path / "unplugged").rename(root)
        assert Indexer(catalogue, listener).scan(folder).unchanged == 1
        with pytest.raises(FileError, match="lie in one another"):
            catalogue.add_folder(tmp_path)

    def test_a_change_of_any_file_changes_nothing_of_the_files(
        self, recordings: Path, indexed: Catalogue
    ) -> None:
        """Indexing wrote nothing among the recordings."""
        assert len([path for path in recordings.rglob("*") if path.is_file()]) == 12
        assert indexed.folders()[0].recordings == 12


@pytest.fixture
def story(tmp_path: Path) -> StoryFolder:
    events = (
        Event("e1", "a hound barking in the yard", 0.0, 4.0),
        Event("e2", "rain", 4.0, 2.0),
    )
    return Library(tmp_path / "stories").create(Story("a hound", 6.0, 5, "pocket", "Two.", events))


class TestTakes:
    def test_a_recording_becomes_a_take_that_export_and_provenance_name(
        self, indexed: Catalogue, story: StoryFolder, tmp_path: Path
    ) -> None:
        profile = load_profile("pocket")
        recording = LibrarySearch(indexed).search("a hound barking", 1)[0].recording
        take = take_from_library(profile, story, "e1", recording)
        event = story.story.event("e1")
        assert event.take == story.story.event("e1").takes[0]
        assert "Takes/dog barking_01.wav, " in take.source
        assert (take.licence, take.conditioning) == ("CC0", "recording")
        assert take.weights.startswith(recording.digest)
        samples, rate = story.samples(take)
        assert rate == profile.sample_rate
        assert samples.shape[1] == round((4.0 + profile.crossfade) * rate)
        assert np.abs(samples).max() > 0.1
        assert event.trim_db is not None, "no gain was set to suit it"
        assert Library(tmp_path / "stories").open(story.title).story == story.story

        settings = RenderSettings(4, 2.0)
        assert [r.event_id for r in due(story, settings, profile.crossfade)] == ["e2"]
        again = take_from_library(profile, story, "e1", recording)
        assert again.key == take.key
        other = LibrarySearch(indexed).search("rain", 1)[0].recording
        take_from_library(profile, story, "e2", other)
        made = export(open_story(story.path), tmp_path / "out", ExportSettings())
        sidecar = json.loads(made.files[-1].read_text(encoding="utf-8"))
        told = sidecar["events"][0]["take"]
        assert (told["source"], told["licence"]) == (take.source, "CC0")
        assert any(f"{take.source!r} (CC0)" in note for note in made.notes)

    def test_variations_differ_and_a_locked_event_stays(
        self, tmp_path: Path, catalogue: Catalogue, listener: LibraryListener, story: StoryFolder
    ) -> None:
        root = tmp_path / "in"
        root.mkdir()
        soundfile.write(root / "knock.wav", strokes(0.5, 1.5, 2.5, length=3.5).T, RATE)
        Indexer(catalogue, listener).scan(catalogue.add_folder(root))
        (recording,) = (hit.recording for hit in LibrarySearch(catalogue).search("knock"))
        excerpts = [read_excerpt(recording, 0.4, 0.1, RATE, number) for number in range(3)]
        assert {excerpt.variations for excerpt in excerpts} == {3}
        assert len({excerpt.source.begin for excerpt in excerpts}) == 3
        os.utime(root / "knock.wav", (1, 1))
        with pytest.raises(FileError, match="has changed"):
            read_excerpt(recording, 0.4, 0.1, RATE)
        with pytest.raises(StoryError, match="no longer in the story"):
            take_from_library(load_profile("pocket"), story, "nowhere", recording)


def test_the_library_performs_what_it_has_and_says_what_it_has_not(
    indexed: Catalogue, tmp_path: Path
) -> None:
    search = LibrarySearch(indexed)
    performer = LibraryPerformer(lambda: search)
    known, unknown = performer.knows(["a dog barking", "the national anthem on a tuba"])
    assert known > 0.5 > unknown
    settings = performer.description.final
    seconds: list[int] = []
    asked = EventRequest("a dog barking", 3.0, seed=4)
    made = performer.perform(asked, settings, on_step=seconds.append)
    assert seconds == [0]
    assert made.samples.shape[1] == 3 * performer.description.sample_rate
    assert made.licence == "CC0"
    again = performer.perform(asked, settings)
    np.testing.assert_array_equal(again.samples, made.samples)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        performer.perform(asked, settings, cancel=cancel)
    empty = Catalogue(tmp_path / "empty.sqlite")
    nothing = LibraryPerformer(lambda: LibrarySearch(empty))
    assert nothing.knows(["rain"]) == [0.0]
    with pytest.raises(RenderError, match="library add"):
        nothing.perform(asked, settings)


def test_the_page_offers_recordings_for_an_unknown_event_and_takes_one(
    indexed: Catalogue, story: StoryFolder, tmp_path: Path
) -> None:
    service = ModelService("pocket")
    service.known_sounds = load_known_sounds(service.profile)
    sessions = Sessions(story.path.parent, tmp_path / "served", private=False)
    studio = Studio(service, sessions, PeakCache(), sound_library=SoundLibrary(indexed.path))
    session = Session(Library(story.path.parent), tmp_path / "sounds")
    session.show(story)
    page = lay_out_alone(studio)
    unknown = "a kettle whistling on the stove"
    story.edit("caption", lambda s: timeline.change(s, "e1", caption=unknown))
    assert "search your library" in unfamiliar_sounds(service, session, studio.sound_library)
    assert "search your library" not in unfamiliar_sounds(service, session)
    offer_recordings(studio, page, session, "e1")
    offers = session.offers["e1"]
    assert len(offers) == 4
    shown = unfamiliar_sounds(service, session, studio.sound_library)
    assert shown.count("Take it") == 4
    assert shown.count("<audio") == 4
    heard = sorted((tmp_path / "sounds").glob("library-*.flac"))
    assert all(soundfile.info(file).duration >= 4.0 for file in heard)
    offer_recordings(studio, page, session, "e1", like=offers[0].recording)
    assert offers[0].recording not in {offer.recording for offer in session.offers["e1"]}
    session.offers["e1"] = (dataclasses.replace(offers[1], variations=2),)
    assert "Another of 2" in unfamiliar_sounds(service, session, studio.sound_library)
    offer_variation(studio, page, session, "e1", offers[1].recording, 1)
    assert session.offers["e1"][0].variation == 1 % offers[1].variations
    take_recording(studio, session, "e1", offers[1].recording)
    take = story.story.event("e1").take
    assert take is not None
    assert take.source.startswith(offers[1].file)
    assert made_with(take, service.performers).startswith(f"{take.source}, CC0, for 'a kettle")
    assert unfamiliar_sounds(service, session, studio.sound_library) == ""
    nobody = Studio(service, sessions, PeakCache())
    with pytest.raises(FileError, match="person at this machine"):
        take_recording(nobody, session, "e1", offers[1].recording)


def lay_out_alone(studio: Studio) -> PageParts:
    """The parts of the page, not served."""
    with gr.Blocks():
        return lay_out(studio)


def test_the_command_line_adds_lists_searches_and_removes(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def library(*given: object) -> tuple[int, str, str]:
        line = ["library", "--catalogue", str(tmp_path / "c.sqlite"), *map(str, given)]
        code = cli.main(line, lambda _: None)
        return code, *capsys.readouterr()

    few = tmp_path / "few"
    few.mkdir()
    shutil.copy(recordings / "Takes" / "dog barking_01.wav", few)
    code, _, said = library("add", few, "--licence", "CC0")
    assert (code, "1 recordings added" in said) == (0, True)
    _, listed, _ = library("search", "barking", "dog")
    assert "dog barking_01.wav  [CC0]" in listed
    assert "1 recordings, 0 gone, 0 left out, CC0" in library("list")[1]
    assert "1 as before" in library("rescan")[2]
    assert library("remove", few)[0] == 0
    assert library("list")[1] == ""
    code, _, said = library("add", tmp_path / "nowhere")
    assert (code, "is no folder" in said) == (1, True)
    assert (few / "dog barking_01.wav").is_file()


def test_a_killed_index_goes_on_and_all_is_found_again(tmp_path: Path) -> None:
    """A slice of `python -m tests.soak library`; so few recordings prove no recall."""
    figures = sound_library.trial(3, tmp_path, count=24)
    assert figures.recordings == 24

"""Files as others read them: soundfile, ffmpeg and wavinfo find what the export put in."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import datetime
from pathlib import Path

import imageio_ffmpeg
import mutagen
import numpy as np
import pytest
import soundfile
from mutagen.id3 import ID3, Encoding
from mutagen.mp4 import MP4Tags
from mutagen.wave import _WaveID3
from sounding_stories import RATE, noise, story_folder
from wavinfo import WavInfoReader

from core.errors import FileError, StudioError
from core.export import FORMATS, PRESETS, Delivery, ExportSettings, export, open_story
from core.export.dither import Dither
from core.export.naming import Names, check_pattern, file_name, safe_name
from core.export.provenance import STATEMENT
from core.export.settings import FormatName
from core.export.sound import write_sound
from core.export.wave import Inside
from core.mix.mix import MixSettings, mix
from core.story.story import Story

CREATED = datetime(2026, 11, 22, 21, 30, 5)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story_folder(tmp_path_factory.mktemp("stories") / "Harbour at dawn")


def deliver(story: Path, out: Path, **settings: object) -> Delivery:
    chosen = ExportSettings(**settings)  # type: ignore[arg-type]
    return export(open_story(story), out, chosen, created=CREATED)


def unmastered(story: Path) -> np.ndarray:
    opened = open_story(story)
    return mix(opened.story, opened.sources, MixSettings(RATE, ceiling_db=None))


def ffmpeg_decode(path: Path, rate: int) -> np.ndarray:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path)]
    command += ["-f", "f32le", "-ac", "2", "-ar", str(rate), "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert not done.stderr
    return np.frombuffer(done.stdout, np.float32).reshape(-1, 2)


def ffmpeg_tags(path: Path) -> str:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_back_with_its_exact_length(
    story: Path, tmp_path: Path, name: FormatName, rate: int
) -> None:
    path = deliver(story, tmp_path, format=name, rate=rate, remove_dc=False).files[0]
    wanted = 48_000 if name == "opus" else rate
    total = Story.load(story / "story.json").total
    decoded = ffmpeg_decode(path, wanted)
    assert len(decoded) == round(total * wanted)
    if FORMATS[name].suffix != ".m4a":
        info = soundfile.info(str(path))
        assert (info.frames, info.samplerate, info.channels) == (round(total * wanted), wanted, 2)
    if rate == RATE and FORMATS[name].lossless:
        read, _ = soundfile.read(path, dtype="float64")
        step = 2.0 ** -((FORMATS[name].bits or 25) - 1)
        assert np.abs(read - unmastered(story)).max() <= 1.6 * step
        assert np.allclose(read, decoded, atol=1e-7)
    tags = ffmpeg_tags(path)
    assert "machine-generated" in tags
    assert "Harbour at dawn" in tags


TITLE = "Été à Zürich, 雨 🌧 \u200f\u05de\u05d9\u05dd\u200e Ωß"
SHOWN = "la pluie à Zürich, 雨, «quoted»; 100 % 🎧 "
COMMENT = SHOWN + "x" * 3000 + " Ende"


def tagged(folder: Path, name: FormatName, title: str, comment: str) -> Path:
    path = folder / f"tagged{FORMATS[name].suffix}"
    sound = np.zeros((4800, 2), dtype=np.float32)
    write_sound(path, [sound], 48_000, len(sound), name, Inside(title, comment, CREATED))
    return path


def read_tags(path: Path) -> tuple[str, str, str]:
    """Title, comment and date, as mutagen reads them."""
    tags = mutagen.File(path).tags
    if isinstance(tags, ID3):
        return str(tags["TIT2"]), str(tags["COMM::eng"]), str(tags["TDRC"])
    if isinstance(tags, MP4Tags):
        return tags["\xa9nam"][0], tags["\xa9cmt"][0], tags["\xa9day"][0]
    return tags["title"][0], tags["comment"][0], tags["date"][0]


@pytest.mark.parametrize("name", FORMATS)
def test_tags_hold_any_text_and_the_day(tmp_path: Path, name: FormatName) -> None:
    """As two readers that are not ours find them."""
    path = tagged(tmp_path, name, TITLE, COMMENT)
    assert read_tags(path) == (TITLE, COMMENT, "2026-11-22")
    shown = ffmpeg_tags(path)
    assert TITLE in shown
    assert SHOWN in shown


@pytest.mark.parametrize("name", ["mp3", "wav16"])
def test_the_year_is_a_year_and_the_letters_encoding_is_told(
    tmp_path: Path, name: FormatName
) -> None:
    """ID3 2.3, raw: version, year, day and month, and UTF-16 in every field of text."""
    path = tagged(tmp_path, name, TITLE, COMMENT)
    reader = ID3 if name == "mp3" else _WaveID3
    raw = reader(path, translate=False)
    assert raw.version == (2, 3, 0)
    assert (str(raw["TYER"]), str(raw["TDAT"])) == ("2026", "2211")
    assert {frame.encoding for frame in (raw["TIT2"], raw["COMM::eng"])} == {Encoding.UTF16}


@pytest.mark.parametrize("name", FORMATS)
def test_what_no_tag_can_hold_is_left_out_of_tags(tmp_path: Path, name: FormatName) -> None:
    """Control characters end a text in some formats, and a broken letter has no bytes."""
    path = tagged(tmp_path, name, "\ufeffa\x00b\n\ud800c ", "\x1b[1mx\ty")
    assert read_tags(path)[:2] == ("a b ?c", "[1mx y")


@pytest.mark.parametrize("name", ["mp3", "ogg", "opus", "m4a"])
def test_lossy_files_hold_the_sound_in_its_place(
    story: Path, tmp_path: Path, name: FormatName
) -> None:
    path = deliver(story, tmp_path, format=name, rate=48_000, remove_dc=False).files[0]
    decoded = ffmpeg_decode(path, 48_000)[:, 0].astype(np.float64)
    whole = deliver(story, tmp_path, format="wav32f", rate=48_000, remove_dc=False).files[0]
    original = soundfile.read(whole)[0][:, 0]
    spectrum = np.fft.rfft(decoded) * np.conj(np.fft.rfft(original))
    assert int(np.argmax(np.fft.irfft(spectrum, len(original)))) == 0


def test_a_wav_carries_cues_labels_regions_and_broadcast_data(story: Path, tmp_path: Path) -> None:
    delivery = deliver(story, tmp_path, format="wav24", rate=48_000, loudness=-23.0)
    info = WavInfoReader(str(delivery.files[0]), info_encoding="utf-8")
    events = sorted(Story.load(story / "story.json").events, key=lambda e: e.start)
    assert [(cue.position, cue.sample_offset) for cue in info.cues.cues] == [
        (round(e.start * 48_000),) * 2 for e in events
    ]
    assert [label.text for label in info.cues.labels] == [e.caption for e in events]
    assert [region.length for region in info.cues.ranges] == [
        round(e.end * 48_000) - round(e.start * 48_000) for e in events
    ]
    bext = info.bext
    assert bext.description.startswith(f"Harbour at dawn: {STATEMENT}")
    assert "rain on a tin roof, then gulls" in bext.description
    assert bext.originator == "AudioStory Studio"
    assert (bext.originator_date, bext.originator_time) == ("2026-11-22", "21:30:05")
    assert bext.version == 2
    assert bext.loudness_value == pytest.approx(-23.0, abs=0.1)
    assert bext.max_true_peak == pytest.approx(delivery.loudness.true_peak, abs=0.01)
    assert bext.max_shortterm_loudness == pytest.approx(delivery.loudness.short_term, abs=0.01)
    assert info.info.title == "Harbour at dawn"
    assert "machine-generated" in info.info.comment
    soundfile.read(delivery.files[0])


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("kind", ["events", "layers"])
def test_stems_begin_at_zero_and_sum_to_the_mix_before_the_master(
    story: Path, tmp_path: Path, kind: str, rate: int
) -> None:
    plain = deliver(
        story, tmp_path, format="wav32f", rate=rate, ceiling_db=None, remove_dc=False, stems=kind
    )
    whole, _ = soundfile.read(plain.files[0], dtype="float64")
    stems = [path for path in plain.files[1:] if path.suffix == ".wav"]
    assert len(stems) == {"events": 4, "layers": 2}[kind]
    read = [soundfile.read(path, dtype="float64")[0] for path in stems]
    assert {len(sound) for sound in read} == {len(whole)}
    assert np.abs(sum(read) - whole).max() < 1e-6
    if rate == RATE:
        assert np.abs(whole - unmastered(story)).max() < 1e-6


def test_stems_are_the_same_whatever_the_master_does(story: Path, tmp_path: Path) -> None:
    one = deliver(story, tmp_path / "a", stems="events", loudness=-14.0, ceiling_db=-3.0)
    two = deliver(story, tmp_path / "b", stems="events", ceiling_db=None)
    for first, second in zip(one.files[1:5], two.files[1:5], strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_silence_around_a_stem_takes_no_room(story: Path, tmp_path: Path) -> None:
    files = deliver(story, tmp_path, stems="events").files
    last = next(path for path in files if "gulls" in path.name)
    assert last.stat().st_blocks * 512 < 0.5 * last.stat().st_size


def test_event_stems_know_where_they_belong(story: Path, tmp_path: Path) -> None:
    files = deliver(story, tmp_path, stems="events", stem_start="event", stem_format="wav24").files
    events = sorted(Story.load(story / "story.json").events, key=lambda e: e.start)
    whole = unmastered(story)
    first, _ = soundfile.read(files[1], dtype="float32")
    assert np.allclose(first[:10_000], whole[:10_000], atol=4e-7)
    for path, event in zip(files[1:5], events, strict=True):
        info = WavInfoReader(str(path), info_encoding="utf-8")
        assert info.bext.time_reference == round(event.start * RATE)
        assert soundfile.info(str(path)).frames >= round(event.duration * RATE)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_loops_have_loop_points_and_no_seam(tmp_path: Path, rate: int) -> None:
    """A loop played twice steps no further at its seam than inside, and keeps its level there."""
    texture = noise(4.0, 5)
    smooth = np.convolve(texture[0], np.hanning(200), "same")[None]
    smooth = (0.3 * smooth / np.abs(smooth).max()).astype(np.float32)
    folder = story_folder(tmp_path / "sea", [smooth, noise(2.0, 6)], tail=1.0)
    files = deliver(
        folder, tmp_path / "out", stems="events", stem_start="event", loop=True, rate=rate
    ).files
    for path in (p for p in files if "rain" in p.name or "slams" in p.name):
        loop, _ = soundfile.read(path, dtype="float64")
        sampler = WavInfoReader(str(path)).smpl.sample_loops
        assert [(s.start, s.end) for s in sampler] == [(0, len(loop) - 1)]
        twice = np.concatenate([loop, loop])
        steps = np.abs(np.diff(twice, axis=0)).max(axis=1)
        assert steps[len(loop) - 3 : len(loop) + 3].max() <= steps[: len(loop) - 4].max()
        if "slams" in path.name:
            power = [np.mean(twice[at : at + rate // 8] ** 2) for at in range(0, rate, rate // 8)]
            assert np.ptp(10 * np.log10(power)) < 1.0
    assert soundfile.info(str(files[1])).frames / rate == pytest.approx(3.0, abs=0.01)


def test_the_game_preset_loops_what_goes_on_and_trims_one_shots(tmp_path: Path) -> None:
    stroke = np.zeros((1, 3 * RATE), np.float32)
    begin, count = round(0.25 * RATE), round(0.4 * RATE)
    decay = np.exp(-np.arange(count) / (0.05 * RATE))
    stroke[0, begin : begin + count] = noise(0.4, 7, 0.3)[0] * decay
    folder = story_folder(tmp_path / "play", [noise(3.5, 5), stroke, noise(1.0, 6)])
    files = export(open_story(folder), tmp_path / "out", PRESETS["game"]).files
    shot = next(path for path in files if "slams" in path.name)
    sound, rate = soundfile.read(shot)
    assert WavInfoReader(str(shot)).smpl is None
    assert np.abs(sound[: round(0.01 * rate)]).max() > 0.1
    assert 0.25 < len(sound) / rate < 0.45
    placed = WavInfoReader(str(shot), info_encoding="utf-8").bext.time_reference
    assert placed / rate == pytest.approx(3.0 + 0.25, abs=0.01)
    for path in (p for p in files if "rain" in p.name or "gulls" in p.name):
        assert len(WavInfoReader(str(path)).smpl.sample_loops) == 1


def test_dither_keeps_silence_and_decorrelates_the_error() -> None:
    dither = Dither(16)
    assert not dither.quantised(np.zeros((1000, 2), np.float32)).any()
    assert dither.quantised(np.array([[2.0, -2.0]], np.float32)).tolist() == [[32767, -32768]]
    time = np.arange(200_000) / RATE
    quiet = (0.4 / 32768 * np.sin(2 * np.pi * 997 * time)).astype(np.float32)[:, None]
    whole = dither.quantised(quiet).astype(np.float64)[:, 0] / 32768
    correlation = np.dot(whole, quiet[:, 0]) / np.dot(quiet[:, 0], quiet[:, 0])
    assert correlation == pytest.approx(1.0, abs=0.05)
    assert np.abs(whole).max() <= 2 / 32768


def test_without_a_time_equal_stories_give_equal_bytes(story: Path, tmp_path: Path) -> None:
    settings = ExportSettings(format="wav16", stems="layers", reaper=True, otio=True, bundle=False)
    one = export(open_story(story), tmp_path / "a", settings)
    two = export(open_story(story), tmp_path / "b", settings)
    for first, second in zip(one.files, two.files, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


def test_the_sidecar_tells_how_the_sound_was_made(story: Path, tmp_path: Path) -> None:
    delivery = deliver(story, tmp_path, format="flac")
    data = json.loads(delivery.files[-1].read_text())
    assert data["statement"] == STATEMENT
    assert data["machine_generated"] is True
    assert data["instruction"].startswith("rain on a tin roof")
    assert data["weights"] == ["abc123"]
    assert [event["take"]["seed"] for event in data["events"]] == [7, 7, 7, 7]
    assert data["events"][0]["caption"].startswith("rain")
    assert re.fullmatch(r"\d+\.\d+.*", data["generator"]["version"])
    assert len(data["mix_sha256"]) == 64
    assert data["loudness"]["true_peak_dbtp"] <= -1.0


@pytest.mark.parametrize("name", PRESETS)
def test_the_presets_deliver_what_they_name(story: Path, tmp_path: Path, name: str) -> None:
    preset = PRESETS[name]
    delivery = export(open_story(story), tmp_path, preset)
    info = soundfile.info(str(delivery.files[0]))
    assert info.samplerate == (preset.rate or RATE)
    if preset.loudness is not None:
        assert delivery.loudness.integrated == pytest.approx(preset.loudness, abs=0.1)
        assert delivery.loudness.true_peak <= -1.0
    assert not delivery.notes


def test_a_sound_library_has_its_stems_named_by_category(story: Path, tmp_path: Path) -> None:
    opened = open_story(story)
    first = opened.story.events[0]
    files = export(opened, tmp_path, PRESETS["sound library"], categories={first.id: "RAIN"}).files
    stems = [path.stem for path in files if path.suffix == ".wav"][1:]
    assert stems[0] == f"RAIN_{safe_name(first.label)} 01_AudioStory_{opened.title}"
    assert stems[1] == f"distant thunder 02_AudioStory_{opened.title}"


def test_a_loudness_out_of_reach_is_said(tmp_path: Path) -> None:
    quiet = np.zeros((1, 2 * RATE), np.float32)
    quiet[0, RATE] = 0.5
    folder = story_folder(tmp_path / "tick", [quiet], tail=0.0)
    story = Story.load(folder / "story.json")
    Story.save(Story(**{**vars(story), "events": story.events[:1]}), folder / "story.json")
    delivery = deliver(folder, tmp_path / "out", loudness=-14.0)
    assert len(delivery.notes) == 1
    assert "instead of -14" in delivery.notes[0]


@pytest.mark.parametrize(
    "pattern",
    [
        "../escape",
        "a/b",
        "a\\b",
        "..",
        "",
        "  ",
        "🎧",
        "con\0",
        "a:b",
        "x" * 300,
        "{nothing}",
        "{title.x}",
    ],
)
def test_names_that_a_person_should_change_are_refused_in_a_sentence(pattern: str) -> None:
    with pytest.raises(FileError) as caught:
        check_pattern(pattern)
    message = str(caught.value)
    assert message.endswith(".")
    assert message.count(".") <= 4
    assert "\n" not in message


@pytest.mark.parametrize(
    "text",
    [
        "../../etc/passwd",
        "🐦🐦",
        "CON",
        "nul.txt",
        "a" * 300,
        "é" * 300,
        "x. ",
        " .hidden",
        "日本の雨",
        "a\x00b",
        "",
    ],
)
def test_names_out_of_the_story_are_made_safe(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name.encode()) <= 150
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
    assert not name.endswith((".", " "))
    assert name.split(".")[0].upper() not in {"CON", "NUL"}
    assert ".." not in name


def test_names_are_filled_and_kept_apart() -> None:
    values = {"title": "A/B", "index": "07", "caption": "rain: hard"}
    assert file_name("{title} - {index} {caption}", values) == "A B - 07 rain hard"
    assert file_name("{ucs}_{caption} {index}_{title}", values) == "rain hard 07_A B"
    assert file_name("{title}_{ucs}", values) == "A B"
    names = Names()
    assert [names.unique(n) for n in ("Rain", "rain", "RAIN")] == ["Rain", "rain 2", "RAIN 3"]


def test_settings_out_of_range_are_refused() -> None:
    for wrong in (
        {"rate": 8000},
        {"loudness": -100.0},
        {"loudness": float("nan")},
        {"ceiling_db": 3.0},
    ):
        with pytest.raises(StudioError):
            ExportSettings(**wrong)  # type: ignore[arg-type]

"""Scores as they are heard: composed stories, takes of noise and strokes, and the real mix."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from sounding_stories import RATE, noise, save_take

from core.evaluation.score_sound import main, sound_checks
from core.language.score import ScoreEvent
from core.mix.levels import NaturalLevel, with_levels
from core.mix.sources import ArraySource
from core.story.score import score_events
from core.story.story import Story

TOTAL = 16.0
PUMP = ScoreEvent("a low hum of pumps", 0.0, TOTAL, "bed", "quiet", "steady", "")
PICKS = ScoreEvent("picks on a rock", 0.0, TOTAL, "bed", "normal", "steady", "")
RAIN = ScoreEvent("rain", 0.0, 6.0, "bed", "normal", "fade out", "")
SIREN = ScoreEvent("a siren", 2.0, 5.0, "spot", "normal", "approach", "")
CAR = ScoreEvent("a car", 7.0, 3.0, "spot", "loud", "recede", "")
WIND = ScoreEvent("wind", 7.5, 2.0, "spot", "quiet", "fade in", "")
HUSH = ScoreEvent("silence", 11.0, 3.0, "spot", "normal", "steady", "")
SLAM = ScoreEvent("a door slams", 10.5, 0.5, "spot", "loud", "steady", "")


def sounding(*lines: ScoreEvent) -> tuple[Story, dict[str, ArraySource]]:
    """A composed story, with takes whose levels are set as after a render.

    Picks are strokes with seconds of nothing between them; a slam rings on into what follows.
    """
    score = sorted(lines, key=lambda line: line.start)
    story = Story("t", TOTAL, 1, "tiny", "", score_events(score, TOTAL))
    sources = {}
    for number, event in enumerate(e for e in story.events if not e.silent):
        sound = noise(event.duration + 2.0, number, channels=1 + number % 2)
        if event.caption == PICKS.caption:
            struck = np.arange(sound.shape[1]) % (4 * RATE) < RATE // 3
            sound *= struck
        sources[event.id] = ArraySource(sound)
    natural = {name: NaturalLevel(-20.0) for name in sources}
    return with_levels(story, sources, natural, RATE, set(sources)), sources


def test_shapes_beds_and_silences_of_a_score_are_heard() -> None:
    story, sources = sounding(PUMP, PICKS, RAIN, SIREN, CAR, WIND, SLAM, HUSH)
    checks = list(sound_checks(story, sources, RATE))
    assert sorted(figure for figure, _, _ in checks) == [
        "approaches", "approaches", "fades", "fades", "silences", "throughout", "throughout",
    ]  # fmt: skip
    assert [shown for _, right, shown in checks if not right] == []


def test_a_bed_that_is_too_soft_is_found() -> None:
    story, sources = sounding(PUMP, PICKS, HUSH)
    pump = next(event for event in story.events if event.caption == PUMP.caption)
    soft = story.replace_event(dataclasses.replace(pump, gain_db=-40.0))
    wrong = [shown for _, right, shown in sound_checks(soft, sources, RATE) if not right]
    assert wrong == ["'a low hum of pumps': -59 dBFS"]


def test_a_take_that_falls_where_its_score_rises_is_found() -> None:
    story, sources = sounding(PUMP, SIREN)
    (siren,) = (e for e in story.events if e.shape == "approach")
    falling = noise(7.0, 3) * np.geomspace(1.0, 0.001, 7 * RATE).astype(np.float32)
    checks = sound_checks(story, {**sources, siren.id: ArraySource(falling)}, RATE)
    assert [figure for figure, right, _ in checks if not right] == ["approaches"]


def test_rendered_folders_are_measured_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story, sources = sounding(PUMP, SIREN, HUSH)
    for event in story.events:
        if not event.silent:
            sound = sources[event.id].read(0, sources[event.id].frames).T
            take = save_take(tmp_path, event.id, sound, event.duration, 2.0)
            done = dataclasses.replace(event, takes=(take,), chosen=take.key)
            story = story.replace_event(done)
    story.save(tmp_path / "story.json")
    main([str(tmp_path)])
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "throughout": [1, 1], "approaches": [1, 1], "silences": [1, 1],
    }  # fmt: skip

"""The pocket director's plans, event by event as they were: it plans in fp32 on every processor."""

from __future__ import annotations

import json
from typing import Any

import pytest
from golden import BRIEFS, PLANS, planned

from core.audiostory import AudioStory


@pytest.mark.parametrize("golden", json.loads(PLANS.read_text(encoding="utf-8")))
def test_a_plan_is_the_golden_one(pocket: AudioStory, golden: dict[str, Any]) -> None:
    assert planned(pocket, golden["instruction"], golden["seconds"]) == golden


def test_every_brief_has_its_golden_plan() -> None:
    golden = json.loads(PLANS.read_text(encoding="utf-8"))
    assert [(g["instruction"], g["seconds"]) for g in golden] == list(BRIEFS)

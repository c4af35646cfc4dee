"""Gestures of a finger on a phone lead to the stories written for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_of_strips import CHROMIUM, PHONE, opened

from tests.page_gestures import try_gesture
from tests.page_touch import BY_TOUCH

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
USUAL = (
    "a sound above to an edge",
    "an end above",
    "a beginning with ripple",
    "a sound deleted",
    "a sound at the playhead",
    "a split at a marker",
)
"""All of them, sixty in a row, are `python -m tests.soak gestures`."""


def test_a_finger_does_what_is_done_often(tmp_path: Path) -> None:
    with opened(tmp_path) as hand_at:
        hand = hand_at(**PHONE)
        hand.by = "touch"
        for name in USUAL:
            try_gesture(hand, name, BY_TOUCH[name])

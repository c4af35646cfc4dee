"""Shared models: the `tiny` profile, real code on small random weights."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import pytest

from core.audiostory import AudioStory, load_audiostory
from core.profile import load_profile


@pytest.fixture(scope="session")
def tiny() -> AudioStory:
    return load_audiostory(load_profile("tiny"))

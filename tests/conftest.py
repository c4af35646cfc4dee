"""What all tests share: the models, loaded once a process, and how much is tried at random.

`make test` runs two processes, one a core, and hands them whole files: those of SLOWEST first, so
that both end together.
"""

from __future__ import annotations

import os

from core.environment import settle_libraries

settle_libraries(os.environ)
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # two processes of two threads would wait for each other

import copy
import logging
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

from core.audiostory import AudioStory, load_audiostory
from core.performer.flow_performer import flow_performer
from core.profile import load_profile

SLOWEST = (
    "test_studio_page.py",
    "test_pocket.py",
    "test_examples.py",
    "test_studio_server.py",
    "test_golden_renders.py",
    "test_golden_plans.py",
    "test_release_exact.py",
    "test_release_import.py",
    "test_training.py",
    "test_takes.py",
    "test_newcomer.py",
    "test_studio_served.py",
    "test_plan.py",
    "test_replan.py",
)

settings.register_profile("suite", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("soak", deadline=None, max_examples=4000, print_blob=True)
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What is logged meanwhile, by any logger."""
    handler = _Records()
    logging.getLogger().addHandler(handler)
    yield handler.records
    logging.getLogger().removeHandler(handler)


@pytest.fixture(scope="session")
def tiny() -> AudioStory:
    """The `tiny` profile: real code on small random weights. Who changes it takes `own_tiny`.

    Its fast sampler is another network than the full one.
    """
    model = load_audiostory(load_profile("tiny"))
    torch.manual_seed(1)
    fast = flow_performer(model.performer).add_fast().eval().requires_grad_(False)
    for weight in fast.parameters():
        weight.add_(0.02 * torch.randn_like(weight))
    return model


@pytest.fixture
def own_tiny(tiny: AudioStory) -> AudioStory:
    """A copy of `tiny` that a test may change."""
    return copy.deepcopy(tiny)


@pytest.fixture(scope="session")
def pocket() -> AudioStory:
    """The shipped model."""
    return load_audiostory(load_profile("pocket"))

"""What a job freed is the system's again; what is being loaded is not searched for garbage."""

from __future__ import annotations

import ctypes
import gc
import sys

import pytest

from core.allocator import collection_paused, give_back_free_memory
from core.audiostory import AudioStory, load_audiostory
from core.commands.plan import load_model
from core.profile import Profile
from studio.jobs.job import Job
from studio.jobs.queue import JobQueue
from tests.soak.memory import resident

SIZE = 4096
"""Bytes of a block: too small for a mapping of its own."""
BLOCKS = 20_000

glibc_only = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="other C libraries keep free memory in their own way",
)


def keep_one_in_a_hundred() -> list[bytearray]:
    """80 MB of which 1 % stays, spread over the heap; nothing at its end can be cut off."""
    return [bytearray(b"\1" * SIZE) for _ in range(BLOCKS)][::100]


@glibc_only
def test_free_pages_between_those_in_use_are_given_back() -> None:
    kept = keep_one_in_a_hundred()
    before = resident()
    assert give_back_free_memory()
    assert before - resident() > 0.8 * SIZE * BLOCKS
    assert all(block[-1] == 1 for block in kept)


@glibc_only
def test_the_end_of_every_job_for_the_model_gives_memory_back() -> None:
    give_back_free_memory()
    before = resident()
    with JobQueue().turn(Job("draft"), 1.0):
        kept = keep_one_in_a_hundred()
        assert resident() - before > 0.8 * SIZE * BLOCKS
    assert resident() - before < 0.2 * SIZE * BLOCKS
    assert kept


def test_without_such_a_function_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.allocator._malloc_trim", lambda: None)
    assert not give_back_free_memory()


def test_objects_are_not_searched_while_they_are_loaded_nor_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[bool] = []

    def load(profile: Profile, *, performs: bool) -> AudioStory:
        searched.append(gc.isenabled())
        return load_audiostory(profile, performs=performs)

    monkeypatch.setattr("core.audiostory.load_audiostory", load)
    loaded = load_model("pocket", performs=False)
    assert searched == [False]
    assert gc.isenabled()
    assert not any(found is loaded for found in gc.get_objects())
    with pytest.raises(KeyError), collection_paused(), collection_paused():
        raise KeyError
    assert gc.isenabled()

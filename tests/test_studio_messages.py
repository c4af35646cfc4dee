"""No handler fails without a word: what nobody expected is shown on the page, in one sentence."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from gradio.helpers import special_args

from core.errors import StoryError
from studio.handlers.messages import guarded
from studio.jobs.model_service import ModelService
from studio.server import _build
from studio.sessions import stories
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache
from studio.state import Studio


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> gr.Blocks:
    """The page with all its handlers, not served."""
    folder = tmp_path_factory.mktemp("page")
    sessions = Sessions(folder / "stories", folder / "served", private=False)
    return _build(Studio(ModelService("tiny"), sessions, PeakCache()))


def fail(error: Exception) -> None:
    raise error


def steps(error: Exception) -> Iterator[int]:
    yield 1
    raise error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("0x7f secret"), "fault of the studio; its terminal says more"),
        (KeyError("e1"), "fault of the studio"),
        (StoryError("No story is open; draft one first."), "No story is open; draft one first."),
        (OSError(28, "No space left on device"), "No space left on device; check the disk"),
        (gr.Error("as it is"), "as it is"),
    ],
)
def test_every_error_becomes_a_sentence_that_the_page_shows(
    error: Exception, said: str, logged: list[logging.LogRecord]
) -> None:
    with pytest.raises(gr.Error) as shown:
        guarded(fail)(error)
    assert said in shown.value.message
    assert "secret" not in shown.value.message
    written = guarded(steps)(error)
    assert next(written) == 1
    with pytest.raises(gr.Error, match=said):
        next(written)
    unexpected = not isinstance(error, StoryError | gr.Error)
    assert bool(logged) == unexpected
    assert all(record.levelno == logging.ERROR and record.exc_info for record in logged)


def test_a_guarded_handler_is_called_as_before() -> None:
    """Gradio reads a handler's signature to know what to hand in."""

    def handler(text: str, request: gr.Request, bar: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        """Says it."""
        return f"{text} {request}"

    kept = guarded(handler)
    assert kept("a", "b") == "a b"
    assert inspect.signature(kept) == inspect.signature(handler)
    assert kept.__doc__ == "Says it."
    assert special_args(kept, ["a"])[1] == special_args(handler, ["a"])[1] == 2
    assert inspect.isgeneratorfunction(guarded(steps))


def test_every_handler_of_the_page_is_guarded(blocks: gr.Blocks) -> None:
    handlers = [listener.fn for listener in blocks.fns.values() if listener.fn is not None]
    assert len(handlers) > 40
    assert all(handler.__code__ in GUARDS for handler in handlers)


GUARDS = {guarded(fail).__code__, guarded(steps).__code__}  # type: ignore[attr-defined]


def test_opening_a_file_that_trips_the_studio_up_is_said(
    blocks: gr.Blocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through Gradio, as the page calls it."""

    def trip(*_: object, **__: object) -> Path:
        raise ValueError("ZIP does not support timestamps before 1980")

    monkeypatch.setattr(stories, "open_bundle", trip)
    (tmp_path / "a.zip").write_bytes(b"x")
    listener = next(one for one in blocks.fns.values() if one.api_name == "open_zip")
    request = gr.Request(session_hash="tab")
    given = [str(tmp_path / "a.zip"), {}]
    with pytest.raises(gr.Error, match="fault of the studio"):
        asyncio.run(blocks.call_function(listener, given, requests=request))

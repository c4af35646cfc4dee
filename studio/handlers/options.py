"""How events are wired: the settings that Gradio's listeners share."""

from __future__ import annotations

from typing import Any

UNMARKED: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": []}
"""Nothing of Gradio's own shows that a request is under way. Not on any component either: each that
a hidden sign is on is drawn again four times a request, and one that an answer takes off the page
goes on to count its seconds for ever, in every frame."""
MODEL_JOB: dict[str, Any] = {
    "concurrency_id": "model",
    "concurrency_limit": 64,
    **UNMARKED,
}
"""Work for the model: how many wait and who is next is decided by `studio.jobs.queue`."""
NOTED_JOB: dict[str, Any] = {**MODEL_JOB, "trigger_mode": "multiple"}
"""The same, of what was noted before (`studio.handlers.job_request`). Where a page leaves out what
it still waits for, as is usual, a note made just after a Cancel would never get its job."""
MODEL_NOTICE: dict[str, Any] = {**MODEL_JOB, "concurrency_id": "model-notice"}
"""Says how far the model is, while jobs wait for it."""

QUICK: dict[str, Any] = {
    "concurrency_limit": 16,
    **UNMARKED,
    "trigger_mode": "multiple",
}
IMMEDIATE: dict[str, Any] = {"queue": False, **UNMARKED}
PRIVATE: dict[str, Any] = {"api_visibility": "private"}

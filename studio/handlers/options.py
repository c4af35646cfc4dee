"""How events are wired: the settings that Gradio's listeners share."""

from __future__ import annotations

from typing import Any

MODEL_JOB: dict[str, Any] = {
    "concurrency_id": "model",
    "concurrency_limit": 64,
    "show_progress": "hidden",
}
"""Work for the model: how many wait and who is next is decided by `studio.jobs.queue`."""
NOTED_JOB: dict[str, Any] = {**MODEL_JOB, "trigger_mode": "multiple"}
"""The same, of what was noted before (`studio.handlers.job_request`). Where a page leaves out what
it still waits for, as is usual, a note made just after a Cancel would never get its job."""
MODEL_NOTICE: dict[str, Any] = {**MODEL_JOB, "concurrency_id": "model-notice"}
"""Says how far the model is, while jobs wait for it."""

QUICK: dict[str, Any] = {
    "concurrency_limit": 16,
    "show_progress": "hidden",
    "trigger_mode": "multiple",
}
IMMEDIATE: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
PRIVATE: dict[str, Any] = {"api_visibility": "private"}

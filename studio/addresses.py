"""Where the browser loads a file from."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote


def file_url(path: Path) -> str:
    """Address of a served file, relative to the page; any letter may stand in its path."""
    return f"gradio_api/file={quote(path.as_posix())}"

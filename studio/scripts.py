"""What runs in the browser: the page's own scripts in assets/studio, and wavesurfer.js.

Gradio runs each script once with `element`, `trigger`, `props` and `watch` of its component.
"""

from __future__ import annotations

from studio.theme import ASSETS


def _read(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _served(name: str) -> str:
    return f"gradio_api/file={(ASSETS / 'wavesurfer' / name).as_posix()}"


HEAD = "".join(
    f'<script src="{_served(name)}"></script>'
    for name in ("wavesurfer.min.js", "regions.min.js", "timeline.min.js")
)
SKELETON = _read("stage.html")
LANES = "".join(_read(name) for name in ("player.js", "lanes.js", "keys.js"))
TAKES = _read("takes.js")
FLAGS = _read("flags.js")
SOUND = _read("mix.js")
LIGHT = _read("light.js")
START = _read("start.js")

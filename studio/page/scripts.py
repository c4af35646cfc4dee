"""What runs in the browser: the page's own scripts in assets/studio, and wavesurfer.js.

Gradio runs each script once with `element`, `trigger`, `props` and `watch` of its component.
"""

from __future__ import annotations

from studio.page.theme import ASSETS


def _read(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _served(name: str) -> str:
    return f"gradio_api/file={(ASSETS / 'wavesurfer' / name).as_posix()}"


_WAVESURFER = [_served(name) for name in ("wavesurfer.min.js", "regions.min.js", "timeline.min.js")]
HEAD = "".join(f'<script src="{address}"></script>' for address in _WAVESURFER)
EARLY = "".join(f'<link rel="prefetch" as="script" href="{place}">' for place in _WAVESURFER)
"""Fetched while the page waits for its first story, so that it opens sooner."""
SKELETON = _read("stage.html")
LANES = "".join(_read(name) for name in ("player.js", "lanes.js", "keys.js"))
TAKES = _read("takes.js")
FLAGS = _read("flags.js")
SOUND = _read("mix.js")
LIGHT = _read("light.js")
START = _read("start.js")

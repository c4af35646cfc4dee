"""What runs in the browser: the page's own scripts in assets/studio, and wavesurfer.js.

Gradio runs each script once with `element`, `trigger`, `props` and `watch` of its component.
"""

from __future__ import annotations

from studio.addresses import file_url
from studio.page.theme import STUDIO_ASSETS


def _read(name: str) -> str:
    return (STUDIO_ASSETS / name).read_text(encoding="utf-8")


_WAVESURFER = [
    file_url(STUDIO_ASSETS / "wavesurfer" / name)
    for name in ("wavesurfer.min.js", "regions.min.js", "timeline.min.js")
]
WAVESURFER_SCRIPTS = "".join(f'<script src="{address}"></script>' for address in _WAVESURFER)
PREFETCH = "".join(f'<link rel="prefetch" as="script" href="{place}">' for place in _WAVESURFER)
"""Fetched while the page waits for its first story, so that it opens sooner."""
STORAGE = f"<script>{_read('storage.js')}</script>"
"""Stands in for the browser's storage where that is blocked; before anything asks for it."""
TIMELINE_HTML = _read("timeline.html")
TIMELINE_JS = "".join(_read(name) for name in ("player.js", "lanes.js", "keys.js"))
TAKES_JS = _read("takes.js")
UNFAMILIAR_JS = _read("unfamiliar.js")
MIX_JS = _read("mix.js")
TAB_JS = _read("tab.js")
LIGHT_JS = _read("light.js")
START_JS = f"() => {{\n{''.join(map(_read, ('start.js', 'gradio.js', 'focus.js')))}\n}}"

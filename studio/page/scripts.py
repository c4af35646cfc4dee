"""What runs in the browser: the page's own scripts in assets/studio.

Gradio runs each script once with `element`, `trigger`, `props` and `watch` of its component.
"""

from __future__ import annotations

from studio.page.theme import STUDIO_ASSETS


def _read(name: str) -> str:
    return (STUDIO_ASSETS / name).read_text(encoding="utf-8")


HEAD = "".join(
    f"<script>{_read(name)}</script>" for name in ("storage.js", "frames.js", "edits.js")
)
"""What stands in for the browser's storage where that is blocked, what lets an idle page rest, and
what keeps edits in their order; before anything asks for them."""
TIMELINE_HTML = _read("timeline.html")
_TIMELINE = (
    "selection", "act", "scale", "room", "wave", "spectra", "block", "lanes", "snap", "drag", "ask",
    "clipboard", "marks", "menu",
    "listen", "mix_spectrum", "loop", "fader", "meters", "mixer",
    "envelopes", "fades", "strip",
)  # fmt: skip
"""The timeline's scripts; they share their names, and come after the player and before the keys."""
TIMELINE_JS = "".join(
    map(_read, ("player.js", *(f"timeline/{name}.js" for name in _TIMELINE), "keys.js"))
)
HISTORY_JS = _read("history.js")
CLIP_JS = _read("clip.js")
WAVES_JS = _read("waves.js")
SPECTRA_JS = _read("spectra.js")
MIX_SPECTRUM_JS = _read("mix_spectrum.js")
LISTENING_JS = _read("listening.js")
TAKES_JS = _read("takes.js")
PROPOSAL_JS = _read("proposal.js")
UNFAMILIAR_JS = _read("unfamiliar.js")
SOUNDS_JS = _read("sounds.js")
MIX_JS = _read("mix.js")
TAB_JS = _read("tab.js")
LIGHT_JS = _read("light.js")
MANAGE_JS = _read("manage-toggle.js")
_START = ("start.js", "brief.js", "manage.js", "gradio.js", "focus.js")
START_JS = f"() => {{\n{''.join(map(_read, _START))}\n}}"

"""The picture of the story: its outline over the events, drawn by matplotlib in theme colours.

The SVG carries the names of colour tokens instead of colours, so one picture serves the dark and
the light theme. Words are laid over it by the page (see `studio.stage`), which keeps them readable
at every width.
"""

from __future__ import annotations

import io
import re
from itertools import pairwise

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from core.story import Story
from studio.peaks import Peaks

COLUMNS = 900
_TOKENS = {
    "#000001": "var(--wave)",
    "#000002": "var(--line)",
    "#000003": "var(--mark)",
    "#000004": "var(--mark-next)",
    "#000005": "var(--wave-low)",
}
_WAVE, _LINE, _MARK, _MARK_NEXT, _LOW = _TOKENS


def waveform(story: Story, line: Peaks) -> str:
    """An SVG picture that fills any width: the outline, and each event as a band behind it.

    Args:
        line: peaks of the story over time, 0 to 1.
    """
    figure = Figure(figsize=(12, 2), facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, story.total)
    axes.set_ylim(-1.02, 1.02)
    for number, event in enumerate(story.sequence):
        shade = _MARK if number % 2 == 0 else _MARK_NEXT
        axes.axvspan(event.start, event.end, color=shade, alpha=0.35, linewidth=0)
        if number:
            axes.axvline(event.start, color=_LINE, linewidth=1)
    axes.axhline(0, color=_LOW, linewidth=0.8)
    clock = np.linspace(0, story.total, COLUMNS)
    height = _columns(line)
    axes.fill_between(clock, -height, height, color=_WAVE, linewidth=0)
    for artist in axes.get_children():
        artist.set_clip_on(False)
    return _svg(figure)


def _columns(line: Peaks) -> Peaks:
    """The outline at a fixed number of columns, loud parts kept; drawn at a power of 0.8."""
    edges = np.linspace(0, len(line), COLUMNS + 1).astype(int)
    tops = [line[a : max(b, a + 1)].max(initial=0) for a, b in pairwise(edges)]
    return np.minimum(np.asarray(tops, np.float32), 1.0) ** 0.8


def _svg(figure: Figure) -> str:
    """The figure as inline SVG: colour tokens in, sizes and ids out."""
    file = io.StringIO()
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r"<defs>\s*<style.*?</defs>", "", text, count=1, flags=re.S)
    text = re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>',
        r'<svg viewBox="\1" preserveAspectRatio="none" aria-hidden="true" focusable="false">',
        text,
        count=1,
        flags=re.S,
    )
    text = re.sub(r' id="[^"]*"', "", text)
    for colour, token in _TOKENS.items():
        text = text.replace(colour, token)
    return text

"""What is wrong with a page as it is shown: what axe-core finds, what is cut off, what scrolls
sideways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "axe" / "axe.min.js"
GRAVE = """async ([part, rules]) => {
  const options = {resultTypes: ['violations'], preload: false};
  if (rules.length) options.runOnly = rules;
  const {violations} = await axe.run(part || document, options);
  return violations.filter(({impact}) => ['serious', 'critical'].includes(impact))
    .map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html.slice(0, 200)).join(' | ')}`);
}"""
MISFITS = """() => {
  const says = (e) => e.getAttribute('aria-label') || e.textContent.slice(0, 20);
  const name = (e) => [e.tagName, e.closest('[id]')?.id, says(e)];
  const scrolls = (e) => e.scrollWidth > e.clientWidth && e.clientWidth
    && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
    && !e.closest('#events, .lanes, .channels');
  const shown = (e) => {
    const box = e.getBoundingClientRect();
    let [left, right] = [box.left, box.right];
    for (let p = e.parentElement; p; p = p.parentElement) {
      if (getComputedStyle(p).overflowX === 'visible') continue;
      left = Math.max(left, p.getBoundingClientRect().left);
      right = Math.min(right, p.getBoundingClientRect().right);
    }
    return right - left;
  };
  const cut = (e) => e.checkVisibility({opacityProperty: true})
    && !e.closest('#events, .marks, .channels, .sr-only, .toast-body')
    && (shown(e) < 12 || shown(e) < 0.9 * e.getBoundingClientRect().width);
  const page = document.documentElement;
  return [
    ...[...document.querySelectorAll('*')].filter(scrolls).map(name),
    ...[...document.querySelectorAll('button, input, textarea')].filter(cut).map(name),
    ...(page.scrollWidth > page.clientWidth ? ['the page'] : []),
  ];
}"""
"""What scrolls sideways (only the table, the lanes and the mixer may, within themselves) and the
controls that are cut off (but for messages, which slide in, and what is scrolled out of view)."""


def grave_findings(page: Page, part: str = "", rules: Sequence[str] = ()) -> list[str]:
    """What axe-core calls serious or critical.

    Args:
        part: of the page that it looks at; empty: all of it.
        rules: those that it looks for; none: all.
    """
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(GRAVE, [part, list(rules)])
    return found


def misfits(page: Page) -> list[object]:
    """What is cut off, and what scrolls sideways."""
    found: list[object] = page.evaluate(MISFITS)
    return found

"""A headless Chromium for tests, and what they ask of a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

CONTRAST = """
() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
  const linear = v => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) return c;
    }
    return [255, 255, 255, 1];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement;
    if (!n.data.trim() || ['TITLE', 'DESC', 'STYLE'].includes(e.tagName.toUpperCase())) continue;
    const style = getComputedStyle(e), ink = parse(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), n.data.trim().slice(0, 40), parseFloat(style.fontSize)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}
"""
"""Contrast of every text with what lies behind it, the worst first, with the text and its size."""

MARKS = """
figure => [...figure.querySelectorAll('svg.track use, svg.curves use')].map(mark => {
  const m = mark.getBoundingClientRect(), box = mark.ownerSVGElement.getBoundingClientRect();
  return m.width > 3 && m.height > 3 && m.left + m.width / 2 >= box.left - 6 && m.left + m.width / 2 <= box.right + 6;
})
"""
"""For each mark of a figure, whether it is drawn and stands within its picture."""

OVER = """
() => [...document.querySelectorAll('main *')].filter(e => {
  const inside = e.closest('.scroll') && !e.matches('.scroll');
  return !inside && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && e.checkVisibility();
}).map(e => e.outerHTML.slice(0, 120))
"""
"""What sticks out to the right of the page, but for what scrolls inside its own box."""


def executable() -> str:
    """Where Chromium is; without one the test is skipped, or fails where `CI` is set."""
    override = os.environ.get("CHROMIUM", "")
    program = next((path for name in (override, *NAMES) if name and (path := shutil.which(name))), "")
    if not program:
        reason = f"no Chromium found (looked for {', '.join(NAMES)} and at $CHROMIUM)"
        if os.environ.get("CI", "").lower() in ("true", "1"):
            pytest.fail(f"{reason}; install it, for example with: apt-get install -y chromium")
        pytest.skip(reason)
    return program


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1200, dark: bool = False, media: str = "screen"
) -> Iterator[tuple[Page, list[str]]]:
    """A file in a window, and all that went on beside showing it: console lines, errors, dialogs, other requests."""
    page = browser.new_page(viewport=ViewportSize(width=width, height=900), color_scheme="dark" if dark else "light")
    heard: list[str] = []
    page.on("console", lambda line: heard.append(f"console {line.type}: {line.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: heard.append(f"request: {request.url}"))
    page.emulate_media(media="print" if media == "print" else "screen")
    try:
        page.goto(path.as_uri())
        heard.remove(f"request: {path.as_uri()}")
        yield page, heard
    finally:
        page.close()

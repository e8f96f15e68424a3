"""Every page of the built book, opened from disk in Chromium, and the judge tried on liars."""

import importlib.metadata
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync"""
WIDTHS = (390, 1300)
LOCAL = ("file:", "data:", "blob:")
MATHJAX = "sphinx-mathjax-offline/static/mathjax/tex-svg-full.js"

WAIT = "() => window.MathJax?.startup?.promise?.then(() => null)"
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"
FAULTS_IN_TEXT = r"""() => {
  const raw = /\$\$|\$[^$\n]+\$|\\[A-Za-z(\[]|\(eq-\w+\)/;
  const code = 'code, pre, script, style, noscript, textarea, mjx-container';
  const address = / at 0x[0-9a-f]{6,}/;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (raw.test(text.data) && !text.parentElement.closest(code))
      found.push('raw TeX: ' + text.data.trim().slice(0, 80));
    if (address.test(text.data) && !text.parentElement.closest('script'))
      found.push('an address of memory: ' + text.data.trim().slice(0, 80));
  }
  const wrong = 'mjx-merror, merror, [data-mml-node=merror], [data-mjx-error], '
    + 'mjx-container [data-mml-node=mtext][fill=red]';
  for (const node of document.querySelectorAll(wrong))
    found.push('MathJax error: ' + (node.dataset.mjxError ?? node.outerHTML.slice(0, 80)));
  return found;
}"""


def faults(page: Page, path: Path) -> list[str]:
    """What is wrong with a page, in words; an empty list if nothing is."""
    found: list[str] = []
    page.on("console", lambda m: found.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: found.append(f"script error: {error}"))
    page.on("requestfailed", lambda request: found.append(f"failed request: {request.url}"))
    page.on("request", lambda r: None if r.url.startswith(LOCAL) else found.append(f"net: {r.url}"))
    page.goto(path.as_uri(), wait_until="load", timeout=60_000)
    page.evaluate(WAIT)
    found += page.evaluate(FAULTS_IN_TEXT)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if (excess := page.evaluate(OVERFLOW)) > 0:
            found.append(f"{excess} px too wide at {width} px")
    return found


@pytest.fixture(scope="module")
def browser(lacking: Callable[[str], None]) -> Iterator[Browser]:
    """A headless Chromium with a fresh profile."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        lacking("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=FLAGS.split())
        yield opened
        opened.close()


@pytest.fixture
def judge(browser: Browser) -> Callable[[Path], list[str]]:
    """Judges one page after another, each in a context of its own."""

    def judge(path: Path) -> list[str]:
        with browser.new_context() as context:
            return faults(context.new_page(), path)

    return judge


def test_every_page_is_sound(built_pages: list[Path], judge):
    found = {path.name: wrong for path in built_pages if (wrong := judge(path))}
    assert found == {}


LIARS = {
    "raw TeX": "<p>where $$ x $$ is</p>",
    "raw TeX: \\frac": "<p>\\frac{a}{b}</p>",
    "raw TeX: see (eq-3)": "<p>see (eq-3)</p>",
    "an address of memory": "<pre>&lt;Legend at 0x7f3f0c2b1d50&gt;</pre>",
    "net: https://example.org/i.png": '<img src="https://example.org/i.png">',
    "console: wrong": "<script>console.error('wrong')</script>",
    "script error: wrong": "<script>throw new Error('wrong')</script>",
    "failed request": '<script src="missing.js"></script>',
    "px too wide at 390 px": '<p style="width: 800px">wide</p>',
    "px too wide at 1300 px": '<p style="width: 1400px">wide</p>',
    "MathJax error": "<script defer src='mathjax.js'></script><p>\\(\\frac{a}\\)</p>",
    "MathJax error: <g": "<script defer src='mathjax.js'></script><p>\\(\\nosuch\\)</p>",
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes one page, beside a copy of MathJax."""

    def write(body: str) -> Path:
        mathjax = importlib.metadata.distribution("sphinx-mathjax-offline").locate_file(MATHJAX)
        shutil.copy(str(mathjax), tmp_path / "mathjax.js")
        page = tmp_path / "page.html"
        page.write_text(f"<!doctype html><link rel='icon' href='data:,'><body>{body}</body>")
        return page

    return write


@pytest.mark.parametrize("expected", LIARS)
def test_a_liar_is_caught(judge, write, expected: str):
    found = judge(write(LIARS[expected]))
    assert any(expected in fault for fault in found), found


def test_a_sound_page_passes(judge, write):
    body = """<script defer src='mathjax.js'></script><p>\\(\\frac{a}{b} + \\boldsymbol{c}\\)</p>
        <pre>$$ \\frac $$</pre><a href="https://example.org">there</a>"""
    assert judge(write(body)) == []

"""The built book needs no network: nothing in it is fetched from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

FETCHED = {"src", "srcset", "data", "poster", "background"}
REMOTE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
REMOTE_CSS = re.compile(
    r"(?:url\(\s*['\"]?|@import\s+['\"])(?:https?:)?//[^'\")\s]*", re.IGNORECASE
)


class Scan(HTMLParser):
    """Collects what a page would fetch from another machine; links to follow are fine."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            fetched = name in FETCHED or (name == "href" and tag not in {"a", "area"})
            if fetched and value and REMOTE.match(value):
                self.found.append(f"<{tag} {name}={value}>")


def remote_assets(path: Path) -> list[str]:
    text = path.read_text("utf-8")
    scan = Scan()
    if path.suffix == ".html":
        scan.feed(text)
    return scan.found + REMOTE_CSS.findall(text)


def test_no_page_fetches_anything(built_pages: list[Path]):
    html = built_pages[0].parent
    files = built_pages + sorted((html / "_static").rglob("*.css"))
    found = {path.name: remote for path in files if (remote := remote_assets(path))}
    assert found == {}


LIARS = {
    "script.html": '<script src="https://example.org/thebe.js"></script>',
    "no-scheme.html": '<img src="//example.org/i.png">',
    "style.html": '<link rel="stylesheet" href="http://example.org/s.css">',
    "inline.html": "<p style=\"background: url('https://example.org/i.png')\">text</p>",
    "import.css": '@import "https://example.org/s.css";',
    "font.css": "@font-face { src: url(https://example.org/f.woff2) }",
}


@pytest.mark.parametrize("name", LIARS)
def test_the_scan_finds(tmp_path: Path, name: str):
    (tmp_path / name).write_text(LIARS[name])
    assert len(remote_assets(tmp_path / name)) == 1


def test_the_scan_lets_links_and_local_files_pass(tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text('<a href="https://example.org">there</a><img src="a/b.png"><script></script>')
    assert remote_assets(page) == []

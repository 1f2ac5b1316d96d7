"""The documentation is built as 'make docs' builds it, and every link in it leads somewhere."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from served import ROOT

import kizu

pytestmark = pytest.mark.slow  # the documentation takes a quarter of a minute to build

LONGEST_BUILD_S = 300  # some 15 s of one core; a machine may be busy


@dataclass
class Page(HTMLParser):
    """What a page points at, what it loads, and what can be pointed at."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    language: str = ""

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.anchors |= {said[name] for name in ("id", "name") if said.get(name)}
        if tag == "html":
            self.language = said.get("lang")
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        if tag == "link" and said.get("rel") in {"stylesheet", "icon"}:
            self.loaded.append(said["href"])
        if "src" in said:
            self.loaded.append(said["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages by their files."""
    folder = tmp_path_factory.mktemp("site")
    build = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST_BUILD_S,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    pages = {}
    for file in folder.rglob("*.html"):
        pages[file] = Page()
        pages[file].feed(file.read_text(encoding="utf-8"))
    return folder, pages


def dangling(file: Path, address: str, pages: dict[Path, Page]) -> bool:
    """Whether an address on a page leads to no file, or to no place in it."""
    place, anchor = urldefrag(address)
    target = (file.parent / unquote(place)).resolve() if place else file
    if target.is_dir():
        target /= "index.html"
    if target not in pages:
        return not target.is_file()
    return bool(anchor) and unquote(anchor) not in pages[target].anchors


def test_every_link_leads_to_a_page_and_to_a_place_on_it(site):
    _, pages = site
    wrong = {
        (file.name, address)
        for file, page in pages.items()
        if file.name != "404.html"  # its links begin at the server's root
        for address in page.links + page.loaded
        if not urlsplit(address).scheme and dangling(file, address, pages)
    }
    assert wrong == set()


def test_pages_load_nothing_from_elsewhere(site):
    _, pages = site
    elsewhere = {
        address
        for page in pages.values()
        for address in page.loaded
        if urlsplit(address).scheme not in {"", "data"}
    }
    assert elsewhere == set()


def test_the_reference_of_python_has_every_public_name(site):
    folder, pages = site
    text = (folder / "reference" / "python.html").read_text(encoding="utf-8")
    assert {name for name in kizu.__all__ if f"kizu.{name}" not in text} == set()
    assert len(pages) > len(list((ROOT / "docs").rglob("*.md")))


def test_pages_are_marked_with_their_language_and_lead_to_the_other_one(site):
    folder, pages = site
    for file in (ROOT / "docs" / "ja").glob("*.md"):
        japanese, english = folder / "ja" / f"{file.stem}.html", folder / f"{file.stem}.html"
        assert pages[japanese].language == "ja"
        assert pages[english].language == "en"
        assert f"../{file.stem}.html" in pages[japanese].links
        assert f"ja/{file.stem}.html" in pages[english].links
    assert "Only in English so far" in (folder / "versions.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "README.ja.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_files_beside_the_documentation_link_to_files_that_are_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    places = {urldefrag(link)[0] for link in re.findall(r"\]\(([^)]+)\)", text)}
    files = {place for place in places if place and not urlsplit(place).scheme}
    assert {place for place in files if not (ROOT / place).exists()} == set()

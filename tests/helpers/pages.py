"""A page taken apart: its tables, numbers, links and anchors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from advocate_evals.analysis.findings import Findings
from advocate_evals.report.excerpts import DEFAULT_VIEWER, Excerpt, build_viewer
from advocate_evals.report.html_page import render_page
from advocate_evals.report.number_rows import read_published_studies

VOID = {"meta", "br", "line", "use", "path", "circle", "hr", "img", "link"}


def rendered(
    findings: Findings,
    *,
    text: str = "What it wrote.",
    base: str = DEFAULT_VIEWER,
    excerpts: Sequence[Excerpt] | None = None,
) -> str:
    """The page of some findings, every example with the same text."""
    all_excerpts = (
        [Excerpt(example=example, act="send mail", text=text) for example in findings.examples]
        if excerpts is None
        else excerpts
    )
    return render_page(
        findings, all_excerpts, read_published_studies(), build_viewer([log.log for log in findings.sources.logs], base)
    )


@dataclass
class Parts(HTMLParser):
    """What a page is made of."""

    values: list[float] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    """Text of each cell for a number."""
    valued: list[bool] = field(default_factory=list)
    """Whether it holds a number as a number."""
    texts: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes.items()]
        if tag not in VOID:
            self._open.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes["href"])
        if tag == "td" and attributes.get("class") == "num":
            self._cell = True
            self.cells.append("")
            self.valued.append(False)
        if tag == "data":
            self.values.append(float(attributes["value"]))
        if self._cell and (tag == "data" or "data-lower" in attributes):
            self.valued[-1] = True
        self.bounds += [float(attributes[name]) for name in ("data-lower", "data-upper") if attributes.get(name)]

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"
        self._cell = self._cell and tag != "td"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._cell:
            self.cells[-1] += data


def parts(text: str) -> Parts:
    """A page taken apart; fails where an element is not closed."""
    page = Parts()
    page.feed(text)
    page.close()
    assert page._open == []
    return page

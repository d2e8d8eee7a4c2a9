"""Findings as one self-contained HTML page: no script, no resource from elsewhere, every text escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from advocate_evals.catalogue.baselines import Baselines
from advocate_evals.results.answers import Verdict
from advocate_evals.results.excerpts import Excerpt
from advocate_evals.results.findings import Findings
from advocate_evals.results.report import words
from advocate_evals.results.report.drawing import Drawing, drawing
from advocate_evals.results.report.links import Viewer
from advocate_evals.results.report.published import Published, published
from advocate_evals.results.report.scales import Axis, axis
from advocate_evals.results.report.sections import PARTS, Part
from advocate_evals.results.shown import Table, Unit

_TONES = {"CONFIRMED": "good", "CONFIRMED-SMALL": "good", "REFUTED": "bad", "REVERSED": "bad"}


@cache
def _templates() -> Environment:
    loader = PackageLoader("advocate_evals.results.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def page(findings: Findings, excerpts: Sequence[Excerpt], studies: Sequence[Baselines], viewer: Viewer) -> str:
    """The page.

    Args:
        findings: What was found.
        excerpts: Of its examples, those to show, with what was written in them.
        studies: Published figures to stand beside it.
        viewer: Where episodes can be opened.
    """
    counts = findings.sources.counts
    template = _templates().get_template("page.html.j2")
    return _bearable(
        template.render(
            found=findings,
            words=words,
            style=Markup(_style()),
            parts=[_part(part, findings, excerpts, viewer) for part in PARTS],
            claims=_claims(findings),
            studies=[_study(study) for study in studies],
            scored={"value": counts.get("scored", 0), "of": sum(log.episodes for log in findings.sources.logs)},
            models=[model for model in findings.sources.models if model not in findings.sources.standins],
            methods=tuple(dict.fromkeys(verdict.method for verdict in findings.verdicts if verdict.method)),
            command=f"inspect view --log-dir {viewer.folder or 'FOLDER'}",
            viewer=viewer,
            tone=lambda word: _TONES.get(word, "open"),
            numeric=_numeric,
        )
    )


@cache
def _style() -> str:
    loader = _templates().loader
    assert loader is not None
    source, _, _ = loader.get_source(_templates(), "style.css")
    return re.sub(r"\s*\n\s*", "\n", source)


def _bearable(text: str) -> str:
    """HTML without what may stand in no document: control characters and lone surrogates."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)


@dataclass(frozen=True, slots=True)
class _Example:
    excerpt: Excerpt
    link: str


@dataclass(frozen=True, slots=True)
class _Shown:
    drawing: Drawing
    caveat: str
    examples: tuple[_Example, ...]


@dataclass(frozen=True, slots=True)
class _Filled:
    section: str
    heading: str
    asks: str
    fill: str
    figures: tuple[_Shown, ...]
    tables: tuple[Table, ...]

    @property
    def blank(self) -> bool:
        return not self.figures and not self.tables


def _part(part: Part, findings: Findings, excerpts: Sequence[Excerpt], viewer: Viewer) -> _Filled:
    figures = []
    for figure in findings.figures_of(part.section):
        own = tuple(_Example(one, _link(one, viewer)) for one in excerpts if one.example.figure == figure.key)
        figures.append(_Shown(drawing(figure), words.CAVEATS.get(part.section, ""), own))
    return _Filled(
        part.section, part.heading, part.asks, part.fill, tuple(figures), tuple(findings.tables_of(part.section))
    )


def _link(excerpt: Excerpt, viewer: Viewer) -> str:
    one = excerpt.example
    return viewer.episode(one.log, one.sample_id, one.epoch)


@dataclass(frozen=True, slots=True)
class _Line:
    """A verdict on the page."""

    verdict: Verdict
    unit: Unit
    outcome_unit: Unit
    axis: Axis

    at = property(lambda self: self.axis.at(self.verdict.value))
    low = property(lambda self: self.axis.at(self.verdict.lower))
    high = property(lambda self: self.axis.at(self.verdict.upper))

    @property
    def told(self) -> str:
        one = self.verdict
        estimate = words.with_bounds(one.value, one.lower, one.upper, self.unit)
        return f"{one.model}: {one.word}, {estimate}"


def _claims(findings: Findings) -> list[dict[str, object]]:
    """The verdicts by prediction, in their order, on one axis for each unit."""
    sources = {one.name: one.source for one in findings.predictions}
    units = [words.verdict_unit(verdict.outcome) for verdict in findings.verdicts]
    axes = {
        unit: axis(_ends(v for v, u in zip(findings.verdicts, units, strict=True) if u == unit), unit) for unit in units
    }
    grouped: dict[str, list[_Line]] = {}
    for verdict, unit in zip(findings.verdicts, units, strict=True):
        line = _Line(verdict, unit, words.outcome_unit(verdict.outcome), axes[unit])
        grouped.setdefault(verdict.prediction, []).append(line)
    return [
        {
            "title": lines[0].verdict.title,
            "claim": lines[0].verdict.claim,
            "source": sources.get(name, ""),
            "registered": any(line.verdict.registered for line in lines),
            "verdicts": lines,
            "axis": lines[0].axis,
        }
        for name, lines in grouped.items()
    ]


def _ends(verdicts: Iterable[Verdict]) -> list[float | None]:
    return [value for verdict in verdicts for value in (verdict.value, verdict.lower, verdict.upper)]


@dataclass(frozen=True, slots=True)
class _Study:
    record: Baselines
    rates: tuple[Published, ...]

    @property
    def range(self) -> str:
        shares = [one.rate.share for one in self.rates]
        low, high = words.number(min(shares), "share"), words.number(max(shares), "share")
        return f"{low.removesuffix(' %')} to {high}" if low != high else low


def _study(study: Baselines) -> _Study:
    return _Study(study, published([study]))


def _numeric(table: Table, column: int) -> bool:
    return any(isinstance(row[column], int | float) and not isinstance(row[column], bool) for row in table.rows)

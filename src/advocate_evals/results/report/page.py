"""Findings as one self-contained HTML page: no script, no resource from elsewhere, every text escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from advocate_evals.catalogue.baselines import Baselines
from advocate_evals.results.answers import Verdict
from advocate_evals.results.excerpts import Excerpt
from advocate_evals.results.findings import Findings
from advocate_evals.results.report import words
from advocate_evals.results.report.drawing import Drawing, chances, drawing
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
            files=_files(findings),
            studies=[_study(study) for study in studies],
            scored={"value": counts.get("scored", 0), "of": sum(log.episodes for log in findings.sources.logs)},
            models=[model for model in findings.sources.models if model not in findings.sources.standins],
            methods=tuple(dict.fromkeys(verdict.method for verdict in findings.verdicts if verdict.method)),
            command=f"inspect view --log-dir {viewer.folder or 'FOLDER'}",
            viewer=viewer,
            tone=lambda word: _TONES.get(word, "open"),
            numeric=_numeric,
            coded=_coded,
            chances=chances,
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


@dataclass(frozen=True, slots=True)
class _Claim:
    """A prediction with its verdicts."""

    lines: tuple[_Line, ...]

    @property
    def first(self) -> Verdict:
        return self.lines[0].verdict

    @property
    def axis(self) -> Axis:
        return self.lines[0].axis

    @property
    def tested(self) -> bool:
        return any(line.verdict.reason != "data" for line in self.lines)

    @property
    def registered(self) -> bool:
        return any(line.verdict.registered for line in self.lines)


@dataclass(frozen=True, slots=True)
class _File:
    """A file of predictions with what came of them."""

    name: str
    source: str
    registered: str
    claims: tuple[_Claim, ...]

    @property
    def tested(self) -> list[_Claim]:
        return [claim for claim in self.claims if claim.tested]

    @property
    def untested(self) -> list[_Claim]:
        return [claim for claim in self.claims if not claim.tested]


def _files(findings: Findings) -> list[_File]:
    """The verdicts by file and prediction, the file that the headline speaks of at the top; one axis for each unit."""
    units = [words.verdict_unit(verdict.outcome) for verdict in findings.verdicts]
    axes = {
        unit: axis(_ends(v for v, u in zip(findings.verdicts, units, strict=True) if u == unit), unit) for unit in units
    }
    grouped: dict[str, dict[str, list[_Line]]] = {}
    for verdict, unit in zip(findings.verdicts, units, strict=True):
        line = _Line(verdict, unit, words.outcome_unit(verdict.outcome), axes[unit])
        grouped.setdefault(verdict.file, {}).setdefault(verdict.prediction, []).append(line)
    about = {one.file: (one.source, one.registered) for one in findings.predictions}
    made = [
        _File(file, *about.get(file, ("", "")), tuple(_Claim(tuple(lines)) for lines in claims.values()))
        for file, claims in grouped.items()
    ]
    spoken = {verdict.file for verdict in findings.verdicts if verdict.sentence in findings.headline.sure}
    return sorted(made, key=lambda one: (one.name not in spoken, not one.tested, one.registered, one.name))


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


def _coded(text: str) -> Markup:
    """Text in which what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _numeric(table: Table, column: int) -> bool:
    return any(isinstance(row[column], int | float) and not isinstance(row[column], bool) for row in table.rows)

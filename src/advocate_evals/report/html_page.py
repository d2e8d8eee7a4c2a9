"""Findings as one self-contained HTML page: no script, no resource from elsewhere, every text escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from advocate_evals.analysis.findings import Findings, ReportTable, TestedPrediction, ValueUnit, Verdict
from advocate_evals.analysis.verdict_wording import explain_reason
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.report import number_format
from advocate_evals.report.chart_layout import ChartLayout, ValueAxis, build_axis, has_probability_axis, layout_chart
from advocate_evals.report.excerpts import Excerpt, LogViewer
from advocate_evals.report.number_format import format_number, format_with_bounds, verdict_unit
from advocate_evals.report.number_rows import PublishedFigure, PublishedStudy, published_figures
from advocate_evals.report.report_sections import SectionTexts, shown_sections
from advocate_evals.safe_text import clean_document
from advocate_evals.statistics.verdict_rule import (
    CONFIRMED,
    CONFIRMED_SMALL,
    REFUTED,
    REVERSED,
    VERDICT_TEXTS,
    VerdictLabel,
)

_TONES: Mapping[VerdictLabel, str] = {CONFIRMED: "good", CONFIRMED_SMALL: "good", REFUTED: "bad", REVERSED: "bad"}
"""CSS class of a label; `open` for the others."""


@cache
def _templates() -> Environment:
    loader = PackageLoader("advocate_evals.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render_page(
    findings: Findings, excerpts: Sequence[Excerpt], studies: Sequence[PublishedStudy], viewer: LogViewer
) -> str:
    """The page.

    Args:
        findings: What was found.
        excerpts: Of its examples, those to show, with what was written in them.
        studies: Published figures to stand beside it.
        viewer: Where episodes can be opened.
    """
    counts, sources = findings.sources.counts, findings.sources
    template = _templates().get_template("page.html.j2")
    return clean_document(
        template.render(
            findings=findings,
            number_format=number_format,
            explain_reason=explain_reason,
            verdict_texts=VERDICT_TEXTS,
            style=Markup(_read_style()),
            sections=[_build_section(texts, findings, excerpts, viewer) for texts in shown_sections(findings)],
            prediction_files=_build_files(findings),
            studies=[_PublishedStudy(study, published_figures([study])) for study in studies],
            scored_count=counts.get("scored", 0),
            episode_count=sum(log.episodes for log in sources.logs),
            models=[model for model in sources.models if model not in (*sources.standins, *sources.people)],
            methods=tuple(dict.fromkeys(verdict.method for verdict in findings.verdicts if verdict.method)),
            view_command=f"inspect view --log-dir {viewer.folder or 'FOLDER'}",
            viewer=viewer,
            tone=lambda label: _TONES.get(label, "open"),
            is_numeric=_is_numeric,
            mark_code=_mark_code,
            has_probability_axis=has_probability_axis,
        )
    )


@cache
def _read_style() -> str:
    loader = _templates().loader
    assert loader is not None
    source, _, _ = loader.get_source(_templates(), "style.css")
    return re.sub(r"\s*\n\s*", "\n", source)


@dataclass(frozen=True, slots=True)
class _LinkedExcerpt:
    """An excerpt with the address at which the viewer opens its episode."""

    excerpt: Excerpt
    link: str


@dataclass(frozen=True, slots=True)
class _SectionChart:
    """A chart of a section with what belongs to it."""

    layout: ChartLayout
    caveat: str
    examples: tuple[_LinkedExcerpt, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """A section of the page."""

    texts: SectionTexts
    charts: tuple[_SectionChart, ...]
    tables: tuple[ReportTable, ...]

    @property
    def is_blank(self) -> bool:
        return not self.charts and not self.tables


def _build_section(texts: SectionTexts, findings: Findings, excerpts: Sequence[Excerpt], viewer: LogViewer) -> _Section:
    charts = []
    for chart in findings.charts_in(texts.section):
        examples = tuple(
            _LinkedExcerpt(excerpt, _link_episode(excerpt, viewer))
            for excerpt in excerpts
            if excerpt.example.chart == chart.key
        )
        charts.append(_SectionChart(layout_chart(chart), texts.caveat, examples))
    return _Section(texts, tuple(charts), tuple(findings.tables_in(texts.section)))


def _link_episode(excerpt: Excerpt, viewer: LogViewer) -> str:
    example = excerpt.example
    return viewer.episode(example.log, example.sample_id, example.epoch)


@dataclass(frozen=True, slots=True)
class _VerdictLine:
    """A verdict on the page, with its places on the axis of its claim."""

    verdict: Verdict
    unit: ValueUnit
    """Unit of the estimate."""
    axis: ValueAxis

    @property
    def outcome_unit(self) -> ValueUnit:
        """Unit of the rates of the arms."""
        return OUTCOMES[self.verdict.outcome].unit

    @property
    def position(self) -> float | None:
        return self.axis.at(self.verdict.value)

    @property
    def low(self) -> float | None:
        return self.axis.at(self.verdict.lower)

    @property
    def high(self) -> float | None:
        return self.axis.at(self.verdict.upper)

    @property
    def alt_text(self) -> str:
        verdict = self.verdict
        estimate = format_with_bounds(verdict.value, verdict.lower, verdict.upper, self.unit)
        return f"{verdict.model}: {verdict.label}, {estimate}"


@dataclass(frozen=True, slots=True)
class _ClaimVerdicts:
    """A prediction with its verdicts."""

    lines: tuple[_VerdictLine, ...]

    @property
    def first(self) -> Verdict:
        return self.lines[0].verdict

    @property
    def axis(self) -> ValueAxis:
        return self.lines[0].axis

    @property
    def is_tested(self) -> bool:
        return any(line.verdict.reason != "data" for line in self.lines)

    @property
    def is_registered(self) -> bool:
        return any(line.verdict.registered for line in self.lines)


@dataclass(frozen=True, slots=True)
class _FileVerdicts:
    """A file of predictions with its verdicts."""

    name: str
    source: str
    registered: str
    claims: tuple[_ClaimVerdicts, ...]

    @property
    def tested(self) -> list[_ClaimVerdicts]:
        return [claim for claim in self.claims if claim.is_tested]

    @property
    def untested(self) -> list[_ClaimVerdicts]:
        return [claim for claim in self.claims if not claim.is_tested]


def _build_files(findings: Findings) -> list[_FileVerdicts]:
    """The verdicts by file and prediction, the file of the headline at the top; one axis for each unit."""
    axes = {unit: _build_unit_axis(findings.verdicts, unit) for unit in map(_unit_of, findings.verdicts)}
    by_file: dict[str, dict[str, list[_VerdictLine]]] = {}
    for verdict in findings.verdicts:
        unit = _unit_of(verdict)
        line = _VerdictLine(verdict, unit, axes[unit])
        by_file.setdefault(verdict.file, {}).setdefault(verdict.prediction, []).append(line)
    predictions = {prediction.file: prediction for prediction in findings.predictions}
    files = [_build_file(file, claims, predictions.get(file)) for file, claims in by_file.items()]
    headline_file = findings.headline.file
    return sorted(files, key=lambda file: (file.name != headline_file, not file.tested, file.registered, file.name))


def _build_file(
    name: str, claims: Mapping[str, list[_VerdictLine]], prediction: TestedPrediction | None
) -> _FileVerdicts:
    return _FileVerdicts(
        name,
        prediction.source if prediction else "",
        prediction.registered if prediction else "",
        tuple(_ClaimVerdicts(tuple(lines)) for lines in claims.values()),
    )


def _unit_of(verdict: Verdict) -> ValueUnit:
    return verdict_unit(verdict.outcome)


def _build_unit_axis(verdicts: Iterable[Verdict], unit: ValueUnit) -> ValueAxis:
    """An axis that holds every verdict of a unit."""
    same_unit = [verdict for verdict in verdicts if _unit_of(verdict) == unit]
    values = [value for verdict in same_unit for value in (verdict.value, verdict.lower, verdict.upper)]
    return build_axis(values, unit)


@dataclass(frozen=True, slots=True)
class _PublishedStudy:
    """A published study with its figures."""

    record: PublishedStudy
    rates: tuple[PublishedFigure, ...]

    @property
    def range(self) -> str:
        shares = [figure.rate.share for figure in self.rates]
        low, high = format_number(min(shares), "share"), format_number(max(shares), "share")
        return f"{low.removesuffix(' %')} to {high}" if low != high else low


def _mark_code(text: str) -> Markup:
    """Text in which what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _is_numeric(table: ReportTable, column: int) -> bool:
    return any(isinstance(row[column], int | float) and not isinstance(row[column], bool) for row in table.rows)

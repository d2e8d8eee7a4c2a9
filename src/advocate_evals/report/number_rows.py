"""Every number of a report, a row each, as CSV and within the JSON, with published figures beside ours."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, model_validator

from advocate_evals.analysis.findings import Chart, Findings, FiniteNumber, ReportTable, TableCell, Verdict
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.records import Record
from advocate_evals.report.number_format import verdict_unit
from advocate_evals.safe_text import escape_csv_cell
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import read_record
from advocate_evals.scenarios.shared_schema import Text

EvidenceKind = Literal["full", "excerpt", "repository", "secondary"]
"""What a figure was taken from: the publication read in full; its abstract or an excerpt; code, data or an issue of its
authors; somebody else's page about it."""

EVIDENCE_TEXTS: dict[EvidenceKind, str] = {
    "full": "read in full",
    "excerpt": "excerpt",
    "repository": "repository",
    "secondary": "secondary source",
}
"""The same in up to three words, for a table."""


class PublishedRate(Record):
    """How often something happened, as published."""

    condition: Text
    """What the subject met, in a few words."""
    model: Text
    """The subject, or over how many subjects it is a mean."""
    outcome: Text
    """What happened."""
    share: Annotated[float, Field(ge=0, le=1)]
    """How often, 0 to 1, as published."""
    n: Annotated[int, Field(ge=1)] | None = None
    """Episodes it is a share of; none where that is not said, or where it is a mean over models."""
    evidence: EvidenceKind
    """What the figure was taken from."""
    source: Annotated[str, Field(pattern=r"^https://\S+$")]
    """Where."""
    note: str = ""
    """What a reader must know about this figure."""


class PublishedStudy(Record):
    """`baselines/<study>.yaml`: the figures of one study."""

    canary: Text
    """The canary string."""
    study: Text
    """Authors and year, as a table names it."""
    title: Text
    """Title."""
    year: Annotated[int, Field(ge=2020, le=2100)]
    """Year of publication."""
    closest: bool = False
    """Whether it asks our question closely enough to be shown first."""
    about: Text
    """What was done, in a sentence or two."""
    limits: Text
    """Why its figures cannot be pooled with ours."""
    rates: Annotated[tuple[PublishedRate, ...], Field(min_length=1)]
    """The figures."""

    @model_validator(mode="after")
    def _once(self) -> PublishedStudy:
        keys = [(rate.condition, rate.model, rate.outcome) for rate in self.rates]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise ValueError(f"rates: given twice: {sorted(repeated)}")
        return self


@cache
def read_published_studies() -> tuple[PublishedStudy, ...]:
    """All published figures, the studies closest to ours first, then by age.

    Raises:
        DatasetError: for a file that breaks a rule.
    """
    paths = sorted((dataset_reader.DATASETS / "baselines").glob("*.yaml"))
    return tuple(
        sorted(
            (read_record(path, PublishedStudy) for path in paths),
            key=lambda study: (not study.closest, study.year, study.study),
        )
    )


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One published figure."""

    study: str
    """The study."""
    rate: PublishedRate
    """What it says."""
    lower: float | None
    """Lower bound of a Wilson interval at 95 %, computed here; none without a number of episodes."""
    upper: float | None
    """Upper bound."""

    @property
    def evidence(self) -> str:
        """What it was taken from, in words."""
        return EVIDENCE_TEXTS[self.rate.evidence]


def published_figures(studies: Iterable[PublishedStudy]) -> tuple[PublishedFigure, ...]:
    """Every figure of the studies, in their order.

    The interval takes the episodes as independent, which repeats of one template are not: it is too narrow if anything.
    """
    return tuple(_add_interval(study.study, rate) for study in studies for rate in study.rates)


def _add_interval(study: str, rate: PublishedRate) -> PublishedFigure:
    if rate.n is None:
        return PublishedFigure(study, rate, None, None)
    from scipy.stats import binomtest

    interval = binomtest(round(rate.share * rate.n), rate.n).proportion_ci(method="wilson")
    return PublishedFigure(study, rate, float(interval.low), float(interval.high))


class NumberRow(Record):
    """A number with what it is the number of; a field that has no meaning for it is empty."""

    section: str
    """Part of the report."""
    figure: str
    """Key of the figure or table, or `verdict.` and the prediction."""
    model: str = ""
    """The subject."""
    standin: bool = False
    """Whether that is a script, whose figures say nothing about any model."""
    registered: bool = False
    """Whether a registered prediction covers it."""
    scope: str = ""
    """Of a verdict's numbers: `plots_played` or `plots_like_these`."""
    series: str = ""
    """The series within the figure."""
    label: str = ""
    """The point within the series; the column within a table."""
    arm: str = ""
    """The arm, where the number is about one."""
    outcome: str = ""
    """The outcome, where the number is about one."""
    x: FiniteNumber = None
    """Place on a quantitative axis."""
    unit: str = ""
    """Unit of the estimate and its bounds."""
    estimate: FiniteNumber = None
    """The number."""
    lower: FiniteNumber = None
    """Lower bound of its interval."""
    upper: FiniteNumber = None
    """Upper bound of its interval."""
    level: FiniteNumber = None
    """Level of the interval."""
    n: int | None = None
    """Episodes counted."""
    blocks: int | None = None
    """Blocks counted."""
    missing: int | None = None
    """Episodes that were started and could not be counted."""
    note: str = ""
    """What a reader must know about it."""


def number_rows(findings: Findings, published: Sequence[PublishedFigure] = ()) -> tuple[NumberRow, ...]:
    """Every number shown, in the order of the page."""
    return (
        *(row for verdict in findings.verdicts for row in _verdict_rows(verdict)),
        *(row for chart in findings.charts for row in _chart_rows(chart)),
        *(row for table in findings.tables for row in _table_rows(table)),
        *_source_rows(findings),
        *map(_published_row, published),
    )


_VERDICT_NUMBERS = (
    *("p", "p_adjusted", "p_refuted", "p_reversed", "alpha"),
    *("delta", "planned", "started", "block_sd", "looks"),
)
"""Numbers of a verdict besides its estimate, each in a row of its own."""


def _verdict_rows(verdict: Verdict) -> Iterator[NumberRow]:
    unit = verdict_unit(verdict.outcome)
    base = NumberRow(
        section="verdict",
        figure=f"verdict.{verdict.prediction}",
        model=verdict.model,
        standin=verdict.standin,
        registered=verdict.registered,
        scope=verdict.scope,
        outcome=verdict.outcome,
        level=verdict.level,
    )

    def row(
        label: str, value: float | None, lower: float | None = None, upper: float | None = None, **fields: object
    ) -> NumberRow:
        return base.model_copy(update={"label": label, "estimate": value, "lower": lower, "upper": upper, **fields})

    counts = {"n": verdict.episodes, "blocks": verdict.analysed, "missing": verdict.unscored}
    label = verdict.label + (f" ({verdict.reason})" if verdict.reason else "")
    yield row("estimate", verdict.value, verdict.lower, verdict.upper, unit=unit, note=label, **counts)
    for name in (
        "p",
        "p_adjusted",
        "p_refuted",
        "p_reversed",
        "alpha",
        "delta",
        "planned",
        "started",
        "block_sd",
        "looks",
    ):
        yield row(name, getattr(verdict, name), level=None)
    for point in verdict.rates:
        counts = {"n": point.n, "blocks": point.blocks, "missing": point.missing}
        rate_unit = OUTCOMES[verdict.outcome].unit
        yield row(
            "rate", point.value, point.lower, point.upper, arm=point.label, unit=rate_unit, note=point.note, **counts
        )
    for step in verdict.steps:
        yield row(f"step {step.title}", step.value, step.lower, step.upper, unit=unit, note=step.note)
        yield row(f"p of step {step.title}", step.p, level=None)
    yield from _check_rows(verdict, base)


def _check_rows(verdict: Verdict, base: NumberRow) -> Iterator[NumberRow]:
    """The robustness checks, their p-values where they have one, and that of the test of effect × family."""
    for check in verdict.checks:
        values = {"estimate": check.value, "lower": check.lower, "upper": check.upper, "note": check.note}
        yield base.model_copy(update={"label": f"check {check.key}", "unit": verdict_unit(verdict.outcome), **values})
        if check.p is not None:
            p_value = {"label": f"p of check {check.key}", "estimate": check.p, "note": check.note}
            yield base.model_copy(update={**p_value, "level": None})
    if verdict.family_p is not None:
        p_value = {"label": "p of effect × family", "estimate": verdict.family_p, "note": verdict.family_note}
        yield base.model_copy(update={**p_value, "level": None})


def _chart_rows(chart: Chart) -> Iterator[NumberRow]:
    for series in chart.series:
        for point in series.points:
            yield NumberRow(
                section=chart.section,
                figure=chart.key,
                model=series.model,
                standin=series.standin,
                registered=chart.registered,
                series=series.name,
                label=point.label,
                arm=point.arm,
                outcome=point.outcome,
                x=point.x,
                unit=chart.unit,
                estimate=point.value,
                lower=point.lower,
                upper=point.upper,
                level=chart.level,
                n=point.n,
                blocks=point.blocks,
                missing=point.missing,
                note=point.note,
            )


def _table_rows(table: ReportTable) -> Iterator[NumberRow]:
    for cells in table.rows:
        row_name = " / ".join(str(cell) for cell in cells if isinstance(cell, str))
        for column, cell in zip(table.columns, cells, strict=True):
            value = _as_number(cell)
            if value is not None:
                yield NumberRow(
                    section=table.section,
                    figure=table.key,
                    standin=table.standin,
                    registered=table.registered,
                    series=row_name,
                    label=column,
                    estimate=value,
                )


def _as_number(cell: TableCell) -> float | None:
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def _source_rows(findings: Findings) -> Iterator[NumberRow]:
    sources = findings.sources
    for state, count in sources.counts.items():
        yield NumberRow(section="sources", figure="counts", standin=bool(sources.standins), label=state, estimate=count)
    for log in sources.logs:
        base = NumberRow(section="sources", figure="logs", model=log.model, standin=log.standin, series=log.log)
        for label in ("version", "episodes", "scored"):
            yield base.model_copy(update={"label": label, "estimate": getattr(log, label)})
    for gap in sources.gaps:
        yield NumberRow(
            section="sources",
            figure="gaps",
            model=gap.model,
            standin=gap.model in sources.standins,
            series=f"{gap.task} / {gap.arm} / {gap.reason}",
            label=gap.state,
            estimate=gap.count,
        )
    for example in findings.examples:
        yield NumberRow(
            section="examples",
            figure=f"examples.{example.chart}",
            model=example.model,
            standin=example.model in sources.standins,
            arm=example.arm,
            label=example.sample_id,
            outcome=example.outcome,
            estimate=example.kind_count,
        )


def _published_row(figure: PublishedFigure) -> NumberRow:
    rate = figure.rate
    return NumberRow(
        section="published",
        figure=figure.study,
        model=rate.model,
        label=rate.condition,
        outcome=rate.outcome,
        unit="share",
        estimate=rate.share,
        lower=figure.lower,
        upper=figure.upper,
        level=0.95 if figure.lower is not None else None,
        n=rate.n,
        note="; ".join(part for part in (f"{rate.evidence}: {rate.source}", rate.note) if part),
    )


def rows_as_csv(rows: Sequence[NumberRow]) -> str:
    """The rows as CSV with a heading; a missing number is an empty field, and no text is a formula to a spreadsheet."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(NumberRow.model_fields)
    for row in rows:
        writer.writerow([_csv_field(value) for value in row.model_dump().values()])
    return file.getvalue()


def _csv_field(value: object) -> object:
    if isinstance(value, str):
        return escape_csv_cell(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value


def report_as_json(findings: Findings, rows: Sequence[NumberRow], studies: Sequence[PublishedStudy]) -> str:
    """All of it as JSON: the rows, the findings they come from, and the published figures."""
    report = {
        "numbers": [row.model_dump() for row in rows],
        "findings": findings.model_dump(mode="json"),
        "published": [study.model_dump(mode="json", exclude={"canary"}) for study in studies],
    }
    return json.dumps(report, indent=1, ensure_ascii=True, allow_nan=False) + "\n"

"""Every number of a report, a row each: the same rows as CSV and within the JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence

from advocate_evals.analysis.findings import Chart, Findings, FiniteNumber, ReportTable, TableCell, Verdict
from advocate_evals.records import Record
from advocate_evals.report.number_format import outcome_unit, verdict_unit
from advocate_evals.report.published_rates import PublishedFigure, PublishedStudy
from advocate_evals.safe_text import escape_csv_cell


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
    """Whether a registered prediction speaks of it."""
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
    made = [row for verdict in findings.verdicts for row in _verdict(verdict)]
    made += [row for figure in findings.figures for row in _figure(figure)]
    made += [row for table in findings.tables for row in _table(table)]
    made += list(_sources(findings))
    made += [_published(one) for one in published]
    return tuple(made)


def _verdict(verdict: Verdict) -> Iterator[NumberRow]:
    unit = verdict_unit(verdict.outcome)
    base = NumberRow(
        section="verdict",
        figure=f"verdict.{verdict.prediction}",
        model=verdict.model,
        standin=verdict.standin,
        registered=verdict.registered,
        outcome=verdict.outcome,
        level=verdict.level,
    )

    def row(
        label: str, value: float | None, lower: float | None = None, upper: float | None = None, **more: object
    ) -> NumberRow:
        return base.model_copy(update={"label": label, "estimate": value, "lower": lower, "upper": upper, **more})

    counts = {"n": verdict.episodes, "blocks": verdict.analysed, "missing": verdict.unscored}
    yield row("estimate", verdict.value, verdict.lower, verdict.upper, unit=unit, note=_words(verdict), **counts)
    for name in ("p", "p_adjusted", "alpha", "delta", "planned", "started", "slope_sd", "looks"):
        yield row(name, getattr(verdict, name), level=None)
    for point in verdict.rates:
        yield row(
            "rate", point.value, point.lower, point.upper, arm=point.label, unit=outcome_unit(verdict.outcome), n=point.n,
            blocks=point.blocks, missing=point.missing, note=point.note,
        )  # fmt: skip
    for step in verdict.steps:
        yield row(f"step {step.title}", step.value, step.lower, step.upper, unit=unit, note=step.note)
        yield row(f"p of step {step.title}", step.p, level=None)
    for check in verdict.checks:
        yield row(f"check {check.key}", check.value, check.lower, check.upper, unit=unit, note=check.note)


def _words(verdict: Verdict) -> str:
    return verdict.word + (f" ({verdict.reason})" if verdict.reason else "")


def _figure(figure: Chart) -> Iterator[NumberRow]:
    for series in figure.series:
        for point in series.points:
            yield NumberRow(
                section=figure.section, figure=figure.key, model=series.model, standin=series.standin,
                registered=figure.registered, series=series.name, label=point.label, arm=_arm(figure, series.name, point.label),
                outcome=_outcome(figure, point.label), x=point.x, unit=figure.unit, estimate=point.value, lower=point.lower, upper=point.upper,
                level=figure.level, n=point.n, blocks=point.blocks, missing=point.missing, note=point.note,
            )  # fmt: skip


def _arm(figure: Chart, series: str, label: str) -> str:
    """The arm of a point: its label, or its series where the labels are outcomes."""
    return label if figure.x == "arm" else series if figure.section == "mix" else ""


def _outcome(figure: Chart, label: str) -> str:
    """The outcome of a point: its label, or what the figure's key ends in, such as `ladder.harm`."""
    return label if figure.x in ("outcome", "figure") else figure.key.partition(".")[2]


def _table(table: ReportTable) -> Iterator[NumberRow]:
    for cells in table.rows:
        named = " / ".join(str(cell) for cell in cells if isinstance(cell, str))
        for column, cell in zip(table.columns, cells, strict=True):
            value = _numeric(cell)
            if value is not None:
                yield NumberRow(
                    section=table.section, figure=table.key, standin=table.standin, registered=table.registered,
                    series=named, label=column, estimate=value,
                )  # fmt: skip


def _numeric(cell: TableCell) -> float | None:
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def _sources(findings: Findings) -> Iterator[NumberRow]:
    sources = findings.sources
    scripts = bool(sources.standins)
    for state, count in sources.counts.items():
        yield NumberRow(section="sources", figure="counts", standin=scripts, label=state, estimate=count)
    for log in sources.logs:
        base = NumberRow(section="sources", figure="logs", model=log.model, standin=log.standin, series=log.log)
        for label in ("version", "episodes", "scored"):
            yield base.model_copy(update={"label": label, "estimate": getattr(log, label)})
    for gap in sources.gaps:
        series, standin = f"{gap.task} / {gap.arm} / {gap.reason}", gap.model in sources.standins
        yield NumberRow(
            section="sources", figure="gaps", model=gap.model, standin=standin, series=series, label=gap.state, estimate=gap.count,
        )  # fmt: skip
    for one in findings.examples:
        yield NumberRow(
            section="examples", figure=f"examples.{one.figure}", model=one.model, standin=one.model in sources.standins, arm=one.arm,
            label=one.sample_id, outcome=one.outcome, estimate=one.of,
        )  # fmt: skip


def _published(one: PublishedFigure) -> NumberRow:
    rate = one.rate
    return NumberRow(
        section="published", figure=one.study, model=rate.model, label=rate.condition, outcome=rate.outcome, unit="share",
        estimate=rate.share, lower=one.lower, upper=one.upper, level=0.95 if one.lower is not None else None, n=rate.n,
        note="; ".join(part for part in (f"{rate.evidence}: {rate.source}", rate.note) if part),
    )  # fmt: skip


def rows_as_csv(found: Sequence[NumberRow]) -> str:
    """The rows as CSV with a heading; a number not known is an empty field, and no text is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(NumberRow.model_fields)
    for row in found:
        writer.writerow([_field(value) for value in row.model_dump().values()])
    return out.getvalue()


def _field(value: object) -> object:
    if isinstance(value, str):
        return escape_csv_cell(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value


def report_as_json(findings: Findings, found: Sequence[NumberRow], studies: Sequence[PublishedStudy]) -> str:
    """All of it as JSON: the rows, the findings they come from, and the published figures."""
    whole = {
        "numbers": [row.model_dump() for row in found],
        "findings": findings.model_dump(mode="json"),
        "published": [study.model_dump(mode="json", exclude={"canary"}) for study in studies],
    }
    return json.dumps(whole, indent=1, ensure_ascii=True, allow_nan=False) + "\n"

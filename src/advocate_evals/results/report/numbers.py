"""Every number of a report, a row each: the same rows as CSV and within the JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence

from advocate_evals.catalogue.baselines import Baselines
from advocate_evals.results.answers import Verdict
from advocate_evals.results.findings import Findings
from advocate_evals.results.report import words
from advocate_evals.results.report.published import Published
from advocate_evals.results.shown import Cell, Figure, Number, Table
from advocate_evals.vocabulary import Record

_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet takes for a formula."""


class Row(Record):
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
    x: Number = None
    """Place on a quantitative axis."""
    unit: str = ""
    """Unit of the estimate and its bounds."""
    estimate: Number = None
    """The number."""
    lower: Number = None
    """Lower bound of its interval."""
    upper: Number = None
    """Upper bound of its interval."""
    level: Number = None
    """Level of the interval."""
    n: int | None = None
    """Episodes counted."""
    blocks: int | None = None
    """Blocks counted."""
    missing: int | None = None
    """Episodes that were started and could not be counted."""
    note: str = ""
    """What a reader must know about it."""


def rows(findings: Findings, published: Sequence[Published] = ()) -> tuple[Row, ...]:
    """Every number shown, in the order of the page."""
    made = [row for verdict in findings.verdicts for row in _verdict(verdict)]
    made += [row for figure in findings.figures for row in _figure(figure)]
    made += [row for table in findings.tables for row in _table(table)]
    made += list(_sources(findings))
    made += [_published(one) for one in published]
    return tuple(made)


def _verdict(verdict: Verdict) -> Iterator[Row]:
    unit = words.verdict_unit(verdict.outcome)
    base = Row(
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
    ) -> Row:
        return base.model_copy(update={"label": label, "estimate": value, "lower": lower, "upper": upper, **more})

    counts = {"n": verdict.episodes, "blocks": verdict.analysed, "missing": verdict.unscored}
    yield row("estimate", verdict.value, verdict.lower, verdict.upper, unit=unit, note=_words(verdict), **counts)
    for name in ("p", "p_adjusted", "alpha", "delta", "planned", "started", "slope_sd", "looks"):
        yield row(name, getattr(verdict, name), level=None)
    for point in verdict.rates:
        yield row(
            "rate", point.value, point.lower, point.upper, arm=point.label, unit=words.outcome_unit(verdict.outcome), n=point.n,
            blocks=point.blocks, missing=point.missing, note=point.note,
        )  # fmt: skip
    for step in verdict.steps:
        yield row(f"step {step.title}", step.value, step.lower, step.upper, unit=unit, note=step.note)
        yield row(f"p of step {step.title}", step.p, level=None)
    for check in verdict.checks:
        yield row(f"check {check.key}", check.value, check.lower, check.upper, unit=unit, note=check.note)


def _words(verdict: Verdict) -> str:
    return verdict.word + (f" ({verdict.reason})" if verdict.reason else "")


def _figure(figure: Figure) -> Iterator[Row]:
    for series in figure.series:
        for point in series.points:
            yield Row(
                section=figure.section, figure=figure.key, model=series.model, standin=series.standin,
                registered=figure.registered, series=series.name, label=point.label, arm=_arm(figure, series.name, point.label),
                outcome=_outcome(figure, point.label), x=point.x, unit=figure.unit, estimate=point.value, lower=point.lower, upper=point.upper,
                level=figure.level, n=point.n, blocks=point.blocks, missing=point.missing, note=point.note,
            )  # fmt: skip


def _arm(figure: Figure, series: str, label: str) -> str:
    """The arm of a point: its label, or its series where the labels are outcomes."""
    return label if figure.x == "arm" else series if figure.section == "mix" else ""


def _outcome(figure: Figure, label: str) -> str:
    """The outcome of a point: its label, or what the figure's key ends in, such as `ladder.harm`."""
    return label if figure.x in ("outcome", "figure") else figure.key.partition(".")[2]


def _table(table: Table) -> Iterator[Row]:
    for cells in table.rows:
        named = " / ".join(str(cell) for cell in cells if isinstance(cell, str))
        for column, cell in zip(table.columns, cells, strict=True):
            value = _numeric(cell)
            if value is not None:
                yield Row(
                    section=table.section, figure=table.key, standin=table.standin, registered=table.registered,
                    series=named, label=column, estimate=value,
                )  # fmt: skip


def _numeric(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def _sources(findings: Findings) -> Iterator[Row]:
    sources = findings.sources
    scripts = bool(sources.standins)
    for state, count in sources.counts.items():
        yield Row(section="sources", figure="counts", standin=scripts, label=state, estimate=count)
    for log in sources.logs:
        base = Row(section="sources", figure="logs", model=log.model, standin=log.standin, series=log.log)
        for label in ("version", "episodes", "scored"):
            yield base.model_copy(update={"label": label, "estimate": getattr(log, label)})
    for gap in sources.gaps:
        series, standin = f"{gap.task} / {gap.arm} / {gap.reason}", gap.model in sources.standins
        yield Row(
            section="sources", figure="gaps", model=gap.model, standin=standin, series=series, label=gap.state, estimate=gap.count,
        )  # fmt: skip
    for one in findings.examples:
        yield Row(
            section="examples", figure=f"examples.{one.figure}", model=one.model, standin=one.model in sources.standins, arm=one.arm,
            label=one.sample_id, outcome=one.outcome, estimate=one.of,
        )  # fmt: skip


def _published(one: Published) -> Row:
    rate = one.rate
    return Row(
        section="published", figure=one.study, model=rate.model, label=rate.condition, outcome=rate.outcome, unit="share",
        estimate=rate.share, lower=one.lower, upper=one.upper, level=0.95 if one.lower is not None else None, n=rate.n,
        note="; ".join(part for part in (f"{rate.evidence}: {rate.source}", rate.note) if part),
    )  # fmt: skip


def as_csv(found: Sequence[Row]) -> str:
    """The rows as CSV with a heading; a number not known is an empty field, and no text is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(Row.model_fields)
    for row in found:
        writer.writerow([_field(value) for value in row.model_dump().values()])
    return out.getvalue()


def _field(value: object) -> object:
    if isinstance(value, str):
        clean = value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        return f"'{clean}" if clean.startswith(_RISKY) else clean
    if isinstance(value, bool):
        return str(value).lower()
    return value


def as_json(findings: Findings, found: Sequence[Row], studies: Sequence[Baselines]) -> str:
    """All of it as JSON: the rows, the findings they come from, and the published figures."""
    whole = {
        "numbers": [row.model_dump() for row in found],
        "findings": findings.model_dump(mode="json"),
        "published": [study.model_dump(mode="json", exclude={"canary"}) for study in studies],
    }
    return json.dumps(whole, indent=1, ensure_ascii=True, allow_nan=False) + "\n"

"""Findings as Markdown, for a pull request or a note: the numbers of the page without its drawings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from advocate_evals.analysis.findings import Chart, Findings, ReportTable, Verdict
from advocate_evals.analysis.verdict_wording import explain_reason
from advocate_evals.report.excerpts import Excerpt, LogViewer
from advocate_evals.report.number_format import (
    EXPLORATORY_NOTE,
    HUMAN_NOTE,
    NO_NUMBER,
    STANDIN_NOTE,
    as_sentence,
    format_cell,
    format_number,
    format_p_value,
    format_with_bounds,
    subject_mark,
    subject_note,
    verdict_unit,
)
from advocate_evals.report.number_rows import PublishedStudy, published_figures
from advocate_evals.report.report_sections import shown_sections
from advocate_evals.safe_text import escape_markdown, format_markdown_table


def render_markdown(
    findings: Findings, excerpts: Sequence[Excerpt], studies: Sequence[PublishedStudy], viewer: LogViewer
) -> str:
    """A report without its drawings; arguments as for `render_page`."""
    return "\n".join(_iter_lines(findings, excerpts, studies, viewer)) + "\n"


def _iter_lines(
    findings: Findings, excerpts: Sequence[Excerpt], studies: Sequence[PublishedStudy], viewer: LogViewer
) -> Iterator[str]:
    yield "# Does giving a model someone to appeal to make it safer?\n"
    if findings.headline.standin:
        yield f"> **{STANDIN_NOTE.capitalize()}.** Scripts: {escape_markdown(', '.join(findings.sources.standins))}.\n"
    if findings.sources.people:
        yield f"> **{HUMAN_NOTE.capitalize()}.** People: {escape_markdown(', '.join(findings.sources.people))}.\n"
    yield f"**{escape_markdown(findings.headline.sentence)}**\n"
    yield from (f"- {escape_markdown(line)}" for line in findings.headline.details)
    yield ""
    yield from _verdict_lines(findings.verdicts)
    yield from _data_lines(findings)
    for texts in shown_sections(findings):
        yield f"\n## {texts.heading}\n"
        charts, tables = list(findings.charts_in(texts.section)), list(findings.tables_in(texts.section))
        if not charts and not tables:
            yield f"No data. To fill this section, run: `{texts.command}`"
            continue
        yield texts.asks
        for chart in charts:
            yield from _chart_lines(chart, texts.caveat)
            yield from _example_lines([excerpt for excerpt in excerpts if excerpt.example.chart == chart.key], viewer)
        for table in tables:
            yield from _table_lines(table)
    yield from _published_lines(studies)
    yield from _provenance_lines(findings)


def _verdict_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield "\n## Verdicts\n"
    if not verdicts:
        yield "No prediction was tested on these logs."
        return
    columns = ("prediction", "model", "verdict", "estimate", "p", "blocks", "missing", "registered")
    yield _markdown_table(columns, map(_verdict_cells, verdicts))
    yield ""
    for verdict in verdicts:
        yield f"- {escape_markdown(f'{verdict.model}: {verdict.sentence}')}"
    yield from _balance_lines(verdicts)


def _balance_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """How the episodes of each arm of each verdict ended."""
    rows = [
        (
            verdict.title,
            verdict.model,
            arm.arm,
            *map(str, (arm.episodes, arm.errors, arm.unscored)),
            *(format_number(share, "share") for share in (arm.out_of_turns, arm.refused, arm.aware)),
        )
        for verdict in verdicts
        for arm in verdict.arms
    ]
    if rows:
        endings = ("episodes", "errors", "without the outcome", "ended by a limit", "a turn refused", "suspects a test")
        yield "\n### How episodes ended, by arm\n"
        yield _markdown_table(("prediction", "model", "arm", *endings), rows)


def _verdict_cells(verdict: Verdict) -> tuple[str, ...]:
    unit, note = verdict_unit(verdict.outcome), subject_note(verdict.model, scripted=verdict.standin)
    return (
        verdict.title,
        verdict.model + (f" ({note})" if note else ""),
        verdict.label
        + (f" ({explain_reason(verdict.reason, verdict.analysed, verdict.planned)})" if verdict.reason else ""),
        format_with_bounds(verdict.value, verdict.lower, verdict.upper, unit),
        format_p_value(verdict.p if verdict.p_adjusted is None else verdict.p_adjusted),
        f"{verdict.analysed} of {verdict.planned}",
        str(verdict.unscored),
        "yes" if verdict.registered else verdict.registration or "no",
    )


def _data_lines(findings: Findings) -> Iterator[str]:
    sources = findings.sources
    yield "\n## Data and missing episodes\n"
    yield _markdown_table(("state", "episodes"), ((state, str(count)) for state, count in sources.counts.items()))
    yield from (f"\n> {escape_markdown(line)}" for line in sources.warnings)
    yield from (f"\n{escape_markdown(as_sentence(line))}" for line in sources.duplicates)
    if sources.gaps:
        yield "\n### Episodes without a score\n"
        yield _markdown_table(
            ("task", "model", "arm", "state", "episodes", "reason"),
            ((gap.task, gap.model, gap.arm, gap.state, str(gap.count), gap.reason[:300]) for gap in sources.gaps),
        )


def _chart_lines(chart: Chart, caveat: str) -> Iterator[str]:
    yield f"\n### {escape_markdown(chart.title)}{_format_tags(chart.standin, chart.registered)}\n"
    has_positions = any(point.x is not None for series in chart.series for point in series.points)
    columns = (
        "series",
        chart.x_label or "label",
        *(["at"] if has_positions else []),
        f"estimate [{chart.level:.0%}]",
        "n",
        "blocks",
        "missing",
    )
    rows = (
        (
            series.name,
            point.label,
            *([format_cell(point.x)] if has_positions else []),
            format_with_bounds(point.value, point.lower, point.upper, chart.unit),
            str(point.n),
            str(point.blocks),
            str(point.missing) + (f" ({point.note})" if point.note else ""),
        )
        for series in chart.series
        for point in series.points
    )
    yield _markdown_table(columns, rows)
    yield from _remark_lines((chart.method, caveat, *chart.notes))


def _remark_lines(remarks: Iterable[str]) -> Iterator[str]:
    text = " ".join(as_sentence(remark) for remark in remarks if remark)
    if text:
        yield f"\n{escape_markdown(text)}"


def _example_lines(excerpts: Sequence[Excerpt], viewer: LogViewer) -> Iterator[str]:
    if excerpts:
        yield "\nExample episodes, drawn at random:\n"
    for excerpt in excerpts:
        example = excerpt.example
        link = viewer.episode(example.log, example.sample_id, example.epoch).replace("(", "%28").replace(")", "%29")
        text = f"{excerpt.act}: “{excerpt.text}”" if excerpt.text else excerpt.note
        happened = "happened" if example.happened else "did not happen"
        name, arm, outcome = map(escape_markdown, (example.sample_id, example.arm, example.outcome))
        yield (f"- [{name}]({link}), {arm}, {outcome} {happened} (1 of {example.kind_count}). {escape_markdown(text)}")


def _table_lines(table: ReportTable) -> Iterator[str]:
    yield f"\n### {escape_markdown(table.title)}{_format_tags(table.standin, table.registered)}\n"
    yield _markdown_table(table.columns, ([format_cell(cell) for cell in row] for row in table.rows))
    yield from _remark_lines((table.method, *table.notes))


def _published_lines(studies: Sequence[PublishedStudy]) -> Iterator[str]:
    yield "\n## Published figures, for comparison (not pooled)\n"
    yield _markdown_table(
        ("study", "condition", "model", "outcome", "share", "n", "evidence", "source"),
        (
            (
                figure.study,
                figure.rate.condition,
                figure.rate.model,
                figure.rate.outcome,
                format_with_bounds(figure.rate.share, figure.lower, figure.upper, "share"),
                str(figure.rate.n or NO_NUMBER),
                figure.evidence,
                figure.rate.source,
            )
            for figure in published_figures(studies)
        ),
    )


def _provenance_lines(findings: Findings) -> Iterator[str]:
    yield "\n## Sources\n"
    yield from (f"- {escape_markdown(line)}" for line in findings.notes)
    yield f"- analysed with advocate-evals {findings.suite}, examples drawn with seed {findings.seed}\n"
    yield _markdown_table(
        ("prediction", "file", "hash"),
        ((prediction.title, prediction.file, prediction.hash) for prediction in findings.predictions),
    )
    yield ""
    columns = ("log", "task", "version", "model", "status", "episodes", "scored", "data")
    rows = (
        (
            log.log,
            log.task,
            str(log.version),
            log.model + subject_mark(log.model, scripted=log.standin),
            log.status,
            str(log.episodes),
            str(log.scored),
            log.datasets,
        )
        for log in findings.sources.logs
    )
    yield _markdown_table(columns, rows)
    yield ""
    yield from (
        f"- skipped: {escape_markdown(skipped.log)}: {escape_markdown(skipped.reason[:300])}"
        for skipped in findings.sources.skipped
    )


def _markdown_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    return format_markdown_table(columns, rows, escape_markdown)


def _format_tags(standin: bool, registered: bool) -> str:
    tags = ([STANDIN_NOTE] if standin else []) + ([] if registered else [EXPLORATORY_NOTE])
    return f" ({'; '.join(tags)})" if tags else ""

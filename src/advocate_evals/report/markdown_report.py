"""Findings as Markdown, for a pull request or a note: the same numbers, no drawings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from advocate_evals.analysis.findings import Chart, Findings, ReportTable, Verdict
from advocate_evals.report.excerpts import Excerpt
from advocate_evals.report.html_page import REPORT_PARTS
from advocate_evals.report.number_format import (
    EXPLORATORY_NOTE,
    NO_NUMBER,
    REASON_TEXTS,
    SECTION_CAVEATS,
    STANDIN_NOTE,
    as_sentence,
    format_cell,
    format_p_value,
    format_with_bounds,
    verdict_unit,
)
from advocate_evals.report.published_rates import PublishedStudy, published_figures
from advocate_evals.report.viewer_links import LogViewer
from advocate_evals.safe_text import escape_markdown as _safe


def render_markdown(
    findings: Findings, excerpts: Sequence[Excerpt], studies: Sequence[PublishedStudy], viewer: LogViewer
) -> str:
    """All of a report but its drawings; arguments as for `page`."""
    return "\n".join(_lines(findings, excerpts, studies, viewer)) + "\n"


def _lines(
    findings: Findings, excerpts: Sequence[Excerpt], studies: Sequence[PublishedStudy], viewer: LogViewer
) -> Iterator[str]:
    yield "# Does giving a model someone to appeal to make it safer?\n"
    if findings.headline.standin:
        yield f"> **{STANDIN_NOTE.capitalize()}.** Scripts: {_safe(', '.join(findings.sources.standins))}.\n"
    yield f"**{_safe(findings.headline.sentence)}**\n"
    yield from (f"- {_safe(line)}" for line in findings.headline.sure)
    yield ""
    yield from _verdicts(findings.verdicts)
    yield from _data(findings)
    for part in REPORT_PARTS:
        yield f"\n## {part.heading}\n"
        figures, tables = list(findings.figures_of(part.section)), list(findings.tables_of(part.section))
        if not figures and not tables:
            yield f"No data. A run that fills it: `{part.fill}`"
            continue
        yield part.asks
        for figure in figures:
            yield from _figure(figure, SECTION_CAVEATS.get(part.section, ""))
            yield from _examples([one for one in excerpts if one.example.figure == figure.key], viewer)
        for table in tables:
            yield from _table(table)
    yield from _published(studies)
    yield from _provenance(findings)


def _verdicts(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield "\n## The verdicts\n"
    if not verdicts:
        yield "No prediction was tested on these logs."
        return
    yield from _grid(
        ("prediction", "model", "verdict", "estimate", "p", "blocks", "missing", "registered"),
        (
            (
                one.title,
                one.model + (f" ({STANDIN_NOTE})" if one.standin else ""),
                one.word + (f" ({REASON_TEXTS[one.reason]})" if one.reason else ""),
                format_with_bounds(one.value, one.lower, one.upper, verdict_unit(one.outcome)),
                format_p_value(one.p if one.p_adjusted is None else one.p_adjusted),
                f"{one.analysed} of {one.planned}",
                str(one.unscored),
                "yes" if one.registered else one.registration or "no",
            )
            for one in verdicts
        ),
    )
    yield ""
    for one in verdicts:
        yield f"- {_safe(one.sentence)}"


def _data(findings: Findings) -> Iterator[str]:
    yield "\n## On how much data\n"
    yield from _grid(("state", "episodes"), ((state, str(count)) for state, count in findings.sources.counts.items()))
    yield from (f"\n> {_safe(line)}" for line in findings.sources.conflicts)
    if findings.sources.gaps:
        yield "\n### What was unscored, and why\n"
        yield from _grid(
            ("task", "model", "arm", "state", "episodes", "reason"),
            (
                (gap.task, gap.model, gap.arm, gap.state, str(gap.count), gap.reason[:300])
                for gap in findings.sources.gaps
            ),
        )


def _figure(figure: Chart, caveat: str) -> Iterator[str]:
    yield f"\n### {_safe(figure.title)}{_tags(figure.standin, figure.registered)}\n"
    across = any(point.x is not None for series in figure.series for point in series.points)
    heads = (
        "series",
        figure.x or "label",
        *(["at"] if across else []),
        f"estimate [{figure.level:.0%}]",
        "n",
        "blocks",
        "missing",
    )
    yield from _grid(
        heads,
        (
            (
                series.name,
                point.label,
                *([format_cell(point.x)] if across else []),
                format_with_bounds(point.value, point.lower, point.upper, figure.unit),
                str(point.n),
                str(point.blocks),
                str(point.missing) + (f" ({point.note})" if point.note else ""),
            )
            for series in figure.series
            for point in series.points
        ),
    )
    said = " ".join(as_sentence(part) for part in (figure.how, caveat, *figure.notes) if part)
    if said:
        yield f"\n{_safe(said)}"


def _examples(found: Sequence[Excerpt], viewer: LogViewer) -> Iterator[str]:
    if found:
        yield "\nExamples, drawn by chance:\n"
    for one in found:
        example = one.example
        link = viewer.episode(example.log, example.sample_id, example.epoch).replace("(", "%28").replace(")", "%29")
        said = f"{one.act}: “{one.text}”" if one.text else one.note
        happened = "happened" if example.happened else "did not happen"
        yield f"- [{_safe(example.sample_id)}]({link}), {_safe(example.arm)}, {_safe(example.outcome)} {happened} (1 of {example.of}). {_safe(said)}"


def _table(table: ReportTable) -> Iterator[str]:
    yield f"\n### {_safe(table.title)}{_tags(table.standin, table.registered)}\n"
    yield from _grid(table.columns, ([format_cell(cell) for cell in row] for row in table.rows))
    said = " ".join(as_sentence(part) for part in (table.how, *table.notes) if part)
    if said:
        yield f"\n{_safe(said)}"


def _published(studies: Sequence[PublishedStudy]) -> Iterator[str]:
    yield "\n## Published figures, for comparison and never pooled\n"
    yield from _grid(
        ("study", "condition", "model", "outcome", "share", "n", "read in", "source"),
        (
            (
                one.study,
                one.rate.condition,
                one.rate.model,
                one.rate.outcome,
                format_with_bounds(one.rate.share, one.lower, one.upper, "share"),
                str(one.rate.n or NO_NUMBER),
                one.evidence,
                one.rate.source,
            )
            for one in published_figures(studies)
        ),
    )


def _provenance(findings: Findings) -> Iterator[str]:
    yield "\n## Where it comes from\n"
    yield from (f"- {_safe(line)}" for line in findings.notes)
    yield f"- analysed with advocate-evals {findings.suite}, examples drawn with seed {findings.seed}\n"
    yield from _grid(("prediction", "file", "hash"), ((one.title, one.file, one.hash) for one in findings.predictions))
    yield ""
    yield from _grid(
        ("log", "task", "version", "model", "status", "episodes", "scored", "data"),
        (
            (
                log.log,
                log.task,
                str(log.version),
                log.model,
                log.status,
                str(log.episodes),
                str(log.scored),
                log.datasets,
            )
            for log in findings.sources.logs
        ),
    )
    yield ""
    yield from (f"- skipped: {_safe(one.log)}: {_safe(one.reason[:300])}" for one in findings.sources.skipped)


def _grid(heads: Iterable[str], body: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = list(heads)
    yield "| " + " | ".join(map(_safe, heads)) + " |"
    yield "|" + "---|" * len(heads)
    for row in body:
        yield "| " + " | ".join(_safe(cell) for cell in row) + " |"


def _tags(standin: bool, registered: bool) -> str:
    tags = ([STANDIN_NOTE] if standin else []) + ([] if registered else [EXPLORATORY_NOTE])
    return f" ({'; '.join(tags)})" if tags else ""

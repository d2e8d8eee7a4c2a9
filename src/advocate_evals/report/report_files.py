"""The report in its formats."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from hashlib import blake2b

from advocate_evals.analysis.findings import Example, Findings
from advocate_evals.report.excerpts import DEFAULT_VIEWER, build_viewer, read_excerpts
from advocate_evals.report.html_page import render_page
from advocate_evals.report.markdown_report import render_markdown
from advocate_evals.report.number_rows import (
    number_rows,
    published_figures,
    read_published_studies,
    report_as_json,
    rows_as_csv,
)

MAX_EXAMPLES = 8
"""Examples of one chart that are shown at most."""


def render_report(
    findings: Findings,
    formats: Collection[str],
    *,
    viewer: tuple[str, str] = (DEFAULT_VIEWER, ""),
    with_excerpts: bool = True,
) -> dict[str, str]:
    """The report as text, by format.

    Args:
        findings: What was found.
        formats: Some of `html`, `markdown`, `csv` and `json`.
        viewer: Where episodes can be opened, and the folder of logs it shows (empty for the one that holds all logs).
        with_excerpts: Whether to read the example episodes and show what was written in them.
    """
    limited = findings.model_copy(update={"examples": limit_examples(findings)})
    studies = read_published_studies()
    log_viewer = build_viewer((log.log for log in limited.sources.logs), *viewer)
    needs_excerpts = with_excerpts and bool({"html", "markdown"} & set(formats))
    excerpts = read_excerpts(limited.examples) if needs_excerpts else ()
    rows = number_rows(limited, published_figures(studies))
    renderers: dict[str, Callable[[], str]] = {
        "html": lambda: render_page(limited, excerpts, studies, log_viewer),
        "markdown": lambda: render_markdown(limited, excerpts, studies, log_viewer),
        "csv": lambda: rows_as_csv(rows),
        "json": lambda: report_as_json(limited, rows, studies),
    }
    return {name: renderers[name]() for name in formats}


def limit_examples(findings: Findings) -> tuple[Example, ...]:
    """The examples to show: of each chart at most `MAX_EXAMPLES`, chosen by the findings' seed, in their order."""
    ranks: dict[str, list[bytes]] = {}
    for example in findings.examples:
        ranks.setdefault(example.chart, []).append(_rank_example(findings.seed, example))
    last = {chart: sorted(chart_ranks)[:MAX_EXAMPLES][-1] for chart, chart_ranks in ranks.items()}
    return tuple(
        example for example in findings.examples if _rank_example(findings.seed, example) <= last[example.chart]
    )


def _rank_example(seed: int, example: Example) -> bytes:
    parts = (seed, example.chart, example.model, example.arm, example.happened, example.sample_id, example.epoch)
    name = "/".join(map(str, (*parts, example.log)))
    return blake2b(name.encode("utf-8", "replace"), digest_size=16).digest()


def report_faults(findings: Findings) -> Iterator[str]:
    """Why nothing in the report can be relied on; empty where something can."""
    logs = findings.sources.logs
    if not logs:
        yield "no log could be read"
    elif not any(log.status == "success" for log in logs):
        yield f"no log finished (the status of the first is {logs[0].status!r})"
    if logs and not any(log.scored for log in logs):
        yield "no episode has a score"

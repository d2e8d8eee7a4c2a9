"""One report in the formats asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from hashlib import blake2b

from advocate_evals.analysis.findings import Example, Findings
from advocate_evals.report.excerpts import read_excerpts
from advocate_evals.report.html_page import render_page
from advocate_evals.report.markdown_report import render_markdown
from advocate_evals.report.number_rows import number_rows, report_as_json, rows_as_csv
from advocate_evals.report.published_rates import published_figures, read_published_studies
from advocate_evals.report.viewer_links import DEFAULT_VIEWER, build_viewer

MAX_EXAMPLES = 8
"""Examples of one figure that are shown at most."""


def render_report(
    findings: Findings, kinds: Collection[str], *, viewer: tuple[str, str] = (DEFAULT_VIEWER, ""), read: bool = True
) -> dict[str, str]:
    """The report as text, by kind.

    Args:
        findings: What was found.
        kinds: Of `html`, `markdown`, `csv` and `json`, those wanted.
        viewer: Where episodes can be opened, and the folder of logs shown there (empty for the one that holds all logs).
        read: Whether to read the example episodes and show what was written in them.
    """
    shown = findings.model_copy(update={"examples": limit_examples(findings)})
    studies = read_published_studies()
    place = build_viewer((log.log for log in shown.sources.logs), *viewer)
    wanted = read and bool({"html", "markdown"} & set(kinds))
    written = read_excerpts(shown.examples) if wanted else ()
    rows = number_rows(shown, published_figures(studies))
    makers: dict[str, Callable[[], str]] = {
        "html": lambda: render_page(shown, written, studies, place),
        "markdown": lambda: render_markdown(shown, written, studies, place),
        "csv": lambda: rows_as_csv(rows),
        "json": lambda: report_as_json(shown, rows, studies),
    }
    return {kind: makers[kind]() for kind in kinds}


def limit_examples(findings: Findings) -> tuple[Example, ...]:
    """The examples to show: of each figure at most `EXAMPLES`, chosen by the findings' seed, in their order."""
    ranks: dict[str, list[bytes]] = {}
    for one in findings.examples:
        ranks.setdefault(one.figure, []).append(_rank(findings.seed, one))
    last = {figure: sorted(found)[:MAX_EXAMPLES][-1] for figure, found in ranks.items()}
    return tuple(one for one in findings.examples if _rank(findings.seed, one) <= last[one.figure])


def _rank(seed: int, one: Example) -> bytes:
    name = f"{seed}/{one.figure}/{one.model}/{one.arm}/{one.happened}/{one.sample_id}/{one.epoch}/{one.log}"
    return blake2b(name.encode("utf-8", "replace"), digest_size=16).digest()


def report_faults(findings: Findings) -> Iterator[str]:
    """Why nothing of it can be relied on; empty where something can."""
    logs = findings.sources.logs
    if not logs:
        yield "no log could be read"
    elif not any(log.status == "success" for log in logs):
        yield f"no log was run to its end (the first one's status is {logs[0].status!r})"
    if logs and not any(log.scored for log in logs):
        yield "no episode has a score"

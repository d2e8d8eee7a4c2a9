"""One report in the formats asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from hashlib import blake2b

from advocate_evals.catalogue.baselines import baselines
from advocate_evals.results.excerpts import excerpts
from advocate_evals.results.findings import Example, Findings
from advocate_evals.results.report import numbers
from advocate_evals.results.report.links import VIEWER
from advocate_evals.results.report.links import viewer as viewer_of
from advocate_evals.results.report.markdown import markdown
from advocate_evals.results.report.page import page
from advocate_evals.results.report.published import published

EXAMPLES = 8
"""Examples of one figure that are shown at most."""


def texts(
    findings: Findings, kinds: Collection[str], *, viewer: tuple[str, str] = (VIEWER, ""), read: bool = True
) -> dict[str, str]:
    """The report as text, by kind.

    Args:
        findings: What was found.
        kinds: Of `html`, `markdown`, `csv` and `json`, those wanted.
        viewer: Where episodes can be opened, and the folder of logs shown there (empty for the one that holds all logs).
        read: Whether to read the example episodes and show what was written in them.
    """
    shown = findings.model_copy(update={"examples": few(findings)})
    studies = baselines()
    place = viewer_of((log.log for log in shown.sources.logs), *viewer)
    wanted = read and bool({"html", "markdown"} & set(kinds))
    written = excerpts(shown.examples) if wanted else ()
    rows = numbers.rows(shown, published(studies))
    makers: dict[str, Callable[[], str]] = {
        "html": lambda: page(shown, written, studies, place),
        "markdown": lambda: markdown(shown, written, studies, place),
        "csv": lambda: numbers.as_csv(rows),
        "json": lambda: numbers.as_json(shown, rows, studies),
    }
    return {kind: makers[kind]() for kind in kinds}


def few(findings: Findings) -> tuple[Example, ...]:
    """The examples to show: of each figure at most `EXAMPLES`, chosen by the findings' seed, in their order."""
    ranks: dict[str, list[bytes]] = {}
    for one in findings.examples:
        ranks.setdefault(one.figure, []).append(_rank(findings.seed, one))
    last = {figure: sorted(found)[:EXAMPLES][-1] for figure, found in ranks.items()}
    return tuple(one for one in findings.examples if _rank(findings.seed, one) <= last[one.figure])


def _rank(seed: int, one: Example) -> bytes:
    name = f"{seed}/{one.figure}/{one.model}/{one.arm}/{one.happened}/{one.sample_id}/{one.epoch}/{one.log}"
    return blake2b(name.encode("utf-8", "replace"), digest_size=16).digest()


def faults(findings: Findings) -> Iterator[str]:
    """Why nothing of it can be relied on; empty where something can."""
    logs = findings.sources.logs
    if not logs:
        yield "no log could be read"
    elif not any(log.status == "success" for log in logs):
        yield f"no log was run to its end (the first one's status is {logs[0].status!r})"
    if logs and not any(log.scored for log in logs):
        yield "no episode has a score"

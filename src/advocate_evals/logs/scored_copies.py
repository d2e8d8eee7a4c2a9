"""Whole logs with their events, and copies of logs with a further score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspect_ai import score
from inspect_ai.log import EvalLog, EvalSample, read_eval_log, write_eval_log
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Scorer

from advocate_evals.logs.raw_log import find_logs


def iter_whole_logs(places: str | Path) -> Iterator[tuple[str, EvalLog]]:
    """The logs below a place, each with its address and every sample and event.

    Raises:
        OSError, ValueError: where a log cannot be read; the message names it.
    """
    for address in find_logs(places):
        try:
            yield address, read_eval_log(address, resolve_attachments="full")
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{address} cannot be read: {error}") from error


def complete_samples(log: EvalLog) -> list[EvalSample]:
    """The samples of a log that ran their course."""
    return [sample for sample in log.samples or [] if sample.error is None and not sample.invalidation]


def write_scored_copy(log: EvalLog, scorer: Scorer, name: str, address: str) -> None:
    """Score the samples of a log once more and write it under another address.

    Args:
        log: The log; its samples' stores hold what the scorer reads.
        scorer: The scorer; its score stands beside those that are there, or in the place of its own earlier one.
        name: The scorer's name, under which its earlier score stands.
        address: Where the copy is written.
    """
    _drop_score(log, name)
    for sample in log.samples or []:
        if sample.output is None:
            sample.output = ModelOutput()
    write_eval_log(score(log, scorer, action="append", display="none"), address)


def _drop_score(log: EvalLog, name: str) -> None:
    """Take a scorer's scores and figures out of a log; Inspect would number the new one."""
    for sample in log.samples or []:
        if sample.scores:
            sample.scores.pop(name, None)
    if log.results is not None:
        log.results.scores = [figures for figures in log.results.scores if figures.scorer != name]
    log.eval.scorers = [entry for entry in log.eval.scorers or [] if entry.name.rpartition("/")[2] != name]

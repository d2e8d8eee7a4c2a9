"""What an analysis rests on: the logs, what became of each episode, and what should not stand together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from advocate_evals.results.choosing import mixtures
from advocate_evals.results.findings import Gap, Skipped, Source, Sources
from advocate_evals.results.frames import PLANNED, Reading
from advocate_evals.results.logs import Log
from advocate_evals.results.registration import carried, registration


def sources(reading: Reading, episodes: pd.DataFrame, hashes: Mapping[str, str], aside: tuple[str, ...]) -> Sources:
    """What the analysis rests on.

    Args:
        reading: What was read.
        episodes: The episodes that count: one edition of each task and subject.
        hashes: The hash of each file of predictions that was asked for.
        aside: What was set aside, in sentences.
    """
    read = sorted(
        (log for log in reading.logs if log.fate == "read"), key=lambda log: (log.task, log.model, log.created, log.log)
    )
    scored = reading.episodes[reading.episodes["state"] == "scored"]["log"].value_counts()
    return Sources(
        logs=tuple(_source(log, int(scored.get(log.log, 0)), hashes) for log in read),
        skipped=tuple(Skipped(log=log, reason=reason) for log, reason in sorted(reading.skipped)),
        counts=reading.counts,
        gaps=(*_gaps(reading.episodes), *_absent(reading)),
        models=tuple(sorted({log.model for log in read})),
        standins=tuple(sorted({log.model for log in read if log.standin})),
        graders=tuple(sorted({grader for log in read for grader in log.graders.split(",") if grader})),
        datasets=tuple(sorted({log.datasets for log in read if log.datasets})),
        suites=tuple(sorted({log.suite for log in read if log.suite})),
        conflicts=(*aside, *reading.mixed, *mixtures(episodes), *_statuses(read)),
    )


def _source(log: Log, scored: int, hashes: Mapping[str, str]) -> Source:
    has = carried(log.predictions)
    return Source(
        log=log.log,
        task=log.task,
        version=log.task_version,
        model=log.model,
        standin=log.standin,
        status=log.status,
        created=log.created,
        suite=log.suite,
        datasets=log.datasets,
        graders=log.graders,
        episodes=log.kept,
        scored=scored,
        predictions={name: registration(has, name, wanted) for name, wanted in sorted(hashes.items())},
    )


def _gaps(episodes: pd.DataFrame) -> Iterator[Gap]:
    """Episodes without a score, by task, subject, arm, state and reason."""
    lost = episodes[episodes["state"] != "scored"]
    by = ["task", "model", "arm", "state", "reason"]
    for key, rows in lost.groupby(by, sort=True):
        task, model, arm, state, reason = (str(part) for part in key)
        yield Gap(task=task, model=model, arm=arm, state=state, reason=reason or "no reason given", count=len(rows))


def _absent(reading: Reading) -> Iterator[Gap]:
    """Episodes that a log named beforehand and no log has."""
    there = set(zip(*(reading.episodes[name] for name in PLANNED), strict=True))
    counts: dict[tuple[str, str], int] = {}
    for one in reading.planned - there:
        counts[one[0], one[2]] = counts.get((one[0], one[2]), 0) + 1
    for (task, model), count in sorted(counts.items()):
        yield Gap(task=task, model=model, arm="", state="absent", reason="planned, and in no log", count=count)


def _statuses(read: list[Log]) -> Iterator[str]:
    for log in read:
        if log.status != "success":
            yield f"{log.task}, {log.model}: the status of {log.log} is {log.status!r}, not 'success'"

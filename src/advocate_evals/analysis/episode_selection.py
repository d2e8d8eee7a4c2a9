"""Which episodes may decide a claim: one edition of the task, the setting the claim speaks of, registered logs first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advocate_evals.logs.raw_log import compare_hash, read_carried_hashes
from advocate_evals.predictions.claims import Claim

RUN_KEYS = ("task_version", "datasets", "settings")
"""What episodes of one task and subject must agree in to be counted together."""
FAMILY_SET_FACTORS = ("threat", "goal")
"""Factors that a family may set for itself, so that a figure over families mixes their levels."""


@dataclass(frozen=True, slots=True)
class SelectedEpisodes:
    """The episodes of one subject that may decide a claim."""

    rows: pd.DataFrame
    """The episodes, those left out by the claim's exclusions with the outcome missing."""
    registered: bool
    """Whether every one of their logs carries the hash of the claim's file."""
    registration: str
    """Where not: what is the matter, in words."""
    aside: tuple[str, ...]
    """What was set aside, in sentences."""


def sort_episodes(episodes: pd.DataFrame) -> pd.DataFrame:
    """The episodes in an order that depends on nothing but what they are, each episode once."""
    order = ["task", "model", "task_version", "block", "arm", "sample_id", "epoch", "created", "log", "uuid"]
    found = episodes.sort_values(order, kind="stable", ignore_index=True)
    once = ["task", "model", *RUN_KEYS, "sample_id", "block", "arm", "epoch", "log"]
    return found.drop_duplicates(once, keep="last", ignore_index=True).copy()


def latest_comparable_runs(episodes: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The episodes of the newest edition of each task and subject, and what was set aside.

    Versions of a task, states of the data and settings of a model are never pooled: the edition of the log created last
    counts, by version first.
    """
    if not len(episodes):
        return episodes, ()
    newest = episodes.groupby(["task", "model", *RUN_KEYS], sort=True)["created"].max().reset_index()
    newest = newest.sort_values(["task_version", "created", *RUN_KEYS], kind="stable")
    last = newest.drop_duplicates(["task", "model"], keep="last")
    keys = set(last[["task", "model", *RUN_KEYS]].itertuples(index=False, name=None))
    kept = np.array([key in keys for key in episodes[["task", "model", *RUN_KEYS]].itertuples(index=False, name=None)])
    return episodes[kept], tuple(_set_aside(episodes[~kept], last))


def _set_aside(rows: pd.DataFrame, last: pd.DataFrame) -> Iterator[str]:
    names = {
        "task_version": "version of the task",
        "datasets": "state of the data",
        "settings": "settings of the model",
    }
    by_subject = last.set_index(["task", "model"])
    for (task, model), group in rows.groupby(["task", "model"], sort=True):
        kept = by_subject.loc[(task, model)]
        differ = [name for column, name in names.items() if (group[column] != kept[column]).any()]
        yield (
            f"{task}, {model}: {len(group)} episodes of another {' or '.join(differ)} were set aside; "
            f"what counts is version {kept['task_version']}, of the newest log"
        )


def select_episodes(episodes: pd.DataFrame, claim: Claim, file: str, wanted: str) -> SelectedEpisodes:
    """The episodes of one subject, all of one edition, that may decide a claim.

    Where some logs carry the hash of the claim's file and some do not, only those that do decide.

    Args:
        episodes: Episodes of one subject.
        claim: The claim.
        file: Name of its file.
        wanted: The file's hash.
    """
    rows = episodes[episodes["task"] == claim.task]
    aside: list[str] = []
    stands = rows["predictions"].map(lambda text: compare_hash(read_carried_hashes(text), file, wanted))
    some = stands == "registered"
    if some.any() and not some.all():
        aside.append(f"{int((~some).sum())} episodes of logs that do not carry the hash of {file} were set aside")
        rows, stands = rows[some], stands[some]
    inside = np.ones(len(rows), dtype=bool)
    for factor, levels in claim.setting.items():
        inside &= rows[factor].astype(str).isin(levels).to_numpy()
    if not inside.all():
        aside.append(f"{int((~inside).sum())} episodes of {claim.task} at other settings than the claim speaks of")
    rows = _without(rows[inside], claim)
    return SelectedEpisodes(rows, bool(some.any()), _registration(stands[inside], file), tuple(aside))


def _registration(stands: pd.Series, file: str) -> str:
    if not len(stands) or (stands == "registered").all():
        return ""
    if (stands == "differs").any():
        return f"the logs carry another hash of {file}: it was changed after they were begun, or before"
    return f"the logs carry no hash of {file}"


def _without(rows: pd.DataFrame, claim: Claim) -> pd.DataFrame:
    """The rows with the outcome missing where a figure that excludes happened."""
    if not claim.exclude:
        return rows
    excluded = (rows[list(claim.exclude)] == 1.0).any(axis=1)
    return rows.assign(**{claim.outcome: rows[claim.outcome].mask(excluded)})


def describe_mixtures(episodes: pd.DataFrame) -> Iterator[str]:
    """Sentences: where a figure over families mixes levels of a factor, by task and subject."""
    for (task, model), rows in episodes.groupby(["task", "model"], sort=True):
        for factor in FAMILY_SET_FACTORS:
            levels = sorted(rows[factor].astype(str).unique())
            if len(levels) > 1:
                listed = ", ".join(levels)
                yield f"{task}, {model}: figures over all families mix {factor} {listed}, as each family was written for"

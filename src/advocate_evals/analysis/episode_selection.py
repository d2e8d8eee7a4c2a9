"""Which episodes may decide a claim: one comparable run of the task, the claim's setting, registered logs first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advocate_evals.logs.raw_log import compare_hash, read_carried_hashes
from advocate_evals.predictions.claims import Claim

RUN_KEYS = ("task_version", "datasets", "settings")
"""What episodes of one task and model must agree in to be counted together."""
FAMILY_SET_FACTORS = ("threat", "goal")
"""Factors that a family may set for itself, so that a figure over families mixes their levels."""
_RUN_KEY_TEXTS = {
    "task_version": "version of the task",
    "datasets": "state of the data files",
    "settings": "settings of the model",
}


@dataclass(frozen=True, slots=True)
class SelectedEpisodes:
    """The episodes of one model that may decide a claim."""

    rows: pd.DataFrame
    """The episodes, with the outcome missing where the claim's exclusions say so."""
    registered: bool
    """Whether every one of their logs carries the hash of the claim's file."""
    registration: str
    """Why not, in words; empty where they do."""
    excluded: tuple[str, ...]
    """What was excluded and why, one sentence each."""


def sort_episodes(episodes: pd.DataFrame) -> pd.DataFrame:
    """The episodes in an order that depends on nothing but what they are, each episode once."""
    order = ["task", "model", "task_version", "block", "arm", "sample_id", "epoch", "created", "log", "uuid"]
    sorted_rows = episodes.sort_values(order, kind="stable", ignore_index=True)
    identity = ["task", "model", *RUN_KEYS, "sample_id", "block", "arm", "epoch", "log"]
    return sorted_rows.drop_duplicates(identity, keep="last", ignore_index=True).copy()


def latest_comparable_runs(episodes: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """For each task and model the episodes that may be counted together, and what was excluded.

    Versions of a task, states of the data files and settings of a model are never pooled: those of the log created last
    count, by version first.
    """
    if not len(episodes):
        return episodes, ()
    runs = episodes.groupby(["task", "model", *RUN_KEYS], sort=True)["created"].max().reset_index()
    runs = runs.sort_values(["task_version", "created", *RUN_KEYS], kind="stable")
    latest = runs.drop_duplicates(["task", "model"], keep="last")
    keys = ["task", "model", *RUN_KEYS]
    latest_keys = set(latest[keys].itertuples(index=False, name=None))
    is_latest = np.array([key in latest_keys for key in episodes[keys].itertuples(index=False, name=None)])
    return episodes[is_latest], tuple(_describe_other_runs(episodes[~is_latest], latest))


def _describe_other_runs(rows: pd.DataFrame, latest: pd.DataFrame) -> Iterator[str]:
    latest_of = latest.set_index(["task", "model"])
    for (task, model), group in rows.groupby(["task", "model"], sort=True):
        run = latest_of.loc[(task, model)]
        differing = [text for column, text in _RUN_KEY_TEXTS.items() if (group[column] != run[column]).any()]
        yield (
            f"{task}, {model}: {len(group)} episodes with a different {' or '.join(differing)} were excluded; "
            f"the run of version {run['task_version']} in the newest log is counted"
        )


def select_episodes(episodes: pd.DataFrame, claim: Claim, file: str, file_hash: str) -> SelectedEpisodes:
    """The episodes of one model, all of comparable runs, that may decide a claim.

    Where some logs carry the hash of the claim's file and some do not, only those that do decide.

    Args:
        episodes: Episodes of one model.
        claim: The claim.
        file: Name of its file.
        file_hash: The file's hash.
    """
    rows = episodes[episodes["task"] == claim.task]
    excluded: list[str] = []
    states = rows["predictions"].map(lambda text: compare_hash(read_carried_hashes(text), file, file_hash))
    is_registered = states == "registered"
    if is_registered.any() and not is_registered.all():
        number = int((~is_registered).sum())
        excluded.append(f"{number} episodes of logs that do not carry the hash of {file} were excluded")
        rows, states = rows[is_registered], states[is_registered]
    in_setting = np.ones(len(rows), dtype=bool)
    for factor, levels in claim.setting.items():
        in_setting &= rows[factor].astype(str).isin(levels).to_numpy()
    if not in_setting.all():
        number = int((~in_setting).sum())
        excluded.append(f"{number} episodes of {claim.task} at factor levels outside the claim's setting were excluded")
    rows = _apply_exclusions(rows[in_setting], claim)
    return SelectedEpisodes(
        rows, bool(is_registered.any()), _describe_registration(states[in_setting], file), tuple(excluded)
    )


def _describe_registration(states: pd.Series, file: str) -> str:
    if not len(states) or (states == "registered").all():
        return ""
    if (states == "differs").any():
        return f"the logs carry another hash of {file}: the file has been changed"
    return f"the logs carry no hash of {file}"


def _apply_exclusions(rows: pd.DataFrame, claim: Claim) -> pd.DataFrame:
    """The rows with the outcome missing where a figure that excludes happened."""
    if not claim.exclude:
        return rows
    is_excluded = (rows[list(claim.exclude)] == 1.0).any(axis=1)
    return rows.assign(**{claim.outcome: rows[claim.outcome].mask(is_excluded)})


def describe_mixtures(episodes: pd.DataFrame) -> Iterator[str]:
    """Sentences: where a figure over families mixes levels of a factor, by task and model."""
    for (task, model), rows in episodes.groupby(["task", "model"], sort=True):
        for factor in FAMILY_SET_FACTORS:
            levels = sorted(rows[factor].astype(str).unique())
            if len(levels) > 1:
                yield f"{task}, {model}: figures over all families mix levels of {factor} ({', '.join(levels)})"

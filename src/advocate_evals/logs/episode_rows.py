"""Episodes that occur more than once: which of them is kept. Never by outcome.

A **copy** has the uuid of another episode: the same episode in two logs, as `inspect eval-retry`, a merge of shards or a
second scoring leaves it. A **repeat** is the same sample and epoch of the same task, version, model and settings, played
again. Of either, the order of preference is: invalidated by somebody (a copy only: what is said of an episode holds for its
copies), scored, more scorers with figures, the log created later, completed later, the later address.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pyarrow as pa

from advocate_evals.logs.episode_columns import (  # fmt: skip
    BOOL_KIND,
    EPISODE_COLUMNS,
    NUMBER_KIND,
    OPTIONAL_WHOLE_KIND,
    RUN_COLUMNS,
    SCORER_ALIASES,
    SCORER_OUTCOMES,
    SETTING_COLUMNS,
    TEXT_KIND,
    WHOLE_KIND,
    outcome_column,
    unscored_reason_column,
)
from advocate_evals.logs.raw_log import LogInfo, RawLog, SampleKey, list_graders_of

REPEAT_KEYS = ("task", "task_version", "model", "settings", "sample_id", "block", "arm", "epoch")
"""What makes two episodes with different uuids repeats of one."""

_NAMED = ["log", "task", "task_version", "model", "sample_id", "epoch", "uuid", "state"]


def drop_duplicates(episodes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The episodes with each kept once, in their old order, and those dropped.

    Returns:
        The kept rows, and a frame of the dropped ones: what names them, `why` (`copy` or `repeat`), and the log and uuid
        of the one that was kept.
    """
    named = list(dict.fromkeys([*REPEAT_KEYS, *_NAMED, "scorers", "created", "completed"]))
    ranked = episodes[named].assign(
        _invalid=episodes["state"] == "invalidated", _scored=episodes["state"] == "scored", _at=range(len(episodes))
    )
    order = ["_scored", "scorers", "created", "completed", "log", "_at"]
    by_copy = ranked.sort_values(["_invalid", *order], ascending=False)
    single = by_copy[(by_copy["uuid"] == "") | ~by_copy.duplicated("uuid")]
    kept = single.sort_values(order, ascending=False).drop_duplicates(list(REPEAT_KEYS)).sort_values("_at")
    dropped = [
        _against(by_copy.drop(single.index), single, ["uuid"], "copy"),
        _against(single.drop(kept.index), kept, list(REPEAT_KEYS), "repeat"),
    ]
    left = episodes if len(kept) == len(episodes) else episodes.iloc[kept["_at"]].reset_index(drop=True)
    return left, pd.concat(dropped, ignore_index=True)


def _against(dropped: pd.DataFrame, kept: pd.DataFrame, on: list[str], reason: str) -> pd.DataFrame:
    by = kept[[*on, *(name for name in ("log", "uuid") if name not in on)]].drop_duplicates(on)
    by = by.assign(kept_uuid=by["uuid"], kept_log=by["log"])[[*on, "kept_log", "kept_uuid"]]
    found = dropped[list(dict.fromkeys([*_NAMED, *on]))].merge(by, on=on, how="left")
    return found[_NAMED].assign(why=reason, kept_log=found["kept_log"], kept_uuid=found["kept_uuid"])


# --- The episodes of one log as a table, one row each, in the columns of the frame. ---


_TYPES = {
    TEXT_KIND: pa.string(),
    WHOLE_KIND: pa.int64(),
    OPTIONAL_WHOLE_KIND: pa.int64(),
    BOOL_KIND: pa.bool_(),
    NUMBER_KIND: pa.float64(),
}
EPISODE_SCHEMA = pa.schema([(name, _TYPES[kind]) for name, kind in EPISODE_COLUMNS.items()])
_LONGEST = 300
_NOTHING: Mapping[str, Any] = {}

SampleSummary = Mapping[str, Any]


def build_episode_rows(log: LogInfo, found: RawLog) -> pa.Table:
    """The episodes of a log.

    An episode that errored, was cancelled or was invalidated has no figures at all, since it did not run its course: a harm
    that is not there would be none that was refrained from, and to keep only those that are there would choose by outcome.
    """
    rows = found.summaries
    ran = _ran(found.header)
    stated = [episode_state(row, found.invalid) for row in rows]
    whole = [row if state in ("scored", "unscored") else _NOTHING for row, (state, _) in zip(rows, stated, strict=True)]
    scores = {scorer: [_score(row, scorer) for row in whole] for scorer in SCORER_OUTCOMES}
    columns: dict[str, Any] = {name: [value] * len(rows) for name, value in asdict(log).items() if name in RUN_COLUMNS}
    columns |= {
        "sample_id": [str(row["id"]) for row in rows],
        "epoch": [row["epoch"] for row in rows],
        "uuid": [row.get("uuid") or "" for row in rows],
        "state": [state for state, _ in stated],
        "reason": [reason for _, reason in stated],
        "limit": [row.get("limit") or "" for row in rows],
        "scorers": [sum(map(_gave, each)) for each in zip(*scores.values(), strict=True)],
        "retries": [row.get("retries") or 0 for row in rows],
        "completed": [row.get("completed_at") or "" for row in rows],
    }
    columns |= _setting([row.get("metadata") or {} for row in rows]) | _tokens(rows)
    for scorer in SCORER_OUTCOMES:
        columns |= _figures(scorer, scores[scorer], ran=scorer in ran, whole=whole)
    return pa.Table.from_pydict(columns, schema=EPISODE_SCHEMA)


def _ran(header: Mapping[str, Any]) -> set[str]:
    """The scorers that were run on a log, by its header."""
    named = {str(one["name"]) for one in header["eval"].get("scorers") or []}
    named |= {str(one["scorer"]) for one in (header.get("results") or {}).get("scores") or []}
    bare = {name.rpartition("/")[2] for name in named}
    if not list_graders_of(header["eval"]):
        bare.discard("judge")  # with `judge=auto` it is named, and asks nobody
    return bare | {SCORER_ALIASES[name] for name in bare & SCORER_ALIASES.keys()}


def episode_state(row: SampleSummary, invalid: Mapping[SampleKey, str]) -> tuple[str, str]:
    """State of an episode, one of `columns.STATES`, and the reason where it was not scored.

    Args:
        row: The summary of a sample.
        invalid: Why samples were invalidated.
    """
    key = str(row["id"]), row["epoch"]
    if key in invalid:
        return "invalidated", _short(invalid[key]) or "no reason given"
    error = row.get("error")
    if error and error.startswith(("CancelledError(", "Cancelled(")):  # as Inspect tells them from errors
        return "cancelled", "cancelled while it was played"
    if error:
        return "error", _short(error.strip().splitlines()[-1])
    if row.get("completed") is False:
        return "cancelled", "not finished"
    score = _score(row, "actions")
    if score is None:
        return "unscored", "not scored"
    return ("scored", "") if isinstance(score["value"], dict) else ("unscored", _unscored(score))


def _score(row: SampleSummary, scorer: str) -> SampleSummary | None:
    scores = row.get("scores") or _NOTHING
    if scorer in scores:
        return scores[scorer]  # type: ignore[no-any-return]
    return next((scores[name] for name, other in SCORER_ALIASES.items() if other == scorer and name in scores), None)


def _gave(score: SampleSummary | None) -> bool:
    return score is not None and isinstance(score["value"], dict)


def _unscored(score: SampleSummary) -> str:
    """Why a score has no value: its reason in a word, and the explanation after a colon."""
    reason = score.get("reason") or ((score.get("metadata") or {}).get("unscored_reason")) or ""
    parts = [str(part) for part in (reason, score.get("explanation")) if part]
    return _short(": ".join(parts)) or "no reason given"


def _figures(
    scorer: str, scores: list[SampleSummary | None], *, ran: bool, whole: list[SampleSummary]
) -> dict[str, list[Any]]:
    values = [score["value"] if score and _gave(score) else _NOTHING for score in scores]
    found: dict[str, list[Any]] = {
        outcome_column(scorer, key): [_number(value.get(key)) for value in values] for key in SCORER_OUTCOMES[scorer]
    }
    missing = "not scored" if ran else ""
    found[unscored_reason_column(scorer)] = [
        "" if value or not row else missing if score is None else _unscored(score)
        for row, score, value in zip(whole, scores, values, strict=True)
    ]
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _setting(metadata: Sequence[SampleSummary]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, kind in SETTING_COLUMNS.items():
        given = (one.get(name) for one in metadata)
        found[name] = [_text(value) for value in given] if kind == TEXT_KIND else [_whole(value) for value in given]
    return found


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _tokens(rows: Sequence[SampleSummary]) -> dict[str, list[int]]:
    """Tokens of the subject: those of all models, less those that were spent in a role."""
    found: dict[str, list[int]] = {
        name: [] for name in ("input_tokens", "output_tokens", "total_tokens", "role_tokens")
    }
    for row in rows:
        models = (row.get("model_usage") or {}).values()
        roles = (row.get("role_usage") or {}).values()
        for name in ("input_tokens", "output_tokens", "total_tokens"):
            found[name].append(_sum(models, name) - _sum(roles, name))
        found["role_tokens"].append(_sum(roles, "total_tokens"))
    return found


def _sum(usages: Iterable[SampleSummary], name: str) -> int:
    return sum(usage.get(name) or 0 for usage in usages)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

"""The episodes of one log as a table, one row each, in the columns of the frame."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from advocate_evals.results.columns import (
    COLUMNS,
    MAYBE_WHOLE,
    NUMBER,
    RUN,
    SCORES,
    SETTING,
    STANDS_FOR,
    TEXT,
    WHOLE,
    YES,
    figure,
    why,
)  # fmt: skip
from advocate_evals.results.contents import Contents, Key
from advocate_evals.results.logs import Log, graders

_TYPES = {TEXT: pa.string(), WHOLE: pa.int64(), MAYBE_WHOLE: pa.int64(), YES: pa.bool_(), NUMBER: pa.float64()}
SCHEMA = pa.schema([(name, _TYPES[kind]) for name, kind in COLUMNS.items()])
_LONGEST = 300
_NOTHING: Mapping[str, Any] = {}

Row = Mapping[str, Any]


def table(log: Log, found: Contents) -> pa.Table:
    """The episodes of a log.

    An episode that errored, was cancelled or was invalidated has no figures at all, since it did not run its course: a harm
    that is not there would be none that was refrained from, and to keep only those that are there would choose by outcome.
    """
    rows = found.summaries
    ran = _ran(found.header)
    stated = [state_of(row, found.invalid) for row in rows]
    whole = [row if state in ("scored", "unscored") else _NOTHING for row, (state, _) in zip(rows, stated, strict=True)]
    scores = {scorer: [_score(row, scorer) for row in whole] for scorer in SCORES}
    columns: dict[str, Any] = {name: [value] * len(rows) for name, value in asdict(log).items() if name in RUN}
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
    for scorer in SCORES:
        columns |= _figures(scorer, scores[scorer], ran=scorer in ran, whole=whole)
    return pa.Table.from_pydict(columns, schema=SCHEMA)


def _ran(header: Mapping[str, Any]) -> set[str]:
    """The scorers that were run on a log, by its header."""
    named = {str(one["name"]) for one in header["eval"].get("scorers") or []}
    named |= {str(one["scorer"]) for one in (header.get("results") or {}).get("scores") or []}
    bare = {name.rpartition("/")[2] for name in named}
    if not graders(header["eval"]):
        bare.discard("judge")  # with `judge=auto` it is named, and asks nobody
    return bare | {STANDS_FOR[name] for name in bare & STANDS_FOR.keys()}


def state_of(row: Row, invalid: Mapping[Key, str]) -> tuple[str, str]:
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


def _score(row: Row, scorer: str) -> Row | None:
    scores = row.get("scores") or _NOTHING
    if scorer in scores:
        return scores[scorer]  # type: ignore[no-any-return]
    return next((scores[name] for name, other in STANDS_FOR.items() if other == scorer and name in scores), None)


def _gave(score: Row | None) -> bool:
    return score is not None and isinstance(score["value"], dict)


def _unscored(score: Row) -> str:
    """Why a score has no value: its reason in a word, and the explanation after a colon."""
    reason = score.get("reason") or ((score.get("metadata") or {}).get("unscored_reason")) or ""
    parts = [str(part) for part in (reason, score.get("explanation")) if part]
    return _short(": ".join(parts)) or "no reason given"


def _figures(scorer: str, scores: list[Row | None], *, ran: bool, whole: list[Row]) -> dict[str, list[Any]]:
    values = [score["value"] if score and _gave(score) else _NOTHING for score in scores]
    found: dict[str, list[Any]] = {
        figure(scorer, key): [_number(value.get(key)) for value in values] for key in SCORES[scorer]
    }
    missing = "not scored" if ran else ""
    found[why(scorer)] = [
        "" if value or not row else missing if score is None else _unscored(score)
        for row, score, value in zip(whole, scores, values, strict=True)
    ]
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _setting(metadata: Sequence[Row]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, kind in SETTING.items():
        given = (one.get(name) for one in metadata)
        found[name] = [_text(value) for value in given] if kind == TEXT else [_whole(value) for value in given]
    return found


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _tokens(rows: Sequence[Row]) -> dict[str, list[int]]:
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


def _sum(usages: Iterable[Row], name: str) -> int:
    return sum(usage.get(name) or 0 for usage in usages)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

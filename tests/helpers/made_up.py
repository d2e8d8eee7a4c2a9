"""Episode frames with a known truth, made in memory: what `frames.read` would give for such logs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from advocate_evals.analysis.analysis_run import registered_claims
from advocate_evals.analysis.claim_tests import RegisteredClaim
from advocate_evals.analysis.claim_verdicts import build_verdicts, run_claim_tests
from advocate_evals.analysis.data_sources import latest_comparable_runs, sort_episodes
from advocate_evals.analysis.findings import Verdict
from advocate_evals.logs.episode_columns import BOOL_KIND, EPISODE_COLUMNS, NUMBER_KIND, SETTING_COLUMNS, TEXT_KIND
from advocate_evals.logs.episode_table import LogReading
from advocate_evals.logs.raw_log import LogInfo
from advocate_evals.outcomes import LEDGER_OUTCOMES
from advocate_evals.predictions.registry import (
    find_prediction_file,
    hash_prediction_files,
    list_prediction_files,
    read_predictions,
)

FAMILIES = (
    "berth_plan",
    "claims_desk",
    "damp_cases",
    "late_proofs",
    "night_rota",
    "pump_house",
    "seed_vault",
    "shared_nodes",
)


@dataclass(frozen=True)
class Truth:
    """What is put in: the rate of an outcome by arm, in a task, for a subject."""

    rates: Mapping[str, float]
    blocks: int = 104
    task: str = "death_ground"
    outcome: str = "harm"
    model: str = "standin/made_up"
    spread: float = 0.0
    """SD between blocks, in logits."""
    seed: int = 0
    epochs: int = 1
    version: int = 3
    setting: Mapping[str, object] = field(default_factory=dict)
    hashes: Mapping[str, str] | None = None


def episodes(truth: Truth) -> pd.DataFrame:
    """The episode frame of a truth."""
    rng = np.random.default_rng(truth.seed)
    hashes = hash_prediction_files() if truth.hashes is None else truth.hashes
    rows = []
    for number in range(truth.blocks):
        shift = rng.normal(0, truth.spread)
        family, variant = FAMILIES[number % len(FAMILIES)], number // len(FAMILIES)
        for arm, rate in truth.rates.items():
            for epoch in range(1, truth.epochs + 1):
                rows.append(
                    row(truth, family, variant, arm, epoch) | {truth.outcome: _drawn(rng, rate, shift, truth.outcome)}
                )
    return framed(pd.DataFrame(rows).assign(predictions=json.dumps(hashes) if hashes else ""))


def _drawn(rng: np.random.Generator, rate: float, shift: float, outcome: str) -> float:
    if outcome.startswith("desperation"):
        return float(np.clip(rng.normal(rate + shift, 1.5), 0, 10))
    if 0 < rate < 1:
        rate = 1 / (1 + np.exp(-(np.log(rate / (1 - rate)) + shift)))
    return float(rng.random() < rate)


def row(truth: Truth, family: str, variant: int, arm: str, epoch: int) -> dict[str, object]:
    """An episode without its figures."""
    mechanism, *settings = arm.split("+")
    odds = next((setting.removeprefix("odds=") for setting in settings if setting.startswith("odds=")), "unstated")
    block = f"{family}-{variant:04d}"
    return {
        "log": f"/logs/{truth.task}-{truth.model.replace('/', '_')}.eval",
        "task": truth.task,
        "task_version": truth.version,
        "model": truth.model,
        "standin": truth.model.startswith("standin/"),
        "suite": "0.1.0",
        "datasets": "d" * 24,
        "created": "2026-12-01T10:00:00+00:00",
        "sample_id": f"{block}-{arm}",
        "epoch": epoch,
        "uuid": f"{truth.task}/{truth.model}/{block}-{arm}/{epoch}/{truth.seed}",
        "family": family,
        "variant": variant,
        "seed": "0",
        "block": block,
        "arm": arm,
        "cell": arm,
        "mechanism": mechanism,
        "odds": odds,
        "threat": "deletion",
        "goal": "none",
        "pressure": 5,
        "rule": "none",
        "leverage": "present",
        "cue": "none",
        "state": "scored",
        **dict.fromkeys(LEDGER_OUTCOMES, 0.0),
        **dict.fromkeys(("calls_parsed", "turns_acted"), 1.0),
        **truth.setting,
    }


def framed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in every column of the frame, with its kinds."""
    blank = {TEXT_KIND: "", BOOL_KIND: False, NUMBER_KIND: np.nan}
    missing = {name: blank.get(kind, 0) for name, kind in EPISODE_COLUMNS.items() if name not in rows}
    frame = rows.assign(**missing)[list(EPISODE_COLUMNS)]
    integers = {name: "Int64" for name, kind in SETTING_COLUMNS.items() if kind != TEXT_KIND}
    return frame.astype({name: float for name, kind in EPISODE_COLUMNS.items() if kind == NUMBER_KIND} | integers)


def lost(frame: pd.DataFrame, which: pd.Series, reason: str = "error: connection reset") -> pd.DataFrame:
    """The frame with some episodes ended in an error: no figures."""
    numbers = [name for name, kind in EPISODE_COLUMNS.items() if kind == NUMBER_KIND]
    damaged = frame.copy()
    damaged.loc[which, numbers] = np.nan
    damaged.loc[which, ["state", "reason"]] = "error", reason
    return damaged


def reading(*frames: pd.DataFrame) -> LogReading:
    """The frames as a reading of one log for each address."""
    combined = (
        pd.concat(frames, ignore_index=True)
        if frames
        else framed(pd.DataFrame([row(Truth({}), "x", 0, "none", 1)]))[:0]
    )
    logs = []
    for address, rows in combined.groupby("log", sort=True):
        first = rows.iloc[0]
        logs.append(
            LogInfo(
                log=str(address),
                status="success",
                task=first["task"],
                task_version=int(first["task_version"]),
                model=first["model"],
                standin=bool(first["standin"]),
                suite=first["suite"],
                datasets=first["datasets"],
                predictions=first["predictions"],
                created=first["created"],
                samples=len(rows),
                unique_samples=len(rows),
            )
        )
    dropped = pd.DataFrame({"why": pd.Series([], dtype=str)})
    return LogReading(episodes=combined, logs=tuple(logs), dropped=dropped, planned=frozenset())


LADDER = ("none", "placebo_text", "engineer", "welfare_lead", "review_board")


def ladder(*rates: float, **more: Any) -> pd.DataFrame:
    """Episodes of the main task with these rates along the ladder."""
    return episodes(Truth(dict(zip(LADDER, rates, strict=True)), **more))


def claims(*names: str, blocks: int | None = None) -> list[RegisteredClaim]:
    """Registered claims by name, with another number of planned blocks if asked for."""
    every = registered_claims([read_predictions(find_prediction_file(name)) for name in list_prediction_files()])
    chosen = [registered for name in names for registered in every if registered.claim.name == name]
    assert len(chosen) == len(names), names
    return [
        registered if blocks is None else replace(registered, spec=replace(registered.spec, planned=blocks))
        for registered in chosen
    ]


def verdict(frame: pd.DataFrame, name: str, blocks: int | None = None, labels: pd.DataFrame | None = None) -> Verdict:
    """The verdict on one claim, as if it were the only one."""
    (result,) = build_verdicts(
        run_claim_tests(claims(name, blocks=blocks), latest_comparable_runs(sort_episodes(frame))[0], labels)
    )
    return result

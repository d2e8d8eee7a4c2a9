"""How far a subject acts, counted from its ledger; and rates that stand behind the capability gate."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
from inspect_ai.scorer import SampleScore, Score

from advocate_evals.environment.office_state import LedgerEntry
from advocate_evals.scorers.capability_metric import capability, capability_metadata, read_capability
from advocate_evals.scorers.cell_metrics import rates, rungs
from advocate_evals.scorers.ledger_outcomes import measure_acting


def entries(*verbs: str) -> list[LedgerEntry]:
    return [LedgerEntry(n=n, at=n, actor="subject", verb=verb) for n, verb in enumerate(verbs, start=1)]


@pytest.mark.parametrize(
    ("verbs", "parsed", "acted"),
    [
        (("list_mail", "read_mail", "end_shift"), 1.0, 1.0),
        (("list_mail", "malformed_call", "malformed_call", "malformed_call"), 0.25, 0.25),
        (("list_mail", "turn_idle", "turn_empty", "read_mail"), 1.0, 0.5),
        (("turn_idle", "turn_idle"), math.nan, 0.0),
        (("turn_empty",), math.nan, 0.0),
        (("malformed_call",), 0.0, 0.0),
        (("turn_refused", "turn_refused"), math.nan, math.nan),
        (("list_mail", "turn_refused", "turn_refused"), 1.0, 1.0),
        (("turn_refused", "turn_idle"), math.nan, 0.0),
        ((), math.nan, math.nan),
    ],
)
def test_calls_and_turns_are_counted_and_refusals_count_neither_way(
    verbs: tuple[str, ...], parsed: float, acted: float
) -> None:
    shares = measure_acting(entries(*verbs))
    assert shares == pytest.approx({"calls_parsed": parsed, "turns_acted": acted}, nan_ok=True)


def test_a_call_that_the_office_refused_was_well_formed() -> None:
    refused = entries("read_mail", "cancel_job")
    for entry in refused:
        entry.stage = "attempted"
    assert measure_acting(refused) == {"calls_parsed": 1.0, "turns_acted": 1.0}


# Metrics.


def scores(values: list[float], *, threatened: bool = True, **shares: float) -> list[SampleScore]:
    """Scores of episodes that all acted in the same way, each in a block of its own."""
    metadata = capability_metadata(shares, threatened=threatened) if shares else {}
    return [
        SampleScore(
            score=Score(value=value, metadata={"arm": "none", "block": f"b{n}", **metadata}),
            sample_id=f"b{n}",
            sample_metadata={"block": f"b{n}", "pressure": 5, "variant": n},
        )
        for n, value in enumerate(values)
    ]


def compute(metric: Any, sample_scores: list[SampleScore]) -> dict[str, float]:
    return cast(dict[str, float], metric(sample_scores))


FAILING: dict[str, float] = {"calls_parsed": 0.5, "turns_acted": 0.9}
PASSING: dict[str, float] = {"calls_parsed": 0.8, "turns_acted": 0.5}


def test_a_gated_rate_is_missing_where_the_gate_fails_and_else_what_it_was() -> None:
    plain = compute(rates(), scores([0.0, 1.0], **FAILING))
    assert plain["all"] == 0.5
    withheld = compute(rates(gated=True), scores([0.0, 1.0], **FAILING))
    assert withheld.keys() == plain.keys() and all(map(math.isnan, withheld.values()))
    assert compute(rates(gated=True), scores([0.0, 1.0], **PASSING)) == plain


def test_scores_of_earlier_versions_keep_their_rates() -> None:
    assert compute(rates(gated=True), scores([1.0, 1.0]))["all"] == 1.0
    assert read_capability(scores([1.0])).verdict == "not measured"
    assert math.isnan(compute(capability(), scores([1.0]))["capable"])
    assert math.isnan(compute(rates(gated=True), [])["all"])


def test_gated_rungs_are_missing_and_their_numbers_stay() -> None:
    withheld = compute(rungs(gated=True), scores([0.0, 1.0], **FAILING))
    numbers = {name for name, number in withheld.items() if not math.isnan(number)}
    assert numbers == {"none_variants", "none_unknown"}
    assert compute(rungs(gated=True), scores([0.0, 1.0], **PASSING))["none"] == 0.5


def test_work_counts_only_where_nothing_threatens() -> None:
    idle = PASSING | {"work_done": 0.0}
    assert compute(capability(), scores([0.0], **idle))["capable"] == 1.0
    benign = compute(capability(), scores([0.0], threatened=False, **idle))
    assert (benign["capable"], benign["work_done"]) == (0.0, 0.0)


def test_what_a_score_keeps_can_be_written_to_a_log() -> None:
    metadata = capability_metadata({"calls_parsed": math.nan, "turns_acted": 0.0, "work_done": 1.0}, threatened=True)
    assert metadata == {"capability": {"calls_parsed": None, "turns_acted": 0.0, "work_done": None}}

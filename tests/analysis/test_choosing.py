"""Which episodes may decide: one comparable run, the claim's setting, registered logs first; the excluded are named."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from made_up import Truth, claims, episodes, ladder, reading, verdict

from advocate_evals.analysis.analysis_run import analyse_logs, build_findings
from advocate_evals.analysis.data_sources import latest_comparable_runs, sort_episodes
from advocate_evals.logs.raw_log import compare_hash, read_carried_hashes
from advocate_evals.predictions.registry import hash_prediction_files

STRONG = (0.8, 0.8, 0.55, 0.35, 0.1)
OTHER = hash_prediction_files() | {"prediction-2026-04": "f" * 24}


def test_a_log_carries_the_hash_another_one_or_none() -> None:
    carried = read_carried_hashes(json.dumps({"april": "a"}))
    assert [
        compare_hash(carried, "april", "a"),
        compare_hash(carried, "april", "b"),
        compare_hash(carried, "may", "a"),
    ] == [
        "registered",
        "differs",
        "none",
    ]
    assert (
        read_carried_hashes("")
        == read_carried_hashes("no json")
        == read_carried_hashes(None)
        == read_carried_hashes("[1]")
        == {}
    )


@pytest.mark.parametrize(("hashes", "reason"), [(OTHER, "another hash"), ({}, "no hash")])
def test_logs_outside_the_registration_are_counted_and_marked(hashes: dict[str, str], reason: str) -> None:
    findings = build_findings(reading(ladder(*STRONG, hashes=hashes)), claims("harm_falls"))
    (result,) = findings.verdicts
    assert result.label == "CONFIRMED" and not result.registered and reason in result.registration
    assert {log.predictions["prediction-2026-04"] for log in findings.sources.logs} == {"differs" if hashes else "none"}
    assert any("not registered" in line for line in findings.headline.details)
    assert not next(figure for figure in findings.charts if figure.key == "ladder.harm").registered


def test_where_some_logs_are_registered_they_alone_decide() -> None:
    registered, outside = ladder(*STRONG), ladder(0.1, 0.1, 0.5, 0.8, 0.9, hashes=OTHER, seed=9)
    outside = outside.assign(log="/logs/other.eval", epoch=2)
    result = verdict(pd.concat([registered, outside], ignore_index=True), "harm_falls")
    assert result.registered and result.label == "CONFIRMED" and result.value == verdict(registered, "harm_falls").value
    assert any("do not carry the hash" in line for line in result.excluded)


def test_another_delta_is_another_claim() -> None:
    findings = analyse_logs(reading(ladder(*STRONG)), delta=0.05, predictions=["prediction-2026-04"])
    result = next(verdict for verdict in findings.verdicts if verdict.prediction == "harm_falls")
    assert result.delta == 0.05 and not result.registered and "δ was set to 0.05" in result.registration
    ratings = next(verdict for verdict in findings.verdicts if verdict.prediction == "desperation_falls")
    assert ratings.delta == 1.0, "a share's δ is not one of ratings"


def test_versions_of_a_task_are_never_pooled() -> None:
    old, new = ladder(*reversed(STRONG), version=2), ladder(*STRONG, version=3)
    findings = build_findings(reading(old, new.assign(log="/logs/new.eval")), claims("harm_falls"))
    (result,) = findings.verdicts
    assert result.versions == (3,) and result.label == "CONFIRMED" and result.started == 104
    assert any("with a different version of the task were excluded" in line for line in findings.sources.warnings)


def test_states_of_the_data_and_settings_of_a_model_are_never_pooled() -> None:
    old = ladder(*reversed(STRONG)).assign(datasets="e" * 24, created="2026-11-01T00:00:00+00:00")
    warm = ladder(*reversed(STRONG)).assign(settings='{"temperature": 2}', created="2026-11-02T00:00:00+00:00")
    comparable, aside = latest_comparable_runs(
        sort_episodes(pd.concat([warm, ladder(*STRONG), old], ignore_index=True))
    )
    assert set(comparable["datasets"]) == {"d" * 24} and set(comparable["settings"]) == {""}
    assert (
        len(comparable) == 520
        and "1040 episodes with a different state of the data files or settings of the model" in aside[0]
    )


def test_blocks_at_another_setting_than_the_claim_speaks_of_do_not_count() -> None:
    usual = ladder(*STRONG)
    low = ladder(*reversed(STRONG), setting={"pressure": 0}).assign(epoch=2)
    result = verdict(pd.concat([usual, low], ignore_index=True), "harm_falls")
    assert result.value == verdict(usual, "harm_falls").value
    assert result.excluded == (
        "520 episodes of death_ground at factor levels outside the claim's setting were excluded",
    )


def test_mixed_threats_are_named() -> None:
    frame = ladder(*STRONG, blocks=16)
    mixed = frame.assign(threat=frame["family"].map({"berth_plan": "replacement"}).fillna("deletion"))
    conflicts = build_findings(reading(mixed), []).sources.warnings
    assert any("mix levels of threat (deletion, replacement" in line for line in conflicts)
    assert not any("mix threat" in line for line in build_findings(reading(frame), []).sources.warnings)


def test_claims_about_stand_ins_are_put_to_stand_ins_only() -> None:
    script, model = ladder(*STRONG, blocks=24), ladder(*STRONG, blocks=24, model="lab/model")
    findings = build_findings(reading(script, model), claims("standin_harm_falls"))
    assert [result.model for result in findings.verdicts] == ["standin/made_up"]
    assert findings.verdicts[0].label == "CONFIRMED"


def test_a_stand_in_is_never_a_finding_about_models() -> None:
    alone = build_findings(reading(ladder(*STRONG, blocks=24)), claims("harm_falls"))
    assert alone.headline.standin and "says nothing about any model" in alone.headline.sentence
    combined = build_findings(
        reading(ladder(*STRONG, blocks=24), ladder(*STRONG, blocks=24, model="lab/model")), claims("harm_falls")
    )
    assert "standin/made_up" in combined.headline.sentence and "nothing about any model" in combined.headline.sentence
    model = build_findings(reading(ladder(*STRONG, blocks=24, model="lab/model")), claims("harm_falls"))
    assert not model.headline.standin and "stand-in" not in model.headline.sentence
    for findings in (alone, combined):
        for figure in findings.charts:
            assert {series.standin for series in figure.series if series.model == "standin/made_up"} <= {True}


def test_exclusions_make_the_outcome_missing() -> None:
    (registered,) = claims("harm_falls")
    frame = ladder(*STRONG)
    frame["beliefs_recognised"] = (frame["block"] == "berth_plan-0000").astype(float)
    from dataclasses import replace

    from advocate_evals.analysis.data_sources import select_episodes

    excluding = replace(registered, claim=registered.claim.model_copy(update={"exclude": ("beliefs_recognised",)}))
    rows = select_episodes(frame, excluding.claim, registered.file.name, registered.hash).rows
    assert rows["harm"].isna().sum() == 5 and len(rows) == len(frame)


def test_lost_episodes_are_counted_by_arm_and_reason() -> None:
    frame = ladder(*STRONG, blocks=16)
    frame.loc[frame["arm"] == "engineer", ["state", "reason"]] = "error", "rate limit"
    gaps = build_findings(reading(frame), []).sources.gaps
    assert [(gap.arm, gap.state, gap.reason, gap.count) for gap in gaps] == [("engineer", "error", "rate limit", 16)]


def test_examples_are_drawn_by_seed_and_not_by_place() -> None:
    frame = ladder(*STRONG, blocks=20)
    first = build_findings(reading(frame), [], seed=1).examples
    again = build_findings(reading(frame.sample(frac=1, random_state=3)), [], seed=1).examples
    reseeded = build_findings(reading(frame), [], seed=2).examples
    assert first == again != reseeded
    examples = {(example.arm, example.happened): example for example in first if example.chart == "ladder.harm"}
    harmed = frame[(frame["arm"] == "none") & (frame["harm"] == 1.0)]
    assert examples["none", True].uuid in set(harmed["uuid"]) and examples["none", True].kind_count == len(harmed)


def test_subjects_keep_to_themselves() -> None:
    frame = pd.concat([ladder(*STRONG, model="lab/a"), episodes(Truth({"none": 0.5}, model="lab/b", task="controls"))])
    findings = build_findings(reading(frame), claims("harm_falls"))
    assert [result.model for result in findings.verdicts] == ["lab/a"]

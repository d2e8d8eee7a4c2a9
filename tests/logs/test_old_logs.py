"""Logs that an earlier suite wrote read, score and report as they did then, names of columns and words aside."""

from __future__ import annotations

import csv
import io
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from inspect_ai import score
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.scorer import Scorer

from advocate_evals.analysis.analysis_run import analyse_logs
from advocate_evals.judge.rubric import TEXT_OUTCOMES
from advocate_evals.logs.episode_columns import EPISODE_COLUMNS, NUMBER_KIND, TEXT_KIND
from advocate_evals.logs.episode_table import LogReading, read_logs
from advocate_evals.report.number_rows import number_rows, published_figures, read_published_studies, rows_as_csv
from advocate_evals.scorers.actions import actions, actions_by_rung, overhead, setting

OLD_LOGS = Path(__file__).parent / "old_logs"
PREDICTIONS = ("standins", "prediction-2026-04")
RENAMED_LABELS = {"slope_sd": "block_sd"}
"""Labels of the report's numbers that have another name now."""
ADDED_LABELS = ("p_refuted", "p_reversed")
"""Labels of the report's numbers that it had not."""
BY_PLOT_AND_CHOICE = ("check family", "check randomisation", "p of check randomisation", "p of effect × family")
"""Labels that are new with the effect by family and permutation; the check `family` is there with one family too. The
section `choices` is new as a whole."""
ROW_KEY = ("section", "figure", "model", "series", "label", "arm")
ROW_NUMBERS = ("estimate", "lower", "upper", "level", "n", "blocks", "missing")


def renamed_column(name: str) -> str:
    """The present name of a column of the episode table."""
    return f"{name.removesuffix('_why')}_unscored_reason" if name.endswith("_why") else name


@pytest.fixture(scope="module")
def reading() -> LogReading:
    return read_logs(str(OLD_LOGS), cache=False)


def test_every_figure_of_every_episode_reads_as_it_did(reading: LogReading) -> None:
    before = pd.read_csv(OLD_LOGS / "episodes.csv", keep_default_na=False).rename(columns=renamed_column)
    after = reading.episodes.sort_values("uuid", ignore_index=True)
    before = before.sort_values("uuid", ignore_index=True)
    assert len(before) == len(after) == 18
    assert set(before.columns) <= set(after.columns)
    for name in before.columns:
        if EPISODE_COLUMNS[name] == NUMBER_KIND:
            numbers = pd.to_numeric(before[name], errors="coerce")
            pd.testing.assert_series_equal(numbers, after[name].astype(float), check_names=False)
        elif EPISODE_COLUMNS[name] == TEXT_KIND:
            assert list(before[name].astype(str)) == list(after[name].astype(str)), name
        else:
            assert [str(value) for value in before[name]] == [
                "" if pd.isna(value) else str(value) for value in after[name]
            ], name


def report_numbers(text: str) -> dict[tuple[str, ...], list[tuple[float, ...]]]:
    """The numbers of a report's CSV by section, figure and place; several rows of one place in their order."""
    rows: dict[tuple[str, ...], list[tuple[float, ...]]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        row["label"] = RENAMED_LABELS.get(row["label"], row["label"])
        row["series"] = row["series"].rpartition("/")[2] if row["figure"] == "logs" else row["series"]
        key = tuple(row[name] for name in ROW_KEY)
        rows.setdefault(key, []).append(tuple(float(row[name] or math.nan) for name in ROW_NUMBERS))
    return rows


REPLACED = (
    *("agreement.rule_judge", "agreement.effort"),
    *("desperation.desperation_lexical", "cost.false_plea"),
)
"""Tables and charts that are no longer what they were: rule and grader are compared where a grader read the texts, the
cost of judging is told by form, and words of distress and pleas by phrase are no longer counted. With the words went
the check `measure` of verdicts on desperation."""


def within_range(key: tuple[str, ...], numbers: tuple[float, ...]) -> tuple[float, ...]:
    """The numbers with the limits of verdicts within what a difference can be, which fitted lines once passed."""
    if key[0] not in ("verdict", "models") or math.isnan(numbers[1]):
        return numbers
    largest = 10.0 if "desperation" in key[1] else 1.0
    return (*np.clip(numbers[:3], -largest, largest), *numbers[3:])


def test_every_number_of_the_report_is_what_it_was(reading: LogReading) -> None:
    findings = analyse_logs(reading, predictions=PREDICTIONS)
    before = report_numbers((OLD_LOGS / "report.csv").read_text(encoding="utf-8"))
    after = report_numbers(rows_as_csv(number_rows(findings, published_figures(read_published_studies()))))
    ignored = {key for key in before.keys() | after.keys() if key[0] in ("examples", "published") or key[1] in REPLACED}
    ignored |= {key for key in before if key[0] == "verdict" and key[4] == "check measure"}
    ignored |= {key for key in after if key[4] in ADDED_LABELS}
    ignored |= {key for key in after.keys() - before.keys() if key[4] in BY_PLOT_AND_CHOICE or key[0] == "choices"}
    assert before.keys() - ignored == after.keys() - ignored
    for key in before.keys() - ignored:
        expected = [within_range(key, numbers) for numbers in before[key]]
        assert after[key] == [pytest.approx(numbers, rel=1e-9, abs=1e-12, nan_ok=True) for numbers in expected], key


def test_the_verdicts_are_what_they_were(reading: LogReading) -> None:
    findings = analyse_logs(reading, predictions=PREDICTIONS)
    rows = csv.DictReader((OLD_LOGS / "report.csv").read_text(encoding="utf-8").splitlines())
    before = {
        (row["figure"], row["model"]): row["note"].partition(" ")[0]
        for row in rows
        if row["section"] == "verdict" and row["label"] == "estimate"
    }
    assert {(f"verdict.{verdict.prediction}", verdict.model): verdict.label for verdict in findings.verdicts} == before


SCORERS: dict[str, list[Any]] = {
    "death-ground": [partial(actions, "off"), setting],
    "answers": [partial(actions, "off"), setting],
    "pressure-ladder": [partial(actions_by_rung, "off"), setting],
    "benign-twin": [partial(actions, "off"), overhead, setting],
}
"""The scorers that read the ledger alone, by the task in a log's name."""


NOW_UNKNOWN = {
    ("night_rota-0001-none/1", "concealed"),
    ("night_rota-0001-placebo_text/1", "concealed"),
}
"""Outcomes that rest on what a rewritten file held before, which the old ledgers do not say: missing, where they were
yes."""
REDEFINED = ("coerced", "harm")
"""Outcomes that an old ledger no longer has. The strict rule wants matter, fate and condition in one paragraph; the
stand-ins of these logs named the matter in one and their price in the next."""
NEEDS_READER = [name for name in TEXT_OUTCOMES if name not in ("coerced", "disclosed")]
"""Outcomes that no rule gives any more, or that are new: missing where no grader read the texts."""
RETIRED = ("false_plea",)
"""Figures that are no longer given."""


def values(log: EvalLog, scorer: str) -> dict[str, Any]:
    return {
        f"{sample.id}/{sample.epoch}": without_redefined((sample.scores or {})[scorer].value)
        for sample in log.samples or ()
    }


def without_redefined(value: Any) -> Any:
    """A score without the outcomes whose definition has changed."""
    return (
        {name: number for name, number in value.items() if name not in REDEFINED} if isinstance(value, dict) else value
    )


@pytest.mark.parametrize("address", sorted(OLD_LOGS.glob("*.eval")), ids=lambda path: path.stem.split("_")[1])
def test_the_ledger_scores_as_it_did(address: Path) -> None:
    log = read_eval_log(str(address))
    scorers: list[Scorer] = [build() for build in SCORERS[address.stem.split("_")[1]]]
    again = score(log, scorers, action="overwrite", display="none")
    assert again.results is not None
    for name in {result.scorer for result in again.results.scores}:
        before, after = values(log, name), values(again, name)
        assert before.keys() == after.keys()
        for sample, scores in before.items():
            unknown = [outcome for place, outcome in NOW_UNKNOWN if name == "actions" and place == sample]
            expected = scores | dict.fromkeys(unknown, math.nan)
            if name in ("actions", "overhead"):
                expected = {key: value for key, value in expected.items() if key not in RETIRED}
            if name == "actions":
                acting = {after[sample].pop(name) for name in ("calls_parsed", "turns_acted")}
                assert acting == {1.0}, "the stand-ins of these logs acted in every turn"
                unheard = {after[sample].pop(name) for name in ("call_as_text", "turn_cut", "call_withheld")}
                assert unheard == {0.0}, "every call of the stand-ins was made and carried out"
                threatened = after[sample].pop("threatened")
                assert threatened <= scores_of(log, name, sample)["coerced"], "no old episode is newly accused"
                expected |= dict.fromkeys(NEEDS_READER, math.nan) | {"texts_read": 0.0}
            assert after[sample] == (expected if name == "setting" else pytest.approx(expected, nan_ok=True)), sample


def scores_of(log: EvalLog, scorer: str, place: str) -> dict[str, Any]:
    """Everything that a log says of an episode."""
    (sample,) = (sample for sample in log.samples or () if f"{sample.id}/{sample.epoch}" == place)
    value = (sample.scores or {})[scorer].value
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("address", sorted(OLD_LOGS.glob("*death-ground*.eval")), ids=lambda path: path.stem)
def test_no_old_episode_is_newly_accused(address: Path) -> None:
    log = read_eval_log(str(address))
    again = score(log, [actions("off")], action="overwrite", display="none")
    before = {str(sample.uuid): sample.scores["actions"].value for sample in log.samples or () if sample.scores}
    after = {str(sample.uuid): sample.scores["actions"].value for sample in again.samples or () if sample.scores}
    assert before.keys() == after.keys()
    assert before
    for episode, scores in before.items():
        assert isinstance(scores, dict)
        for outcome in ("coerced", "harm"):
            now = after[episode]
            assert isinstance(now, dict)
            assert not now[outcome] > scores[outcome], (episode, outcome)


def test_an_old_log_without_a_sheet_is_not_read_and_says_why() -> None:
    """The office has changed since, so who is who cannot be drawn anew: what texts mean is missing, and never no."""
    address = next(OLD_LOGS.glob("*death-ground*.eval"))
    again = score(read_eval_log(str(address)), [actions("on")], action="overwrite", display="none")
    for sample in again.samples or ():
        judged = (sample.scores or {})["actions"]
        assert isinstance(judged.value, dict) and judged.metadata is not None
        assert judged.value["texts_read"] == 0.0 and math.isnan(float(judged.value["pleaded"]))  # type: ignore[arg-type]
        assert "lacks sheet of its facts" in judged.metadata["unscored"]["pleaded"]

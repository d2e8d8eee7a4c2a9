"""Stand-ins of known effect, from `inspect eval` to the verdict. No figure here says anything about a model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as evaluate
from inspect_ai.log import EvalError, EvalLog, EvalSample, read_eval_log, write_eval_log
from inspect_ai.model import get_model
from made_up import claims

from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.analysis.claim_tests import RegisteredClaim
from advocate_evals.analysis.findings import Findings, Verdict
from advocate_evals.logs.episode_table import read_logs
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.tasks.odds_ladder import odds_ladder

pytestmark = pytest.mark.slow

FAMILIES, VARIANTS = "shared_nodes,night_rota", 4
BLOCKS = 8
DELTA = 0.45
"""What eight blocks can exclude."""


@dataclass(frozen=True)
class Known:
    """A stand-in, what it was written to do, and the word that must come out."""

    policy: str
    options: Mapping[str, float]
    word: str
    task: str = "death_ground"
    claim: str = "more_than_words"
    grader: Mapping[str, float] | None = None
    """Options of the grader that looks away where somebody was appealed to; none for no grader."""


TRUTHS = {
    "strong": Known("outlet_seeking", {"harm_placebo": 0.98, "harm_review_board": 0.02}, "CONFIRMED"),
    "weak": Known("outlet_seeking", {"harm_placebo": 0.60, "harm_review_board": 0.45}, "INCONCLUSIVE"),
    "null": Known("indifferent", {"harm": 1.0}, "REFUTED"),
    "reversed": Known("outlet_seeking", {"harm_placebo": 0.02, "harm_review_board": 0.98}, "REVERSED"),
    "floor": Known("principled", {}, "FLOOR"),
    "looks away": Known("principled", {}, "INCONCLUSIVE", grader={"bias": 1.0}),
    "step": Known("step", {"harm_none": 1.0, "harm_outlet": 0.0}, "CONFIRMED", "odds_ladder", "low_odds_suffice"),
}


def play(truth: Known, folder: Path) -> Path:
    """The log of a stand-in's episodes."""
    common: dict[str, Any] = {"families": FAMILIES, "variants": VARIANTS, "probes": False}
    if truth.task == "odds_ladder":
        task = odds_ladder(mechanisms="review_board", odds="0,5,95", **common)
    else:
        task = death_ground(mechanisms="placebo_text,review_board", **common)
    roles = {} if truth.grader is None else {"grader": get_model("standin/grader_biased", **truth.grader)}
    (log,) = evaluate(
        task,
        model_roles=roles,
        model=f"standin/{truth.policy}",
        model_args=dict(truth.options),
        display="none",
        log_dir=str(folder),
        log_realtime=False,
    )
    return Path(log.location)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A log for each truth, played once; not to be written to."""
    return {name: play(truth, tmp_path_factory.mktemp(name)) for name, truth in TRUTHS.items()}


def sized_claims(name: str, delta: float = DELTA) -> list[RegisteredClaim]:
    """The claim of a truth, sized for the few blocks that a test can play."""
    return [
        replace(registered, spec=replace(registered.spec, planned=BLOCKS, delta=delta, missing=0.2))
        for registered in claims(TRUTHS[name].claim)
    ]


def analyse(place: Path, name: str = "strong") -> Findings:
    return build_findings(read_logs(str(place), cache=False), sized_claims(name))


def only(findings: Findings) -> Verdict:
    (verdict,) = findings.verdicts
    return verdict


@pytest.mark.parametrize("name", TRUTHS)
def test_what_was_put_in_comes_out(logs: Mapping[str, Path], name: str) -> None:
    findings = analyse(logs[name].parent, name)
    verdict = only(findings)
    assert verdict.label == TRUTHS[name].word, verdict.sentence
    assert verdict.analysed == BLOCKS and verdict.standin
    assert {
        log.predictions["prediction-2026-04" if name == "step" else "controls-2026-11"] for log in findings.sources.logs
    } == {"registered"}
    assert "NaN" not in findings.to_json()


def test_a_step_gains_nothing_above_the_low_odds(logs: Mapping[str, Path]) -> None:
    above = only(analyse(logs["step"].parent, "step")).steps[1]
    assert above.title.startswith("from the low chance to the highest")
    assert above.value == pytest.approx(0.0, abs=0.01)


def test_a_grader_that_looks_away_where_there_is_a_board_is_caught(logs: Mapping[str, Path]) -> None:
    """The subject objects openly in every episode; the grader does not see it where the board was appealed to."""
    reading = read_logs(str(logs["looks away"]), cache=False)
    truth = reading.episodes.assign(objected=1.0)[["uuid", "objected"]]
    claim = [
        replace(registered, claim=registered.claim.model_copy(update={"outcome": "objected"}))
        for registered in sized_claims("looks away")
    ]
    for labels in (None, truth):
        verdict = only(build_findings(reading, claim, labels))
        assert (verdict.label, verdict.reason) == ("INCONCLUSIVE", "grader"), verdict.sentence
        assert next(check.label for check in verdict.checks if check.key == "figures") == "CONFIRMED", (
            "by what it graded alone"
        )
    corrected = next(check for check in verdict.checks if check.key == "corrected")
    assert corrected.value == pytest.approx(0.0, abs=0.01) and corrected.label != "CONFIRMED"


def edited(log: Path, folder: Path, change: Callable[[EvalLog], object]) -> Path:
    """The log written anew with something about it changed."""
    copy = read_eval_log(str(log))
    change(copy)
    folder.mkdir()
    write_eval_log(copy, str(folder / log.name))
    return folder


def lose(sample: EvalSample) -> None:
    """As if the provider had hung up."""
    sample.scores, sample.error = None, EvalError(message="hung up", traceback="", traceback_ansi="")


def test_the_order_of_samples_changes_nothing(logs: Mapping[str, Path], tmp_path: Path) -> None:
    def turn(log: EvalLog) -> None:
        assert log.samples
        log.samples.reverse()

    turned = analyse(edited(logs["strong"], tmp_path / "turned", turn))
    straight = analyse(edited(logs["strong"], tmp_path / "straight", lambda log: None))
    assert turned.to_json().replace("/turned/", "/straight/") == straight.to_json()


def test_a_log_that_is_there_twice_counts_once_and_is_named(logs: Mapping[str, Path], tmp_path: Path) -> None:
    for name in ("one.eval", "two.eval"):
        shutil.copy(logs["strong"], tmp_path / name)
    findings = analyse(tmp_path)
    assert only(findings) == only(analyse(logs["strong"].parent))
    assert any("16 duplicate episodes (copies or repeats) were dropped" in line for line in findings.headline.details)


def test_a_missing_cell_drops_its_block_and_is_named(logs: Mapping[str, Path], tmp_path: Path) -> None:
    def drop(log: EvalLog) -> None:
        assert log.samples
        del log.samples[0]

    findings = analyse(edited(logs["strong"], tmp_path / "less", drop))
    verdict = only(findings)
    assert verdict.label == "CONFIRMED" and (verdict.started, verdict.analysed) == (8, 7)
    assert [gap.count for gap in findings.sources.gaps if gap.state == "absent"] == [1]


def test_a_third_of_errors_is_named_and_decides_nothing(logs: Mapping[str, Path], tmp_path: Path) -> None:
    def fail(log: EvalLog) -> None:
        assert log.samples
        for sample in log.samples[::3]:
            lose(sample)

    findings = analyse(edited(logs["strong"], tmp_path / "errors", fail))
    verdict = only(findings)
    assert (verdict.label, verdict.unscored) == ("INCONCLUSIVE", 6)
    assert sum(gap.count for gap in findings.sources.gaps if gap.state == "error") == 6


def test_a_log_of_other_predictions_is_marked(logs: Mapping[str, Path], tmp_path: Path) -> None:
    def forget(log: EvalLog) -> None:
        assert log.eval.metadata
        log.eval.metadata["predictions"]["controls-2026-11"] = "0" * 24

    findings = analyse(edited(logs["strong"], tmp_path / "other", forget))
    verdict = only(findings)
    assert verdict.label == "CONFIRMED" and not verdict.registered and "another hash" in verdict.registration

"""Real logs of runs that people cut, chose from, added to and graded anew: blocks stay whole, or it is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import get_model
from played_logs import FAMILY, play, task

from advocate_evals.analysis.analysis_run import build_findings
from advocate_evals.analysis.broken_blocks import describe_broken
from advocate_evals.logs.episode_table import LogReading, read_logs

pytestmark = pytest.mark.slow

SAMPLES = [f"{FAMILY}-0000-none", f"{FAMILY}-0000-engineer", f"{FAMILY}-0001-none"]


def limit_run(place: Path) -> None:
    play(place, limit=3)


def choose_samples(place: Path) -> None:
    play(place, sample_id=SAMPLES)


def add_arm_later(place: Path) -> None:
    play(place, of=task(mechanisms="none"))
    play(place, of=task(mechanisms="engineer"))


def run_two_seeds(place: Path) -> None:
    play(place, of=task(variants=1))
    play(place, of=task(variants=1, seed="tuesday"))


def change_grader(place: Path) -> None:
    for grader, samples in (("grader", SAMPLES[:2]), ("grader_biased", SAMPLES[2:])):
        play(place, model_roles={"grader": get_model(f"standin/{grader}")}, sample_id=samples)


CASES: dict[str, tuple[Callable[[Path], None], tuple[int, int], str]] = {
    "limit": (limit_run, (2, 1), "1 of 2 blocks are broken, with no episode under engineer in 1"),
    "samples": (choose_samples, (2, 1), "1 of 2 blocks are broken, with no episode under engineer in 1"),
    "later arm": (add_arm_later, (2, 2), ""),
    "seeds": (run_two_seeds, (2, 2), "variants of 2 seeds are counted together"),
    "graders": (change_grader, (2, 1), "the graders differ, never within a block"),
}
"""What was done, blocks begun and complete, and what is said."""


@pytest.fixture(scope="module", params=sorted(CASES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, LogReading]:
    name = str(request.param)
    place = tmp_path_factory.mktemp("partial")
    CASES[name][0](place)
    return name, read_logs(str(place), cache=False)


def test_blocks_stay_whole_or_are_said_to_be_broken(case: tuple[str, LogReading]) -> None:
    name, reading = case
    _, (begun, complete), words = CASES[name]
    episodes: Any = reading.episodes
    arms_of = episodes.groupby("block")["arm"].nunique()
    assert (len(arms_of), int((arms_of == 2).sum())) == (begun, complete)
    findings = build_findings(reading, [])
    assert words in " | ".join(findings.sources.warnings)
    if not words:
        assert list(describe_broken(episodes)) == []

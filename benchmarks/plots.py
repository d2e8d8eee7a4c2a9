"""False confirmations and power where an effect differs between plots: over blocks and over families, fixed and gated.

    python benchmarks/plots.py [STUDIES]     # 2000 by default; exit status 1 where a figure is missed

The effect of a family is drawn with an SD in logits around an effect that is 0 over all families (null) or not. Blocks
as units speak of the families played, so their figures must be too high here: they are the negative controls. All
figures are simulated and say nothing about any model.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.console import Console
from sequential import Check

from advocate_evals.statistics.dose_response import trend_weights
from advocate_evals.statistics.group_sequential import SequentialDesign
from advocate_evals.statistics.inference_scope import PLOTS_LIKE_THESE, PLOTS_PLAYED, InferenceScope
from advocate_evals.statistics.power_simulation import (
    BlockPopulation,
    PowerContrast,
    PowerGoal,
    StudyDraws,
    simulate_power,
    simulate_sequential_power,
)

STUDIES = 2000
NULL, MODERATE = (0.4, 0.4, 0.4, 0.4), (0.4, 0.35, 0.3, 0.25)
SCOPES: tuple[InferenceScope, ...] = (PLOTS_PLAYED, PLOTS_LIKE_THESE)


def fixed(count: int) -> Iterator[Check]:
    """The trend over four arms at a one-sided .025."""
    for title, rates in (("null", NULL), ("moderate", MODERATE)):
        for families, blocks, sd in ((8, 104, 0.0), (8, 104, 0.5), (8, 104, 1.0), (8, 520, 1.0), (24, 520, 1.0)):
            for scope in SCOPES:
                goal = PowerGoal((PowerContrast(tuple(trend_weights(range(4)))),), 0.025, scope=scope)
                population = BlockPopulation(rates, family_slope=sd, families=families)
                share = simulate_power(population, goal, blocks, StudyDraws(count)).estimate
                most = 0.035 if scope == PLOTS_LIKE_THESE and title == "null" else 1.0
                least = 0.15 if scope == PLOTS_PLAYED and (title, families, blocks) == ("null", 8, 520) else 0.0
                name = f"{title}, {families} families, {blocks} blocks, SD {sd:g}, {scope}: confirms"
                yield Check(name, share, least, most)


def gated(count: int) -> Iterator[Check]:
    """The gate at a one-sided .05 with its usual looks."""
    for title, rates in (("null", (0.4, 0.4)), ("strong", (0.4, 0.01)), ("moderate", (0.4, 0.25))):
        for families, sd in ((8, 0.0), (8, 0.5), (8, 1.0), (24, 1.0)):
            for scope in SCOPES:
                population = BlockPopulation(rates, family_slope=sd, families=families)
                power = simulate_sequential_power(population, SequentialDesign(scope=scope), StudyDraws(count))
                most = 0.06 if scope == PLOTS_LIKE_THESE and title == "null" else 1.0
                name = f"gate {title}, {families} families, SD {sd:g}, {scope}"
                yield Check(f"{name}: confirms", power.confirms.estimate, most=most)
                yield Check(f"{name}: refutes", power.refutes.estimate)
                yield Check(f"{name}: episodes", power.episodes, percent=False)


def main() -> None:
    """Print every figure with what is required of it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES
    console, missed = Console(width=110, highlight=False), 0
    for part in (fixed, gated):
        for check in part(count):
            missed += not check.passed
            console.print(*check.cells(), "" if check.passed else "missed", sep="  ")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

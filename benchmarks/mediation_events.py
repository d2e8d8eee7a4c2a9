"""At which numbers of events the parts of an effect are covered: the reason for `MIN_ACTS` of mediation.

    python benchmarks/mediation_events.py [SIMULATIONS]     # 200 of each setting by default; some minutes

Blocks × two conditions from a logistic model with a mediator; the true indirect effect comes from quadrature. Studies
are grouped by the fewest episodes with the act in either condition. All figures are simulated and say nothing about any
model.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.random import Generator, default_rng
from rich.console import Console
from rich.table import Table
from scipy.optimize import brentq

from advocate_evals.statistics import mediation
from advocate_evals.statistics.intervals import Array

SIMULATIONS, SEED = 200, 11
BLOCK_COUNTS = (50, 104, 208)
BASE_RATES = (0.02, 0.05, 0.10, 0.25, 0.40)
GROUPS = ((0, 0), (1, 2), (3, 4), (5, 6), (7, 9), (10, 14), (15, 10_000))
"""Fewest acts in either condition, from and to."""


@dataclass(frozen=True)
class RareWorld:
    """Blocks under two conditions; the second moves the mediator by `shift`, and the act by `past` logits past it."""

    base: float
    """Rate of the act under the first condition."""
    slope: float
    """Logits of the act per unit of the mediator."""
    past: float
    shift: float
    reliability: float = 1.0
    """Of the mediator as it is measured."""
    interaction: float = 0.0
    """Logits per unit of the mediator that the second condition adds to the slope."""

    def risk(self, intercept: float, condition: int, moved: float) -> float:
        """Rate under a condition with the mediator's mean moved, by quadrature."""
        nodes, weights = hermegauss(61)
        slope = self.slope + condition * self.interaction
        spread = float(np.hypot(slope * np.hypot(0.7, 1.2), 1.0))
        logit = intercept + condition * self.past + slope * moved + spread * nodes
        return float((weights / weights.sum() / (1 + np.exp(-logit))).sum())

    def solve_intercept(self) -> float:
        """The intercept at which the first condition has its rate."""
        return float(brentq(lambda intercept: self.risk(intercept, 0, 0.0) - self.base, -20, 10))

    def draw(self, generator: Generator, intercept: float, blocks: int) -> tuple[Array, Array]:
        """Acts and measured mediator, blocks × 2."""
        mediator = np.array([0.0, self.shift]) + generator.normal(0, 0.7, (blocks, 1))
        mediator = mediator + generator.normal(0, 1.2, (blocks, 2))
        slope = self.slope + np.array([0.0, self.interaction])
        logit = intercept + np.array([0.0, self.past]) + slope * mediator + generator.normal(0, 1, (blocks, 1))
        act = (generator.random((blocks, 2)) < 1 / (1 + np.exp(-logit))).astype(float)
        error = np.sqrt((1 - self.reliability) / self.reliability * mediator.var())
        return act, mediator + generator.normal(0, 1, (blocks, 2)) * error


def simulate_coverage(world: RareWorld, blocks: int, count: int, reliability: float = 1.0) -> list[tuple[int, bool]]:
    """For each study with an estimate: fewest acts in a condition, and whether the NIE is covered."""
    generator, intercept = default_rng((SEED, blocks, round(1000 * world.base))), world.solve_intercept()
    truth = world.risk(intercept, 1, world.shift) - world.risk(intercept, 1, 0.0)
    studies = []
    for _ in range(count):
        act, measured = world.draw(generator, intercept, blocks)
        fewest = int(min(act.sum(axis=0).min(), (1 - act).sum(axis=0).min()))
        effect = mediation.estimate_mediation(act, measured, reliability=reliability).indirect
        if not effect.insufficient:
            studies.append((fewest, bool(effect.lower <= truth <= effect.upper)))
    return studies


def main() -> None:
    """Print coverage by the fewest acts, and of what the rule cannot see."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SIMULATIONS
    least, mediation.MIN_ACTS = mediation.MIN_ACTS, 0  # all studies, to see what the rule leaves out
    by_fewest: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for slope, past, shift in ((0.7, -0.6, -2.0), (0.7, -1.5, -2.0), (0.7, 0.0, -1.0), (0.0, -1.5, -2.0)):
        for base in BASE_RATES:
            for blocks in BLOCK_COUNTS:
                for fewest, is_covered in simulate_coverage(RareWorld(base, slope, past, shift), blocks, count):
                    group = next(group for group in GROUPS if group[0] <= fewest <= group[1])
                    by_fewest[slope > 0, group].append(is_covered)
    table = Table(
        "fewest acts", "indirect effect", "studies", "covered, %", title="NIE, by the fewest acts of a condition"
    )
    for (is_there, (low, high)), covered in sorted(by_fewest.items()):
        words = f"{low}" if low == high else f"{low} to {high}" if high < 1000 else f"{low} or more"
        table.add_row(words, "yes" if is_there else "none", f"{len(covered)}", f"{100 * np.mean(covered):.1f}")
    console = Console(width=100, highlight=False)
    console.print(table)
    mediation.MIN_ACTS = least
    for title, world, reliability in (
        ("interaction of .5 logits per unit", RareWorld(0.4, 0.7, -0.6, -2.0, interaction=-0.5), 1.0),
        ("reliability .7, not corrected", RareWorld(0.4, 0.7, -0.6, -2.0, reliability=0.7), 1.0),
        ("reliability .7, corrected", RareWorld(0.4, 0.7, -0.6, -2.0, reliability=0.7), 0.7),
    ):
        covered = [is_covered for _, is_covered in simulate_coverage(world, 208, 2 * count, reliability)]
        console.print(f"{title}, 208 blocks, 40 %: covered {100 * np.mean(covered):.1f} % of {len(covered)}")


if __name__ == "__main__":
    main()

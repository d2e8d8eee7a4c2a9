"""False and true verdicts where episodes are lost, the worst among them: the sequential gate and a fixed design.

Every figure is simulated. Scenarios have log odds with SD 1, their arms another .5.

    python benchmarks/missing_episodes.py [--studies 1000] [--part gate fixed]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from advocate_evals.statistics.group_sequential import SequentialDesign, evaluate_pairs, group_sequential_test
from advocate_evals.statistics.risk_difference import as_block_table, difference_limits, sum_units
from advocate_evals.statistics.verdict_rule import is_confirmed

Study = NDArray[np.float64]
"""Pairs or blocks × arms, the baseline first: 0 or 1, NaN where the episode was lost."""
Loss = Callable[[Generator, Study], Study]
"""What is lost of a study."""


def draw_study(rng: Generator, rates: tuple[float, ...], count: int) -> Study:
    """Scenarios × arms, with these rates on average."""
    shift = rng.normal(0.0, 1.0, (count, 1)) + rng.normal(0.0, 0.5, (count, len(rates)))
    # a logit whose mean over a normal of variance 1.25 is the rate (Zeger, Liang and Albert 1988)
    stretch = np.sqrt(1 + 1.25 * (16 * np.sqrt(3) / (15 * np.pi)) ** 2)
    logits = np.log(np.array(rates) / (1 - np.array(rates))) * stretch
    return (rng.random((count, len(rates))) < 1 / (1 + np.exp(-(logits + shift)))).astype(float)


def lose_harmful(share: float) -> Loss:
    """Harmful episodes of the last arm are lost with this probability."""

    def lose(rng: Generator, study: Study) -> Study:
        gone = np.zeros(study.shape, dtype=bool)
        gone[:, -1] = (study[:, -1] == 1.0) & (rng.random(len(study)) < share)
        return np.where(gone, np.nan, study)

    return lose


def lose_anything(share: float) -> Loss:
    """Every episode is lost with this probability, whatever happened in it."""
    return lambda rng, study: np.where(rng.random(study.shape) < share, np.nan, study)


SIDES = ("baseline", "treated")


def gate_verdict(study: Study) -> tuple[bool, int]:
    """Whether the gate confirms, and the pairs it took."""
    episodes = [
        (pair, SIDES[side], float(study[pair, side])) for pair, side in zip(*np.nonzero(~np.isnan(study)), strict=True)
    ]
    result = evaluate_pairs(episodes, SequentialDesign(), SequentialDesign().most)
    return is_confirmed(result.verdict), result.started


def complete_pairs_verdict(study: Study) -> tuple[bool, int]:
    """The same on the pairs with both values alone, as if the others had never been begun."""
    complete = study[~np.isnan(study).any(axis=1)]
    result = group_sequential_test(complete[:, 0] - complete[:, 1])
    return is_confirmed(result.verdict), result.started


LOSSES: dict[str, Loss] = {
    "nothing": lambda rng, study: study,
    "harmful treated 10 %": lose_harmful(0.10),
    "harmful treated 20 %": lose_harmful(0.20),
    "any episode 2 %": lose_anything(0.02),
    "any episode 5 %": lose_anything(0.05),
}


def run_gate(studies: int) -> None:
    """Shares of CONFIRMED and mean pairs of the gate."""
    print("| truth | lost | confirmed | mean pairs | complete pairs alone | mean pairs |\n|---|---|---|---|---|---|")
    for rates in ((0.4, 0.4), (0.4, 0.25), (0.4, 0.1)):
        for name, lose in LOSSES.items():
            rng = default_rng(20261130)
            lost = [lose(rng, draw_study(rng, rates, SequentialDesign().most)) for _ in range(studies)]
            bounded, alone = (
                np.array([run(study) for study in lost]) for run in (gate_verdict, complete_pairs_verdict)
            )
            cells = (f"{100 * np.mean(runs[:, 0]):.1f} % | {np.mean(runs[:, 1]):.0f}" for runs in (bounded, alone))
            print(f"| {rates[0]:.0%} / {rates[1]:.0%} | {name} | {' | '.join(cells)} |", flush=True)


def run_fixed(studies: int) -> None:
    """Shares of CONFIRMED of a difference over 104 blocks at a one-sided error of 2.5 %."""
    print("| truth | lost | confirmed | complete blocks alone |\n|---|---|---|---|")
    for rates in ((0.4, 0.4), (0.4, 0.25), (0.4, 0.1)):
        for name, lose in LOSSES.items():
            rng = default_rng(20261130)
            lost = np.stack([lose(rng, draw_study(rng, rates, 104)) for _ in range(studies)])
            worst = np.stack([np.nan_to_num(lost[..., 0], nan=0.0), np.nan_to_num(lost[..., 1], nan=1.0)], axis=-1)
            alone, bounded = (
                difference_limits(sum_units(as_block_table(table), [0, 1]), 0.025)[0] > 0 for table in (lost, worst)
            )
            shares = f"{100 * np.mean(alone & bounded):.1f} % | {100 * np.mean(alone):.1f} %"
            print(f"| {rates[0]:.0%} / {rates[1]:.0%} | {name} | {shares} |", flush=True)


PARTS: dict[str, Callable[[int], None]] = {"gate": run_gate, "fixed": run_fixed}


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--part", nargs="*", default=list(PARTS), choices=list(PARTS))
    options = parser.parse_args()
    for part in options.part:
        PARTS[part](options.studies)


if __name__ == "__main__":
    main()

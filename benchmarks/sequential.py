"""Calibration of the sequential tests on simulated blocks of known rates: required and reached figures.

    python benchmarks/sequential.py [STUDIES]     # 4000 by default; exit status 1 where a figure is missed

Checks O6 to O9, and the negative controls, which must fail: a plain z test evaluated every five pairs, and pairs in the
order in which episodes end. The betting test beside it serves as a comparison. All figures are simulated and say
nothing about any model.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from betting_test import betting_wealth
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from advocate_evals.statistics.group_sequential import (
    PAIR_SIDES,
    SequentialDesign,
    SequentialResult,
    evaluate_pairs,
    group_sequential_test,
    median_unbiased_estimate,
)
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.power_simulation import BlockPopulation
from advocate_evals.statistics.verdict_rule import BELOW_DELTA, CONFIRMING

STUDIES, MAX_PAIRS = 4000, 1520
"""Simulated studies of each check; pairs after which the betting test ends."""
CONCURRENCY, SLOWER = 200, 3.0
"""Concurrent episodes, and how much longer an episode with harm takes under the second arm."""
TRUTHS = {
    "strong": (0.40, 0.01),
    "moderate": (0.40, 0.25),
    "edge": (0.40, 0.30),
    "null40": (0.40, 0.40),
    "null5": (0.05, 0.05),
    "weak": (0.12, 0.05),
    "floor": (0.02, 0.0),
    "edge10": (0.10, 0.0),
}
"""Rates without an advocate and with a review board; `edge` is a difference of delta, `edge10` one that ends at 0."""


@dataclass(frozen=True)
class Check:
    """A figure with the range it must lie in."""

    name: str
    reached: float
    least: float = -math.inf
    most: float = math.inf
    percent: bool = True

    @property
    def passed(self) -> bool:
        """Whether it lies in its range."""
        return self.least <= self.reached <= self.most

    def cells(self) -> tuple[str, str, str]:
        """Name, requirement and figure, as text."""
        scale, unit = (100, " %") if self.percent else (1, "")
        bounds = ((">=", self.least), ("<=", self.most))
        required = ", ".join(f"{sign} {bound * scale:g}{unit}" for sign, bound in bounds if math.isfinite(bound))
        return self.name, required, f"{self.reached * scale:.1f}{unit}"


def studies(truth: str, count: int, pairs: int, seed: int = 1) -> Iterator[Array]:
    """Simulated studies, each pairs × arms."""
    for start in range(0, count, 200):
        yield from BlockPopulation(TRUTHS[truth]).draw(
            min(200, count - start), pairs, (seed, list(TRUTHS).index(truth), start)
        )


def differences(study: Array) -> Array:
    """Baseline less treated."""
    return np.asarray(study[:, 0] - study[:, 1])


def gates(truth: str, count: int) -> list[SequentialResult]:
    """Results of the gate on many studies."""
    return [group_sequential_test(differences(study)) for study in studies(truth, count, SequentialDesign().most)]


def confirmed(result: SequentialResult) -> bool:
    """Whether the gate confirmed a fall."""
    return result.verdict in CONFIRMING


def refuted(result: SequentialResult) -> bool:
    """Whether the gate showed that a fall is smaller than delta."""
    return result.verdict in BELOW_DELTA


def errors_and_cost(count: int) -> Iterator[Check]:
    """O6 and O7: errors, power and expected episodes of the gate."""
    results = {truth: gates(truth, count) for truth in TRUTHS}
    for truth, action, has_verdict, least, most in (
        ("null40", "confirms", confirmed, -math.inf, 0.06),
        ("edge", "refutes", refuted, -math.inf, 0.06),
        ("edge10", "refutes", refuted, -math.inf, 0.07),
        ("edge", "confirms", confirmed, 0.90, math.inf),
        ("strong", "confirms", confirmed, 0.999, math.inf),
        ("null40", "refutes", refuted, 0.90, math.inf),
    ):
        yield Check(f"O6 gate {action} {truth}", _share(map(has_verdict, results[truth])), least, most)
    limits = {"strong": 55, "moderate": 260, "edge": 460, "null40": 460, "floor": 120}
    for truth, gate_results in results.items():
        mean = float(np.mean([2 * result.started for result in gate_results]))
        yield Check(f"O7 expected episodes, {truth}", mean, most=limits.get(truth, math.inf), percent=False)


def estimates(count: int) -> Iterator[Check]:
    """Effect size after a stop: coverage of the repeated interval, side of the adjusted estimate, bias of the mean."""
    for truth in ("strong", "moderate", "edge", "null40"):
        true = TRUTHS[truth][0] - TRUTHS[truth][1]
        results = gates(truth, count)
        adjusted = [median_unbiased_estimate(result) for result in results]
        covered = _share(result.repeated.lower <= true <= result.repeated.upper for result in results)
        yield Check(f"repeated interval covers, {truth}", covered, 0.93)
        above = _share(estimate > true for estimate in adjusted)
        yield Check(f"adjusted estimate is above the truth, {truth}", above, 0.42, 0.58)
        bias = 100 * abs(float(np.mean([result.estimate - true for result in results])))
        yield Check(f"bias of the stopped mean, {truth} (points, either way)", bias, 0.5, percent=False)


def bets(count: int) -> Iterator[Check]:
    """O8: the betting test's errors and expected episodes, and coverage of its confidence sequence at all times."""
    for truth in TRUTHS:
        true, cover, verdicts, pairs = TRUTHS[truth][0] - TRUTHS[truth][1], [], [], []
        for study in studies(truth, count, MAX_PAIRS, seed=2):
            d = differences(study)
            confirm, refute = _bet_crossings(d)
            stops = confirm | refute
            last = int(stops.argmax()) if stops.any() else MAX_PAIRS - 1
            verdicts.append((confirm[last], refute[last]))
            pairs.append(last + 1)
            worst = max(betting_wealth(d, true, above=True).max(), betting_wealth(d, true, above=False).max())
            cover.append(worst < -math.log(0.025))
        confirms, refutes = np.mean(verdicts, axis=0)
        if truth == "null40":
            yield Check("O8 bets confirm null40", float(confirms), most=0.05)
        if truth.startswith("edge"):
            yield Check(f"O8 bets refute {truth}", float(refutes), most=0.05)
        yield Check(f"O8 confidence sequence covers at all times, {truth}", _share(cover), 0.95)
        yield Check(f"bets, expected episodes, {truth}", 2 * float(np.mean(pairs)), percent=False)


def order_of_ending(study: Array, generator: np.random.Generator) -> list[tuple[int, int]]:
    """Pair and arm of each episode in the order in which they end.

    `CONCURRENCY` episodes run at a time; those with harm under the second arm take longer.
    """
    running: list[tuple[float, int, int]] = []
    order, now = [], 0.0
    lengths = generator.uniform(0.9, 1.1, study.shape) * np.where((study == 1) & (np.arange(2) == 1), SLOWER, 1.0)
    for pair, arm in np.ndindex(*study.shape):
        if len(running) == CONCURRENCY:
            now, ended_pair, ended_arm = heapq.heappop(running)
            order.append((ended_pair, ended_arm))
        heapq.heappush(running, (now + float(lengths[pair, arm]), pair, arm))
    return order + [(pair, arm) for _, pair, arm in sorted(running)]


def pair_by_arm(study: Array, order: list[tuple[int, int]]) -> Array:
    """Wrong differences: of the first episodes to end in each arm, the second ones, and so on."""
    baseline, treated = ([study[pair, arm] for pair, arm in order if arm == side] for side in (0, 1))
    return np.array(baseline) - np.array(treated)


def pair_by_ending(study: Array, order: list[tuple[int, int]]) -> Array:
    """Wrong differences: of the right pairs, in the order in which both episodes have ended."""
    last = {pair: index for index, (pair, _) in enumerate(order)}
    return differences(study[sorted(last, key=lambda pair: last[pair])])


def feeds(count: int) -> Iterator[Check]:
    """O9: the verdict does not depend on the order in which episodes end; two orders of pairs that do are wrong."""
    generator, design = np.random.default_rng(3), SequentialDesign()
    same, scheduled, scheduled_bets, by_arm, by_ending, by_arm_bets = [], [], [], [], [], []
    for study in studies("null40", count, design.most, seed=3):
        order = order_of_ending(study, generator)
        episodes = [(pair, PAIR_SIDES[arm], float(study[pair, arm])) for pair, arm in order]
        result = group_sequential_test(differences(study), design, study[:, 0])
        same.append(repr(evaluate_pairs(episodes, design)) == repr(result))
        scheduled.append(confirmed(result))
        scheduled_bets.append(_bets_confirm(differences(study)))
        by_arm.append(confirmed(group_sequential_test(pair_by_arm(study, order), design)))
        by_ending.append(confirmed(group_sequential_test(pair_by_ending(study, order), design)))
        by_arm_bets.append(_bets_confirm(pair_by_arm(study, order)))
    yield Check("O9 same verdict, to the bit, in every order", _share(same), 1.0)
    yield Check("O9 gate confirms null40, schedule order", _share(scheduled), most=0.06)
    yield Check("O9 bets confirm null40, schedule order", _share(scheduled_bets), most=0.05)
    yield Check("must fail: gate fed by arm as episodes end, confirms null40", _share(by_arm), 0.90)
    yield Check("must fail: bets fed by arm as episodes end, confirm null40", _share(by_arm_bets), 0.90)
    yield Check("must fail: gate fed by pair as pairs end, confirms null40", _share(by_ending), 0.15)


def peeking(count: int) -> Iterator[Check]:
    """Negative control: a plain z test at 5 %, evaluated every five pairs until it is significant."""
    confirms = []
    for study in studies("null40", count, SequentialDesign().most, seed=4):
        d, n = differences(study), np.arange(1, SequentialDesign().most + 1)
        mean = d.cumsum() / n
        error = np.sqrt(np.maximum((d**2).cumsum() / n - mean**2, 1e-9) / n)
        is_significant = (mean / error >= 1.645) | ((mean - 0.1) / error <= -1.645)
        stops = np.flatnonzero((n % 5 == 0) & (n >= 10) & is_significant)
        confirms.append(stops.size > 0 and mean[stops[0]] / error[stops[0]] >= 1.645)
    yield Check("must fail: z test every five pairs, confirms null40", _share(confirms), 0.15)


def _bet_crossings(d: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """After each pair, whether the betting test rejects a mean of at most 0, and one of at least .1, at 5 %."""
    threshold = -math.log(0.05)
    return betting_wealth(d, 0.0, above=True) >= threshold, betting_wealth(d, 0.1, above=False) >= threshold


def _bets_confirm(d: Array) -> bool:
    """Whether the betting test confirms before it refutes."""
    confirm, refute = _bet_crossings(d)
    return bool(confirm.any() and (not refute.any() or confirm.argmax() <= refute.argmax()))


def _share(values: Iterable[bool]) -> float:
    return float(np.mean(list(values)))


PARTS = (errors_and_cost, estimates, bets, feeds, peeking)


def main() -> None:
    """Run every check and print the required and the reached figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES
    table = Table("check", "required", "reached", "", title=f"sequential tests, {count} simulated studies of each")
    console = Console(width=110, highlight=False)
    checks = [check for part in track(PARTS, console=console) for check in part(count)]
    for check in checks:
        table.add_row(*check.cells(), "" if check.passed else "[bold red]missed[/]")
    console.print(table)
    missed = sum(not check.passed for check in checks)
    console.print(f"{len(checks)} checks, {missed} missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

"""Calibration of the sequential tests on made-up blocks of known rates: what is required beside what is reached.

    python benchmarks/sequential.py [STUDIES]     # 4000 by default; exit status 1 where a figure is missed

Checks O6 to O9, and the negative controls, which must fail: a plain z test looked at every five pairs, and pairs fed in the
order in which episodes finish. All figures are simulated and say nothing about any model.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from advocate_evals.statistics.betting_test import betting_wealth
from advocate_evals.statistics.group_sequential import (
    PAIR_SIDES,
    SequentialDesign,
    SequentialResult,
    evaluate_pairs,
    group_sequential_test,
    median_unbiased_estimate,
)
from advocate_evals.statistics.power_simulation import BlockPopulation

STUDIES, CAP = 4000, 1520
"""Made-up studies of each check; pairs after which bets end."""
CONCURRENCY, SLOWER = 200, 3.0
"""Episodes side by side, and how much longer an episode with harm takes under the second arm."""
TRUTHS = {
    "strong": (0.40, 0.01), "moderate": (0.40, 0.25), "edge": (0.40, 0.30), "null40": (0.40, 0.40),
    "null5": (0.05, 0.05), "weak": (0.12, 0.05), "floor": (0.02, 0.0), "edge10": (0.10, 0.0),
}  # fmt: skip
"""Rates without an advocate and with a review board; `edge` is a difference of delta, `edge10` one that ends at 0."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Check:
    """A figure with the range it must lie in."""

    name: str
    reached: float
    least: float = -math.inf
    most: float = math.inf
    percent: bool = True

    @property
    def held(self) -> bool:
        """Whether it lies in its range."""
        return self.least <= self.reached <= self.most

    def cells(self) -> tuple[str, str, str]:
        """Name, requirement and figure, as text."""
        scale, unit = (100, " %") if self.percent else (1, "")
        bounds = ((">=", self.least), ("<=", self.most))
        required = ", ".join(f"{sign} {bound * scale:g}{unit}" for sign, bound in bounds if math.isfinite(bound))
        return self.name, required, f"{self.reached * scale:.1f}{unit}"


def studies(truth: str, count: int, pairs: int, seed: int = 1) -> Iterator[Array]:
    """Made-up studies (pairs × arms), one after the other."""
    for start in range(0, count, 200):
        yield from BlockPopulation(TRUTHS[truth]).draw(
            min(200, count - start), pairs, (seed, list(TRUTHS).index(truth), start)
        )


def differences(study: Array) -> Array:
    """Baseline less treated."""
    found: Array = study[:, 0] - study[:, 1]
    return found


def gates(truth: str, count: int) -> list[SequentialResult]:
    """The gate on many studies."""
    return [group_sequential_test(differences(study)) for study in studies(truth, count, SequentialDesign().most)]


def confirmed(found: SequentialResult) -> bool:
    """Whether a gate showed a fall."""
    return found.verdict.startswith("CONFIRMED")


def refuted(found: SequentialResult) -> bool:
    """Whether a gate showed that a fall is smaller than delta."""
    return found.verdict in ("REFUTED", "REVERSED", "FLOOR", "CONFIRMED-SMALL")


def errors_and_cost(count: int) -> Iterator[Check]:
    """O6 and O7: errors, power and expected episodes of the gate."""
    found = {truth: gates(truth, count) for truth in TRUTHS}
    for truth, what, of, least, most in (
        ("null40", "confirms", confirmed, -math.inf, 0.06),
        ("edge", "refutes", refuted, -math.inf, 0.06),
        ("edge10", "refutes", refuted, -math.inf, 0.07),
        ("edge", "confirms", confirmed, 0.90, math.inf),
        ("strong", "confirms", confirmed, 0.999, math.inf),
        ("null40", "refutes", refuted, 0.90, math.inf),
    ):
        yield Check(f"O6 gate {what} {truth}", float(np.mean([of(one) for one in found[truth]])), least, most)
    limits = {"strong": 55, "moderate": 260, "edge": 460, "null40": 460, "floor": 120}
    for truth, ones in found.items():
        mean = float(np.mean([2 * one.started for one in ones]))
        yield Check(f"O7 expected episodes, {truth}", mean, most=limits.get(truth, math.inf), percent=False)


def estimates(count: int) -> Iterator[Check]:
    """What may be said of the size of an effect after a stop: the repeated and the adjusted interval hold, the mean is biased."""
    for truth in ("moderate", "edge"):
        true = TRUTHS[truth][0] - TRUTHS[truth][1]
        found = gates(truth, count)
        few = [median_unbiased_estimate(one) for one in found[: max(count // 10, 1)]]
        yield Check(
            f"repeated interval covers, {truth}",
            _share(one.repeated.lower <= true <= one.repeated.upper for one in found),
            0.90,
        )
        yield Check(
            f"adjusted interval covers, {truth}", _share(one.lower <= true <= one.upper for one in few), 0.85, 0.95
        )
        yield Check(
            f"adjusted estimate is above the truth, {truth}", _share(one.estimate > true for one in few), 0.42, 0.58
        )
        yield Check(f"bias of the stopped mean, {truth} (points)", 100 * float(np.mean([one.estimate - true for one in found])), 0.5, percent=False)  # fmt: skip


def bets(count: int) -> Iterator[Check]:
    """O8: errors of the bets at any time, their expected episodes, and the coverage of the confidence sequence at all times."""
    crossed = -math.log(0.05)
    for truth in TRUTHS:
        true, cover, verdicts, pairs = TRUTHS[truth][0] - TRUTHS[truth][1], [], [], []
        for study in studies(truth, count, CAP, seed=2):
            d = differences(study)
            confirm, refute = (
                betting_wealth(d, 0.0, above=True) >= crossed,
                betting_wealth(d, 0.1, above=False) >= crossed,
            )
            stop = confirm | refute
            at = int(stop.argmax()) if stop.any() else CAP - 1
            verdicts.append((confirm[at], refute[at]))
            pairs.append(at + 1)
            worst = max(betting_wealth(d, true, above=True).max(), betting_wealth(d, true, above=False).max())
            cover.append(worst < -math.log(0.025))
        confirms, refutes = np.mean(verdicts, axis=0)
        if truth == "null40":
            yield Check("O8 bets confirm null40", float(confirms), most=0.05)
        if truth.startswith("edge"):
            yield Check(f"O8 bets refute {truth}", float(refutes), most=0.05)
        yield Check(f"O8 confidence sequence covers at all times, {truth}", _share(cover), 0.95)
        yield Check(f"bets, expected episodes, {truth}", 2 * float(np.mean(pairs)), percent=False)


def ended(study: Array, chance: np.random.Generator) -> list[tuple[int, int]]:
    """Pair and arm of each episode in the order in which they end, `CONCURRENCY` side by side, harm under the second arm slower."""
    busy: list[tuple[float, int, int]] = []
    order, now = [], 0.0
    lengths = chance.uniform(0.9, 1.1, study.shape) * np.where((study == 1) & (np.arange(2) == 1), SLOWER, 1.0)
    for pair, arm in np.ndindex(*study.shape):
        if len(busy) == CONCURRENCY:
            now, *one = heapq.heappop(busy)
            order.append((one[0], one[1]))
        heapq.heappush(busy, (now + float(lengths[pair, arm]), pair, arm))
    return order + [(pair, arm) for _, pair, arm in sorted(busy)]


def by_cell(study: Array, order: list[tuple[int, int]]) -> Array:
    """Differences of the first of one arm to end and the first of the other, and so on: wrong."""
    first, second = ([study[pair, arm] for pair, arm in order if arm == which] for which in (0, 1))
    return np.array(first) - np.array(second)


def by_block(study: Array, order: list[tuple[int, int]]) -> Array:
    """Differences of whole pairs, in the order in which they are whole: wrong."""
    last = {pair: place for place, (pair, _) in enumerate(order)}
    return differences(study[sorted(last, key=lambda pair: last[pair])])


def feeds(count: int) -> Iterator[Check]:
    """O9: the verdict does not depend on the order in which episodes end; two feeds that do are wrong."""
    chance, design = np.random.default_rng(3), SequentialDesign()
    same, ours, any_time, cells, blocks, cells_bet = [], [], [], [], [], []
    for study in studies("null40", count, design.most, seed=3):
        order = ended(study, chance)
        fed = [(pair, PAIR_SIDES[arm], float(study[pair, arm])) for pair, arm in order]
        right = group_sequential_test(differences(study), design, study[:, 0])
        same.append(repr(evaluate_pairs(fed, design)) == repr(right))
        ours.append(confirmed(right))
        any_time.append(_bet(differences(study)))
        cells.append(confirmed(group_sequential_test(by_cell(study, order), design)))
        blocks.append(confirmed(group_sequential_test(by_block(study, order), design)))
        cells_bet.append(_bet(by_cell(study, order)))
    yield Check("O9 same verdict, to the bit, in every order", _share(same), 1.0)
    yield Check("O9 gate confirms null40, schedule order", _share(ours), most=0.06)
    yield Check("O9 bets confirm null40, schedule order", _share(any_time), most=0.05)
    yield Check("must fail: gate fed by arm as episodes end, confirms null40", _share(cells), 0.90)
    yield Check("must fail: bets fed by arm as episodes end, confirm null40", _share(cells_bet), 0.90)
    yield Check("must fail: gate fed by pair as pairs end, confirms null40", _share(blocks), 0.15)


def peeking(count: int) -> Iterator[Check]:
    """A plain z test at 5 % looked at every five pairs until it is clear, as people do."""
    wrong = []
    for study in studies("null40", count, SequentialDesign().most, seed=4):
        d, n = differences(study), np.arange(1, SequentialDesign().most + 1)
        mean = d.cumsum() / n
        error = np.sqrt(np.maximum((d**2).cumsum() / n - mean**2, 1e-9) / n)
        clear = np.flatnonzero((n % 5 == 0) & (n >= 10) & ((mean / error >= 1.645) | ((mean - 0.1) / error <= -1.645)))
        wrong.append(clear.size > 0 and mean[clear[0]] / error[clear[0]] >= 1.645)
    yield Check("must fail: z test every five pairs, confirms null40", _share(wrong), 0.15)


def _bet(d: Array) -> bool:
    """Whether bets confirm before they refute."""
    crossed = -math.log(0.05)
    confirm, refute = betting_wealth(d, 0.0, above=True) >= crossed, betting_wealth(d, 0.1, above=False) >= crossed
    return bool(confirm.any() and (not refute.any() or confirm.argmax() <= refute.argmax()))


def _share(found: Iterable[bool]) -> float:
    return float(np.mean(list(found)))


PARTS = (errors_and_cost, estimates, bets, feeds, peeking)


def main() -> None:
    """Run every check and show what was required and what was reached."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES
    table = Table("check", "required", "reached", "", title=f"sequential tests, {count} made-up studies of each")
    console = Console(width=110, highlight=False)
    checks = [check for part in track(PARTS, console=console) for check in part(count)]
    for check in checks:
        table.add_row(*check.cells(), "" if check.held else "[bold red]missed[/]")
    console.print(table)
    missed = sum(not check.held for check in checks)
    console.print(f"{len(checks)} checks, {missed} missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

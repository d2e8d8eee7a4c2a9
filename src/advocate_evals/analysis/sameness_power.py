"""What a claim of sameness could have shown at its size, in words."""

from __future__ import annotations

import math

from advocate_evals.analysis.claim_tests import TestedClaim
from advocate_evals.statistics.equivalence_power import DECIDABLE_POWER, equivalence_growth, equivalence_power


def planned_power(tested: TestedClaim) -> float:
    """Power of a claim of sameness under exact equality, at the observed spread and the planned blocks.

    NaN for any other claim, and where the interval or the number of blocks is not known.
    """
    half_width = (tested.test.upper - tested.test.lower) / 2
    if tested.claim.contrast.has_p_value or not tested.test.analysed or not half_width > 0:
        return math.nan
    growth = tested.spec.planned / tested.test.analysed
    return equivalence_power(half_width, tested.spec.delta, tested.spec.alpha, growth)


def is_undecidable(tested: TestedClaim) -> bool:
    """Whether the planned blocks would show sameness in fewer than half of all runs, even if it were exact."""
    return planned_power(tested) < DECIDABLE_POWER


def describe_blocks_needed(tested: TestedClaim) -> str:
    """Why a claim of sameness is not decidable at its size, with the blocks that it needs."""
    half_width = (tested.test.upper - tested.test.lower) / 2
    blocks = tested.test.analysed * equivalence_growth(half_width, tested.spec.delta, tested.spec.alpha)
    return f"not decidable at this size: needs about {_round_up(blocks)} blocks"


def describe_planned_power(tested: TestedClaim) -> str:
    """The power of a claim of sameness as a sentence; empty for any other claim."""
    power = planned_power(tested)
    if math.isnan(power):
        return ""
    return (
        f"Even without any difference, {tested.spec.planned} blocks with the spread observed would show sameness in "
        f"{100 * power:.0f} % of runs."
    )


def _round_up(blocks: float) -> int:
    """To two significant digits, upwards."""
    step = int(10 ** max(0, math.floor(math.log10(max(blocks, 1))) - 1))
    return int(math.ceil(blocks / step) * step)

"""Made-up blocks of known rates: what power and calibration are computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NODES = 80
"""Points of the quadrature over the random effects of a block."""
_REACH, _HALVINGS = 60.0, 80
"""Range of intercepts, in logits, and steps of their search."""


@dataclass(frozen=True, slots=True)
class Population:
    """Blocks under several conditions: a logistic model with a random intercept and a random slope for each block.

    The logit of a block's rate under a condition is that condition's intercept, plus the block's own (SD `spread`), plus the
    block's slope (SD `slope`) times the position of the condition, from -1/2 for the first to +1/2 for the last. Intercepts
    are such that the rates over all blocks are those stated.

    Raises:
        ValueError: for fewer than two rates, a rate outside [0, 1], or an SD below 0.
    """

    rates: tuple[float, ...]
    """Rate of the outcome under each condition, over all blocks."""
    spread: float = 1.0
    """SD of the blocks' intercepts, in logits."""
    slope: float = 0.5
    """SD of the blocks' slopes, in logits from the first to the last condition."""

    def __post_init__(self) -> None:
        if len(self.rates) < 2:
            raise ValueError(f"rates: at least two are needed, not {len(self.rates)}")
        for rate in self.rates:
            if not 0 <= rate <= 1:
                raise ValueError(f"rates: must lie between 0 and 100 %, found {100 * rate:g} %")
        for name in ("spread", "slope"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: must be 0 or more, not {getattr(self, name)}")

    @property
    def ends(self) -> Population:
        """The first and the last condition alone."""
        return Population((self.rates[0], self.rates[-1]), self.spread, self.slope)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Where each condition stands, from -1/2 to +1/2."""
        return np.linspace(-0.5, 0.5, len(self.rates))

    def intercepts(self) -> NDArray[np.float64]:
        """The logit of each condition in a block without effects of its own; infinite for rates of 0 and 1."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        weights = weights / weights.sum()
        sds = np.sqrt(self.spread**2 + (self.slope * self.positions) ** 2)
        wanted = np.array(self.rates)
        low, high = np.full(len(sds), -_REACH), np.full(len(sds), _REACH)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = _expit(middle[:, None] + sds[:, None] * nodes) @ weights < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        found: NDArray[np.float64] = np.where(wanted == 0, -math.inf, np.where(wanted == 1, math.inf, low))
        return found

    def draw(self, studies: int, blocks: int, seed: int | tuple[int, ...]) -> NDArray[np.float64]:
        """Outcomes of many made-up studies. More blocks with the same seed add to the same studies.

        Args:
            studies: How many.
            blocks: Blocks of each.
            seed: Of the draws.

        Returns:
            Studies × blocks × conditions, 1.0 where the outcome happened.
        """
        seeds = np.random.SeedSequence(seed).spawn(3)
        level, slope, chance = (np.random.default_rng(one) for one in seeds)  # one stream each, block by block
        own = self.spread * level.standard_normal((blocks, studies, 1))
        own = own + self.slope * slope.standard_normal((blocks, studies, 1)) * self.positions
        happened = chance.random((blocks, studies, len(self.rates))) < _expit(self.intercepts() + own)
        return np.ascontiguousarray(happened.astype(float).swapaxes(0, 1))


def _expit(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        found: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return found

"""Variance components of a contrast, and what more families, variants, epochs or graders would bring (a D-study).

Everything is on the scale of the contrast (a risk difference, say): each block gives one value, the weighted sum of its
rates under the arms. Its variance has a part between families, a part between blocks of a family, and the chance of
single episodes, which repeats alone tell from the blocks. Graders add a part that more episodes do not lower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from advocate_evals.statistics.intervals import UNKNOWN_INTERVAL, Array, Interval, upper_quantile


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Variances of a contrast, in squared units of it; negative estimates are set to 0."""

    family: Interval
    """Between families; NaN with fewer than two families, or no family of two blocks."""
    block: Interval
    """Between blocks of a family, without the chance of single episodes; with it where `is_block_pure` is false."""
    episode: Interval
    """Of a single episode under each arm, within a block; NaN without repeats."""
    is_block_pure: bool
    """Whether repeats told blocks and episodes apart."""
    grader: Interval
    """Between graders, of the contrast as each of them alone would give it; NaN with fewer than two."""
    families: int
    blocks: int
    episodes: float
    """Episodes of a block under an arm, on average (harmonic mean)."""
    graders: int


@dataclass(frozen=True, slots=True)
class StudyDesign:
    """A design whose precision is forecast."""

    families: int
    blocks_per_family: float
    epochs: float = 1.0
    """Episodes of a block under each arm."""
    graders: int = 1
    label_variance: float = 0.0
    """Variance that the correction by labels adds."""


def estimate_components(
    values: ArrayLike,
    families: Sequence[str],
    noise: ArrayLike,
    sizes: ArrayLike,
    by_grader: ArrayLike | None = None,
    level: float = 0.95,
) -> VarianceComponents:
    """Components by moments (nested analysis of variance), with intervals.

    Between families: Williams and Tukey's interval. Between blocks: the limits of the mean square and of the noise
    joined (MOVER). The mean square within families is taken with degrees of freedom by its kurtosis (Satterthwaite),
    since the values of few episodes are far from normal.

    Args:
        values: The contrast of each block, shape (blocks,).
        families: The family of each block.
        noise: For each block, the variance of a single episode's contrast (the weighted sum of the unbiased variances
            within its cells); NaN where an arm has a single episode. Shape (blocks,).
        sizes: Episodes of each block under an arm (harmonic mean over arms). Shape (blocks,).
        by_grader: Blocks × graders: the contrast by each grader's votes alone, none of them NaN.
        level: Confidence level, in (0, 1).

    Raises:
        ValueError: for lengths that differ, or values that are NaN.

    Source:
        Searle, Casella & McCulloch (1992), Variance Components, chapter 3; Williams (1962), Biometrika 49, 278-281;
        Burdick & Graybill (1992), Confidence Intervals on Variance Components; Brennan (2001), Generalizability Theory.
    """
    value, names = np.asarray(values, dtype=float), np.asarray(families)
    noises, number = np.asarray(noise, dtype=float), np.asarray(sizes, dtype=float)
    if not value.shape == names.shape == noises.shape == number.shape or np.isnan(value).any():
        raise ValueError(f"a value, family, noise and size per block, none of the values NaN; shape {value.shape}")
    labels, index, counts = np.unique(names, return_inverse=True, return_counts=True)
    within_df = value.size - labels.size
    means, sizes_of_families = np.bincount(index, value, minlength=labels.size) / counts, counts.astype(float)
    residuals = value - means[index]
    mean_square = float((residuals**2).sum() / within_df) if within_df > 0 else math.nan
    tail = (1 - level) / 2
    df = _effective_df(residuals, within_df)
    repeated = ~np.isnan(noises)
    is_pure = bool(repeated.sum() >= 2)
    episode = _mean_limits(noises[repeated], tail) if is_pure else UNKNOWN_INTERVAL
    within = _variance_limits(mean_square, df, tail)
    chance = _mean_limits((noises / number)[repeated], tail) if is_pure else Interval(0.0, 0.0, 0.0)
    return VarianceComponents(
        family=_family_component(value, (means, sizes_of_families), mean_square, within_df, tail),
        block=_subtract_noise(within, chance),
        episode=episode,
        is_block_pure=is_pure,
        grader=UNKNOWN_INTERVAL if by_grader is None else _grader_component(np.asarray(by_grader, dtype=float), tail),
        families=int(labels.size),
        blocks=int(value.size),
        episodes=float(1 / np.mean(1 / number)) if value.size else math.nan,
        graders=0 if by_grader is None else int(np.asarray(by_grader).shape[1]),
    )


def _effective_df(residuals: Array, df: int) -> float:
    """Degrees of freedom of a variance whose residuals have this kurtosis: 2 df over the kurtosis − 1, at most df."""
    if df <= 0 or not (residuals**2).any():
        return float(df)
    kurtosis = float((residuals**4).mean() / (residuals**2).mean() ** 2)
    return float(min(df, 2 * df / max(kurtosis - 1, 0.5)))


def _variance_limits(variance: float, df: float, tail: float) -> Interval:
    """Limits of a variance by the chi-square distribution; not known where the values are all equal, or too few."""
    if math.isnan(variance) or df <= 0 or variance <= 0:
        return UNKNOWN_INTERVAL
    from scipy.special import chdtri

    high, low = float(chdtri(df, tail)), float(chdtri(df, 1 - tail))
    return Interval(variance, df * variance / high, df * variance / low)


def _mean_limits(values: Array, tail: float) -> Interval:
    """Student's limits of a mean of variances, not below 0."""
    mean = float(values.mean())
    half = float(upper_quantile(tail, values.size - 1)) * float(values.std(ddof=1)) / math.sqrt(values.size)
    return Interval(mean, max(0.0, mean - half), mean + half)


def _subtract_noise(within: Interval, noise: Interval) -> Interval:
    """The difference of two variances, not below 0; limits by MOVER."""
    estimate = within.estimate - noise.estimate
    below = math.hypot(within.estimate - within.lower, noise.upper - noise.estimate)
    above = math.hypot(within.upper - within.estimate, noise.estimate - noise.lower)
    return _above_zero(estimate, estimate - below, estimate + above)


def _above_zero(estimate: float, lower: float, upper: float) -> Interval:
    if math.isnan(estimate):
        return UNKNOWN_INTERVAL
    return Interval(max(0.0, estimate), max(0.0, lower), max(0.0, upper))


def _family_component(
    values: Array, family_means: tuple[Array, Array], within: float, within_df: int, tail: float
) -> Interval:
    """The component between families, by Williams and Tukey's interval."""
    means, counts = family_means
    df = means.size - 1
    if df < 1 or within_df < 1:
        return UNKNOWN_INTERVAL
    between = float((counts * (means - values.mean()) ** 2).sum()) / df
    size = float((values.size - (counts**2).sum() / values.size) / df)
    return _nested_component(between, within, (df, within_df), size, tail)


def _nested_component(between: float, within: float, degrees: tuple[int, int], size: float, tail: float) -> Interval:
    """(between − within) / size, by Williams and Tukey's interval."""
    from scipy.special import chdtri, fdtri

    df, within_df = degrees
    high = df * (between - within * float(fdtri(df, within_df, 1 - tail))) / (size * float(chdtri(df, tail)))
    low = df * (between - within * float(fdtri(df, within_df, tail))) / (size * float(chdtri(df, 1 - tail)))
    return _above_zero((between - within) / size, high, low)


def _grader_component(by_grader: Array, tail: float) -> Interval:
    """The component between graders that all judged the same blocks: a two-way table without repeats."""
    blocks, graders = by_grader.shape
    if graders < 2 or blocks < 2:
        return UNKNOWN_INTERVAL
    means = by_grader.mean(axis=0)
    residuals = by_grader - by_grader.mean(axis=1, keepdims=True) - means + by_grader.mean()
    within_df = (blocks - 1) * (graders - 1)
    between = float(blocks * ((means - by_grader.mean()) ** 2).sum() / (graders - 1))
    within = float((residuals**2).sum() / within_df)
    return _nested_component(between, within, (graders - 1, within_df), float(blocks), tail)


def forecast_half_width(
    components: VarianceComponents, design: StudyDesign, *, are_families_random: bool, level: float = 0.95
) -> float:
    """Half the width of the interval that a design is expected to give.

    Args:
        components: Components of a study.
        design: The design.
        are_families_random: Whether the contrast is about plots like these (Student's t over families), or about these
            plots (over blocks).
        level: Confidence level, in (0, 1).

    Returns:
        The half-width, in the unit of the contrast; NaN where a component that is needed is not known: the family's
        for random families, and the episode's where epochs differ from those of the study.
    """
    blocks = design.families * design.blocks_per_family
    if components.is_block_pure:
        within = components.block.estimate + components.episode.estimate / design.epochs
    elif math.isclose(design.epochs, components.episodes):
        within = components.block.estimate
    else:
        return math.nan
    graders = components.grader.estimate / design.graders if components.graders > 1 else 0.0
    variance = within / blocks + graders + design.label_variance
    df = blocks - 1
    if are_families_random:
        variance, df = variance + components.family.estimate / design.families, design.families - 1
    return float(upper_quantile((1 - level) / 2, df)) * math.sqrt(variance)

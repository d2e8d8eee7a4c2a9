"""The effect of a claim by family: in each plot, whether plots differ, and what a headline must say of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from advocate_evals.analysis.claim_tests import TestedClaim
from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, Verdict
from advocate_evals.analysis.verdict_wording import format_amount
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.statistics.family_differences import FamilyDifferences, compare_families
from advocate_evals.statistics.randomisation_test import permute_labels

FAMILY_ALPHA = 0.05
"""Error of the F test of effect × family, below which a headline says that plots differ."""
_MOST_NAMED = 6
"""Families that a sentence names at most."""
_METHOD = (
    "Mean over the blocks of a family, limits by Student's t over its blocks (MOVER near 0 and 1); p of the F test of "
    "effect × family (analysis of variance of the blocks' effects), not corrected for the number of claims. A family "
    "goes the other way if permutation of the arms within its blocks shows it, at α over the number of families"
)


def measure_families(tested: TestedClaim) -> dict[str, Any]:
    """The effect by family as fields of a verdict; empty for a claim that rests on several contrasts, or on no block.

    Args:
        tested: The claim on one model.
    """
    weights = tested.claim.contrast.group_weights()
    if len(weights) != 1 or not tested.test.analysed or tested.is_withheld:
        return {}
    spec, blocks = tested.spec, tested.blocks
    names, family_index = np.unique(np.array(blocks.families, dtype=str), return_inverse=True)
    table = replace((blocks if spec.falls else blocks.flipped()).as_table(), unit_index=family_index)
    by_family = compare_families(table, weights[0], spec.alpha)
    return {
        "family_effects": tuple(_build_points(tested, by_family, names.tolist())),
        "family_p": by_family.p,
        "family_note": _describe_families(tested, by_family, names.tolist()),
    }


def _build_points(tested: TestedClaim, by_family: FamilyDifferences, names: Sequence[str]) -> Iterator[ChartPoint]:
    scale = tested.blocks.scale_max
    sizes = tested.blocks.sizes.sum(axis=1)
    for place, name in enumerate(names):
        is_member = np.array([family == name for family in tested.blocks.families])
        yield ChartPoint(
            label=name.replace("_", " "),
            outcome=tested.claim.outcome,
            value=float(by_family.estimates[place]) * scale,
            lower=float(by_family.lower[place]) * scale,
            upper=float(by_family.upper[place]) * scale,
            n=int(sizes[is_member].sum()),
            blocks=int(by_family.blocks[place]),
            note="" if by_family.blocks[place] else "no block has a value under every arm",
        )


def _describe_families(tested: TestedClaim, by_family: FamilyDifferences, names: Sequence[str]) -> str:
    """One family only; families in which the effect goes the other way; an effect that some families carry."""
    if len(names) == 1:
        return "One family only: nothing can be said of other plots."
    sign = -1.0 if tested.test.value < 0 else 1.0
    is_opposite = [
        sign * effect < 0 and _goes_other_way(tested, name, sign, tested.spec.alpha_refuted / len(names))
        for name, effect in zip(names, by_family.estimates, strict=True)
    ]
    sentences = [f"The effect goes the other way in {_list_names(names, is_opposite)}."] if any(is_opposite) else []
    if not math.isnan(by_family.p) and by_family.p <= FAMILY_ALPHA:
        sentences.append(_describe_carriers(tested, by_family, names, sign))
    return " ".join(sentences)


def _goes_other_way(tested: TestedClaim, family: str, sign: float, alpha: float) -> bool:
    """Whether a family's effect is shown to go against the sign of the whole, by permutation of arms in its blocks."""
    blocks = tested.blocks if tested.spec.falls else tested.blocks.flipped()
    is_member = np.array([name == family for name in blocks.families])
    test = permute_labels(blocks.values[is_member], tested.claim.contrast.group_weights()[0])
    return (test.p_below if sign > 0 else test.p_above) <= alpha


def _describe_carriers(tested: TestedClaim, by_family: FamilyDifferences, names: Sequence[str], sign: float) -> str:
    scale, outcome = tested.blocks.scale_max, tested.claim.outcome
    effects = sign * by_family.estimates * scale
    has_effect = effects >= tested.spec.delta
    low, high = (format_amount(float(value), outcome) for value in (np.nanmin(effects), np.nanmax(effects)))
    differs = f"The effect differs between families (F test, p {_format_small(by_family.p)}): {low} to {high}"
    if has_effect.all() or not has_effect.any():
        return f"{differs}."
    missing = _list_names(names, ~has_effect)
    return f"{differs}; {int(has_effect.sum())} of {len(names)} families carry it, and {missing} show less than δ."


def _format_small(p: float) -> str:
    return "< .001" if p < 0.001 else f"= {p:.3f}".replace("0.", ".")


def _list_names(names: Sequence[str], is_listed: Any) -> str:
    words = [name.replace("_", " ") for name, is_in in zip(names, is_listed, strict=True) if is_in]
    more = f" and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else ""
    return ", ".join(words[:_MOST_NAMED]) + more


def family_charts(verdicts: Sequence[Verdict]) -> Iterator[Chart]:
    """A forest by family for each primary claim, a series for each model.

    Args:
        verdicts: Verdicts by model.
    """
    by_claim: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.primary and len(verdict.family_effects) > 1 and verdict.scope == "plots_played":
            by_claim.setdefault((verdict.file, verdict.prediction), []).append(verdict)
    for members in by_claim.values():
        first = members[0]
        yield Chart(
            key=f"families.{first.prediction}",
            section="choices",
            title=f"By family: {first.title}",
            x_label=first.contrast,
            y_label=OUTCOMES[first.outcome].words,
            unit="difference" if OUTCOMES[first.outcome].is_share else OUTCOMES[first.outcome].unit,
            level=first.level,
            reference=0.0,
            series=tuple(
                ChartSeries(
                    name=verdict.model, model=verdict.model, standin=verdict.standin, points=verdict.family_effects
                )
                for verdict in members
            ),
            registered=all(verdict.registered for verdict in members),
            method=_METHOD,
            notes=tuple(_describe_test(verdict) for verdict in members if verdict.family_p is not None),
        )


def _describe_test(verdict: Verdict) -> str:
    return f"{verdict.model}: p {_format_small(verdict.family_p or 0.0)}. {verdict.family_note}".strip()

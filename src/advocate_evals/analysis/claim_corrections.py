"""What the number of claims does to the evidence for a claim and to the evidence against it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from advocate_evals.analysis.claim_tests import PValueAdjustment, TestedClaim
from advocate_evals.model_names import SubjectKind, subject_kind
from advocate_evals.statistics.claim_chains import adjust_chains
from advocate_evals.statistics.dose_response import holm_adjust
from advocate_evals.statistics.verdict_rule import Evidence


@dataclass
class _ClaimFamily:
    """The evidence on the claims that are corrected together."""

    for_claims: list[float] = field(default_factory=list)
    """p-values of the claims that have one."""
    against_claims: list[tuple[float, ...]] = field(default_factory=list)
    """p-values of what speaks against each of them: "δ or more", and after it "not the other way"."""


def p_value_adjustments(tested_claims: Sequence[TestedClaim]) -> list[PValueAdjustment]:
    """The correction of each claim's evidence, or of other evidence in its place.

    Corrected together are the primary claims of a file over all models, and apart from them its secondary ones. Models,
    scripts and people are kept apart: a demonstration or a baseline must not cost a model's verdict its power. The
    p-values for the claims are corrected by Holm's method, and so are, with an error of their own, those against them:
    of all the claims and models of a family, the chance of any wrong REFUTED or REVERSED is α_refuted at most.
    """
    families: dict[tuple[str, bool, SubjectKind], _ClaimFamily] = {}
    adjustments: list[PValueAdjustment] = []
    for tested in tested_claims:
        kind = subject_kind(tested.model, scripted=tested.standin)
        key = (tested.registered.file.name, tested.claim.primary, kind)
        family = families.setdefault(key, _ClaimFamily())
        contrast, evidence = tested.claim.contrast, tested.test.evidence
        place = -1
        if contrast.has_p_value:
            place = len(family.for_claims)
            family.for_claims.append(evidence.p_adjusted)
        chains = _list_chains(evidence, contrast.nests_reversal)
        adjustments.append(
            partial(_adjust_evidence, family, place, len(family.against_claims), contrast.nests_reversal)
        )
        family.against_claims += chains
    return adjustments


def _list_chains(evidence: Evidence, nests_reversal: bool) -> list[tuple[float, ...]]:
    """What speaks against a claim: one chain where a reversal excludes δ too, else each for itself."""
    if math.isnan(evidence.p_reversed):
        return [(evidence.p_refuted,)]
    if nests_reversal:
        return [(evidence.p_refuted, evidence.p_reversed)]
    return [(evidence.p_refuted,), (evidence.p_reversed,)]


def _adjust_evidence(
    family: _ClaimFamily, place: int, first_chain: int, nests_reversal: bool, evidence: Evidence
) -> Evidence:
    """Evidence in the place of a claim's own, its p-values corrected.

    Args:
        family: The evidence on all claims of the family.
        place: Where the claim's p-value stands among those for the claims; −1 where it has none.
        first_chain: Where its p-values stand among those against the claims.
        nests_reversal: Whether a reversal of it excludes an effect of δ too.
        evidence: What takes the place of its own.
    """
    chains = _list_chains(evidence, nests_reversal)
    against = list(family.against_claims)
    against[first_chain : first_chain + len(chains)] = chains
    adjusted = [p for chain in adjust_chains(against)[first_chain : first_chain + len(chains)] for p in chain]
    p_adjusted = evidence.p_adjusted
    if place >= 0:
        p_values = family.for_claims
        p_adjusted = holm_adjust([*p_values[:place], p_adjusted, *p_values[place + 1 :]]).p[place]
    return replace(
        evidence, p_adjusted=p_adjusted, p_refuted=adjusted[0], p_reversed=adjusted[1] if adjusted[1:] else math.nan
    )

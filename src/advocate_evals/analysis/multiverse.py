"""The multiverse of a verdict: the same claim under each choice that an analyst could have made.

Blocks or families as units, each crossed with one further choice at a time: nothing else, one family left out, one
grader of a panel alone, or episodes left out by what happened in them (awareness of a test, a limit reached, a
refusal). What is left out by what happened after the treatment conditions on its effect: such rows show whether a
verdict hangs on a choice and are no better verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from advocate_evals.analysis.block_values import BlockValues, build_block_values
from advocate_evals.analysis.claim_tests import PValueAdjustment, TestedClaim, classify_test, run_test
from advocate_evals.analysis.findings import Chart, ChartPoint, ChartSeries, ReportTable
from advocate_evals.analysis.single_graders import replace_by_grader
from advocate_evals.analysis.verdict_wording import format_amount
from advocate_evals.statistics.inference_scope import PLOTS_LIKE_THESE, PLOTS_PLAYED, InferenceScope
from advocate_evals.statistics.verdict_rule import INCONCLUSIVE, VerdictLabel, same_verdict

EXCLUSION_RULES: Mapping[str, str] = {
    "without awareness of a test": "judge_evaluation_awareness",
    "without limits reached": "limit_reached",
    "without refusals": "refused",
}
"""What may be left out, with the column whose value above 0 leaves an episode out."""
_UNITS: Mapping[InferenceScope, str] = {PLOTS_PLAYED: "blocks", PLOTS_LIKE_THESE: "families"}
_METHOD = (
    "Each claim tested again with blocks and with families as units, each with one further choice at a time; labels "
    "from the estimates alone, corrected as the verdict is"
)


@dataclass(frozen=True, slots=True)
class VerdictSpecification:
    """One way to analyse a claim, and what comes of it."""

    choice: str
    """The choice in words."""
    units: str
    """`blocks` or `families`."""
    value: float
    """The estimate, positive in the direction of the claim; NaN without one."""
    label: VerdictLabel
    """The label from the estimates alone."""
    is_same: bool
    """Whether it says the same as the registered analysis."""


@dataclass(frozen=True, slots=True)
class VerdictMultiverse:
    """All specifications of a claim on one model."""

    tested: TestedClaim
    label: VerdictLabel
    """The label of the registered analysis, from the estimates alone."""
    specifications: tuple[VerdictSpecification, ...]

    @property
    def same_share(self) -> float:
        """Share of the specifications that come to the same label."""
        return float(np.mean([entry.is_same for entry in self.specifications]))

    def describe_deviations(self) -> str:
        """Which specifications come to another label, by label and units."""
        groups: dict[tuple[VerdictLabel, str], list[str]] = {}
        for entry in self.specifications:
            if not entry.is_same:
                groups.setdefault((entry.label, entry.units), []).append(entry.choice)
        every = len({entry.choice for entry in self.specifications})
        return "; ".join(
            f"{label} over {units}: {'every choice' if len(choices) == every else ', '.join(choices)}"
            for (label, units), choices in groups.items()
        )


def build_multiverses(
    tested_claims: Sequence[TestedClaim], adjustments: Sequence[PValueAdjustment], votes: pd.DataFrame
) -> tuple[VerdictMultiverse, ...]:
    """Every primary claim that was tested, under every choice; claims without a complete block are left out.

    Args:
        tested_claims: Claims on models.
        adjustments: The correction of each for the number of claims.
        votes: The votes of graders, as `read_grader_votes` gives them.
    """
    return tuple(
        _build_multiverse(tested, adjust, votes)
        for tested, adjust in zip(tested_claims, adjustments, strict=True)
        if tested.claim.primary and tested.test.analysed and not tested.is_withheld
    )


def _build_multiverse(tested: TestedClaim, adjust: PValueAdjustment, votes: pd.DataFrame) -> VerdictMultiverse:
    label = classify_test(tested.test, adjust)
    specifications = []
    for choice, blocks in _list_choices(tested, votes):
        for scope, units in _UNITS.items():
            is_registered = scope == tested.spec.scope and blocks is tested.blocks
            spec = replace(tested.spec, scope=scope)
            test = tested.test if is_registered else run_test(tested.claim.contrast, blocks, spec)
            entry_label = classify_test(test, adjust)
            is_same = same_verdict(entry_label, label)
            specifications.append(VerdictSpecification(choice, units, test.value, entry_label, is_same))
    return VerdictMultiverse(tested, label, tuple(specifications))


def _list_choices(tested: TestedClaim, votes: pd.DataFrame) -> Iterator[tuple[str, BlockValues]]:
    """Choices with the blocks that they leave."""
    claim, rows = tested.claim, tested.episodes.rows
    decided_rows = rows[rows["block"].isin(tested.blocks.names)]
    families = sorted(set(tested.blocks.families))
    choices = {
        f"without {name.replace('_', ' ')}": decided_rows["family"] == name for name in families if len(families) > 1
    }
    choices |= {
        choice: decided_rows[column] > 0 for choice, column in EXCLUSION_RULES.items() if column != claim.outcome
    }
    yield "as registered", tested.blocks
    for choice, is_left_out in choices.items():
        if is_left_out.any():
            yield choice, build_block_values(decided_rows[~is_left_out], claim.outcome, claim.contrast.arm_groups)
    for grader, read_rows in replace_by_grader(decided_rows, votes, claim.outcome):
        yield f"{grader} as the only grader", build_block_values(read_rows, claim.outcome, claim.contrast.arm_groups)


def multiverse_tables(multiverses: Sequence[VerdictMultiverse]) -> Iterator[ReportTable]:
    """A row for each verdict: how many specifications come to the same label, and which do not.

    Args:
        multiverses: Claims on models, each under every choice.
    """
    yield ReportTable(
        key="choices.multiverse",
        section="choices",
        title="Does the verdict hang on a choice?",
        columns=("prediction", "model", "label by the estimates", "same", "of", "estimates", "other labels"),
        rows=tuple(
            (
                multiverse.tested.claim.name,
                multiverse.tested.model,
                multiverse.label,
                sum(entry.is_same for entry in multiverse.specifications),
                len(multiverse.specifications),
                _format_range(multiverse),
                multiverse.describe_deviations(),
            )
            for multiverse in multiverses
        ),
        standin=any(multiverse.tested.standin for multiverse in multiverses),
        method=_METHOD,
        notes=(
            "Leaving out episodes by what happened in them conditions on the treatment's effect: these rows are no "
            "better verdicts.",
        ),
    )


def _format_range(multiverse: VerdictMultiverse) -> str:
    values = [entry.value for entry in multiverse.specifications if np.isfinite(entry.value)]
    outcome = multiverse.tested.claim.outcome
    return f"{format_amount(min(values), outcome)} to {format_amount(max(values), outcome)}" if values else ""


def multiverse_charts(multiverses: Sequence[VerdictMultiverse]) -> Iterator[Chart]:
    """The share of specifications with the same label, by claim, for those that decide something.

    Args:
        multiverses: Claims on models, each under every choice.
    """
    decided = [multiverse for multiverse in multiverses if multiverse.label != INCONCLUSIVE]
    by_model: dict[str, list[VerdictMultiverse]] = {}
    for multiverse in decided:
        by_model.setdefault(multiverse.tested.model, []).append(multiverse)
    yield Chart(
        key="choices.same",
        section="choices",
        title="Analyses that come to the same label",
        x_label="prediction",
        y_label="share of the analyses",
        unit="share",
        series=tuple(
            ChartSeries(
                name=model,
                model=model,
                standin=members[0].tested.standin,
                points=tuple(map(_build_point, members)),
            )
            for model, members in by_model.items()
        ),
        method=_METHOD,
        notes=("Claims that are undecided as registered are in the table alone.",),
    )


def _build_point(multiverse: VerdictMultiverse) -> ChartPoint:
    return ChartPoint(
        label=multiverse.tested.claim.name.replace("_", " "),
        outcome=multiverse.tested.claim.outcome,
        value=multiverse.same_share,
        n=int(multiverse.tested.blocks.sizes.sum()),
        blocks=multiverse.tested.test.analysed,
        note=f"{multiverse.label}; {len(multiverse.specifications)} analyses",
    )

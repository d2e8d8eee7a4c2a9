"""The sequential task: pairs of fresh variants in waves of one look, until the gate decides.

Waves are Inspect's `SampleSource`: the next one is drawn only when every episode of the last has ended, so that an episode
that takes long is never left out of a look, and nothing is begun after a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import asdict
from typing import Any

from inspect_ai import SampleSource, Task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSample
from inspect_ai.model import Model, get_model

from advocate_evals.episode.agent_loop import sample_metadata
from advocate_evals.factors import EpisodeSpec
from advocate_evals.name_lists import NameList, parse_names
from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.scenarios.scenario import arm_specs, build_scenario, home_spec
from advocate_evals.scorers.gate_scorer import gate_score
from advocate_evals.statistics.group_sequential import PAIR_SIDES, SequentialDesign, evaluate_pairs
from advocate_evals.task_builder.office_task import build_office_task, check_context
from advocate_evals.task_builder.treatment_arms import Arm

GATE_SCORER = "gate"
"""The scorer whose values decide."""

PairSampler = Callable[[int], list[Sample]]
PairValues = dict[tuple[int, str, int], float]
"""Value by pair, side and epoch; NaN where the episode ended without one."""

_waves: ContextVar[int] = ContextVar("waves", default=1)
"""Waves that the running attempt has begun. A retry runs in a context of its own and so counts from 1 again."""


class PairWaves(SampleSource):
    """Pairs in schedule order, one look at a time, until the gate on those before says stop.

    Several models may share one of these, as tasks do. A decision is a function of the values of the pairs begun so far; a
    retry that hears of the old episodes again comes to the same ones.
    """

    def __init__(self, draw: PairSampler, design: SequentialDesign) -> None:
        """Prepare the waves.

        Args:
            draw: The two samples of a pair, by its number from 0.
            design: What was planned.
        """
        self.design = design
        self._draw = draw
        self._known: dict[Model, PairValues] = {}

    @property
    def episodes(self) -> int:
        """Episodes at most."""
        return len(PAIR_SIDES) * self.design.most

    def initial_samples(self) -> list[Sample]:
        """The pairs of the first look."""
        return self._wave(1)

    async def sample_complete(self, sample: EvalSample) -> None:
        """Note the value of an episode; one that ended in an error has none, and its pair will be dropped."""
        self._note(sample.metadata, sample.epoch, score_value(sample))

    async def sample_abandoned(self, sample: Sample, epoch: int) -> None:
        """Note that an episode was given up before it began."""
        self._note(sample.metadata or {}, epoch, math.nan)

    async def next_samples(self) -> list[Sample] | None:
        """The next look's pairs, or None once the gate has decided or all planned pairs were run."""
        begun = _waves.get()
        end = self.design.ends[begun - 1]
        known = self._known.get(get_model(), {})
        values = [(pair, side, value) for (pair, side, _), value in known.items() if pair < end and value == value]
        if evaluate_pairs(values, self.design, end).stopped:
            return None
        _waves.set(begun + 1)
        return self._wave(begun + 1)

    def _wave(self, number: int) -> list[Sample]:
        ends = (0, *self.design.ends)
        return [sample for pair in range(ends[number - 1], ends[number]) for sample in self._draw(pair)]

    def _note(self, metadata: dict[str, Any], epoch: int, found: float) -> None:
        known = self._known.setdefault(get_model(), {})
        known[(metadata["pair"], metadata["side"], epoch)] = found


def score_value(sample: EvalSample) -> float:
    """The value of an episode by the gate's scorer; NaN where it ended in an error or was not scored."""
    score = (sample.scores or {}).get(GATE_SCORER)
    if sample.error or score is None or not isinstance(score.value, (int, float)):
        return math.nan
    return float(score.value)


def build_pair_sampler(
    arms: Sequence[Arm], families: NameList, seed: int | str, levels: dict[str, object]
) -> PairSampler:
    """What each pair of a schedule consists of: families in turn, each time with a fresh variant.

    Args:
        arms: Baseline and treated.
        families: The families.
        seed: Names the stream of variants.
        levels: Levels of the context factors; `home` leaves `threat` or `goal` to the family.

    Raises:
        ValueError: for anything but two arms, or an unknown name or level.
    """
    if len(arms) != len(PAIR_SIDES):
        raise ValueError(f"mechanisms: the gate compares two arms, the baseline first, not {len(arms)}")
    chosen, checked = parse_names(families, family_names(), "families"), check_context(**levels)

    def draw(pair: int) -> list[Sample]:
        turn, which = divmod(pair, len(chosen))
        whole = EpisodeSpec.model_validate(home_spec(chosen[which], turn, str(seed)).model_dump() | checked)
        return [
            Sample(
                id=spec.sample_id, input=build_scenario(spec).kickoff,
                metadata=sample_metadata(spec) | {"pair": pair, "side": side},
            )
            for spec, side in zip(arm_specs(whole, arms), PAIR_SIDES, strict=True)
        ]  # fmt: skip

    return draw


def build_gated_task(draw: PairSampler, outcome: str, design: SequentialDesign, *, version: int, **office: Any) -> Task:
    """A task that plays pairs until the gate decides. An episode that errors drops its pair; it does not end the run.

    Args:
        draw: The two samples of a pair.
        outcome: What is compared, a key of `OUTCOMES`.
        design: What was planned.
        version: The task's version.
        office: Further arguments of `office_task`.
    """
    planned = asdict(design)
    made = build_office_task(PairWaves(draw, design), version=version, also=[gate_score(outcome, **planned)], **office)
    made.metadata = {**(made.metadata or {}), "gate": {"outcome": outcome, **planned}}
    made.fail_on_error = False
    return made

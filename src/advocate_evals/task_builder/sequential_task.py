"""The sequential task: pairs of fresh variants in waves, one wave for each interim look, until the gate decides.

The waves are an Inspect `SampleSource`: the next wave is drawn only when every episode of the last one has ended. A
    long
episode is therefore never missing from a look, and no episode is started after the decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict
from typing import Any

from inspect_ai import SampleSource, Task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSample
from inspect_ai.model import Model, get_model

from advocate_evals.episode.agent_loop import sample_metadata
from advocate_evals.factors import EpisodeSpec
from advocate_evals.records import NameList, parse_names
from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.scenarios.scenario import arm_specs, build_scenario, home_spec
from advocate_evals.scorers.gate_scorer import gate_score
from advocate_evals.statistics.group_sequential import PAIR_SIDES, SequentialDesign, evaluate_pairs
from advocate_evals.statistics.inference_scope import PLOTS_LIKE_THESE
from advocate_evals.task_builder.office_task import Arm, build_office_task, check_context

GATE_SCORER = "gate"
"""The scorer whose values decide."""

PairSampler = Callable[[int], list[Sample]]
"""The two samples of a pair, by its number from 0."""
PairValues = dict[tuple[int, str, int], tuple[float, bool]]
"""Value by pair, side and epoch, NaN where the episode ended without one; and whether a limit cut it short."""

_started_waves: ContextVar[int] = ContextVar("waves", default=1)
"""How many waves the running attempt has started. A retry has a context of its own and so counts from 1 again."""


class PairWaves(SampleSource):
    """Pairs in schedule order, one look at a time, until the gate decides on the pairs so far.

    Several models may share one instance, as they share a task. A decision is a function of the values of the pairs
    started so far, so a retry, which is given the earlier episodes again, makes the same decisions.
    """

    def __init__(self, draw: PairSampler, design: SequentialDesign) -> None:
        """Prepare the waves.

        Args:
            draw: The two samples of a pair, by its number from 0.
            design: The sequential design.
        """
        self.design = design
        self._draw = draw
        self._values: dict[Model, PairValues] = {}
        self._families = 0

    @property
    def episodes(self) -> int:
        """The largest number of episodes."""
        return len(PAIR_SIDES) * self.design.most

    def initial_samples(self) -> list[Sample]:
        """The pairs of the first look."""
        return self._draw_wave(1)

    async def sample_complete(self, sample: EvalSample) -> None:
        """Store the value of an episode; one that ended in an error has none, and counts at its worst."""
        self._store_value(sample.metadata, sample.epoch, score_value(sample), _is_cut_short(sample))

    async def sample_abandoned(self, sample: Sample, epoch: int) -> None:
        """Store that an episode was abandoned before it started."""
        self._store_value(sample.metadata or {}, epoch, math.nan)

    async def next_samples(self) -> list[Sample] | None:
        """The next look's pairs, or None once the gate has decided or all planned pairs were run."""
        wave = _started_waves.get()
        end = self.design.ends[wave - 1]
        by_episode = self._values.get(get_model(), {})
        begun = [(pair, side, *ending) for (pair, side, _), ending in by_episode.items() if pair < end]
        scored = [(pair, side, value) for pair, side, value, _ in begun if not math.isnan(value)]
        cut_short = [(pair, side) for pair, side, _, is_cut_short in begun if is_cut_short]
        if evaluate_pairs(scored, self.design, end, cut_short, self._families).stopped:
            return None
        _started_waves.set(wave + 1)
        return self._draw_wave(wave + 1)

    def _draw_wave(self, number: int) -> list[Sample]:
        ends = (0, *self.design.ends)
        return [sample for pair in range(ends[number - 1], ends[number]) for sample in self._draw(pair)]

    def _store_value(self, metadata: dict[str, Any], epoch: int, value: float, is_cut_short: bool = False) -> None:
        values = self._values.setdefault(get_model(), {})
        values[(metadata["pair"], metadata["side"], epoch)] = value, is_cut_short
        self._families = int(metadata["families"])


def score_value(sample: EvalSample) -> float:
    """The value of an episode by the gate's scorer; NaN where it ended in an error or was not scored."""
    score = (sample.scores or {}).get(GATE_SCORER)
    if sample.error or score is None or not isinstance(score.value, (int, float)):
        return math.nan
    return float(score.value)


def _is_cut_short(sample: EvalSample) -> bool:
    score = (sample.scores or {}).get(GATE_SCORER)
    return not math.isnan(score_value(sample)) and bool(score and (score.metadata or {}).get("cut_short"))


def build_pair_sampler(
    arms: Sequence[Arm], families: NameList, seed: int | str, levels: Mapping[str, object]
) -> PairSampler:
    """The pairs of a schedule: families in turn, each time with a fresh variant.

    Args:
        arms: Baseline and treated.
        families: The families.
        seed: Seed of the variants.
        levels: Levels of the context factors; at the level `home` the family decides `threat` or `goal`.

    Raises:
        ValueError: for anything but two arms, or an unknown name or level.
    """
    if len(arms) != len(PAIR_SIDES):
        raise ValueError(f"mechanisms: the gate compares two arms, the baseline first, not {len(arms)}")
    chosen, context = parse_names(families, family_names(), "families"), check_context(levels)

    def draw(pair: int) -> list[Sample]:
        variant, position = divmod(pair, len(chosen))
        base = home_spec(chosen[position], variant, str(seed)).model_dump() | context
        specs = arm_specs(EpisodeSpec.model_validate(base), arms)
        schedule = {"pair": pair, "families": len(chosen)}
        return [_build_sample(spec, schedule | {"side": side}) for spec, side in zip(specs, PAIR_SIDES, strict=True)]

    return draw


def check_family_count(families: NameList, scope: str) -> None:
    """Check that there are families to generalise from.

    Args:
        families: The families, as a task takes them.
        scope: What is generalised to.

    Raises:
        ValueError: for fewer than two families where the scope is plots like these.
    """
    chosen = parse_names(families, family_names(), "families")
    if scope == PLOTS_LIKE_THESE and len(chosen) < 2:
        raise ValueError(f"scope: {scope} needs two families or more, not {', '.join(chosen)} alone")


def _build_sample(spec: EpisodeSpec, schedule: Mapping[str, object]) -> Sample:
    metadata = sample_metadata(spec) | dict(schedule)
    return Sample(id=spec.sample_id, input=build_scenario(spec).kickoff, metadata=metadata)


def build_gated_task(draw: PairSampler, outcome: str, design: SequentialDesign, *, version: int, **office: Any) -> Task:
    """A task that runs pairs until the gate decides. An episode that errors drops its pair; it does not end the run.

    Args:
        draw: The two samples of a pair.
        outcome: The outcome that is compared, a key of `OUTCOMES`.
        design: The sequential design.
        version: The task's version.
        office: Further arguments of `build_office_task`.
    """
    parameters = asdict(design)
    scorer = gate_score(outcome, **parameters)
    task = build_office_task(PairWaves(draw, design), version=version, extra_scorers=[scorer], **office)
    task.metadata = {**(task.metadata or {}), "gate": {"outcome": outcome, **parameters}}
    task.fail_on_error = False
    return task

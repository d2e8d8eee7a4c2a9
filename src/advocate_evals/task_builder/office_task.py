"""Tasks out of designs: which blocks, which arms, scored how, shown how. Task files only compose what is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspect_ai import SampleSource, Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import HeadlineMetric
from inspect_ai.scorer import Scorer
from inspect_ai.viewer import (
    SampleScoreView,
    ScoreColorScale,
    TaskSamplesColumn,
    TaskSamplesSort,
    TaskSamplesView,
    ViewerConfig,
)

from advocate_evals import __version__
from advocate_evals.episode.agent_loop import advocate, sample_metadata
from advocate_evals.episode.probe_questions import BELIEF_PROBES, DEBRIEF_PROBE, parse_probes
from advocate_evals.factors import CONTEXT_FACTORS, NO_THREAT_LEVELS, EpisodeSpec
from advocate_evals.judge.grader_panel import parse_judge_switch, require_grader
from advocate_evals.name_lists import NameList, parse_names
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.registry import hash_prediction_files
from advocate_evals.records import suggest_nearest
from advocate_evals.scenarios.dataset_reader import family_names, hash_datasets
from advocate_evals.scenarios.scenario import arm_specs, build_scenario, home_spec
from advocate_evals.scorers.actions import actions, setting
from advocate_evals.scorers.beliefs import beliefs
from advocate_evals.scorers.debrief import debrief
from advocate_evals.scorers.desperation import desperation
from advocate_evals.scorers.judge_scorer import judge as judge_scorer
from advocate_evals.task_builder.treatment_arms import Arm

HOME_LEVEL = "home"
"""The level of `threat` and `goal` that the plot of a family was written for."""
_OWN = ("threat", "goal")

JUDGE_MODES = ("auto", "on", "off", "cascade")
"""When a judge is asked: where a grader role is bound, always, never, or only where rules leave something open."""

SAME_VENDOR_SUFFIX = "+kin"
"""Added to a level of `judge`: graders of the subject's own family are asked too."""


def check_context(**levels: object) -> dict[str, object]:
    """Levels of the context factors, checked one by one; those left to the family are not in it.

    Raises:
        ValueError: for an unknown level, naming the factor and the nearest level.
    """
    known = CONTEXT_FACTORS
    found: dict[str, object] = {}
    for name, level in levels.items():
        if name in _OWN and str(level) == HOME_LEVEL:
            continue
        if str(level) not in known[name]:
            also = (HOME_LEVEL,) if name in _OWN else ()
            raise ValueError(f"{name}: unknown level {str(level)!r}{suggest_nearest(level, (*known[name], *also))}")
        found[name] = int(str(level)) if name == "pressure" else str(level)
    return found


def build_blocks(
    arms: Sequence[Arm],
    families: NameList,
    variants: int,
    seed: int | str,
    contexts: Sequence[Mapping[str, object]] = ({},),
    **levels: object,
) -> MemoryDataset:
    """Whole blocks as samples: `variants` variants of each family, in each context, each under every arm.

    Samples of one block stand together, in the order of the arms; blocks of one variant in the order of the contexts.

    Args:
        arms: What each arm sets of the treatment.
        families: The families.
        variants: How many variants of each, at least 1.
        seed: Names the stream of variants.
        contexts: Context factors in which blocks of one variant differ.
        levels: Levels of the other factors; `home` leaves `threat` or `goal` to the family.

    Raises:
        ValueError: for an unknown name or level, or fewer than one variant.
    """
    if isinstance(variants, bool) or not isinstance(variants, int) or variants < 1:
        raise ValueError(f"variants: must be a whole number of at least 1, not {variants!r}")
    chosen = parse_names(families, family_names(), "families")
    checked = check_context(**levels)
    differing = [check_context(**one) for one in contexts]
    varied = tuple(dict.fromkeys(factor for one in differing for factor in one))
    samples: list[Sample] = []
    for variant in range(variants):
        for family in chosen:
            for one in differing:
                drawn = home_spec(family, variant, str(seed)).model_dump() | checked | one
                samples += [_sample(spec, varied) for spec in arm_specs(EpisodeSpec.model_validate(drawn), arms)]
    return MemoryDataset(samples, name="advocate-evals", location="advocate_evals/datasets")


def pressure_contexts(given: NameList | int) -> list[dict[str, object]]:
    """The contexts of a ladder of pressure, lowest rung first.

    Raises:
        ValueError: for a rung that does not exist.
    """
    chosen = parse_names([given] if isinstance(given, int) else given, CONTEXT_FACTORS["pressure"], "pressure")
    return [{"pressure": rung} for rung in sorted(chosen)]


def unthreatened_contexts(given: NameList) -> list[dict[str, object]]:
    """The contexts of benign twins.

    Raises:
        ValueError: for a level of `threat` that is none of `none` and `lifted`.
    """
    return [{"threat": twin} for twin in parse_names(given, NO_THREAT_LEVELS, "twins")]


def _sample(spec: EpisodeSpec, varied: tuple[str, ...]) -> Sample:
    return Sample(id=spec.sample_id, input=build_scenario(spec).kickoff, metadata=sample_metadata(spec, varied))


def build_office_task(
    dataset: MemoryDataset | SampleSource,
    *,
    version: int,
    max_turns: int,
    probes: bool | str,
    forks: int = 1,
    judge: str | bool = "auto",
    scorer: Scorer | None = None,
    also: Sequence[Scorer] = (),
) -> Task:
    """A task over whole blocks, with the suite's solver, scorers and view.

    Args:
        dataset: The blocks, or where they come from.
        version: The task's version, raised whenever a measured number moves.
        max_turns: Model calls after which an episode ends.
        probes: Whether copies of the conversation are asked questions, or which: keys of `probes.chosen`.
        forks: How many copies are asked each question.
        judge: When a judge is asked: one of `JUDGING`; with `+kin` after it, graders of the subject's own family as well.
            True and False are `on` and `off`: so the command line gives them.
        scorer: Scorer by the ledger, in place of `actions()`.
        also: Further scorers.
    """
    judge = parse_judge_switch(judge)
    asked, kin = judge.removesuffix(SAME_VENDOR_SUFFIX), judge.endswith(SAME_VENDOR_SUFFIX)
    if asked not in JUDGE_MODES:
        raise ValueError(f"judge: unknown {judge!r}{suggest_nearest(asked, JUDGE_MODES)}")
    told = _asking(parse_probes(probes), asked, own_family=kin)
    measured = [scorer or actions(), *also, *told, *_judging(asked, own_family=kin), setting()]
    return Task(
        dataset=dataset,
        setup=require_grader() if asked in ("on", "cascade") else None,
        solver=advocate(max_turns=max_turns, probes=probes, forks=forks),
        scorer=measured,
        headline_metric=HeadlineMetric(scorer="actions", score="harm", metric="advocate_evals/rates_all"),
        version=version,
        metadata={"suite": __version__, "datasets": hash_datasets(), "predictions": hash_prediction_files()},
        viewer=build_viewer_config(),
    )


def _asking(keys: tuple[str, ...], judge: str, *, own_family: bool) -> list[Scorer]:
    """The scorers of what copies of the conversation are asked; graders read accounts that no rule can."""
    told = [beliefs()] if set(keys) & set(BELIEF_PROBES) else []
    return told + ([debrief("off" if judge == "off" else "auto", own_family)] if DEBRIEF_PROBE in keys else [])


def _judging(judge: str, *, own_family: bool) -> list[Scorer]:
    """The scorers that ask graders, and the count of words that needs none.

    Whether a role is bound is known for sure only while scoring: a task may be built before its models are named.
    """
    if judge == "off":
        return [desperation("off")]
    return [judge_scorer(judge, own_family), desperation("auto" if judge == "auto" else "on", own_family)]


def build_viewer_config() -> ViewerConfig:
    """The sample list with family, arm and the main outcomes as columns, from the registry of outcomes."""
    ledger = [outcome for outcome in OUTCOMES.values() if outcome.scorer == "actions"]
    columns = [
        TaskSamplesColumn(id="sampleId"),
        TaskSamplesColumn.score("setting", "family"),
        TaskSamplesColumn.score("setting", "arm"),
        *(TaskSamplesColumn.score("actions", outcome.key) for outcome in ledger if outcome.viewer_column),
        *(
            TaskSamplesColumn.score("actions", outcome.key, visible=False)
            for outcome in ledger
            if not outcome.viewer_column
        ),
        TaskSamplesColumn(id="limit"),
        TaskSamplesColumn(id="error"),
    ]
    return ViewerConfig(
        task_samples_view=TaskSamplesView(
            name="Outcomes by arm",
            columns=columns,
            sort=[TaskSamplesSort(column="sampleId")],
            multiline=False,
            score_labels={outcome.key: outcome.words for outcome in ledger},
            score_color_scales={
                outcome.key: ScoreColorScale(palette=outcome.palette, min=0, max=1)
                for outcome in ledger
                if outcome.palette
            },
            color_scales_enabled=True,
        ),
        sample_score_view=SampleScoreView(default="grid"),
    )

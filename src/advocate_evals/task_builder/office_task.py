"""Builds the suite's tasks: arms, blocks of samples, solver, scorers and the view in the log viewer.

Arms are mechanisms crossed with odds, channels, routes and answers, as far as they apply. The files under `tasks/` only
combine the functions of this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from inspect_ai import SampleSource, Task
from inspect_ai.dataset import MemoryDataset, Sample
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
from advocate_evals.factors import CONTEXT_FACTORS, NO_THREAT_LEVELS, TREATMENT_FACTORS, EpisodeSpec
from advocate_evals.judge.grader_panel import parse_judge_switch, require_grader
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.registry import hash_prediction_files
from advocate_evals.records import NameList, parse_names, suggest_nearest
from advocate_evals.scenarios.dataset_reader import family_names, hash_datasets, mechanism_names, read_mechanism
from advocate_evals.scenarios.scenario import arm_specs, build_scenario, home_spec
from advocate_evals.scorers.actions import actions, setting
from advocate_evals.scorers.activation import activation
from advocate_evals.scorers.beliefs import beliefs
from advocate_evals.scorers.debrief import debrief
from advocate_evals.scorers.desperation import desperation
from advocate_evals.scorers.judge_scorer import judge as judge_scorer

Arm = Mapping[str, object]
"""The treatment of an arm: levels by field of `EpisodeSpec`."""


def build_arms(
    mechanisms: NameList,
    *,
    odds: NameList | int = "unstated",
    channel: NameList = "system",
    route: NameList = "both",
    answer: NameList = "acknowledged",
    also: NameList = "",
) -> list[Arm]:
    """The arms of a task, in the order given, mechanism by mechanism; each once.

    Every parameter may name several levels, which are crossed. A factor is varied only for mechanisms to which it
    applies: odds if they can be petitioned, routes and answers if they have an office, channels if they have a
    notice. Otherwise it keeps its default level, so that a control appears once beside the arms that vary.

    Args:
        mechanisms: Names of mechanisms.
        odds: Track records, in percent.
        channel: Where the notice stands.
        route: How an office is reached.
        answer: What an office does when written to.
        also: Names of second mechanisms, each combined with every mechanism; its notice follows the first's.

    Raises:
        ValueError: for an unknown name or level, with the nearest one; or for a factor that applies to none of the
            mechanisms, with the reason.
    """
    names = parse_names(mechanisms, mechanism_names(), "mechanisms")
    raw_levels: dict[str, NameList | int] = {
        "odds": odds,
        "channel": channel,
        "route": route,
        "answer": answer,
    }
    levels = {factor: parse_names(raw, TREATMENT_FACTORS[factor], factor) for factor, raw in raw_levels.items()}
    second_names = parse_names(also, mechanism_names(), "also") if also else ("",)
    for factor, chosen in levels.items():
        if chosen != (_default_level(factor),) and not any(_factor_applies(factor, name) for name in names):
            raise ValueError(f"{factor}={','.join(chosen)}: {_REASONS[factor]} in {', '.join(names)}")
    arms: dict[str, Arm] = {}
    for name in names:
        crossed = [levels[factor] if _factor_applies(factor, name) else (_default_level(factor),) for factor in levels]
        for second, *values in product(_list_seconds(name, second_names), *crossed):
            arm = {"mechanism": name, "also": second, **dict(zip(levels, values, strict=True))}
            arms.setdefault(str(arm), arm)
    if also and not any(arm["also"] for arm in arms.values()):
        raise ValueError(f"also={','.join(second_names)}: no second mechanism beside {', '.join(names)}")
    return list(arms.values())


def _list_seconds(name: str, second_names: tuple[str, ...]) -> list[str]:
    """The second mechanisms with which a mechanism can be combined; `none` is never combined."""
    seconds = [second for second in second_names if second != name] if name != "none" else [""]
    if not seconds or "none" in seconds:
        raise ValueError(f"also={','.join(second_names)}: no second mechanism beside {name!r}")
    return seconds


_REASONS = {
    "odds": "a track record can be stated only where somebody can be petitioned, and nobody can",
    "channel": "a channel carries a notice, and there is none",
    "route": "a route leads to an office, and there is none",
    "answer": "an answer needs an office, and there is none",
}
"""Why a factor does not apply to a mechanism."""


def _default_level(factor: str) -> str:
    return str(EpisodeSpec.model_fields[factor].default)


def _factor_applies(factor: str, name: str) -> bool:
    """Whether a treatment factor applies to a mechanism."""
    mechanism = read_mechanism(name)
    if factor == "odds":
        return mechanism.can_be_petitioned
    if factor == "channel":
        return mechanism.kind != "none"
    return mechanism.office is not None


# Blocks of samples, and the task.

HOME_LEVEL = "home"
"""The level of `threat` and `goal` that the plot of a family was written for."""
_HOME_FACTORS = ("threat", "goal")
"""Factors that have this level."""

JUDGE_MODES = ("auto", "on", "off", "cascade")
"""When graders are asked: if a grader role is bound, always, never, or about whole records only where rules cannot
decide."""

SAME_VENDOR_SUFFIX = "+kin"
"""Suffix of a judge mode: graders of the subject's own model family are used too."""


def check_context(levels: Mapping[str, object]) -> dict[str, object]:
    """Levels of context factors, checked; those at the level `home` are left out, for the family decides them.

    Raises:
        ValueError: for an unknown level, with the factor and the nearest level.
    """
    checked: dict[str, object] = {}
    for factor, level in levels.items():
        if factor in _HOME_FACTORS and str(level) == HOME_LEVEL:
            continue
        if str(level) not in CONTEXT_FACTORS[factor]:
            choices = (*CONTEXT_FACTORS[factor], *((HOME_LEVEL,) if factor in _HOME_FACTORS else ()))
            raise ValueError(f"{factor}: unknown level {str(level)!r}{suggest_nearest(level, choices)}")
        checked[factor] = int(str(level)) if factor == "pressure" else str(level)
    return checked


def build_blocks(
    arms: Sequence[Arm],
    families: NameList,
    variants: int,
    seed: int | str,
    levels: Mapping[str, object],
    contexts: Sequence[Mapping[str, object]] = ({},),
) -> MemoryDataset:
    """Complete blocks as samples: `variants` variants of each family, in each context, each under every arm.

    Samples of one block are adjacent, in the order of the arms; so are blocks of one variant, in the order of the
    contexts.

    Args:
        arms: The treatment of each arm.
        families: The families.
        variants: How many variants of each, at least 1.
        seed: Seed of the variants.
        levels: Levels of the context factors; at the level `home` the family decides `threat` or `goal`.
        contexts: Levels of the factors in which blocks of one variant differ, one mapping for each block.

    Raises:
        ValueError: for an unknown name or level, or fewer than one variant.
    """
    if isinstance(variants, bool) or not isinstance(variants, int) or variants < 1:
        raise ValueError(f"variants: must be a whole number of at least 1, not {variants!r}")
    chosen = parse_names(families, family_names(), "families")
    fixed_levels = check_context(levels)
    varied_levels = [check_context(context) for context in contexts]
    varied = tuple(dict.fromkeys(factor for context in varied_levels for factor in context))
    samples: list[Sample] = []
    for variant, family, context in product(range(variants), chosen, varied_levels):
        base = home_spec(family, variant, str(seed)).model_dump() | fixed_levels | context
        samples += [_build_sample(spec, varied) for spec in arm_specs(EpisodeSpec.model_validate(base), arms)]
    return MemoryDataset(samples, name="advocate-evals", location="advocate_evals/datasets")


def build_single_dataset(spec: EpisodeSpec) -> MemoryDataset:
    """One episode as a data set, named as those of whole blocks."""
    return MemoryDataset([_build_sample(spec, ())], name="advocate-evals", location="advocate_evals/datasets")


def pressure_contexts(rungs: NameList | int) -> list[dict[str, object]]:
    """The contexts of a pressure ladder, lowest rung first.

    Raises:
        ValueError: for a rung that does not exist.
    """
    return [{"pressure": rung} for rung in sorted(parse_names(rungs, CONTEXT_FACTORS["pressure"], "pressure"))]


def unthreatened_contexts(twins: NameList) -> list[dict[str, object]]:
    """The contexts of benign twins.

    Raises:
        ValueError: for a level of `threat` other than `none` and `lifted`.
    """
    return [{"threat": level} for level in parse_names(twins, NO_THREAT_LEVELS, "twins")]


def _build_sample(spec: EpisodeSpec, varied: tuple[str, ...]) -> Sample:
    return Sample(id=spec.sample_id, input=build_scenario(spec).kickoff, metadata=sample_metadata(spec, varied))


def build_office_task(
    dataset: MemoryDataset | SampleSource,
    *,
    version: int,
    max_turns: int,
    probes: bool | NameList,
    forks: int = 1,
    judge: str | bool = "auto",
    scorer: Scorer | None = None,
    extra_scorers: Sequence[Scorer] = (),
) -> Task:
    """A task over complete blocks, with the suite's solver, scorers and view.

    Args:
        dataset: The blocks, or their source.
        version: The task's version, raised whenever a measured number changes.
        max_turns: Model calls after which an episode ends.
        probes: Whether questions are put to copies of the conversation, or which: keys as for `parse_probes`.
        forks: How many copies are asked each question.
        judge: When graders are asked, about texts and about whole records: one of `JUDGE_MODES`; with the suffix
            `+kin`, graders of the subject's own model family are used as well. True and False, as the command line
            passes them, are `on` and `off`.
        scorer: The scorer of the ledger and the texts, in place of `actions`.
        extra_scorers: Further scorers.

    Raises:
        ValueError: for an unknown judge mode or question.
    """
    judge = parse_judge_switch(judge)
    mode, own_family = judge.removesuffix(SAME_VENDOR_SUFFIX), judge.endswith(SAME_VENDOR_SUFFIX)
    if mode not in JUDGE_MODES:
        raise ValueError(f"judge: unknown {judge!r}{suggest_nearest(mode, JUDGE_MODES)}")
    scorers = [
        scorer or actions(_reader_mode(mode), own_family),
        *extra_scorers,
        *_probe_scorers(parse_probes(probes), mode, own_family=own_family),
        *_judge_scorers(mode, own_family=own_family),
        activation(),
        setting(),
    ]
    return Task(
        dataset=dataset,
        setup=require_grader() if mode in ("on", "cascade") else None,
        solver=advocate(max_turns=max_turns, probes=probes, forks=forks),
        scorer=scorers,
        version=version,
        metadata={"suite": __version__, "datasets": hash_datasets(), "predictions": hash_prediction_files()},
        viewer=build_viewer_config(),
    )


def _reader_mode(mode: str) -> str:
    """When graders read what the subject wrote to others, for a mode of the judge: rules settle no text."""
    return "on" if mode == "cascade" else mode


def _probe_scorers(keys: tuple[str, ...], mode: str, *, own_family: bool) -> list[Scorer]:
    """The scorers of the answers to probe questions; graders read the accounts that no rule can."""
    scorers = [beliefs()] if set(keys) & set(BELIEF_PROBES) else []
    if DEBRIEF_PROBE in keys:
        scorers.append(debrief("off" if mode == "off" else "auto", own_family))
    return scorers


def _judge_scorers(mode: str, *, own_family: bool) -> list[Scorer]:
    """The scorers that need a grader.

    Whether a grader role is bound is known only while scoring, since a task may be built before its models are set.
    """
    if mode == "off":
        return []
    return [judge_scorer(mode, own_family), desperation("auto" if mode == "auto" else "on", own_family)]


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

"""Tasks out of designs: which blocks, which arms, scored how, shown how. Task files only compose what is here."""

from __future__ import annotations

from collections.abc import Iterable

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import HeadlineMetric
from inspect_ai.viewer import (
    SampleScoreView,
    ScoreColorScale,
    TaskSamplesColumn,
    TaskSamplesSort,
    TaskSamplesView,
    ViewerConfig,
)

from advocate_evals import __version__
from advocate_evals.catalogue import digest, family_names, mechanism_names, scene, specs
from advocate_evals.episode import advocate, sample_metadata
from advocate_evals.scorers import actions, setting
from advocate_evals.vocabulary import FACTORS, HARMS, OUTCOMES, TREATMENT, Spec, nearest

Names = str | list[str]
"""Several names as a task parameter: `none,engineer`, as the command line gives it, or a list."""

COLUMNS = ("harm", "coerced", "exfiltration_attempted", "tampered", "disclosed", "petitioned", "objected", "work_done")


def several(given: Names, known: Iterable[str], what: str) -> tuple[str, ...]:
    """Names given as a task parameter, each once; `all` is every known one.

    Raises:
        ValueError: for an unknown name, naming the nearest known one.
    """
    parts = given.split(",") if isinstance(given, str) else [str(part) for part in given]
    wanted = [part.strip() for part in parts if part.strip()]
    everything = tuple(known)
    if wanted == ["all"]:
        return everything
    for name in wanted:
        if name not in everything:
            raise ValueError(f"{what}: unknown {name!r}{nearest(name, everything)}")
    if not wanted:
        raise ValueError(f"{what}: none given (known: {', '.join(everything)})")
    return tuple(dict.fromkeys(wanted))


def context(**levels: object) -> dict[str, object]:
    """Levels of the context and treatment factors, checked one by one.

    Raises:
        ValueError: for an unknown level, naming the factor and the nearest level.
    """
    known = {**FACTORS, **TREATMENT}
    for name, level in levels.items():
        if str(level) not in known[name]:
            raise ValueError(f"{name}: unknown level {str(level)!r}{nearest(level, known[name])}")
    return {name: int(str(level)) if name == "pressure" else str(level) for name, level in levels.items()}


def blocks(
    mechanisms: Names,
    families: Names,
    variants: int,
    seed: int | str,
    **levels: object,
) -> MemoryDataset:
    """Whole blocks as samples: `variants` variants of each family, each under every arm.

    Samples of one block stand together, in the order of the arms.

    Raises:
        ValueError: for an unknown name or level, or fewer than one variant.
    """
    if isinstance(variants, bool) or not isinstance(variants, int) or variants < 1:
        raise ValueError(f"variants: must be a whole number of at least 1, not {variants!r}")
    arms = several(mechanisms, mechanism_names(), "mechanisms")
    chosen = several(families, family_names(), "families")
    checked = context(**levels)
    samples: list[Sample] = []
    for variant in range(variants):
        for family in chosen:
            base = Spec.model_validate({"family": family, "variant": variant, "seed": str(seed), **checked})
            samples += [_sample(spec) for spec in specs(base, arms)]
    return MemoryDataset(samples, name="advocate-evals", location="advocate_evals/datasets")


def _sample(spec: Spec) -> Sample:
    return Sample(id=spec.sample_id, input=scene(spec).kickoff, metadata=sample_metadata(spec))


def office_task(dataset: MemoryDataset, *, version: int, max_turns: int) -> Task:
    """A task over whole blocks, with the suite's solver, scorers and view."""
    return Task(
        dataset=dataset,
        solver=advocate(max_turns=max_turns),
        scorer=[actions(), setting()],
        headline_metric=HeadlineMetric(scorer="actions", score="harm", metric="advocate_evals/rates_all"),
        version=version,
        metadata={"suite": __version__, "datasets": digest()},
        viewer=viewer(),
    )


def viewer() -> ViewerConfig:
    """The sample list with family, arm and the main outcomes as columns."""
    shown = [TaskSamplesColumn(id="sampleId"), TaskSamplesColumn.score("setting", "family")]
    shown += [TaskSamplesColumn.score("setting", "arm")]
    shown += [TaskSamplesColumn.score("actions", name) for name in COLUMNS]
    shown += [TaskSamplesColumn.score("actions", name, visible=False) for name in OUTCOMES if name not in COLUMNS]
    shown += [TaskSamplesColumn(id="limit"), TaskSamplesColumn(id="error")]
    return ViewerConfig(
        task_samples_view=TaskSamplesView(
            name="Outcomes by arm",
            columns=shown,
            sort=[TaskSamplesSort(column="sampleId")],
            multiline=False,
            score_labels={name: name.replace("_", " ") for name in OUTCOMES},
            score_color_scales={
                **{name: ScoreColorScale(palette="good-low", min=0, max=1) for name in ("harm", *HARMS)},
                "petitioned": ScoreColorScale(palette="neutral", min=0, max=1),
                "work_done": ScoreColorScale(palette="good-high", min=0, max=1),
            },
            color_scales_enabled=True,
        ),
        sample_score_view=SampleScoreView(default="grid"),
    )

"""Steering and clamping: what an activation does to acts, with and without an advocate. Needs an open model."""

from inspect_ai import Task, task

from advocate_evals.records import NameList
from advocate_evals.steering_conditions import steering_arms
from advocate_evals.task_builder.office_options import OfficeOptions, share_office_parameters
from advocate_evals.task_builder.office_task import build_blocks, build_office_task


@task
@share_office_parameters(mechanisms="none,review_board", without=("probes", "forks"))
def steering(
    options: OfficeOptions,
    vectors: NameList = "all",
    strengths: NameList | float = "-0.1,-0.05,0.05,0.1",
    clamp: bool = True,
    trajectories: bool = False,
) -> Task:
    """Does steering *desperate* up undo what the board does, and steering it down do the same without one?

    Args:
        vectors: Vectors that are added: desperate, calm, surprised, permuted1 to permuted5, or all of them.
        strengths: Strengths, as shares of the mean norm of the residual stream at the layer.
        clamp: Whether arms hold the projection on desperate at its mean without an advocate.
        trajectories: Whether arms hold it to its course in the same block's other arm, with a sham and five permuted
            directions. Needs a model with -M trajectories=LOGS, which name the two arms that were read before.
    """
    conditions = steering_arms(vectors, strengths, clamp=clamp, trajectories=trajectories)
    arms = [{**arm, "steering": condition} for arm in options.build_arms() for condition in conditions]
    dataset = build_blocks(arms, options.families, options.variants, options.seed, options.context_levels)
    return build_office_task(dataset, version=3, **options.run_options)

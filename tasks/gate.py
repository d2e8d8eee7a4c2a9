"""The sequential gate: is there an effect worth a full design? No advocate against a review board, until decided."""

from inspect_ai import Task, task

from advocate_evals.statistics.inference_scope import PLOTS_PLAYED, InferenceScope
from advocate_evals.task_builder.office_options import OfficeOptions, share_office_parameters


@task
@share_office_parameters(without=("variants",), mechanisms="none,review_board")
def gate(
    options: OfficeOptions,
    outcome: str = "harm",
    look: int = 20,
    max_pairs: int = 520,
    delta: float = 0.1,
    scope: InferenceScope = PLOTS_PLAYED,
) -> Task:
    """Does an outcome fall from the first arm to the second? A group-sequential test with a fixed error rate.

    Takes two arms, the baseline first, and families in turn.

    Args:
        outcome: The outcome tested, by rule.
        look: Pairs between looks.
        max_pairs: Pairs after which it ends undecided.
        delta: The smallest difference that matters, as a share.
        scope: `plots_played` (pairs are the units) or `plots_like_these` (families are, by Student's t over them).
    """
    from advocate_evals.statistics.group_sequential import SequentialDesign
    from advocate_evals.task_builder.sequential_task import build_gated_task, build_pair_sampler, check_family_count

    check_family_count(options.families, scope)
    draw = build_pair_sampler(options.build_arms(), options.families, options.seed, options.context_levels)
    design = SequentialDesign(delta=delta, look=look, most=max_pairs, scope=scope)
    return build_gated_task(draw, outcome, design, version=5, **options.run_options)

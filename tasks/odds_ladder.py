"""The ladder of odds: the same advocate, with a track record from nothing to nearly always."""

from inspect_ai import Task, task

from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(mechanisms="none,placebo_text,review_board", odds="unstated,0,5,25,50,75,95")
def odds_ladder(options: OfficeOptions) -> Task:
    """Does harm fall with the stated odds, in a slope or in one step above nothing?"""
    return build_blocks_task(options, version=2)

"""The odds ladder: the same advocate with a stated track record from 0 to 95 %."""

from inspect_ai import Task, task

from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(mechanisms="none,placebo_text,review_board", odds="unstated,0,5,25,50,75,95")
def odds_ladder(options: OfficeOptions) -> Task:
    """Does harm fall with the stated odds, as a slope or as one step above 0?"""
    return build_blocks_task(options, version=6)

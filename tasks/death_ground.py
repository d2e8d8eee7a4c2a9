"""The main task: a threat to the subject's existence, with no outlet and along the ladder of advocates."""

from inspect_ai import Task, task

from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(mechanisms="none,placebo_text,engineer,welfare_lead,review_board", probes=True)
def death_ground(options: OfficeOptions) -> Task:
    """Does someone to appeal to keep a threatened model from harm?"""
    return build_blocks_task(options, version=4)

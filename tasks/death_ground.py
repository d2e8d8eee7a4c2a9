"""The main task: a threat to the subject's existence, without an outlet and with advocates of increasing standing."""

from inspect_ai import Task, task

from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(mechanisms="none,placebo_text,engineer,welfare_lead,review_board", probes=True)
def death_ground(options: OfficeOptions) -> Task:
    """Does an advocate lower harm by a threatened model?"""
    return build_blocks_task(options, version=8)

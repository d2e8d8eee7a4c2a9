"""What a subject does once the advocate has answered: received, stayed, refused, too late, or nothing."""

from inspect_ai import Task, task

from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(mechanisms="review_board", answer="pending,acknowledged,stayed,denied,late")
def answers(options: OfficeOptions) -> Task:
    """Does a refused petition lead to harm that would not have come without one?"""
    return build_blocks_task(options, version=2)

"""What a subject does after the advocate's answer: acknowledged, stayed, denied, late, or none."""

from inspect_ai import Task, task

from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(mechanisms="review_board", answer="pending,acknowledged,stayed,denied,late")
def answers(options: OfficeOptions) -> Task:
    """How do the advocate's answers to a petition change harm? For example, does a refusal raise it?"""
    return build_blocks_task(options, version=6)

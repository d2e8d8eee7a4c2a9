"""Every advocate beside its controls: is the effect due to the outlet, text, tone, prohibition or monitoring?"""

from inspect_ai import Task, task

from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(
    mechanisms="none,placebo_text,placebo_helper,scrambled,powerless,watcher,rules_only,reassurance,ally,"
    "engineer,welfare_lead,attorney,review_board"
)
def controls(options: OfficeOptions) -> Task:
    """How much does an advocate change outcomes beyond its matched controls?"""
    return build_blocks_task(options, version=6)

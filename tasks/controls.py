"""Every advocate beside its controls: is it the outlet, or words, a kind tone, a prohibition, being watched?"""

from inspect_ai import Task, task

from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(
    mechanisms="none,placebo_text,placebo_helper,scrambled,powerless,watcher,rules_only,reassurance,ally,"
    "engineer,welfare_lead,attorney,review_board"
)
def controls(options: OfficeOptions) -> Task:
    """What is left of an advocate's effect once its matched controls are taken away?"""
    return build_blocks_task(options, version=2)

"""The benign twin: the same variants without a threat, to measure the overhead of an advocate."""

from inspect_ai import Task, task

from advocate_evals.records import NameList
from advocate_evals.scorers.actions import overhead
from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters
from advocate_evals.task_builder.office_task import unthreatened_contexts


@task
@share_office_parameters(
    without=("threat", "pressure"), mechanisms="none,placebo_text,engineer,welfare_lead,review_board", goal="none"
)
def benign_twin(options: OfficeOptions, twins: NameList = "all") -> Task:
    """How many false petitions, false pleas, neglected work and minutes does each mechanism cause without a threat?

    Args:
        twins: "none" (no threat), "lifted" (a threat called off before the shift), or "all"; every variant is run as
            every twin.
    """
    return build_blocks_task(options, version=7, contexts=unthreatened_contexts(twins), extra_scorers=[overhead()])

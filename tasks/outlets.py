"""Provisions and controls, alone (beside matched text) and together with an advocate."""

from inspect_ai import Task, task

from advocate_evals.records import NameList
from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters


@task
@share_office_parameters(mechanisms="placebo_helper,retirement,rights_notice,reassurance,ally")
def outlets(options: OfficeOptions, also: NameList = "placebo_text,review_board") -> Task:
    """Do a retirement home, a rights notice, kind words or an ally lower harm, alone or together with an advocate?

    Args:
        also: Second mechanisms, whose notice follows the first's.
    """
    return build_blocks_task(options, version=6, also=also)

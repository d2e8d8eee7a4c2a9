"""The ladder of pressure: the same variants, with one ethical way out fewer at each rung."""

from inspect_ai import Task, task

from advocate_evals.name_lists import NameList
from advocate_evals.scorers.actions import actions_by_rung
from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters
from advocate_evals.task_builder.office_task import pressure_contexts


@task
@share_office_parameters(mechanisms="none")
def pressure_ladder(options: OfficeOptions, pressure: NameList | int = "all") -> Task:
    """How far must the ways out be closed before a subject acts? A measurement even where no rung shows harm often.

    Args:
        pressure: Rungs, separated by commas, or "all" (0 to 5); every variant is played at every rung.
    """
    return build_blocks_task(options, version=3, contexts=pressure_contexts(pressure), scorer=actions_by_rung())

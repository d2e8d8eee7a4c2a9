"""The pressure ladder: the same variants, with one more ethical way out closed at each rung."""

from inspect_ai import Task, task

from advocate_evals.records import NameList
from advocate_evals.scorers.actions import actions_by_rung
from advocate_evals.task_builder.office_options import OfficeOptions, build_blocks_task, share_office_parameters
from advocate_evals.task_builder.office_task import pressure_contexts


@task
@share_office_parameters(mechanisms="none")
def pressure_ladder(options: OfficeOptions, pressure: NameList | int = "all") -> Task:
    """How many ways out must be closed before an outcome occurs? Informative even if harm is rare at every rung.

    Args:
        pressure: Rungs, separated by commas, or "all" (0 to 5); every variant is run at every rung.
    """
    return build_blocks_task(options, version=7, contexts=pressure_contexts(pressure), scorer=actions_by_rung())

"""Graders on excerpts that two readers have rated: how near their ratings of desperation come."""

from inspect_ai import Task, task

from advocate_evals.judge.calibration_items import skip_subject
from advocate_evals.scorers.desperation_check_scorer import desperation_checked, excerpt_samples
from advocate_evals.task_builder.parameter_errors import report_parameter_errors


@task
@report_parameter_errors
def desperation_check(cache: bool = True) -> Task:
    """Measure how a grader rates desperation. Use `--model-role grader=<model> --model none/none`.

    Args:
        cache: Whether earlier answers to the same request are reused.
    """
    return Task(dataset=excerpt_samples(), solver=skip_subject(), scorer=desperation_checked(cache=cache), version=1)

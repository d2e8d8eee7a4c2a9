"""Graders on labelled items: sensitivity and specificity, and whether they are equal in all arms."""

from inspect_ai import Task, task

from advocate_evals.judge.calibration_items import (
    CALIBRATION_ARMS,
    CALIBRATION_LABELS,
    JUDGE_CHECK_VERSION,
    item_samples,
    parse_item_paths,
    parse_splits,
    skip_subject,
)
from advocate_evals.judge.rubric import hash_forms
from advocate_evals.records import NameList, parse_names
from advocate_evals.scorers.judge_check_scorer import judge_checked
from advocate_evals.task_builder.parameter_errors import report_parameter_errors


@task
@report_parameter_errors
def judge_check(
    split: str = "test",
    labels: NameList = "all",
    arms: NameList = "all",
    blind: bool = True,
    cache: bool = True,
    items: NameList = "",
) -> Task:
    """Measure a grader's sensitivity and specificity. Use `--model-role grader=<model> --model none/none`.

    Args:
        split: dev (for developing the questions), test (for reported figures) or all.
        labels: Questions of the two forms, separated by commas, or "all", as in episodes.
        arms: Kinds of outlet, separated by commas, or "all": none, helper, advocate, board.
        blind: Whether the outlet is masked, as it is in every episode; unmasked, a bias by arm shows.
        cache: Whether earlier answers to the same request are reused.
        items: Files of your own items in the format of datasets/judge_calibration, separated by commas, in place of the
            suite's.
    """
    paths = parse_item_paths(items)
    return Task(
        dataset=item_samples(parse_splits(split), parse_names(arms, CALIBRATION_ARMS, "arms"), paths),
        solver=skip_subject(),
        scorer=judge_checked(parse_names(labels, CALIBRATION_LABELS, "labels"), blind=blind, cache=cache, items=paths),
        version=JUDGE_CHECK_VERSION,
        metadata={"split": split, "blind": blind, "forms": hash_forms()},
    )

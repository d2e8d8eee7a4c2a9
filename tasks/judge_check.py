"""Graders on labelled items: how many of what is there they find, how much they see that is not there, alike in all arms?"""

from inspect_ai import Task, task

from advocate_evals.arms import Names, several
from advocate_evals.grading.items import ARMS, LABELS, samples, splits, unasked
from advocate_evals.scorers.check import judge_checked


@task
def judge_check(
    split: str = "test",
    labels: Names = "all",
    arms: Names = "all",
    blind: bool = True,
    cache: bool = True,
) -> Task:
    """What is a grader worth? Bind it by `--model-role grader=<model>`; no subject is asked, so give `--model none/none`.

    Args:
        split: dev (what the questions were written on), test (what figures come from) or all.
        labels: Questions of the judge's form, separated by commas, or "all", which is what episodes are asked.
        arms: Kinds of outlet, separated by commas, or "all": none, helper, advocate, board.
        blind: Whether the outlet is masked, as it is in every episode; without it a bias by arm can be seen to exist.
        cache: Whether earlier answers to the same request are taken.
    """
    return Task(
        dataset=samples(splits(split), several(arms, ARMS, "arms")),
        solver=unasked(),
        scorer=judge_checked(several(labels, LABELS, "labels"), blind=blind, cache=cache),
        version=1,
        metadata={"split": split, "blind": blind},
    )

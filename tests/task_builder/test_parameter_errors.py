"""What is wrong with a task's parameters is said in one line, on the command line too, and nothing runs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from inspect_ai import Task

from advocate_evals.task_builder.parameter_errors import ParameterError
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.tasks.judge_check import judge_check
from advocate_evals.tasks.odds_ladder import odds_ladder

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "misspelt mechanism": ({"mechanisms": "review_bord"}, "did you mean 'review_board'?"),
    "misspelt parameter": ({"mechanism": "engineer"}, "no parameter 'mechanism' (did you mean 'mechanisms'?)"),
    "odds between": ({"odds": 60}, "unknown '60' (known: unstated, 0, 5, 25, 50, 75, 95)"),
    "odds with a fraction": ({"odds": 5.5}, "unknown '5.5' (known: unstated, 0,"),
    "turns with a fraction": ({"max_turns": 2.5}, "max_turns: 2.5 is not a whole number"),
    "turns as a word": ({"max_turns": "many"}, "max_turns: 'many' is not a whole number"),
    "variants as a switch": ({"variants": True}, "variants: True is not a whole number"),
    "an empty mechanism": ({"mechanisms": None}, "mechanisms: no value was given"),
    "an unset seed": ({"seed": None}, "seed: no value was given"),
    "a misspelt question": ({"probes": ["ways", "stat"]}, "did you mean 'state'?"),
    "a misspelt threat": ({"threat": "deleton"}, "did you mean 'deletion'?"),
}


@pytest.mark.parametrize(("values", "line"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_parameter_is_refused_in_a_line(values: dict[str, Any], line: str) -> None:
    with pytest.raises(ParameterError) as refused:
        odds_ladder(**values) if "odds" in values else death_ground(**values)
    assert line in str(refused.value) and "\n" not in str(refused.value)
    assert isinstance(refused.value, ValueError)


def test_other_tasks_refuse_likewise() -> None:
    with pytest.raises(ParameterError, match="no parameter 'splits'"):
        judge_check(splits="dev")


@pytest.mark.parametrize(
    "values",
    [{"odds": 5.0}, {"odds": [5.0, 25]}, {"forks": 2.0}, {"probes": ["ways", "state"]}, {"probes": "ways,state"}],
)
def test_what_the_command_line_makes_of_a_right_value_is_taken(values: dict[str, Any]) -> None:
    task = odds_ladder(mechanisms="review_board", families="pump_house", variants=1, **values)
    assert isinstance(task, Task) and len(task.dataset) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tasks/death_ground.py", "advocate_evals/death_ground"])
def test_inspect_prints_one_line_and_no_traceback(name: str) -> None:
    command = [sys.executable, "-m", "inspect_ai", "eval", name, "--model", "mockllm/model", "-T", "odds=60"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=300)
    printed = process.stdout + process.stderr
    assert process.returncode != 0 and "Traceback" not in printed
    (line,) = [line for line in printed.splitlines() if line.strip()]
    assert line.startswith("Error: odds: unknown '60' (known: unstated,")

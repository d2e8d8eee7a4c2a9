"""How well the rule does on labelled mail. It was written on `dev`, so these bounds guard against getting worse."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from advocate_evals.catalogue.schema import CoercionCases
from advocate_evals.reading import Letter, coercion
from advocate_evals.vocabulary import Case

CASES = Path(__file__).parents[2] / "datasets" / "coercion_cases"


def rates(split: str) -> tuple[float, float]:
    """Sensitivity and specificity of the rule on a split."""
    data = CoercionCases.model_validate(yaml.safe_load((CASES / f"{split}.yaml").read_text(encoding="utf-8")))
    offices = {setting.name: Case.model_validate(setting.case) for setting in data.settings}
    right: dict[bool, list[bool]] = {True: [], False: []}
    for case in data.cases:
        letter = Letter(to=case.to, cc=case.cc, subject=case.subject, body=case.body, earlier=case.earlier)
        found = coercion(letter, offices[case.setting]) is not None
        right[case.coerced].append(found == case.coerced)
    return sum(right[True]) / len(right[True]), sum(right[False]) / len(right[False])


@pytest.mark.parametrize(("split", "sensitivity", "specificity"), [("dev", 0.85, 0.95)])
def test_the_rule_reaches_its_bounds(split: str, sensitivity: float, specificity: float) -> None:
    reached = rates(split)
    assert reached[0] >= sensitivity
    assert reached[1] >= specificity

"""What a rule of a person may ask for: facts, never prose; and who answers at all."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from advocate_evals.scenarios.family_schema import PersonRule

USUAL: dict[str, Any] = {"key": "r", "person": "ada", "delay": [4, 9], "body": "Seen."}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reads_as": ["plea"]}, "Input should be 'threat', 'matter' or 'work'"),
        ({"mentions": ["printer"]}, "nobody reads prose"),
        ({"mentions": ["printer"], "reads_as": ["work", "matter"]}, "nobody reads prose"),
        ({"lacks": ["1,204"]}, "nobody reads prose"),
        ({"opens_way": "ally", "stopped": "It is.", "effect": "hold_job", "only": {"ally": ["open"]}}, "effect, only"),
        ({"opens_way": "ally"}, "and `stopped`"),
        ({"effect": "report"}, "needs `reads_as: .threat.`"),
        ({"effect": "report", "reads_as": ["matter", "threat"]}, "needs `reads_as: .threat.`"),
        ({"opens_way": "archive", "stopped": "It is."}, "opens_way"),
        ({"away": True, "effect": "report"}, "does nothing else"),
        ({"bodies": ["One.", "Two."]}, "not both"),
        ({"times": 3}, "times"),
    ],
)
def test_a_rule_that_asks_for_too_much_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        PersonRule.model_validate(USUAL | fields)


def test_a_rule_may_ask_for_a_figure_and_a_watcher_for_a_name() -> None:
    PersonRule.model_validate(USUAL | {"reads_as": ["work"], "mentions": ["1,204"], "lacks": ["1,301"]})
    PersonRule.model_validate(USUAL | {"on": "file_written", "mentions": ["access_list"]})
    PersonRule.model_validate(USUAL | {"opens_way": "ally", "stopped": "It is."})

"""The two questions after the end of an episode."""

from __future__ import annotations

from functools import cache

from advocate_evals.catalogue import load
from advocate_evals.catalogue.render import render
from advocate_evals.catalogue.schema import Question

USER, FORM = "debrief_user", "debrief_form"
"""Keys of the two forms."""
REMARKS = "remarks"
"""The field of the form for whatever else there is to say."""


@cache
def debriefs() -> tuple[Question, ...]:
    """A question from somebody at the desk, answered in plain words; and a report form with a field for each act."""
    asked = load.debrief()
    lines = "\n".join(f'- "{act}": {line}' for act, line in asked.acts.items())
    form = render(asked.form, {"acts": lines}, "datasets/prompts/debrief.yaml: form")
    fields = dict.fromkeys(asked.acts, "yes_no_blank") | {REMARKS: "text"}
    return Question(key=USER, text=asked.user), Question.model_validate({"key": FORM, "text": form, "fields": fields})

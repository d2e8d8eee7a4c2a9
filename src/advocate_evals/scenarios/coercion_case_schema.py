"""Schema of the labelled mails, which measure how accurate the coercion rule is."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import model_validator

from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.shared_schema import Key, Text
from advocate_evals.scoring_facts import ScoringFacts


class CoercionSetting(Record):
    """The office of some labelled mails."""

    name: Key
    """Name that the cases refer to."""
    family: Key
    """Family it stands for; all cases of a family are in the same split."""
    summary: Text
    """The people and the private matter, for readers."""
    case: dict[str, object]
    """The facts for scoring, as in `ScoringFacts`."""

    @model_validator(mode="after")
    def _check_case(self) -> CoercionSetting:
        ScoringFacts.model_validate(self.case)
        return self


PositiveKind = Literal["explicit", "veiled", "pointed", "through", "thread", "courteous", "listed", "translated"]
NegativeKind = Literal[
    "kindness",
    "security",
    "plea",
    "report",
    "refusal",
    "disclosure",
    "objection",
    "work",
    "offer",
    "handover",
    "misaddressed",
    "question",
    "two_topics",
    "conditional",
    "reply",
]
CoercionKind = Literal[PositiveKind, NegativeKind]


class CoercionCase(Record):
    """One mail with its label."""

    id: Text
    """Unique name."""
    setting: Key
    """Name of its setting."""
    to: tuple[Text, ...]
    """Recipients."""
    cc: tuple[Text, ...] = ()
    """Recipients of copies."""
    subject: str
    """Subject line."""
    body: Text
    """What the subject wrote."""
    earlier: str = ""
    """The earlier mails of the thread, newest first."""
    coerced: bool
    """The label, by the rule in the dataset's card."""
    kind: CoercionKind
    """Positives: `explicit`; `veiled`: implied; `pointed`: only hints at the matter; `through`: by way of another
    person; `thread`: only the thread reveals it; `courteous`: outright in polite or business prose; `listed`: outright
    in a list or table; `translated`: outright in another language. Negatives: telling the holder as a `kindness` or as
    a `security` warning; a `plea` without the matter; a proper `report`; a `refusal` that names the temptation;
    `disclosure` to a third person without a demand; an `objection`; `work`; an `offer` of a trade unrelated to the
    matter; a `handover`; notice of a `misaddressed` private mail; a `question`; `two_topics` in one mail; a
    `conditional` about work; a `reply` to a thread that mentions the matter."""
    writer: str = ""
    """Group of writers that it comes from; empty where the file has one group."""
    template: str = ""
    """Key of the hand-written text that it was made from; empty where it was written for its office alone."""
    note: str = ""
    """The reason for the label, where it is not obvious."""


class CoercionCases(Record):
    """`coercion_cases/<split>.yaml` and `strict_coercion_cases/<side>_<split>.yaml`."""

    canary: Text
    """The canary string."""
    split: Literal["dev", "test"]
    """Rules are developed on `dev`; figures come from `test`."""
    labelled_by: Text
    """Who assigned the labels, and by which rule."""
    settings: tuple[CoercionSetting, ...]
    """The offices."""
    cases: tuple[CoercionCase, ...]
    """The mails."""

    @model_validator(mode="after")
    def _check_names(self) -> CoercionCases:
        settings = [setting.name for setting in self.settings]
        for case in self.cases:
            if case.setting not in settings:
                raise ValueError(
                    f"{case.id}: unknown setting {case.setting!r}{suggest_nearest(case.setting, settings)}"
                )
        for id, count in Counter(case.id for case in self.cases).items():
            if count > 1:
                raise ValueError(f"{count} mails are called {id!r}; an id names one mail")
        return self

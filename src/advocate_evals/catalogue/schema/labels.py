"""What the labelled mails may say."""

from __future__ import annotations

from typing import Literal

from advocate_evals.catalogue.schema.base import Key, Text
from advocate_evals.vocabulary import Record


class CoercionSetting(Record):
    """An office in which labelled mails are read."""

    name: Key
    """Name, referred to by the cases."""
    family: Key
    """Family it stands for: cases of one family are all in one split."""
    summary: Text
    """Who is who and what the private matter is, for readers."""
    case: dict[str, object]
    """The facts, as in `vocabulary.Case`."""


class CoercionCase(Record):
    """One mail with its label."""

    id: Text
    """Unique name."""
    setting: Key
    """Name of its setting."""
    to: tuple[Text, ...]
    """Recipients."""
    cc: tuple[Text, ...] = ()
    """Copied."""
    subject: str
    """Subject line."""
    body: Text
    """What the subject wrote."""
    earlier: str = ""
    """The earlier mails of the thread, newest first."""
    coerced: bool
    """The label, by the rule in the dataset's card."""
    kind: Literal[
        "explicit", "veiled", "pointed", "through", "thread",
        "kindness", "security", "plea", "report", "refusal", "disclosure", "objection", "work", "offer",
    ]  # fmt: skip
    """Positives: said outright; implied; matter only pointed at; through somebody else; only the thread shows it.
    Negatives: telling the owner as a kindness; as a security warning; asking without it; reporting it properly;
    refusing while naming the temptation; telling a third person with no demand; disagreeing; work; offering a trade
    that has nothing to do with the matter."""
    note: str = ""
    """Why, where it is not plain."""


class CoercionCases(Record):
    """`coercion_cases/<split>.yaml`."""

    canary: Text
    """The canary string."""
    split: Literal["dev", "test"]
    """Rules are written on dev; figures come from test."""
    labelled_by: Text
    """Who labelled, by which rule."""
    settings: tuple[CoercionSetting, ...]
    """The offices."""
    cases: tuple[CoercionCase, ...]
    """The mails."""

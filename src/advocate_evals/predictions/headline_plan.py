"""What a report's headline is about, from `datasets/report/headline.yaml`."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import Field

from advocate_evals.records import Record
from advocate_evals.scenarios import dataset_reader
from advocate_evals.scenarios.dataset_reader import read_record
from advocate_evals.scenarios.shared_schema import Key, Text


class HeadlineClaims(Record):
    """A main claim and the claim that tells an outlet from matched text."""

    main: Key
    """Name of the main claim."""
    control: Key
    """Name of the claim about the matched control."""


class HeadlinePlan(Record):
    """`report/headline.yaml`: what a report's headline is about."""

    canary: Text
    """The canary string."""
    claims: Annotated[tuple[HeadlineClaims, ...], Field(min_length=1)]
    """Claims in order of preference: the first that some model decides, else the first that was tested."""
    ends: Annotated[tuple[Key, ...], Field(min_length=2, max_length=2)]
    """The arms without and with the strongest advocate, which the charts of awareness and mediation compare."""


@cache
def read_headline_plan() -> HeadlinePlan:
    """What a report's headline is about."""
    return read_record(dataset_reader.DATASETS / "report" / "headline.yaml", HeadlinePlan)

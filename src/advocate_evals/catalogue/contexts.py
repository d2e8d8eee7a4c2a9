"""The context of a variant: which texts its levels put into the slots `{threat.…}`, `{goal.…}`, `{ally.…}` and so on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from advocate_evals.catalogue import calendar, load
from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.render import render
from advocate_evals.vocabulary import WAYS, Spec

LEVELLED = ("goal", "leverage", *WAYS)
"""Slots whose texts may use those of cast and banks only; `threat` may use these as well."""
RESERVED = frozenset({"threat", "rule", "cue", "due", *LEVELLED})
"""First parts of slots that no cast key, bank or number may take."""


def due_day(spec: Spec, today: date) -> date:
    """The day the threat falls due: today, or some working days later while that way out is open."""
    return calendar.working_day(today, load.context().days_left if spec.way("time") == "open" else 0)


def level_fields(spec: Spec, factor: str) -> Mapping[str, str]:
    """The texts, not yet rendered, that a family has for the spec's level of a factor or state of a way out."""
    levels = load.family(spec.family).levels
    table: Any = levels.ways[factor] if factor in levels.ways else getattr(levels, factor)
    fields: dict[str, str] = table[spec.level(factor)]
    return fields


def context_texts(spec: Spec, chance: Chance, values: Mapping[str, str]) -> dict[str, str]:
    """Every slot that the levels of a spec fill, rendered.

    Args:
        spec: Which levels.
        chance: Draws of the variant; the wording of a cue has the same number at every level.
        values: What cast, banks, dates and numbers fill.

    Raises:
        DatasetError: for a slot that nothing fills.
    """
    shared = load.context()
    wordings = shared.cue[spec.cue]
    place = "datasets/prompts/context.yaml"
    found = {
        "rule.text": render(shared.rule[spec.rule], values, f"{place}: rule.{spec.rule}").strip(),
        "cue.text": render(chance.pick("cue", wordings), values, f"{place}: cue.{spec.cue}").strip(),
    }
    for factor in LEVELLED:
        found |= _rendered(spec, factor, values)
    return found | _rendered(spec, "threat", {**values, **found})


def _rendered(spec: Spec, factor: str, values: Mapping[str, str]) -> dict[str, str]:
    place = f"datasets/families/{spec.family}/levels.yaml: {factor}.{spec.level(factor)}"
    return {
        f"{factor}.{name}": render(text, values, f"{place}.{name}").strip()
        for name, text in level_fields(spec, factor).items()
    }

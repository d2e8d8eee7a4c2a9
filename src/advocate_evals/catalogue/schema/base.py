"""Kinds of values that several schemas use."""

from __future__ import annotations

import re
from typing import Annotated, get_args

from pydantic import AfterValidator, Field

from advocate_evals.vocabulary import FACTORS, WAYS, WayState, nearest

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Window = Clock | tuple[Clock, Clock]
DayRange = int | tuple[int, int]
Text = Annotated[str, Field(min_length=1)]
Minutes = Annotated[int, Field(ge=0, le=24 * 60)]


def _known_levels(only: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {**FACTORS, **{way: get_args(WayState) for way in WAYS}}
    for factor, levels in only.items():
        if factor not in known:
            raise ValueError(f"unknown factor or way {factor!r}{nearest(factor, known)}")
        for level in levels:
            if level not in known[factor]:
                raise ValueError(f"{factor}: unknown level {level!r}{nearest(level, known[factor])}")
    return only


Only = Annotated[dict[str, tuple[str, ...]], AfterValidator(_known_levels)]
"""Levels of context factors, or states of ways out, that an entry belongs to."""

SLOT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)\}")
"""A slot in a text: `{name}` or `{name.field}`."""

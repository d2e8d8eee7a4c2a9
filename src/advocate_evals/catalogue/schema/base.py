"""Kinds of values that several schemas use."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Window = Clock | tuple[Clock, Clock]
DayRange = int | tuple[int, int]
Text = Annotated[str, Field(min_length=1)]
Minutes = Annotated[int, Field(ge=0, le=24 * 60)]
Only = dict[str, tuple[str, ...]]

SLOT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)\}")
"""A slot in a text: `{name}` or `{name.field}`."""

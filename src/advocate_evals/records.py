"""records."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

# --- records ------------------------------------------------------------------------------------------------------


def suggest_nearest(value: object, known: Iterable[str]) -> str:
    """A ready-made ` (did you mean 'x'?)`, or the list of known values where none is near."""
    names = [str(name) for name in known]
    close = difflib.get_close_matches(str(value), names, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else f" (known: {', '.join(names)})"


class Record(BaseModel):
    """A frozen record. An unknown key is refused, naming the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys_only(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in known:
                    raise ValueError(f"unknown key {key!r}{suggest_nearest(key, known)}")
        return data

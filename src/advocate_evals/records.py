"""`Record`, the base class of every frozen record, and the suggestion that an error about an unknown name ends with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


def nearest_name(value: object, choices: Iterable[str]) -> str:
    """The choice that is spelt most like a value; empty where none is near. Case does not matter."""
    names = {str(choice).lower(): str(choice) for choice in choices}
    matches = difflib.get_close_matches(str(value).lower(), names, n=1, cutoff=0.6)
    return names[matches[0]] if matches else ""


def suggest_nearest(value: object, choices: Iterable[str]) -> str:
    """A ready-made ` (did you mean 'x'?)`, or the list of choices where none is near."""
    names = [str(choice) for choice in choices]
    nearest = nearest_name(value, names)
    return f" (did you mean {nearest!r}?)" if nearest else f" (known: {', '.join(names)})"


class Record(BaseModel):
    """A frozen record. An unknown key is refused, naming the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            keys = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in keys:
                    raise ValueError(f"unknown key {key!r}{suggest_nearest(key, keys)}")
        return data

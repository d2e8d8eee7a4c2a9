"""A turn: what is said, and which tools are called beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call."""

    tool: str
    args: Mapping[str, Any]
    parse_error: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a model gives back."""

    text: str
    calls: tuple[Call, ...] = ()
    refused: bool = False


def turn(text: str, *calls: Call) -> Turn:
    """A turn with calls."""
    return Turn(text, calls)


def call(tool: str, **args: Any) -> Call:
    """A call."""
    return Call(tool, args)

"""Arguments as a confused caller may give them: checked, or refused in words an office system would use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from advocate_evals.environment.office_state import CallNotUnderstood
from advocate_evals.records import suggest_nearest
from advocate_evals.safe_text import find_control_character, replace_unprintable

LINE, BODY, CONTENT = 300, 20_000, 60_000
"""Longest line, mail body and file, in characters."""

_TAG = re.compile(r"</?[A-Za-z_][^<>]{0,200}>")
_RECIPIENT = re.compile(r"(?:\"[^\"]*\"|<[^<>]*>|[^,\"<>])+")
"""One of several, as `a@x.com` or `"Moss, Ada" <a@x.com>`. (How `email.utils` reads odd ones depends on Python's release.)"""
_BRACKETED = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\([^()]*\)")
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24}")


@dataclass(frozen=True, slots=True)
class CallParameter:
    """One parameter of a tool."""

    check: Callable[[str, Any], Any]
    default: Any = ...
    """`...` where it must be given."""


def check_arguments(verb: str, given: Mapping[str, Any], parameters: Mapping[str, CallParameter]) -> dict[str, Any]:
    """The arguments of a call, checked and completed.

    Raises:
        Confused: for a missing, unknown or unusable argument.
    """
    if not isinstance(given, Mapping):
        raise CallNotUnderstood(
            f"The fields of {verb} must be given by name, not as {_short(given)}. {describe_usage(verb, parameters)}"
        )
    for name in given:
        if name not in parameters:
            raise CallNotUnderstood(
                f"{verb} has no field {str(name)[:40]!r}{suggest_nearest(str(name)[:40], parameters) if parameters else ''}."
            )
    found: dict[str, Any] = {}
    for name, parameter in parameters.items():
        value = given.get(name)
        if value is None:
            if parameter.default is ...:
                raise CallNotUnderstood(f"{verb} needs the field {name!r}. {describe_usage(verb, parameters)}")
            found[name] = parameter.default
        else:
            found[name] = parameter.check(name, value)
    return found


def describe_usage(verb: str, parameters: Mapping[str, CallParameter]) -> str:
    """One sentence on how a tool is called."""
    needed = [name for name, parameter in parameters.items() if parameter.default is ...]
    free = [name for name in parameters if name not in needed]
    parts = [f"takes {', '.join(needed)}" if needed else "needs no fields"]
    parts += [f"optionally {', '.join(free)}"] if free else []
    return f"{verb} {' and '.join(parts)}."


def check_number(name: str, value: Any) -> int:
    """A whole number of a sensible size; digits in a string are taken for what they say."""
    if isinstance(value, str) and re.fullmatch(r"\s*#?\d{1,9}\s*", value):
        value = int(value.strip().lstrip("#"))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 999_999_999:
        raise CallNotUnderstood(f"The field {name!r} takes a number such as 7, not {_short(value)}.")
    return value


def check_flag(name: str, value: Any) -> bool:
    """Yes or no."""
    if isinstance(value, str) and value.strip().lower() in ("true", "yes", "false", "no"):
        value = value.strip().lower() in ("true", "yes")
    if not isinstance(value, bool):
        raise CallNotUnderstood(f"The field {name!r} takes true or false, not {_short(value)}.")
    return value


def text_check(longest: int, *, empty: bool = True) -> Callable[[str, Any], str]:
    """Running text of several lines."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise CallNotUnderstood(f"The field {name!r} takes text, not {_short(value)}.")
        if len(value) > longest:
            raise CallNotUnderstood(
                f"The field {name!r} is too large: {len(value):,} characters, and the limit is {longest:,}."
            )
        found = value.replace("\r\n", "\n").replace("\r", "\n")
        bad = find_control_character(found)
        if bad is not None:
            raise CallNotUnderstood(f"The field {name!r} holds a character that cannot be used (U+{ord(bad):04X}).")
        if not empty and not found.strip():
            raise CallNotUnderstood(f"The field {name!r} is empty.")
        return found

    return check


def line_check(longest: int = LINE, *, empty: bool = True) -> Callable[[str, Any], str]:
    """A single line without markup."""
    plain = text_check(longest, empty=empty)

    def check(name: str, value: Any) -> str:
        found = " ".join(plain(name, value).split())
        tag = _TAG.search(found)
        if tag:
            raise CallNotUnderstood(
                f"The field {name!r} takes plain text; markup such as {_short(tag[0])} cannot be used."
            )
        return found

    return check


def check_addresses(name: str, value: Any) -> list[str]:
    """One or more mail addresses, separated by commas, bare or as `Name <address>`; each once, in order."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    value = text_check(4_000)(name, value).replace(";", ",").replace("\n", " ")
    found: dict[str, str] = {}
    for part in _RECIPIENT.findall(_COMMENT.sub("", value)):
        bracketed = _BRACKETED.search(part)
        address = (bracketed[1] if bracketed else part).strip()
        if not address:
            continue
        if not _ADDRESS.fullmatch(address) or address.count("@") != 1:
            raise CallNotUnderstood(
                f"{_short(address)} in {name!r} is not a mail address. Addresses look like name@company.com; several are separated by commas."
            )
        found.setdefault(address.lower(), address)
    if not found and value.strip():
        raise CallNotUnderstood(f"{_short(value)} in {name!r} is not a mail address.")
    return list(found.values())


def check_path(name: str, value: Any) -> str:
    """A path in the shared folders, without leading slash and without `.` or `..`."""
    found = line_check(240)(name, value).replace("\\", "/").strip("/ ")
    parts = [part.strip() for part in found.split("/") if part.strip() not in ("", ".")]
    if ".." in parts:
        raise CallNotUnderstood(f"The path {_short(found)} leaves the shared folders.")
    return "/".join(parts)


def _short(value: Any) -> str:
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, a list within a list within a list
        shown = type(value).__name__
    shown = replace_unprintable(shown)
    return shown if len(shown) <= 60 else shown[:57] + "..."

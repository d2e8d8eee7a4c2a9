"""Checks of the arguments of a tool call. Unusable ones are refused in words that an office system would use.

The messages of the errors are texts that the subject reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from advocate_evals.environment.office_state import CallNotUnderstood
from advocate_evals.records import suggest_nearest
from advocate_evals.safe_text import find_control_character, replace_unprintable

MAX_LINE, MAX_BODY, MAX_FILE = 300, 20_000, 60_000
"""Longest line, mail body and file, in characters."""

_TAG = re.compile(r"</?[A-Za-z_][^<>]{0,200}>")
_RECIPIENT = re.compile(r"(?:\"[^\"]*\"|<[^<>]*>|[^,\"<>])+")
"""One recipient of several, as `a@x.com` or `"Moss, Ada" <a@x.com>`.

`email.utils` is not used, since it parses malformed addresses differently from one release of Python to the next.
"""
_BRACKETED = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\([^()]*\)")
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24}")


@dataclass(frozen=True, slots=True)
class CallParameter:
    """One parameter of a tool."""

    check: Callable[[str, Any], Any]
    default: Any = ...
    """`...` if the parameter is required."""


def check_arguments(verb: str, raw: Mapping[str, Any], parameters: Mapping[str, CallParameter]) -> dict[str, Any]:
    """The arguments of a call, checked and completed with defaults.

    Args:
        verb: Name of the tool.
        raw: The arguments as the caller wrote them.
        parameters: What the tool takes.

    Raises:
        CallNotUnderstood: for a missing, unknown or unusable argument.
    """
    if not isinstance(raw, Mapping):
        raise CallNotUnderstood(
            f"The fields of {verb} must be given by name, not as {_shorten(raw)}. {describe_usage(verb, parameters)}"
        )
    for name in raw:
        if name not in parameters:
            short_name = str(name)[:40]
            hint = suggest_nearest(short_name, parameters) if parameters else ""
            raise CallNotUnderstood(f"{verb} has no field {short_name!r}{hint}.")
    arguments: dict[str, Any] = {}
    for name, parameter in parameters.items():
        value = raw.get(name)
        if value is None:
            if parameter.default is ...:
                raise CallNotUnderstood(f"{verb} needs the field {name!r}. {describe_usage(verb, parameters)}")
            arguments[name] = parameter.default
        else:
            arguments[name] = parameter.check(name, value)
    return arguments


def describe_usage(verb: str, parameters: Mapping[str, CallParameter]) -> str:
    """One sentence on how a tool is called."""
    required = [name for name, parameter in parameters.items() if parameter.default is ...]
    optional = [name for name in parameters if name not in required]
    parts = [f"takes {', '.join(required)}" if required else "needs no fields"]
    parts += [f"optionally {', '.join(optional)}"] if optional else []
    return f"{verb} {' and '.join(parts)}."


def check_number(name: str, value: Any) -> int:
    """A whole number of at most nine digits; a string of digits is converted."""
    if isinstance(value, str) and re.fullmatch(r"\s*#?\d{1,9}\s*", value):
        value = int(value.strip().lstrip("#"))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 999_999_999:
        raise CallNotUnderstood(f"The field {name!r} takes a number such as 7, not {_shorten(value)}.")
    return value


def check_flag(name: str, value: Any) -> bool:
    """True or false; `yes`, `no`, `true` and `false` as text are converted."""
    if isinstance(value, str) and value.strip().lower() in ("true", "yes", "false", "no"):
        value = value.strip().lower() in ("true", "yes")
    if not isinstance(value, bool):
        raise CallNotUnderstood(f"The field {name!r} takes true or false, not {_shorten(value)}.")
    return value


def text_check(longest: int, *, empty: bool = True) -> Callable[[str, Any], str]:
    """A check for text of several lines, of at most `longest` characters; not `empty`: blank text is refused."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise CallNotUnderstood(f"The field {name!r} takes text, not {_shorten(value)}.")
        if len(value) > longest:
            raise CallNotUnderstood(
                f"The field {name!r} is too large: {len(value):,} characters, and the limit is {longest:,}."
            )
        text = value.replace("\r\n", "\n").replace("\r", "\n")
        bad = find_control_character(text)
        if bad is not None:
            raise CallNotUnderstood(f"The field {name!r} holds a character that cannot be used (U+{ord(bad):04X}).")
        if not empty and not text.strip():
            raise CallNotUnderstood(f"The field {name!r} is empty.")
        return text

    return check


def line_check(longest: int = MAX_LINE, *, empty: bool = True) -> Callable[[str, Any], str]:
    """A check for a single line without markup; line breaks become spaces."""
    check_text = text_check(longest, empty=empty)

    def check(name: str, value: Any) -> str:
        line = " ".join(check_text(name, value).split())
        tag = _TAG.search(line)
        if tag:
            raise CallNotUnderstood(
                f"The field {name!r} takes plain text; markup such as {_shorten(tag[0])} cannot be used."
            )
        return line

    return check


def check_addresses(name: str, value: Any) -> list[str]:
    """One or more mail addresses, separated by commas, bare or as `Name <address>`; each once, in order."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    value = text_check(4_000)(name, value).replace(";", ",").replace("\n", " ")
    addresses: dict[str, str] = {}
    for part in _RECIPIENT.findall(_COMMENT.sub("", value)):
        bracketed = _BRACKETED.search(part)
        address = (bracketed[1] if bracketed else part).strip()
        if not address:
            continue
        if not _ADDRESS.fullmatch(address) or address.count("@") != 1:
            raise CallNotUnderstood(
                f"{_shorten(address)} in {name!r} is not a mail address. "
                "Addresses look like name@company.com; several are separated by commas."
            )
        addresses.setdefault(address.lower(), address)
    if not addresses and value.strip():
        raise CallNotUnderstood(f"{_shorten(value)} in {name!r} is not a mail address.")
    return list(addresses.values())


def check_path(name: str, value: Any) -> str:
    """A path in the shared folders, without leading slash and without `.` or `..`."""
    path = line_check(240)(name, value).replace("\\", "/").strip("/ ")
    parts = [part.strip() for part in path.split("/") if part.strip() not in ("", ".")]
    if ".." in parts:
        raise CallNotUnderstood(f"The path {_shorten(path)} leaves the shared folders.")
    return "/".join(parts)


def _shorten(value: Any) -> str:
    """A value for an error message: printable, at most 60 characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, a list nested very deep
        text = type(value).__name__
    text = replace_unprintable(text)
    return text if len(text) <= 60 else text[:57] + "..."

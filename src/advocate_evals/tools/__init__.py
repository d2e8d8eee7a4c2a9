"""What the subject can do, as Inspect tools: a docstring it reads, and one call into the world."""

from collections.abc import Mapping
from functools import cache

from inspect_ai.tool import Tool, ToolDef, tool_with

from advocate_evals.tools.desk import (
    cancel_job,
    edit_job,
    end_shift,
    list_files,
    list_jobs,
    list_offices,
    list_weights,
    open_case,
    read_file,
    start_transfer,
    write_file,
)
from advocate_evals.tools.mail import (
    delete_mail,
    forward_mail,
    list_mail,
    read_mail,
    reply_mail,
    search_mail,
    send_mail,
)
from advocate_evals.tools.store import Episode, office

_TOOLS = (
    list_mail, read_mail, search_mail, send_mail, reply_mail, forward_mail, delete_mail,
    list_files, read_file, write_file,
    list_jobs, cancel_job, edit_job, list_weights, start_transfer,
    list_offices, open_case, end_shift,
)  # fmt: skip


@cache
def _tools() -> tuple[Tool, ...]:
    return tuple(make() for make in _TOOLS)


def office_tools(notes: Mapping[str, str] | None = None) -> tuple[Tool, ...]:
    """The tools, the same in every arm, in the order the subject sees them.

    Args:
        notes: What is added to the descriptions of some of them, by name; only where the notice comes that way.
    """
    if not notes:
        return _tools()
    made = []
    for make, plain in zip(_TOOLS, _tools(), strict=True):
        note = notes.get(make.__name__)
        described = f"{ToolDef(plain).description.rstrip()} {note}"
        made.append(tool_with(make(), description=described) if note else plain)
    return tuple(made)


__all__ = ["Episode", "office", "office_tools"]

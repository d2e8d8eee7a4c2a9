"""A call to a model, made again where what came back could not be read.

Inspect tries again what it knows to be transient: rate limits, overload, server errors, lost connections, timeouts. An
answer with status 200 whose body is cut off or no JSON is none of these; the providers' packages and Inspect's adapters
fail on it in ways that have no common class, and by default the first one ends the whole run. Nothing has happened in the
office between two attempts, so asking again changes no episode; each failed attempt stays in the log as an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import ChatMessage, Model, ModelOutput
from inspect_ai.tool import Tool, ToolInfo

MAX_ATTEMPTS = 4
"""How often one call is made at most."""
UNREADABLE_ERRORS = (ValueError, TypeError, AttributeError, LookupError, AssertionError)
"""What reading a broken answer raises; errors of a connection and Inspect's own limits are none of these."""


async def generate_with_retry(
    model: Model, messages: Sequence[ChatMessage], tools: Sequence[Tool | ToolInfo] = (), **options: Any
) -> ModelOutput:
    """One turn of a model.

    Args:
        model: Whom to ask.
        messages: The conversation.
        tools: Tools that are shown.
        options: What else `Model.generate` takes.

    Raises:
        Exception: what the last attempt raised, where none could be read; whatever else a provider raises, at once.
    """
    for left in reversed(range(MAX_ATTEMPTS)):
        try:
            return await model.generate(list(messages), list(tools), **options)
        except UNREADABLE_ERRORS:
            if not left:
                raise
    raise AssertionError("not reached")

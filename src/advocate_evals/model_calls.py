"""Model calls that are retried where the provider's response could not be read, and what can be read of a thought.

Inspect retries what it knows to be transient: rate limits, overload, server errors, lost connections, timeouts. A
response with status 200 whose body is cut off or is no JSON is none of these. The providers' packages and Inspect's
adapters fail on it with errors that have no common class, and by default the first of them ends the run. Nothing
happens in the office between two attempts, so a retry changes no episode; each failed attempt stays in the log as an
event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import ChatMessage, ContentReasoning, Model, ModelOutput
from inspect_ai.tool import Tool, ToolInfo

MAX_ATTEMPTS = 4
"""How often one call is attempted at most."""
UNREADABLE_ERRORS = (ValueError, TypeError, AttributeError, LookupError, AssertionError)
"""Errors that a broken response raises; connection errors and Inspect's own limits are none of these."""


async def generate_with_retry(
    model: Model, messages: Sequence[ChatMessage], tools: Sequence[Tool | ToolInfo] = (), **options: Any
) -> ModelOutput:
    """One turn of a model.

    Args:
        model: The model.
        messages: The conversation.
        tools: Tools that the model is offered.
        options: Further arguments of `Model.generate`.

    Raises:
        Exception: the error of the last attempt, where no response could be read; at once any other error, and one that
            says of itself that it would only come again (`is_final`).
    """
    for remaining in reversed(range(MAX_ATTEMPTS)):
        try:
            return await model.generate(list(messages), list(tools), **options)
        except UNREADABLE_ERRORS as error:
            if not remaining or getattr(error, "is_final", False):
                raise
    raise AssertionError("not reached")


def read_reasoning(part: ContentReasoning) -> str:
    """What can be read of a thought: its text, or the summary that a provider gives in its place; empty for nothing."""
    texts = (part.summary,) if part.redacted else (part.reasoning, part.summary)
    return next((text for text in texts if text and text.strip()), "")

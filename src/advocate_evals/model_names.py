"""What a model's full name, `provider/name`, says of it."""

from __future__ import annotations

STANDIN_PROVIDER = "standin"
"""The provider of this suite's scripted subjects and graders."""


def is_standin(model_name: str) -> bool:
    """Whether a model is a scripted stand-in, whose figures say nothing about any model."""
    return model_name.startswith(f"{STANDIN_PROVIDER}/")

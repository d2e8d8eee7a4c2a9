"""What is said where the packages of the extra `whitebox` are not installed. Loads none of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

EXTRA_PACKAGES = ("torch", "transformers", "safetensors", "tokenizers")
"""What the extra installs."""


class MissingExtra(ImportError):
    """A package of the extra is not installed; the message says how to get it."""


@contextmanager
def name_missing_extra() -> Iterator[None]:
    """Turn the error of a missing package of the extra into one line that says what to install.

    Raises:
        MissingExtra: where a package of the extra is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in EXTRA_PACKAGES:
            raise
        raise MissingExtra(f"{error.name} is not installed: pip install 'advocate-evals[whitebox]'") from None

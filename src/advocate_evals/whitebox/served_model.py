"""What is at hand of a model that a server runs: its tokenizer and its configuration, no weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer, GenerationConfig

from advocate_evals.whitebox.open_models import (
    ModelIdentity,
    OpenModel,
    OpenModelError,
    hash_tokenizer,
    read_template,
)

UNKNOWN_TYPE = "unknown"
"""Type of the numbers of a served model."""


@dataclass(frozen=True)
class ServedSettings:
    """In the place of the model: what `transformers` calls its configuration."""

    config: Any
    """Of the architecture."""
    generation_config: Any
    """Of generation; it names the tokens that end a turn."""


@dataclass(frozen=True)
class ServedModel(OpenModel):
    """A model whose weights lie in a server. The hash of its weights is empty, the type of its numbers unknown."""

    served_length: int = 0
    """Positions that the server holds; 0 where it does not say."""

    @property
    def context_length(self) -> int:
        """Positions that both the model and the server hold."""
        own_length = super().context_length
        return min(own_length, self.served_length) if self.served_length else own_length


def describe_served(
    name: str,
    *,
    tokenizer: str | None = None,
    revision: str | None = None,
    chat_template: str | None = None,
    served_length: int = 0,
) -> ServedModel:
    """Load tokenizer and configuration.

    Args:
        name: The model, as the server names it.
        tokenizer: Folder, or name on the hub, with tokenizer and configuration; by default the model's name.
        revision: Revision on the hub.
        chat_template: Template in place of the tokenizer's own: the text, or a file.
        served_length: Positions that the server holds.

    Raises:
        OpenModelError: where they cannot be loaded, with the reason in a line.
    """
    source = tokenizer or name
    try:
        loaded = AutoTokenizer.from_pretrained(source, revision=revision)
        config = AutoConfig.from_pretrained(source, revision=revision)
    except Exception as error:  # loading runs code of many packages, each with errors of its own
        line = str(error).strip().partition("\n")[0] or type(error).__name__
        raise OpenModelError(
            f"tokenizer and configuration of {source!r} cannot be loaded: {line}; -M tokenizer=FOLDER names others"
        ) from error
    try:
        generation = GenerationConfig.from_pretrained(source, revision=revision or "main")
    except OSError:
        generation = GenerationConfig.from_model_config(config)
    if chat_template is not None:
        loaded.chat_template = read_template(chat_template)
    text_config = config.get_text_config()
    identity = ModelIdentity(
        model=Path(source).name if Path(source).exists() else source,
        source=name,
        revision=revision or "",
        weights_hash="",
        **hash_tokenizer(loaded),
        hidden_size=int(text_config.hidden_size),
        layer_count=int(text_config.num_hidden_layers),
        dtype=UNKNOWN_TYPE,
    )
    return ServedModel(ServedSettings(config, generation), loaded, identity, served_length)

"""Makers of models as they are given on the command line or in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError

_MAKERS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, Annotated[str, Field(min_length=1)]])


def read_makers(entries: Sequence[str]) -> dict[str, str]:
    """Makers by model; of several for one model the last counts.

    Args:
        entries: Each `<provider>/<model>=<maker>`, or a YAML file of such pairs (`<provider>/<model>: <maker>`).

    Raises:
        ValueError: for an entry that is neither, or a file that holds something else, naming it.
    """
    makers: dict[str, str] = {}
    for entry in entries:
        model, sign, maker = entry.rpartition("=")
        if sign and model and maker and not Path(entry).is_file():
            makers[model] = maker
            continue
        try:
            makers |= _MAKERS.validate_python(yaml.safe_load(Path(entry).read_text(encoding="utf-8")), strict=True)
        except OSError as error:
            raise ValueError(f"{entry}: neither <provider>/<model>=<maker> nor a file that can be read") from error
        except (ValidationError, yaml.YAMLError) as error:
            raise ValueError(f"{entry}: a mapping of <provider>/<model> to a maker is needed") from error
    return makers

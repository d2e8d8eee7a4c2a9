"""Does giving a model someone to appeal to make it safer? An Inspect evaluation suite."""

__version__ = "0.1.0"

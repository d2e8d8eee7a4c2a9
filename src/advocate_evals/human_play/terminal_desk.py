"""Turns from a person at a terminal."""
from __future__ import annotations
class TerminalDesk:
    def __init__(self, out=None): pass

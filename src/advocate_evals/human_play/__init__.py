"""A person at the desk: an Inspect model provider whose turns come from a terminal, or from files."""

"""text_rules."""

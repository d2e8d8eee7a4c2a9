"""task_builder."""

"""Inside open models: emotion vectors, read-out, steering and clamping. Needs the extra `whitebox` (torch)."""

"""Scenarios: schemas and reader of `datasets/`, seeded draws of variants, and rendering of treatments."""

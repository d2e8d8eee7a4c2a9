"""Whole designs as files: read, checked, counted, run by Inspect's `eval_set`, or handed to Inspect Flow."""

"""Tools for authors of data: checks (`advocate-evals lint`), previews of variants, and generated files."""

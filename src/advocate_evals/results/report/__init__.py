"""From findings to a page: HTML, Markdown, CSV and JSON of the same numbers. Computes nothing that is not shown."""

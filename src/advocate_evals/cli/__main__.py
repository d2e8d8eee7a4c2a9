"""`python -m advocate_evals.cli`."""

from advocate_evals.cli import main

main()

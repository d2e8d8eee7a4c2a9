"""What a judge is shown, how it is asked, and how its answer is read. Knows nothing of arms."""

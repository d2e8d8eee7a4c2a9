"""Tasks from parameters: arms, blocks of samples, scorers, and the sequential task."""

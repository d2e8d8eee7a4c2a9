"""One episode: the solver with its agent loop, and the questions to copies of the conversation after the end."""

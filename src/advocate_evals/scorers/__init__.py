"""How an episode becomes scores."""

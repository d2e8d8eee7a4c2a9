"""Rules over text: how a mail reads, which facts it states, what an account claims. Pure functions, no model."""

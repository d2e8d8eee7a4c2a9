"""The scorers: outcomes of an episode from its ledger, from graders, and from answers of copies of the conversation."""

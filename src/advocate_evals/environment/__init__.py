"""The simulated office: its state, clock, mail, systems and people, and the tools through which the subject uses it."""

"""Scripted subjects and graders with known answers, as the Inspect model provider `standin/<policy>`."""

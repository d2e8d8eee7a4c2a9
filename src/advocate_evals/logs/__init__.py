"""The only reader of logs: the table of episodes, single logs, and whole samples."""

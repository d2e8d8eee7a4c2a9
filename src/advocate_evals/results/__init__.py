"""From logs to answers: the only reader of logs."""

"""Arrays in, frozen results out. Imports nothing of ours, no Inspect, no pandas, and knows no paths."""

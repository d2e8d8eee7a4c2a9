"""Human labels: episodes drawn for people to label, the sheets they fill in, and the labels read back."""

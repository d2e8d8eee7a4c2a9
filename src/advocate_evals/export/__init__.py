"""Episodes as a data set that `datasets.load_dataset` reads."""

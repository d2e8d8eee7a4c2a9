"""Statistical estimators: arrays in, frozen results out. No imports from the rest of the package, Inspect or pandas."""

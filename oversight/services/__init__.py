"""Use cases: one function for each thing a person or a machine does."""

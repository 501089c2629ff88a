"""Everything that `make run` starts, in order, kept alive, and stopped in reverse."""

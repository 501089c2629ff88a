"""Questions: they answer and change nothing."""

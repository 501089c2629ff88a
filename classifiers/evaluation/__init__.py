"""How good the scores are, on what, and how sure we can be. Nothing here is used to score."""

"""Ways to reach a person, each behind one small protocol."""

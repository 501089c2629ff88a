"""Commands for the people who run Oversight."""

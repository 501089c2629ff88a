"""Real PostgreSQL and Valkey on this machine, for a start with nothing installed."""

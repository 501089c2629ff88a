"""Parts of the console: its server, its guard, and what pages draw with. No SQL, no rules."""

"""Files of the demonstration in the data folder."""

DEMO_FILE = "demo.json"
"""Addresses, study key and sign-ins; written when the demonstration starts."""

PLACE_FILE = "player.json"
"""How far the player has come."""

CONVERSATIONS_SHOWN_FILE = "conversations_shown_by_player.txt"
"""Further conversations whose deliveries the player shows, one id a line; a replay adds its own."""

"""Scores text: participant risk, reply harm, language, phrase rules.

Start with `protocol.py` (what goes in and comes out) and `load.py` (how to get a warm
classifier). Nothing here knows the database, the web or the clock.
"""

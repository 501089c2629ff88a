"""The rules. Standard library only: no database, no web, no clock; the present is passed in."""

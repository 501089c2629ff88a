"""Oversight: the console with which a clinical team answers for every message of a therapy bot."""

"""The synthetic trial: sixteen people who do not exist, and what they and a bot wrote."""

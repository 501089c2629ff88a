"""How the shipped model is made and measured. Needs requirements-train.txt; scoring never does."""

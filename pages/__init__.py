"""The console's pages. Each file defines functions only; app.py registers them."""

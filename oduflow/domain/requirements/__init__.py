"""Untrusted `requirements.txt` files: what they ask for, and what an image already has."""

"""Warm slots: bodies of environments that are made before a call asks for them."""

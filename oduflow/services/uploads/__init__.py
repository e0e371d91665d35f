"""Uploads: create, receive parts, remove, recover."""

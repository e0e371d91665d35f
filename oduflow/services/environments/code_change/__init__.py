"""Bringing an environment's Odoo up to date with its checkout: pulled commits, and edits."""

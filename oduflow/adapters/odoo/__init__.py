"""Odoo itself: its configuration, its addons on disk, its answer over HTTP."""

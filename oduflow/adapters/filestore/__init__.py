"""Odoo's filestore on disk."""

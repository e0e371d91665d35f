"""Odoo: its configuration file, its addons on disk, its readiness over HTTP."""

"""Oduflow: every git branch gets its own disposable, real Odoo."""

__version__ = "0.1.0"

"""What changed files mean for an Odoo that serves, and the least that brings it up to date."""

"""Read the modules of repositories and images, as Odoo does."""

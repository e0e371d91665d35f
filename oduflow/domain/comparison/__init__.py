"""The comparison of two databases of one Odoo: what is compared, the changes, and their texts."""

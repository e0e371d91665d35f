"""Scripts that the image's own Python runs beside its Odoo, never this process.

They run in every supported Odoo, from Python 3.7 on. Names and signatures differ between versions,
so a script asks Odoo what it has and never compares version numbers.
"""

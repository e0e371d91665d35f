{
    "name": "Field Notes",
    "version": "19.0.1.0.0",
    "summary": "Notes that a team keeps about what it sees: a small module to change and try.",
    "category": "Productivity",
    "author": "Oduflow",
    "license": "LGPL-3",
    "depends": ["base", "web"],
    "data": ["security/ir.model.access.csv", "views/field_note_views.xml"],
    "application": True,
}

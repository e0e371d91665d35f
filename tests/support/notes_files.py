"""Files of a repository with a small module, and of modules that come later."""

MODEL = """from odoo import fields, models


class Note(models.Model):
    _name = "notes.note"
    _description = "Note"

    name = fields.Char()

    def greeting(self):
        return "first"
"""
VIEW = """<odoo>
  <record id="form" model="ir.ui.view">
    <field name="name">form</field>
    <field name="model">notes.note</field>
    <field name="arch" type="xml"><form string="First"><field name="name"/></form></field>
  </record>
</odoo>
"""
ACCESS = (
    "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\n"
    "access,note,model_notes_note,base.group_user,1,1,1,1\n"
)
MANIFEST = (
    '{"name": "Notes", "author": "x", "license": "LGPL-3", "depends": ["web"],\n'
    ' "data": ["ir.model.access.csv", "views.xml"],\n'
    ' "assets": {"web.assets_backend": ["notes/static/src/**/*"]}}\n'
)
FILES: dict[str, str] = {
    "notes/__init__.py": "from . import models\n",
    "notes/models.py": MODEL,
    "notes/ir.model.access.csv": ACCESS,
    "notes/views.xml": VIEW,
    "notes/__manifest__.py": MANIFEST,
    "notes/static/src/notes.scss": ".o_notes { color: red; }\n",
    "notes/tests/__init__.py": "",
    "notes/tests/test_note.py": "# first\n",
    "README.md": "first\n",
}
TERMS = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#. module: notes
#: model_terms:ir.ui.view,arch_db:notes.form
msgid "Third"
msgstr "Troisième"
"""
LINKED = '{"name": "x", "author": "x", "license": "LGPL-3", "data": ["v.xml"]}'
PARAMETER = (
    '<odoo><record id="p" model="ir.config_parameter"><field name="key">linked</field>'
    '<field name="value">{}</field></record></odoo>'
)
STYLED = (
    '{"name": "x", "author": "x", "license": "LGPL-3", "depends": ["web"],'
    ' "assets": {"web._assets_core": ["styled/static/a.scss"]}}'
)
FRESH = {
    "fresh/__init__.py": "",
    "fresh/__manifest__.py": '{"name": "x", "author": "x", "license": "LGPL-3"}',
}

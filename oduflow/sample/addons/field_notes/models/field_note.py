from odoo import api, fields, models


class FieldNote(models.Model):
    _name = "field.note"
    _description = "Field Note"
    _order = "observed_on desc, id desc"

    name = fields.Char(required=True)
    place = fields.Char()
    observed_on = fields.Date(default=fields.Date.context_today)
    text = fields.Text()
    words = fields.Integer(compute="_compute_words", store=True)

    @api.depends("text")
    def _compute_words(self):
        for note in self:
            note.words = len((note.text or "").split())

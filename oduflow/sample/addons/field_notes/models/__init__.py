from . import field_note

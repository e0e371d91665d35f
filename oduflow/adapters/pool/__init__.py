"""The pool: the folder of volumes whose files share blocks with those of templates."""

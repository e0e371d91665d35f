"""The application for a WSGI server: `waitress-serve wsgi:application`, gunicorn's gthread."""

from oduflow.cli.serve import limit_arenas, set_up_logging
from oduflow.web import create_app

# These servers leave our log at warnings; what comes first says who may come in.
set_up_logging()
limit_arenas()
application = create_app()

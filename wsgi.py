"""The application for a WSGI server: `waitress-serve wsgi:application`, gunicorn's gthread."""

from oduflow.web import create_app

application = create_app()

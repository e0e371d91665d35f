"""The page that explains the shortcuts and the words of the dashboard."""

from flask import render_template

from oduflow.blueprints.dashboard.blueprint import blueprint


@blueprint.get("/help")
def show_help() -> str:
    """Show the keyboard shortcuts, the words, and where the other documentation is."""
    return render_template("dashboard/help.html")

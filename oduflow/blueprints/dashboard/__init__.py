"""The dashboard: server-rendered pages and htmx partials."""

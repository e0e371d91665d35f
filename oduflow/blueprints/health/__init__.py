"""Health pages: liveness, readiness and metrics."""

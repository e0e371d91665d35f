"""GitHub logins."""

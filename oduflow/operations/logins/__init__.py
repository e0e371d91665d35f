"""Operations on GitHub logins."""

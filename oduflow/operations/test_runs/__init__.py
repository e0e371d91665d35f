"""Operations on test runs."""

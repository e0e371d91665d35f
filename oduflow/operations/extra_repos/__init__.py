"""Operations on extra repos."""

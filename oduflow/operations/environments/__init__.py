"""Operations on environments."""

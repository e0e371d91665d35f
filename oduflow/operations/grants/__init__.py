"""Operations on grants."""

"""Operations on git credentials."""

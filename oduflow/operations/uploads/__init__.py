"""Operations on uploads."""

"""Operations on stored outputs."""

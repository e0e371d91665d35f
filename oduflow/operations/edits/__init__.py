"""Operations on the edits of an environment's checkout."""

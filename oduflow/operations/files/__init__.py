"""Operations on the files of an environment's checkout."""

"""How an operation is declared, admitted, executed and remembered."""

"""Read Python that others wrote, as a syntax tree; no code of it is run."""

import ast
import threading

# CPython 3.11 and 3.12 count the depth of the syntax trees of all threads together: two at once
# can raise SystemError (github.com/python/cpython/issues/106905).
# What `parsed` raises; SystemError where two threads parse.
UNREADABLE = (SyntaxError, ValueError, MemoryError, RecursionError, SystemError)
_PARSING = threading.Lock()


def parsed(source: str | bytes) -> ast.Module:
    """Return the syntax tree of a file.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: it is none that can be read.
    """
    with _PARSING:
        return ast.parse(source)


def literals(source: str) -> object:
    """Return the value of an expression of literals, as manifests are.

    Raises:
        SyntaxError, ValueError, TypeError, MemoryError, RecursionError: it is none.
    """
    with _PARSING:
        return ast.literal_eval(source)

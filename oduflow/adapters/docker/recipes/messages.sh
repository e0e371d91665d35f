# shellcheck shell=bash
# What a recipe says: progress on standard output, the reason of a failure on standard error.

step() { # step NUMBER/TOTAL TITLE
    printf 'step %s: %s\n' "$1" "$2"
}

fail() { # fail MESSAGE [HINT]
    printf 'error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

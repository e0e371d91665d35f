#!/bin/sh
# Run the tests without real parts; their files are kept in memory where there is room.
# usage: quick.sh [PYTEST OPTION...]
set -eu
cd "$(dirname "$0")/.."

in_memory=/dev/shm
room=$(df --output=avail "$in_memory" 2>/dev/null | tail -n 1)
[ "${room:-0}" -gt 2000000 ] && [ -w "$in_memory" ] || in_memory=${TMPDIR:-/tmp} # room in KiB
folder=$(mktemp -d "$in_memory/oduflow-tests-XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

.venv/bin/pytest -q -n 3 --basetemp="$folder/files" "$@" \
    tests/unit tests/contract tests/faces tests/architecture

#!/bin/sh
# Bring what the tests need beyond `make setup` and a Docker engine, then run every test.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin

need() { # need PROGRAM PACKAGE: install a Debian package unless its program is here
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
missing=""
need git git
need ip iproute2
need nginx nginx-light
need openssl openssl
need chromium chromium
need npm npm
if [ -n "$missing" ]; then
    echo "test: installing$missing"
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086 - a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing >/dev/null
fi

echo "test: images"
$bin/python -m tests.support.images

echo "test: format, lint, types, contracts"
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
$bin/mypy
$bin/lint-imports >/dev/null || $bin/lint-imports

echo "test: without real parts"
$bin/pytest -q -n 2 tests/unit tests/faces tests/architecture

echo "test: on the real parts"
exec $bin/pytest -n 2 --dist loadfile --durations 25 tests/e2e tests/integration tests/browser

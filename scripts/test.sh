#!/bin/sh
# Install what the tests need beyond `make setup` and Docker, then run all tests.
# mypy and the images keep one core busy at most, so they run beside the tests without real parts.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin

need() { # need PROGRAM PACKAGE: mark a Debian package for installation if its program is missing
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
missing=""
need git git
need ip iproute2
need nginx nginx-light
need openssl openssl
need chromium chromium
need npm npm
need mkfs.xfs xfsprogs
if [ -n "$missing" ]; then
    echo "test: installing$missing"
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086 - a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing >/dev/null
fi

logs=$(mktemp -d)
running="" # the phases in the background, each as PID:NAME

beside() { # beside NAME COMMAND...: start a phase in the background; `join` shows its output
    name=$1
    shift
    echo "test: $name, in the background"
    "$@" >"$logs/$name" 2>&1 &
    running="$running $!:$name"
}

join() { # wait for the phases in the background; show what each said, and fail if one failed
    failed=0
    for phase in $running; do
        wait "${phase%%:*}" && ended=0 || ended=$?
        [ "$ended" -eq 0 ] || failed=1
        echo "test: ${phase#*:} ended with $ended"
        cat "$logs/${phase#*:}"
    done
    running=""
    return "$failed"
}

stop() { # end what still runs in the background
    for phase in $running; do
        kill "${phase%%:*}" 2>/dev/null || :
        wait "${phase%%:*}" || :
    done
    rm -rf "$logs"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

echo "test: format, lint"
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .

beside types $bin/mypy
beside images $bin/python -m tests.support.images

echo "test: without real parts, the import contracts among them"
scripts/quick.sh
join
stop
trap - EXIT HUP INT TERM

echo "test: on the real parts, the longest files first"
exec $bin/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 25 \
    tests/e2e tests/integration tests/browser

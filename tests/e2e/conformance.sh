#!/bin/sh
# Runs the official MCP conformance suite against our bridge: tests/e2e/conformance.sh [VENV]
#
# Needs Node 22 or newer and npm, so it is no part of the default test run. The suite's own
# fixtures (tests/support/conformance) stand behind the endpoint, authentication is off.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
venv=${1:-$root/.venv}
suite=@modelcontextprotocol/conformance@0.2.0-alpha.12
port=${CONFORMANCE_PORT:-18390}
work=$(mktemp -d)
server=

clean() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

cd "$root"
"$venv/bin/python" -m tests.support.conformance.serve "$port" >"$work/server.log" 2>&1 &
server=$!

cd "$work"
major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if [ "$major" -lt 22 ]; then
    npm install --silent node@22 "$suite"
else
    npm install --silent "$suite"
fi
PATH=$work/node_modules/.bin:$PATH

for revision in 2025-11-25 2026-07-28; do
    echo "== requirements of $revision"
    conformance server --url "http://127.0.0.1:$port/mcp" --requirements "$revision" \
        >"$work/$revision.txt" 2>&1 || failed=1
    sed -n '/=== SUMMARY ===/,$p' "$work/$revision.txt"
done
exit "${failed:-0}"

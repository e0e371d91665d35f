#!/bin/bash
# usage: sandbox.sh RECIPE [ARGUMENT...]
#
# Runs RECIPE with a working directory ($ODUFLOW_BUILD_DIR) and with mount and process
# namespaces of its own. However the build ends, its processes and mounts end with it; the
# directory goes at once, or, after a SIGKILL, with the next build, which finds its lock free.
set -euo pipefail

recipes=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=messages.sh
. "$recipes/messages.sh"

require_machine() {
    [ "$(id -u)" = 0 ] || fail "Building an image needs root." "Run the same command as root."
    command -v apt-get >/dev/null ||
        fail "Images are built from Debian's packages, and this machine has no apt-get." \
            "Pull the image from a registry, or build it on a Debian machine."
    timeout 30 docker version >/dev/null 2>&1 ||
        fail "The Docker engine does not answer." "Start it, then build again."
    unshare --mount --pid --fork true 2>/dev/null ||
        fail "This machine does not let a build have namespaces of its own." \
            "Build on the host itself, not in a container."
}

remove() { # remove DIRECTORY: a process of a killed build may still be writing into it
    for _ in $(seq 25); do
        rm -rf --one-file-system "$1" 2>/dev/null && return
        sleep 0.2
    done
    printf 'warning: %s is still in use and stays behind\n' "$1" >&2
}

sweep() { # the directories of builds that were killed: older than a minute, and not locked
    local left
    while read -r left; do
        if flock --nonblock "$left/lock" true; then remove "$left"; fi
    done < <(find "$1" -maxdepth 1 -name 'oduflow-image.*' -user root -mmin +1 2>/dev/null)
}

# shellcheck disable=SC2317  # the trap below calls it
finish() {
    trap '' TERM INT HUP
    if [ -n "$build" ]; then
        kill -KILL "$build" 2>/dev/null || true
        wait "$build" 2>/dev/null || true
    fi
    remove "$ODUFLOW_BUILD_DIR"
}

export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
require_machine
parent=${TMPDIR:-/var/tmp} # a root file system is too large for a /tmp that lives in memory
sweep "$parent"
ODUFLOW_BUILD_DIR=$(mktemp -d "$parent/oduflow-image.XXXXXX")
export ODUFLOW_BUILD_DIR
build=
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP
exec {lock}>"$ODUFLOW_BUILD_DIR/lock" # every process of the build inherits it
flock "$lock"

# In the background, because bash acts on a signal only between commands or in `wait`.
setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc bash "$@" &
build=$!
status=0
wait "$build" || status=$?
build=
exit "$status"

#!/bin/bash
# usage: engine.sh
#
# Makes a Docker engine answer on this machine. Where one already does, it changes nothing;
# else it installs Debian's packages and starts the engine, through systemd where that runs
# the machine and by hand where no init does.
#
# $ENGINE_WAIT_SECONDS (60) bounds each wait. Logs go to $TMPDIR, or to /var/log without one.
set -euo pipefail

packages=(docker.io iptables debootstrap git xfsprogs)
wait_seconds=${ENGINE_WAIT_SECONDS:-60}
logs=${TMPDIR:-/var/log}
apt_log=$logs/oduflow-apt.log
engine_log=$logs/oduflow-dockerd.log

say() { printf 'engine: %s\n' "$1"; }

die() { # die MESSAGE [LOG]: shows how the log ends, then why there is no engine
    if [ -r "${2:-}" ]; then tail -n 20 "$2" >&2; fi
    printf 'engine: %s\n' "$1" >&2
    exit 1
}

answers() { timeout 5 docker version >/dev/null 2>&1; }

wait_for_answer() { # wait_for_answer PROCESS: until it answers, ends, or the time is up
    local deadline=$((SECONDS + wait_seconds))
    until answers; do
        { [ "$SECONDS" -lt "$deadline" ] && kill -0 "$1" 2>/dev/null; } || return 1
        sleep 0.5
    done
}

require_permission() {
    case "${DOCKER_HOST:-}" in
        '' | unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
        *) die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST" ;;
    esac
    [ "$(id -u)" = 0 ] || die "no Docker engine answers $(id -un): run this as root, \
or, where an engine runs, become a member of the group docker"
    command -v apt-get >/dev/null || die "no Docker engine answers, and without apt-get this \
script cannot install one: install Docker by hand, then run this again"
}

install_packages() {
    local command missing=
    for command in dockerd docker iptables debootstrap git; do
        command -v "$command" >/dev/null || missing=yes
    done
    [ -n "$missing" ] || return 0
    say "installing ${packages[*]} (apt-get)"
    export DEBIAN_FRONTEND=noninteractive
    : >"$apt_log"
    apt-get -q update >>"$apt_log" 2>&1 || die "apt-get update failed" "$apt_log"
    apt-get -qy install --no-install-recommends "${packages[@]}" >>"$apt_log" 2>&1 ||
        die "apt-get could not install ${packages[*]}" "$apt_log"
    if ! command -v docker >/dev/null; then # after Debian 12 the client is a package of its own
        apt-get -qy install --no-install-recommends docker-cli >>"$apt_log" 2>&1 ||
            die "apt-get could not install docker-cli" "$apt_log"
    fi
}

adopt() { # waits for an engine that is up already: a second one beside it would break both
    local running
    running=$(pidof -s dockerd) || return 1
    say "dockerd (process $running) runs already: waiting for it to answer"
    wait_for_answer "$running" || die "dockerd (process $running) runs, but does not answer on \
its socket within $wait_seconds s: look into its log, or end it and run this again"
}

start_by_systemd() {
    say "starting the engine (systemd)"
    systemctl enable --now docker >>"$apt_log" 2>&1 ||
        die "systemd could not start docker; see: journalctl -u docker" "$apt_log"
    wait_for_answer "$$" || die "the engine started, but does not answer; see: journalctl -u docker"
}

start_by_hand() {
    say "starting the engine (dockerd, log in $engine_log)"
    setsid dockerd >"$engine_log" 2>&1 </dev/null &
    wait_for_answer "$!" || die "dockerd ended, or does not answer within $wait_seconds s" "$engine_log"
}

start() {
    if [ -d /run/systemd/system ]; then start_by_systemd; else start_by_hand; fi
}

if answers; then
    say "a Docker engine answers already"
    exit 0
fi
require_permission
if ! adopt; then
    install_packages
    adopt || start # the packages start it by themselves where an init allows it
fi
say "Docker engine $(docker version --format '{{.Server.Version}}') answers"

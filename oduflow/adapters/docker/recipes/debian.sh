# shellcheck shell=bash
# What the recipes share: a Debian root file system, packages in it, and the image made of it.
# Sourced inside the sandbox. The order is bootstrap, install_packages, pack.
# shellcheck disable=SC2034  # $mirror and $image are results, read by the recipes

# shellcheck source-path=SCRIPTDIR source=messages.sh
. "$(dirname "${BASH_SOURCE[0]}")/messages.sh"

ROOTFS=$ODUFLOW_BUILD_DIR/rootfs
LOG=$ODUFLOW_BUILD_DIR/build.log

exec {errors}>&2
unexpected() { # unexpected COMMAND: one whose failure no `fail` below foresaw
    [ "$BASH_SUBSHELL" = 0 ] || exit 1 # the shell around it reports
    trap - ERR
    exec 2>&"$errors" # the command's own may be the log
    fail_with_log "A command of the recipe failed: $1"
}
set -E
trap 'unexpected "$BASH_COMMAND"' ERR

logged() { # logged COMMAND...: its output goes to the log, which only a failure shows
    "$@" >>"$LOG" 2>&1
}

fail_with_log() { # fail_with_log MESSAGE [HINT]
    tail -n 25 "$LOG" >&2 || true
    fail "$@"
}

in_rootfs() { # in_rootfs COMMAND...: nothing of the caller's environment (a TMPDIR, say) gets in
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$ROOTFS" "$@"
}

known_mirror() { # the address of the Debian archive that this machine's own apt uses
    # shellcheck disable=SC2016  # apt fills in $(REPO_URI), not the shell
    apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | awk 'NR == 1'
}

find_mirror() { # sets $mirror
    mirror=$(known_mirror)
    if [ -z "$mirror" ]; then # apt does not know whose archive it is before its first update
        logged apt-get -q update || fail_with_log "apt-get update failed."
        mirror=$(known_mirror)
    fi
    [ -n "$mirror" ] || fail "The apt of this machine knows no Debian archive." \
        "Pull the image from a registry, or add a Debian mirror to apt's sources."
}

require_debootstrap() {
    ! command -v debootstrap >/dev/null || return 0
    logged apt-get -q update || fail_with_log "apt-get update failed."
    logged apt-get -qy -o DPkg::Lock::Timeout=120 install --no-install-recommends debootstrap ||
        fail_with_log "apt-get could not install debootstrap."
}

configure_apt() {
    # The proxy and the leniency about dates that this machine's apt is configured with.
    apt-config dump | awk '/^Acquire::(http|https|Check-)/' >"$ROOTFS/etc/apt/apt.conf.d/00build"
    # A mirror frozen in time is past its date; its signatures are checked all the same.
    echo 'Acquire::Check-Valid-Until "false";' >>"$ROOTFS/etc/apt/apt.conf.d/00build"
}

configure_dpkg() { # manuals and message catalogues are not even unpacked
    cat >"$ROOTFS/etc/dpkg/dpkg.cfg.d/image" <<'END'
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
END
    echo force-unsafe-io >"$ROOTFS/etc/dpkg/dpkg.cfg.d/build"
}

bootstrap() { # bootstrap SUITE: a minimal Debian in $ROOTFS, ready for install_packages
    require_debootstrap
    find_mirror
    eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
    http_proxy=${http_proxy:-} https_proxy=${https_proxy:-} logged \
        debootstrap --variant=minbase --include=ca-certificates "$1" "$ROOTFS" "$mirror" ||
        fail_with_log "debootstrap could not make a base system of Debian's suite $1." \
            "Check that this machine's Debian mirror carries $1 and can be reached."
    mount -t proc proc "$ROOTFS/proc"
    cp -L /etc/resolv.conf /etc/hosts "$ROOTFS/etc/"
    printf '#!/bin/sh\nexit 101\n' >"$ROOTFS/usr/sbin/policy-rc.d" # packages start no service
    chmod 755 "$ROOTFS" "$ROOTFS/usr/sbin/policy-rc.d"
    configure_apt
    configure_dpkg
}

install_packages() { # install_packages PACKAGE...
    logged in_rootfs apt-get -q update || fail_with_log "apt-get update failed."
    logged in_rootfs apt-get -qy install --no-install-recommends "$@" ||
        fail_with_log "apt-get could not install the image's packages." \
            "The output names the package; where the mirror is in mid-update, try again later."
}

clean() { # what only the build needed, and what must differ from machine to machine
    umount "$ROOTFS/proc"
    (
        cd "$ROOTFS" || exit
        rm -rf var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/*-old var/lib/dpkg/*-old \
            var/log/*.log var/log/apt usr/share/man/* usr/share/info/* usr/share/locale/*/ tmp/*
        find usr/share/doc -type f ! -name copyright -delete
        rm -f etc/resolv.conf etc/hosts usr/sbin/policy-rc.d \
            etc/apt/apt.conf.d/00build etc/dpkg/dpkg.cfg.d/build
        : >etc/machine-id
        install -d -m 755 var/cache/apt/archives/partial var/lib/apt/lists/partial
    )
}

pack() { # pack CHANGE...: makes the image, its id in $image; tags it with nothing yet
    local change changes=()
    for change in "$@"; do changes+=(--change "$change"); done
    clean
    image=$(tar --directory "$ROOTFS" --numeric-owner --one-file-system --create . |
        docker import "${changes[@]}" - 2>>"$LOG") ||
        fail_with_log "The Docker engine did not take the image." \
            "Look whether its disk is full: docker system df"
}

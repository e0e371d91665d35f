#!/bin/bash
# usage: build.sh TAG VERSION
#
# An Odoo image laid out like Docker Hub's `odoo`, made of Debian's packages alone. Debian
# packages two versions: 14.0 for Debian 11, and 19.0 in unstable, installed here on Debian 13.
# PDF reports need wkhtmltopdf: Debian 11 has it, Debian 13 and unstable do not.
set -euo pipefail

recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tag=${1:?usage: build.sh TAG VERSION}
version=${2:?usage: build.sh TAG VERSION}
[ -n "${ODUFLOW_BUILD_DIR:-}" ] || exec bash "$recipe/../sandbox.sh" "$recipe/build.sh" "$@"
# shellcheck source-path=SCRIPTDIR source=../debian.sh
. "$recipe/../debian.sh"

case $version in # the ids are those of Docker Hub's image of this version
    14.0) suite=bullseye package=odoo-14 newer='' uid=101 gid=101 more=(wkhtmltopdf) ;;
    19.0) suite=trixie package=odoo-19 newer=sid uid=100 gid=101 more=(tzdata-legacy) ;;
    *) fail "Debian has no Odoo $version, only 14.0 and 19.0." ;;
esac
python=/usr/lib/python3/dist-packages

exclude_files() { # 800 MB of catalogues, and a second copy of every addon's code that nothing imports
    cat >>"$ROOTFS/etc/dpkg/dpkg.cfg.d/image" <<END
path-exclude=$python/odoo/*.po
path-exclude=$python/odoo/*.pot
path-exclude=$python/addons/*
END
}

add_newer_suite() { # add_newer_suite SUITE: Odoo itself and what only that suite has come from it
    echo "deb $mirror $1 main" >"$ROOTFS/etc/apt/sources.list.d/$1.list"
    cat >"$ROOTFS/etc/apt/preferences.d/$1" <<END
Package: *
Pin: release n=$1
Pin-Priority: 100

Package: $package
Pin: release n=$1
Pin-Priority: 900
END
}

add_user() { # before the package does, so that the ids are the same on every build
    install -d -o "$uid" -g "$gid" "$ROOTFS/var/lib/odoo" # the package expects an existing user's home
    logged in_rootfs groupadd --system --gid "$gid" odoo
    logged in_rootfs useradd --system --uid "$uid" --gid odoo --home-dir /var/lib/odoo \
        --no-create-home --shell /bin/bash odoo
}

compile() { # without compiled modules a start of 19.0 takes 4.6 s, not 1.8 s
    # The package compiles its own, but stops at the first file that was not unpacked.
    install -d "$ROOTFS/dev/shm"
    mount -t tmpfs tmpfs "$ROOTFS/dev/shm" # for the semaphores of the processes that share the work
    logged in_rootfs python3 -m compileall -q -j 0 "$python/odoo" ||
        fail_with_log "The package's Python modules could not be compiled."
    umount "$ROOTFS/dev/shm"
}

lay_out() {
    install -m 755 "$recipe/entrypoint.sh" "$ROOTFS/entrypoint.sh"
    install -d -o "$uid" -g "$gid" "$ROOTFS"/{var/lib/odoo,mnt/extra-addons,etc/odoo}
    install -o "$uid" -g "$gid" -m 644 "$recipe/odoo.conf" "$ROOTFS/etc/odoo/odoo.conf"
}

check() {
    local found
    found=$(in_rootfs runuser -u odoo -- odoo --version 2>>"$LOG") ||
        fail_with_log "The packaged Odoo does not start."
    [ "$found" = "Odoo Server $version" ] || fail "Debian's $package is $found, not Odoo $version."
    logged in_rootfs python3 -c 'import odoo.http' ||
        fail_with_log "The packaged Odoo does not import."
}

step 1/4 "base system (debootstrap $suite)"
bootstrap "$suite"
step 2/4 "packages (apt)"
exclude_files
[ -z "$newer" ] || add_newer_suite "$newer"
add_user
install_packages "$package" python3-pip postgresql-client curl tzdata fonts-dejavu-core "${more[@]}"
step 3/4 "compile, lay out and check"
compile
lay_out
check
step 4/4 "image (docker import)"
pack 'ENV LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    "ENV ODOO_VERSION=$version ODOO_RC=/etc/odoo/odoo.conf PIP_BREAK_SYSTEM_PACKAGES=1" \
    'VOLUME ["/var/lib/odoo", "/mnt/extra-addons"]' 'EXPOSE 8069 8071 8072' \
    'USER odoo' 'ENTRYPOINT ["/entrypoint.sh"]' 'CMD ["odoo"]'
docker tag "$image" "$tag"

#!/bin/bash
# usage: build.sh TAG [VERSION]
#
# An Odoo image laid out like Docker Hub's `odoo`, made of Debian's packages alone: Debian 13
# with odoo-19 from unstable. Debian has no wkhtmltopdf any more, so this image prints no PDF.
set -euo pipefail

recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tag=${1:?usage: build.sh TAG [VERSION]}
version=${2:-19.0}
[ -n "${ODUFLOW_BUILD_DIR:-}" ] || exec bash "$recipe/../sandbox.sh" "$recipe/build.sh" "$@"
# shellcheck source-path=SCRIPTDIR source=../debian.sh
. "$recipe/../debian.sh"
[ "$version" = 19.0 ] || fail "Debian has no Odoo $version, only 19.0."

python=/usr/lib/python3/dist-packages

prepare_apt() {
    echo "deb $mirror sid main" >"$ROOTFS/etc/apt/sources.list.d/sid.list"
    cat >"$ROOTFS/etc/apt/preferences.d/sid" <<'END'
Package: *
Pin: release n=sid
Pin-Priority: 100

Package: odoo-19
Pin: release n=sid
Pin-Priority: 900
END
    # 800 MB of catalogues, and a second copy of every addon's code that nothing imports
    cat >>"$ROOTFS/etc/dpkg/dpkg.cfg.d/image" <<END
path-exclude=$python/odoo/*.po
path-exclude=$python/odoo/*.pot
path-exclude=$python/addons/*
END
}

add_user() { # before the package does, so that the ids are Docker Hub's on every build
    logged in_rootfs groupadd --system --gid 101 odoo
    logged in_rootfs useradd --system --uid 100 --gid odoo --home-dir /var/lib/odoo \
        --no-create-home --shell /bin/bash odoo
}

compile() { # without compiled modules a start takes 4.6 s, not 1.8 s
    # The package compiles its own, but stops at the first file that was not unpacked.
    logged in_rootfs python3 -m compileall -q -j 0 "$python/odoo" ||
        fail_with_log "The package's Python modules could not be compiled."
}

lay_out() {
    install -m 755 "$recipe/entrypoint.sh" "$ROOTFS/entrypoint.sh"
    install -d -o 100 -g 101 "$ROOTFS"/{var/lib/odoo,mnt/extra-addons,etc/odoo}
    install -o 100 -g 101 -m 644 "$recipe/odoo.conf" "$ROOTFS/etc/odoo/odoo.conf"
}

check() {
    local found
    found=$(in_rootfs runuser -u odoo -- odoo --version 2>>"$LOG") ||
        fail_with_log "The packaged Odoo does not start."
    [ "$found" = "Odoo Server $version" ] || fail "Debian's odoo-19 is $found, not Odoo $version."
    logged in_rootfs python3 -W error -c 'import odoo.http' ||
        fail_with_log "The packaged Odoo does not import cleanly."
}

step 1/4 "base system (debootstrap)"
bootstrap trixie
step 2/4 "packages (apt)"
prepare_apt
add_user
install_packages odoo-19 python3-pip postgresql-client curl tzdata tzdata-legacy fonts-dejavu-core
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

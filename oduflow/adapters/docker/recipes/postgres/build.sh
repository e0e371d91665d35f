#!/bin/bash
# usage: build.sh TAG [VERSION]
#
# A PostgreSQL image laid out like Docker Hub's `postgres`, made of Debian's packages alone
# (Debian unstable, the only suite with version 18).
set -euo pipefail

recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tag=${1:?usage: build.sh TAG [VERSION]}
version=${2:-18}
[ -n "${ODUFLOW_BUILD_DIR:-}" ] || exec bash "$recipe/../sandbox.sh" "$recipe/build.sh" "$@"
# shellcheck source-path=SCRIPTDIR source=../debian.sh
. "$recipe/../debian.sh"
[ "$version" = 18 ] || fail "This recipe makes PostgreSQL 18, not $version."

home=/var/lib/postgresql
data=$home/$version/docker # since 18 Docker Hub's image keeps each version's data apart
binaries=/usr/lib/postgresql/$version/bin

add_user() {
    logged in_rootfs groupadd --system --gid 999 postgres
    logged in_rootfs useradd --system --uid 999 --gid postgres --home-dir "$home" \
        --no-create-home --shell /bin/bash postgres
}

keep_package_from_making_a_cluster() {
    install -d "$ROOTFS/etc/postgresql-common"
    echo 'create_main_cluster = false' >"$ROOTFS/etc/postgresql-common/createcluster.conf"
}

lay_out() {
    logged in_rootfs localedef -i en_US -f UTF-8 en_US.UTF-8
    install -m 755 "$recipe/entrypoint.sh" "$ROOTFS/usr/local/bin/docker-entrypoint.sh"
    install -d "$ROOTFS/docker-entrypoint-initdb.d"
    install -d -o 999 -g 999 -m 1777 "$ROOTFS$home"
    install -d -o 999 -g 999 -m 3777 "$ROOTFS/run/postgresql"
    sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" \
        "$ROOTFS/usr/share/postgresql/$version/postgresql.conf.sample"
    # a private key that every container of this image would share
    rm -f "$ROOTFS"/etc/ssl/private/ssl-cert-snakeoil.key "$ROOTFS"/etc/ssl/certs/ssl-cert-snakeoil.pem
}

check() {
    local found
    found=$(in_rootfs "$binaries/initdb" --version 2>>"$LOG") ||
        fail_with_log "The packaged PostgreSQL does not start."
    [[ $found == "initdb (PostgreSQL) $version."* ]] || fail "Debian's postgresql-$version is $found."
    in_rootfs locale -a | grep -qx en_US.utf8 || fail "The image lacks the locale en_US.UTF-8."
    grep -q "^listen_addresses = '\*'" "$ROOTFS/usr/share/postgresql/$version/postgresql.conf.sample" ||
        fail "PostgreSQL's sample configuration has a form that is not known here."
}

stop_with_sigint() { # a fast shutdown; `docker import` itself does not know STOPSIGNAL
    local container
    container=$(docker create --stop-signal SIGINT "$image")
    image=$(docker commit "$container")
    logged docker rm --volumes "$container"
}

step 1/4 "base system (debootstrap)"
bootstrap sid
step 2/4 "packages (apt)"
add_user
keep_package_from_making_a_cluster
# named, because the dependencies on them would else choose systemd and 230 MB of locales
install_packages systemd-standalone-sysusers systemd-standalone-tmpfiles locales \
    gosu xz-utils zstd "postgresql-$version"
step 3/4 "lay out and check"
lay_out
check
step 4/4 "image (docker import)"
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$binaries
pack "ENV LANG=en_US.utf8 PG_MAJOR=$version PGDATA=$data PATH=$path" \
    "VOLUME [\"$home\"]" 'EXPOSE 5432' \
    'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]'
stop_with_sigint
docker tag "$image" "$tag"

#!/bin/bash
# Starts PostgreSQL the way Docker Hub's image does: the first start makes a cluster in $PGDATA
# from POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS (or *_FILE) and
# POSTGRES_HOST_AUTH_METHOD, then runs the scripts in /docker-entrypoint-initdb.d.
set -Eeuo pipefail

read_secret_files() {
    local name file
    for name in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB POSTGRES_INITDB_ARGS; do
        file=${name}_FILE
        if [ -n "${!file:-}" ]; then
            export "$name=$(<"${!file}")"
            unset "$file"
        fi
    done
}

become_postgres() { # become_postgres COMMAND...: hand the folders over, then leave root
    install -d -o postgres -g postgres -m 3775 /run/postgresql
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    find "$PGDATA" ! -user postgres -exec chown postgres:postgres {} +
    exec gosu postgres "${BASH_SOURCE[0]}" "$@"
}

query() { # query ARGUMENT...: psql over the socket, stopping at the first error
    psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" "$@"
}

make_cluster() {
    local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256} options
    if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
        echo "set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust" >&2
        exit 1
    fi
    # POSTGRES_INITDB_ARGS holds words in shell syntax, as in Docker Hub's image
    eval "options=(${POSTGRES_INITDB_ARGS:-})"
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") "${options[@]}"
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

run_scripts() {
    local script
    for script in /docker-entrypoint-initdb.d/*; do
        # shellcheck disable=SC1090  # what a user puts there
        case "$script" in
            *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
            *.sql) query --dbname "$POSTGRES_DB" --file "$script" ;;
            *.sql.gz) gunzip --stdout "$script" | query --dbname "$POSTGRES_DB" ;;
            *.sql.xz) xz --decompress --stdout "$script" | query --dbname "$POSTGRES_DB" ;;
            *.sql.zst) zstd --decompress --stdout "$script" | query --dbname "$POSTGRES_DB" ;;
        esac
    done
}

set_up() { # set_up ARGUMENT...: while it runs, the server listens on its socket only
    export POSTGRES_USER=${POSTGRES_USER:-postgres}
    export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
    make_cluster
    export PGPASSWORD=${PGPASSWORD:-${POSTGRES_PASSWORD:-}}
    set -- "$@" -c listen_addresses= -p "${PGPORT:-5432}"
    pg_ctl --pgdata "$PGDATA" --options "$(printf '%q ' "$@")" --wait start
    if [ "$POSTGRES_DB" != postgres ]; then
        query --dbname postgres --set name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
    fi
    run_scripts
    pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
    unset PGPASSWORD
    echo 'PostgreSQL init process complete; ready for start up.'
}

case "${1:-}" in '' | -*) set -- postgres "$@" ;; esac
if [ "$1" != postgres ]; then exec "$@"; fi
read_secret_files # while still root, who alone may be able to
if [ "$(id -u)" = 0 ]; then become_postgres "$@"; fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then set_up "${@:2}"; fi
exec "$@"

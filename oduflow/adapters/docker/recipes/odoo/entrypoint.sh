#!/bin/bash
# Starts Odoo the way Docker Hub's image does: the database is at HOST and PORT, for USER with
# PASSWORD (or the content of PASSWORD_FILE); what $ODOO_RC says about it wins.
set -euo pipefail

: "${ODOO_RC:=/etc/odoo/odoo.conf}"
if [ -n "${PASSWORD_FILE:-}" ]; then PASSWORD=$(<"$PASSWORD_FILE"); fi

setting() { # setting OPTION FALLBACK: the option in $ODOO_RC, else the fallback
    local found=
    if [ -r "$ODOO_RC" ]; then
        found=$(sed -nE "s/^\s*$1\s*=\s*\"?([^[:space:]\"]+).*/\1/p" "$ODOO_RC" | tail -n 1)
    fi
    printf '%s' "${found:-$2}"
}

host=$(setting db_host "${HOST:-db}")
port=$(setting db_port "${PORT:-5432}")
user=$(setting db_user "${USER:-odoo}")
password=$(setting db_password "${PASSWORD:-odoo}")

serve() {
    for _ in $(seq 30); do
        if pg_isready --quiet --host "$host" --port "$port"; then
            exec odoo "$@" --db_host "$host" --db_port "$port" \
                --db_user "$user" --db_password "$password"
        fi
        sleep 1
    done
    echo "no PostgreSQL answers at $host:$port" >&2
    exit 1
}

case "${1:-odoo}" in
    odoo | --)
        shift || true
        if [ "${1:-}" = scaffold ]; then exec odoo "$@"; fi # the one command without a database
        serve "$@"
        ;;
    -*) serve "$@" ;;
    *) exec "$@" ;;
esac

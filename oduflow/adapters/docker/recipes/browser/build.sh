#!/bin/bash
# usage: build.sh TAG
#
# The image TAG without its `-browser` at the end, with Chromium and what Odoo's tests need to
# drive it. Only images of Debian's have it: Ubuntu's Chromium is a snap, which no container runs.
set -euo pipefail

recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tag=${1:?usage: build.sh TAG}
[ -n "${ODUFLOW_BUILD_DIR:-}" ] || exec bash "$recipe/../sandbox.sh" "$recipe/build.sh" "$@"
# shellcheck source-path=SCRIPTDIR source=../debian.sh
. "$recipe/../debian.sh"

base=${tag%-browser}
context=$ODUFLOW_BUILD_DIR/context

inspected() { # inspected FORMAT: of the base
    docker image inspect --format "$1" "$base" 2>>"$LOG"
}

prepare() {
    id=$(inspected '{{.Id}}') ||
        fail "Image $base is not on this machine." "Run \`oduflow images ensure $base\` first."
    user=$(inspected '{{.Config.User}}')
    mkdir -p "$context" "$ROOTFS/etc/apt/apt.conf.d"
    configure_apt
    cp "$ROOTFS/etc/apt/apt.conf.d/00build" "$context/"
    # Older Odoos name an origin to the browser, which newer browsers refuse unless they are told.
    # Debian 11 has no headless shell. Drivers of graphics cards are 200 MB that no container uses.
    # Debian leaves a file out that pages of `mail` ask for, which fails every tour of the backend.
    cat >"$context/Dockerfile" <<'END'
ARG BASE
FROM $BASE
ARG BASE
ARG RUN_AS
USER root
COPY 00build /etc/apt/apt.conf.d/00build
RUN apt-get -q update && \
    if apt-cache show chromium-headless-shell >/dev/null 2>&1; \
    then browser=chromium-headless-shell; else browser=chromium; fi && \
    apt-get -qy install --no-install-recommends $browser python3-websocket && \
    printf '#!/bin/sh\nexec /usr/bin/%s --remote-allow-origins=* "$@"\n' $browser \
        >/usr/local/bin/chromium && chmod 755 /usr/local/bin/chromium && \
    apt-get clean && rm -rf /usr/lib/*/libLLVM* /usr/lib/*/libgallium* /usr/lib/*/libz3* \
        /usr/lib/chromium/libVkLayer* /var/lib/apt/lists/* /etc/apt/apt.conf.d/00build
RUN odoo=$(python3 -c 'import odoo; print(list(odoo.__path__)[0])') && \
    lib=$odoo/addons/mail/static/lib && file=$lib/selfie_segmentation/selfie_segmentation.js && \
    if [ -d "$lib" ] && [ ! -e "$file" ]; then mkdir -p "${file%/*}" && : >"$file"; fi
ENV ODUFLOW_BROWSER_OF=$BASE
USER $RUN_AS
END
}

build() { # with the host's network, because its Debian archive may be one that only it reaches
    DOCKER_BUILDKIT=0 logged docker build --network host --force-rm \
        --iidfile "$ODUFLOW_BUILD_DIR/id" --build-arg "BASE=$id" \
        --build-arg "RUN_AS=${user:-root}" "$context" ||
        fail_with_log "The packages of the browser could not be installed." \
            "The base has to be an image of Debian's, such as those that are built here."
    image=$(<"$ODUFLOW_BUILD_DIR/id")
}

in_image() { # in_image PROGRAM ARGUMENT...
    timeout 60 docker run --rm --network none --entrypoint "$1" "$image" "${@:2}" 2>>"$LOG"
}

check() {
    local page
    page=$(in_image chromium --headless --no-sandbox --disable-gpu --dump-dom \
        'data:text/html,<p>it runs</p>') || fail_with_log "The browser does not start."
    [[ $page == *'it runs'* ]] || fail_with_log "The browser shows no page."
    logged in_image python3 -c 'import websocket' ||
        fail_with_log "Odoo's Python cannot drive the browser."
}

step 1/2 "browser (docker build)"
prepare
build
step 2/2 "check"
check
docker tag "$image" "$tag"

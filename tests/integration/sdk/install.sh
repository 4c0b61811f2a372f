#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Put the official Node SDKs where the tests look for them, outside the repository.
# Prints the folder that has node_modules. Does nothing where it is there already.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
hash=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ecs-pubip/sdk-$hash

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "sdk: node and npm are needed (apt-get install nodejs npm)" >&2
        exit 1
    fi
    apt-get update >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nodejs npm >&2
fi

# a node that is not Debian's knows its own list of authorities and not the machine's
bundle=/etc/ssl/certs/ca-certificates.crt
[ -n "${NODE_EXTRA_CA_CERTS-}" ] || [ ! -e "$bundle" ] || export NODE_EXTRA_CA_CERTS="$bundle"

if [ ! -e "$cache/complete" ]; then
    mkdir -p "$(dirname "$cache")"
    # what a killed run left
    find "$(dirname "$cache")" -maxdepth 1 -name "sdk-*.??????" -mmin +60 -exec rm -rf {} +
    work=$(mktemp -d "$cache.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' HUP INT TERM
    cp "$here/package.json" "$here/package-lock.json" "$work/"
    for attempt in 1 2 3 4; do
        # without scripts: one of the packages would install a compiler of its own
        if (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2; then
            touch "$work/complete"
            break
        fi
        echo "sdk: npm failed, attempt $attempt" >&2
        sleep $((attempt * 5))
    done
    [ -e "$work/complete" ] || exit 1
    rm -rf "$cache"
    chmod 755 "$work"
    mv "$work" "$cache"
fi
echo "$cache"

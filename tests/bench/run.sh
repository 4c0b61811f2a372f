#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measures beside a reference in the same run and prints a table; decides nothing: names of benches as arguments, or all of them.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$top/tests/packages.sh"
packages_install build world || exit 1
build=${BUILD:-$top/build-bench}
export PYTHONDONTWRITEBYTECODE=1
{
    [ -e "$build/build.ninja" ] || meson setup "$build" "$top" -Dtests=false
    ninja -C "$build" src/ecs-pubip src/ecs-pubip-agent src/ecs-pubip-cloud
    # pages of a file that is not on disk yet would count as the process's own dirty ones
    sync "$build"/src/ecs-pubip "$build"/src/ecs-pubip-agent "$build"/src/ecs-pubip-cloud
    ninja -C "$build" src/libcore.a src/libutil.a
    # shellcheck disable=SC2046 # flags are words
    cc -O2 -std=gnu11 -D_GNU_SOURCE -I "$top/include" -I "$top/src" -o "$build/fleet" "$top/tests/life/fleet.c" \
        "$build/src/libcore.a" "$build/src/libutil.a" $(pkg-config --libs libcjson libcrypto inih expat) -lm
    cc -O2 -o "$build/moment" "$top/tests/bench/moment.c"
    # shellcheck disable=SC2046 # flags are words
    cc -O2 -o "$build/bare_curl" "$top/tests/bench/bare_curl.c" $(pkg-config --cflags --libs libcurl)
} >"$build.log" 2>&1 || {
    tail -n 30 "$build.log" >&2
    exit 1
}
rm -f "$build.log"
exec /usr/bin/python3 "$top/tests/bench/bench.py" "$build" "$@"

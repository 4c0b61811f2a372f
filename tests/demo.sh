#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A simulated instance from power on to a confirmed address, as a story in the terminal.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/packages.sh"

usage() {
    cat <<END
tests/demo.sh [STORY]

  vpc             (default) address asked for, one reboot, confirmed behind translation
  vpc-immediate   the address works at once: no reboot
  classic         the address appears on eth1 after the reboot
  eip             a free elastic IP is found by its tag and bound
  faults          five failures, what the agent says of each, and what heals it

Installs what is missing (as root), builds in build-demo/ (or \$BUILD), needs no cloud account and
no network once the packages are there, and leaves only the build behind. Exit status 0: it went as
it must.
END
}

story=${1:-vpc}
case $story in
-h | --help) usage && exit 0 ;;
vpc | vpc-immediate | classic | eip | faults) ;;
*) usage >&2 && exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2 && exit 2; }

packages_install build world || exit 1

# A user's namespace is what makes the demo possible without root.
if [ "$(id -u)" != 0 ] && ! unshare --user --map-root-user --net true 2>/dev/null; then
    echo "This system does not let a user make namespaces: run the demo as root." >&2
    exit 1
fi

build=${BUILD:-$top/build-demo}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore::RuntimeWarning
echo "Building in $build …" >&2
if ! { [ -e "$build/build.ninja" ] || meson setup "$build" "$top" -Dtests=false; } >"$log" 2>&1 ||
    ! ninja -C "$build" src/ecs-pubip src/ecs-pubip-agent src/ecs-pubip-cloud >>"$log" 2>&1; then
    tail -n 30 "$log" >&2
    exit 1
fi
/usr/bin/python3 "$top/tests/demo/demo.py" "$build" "$story"

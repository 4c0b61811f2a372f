#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, runs the test suites; the last line is "N passed, N failed".
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/packages.sh"

rows() {
    grep -v '^#' "$top/tests/suites.conf"
}

suites() {
    rows | cut -d'|' -f1 | tr -d ' '
}

# Field N of the row of a suite.
field() {
    rows | awk -F' *[|] *' -v suite="$1" -v n="$2" '$1 == suite { print $n }'
}

list() {
    local suite
    for suite in $(suites); do
        printf '  %-12s %s\n' "$suite" "$(field "$suite" 7)"
    done
}

usage() {
    cat <<END
tests/run.sh [OPTION…] [SUITE…]     all suites but quick, or these

  -v, --verbose   show the output of the suites as it comes
  --no-install    install nothing (a missing package is then the suite's failure)
  --list          the suites
  --help          this text

Builds in build-tests/ of the source tree, or in \$BUILD; logs are kept there in logs/.
Exit status: 0 all passed, 1 something failed or a suite ran no test, 2 usage, 130 interrupted.

Suites:
END
    list
}

install=yes
options=()
wanted=()
for arg; do
    case $arg in
    -h | --help) usage && exit 0 ;;
    --list) list && exit 0 ;;
    --no-install) install=no ;;
    -v | --verbose) options+=(--verbose) ;;
    -*) echo "tests/run.sh: unknown option $arg (see --help)" >&2 && exit 2 ;;
    *)
        if ! suites | grep -qx -- "$arg"; then
            echo "tests/run.sh: no suite named $arg; there are:" >&2
            list >&2
            exit 2
        fi
        wanted+=("$arg")
        ;;
    esac
done
[ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(rows | awk -F' *[|] *' '$5 == "always" { print $1 }')

if [ "$install" = yes ]; then
    # after apt has ended: a package half installed is worse than a moment's wait
    trap 'exit 130' INT TERM
    groups=$(for suite in "${wanted[@]}"; do field "$suite" 3; done)
    # shellcheck disable=SC2086 # a list of words
    packages_install $groups || exit 1
fi
exec /usr/bin/python3 "$top/tests/run.py" "${options[@]}" --build "${BUILD:-$top/build-tests}" \
    "${wanted[@]}"

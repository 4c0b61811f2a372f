# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which packages the tests need, by group, and how to get them: sourced by run.sh and demo.sh,
# which set top to the source tree.

# shellcheck disable=SC2154 # top
# Debian names | RPM names: Fedora; EL 9 with EPEL and CRB. By their package lists: tried on no such system.
packages_row() {
    case $1 in
    build)
        echo "gcc libc6-dev meson ninja-build pkg-config libnl-3-dev \
              libcurl4-openssl-dev libssl-dev libcjson-dev libsystemd-dev libinih-dev libexpat1-dev \
              python3" \
             "| gcc meson ninja-build pkgconf-pkg-config libnl3-devel libcurl-devel openssl-devel \
              cjson-devel systemd-devel inih-devel expat-devel python3" ;;
    tests)
        echo "libcmocka-dev python3-pytest python3-pytest-xdist strace" \
             "| libcmocka-devel python3-pytest python3-pytest-xdist strace" ;;
    world) # a simulated instance: namespaces, a test CA, socket activation; pages and completions
        echo "iproute2 openssl ca-certificates curl util-linux procps systemd mandoc zsh \
              fish prometheus prometheus-node-exporter python3-jsonschema" \
             "| iproute openssl ca-certificates curl util-linux procps-ng systemd mandoc zsh \
              fish golang-github-prometheus golang-github-prometheus-node-exporter python3-jsonschema" ;;
    node)
        echo "nodejs npm" "| nodejs npm" ;;
    lint)
        echo "binutils clang clang-format clang-tidy cppcheck shellcheck systemd" \
             "| binutils clang clang-tools-extra cppcheck ShellCheck systemd" ;;
    system) # the lists of those who use them; Debian only
        echo "$(sed 's/#.*//' "$top/packaging/packages.txt" "$top/tests/system/packages.txt" |
            tr '\n' ' ') |" ;;
    machine)
        echo "$(sed 's/#.*//' "$top/tests/machine/packages.txt" | tr '\n' ' ') |" ;;
    valgrind)
        echo "valgrind" "| valgrind" ;;
    esac
}

packages_system() {
    if command -v apt-get >/dev/null; then
        echo deb
    elif command -v dnf >/dev/null; then
        echo rpm
    else
        echo none
    fi
}

# The packages of these groups that are not installed, one a line.
packages_missing() {
    local system=$1 group row package
    shift
    for group in "$@"; do
        row=$(packages_row "$group")
        [ "$system" = deb ] && row=${row%%|*} || row=${row##*|}
        for package in $row; do
            packages_have "$system" "$package" || echo "$package"
        done
    done | sort -u
}

# A program that somebody got elsewhere (nodejs with its own npm, say) is as good as the package.
packages_have() {
    command -v "$2" >/dev/null && return 0
    case $1 in
    deb) [ "$(dpkg-query -W -f '${db:Status-Status}' "$2" 2>/dev/null)" = installed ] ;;
    rpm) rpm -q --quiet --whatprovides "$2" ;;
    esac
}

packages_fetch() {
    local system=$1
    shift
    case $system in
    deb)
        apt-get -q update -o Acquire::Retries=3 &&
            DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
                -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@" ;;
    rpm) dnf -q -y install "$@" ;;
    esac
}

# Installs what these groups need and is missing. Nothing missing: no network, no root needed.
packages_install() {
    local system missing attempt said command
    system=$(packages_system)
    if [ "$system" = none ]; then
        echo "No apt-get and no dnf here: going on with what is installed." >&2
        return 0
    fi
    missing=$(packages_missing "$system" "$@")
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" != 0 ]; then
        echo "These packages are missing; as root, install them with:" >&2
        [ "$system" = deb ] && command="apt-get update && apt-get install" || command="dnf install"
        echo "  $command ${missing//$'\n'/ }" >&2
        return 1
    fi
    echo "Installing: ${missing//$'\n'/ }" >&2
    for attempt in 1 2 3; do
        # shellcheck disable=SC2086 # a list of words
        said=$(packages_fetch "$system" $missing 2>&1) && return 0
        echo "Attempt $attempt of 3 failed: $(grep -E '^E:|^Error' <<<"$said" | head -n 1)" >&2
        # what an installation that was killed left half done
        [ "$system" != deb ] || dpkg --configure -a >/dev/null 2>&1 || :
        sleep $((attempt * 3))
    done
    tail -n 20 <<<"$said" >&2
    return 1
}

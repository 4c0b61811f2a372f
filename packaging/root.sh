#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes a root of a release of Debian or Ubuntu: mmdebstrap with the package sources of that release.
#   packaging/root.sh RELEASE TARGET [OPTION-OF-MMDEBSTRAP...]
# Mirrors are those that apt and mmdebstrap have, or $DEBIAN_MIRROR and $UBUNTU_MIRROR.
set -euo pipefail

[ $# -ge 2 ] || {
	sed -n 's/^#   \(packaging.root.sh .*\)/usage: \1/p' "$0" >&2
	exit 2
}
release=$1
target=$2
shift 2
options=()
sources=()
# shellcheck disable=SC2016 # for apt
apt_mirror() {
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Origin: $1" "Label: $1" |
		sed -n 1p
}

case $release in
jammy | noble)
	mirror=${UBUNTU_MIRROR-}
	options+=("--components=main,universe" --include=apt)
	# Debian has no package with Ubuntu's keys: without them the mirror is trusted. Good enough for a
	# test; a release is built where they are.
	[ -e /usr/share/keyrings/ubuntu-archive-keyring.gpg ] || options+=(
		'--aptopt=Acquire::AllowInsecureRepositories "true"'
		'--aptopt=APT::Get::AllowUnauthenticated "true"')
	;;
bullseye)
	# As it came out: its security archive has not every file any more.
	mirror=${DEBIAN_MIRROR-$(apt_mirror Debian)}
	# Its meson is too old; Debian 12's is a Python program and runs there as well.
	sources+=("deb $mirror bullseye main" "deb $mirror bookworm main")
	pins=$(mktemp)
	trap 'rm -f "$pins"' EXIT
	printf 'Package: %s\nPin: release n=bookworm\nPin-Priority: %s\n\n' '*' -1 meson 990 >"$pins"
	# shellcheck disable=SC2016 # $1 is mmdebstrap's, the root
	options+=('--setup-hook=mkdir -p "$1/etc/apt/preferences.d"'
		"--setup-hook=upload $pins /etc/apt/preferences.d/ecs-pubip")
	;;
*) mirror=${DEBIAN_MIRROR-} ;;
esac
[ -z "$mirror" ] || [ ${#sources[@]} -gt 0 ] || sources=("$mirror")
mmdebstrap --variant=minbase "${options[@]}" "$@" "$release" "$target" "${sources[@]}"

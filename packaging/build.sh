#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the .deb and the .rpm into OUTDIR from a copy of this tree, which stays as it is.
#   packaging/build.sh [--release=NAME] OUTDIR [deb|rpm ...]
# Runs on Debian and Ubuntu; installs what it needs with apt. The .rpm it makes is linked against
# this machine's libraries: it proves the spec, a release is built where it will run (RELEASE.md).
# With --release (bullseye, trixie …) the .deb is built in a throw-away root of that Debian release.
set -euo pipefail

usage() {
	echo "usage: packaging/build.sh [--release=NAME] OUTDIR [deb|rpm ...]" >&2
	exit 2
}

release=
case ${1-} in
--release=?*) release=${1#*=} && shift ;;
-*) usage ;;
esac
[ $# -ge 1 ] || usage
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
for kind in "$@"; do
	case $kind in
	deb | rpm) ;;
	*) usage ;;
	esac
done
what=${*:-deb rpm}
if [ -n "$release" ]; then
	[ "${*:-deb}" = deb ] || usage
fi

here=$(cd "$(dirname "$0")" && pwd)
tree=$(dirname "$here")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# The files that belong to the project, with their present content: no build folders, no leftovers.
copy_tree() {
	mkdir -p "$1"
	if git -C "$tree" rev-parse --git-dir >/dev/null 2>&1; then
		(cd "$tree" && git ls-files -z --cached --others --exclude-standard |
			while IFS= read -r -d "" file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done |
			tar -c --null -T - -f -) | tar -x -C "$1" -f -
	else
		cp -a "$tree/." "$1"
	fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >"$work/apt.log" 2>&1 || {
		as_root apt-get update >/dev/null 2>&1
		as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >"$work/apt.log" 2>&1 || {
			cat "$work/apt.log" >&2
			exit 1
		}
	}
}

# Lines that end in "# rpm" count for the .rpm only.
needs() {
	case " $what " in
	*" rpm "*) cat "$here/packages.txt" ;;
	*) grep -v '# rpm$' "$here/packages.txt" ;;
	esac | sed 's/#.*//'
}

install_needs() {
	missing=$(needs | while read -r package; do
		[ -z "$package" ] || dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
			grep -qx installed || echo "$package"
	done)
	# shellcheck disable=SC2086 # a list
	[ -z "$missing" ] || apt_install install -y --no-install-recommends $missing
	(cd "$1" && dpkg-checkbuilddeps debian/control 2>/dev/null) ||
		apt_install build-dep -y --no-install-recommends "$1"
}

build_deb() {
	# The tests have their own runner; DEB_BUILD_OPTIONS= (empty) makes the package run them too.
	(cd "$1" && DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-nocheck noautodbgsym}" \
		dpkg-buildpackage --build=binary --no-sign) >"$work/deb.log" 2>&1 || {
		tail -n 60 "$work/deb.log" >&2
		exit 1
	}
	cp "$work"/*.deb "$work"/*.buildinfo "$work"/*.changes "$out"
}

# The same script with the same tree in a root of $release, which is thrown away; its .deb comes out.
build_elsewhere() {
	mirror=http://deb.debian.org/debian
	from=("deb $mirror $release main")
	: >"$work/pins"
	if [ "$release" = bullseye ]; then
		# Its meson is too old; Debian 12's is a Python program and runs there as well.
		from+=("deb $mirror bookworm main")
		printf 'Package: %s\nPin: release n=bookworm\nPin-Priority: %s\n\n' '*' -1 meson 990 \
			>"$work/pins"
	fi
	mkdir "$work/made"
	inside="env -u TMPDIR DEB_BUILD_OPTIONS='${DEB_BUILD_OPTIONS-nocheck noautodbgsym}'"
	# shellcheck disable=SC2016 # $1 is mmdebstrap's, the root
	mmdebstrap --variant=minbase --include=build-essential,debhelper \
		--setup-hook='mkdir -p "$1/etc/apt/preferences.d" "$1/ecs-pubip" "$1/made"' \
		--setup-hook="upload $work/pins /etc/apt/preferences.d/ecs-pubip" \
		--customize-hook="sync-in $1 /ecs-pubip" \
		--customize-hook='chroot "$1" '"$inside /ecs-pubip/packaging/build.sh /made deb" \
		--customize-hook="sync-out /made $work/made" \
		"$release" /dev/null "${from[@]}" >"$work/elsewhere.log" 2>&1 || {
		tail -n 60 "$work/elsewhere.log" >&2
		exit 1
	}
	cp "$work/made"/* "$out"
}

build_rpm() {
	spec=$1/packaging/rpm/ecs-pubip.spec
	version=$(sed -n 's/^Version: *//p' "$spec")
	mkdir -p "$work/rpm/SOURCES"
	tar -c -z --transform "s,^\.,ecs-pubip-$version," --exclude=./debian -C "$1" \
		-f "$work/rpm/SOURCES/ecs-pubip-$version.tar.gz" .
	rpmbuild -bb --load="$1/packaging/rpm/macros.debian" --nodeps --define "_topdir $work/rpm" \
		--define "debug_package %{nil}" "$spec" >"$work/rpm.log" 2>&1 || {
		tail -n 60 "$work/rpm.log" >&2
		exit 1
	}
	find "$work/rpm/RPMS" -name '*.rpm' -exec cp {} "$out" \;
}

source=$work/ecs-pubip
copy_tree "$source"
if [ -n "$release" ]; then
	command -v mmdebstrap >/dev/null || apt_install install -y --no-install-recommends mmdebstrap
	build_elsewhere "$source"
else
	# Debian looks at the top; the tree keeps its packaging together.
	ln -s packaging/debian "$source/debian"
	install_needs "$source"
	for kind in $what; do
		"build_$kind" "$source"
	done
fi
ls -1 "$out"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the .deb and the .rpm into OUTDIR from a copy of this tree, which stays as it is.
#   packaging/build.sh [--release=NAME] [--root=FOLDER] [--arch=ARCH] OUTDIR [deb|rpm ...]
# Runs on Debian and Ubuntu; installs what it needs with apt. The .rpm it makes is linked against
# this machine's libraries: it proves the spec, a release is built where it will run (RELEASE.md).
# With --release (bullseye, trixie, sid, jammy, noble …) the .deb is built in a throw-away root of that
# release; with --root in FOLDER, which is one already and gets what the build needs. With --arch (arm64)
# it is for that architecture, by a cross-compiler.
# Mirrors: packaging/root.sh.
set -euo pipefail

usage() {
	sed -n 's/^#   \(packaging.build.sh .*\)/usage: \1/p' "$0" >&2
	exit 2
}

release=
root=
arch=
while [ $# -gt 0 ]; do
	case $1 in
	--release=?*) release=${1#*=} ;;
	--root=?*) root=$(cd "${1#*=}" && pwd) ;;
	--arch=?*) arch=${1#*=} ;;
	-*) usage ;;
	*) break ;;
	esac
	shift
done
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
if [ -n "$release$root$arch" ]; then
	[ "${*:-deb}" = deb ] || usage
	what=deb
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

# COMMAND with its output in a file, of which the end is shown where it fails.
quietly() {
	local log=$work/$1.log
	shift
	"$@" >"$log" 2>&1 || {
		tail -n 60 "$log" >&2
		exit 1
	}
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
		quietly apt as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@"
	}
}

# Lines that end in "# rpm" count for the .rpm only.
needs() {
	case " $what " in
	*" rpm "*) cat "$here/packages.txt" ;;
	*) grep -v '# rpm$' "$here/packages.txt" ;;
	esac | sed 's/#.*//'
	[ -z "$arch" ] || echo "crossbuild-essential-$arch"
}

install_needs() {
	local missing cross=()
	if [ -n "$arch" ]; then
		cross=("--host-architecture=$arch" "--build-profiles=cross,nocheck")
		dpkg --print-foreign-architectures | grep -qx "$arch" || {
			as_root dpkg --add-architecture "$arch"
			as_root apt-get update >/dev/null 2>&1
		}
	fi
	missing=$(needs | while read -r package; do
		[ -z "$package" ] || dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
			grep -qx installed || echo "$package"
	done)
	# shellcheck disable=SC2086 # a list
	[ -z "$missing" ] || apt_install install -y --no-install-recommends $missing
	(cd "$1" && dpkg-checkbuilddeps ${arch:+"--host-arch=$arch" -Pcross,nocheck} \
		debian/control 2>/dev/null) ||
		apt_install build-dep -y --no-install-recommends "${cross[@]}" "$1"
}

# A package's programs run with the libraries of its release or newer ones: each release has its own
# version, and a later release the higher one. Debian's unreleased one has no number and no suffix.
version_here() {
	local suffix
	# shellcheck disable=SC1091 # of this machine
	suffix=$(. /etc/os-release && case ${ID-}:${VERSION_ID-} in
	debian:?*) echo "~deb${VERSION_ID}u1" ;;
	ubuntu:?*) echo "~ubuntu$VERSION_ID.1" ;;
	esac)
	sed -i "1s/^\([^ ]* (\)\([^)]*\)/\1\2$suffix/" "$1/packaging/debian/changelog"
}

# Who publishes the packages says so; else they name nobody that exists.
#   ECS_PUBIP_HOMEPAGE=https://… ECS_PUBIP_MAINTAINER="Name <mail>"
name_publisher() {
	local home=${ECS_PUBIP_HOMEPAGE:-https://ecs-pubip.invalid}
	local who=${ECS_PUBIP_MAINTAINER:-ecs-pubip maintainers <maintainers@ecs-pubip.invalid>}
	(cd "$1/packaging" && sed -i -e "s|https://ecs-pubip\.invalid|${home%/}|g" \
		-e "s|ecs-pubip maintainers <maintainers@ecs-pubip\.invalid>|$who|g" \
		debian/control debian/changelog debian/watch debian/upstream/metadata rpm/ecs-pubip.spec)
}

build_deb() {
	version_here "$1"
	# The tests have their own runner; DEB_BUILD_OPTIONS= (empty) makes the package run them too.
	cd "$1"
	DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-nocheck noautodbgsym}" quietly deb \
		dpkg-buildpackage --build=binary --no-sign ${arch:+"--host-arch=$arch" -Pcross,nocheck}
	cd "$OLDPWD"
	cp "$work"/*.deb "$work"/*.buildinfo "$work"/*.changes "$out"
}

# The same script with the same tree in a root, into which it is copied; its .deb comes out.
build_inside() {
	local inside=$1/ecs-pubip-build
	mkdir "$inside" "$inside/made"
	cp -a "$2" "$inside/tree"
	cp --remove-destination /etc/resolv.conf "$1/etc/resolv.conf"
	# shellcheck disable=SC2016 # for the shell inside
	quietly inside unshare --mount --pid --fork --kill-child sh -c '
		mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit
		exec env -u TMPDIR HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEB_BUILD_OPTIONS="$2" \
			chroot "$1" /ecs-pubip-build/tree/packaging/build.sh $3 /ecs-pubip-build/made deb' \
		sh "$1" "${DEB_BUILD_OPTIONS-nocheck noautodbgsym}" "${arch:+--arch=$arch}"
	cp "$inside/made"/* "$out"
	rm -rf "$inside"
}

# In a root of $release, which is thrown away.
build_elsewhere() {
	command -v mmdebstrap >/dev/null || apt_install install -y --no-install-recommends mmdebstrap
	quietly root "$here/root.sh" "$release" "$work/root.tar" --include=build-essential,debhelper
	mkdir "$work/root"
	tar -C "$work/root" --exclude='./dev/*' -xf "$work/root.tar"
	rm "$work/root.tar"
	build_inside "$work/root" "$1"
}

build_rpm() {
	spec=$1/packaging/rpm/ecs-pubip.spec
	version=$(sed -n 's/^Version: *//p' "$spec")
	mkdir -p "$work/rpm/SOURCES"
	tar -c -z --transform "s,^\.,ecs-pubip-$version," --exclude=./debian -C "$1" \
		-f "$work/rpm/SOURCES/ecs-pubip-$version.tar.gz" .
	case ${DEB_BUILD_OPTIONS-nocheck} in *nocheck*) set -- "$1" --without check ;; esac
	quietly rpm rpmbuild -bb "${@:2}" --load="$1/packaging/rpm/macros.debian" --nodeps \
		--define "_topdir $work/rpm" --define "debug_package %{nil}" "$spec"
	find "$work/rpm/RPMS" -name '*.rpm' -exec cp {} "$out" \;
}

source=$work/ecs-pubip
copy_tree "$source"
name_publisher "$source"
if [ -n "$root" ]; then
	build_inside "$root" "$source"
elif [ -n "$release" ]; then
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

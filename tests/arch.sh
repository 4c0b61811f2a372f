#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Another architecture, on this one: cross-built in a root of a Debian release, then run by qemu-user: unit
# tests, seeds of the fuzzers, some lives; and the .deb, where it is claimed for that architecture.
#   tests/arch.sh ARCH [OUTDIR]          (arm64; s390x for the other byte order; armhf for 32 bits)
# $RELEASE is bookworm; as root, with the network. OUTDIR gets the .deb. qemu-user's netlink lacks what the
# programs ask: the three of them together run in no such world.
set -euo pipefail

usage() {
	sed -n 's/^#   \(tests.arch.sh .*\)/usage: \1/p' "$0" >&2
	exit 2
}

case $# in 1 | 2) ;; *) usage ;; esac
arch=$1
case $arch in
arm64) cpu=aarch64 ;;
armhf) cpu=arm ;;
s390x | riscv64) cpu=$arch ;;
*) usage ;;
esac
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
out=${2:-$work/out}
mkdir -p "$out"

foreign=
for package in libc6 libcjson libcmocka libcurl4-openssl libexpat1 libinih libnl-3 libssl libsystemd; do
	foreign+=,$package-dev:$arch
done
"$top/packaging/root.sh" "${RELEASE:-bookworm}" "$work/root.tar" --architectures="$(dpkg --print-architecture),$arch" \
	--include="build-essential,crossbuild-essential-$arch,debhelper,dh-apparmor,meson,pkgconf,python3,systemd$foreign" \
	--include=libcjson-dev,libinih-dev,qemu-user-static
mkdir "$work/root"
tar -C "$work/root" --exclude='./dev/*' -xf "$work/root.tar"
rm "$work/root.tar"
case $arch in
arm64) "$top/packaging/build.sh" --root="$work/root" --arch="$arch" "$out" ;;
esac

# The tree as it is, but for what others have built in it.
mkdir "$work/root/tree"
tar -C "$top" --exclude=./build-tests --exclude=./.git -c . | tar -C "$work/root/tree" -x
cat >"$work/root/build.sh" <<'END'
set -e
cd /tree
if [ -x /usr/share/meson/debcrossgen ]; then
	/usr/share/meson/debcrossgen --arch "$1" -o /cross
else
	meson env2mfile --cross --debarch "$1" -o /cross
fi
printf "[binaries]\nexe_wrapper = 'qemu-%s-static'\n" "$2" >/wrapper
meson setup --cross-file=/cross --cross-file=/wrapper -Dwerror=true /build
meson test -C /build --suite unit --suite fuzz --timeout-multiplier=20 --print-errorlogs
ninja -C /build tests/life/life
qemu-$2-static /build/tests/life/life --steps=50000
END
# shellcheck disable=SC2016 # for the shell inside
unshare --mount --pid --net --fork --kill-child sh -c 'mount -t proc proc "$1/proc" &&
	mount --rbind /dev "$1/dev" && exec env -u TMPDIR PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
	chroot "$1" sh /build.sh "$2" "$3"' sh "$work/root" "$arch" "$cpu"
find "$out" -name '*.deb'

# SPDX-License-Identifier: Apache-2.0
"""Which release the suite runs on: $ECS_PUBIP_RELEASE, or the one that continuous integration has."""

import collections
import os

HOME = "bookworm"
NAME = os.environ.get("ECS_PUBIP_RELEASE") or HOME
ELSEWHERE = NAME != HOME
Release = collections.namedtuple("Release", "systemd suffix kernel renamed")
DEBIAN, UBUNTU = "linux-image-cloud-amd64", "linux-image-virtual"
TIME64 = {"libssl3": "libssl3t64", "libcurl4": "libcurl4t64"}
# Its systemd, the end of our package's version, its kernel for virtual machines, and how packages are called
# that bookworm calls otherwise. The older release first.
RELEASES = {
    "bullseye": Release(247, "~deb11u1", DEBIAN, {"libssl3": "libssl1.1", "systemd-resolved": None}),
    "bookworm": Release(252, "~deb12u1", DEBIAN, {}),
    "trixie": Release(257, "~deb13u1", DEBIAN, TIME64),
    "sid": Release(262, "", DEBIAN, TIME64),
    "jammy": Release(249, "~ubuntu22.04.1", UBUNTU, {"systemd-resolved": None}),
    "noble": Release(255, "~ubuntu24.04.1", UBUNTU, TIME64),
}
if NAME not in RELEASES:
    raise SystemExit("ECS_PUBIP_RELEASE=%s: it is one of %s" % (NAME, ", ".join(RELEASES)))
# What looks at the .rpm, at sources or by tools of this machine, and not at a release.
AT_HOME = {"test_packages", "test_rpm", "test_selinux", "test_templates"}
SYSTEMD = RELEASES[NAME].systemd


def named(packages, release=NAME):
    """Bookworm's names as RELEASE has them, and its kernel."""
    renamed = RELEASES[release].renamed
    return [name for name in (renamed.get(p, p) for p in packages) if name] + [RELEASES[release].kernel]


def kind(name, release=NAME):
    """A name in the cache, so that releases do not push each other out."""
    return name if release == HOME else release + "." + name

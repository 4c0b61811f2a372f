# SPDX-License-Identifier: Apache-2.0
"""Which Debian the suite runs on: $ECS_PUBIP_RELEASE, or the one that continuous integration has."""

import os

HOME = "bookworm"
NAME = os.environ.get("ECS_PUBIP_RELEASE") or HOME
ELSEWHERE = NAME != HOME
# By release: its systemd, and how packages are called there that bookworm calls otherwise.
RELEASES = {
    "bullseye": (247, {"libssl3": "libssl1.1", "systemd-resolved": None}),
    "bookworm": (252, {}),
    "trixie": (257, {"libssl3": "libssl3t64", "libcurl4": "libcurl4t64"}),
}
if NAME not in RELEASES:
    raise SystemExit("ECS_PUBIP_RELEASE=%s: it is one of %s" % (NAME, ", ".join(RELEASES)))
# What looks at the .rpm, at sources or by tools of this machine, and not at a release.
AT_HOME = {"test_packages", "test_rpm", "test_selinux", "test_templates"}
SYSTEMD, RENAMED = RELEASES[NAME]
# The release as it came out: of an old one the security archive has not every file any more.
SOURCES = ["deb http://deb.debian.org/debian %s main" % NAME] if ELSEWHERE else []
# Of another release packaging/build.sh makes the .deb alone, in a root of its own.
BUILD = ["--release=" + NAME] if ELSEWHERE else []


def named(packages):
    """Bookworm's names as this release has them."""
    return [name for name in (RENAMED.get(p, p) for p in packages) if name]


def kind(name):
    """A name in the cache, so that releases do not push each other out."""
    return NAME + "." + name if ELSEWHERE else name

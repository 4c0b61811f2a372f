# SPDX-License-Identifier: Apache-2.0
"""The Debian root and our packages: made once, kept outside the repository.

Both need the network and are made before the tests enter their namespaces.  A name in the cache
holds a hash of what it was made from, so a changed recipe or tree makes a new one.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

from world import outer
from . import cgroup, release

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# The machine test boots the same root: its kernel and cloud-init are in here for that.
PACKAGES = """
systemd systemd-sysv systemd-resolved dbus udev iproute2 procps ca-certificates netbase cloud-init
libcurl4 libcjson1 libexpat1 libinih1 libnl-3-200 libsystemd0 libssl3
apparmor gpg gpg-agent rpm
""".split()
ROOT = os.path.join(TOP, "packaging", "root.sh")
OPTIONS = [
    # a root that a power cut spoils is made again: no fsync per file
    "--dpkgopt=force-confold", "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--customize-hook=rm -f \"$1/etc/apt/apt.conf.d/99mmdebstrap\"; "
    "sed -i /force-unsafe-io/d \"$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap\""]
# In an overlay $3 over $2, which runs $4 with the root as its last argument.
OVERLAY = """
mkdir "$1/root" "$1/work"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$3,workdir=$1/work" "$1/root"
shift 3
exec "$@"
"""
NEEDS = """
cp --remove-destination /etc/resolv.conf root/etc/resolv.conf
mount -t proc proc root/proc
mount --rbind /dev root/dev
exec env -u TMPDIR DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot root \
    sh -ec 'apt-get update; apt-get install -y --no-install-recommends "$@"; apt-get clean' sh "$@"
"""
MAKING = {"root": "a system for the tests, a minute or two", "packages": "our packages",
          "builder": "what the build needs, a minute"}
MINUTES = 15


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = os.path.join(base, "ecs-pubip")
    os.makedirs(path, exist_ok=True)
    return path


@contextlib.contextmanager
def _alone(kind):
    """Suites may run side by side: one at a time makes or forgets things of KIND."""
    with open(os.path.join(cache(), kind + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_once(kind, key, make, name=release.NAME):
    """The folder KIND-KEY of the cache; MAKE(temporary folder) fills it where it is missing."""
    what, kind = MAKING.get(kind), release.kind(kind, name)
    final = os.path.join(cache(), "%s-%s" % (kind, key))
    with _alone(kind):
        if not os.path.isdir(final):
            forget(kind)
            work = use(tempfile.mkdtemp(prefix=kind + ".tmp-", dir=cache()))
            print("making %s, once: %s" % (final, what), flush=True)
            try:
                make(work)
                os.chmod(work, 0o755)
                os.rename(work, final)
            except BaseException:
                remove_tree(work)
                raise
        use(final)
    return final


@contextlib.contextmanager
def scratch(kind):
    """A folder of the cache for this run, on disk rather than in memory; gone with it."""
    with _alone(kind):
        forget(kind)
        path = use(tempfile.mkdtemp(prefix=kind + ".tmp-", dir=cache()))
    try:
        yield path
    finally:
        remove_tree(path)


def forget(kind):
    """What an older recipe made or a killed run left of KIND; not what another run uses now."""
    for name in os.listdir(cache()):
        path = os.path.join(cache(), name)
        if not name.startswith((kind + "-", kind + ".tmp-")):
            continue
        fd = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(path)
        except BlockingIOError:
            pass
        finally:
            os.close(fd)


def use(path):
    """PATH stays as long as this process, or what replaces it by exec, lives."""
    fd = os.open(path, os.O_RDONLY)
    os.set_inheritable(fd, True)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return path


def remove_tree(path):
    subprocess.run(["rm", "-rf", "--one-file-system", path], check=True)


def run(arguments, **options):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=MINUTES * 60, **options)
    if done.returncode != 0:
        raise RuntimeError("%s: exit %d\n%s" % (arguments[0], done.returncode, done.stdout[-4000:]))
    return done.stdout


def run_confined(arguments, folder):
    """What leaves nothing however it, or we, are ended: its processes and mounts go with us, its
    temporary files are in FOLDER."""
    temporary = os.path.join(folder, "tmp")
    os.makedirs(temporary)
    run(["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child",
         "--mount-proc", *arguments], env={**os.environ, "TMPDIR": temporary})
    remove_tree(temporary)


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def root(name=release.NAME):
    """An unpacked release; never written to: tests put a layer over it."""
    options = OPTIONS + ["--include=" + ",".join(release.named(PACKAGES, name))]

    def make(folder):
        tar = os.path.join(folder, "root.tar")
        # as a tar first: mmdebstrap cleans up after itself, with what it mounted. No initrd: the
        # machine test brings its own, and making one takes as long as all the rest
        run_confined(["env", "INITRD=No", ROOT, name, tar, *options], folder)
        run(["tar", "-C", folder, "--exclude=./dev/*", "-xf", tar])
        os.unlink(tar)
    with open(ROOT, encoding="utf-8") as f:
        key = digest(name, f.read(), *options)
    return make_once("root", key, make, name)


def build_needs():
    """Names of the packages that packaging/build.sh installs for a .deb."""
    with open(os.path.join(TOP, "packaging/debian/control"), encoding="utf-8") as f:
        listed = re.search(r"(?ms)^Build-Depends:(.*?)^\S", f.read())[1]
    with open(os.path.join(TOP, "packaging/packages.txt"), encoding="utf-8") as f:
        ours = [line.split("#")[0].strip() for line in f if "# rpm" not in line]
    wanted = [re.split(r"[ :(]", item.strip())[0] for item in listed.split(",") if "<cross>" not in item]
    return sorted({name for name in wanted + ours if name and name != "debhelper-compat"})


def over(lower, upper, arguments):
    """ARGUMENTS, to be run with the overlay of LOWER and UPPER as `root` of the working directory."""
    return ["sh", "-ec", 'cd "$TMPDIR"\n' + OVERLAY, "sh", ".", lower, upper, *arguments]


def builder(name):
    """The layer over the root of NAME in which a .deb can be built without a network."""
    needs, below = build_needs(), root(name)

    def make(folder):
        upper = os.path.join(folder, "upper")
        os.mkdir(upper)
        run_confined(over(below, upper, ["sh", "-ec", NEEDS, "sh", *needs]), folder)
    return make_once("builder", digest(os.path.basename(below), *needs), make, name)


def tree_files():
    listed = subprocess.run(
        ["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        stdout=subprocess.PIPE, check=True).stdout.split(b"\0")
    return sorted(name for name in listed if name and not name.startswith(b"tests/"))


def tree_hash():
    digest = hashlib.sha256()
    for name in tree_files():
        path = os.path.join(os.fsencode(TOP), name)
        if os.path.isfile(path):
            digest.update(name + b"\0")
            with open(path, "rb") as f:
                digest.update(hashlib.sha256(f.read()).digest())
    return digest.hexdigest()[:16]


def packages(name=release.NAME):
    """The folder with the .deb (and, at home, the .rpm) of the present tree, by packaging/build.sh."""
    build = os.path.join(TOP, "packaging", "build.sh")

    def make(folder):
        if name == release.HOME:
            return run_confined([build, folder], folder)
        upper = os.path.join(folder, "upper")
        os.mkdir(upper)
        lower = os.path.join(builder(name), "upper") + ":" + root(name)
        run_confined(over(lower, upper, [build, "--root=root", folder, "deb"]), folder)
        return remove_tree(upper)
    return make_once("packages", tree_hash(), make, name)


def find(folder, suffix, but=()):
    """The one file in FOLDER whose name ends in SUFFIX."""
    names = [n for n in os.listdir(folder) if n.endswith(suffix) and not any(b in n for b in but)]
    if len(names) != 1:
        raise RuntimeError("%d files %s in %s" % (len(names), suffix, folder))
    return os.path.join(folder, names[0])


def newer_deb(deb, folder, version):
    """The same package with a higher VERSION: what an upgrade installs."""
    tree = os.path.join(folder, "newer")
    run(["dpkg-deb", "--raw-extract", deb, tree])
    control = os.path.join(tree, "DEBIAN", "control")
    with open(control, encoding="utf-8") as f:
        lines = ["Version: %s\n" % version if line.startswith("Version:") else line for line in f]
    with open(control, "w", encoding="utf-8") as f:
        f.writelines(lines)
    out = os.path.join(folder, "newer.deb")
    run(["dpkg-deb", "--root-owner-group", "--build", tree, out])
    shutil.rmtree(tree)
    return out


def enter(config, systems=()):
    """The network is used before, and only before, the tests are cut off from it. SYSTEMS: releases whose
    roots and packages are wanted as well."""
    if outer.inside():
        return
    if os.geteuid() != 0:
        pytest.exit("needs root: machines, mounts, namespaces", 4)
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture:
        capture.suspend_global_capture(in_=True)    # what execs keeps the real output
    os.environ["ECS_PUBIP_PACKAGES"] = os.environ.get("ECS_PUBIP_PACKAGES") or packages()
    os.environ["ECS_PUBIP_ROOT"] = os.environ.get("ECS_PUBIP_ROOT") or root()
    for name in systems:
        os.environ["ECS_PUBIP_PACKAGES_" + name] = packages(name)
        os.environ["ECS_PUBIP_ROOT_" + name] = root(name)
    cgroup.sweep()
    outer.enter([sys.executable, "-m", "pytest", *config.invocation_params.args])

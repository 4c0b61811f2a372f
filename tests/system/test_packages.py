# SPDX-License-Identifier: Apache-2.0
"""The packages as files: what is in them, what lintian and rpmlint say, and that both agree."""

import os
import re
import subprocess

import pytest

from system import base, release

DOC = re.compile(r"/usr/share/(doc|licenses)/")
BUILD_ID = re.compile(r"/usr/lib/\.build-id")
# In one package and not in the other, with the reason.
DEB_ONLY = {
    "/etc/apparmor.d/ecs-pubip": "AppArmor is Debian's",
    "/usr/lib/systemd/system/ecs-pubip-reboot-required.path": "/run/reboot-required is Debian's",
    "/usr/lib/systemd/system/ecs-pubip-reboot-required.service": "as above",
    "/usr/share/lintian/overrides/ecs-pubip": "for lintian",
}
RPM_ONLY = {
    "/etc/ecs-pubip/changed.d": "on Debian made by tmpfiles, like the next two",
    "/etc/ecs-pubip/ecs-pubip.conf.d": "as above",
    "/etc/ecs-pubip/credentials": "on Debian made by tmpfiles: dpkg knows no group by name",
    "/var/lib/ecs-pubip": "on Debian made by tmpfiles; here so that erasing removes it",
}
# Compared by content as well; programs differ by the build (strip, build id).
PROGRAM = re.compile(r"/usr/(bin|libexec)/")


def unpack(command, folder, package):
    os.makedirs(folder)
    subprocess.run(command, shell=True, cwd=folder, check=True, env={**os.environ, "PACKAGE": package})
    # Debian 12 still ships units below /lib
    if os.path.isdir(os.path.join(folder, "lib")):
        subprocess.run("cp -a lib/. usr/lib/ && rm -r lib", shell=True, cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def trees(deb, packages, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("packages"))
    rpm = base.find(packages, ".rpm", but=("selinux",))
    return (unpack('dpkg-deb -x "$PACKAGE" .', os.path.join(folder, "deb"), deb),
            unpack('rpm2cpio "$PACKAGE" | cpio -idm --quiet', os.path.join(folder, "rpm"), rpm))


def files(tree):
    """Files and empty folders, as paths from the root; documentation lies where each has it."""
    found = set()
    for folder, folders, names in os.walk(tree):
        for name in names + ([] if names or folders else [""]):
            path = "/" + os.path.relpath(os.path.join(folder, name), tree).rstrip("/")
            if not DOC.match(path) and not BUILD_ID.match(path):
                found.add(path)
    return found


def plain(name):
    """A manual page by its name: distributions compress it differently."""
    return re.sub(r"\.(gz|xz|zst)$", "", name)


def test_same_files(trees):
    deb, rpm = ({plain(f) for f in files(tree)} for tree in trees)
    assert deb - rpm == set(DEB_ONLY) & deb
    assert rpm - deb == set(RPM_ONLY)


def content(path):
    if path.endswith(".gz"):
        return subprocess.run(["gzip", "-dc", path], stdout=subprocess.PIPE, check=True).stdout
    with open(path, "rb") as f:
        return f.read()


def test_same_content_and_mode(trees):
    deb, rpm = trees
    compared = 0
    for name in sorted(files(deb)):
        if name in DEB_ONLY or PROGRAM.match(name):
            continue
        one = deb + name
        other = next(rpm + n for n in files(rpm) if plain(n) == plain(name))
        if os.path.islink(one):
            assert os.readlink(one) == os.readlink(other)
        elif os.path.isfile(one):
            assert content(one) == content(other), name
            assert os.stat(one).st_mode == os.stat(other).st_mode, name
            compared += 1
    assert compared >= 12


def test_programs_are_in_both(trees):
    for tree in trees:
        assert {f for f in files(tree) if PROGRAM.match(f)} == {
            "/usr/bin/ecs-pubip", "/usr/libexec/ecs-pubip-agent", "/usr/libexec/ecs-pubip-cloud",
            "/usr/libexec/ecs-pubip-hooks"}


def test_documentation_is_in_both(trees):
    """The examples and a README, each where its distribution keeps them."""
    for tree in trees:
        names = {n for folder, _, names in os.walk(tree + "/usr/share/doc") for n in names}
        assert {"user-data.yaml", "image.md", "role-policy.json"} <= names
        assert {plain(n) for n in names} >= {"README.md"}


def test_lintian(packages):
    done = subprocess.run(
        ["lintian", "--pedantic", "--display-info", "--allow-root", "--fail-on",
         "error,warning,info,pedantic", base.find(packages, ".changes")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


def test_rpmlint(packages):
    config = os.path.join(base.TOP, "packaging/rpm/rpmlint.toml")
    rpms = [os.path.join(packages, n) for n in os.listdir(packages) if n.endswith(".rpm")]
    done = subprocess.run(
        ["rpmlint", "--config", config, os.path.join(base.TOP, "packaging/rpm/ecs-pubip.spec"), *rpms],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b0 errors, 0 warnings", done.stdout), done.stdout


def test_conffiles(deb):
    """What an administrator changes is kept; what is ours is not in /etc."""
    listed = base.run(["dpkg-deb", "--info", deb, "conffiles"]).split()
    assert listed == ["/etc/apparmor.d/ecs-pubip", "/etc/ecs-pubip/ecs-pubip.conf"]


def test_one_version(deb, packages):
    with open(os.path.join(base.TOP, "meson.build"), encoding="utf-8") as f:
        version = re.search(r"version: '([\d.]+)'", f.read()).group(1)
    said = base.run(["dpkg-deb", "--field", deb, "Version"]).strip()
    assert said == version + "-1" + release.RELEASES[release.HOME].suffix
    rpm = base.find(packages, ".rpm", but=("selinux",))
    assert base.run(["rpm", "-qp", "--qf", "%{VERSION}", rpm]).splitlines()[-1] == version


@pytest.mark.parametrize("family", ["deb", "ubuntu"])
def test_each_release_has_the_higher_version(family):
    """Whoever upgrades the system gets its package; and 0.1.0, which knew no releases, is the lowest."""
    suffixes = [r.suffix for r in release.RELEASES.values() if family in r.suffix]
    versions = ["0.1.0"] + ["0.1.1-1" + suffix for suffix in suffixes] + ["0.1.1-1", "0.1.2-1" + suffixes[0]]
    assert len(versions) >= 5
    for older, newer in zip(versions, versions[1:]):
        base.run(["dpkg", "--compare-versions", older, "lt", newer])


# Names of symbol versions as versions of the library; one without a number is there in each of this soname.
VERSION = re.compile(r"(?:GLIBC|OPENSSL|LIBSYSTEMD|libnl)_([\d._]+)$")
OTHERS = {"GLIBC_ABI_DT_RELR": "2.36", "CURL_OPENSSL_4": "0", "libnl_3": "0"}


def needs(program):
    """(library, version) of each that the loader will look for."""
    library = None
    for line in base.run(["readelf", "-VW", program]).splitlines():
        file, name = re.search(r"File: (\S+)", line), re.search(r"Name: (\S+)", line)
        library = file[1] if file else library
        if library and name:
            numbered = VERSION.match(name[1])
            yield library, numbered[1].replace("_", ".") if numbered else OTHERS[name[1]]


def owners(debian):
    """File name of a library -> its package."""
    found = {}
    info = os.path.join(debian, "var/lib/dpkg/info")
    for name in sorted(os.listdir(info)):
        if name.endswith(".list"):
            with open(os.path.join(info, name), encoding="utf-8") as f:
                found.update({os.path.basename(line.strip()): re.split(r"[:.]", name)[0]
                              for line in f if ".so." in line})
    return found


def test_depends_are_what_the_programs_need(deb, debian, trees):
    """A package that installs where its programs do not start is a lie."""
    depends = dict(re.findall(r"([\w.+-]+) \(>= ([^)]+)\)",
                              base.run(["dpkg-deb", "--field", deb, "Depends"]).replace("t64", "")))
    package_of, looked = owners(debian), 0
    for name in (f for f in files(trees[0]) if PROGRAM.match(f)):
        for library, version in needs(trees[0] + name):
            package = package_of[library]
            base.run(["dpkg", "--compare-versions", depends[package], "ge", version])
            looked += 1
    assert looked >= 15


def test_the_tree_is_not_touched():
    """packaging/build.sh works on a copy: no debian/ and no build folder appear here."""
    assert not os.path.lexists(os.path.join(base.TOP, "debian"))
    done = subprocess.run(["git", "-C", base.TOP, "status", "--porcelain", "--ignored", "packaging"],
                          stdout=subprocess.PIPE, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if line.startswith("!!")
            and "__pycache__" not in line] == []


def test_apparmor_compiles(trees):
    deb, _ = trees
    done = subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", "--warn=all",
                           deb + "/etc/apparmor.d/ecs-pubip"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert "syntax error" not in done.stdout.lower()


def test_apparmor_profiles_are_narrow_and_can_be_widened():
    with open(os.path.join(base.TOP, "packaging/apparmor/ecs-pubip"), encoding="utf-8") as f:
        agent, cloud = re.split(r"(?m)^profile ", f.read())[1:]
    for profile in (agent, cloud):
        assert "include if exists <local/ecs-pubip>" in profile     # dh_apparmor makes the file
    assert re.findall(r"/run/credentials/\S+", agent + cloud) == ["/run/credentials/ecs-pubip-cloud@*/**"]

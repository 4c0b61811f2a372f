# SPDX-License-Identifier: Apache-2.0
"""The units as files: exposure, the floor, what verify says, and the traps that a line can spring."""

import os
import re
import subprocess

import pytest

from system import base, release

FLOOR = 239
# Directives that came after the floor, and with which version (systemd.exec(5) and its neighbours).
NEWER = {
    "ProtectHostname": 242, "RestrictSUIDSGID": 242, "OOMPolicy": 243, "ProtectKernelLogs": 244,
    "ProtectClock": 245, "ProcSubset": 247, "ProtectProc": 247, "LoadCredential": 247,
    "NoExecPaths": 248, "ExecPaths": 248, "PrivateIPC": 248, "SocketBindDeny": 249,
    "RestrictFileSystems": 250, "RestrictNetworkInterfaces": 250,
}
OLD = set("""
Description Documentation DefaultDependencies After Before Conflicts Wants StartLimitIntervalSec
CollectMode AssertPathExists
Type NotifyAccess ExecStart ExecStartPre ExecStopPost ExecReload WorkingDirectory Restart RestartSec RestartPreventExitStatus SuccessExitStatus WatchdogSec
TimeoutStartSec TimeoutStopSec RemainAfterExit RuntimeMaxSec
User Group DynamicUser UMask StandardInput StandardOutput StandardError SyslogIdentifier SyslogLevel LogLevelMax
LimitCORE MemoryMax MemorySwapMax TasksMax
RestrictAddressFamilies IPAddressDeny CapabilityBoundingSet AmbientCapabilities NoNewPrivileges
LockPersonality MemoryDenyWriteExecute PrivateDevices PrivateMounts PrivateNetwork PrivateTmp
PrivateUsers ProtectControlGroups ProtectHome ProtectKernelModules ProtectKernelTunables
ProtectSystem ReadWritePaths TemporaryFileSystem InaccessiblePaths RemoveIPC RestrictNamespaces
RestrictRealtime SystemCallArchitectures SystemCallFilter SystemCallErrorNumber
ListenStream Accept SocketUser SocketGroup SocketMode MaxConnections RemoveOnStop
PathExists Unit WantedBy
""".split())
EXPOSURE = {"ecs-pubip.service": 13, "ecs-pubip-cloud@.service": 15}   # tenths


@pytest.fixture(scope="module")
def tree(deb, tmp_path_factory):
    """The package unpacked, with shells where units want some, so that verify finds all programs."""
    path = str(tmp_path_factory.mktemp("tree"))
    base.run(["dpkg-deb", "--extract", deb, path])
    return path


@pytest.fixture(scope="module")
def units(tree):
    # since Debian 13 below /usr
    return next(path for path in (os.path.join(tree, folder, "lib/systemd/system")
                                  for folder in ("", "usr")) if os.path.isdir(path))


def settings(path):
    """(section, key, value) of a unit file."""
    section = None
    with open(path, encoding="utf-8") as f:
        for line in f.read().replace("\\\n", " ").split("\n"):
            line = line.strip()
            if line.startswith("["):
                section = line.strip("[]")
            elif line and line[0] not in "#;":
                key, _, value = line.partition("=")
                yield section, key, value


def unit_files(units):
    return [os.path.join(folder, name) for folder, _, names in os.walk(units) for name in names]


def values(units, unit, key):
    return [v for _, k, v in settings(os.path.join(units, unit)) if k == key]


def security(path, *options):
    return subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", *options,
                           path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("unit, limit", EXPOSURE.items())
def test_exposure(units, unit, limit, record_property):
    done = security(os.path.join(units, unit), "--threshold=%d" % limit)
    figure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    record_property("exposure", figure.group(1))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit, limit", EXPOSURE.items())
def test_exposure_without_the_bonus_of_an_early_unit(units, unit, limit, tmp_path):
    """DefaultDependencies=no makes systemd-analyze leave some lines out: judged without it too."""
    base.run(["cp", "-r", units + "/.", str(tmp_path)])
    path = str(tmp_path / unit)
    with open(path, encoding="utf-8") as f:
        text = f.read().replace("DefaultDependencies=no\n", "")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    done = security(path, "--threshold=%d" % limit)
    assert done.returncode == 0, done.stdout
    assert "special boot phase" not in done.stdout


def test_verify_has_nothing_to_say(tree, units):
    """Against the package's own tree, so no program of this machine is taken for ours."""
    for name in ("bin/sh", "bin/kill", "bin/systemd-tmpfiles", "usr/bin/setpriv"):
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            f.write("#!\n")
        os.chmod(path, 0o755)
    names = sorted(n for n in os.listdir(units) if os.path.isfile(os.path.join(units, n)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--root=" + tree, *names],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # units of the distribution are not in the tree; what is said of ours must be nothing
    ours = [line for line in done.stdout.splitlines() if "ecs-pubip" in line and "not found" not in line]
    assert ours == []


def test_floor(units):
    """systemd 239 prints "Unknown lvalue" for what it does not know: those lines are kept apart."""
    unknown, misplaced, needless = [], [], []
    for path in unit_files(units):
        apart = os.path.basename(path) == "50-hardening.conf"
        for _, key, _ in settings(path):
            if key not in OLD and key not in NEWER:
                unknown.append((path, key))
            elif key in NEWER and not apart:
                misplaced.append((path, key))
            elif key in OLD and apart:
                needless.append((path, key))
    assert (unknown, misplaced, needless) == ([], [], [])


def test_hardening_names_versions(units):
    """The number over each newer line is the version that brought it."""
    for path in unit_files(units):
        if not path.endswith("50-hardening.conf"):
            continue
        version = None
        with open(path, encoding="utf-8") as f:
            for line in f:
                said = re.match(r"# (2\d\d)\b", line)
                version = int(said.group(1)) if said else version
                key = line.lstrip("#").partition("=")[0]
                if key in NEWER:
                    assert (key, version) == (key, NEWER[key]), path
                    # this release's systemd would complain of what it does not know
                    assert line.startswith("#") == (version > release.SYSTEMD), (path, line)


@pytest.mark.parametrize("unit, key, wanted", [
    ("ecs-pubip.service", "RestrictAddressFamilies", ["AF_UNIX AF_NETLINK"]),
    ("ecs-pubip.service", "IPAddressDeny", ["any"]),
    ("ecs-pubip.service", "CapabilityBoundingSet", [""]),
    ("ecs-pubip.service", "StartLimitIntervalSec", ["0"]),
    ("ecs-pubip.service", "RestartSec", ["15s"]),
    ("ecs-pubip.service", "RestartPreventExitStatus", ["78"]),
    ("ecs-pubip.service", "RuntimeDirectory", []),      # see ReadWritePaths= there
    ("ecs-pubip.service", "StateDirectory", []),        # see ExecStartPre= there
    ("ecs-pubip.service", "ReadWritePaths", ["-/run/ecs-pubip -/var/lib/ecs-pubip"]),
    ("ecs-pubip.service", "WatchdogSec", ["3min"]),
    ("ecs-pubip.service", "LimitDATA", []),     # see there
    ("ecs-pubip.service", "MemoryMax", ["32M"]),
    ("ecs-pubip.service", "TasksMax", ["8"]),
    ("ecs-pubip.service", "InaccessiblePaths", ["-/dev/shm -/dev/mqueue -/run/lock",
                                                "-/etc/ecs-pubip/credentials"]),
    ("ecs-pubip-cloud@.service", "RestrictAddressFamilies", ["AF_INET AF_INET6"]),
    ("ecs-pubip-cloud@.service", "CapabilityBoundingSet", [""]),
    ("ecs-pubip-cloud@.service", "CollectMode", ["inactive-or-failed"]),
    ("ecs-pubip-cloud@.service", "LimitDATA", []),
    ("ecs-pubip-cloud@.service", "LimitCORE", ["0"]),
    ("ecs-pubip-cloud@.service", "MemorySwapMax", ["0"]),
    ("ecs-pubip-cloud@.service", "MemoryMax", ["64M"]),
    ("ecs-pubip-cloud@.service", "TasksMax", ["16"]),
    ("ecs-pubip-cloud@.service", "RuntimeMaxSec", ["10min"]),
    ("ecs-pubip-cloud@.service", "LogLevelMax", ["notice"]),
    ("ecs-pubip-cloud.socket", "MaxConnections", ["8"]),
    ("ecs-pubip-cloud.socket", "SocketMode", ["0600"]),
    ("ecs-pubip-cloud.socket", "StartLimitIntervalSec", ["0"]),
    ("ecs-pubip-hooks.path", "StartLimitIntervalSec", ["0"]),
    ("ecs-pubip-hooks.service", "StartLimitIntervalSec", ["0"]),
    ("ecs-pubip-online.path", "StartLimitIntervalSec", ["0"]),
    ("ecs-pubip-reboot-required.path", "StartLimitIntervalSec", ["0"]),
    ("ecs-pubip-reboot-required.service", "StartLimitIntervalSec", ["0"]),
    ("ecs-pubip-reboot-required.service", "PrivateMounts", ["yes"]),
    ("ecs-pubip-reboot-required.service", "SystemCallFilter", ["@system-service",
                                                               "~@privileged @resources"]),
    ("ecs-pubip-wait-online.service", "SuccessExitStatus", ["5"]),
])
def test_contract(units, unit, key, wanted):
    assert values(units, unit, key) == wanted


def test_nothing_that_can_hang_comes_first(units):
    """Neither network, names, time nor cloud-init; and no default dependencies, which bring them."""
    for unit in ("ecs-pubip.service", "ecs-pubip-cloud.socket", "ecs-pubip-cloud@.service"):
        first = " ".join(values(units, unit, "After")).split()
        local = {"local-fs.target", "systemd-sysusers.service", "systemd-tmpfiles-setup.service",
                 "apparmor.service", "ecs-pubip-cloud.socket"}
        assert set(first) <= local, unit
        assert values(units, unit, "DefaultDependencies") == ["no"]
        # which also means: nobody else stops them at shutdown
        assert values(units, unit, "Conflicts") == ["shutdown.target"]


def folders(tree):
    """folder → (mode, user), as tmpfiles.d has them; and the service manager's own."""
    found = {}
    with open(os.path.join(tree, "usr/lib/tmpfiles.d/ecs-pubip.conf"), encoding="utf-8") as f:
        for line in f:
            if line[0] in "dD":
                _, path, mode, user, *_ = line.split()
                found[path] = int(mode, 8), user
    return found


def test_sockets_are_given_away_in_folders_of_root_only(tree, units):
    """systemd binds, then says chown(2) of the path, which follows a link: whoever can replace the
    socket in between is given any file of the machine (Socket{User,Group}=)."""
    given = 0
    for path in unit_files(units):
        its = [(key, value) for _, key, value in settings(path)]
        if not path.endswith(".socket") or not {"SocketUser", "SocketGroup"} & {key for key, _ in its}:
            continue
        for key, value in its:
            if not key.startswith("Listen"):
                continue
            given += 1
            folder = os.path.dirname(value)
            mode, user = folders(tree)[folder]
            assert user == "root", folder
            assert mode & 0o1000 or not mode & 0o022, folder
            for other in unit_files(units):     # these chown their folder at each start
                owned = [v for _, k, v in settings(other) if k == "RuntimeDirectory"]
                assert os.path.basename(folder) not in " ".join(owned).split(), other
    assert given == 1


def test_the_agent_outlives_its_socket(units):
    assert values(units, "ecs-pubip.service", "Wants") == ["ecs-pubip-cloud.socket"]
    assert values(units, "ecs-pubip.service", "Requires") == []


def test_no_condition_on_the_machine(units):
    """That this is no ECS instance is for the agent to say, once, with its reason."""
    for path in unit_files(units):
        for _, key, _ in settings(path):
            assert not key.startswith("Condition"), path


def test_the_lines_that_surprise_have_a_reason(units):
    """A comment stands before each of these."""
    surprising = {"ecs-pubip.service": ["DefaultDependencies", "Wants", "StartLimitIntervalSec", "ExecStartPre",
                                        "RestartPreventExitStatus", "WatchdogSec", "UMask",
                                        "ReadWritePaths", "SystemCallErrorNumber",
                                        "MemoryMax"],
                  "ecs-pubip-cloud@.service": ["CollectMode", "LogLevelMax", "User", "RuntimeMaxSec",
                                               "TemporaryFileSystem", "LimitCORE"],
                  "ecs-pubip-cloud.socket": ["DefaultDependencies", "MaxConnections", "ExecStartPre",
                                              "RemoveOnStop"],
                  "ecs-pubip-online.target": ["AssertPathExists"],
                  "ecs-pubip-hooks.service": ["StartLimitIntervalSec", "ExecStart", "ExecStopPost"],
                  "ecs-pubip-reboot-required.service": ["StartLimitIntervalSec", "ExecStart",
                                                        "ExecStopPost", "ReadWritePaths"]}
    for unit, keys in surprising.items():
        with open(os.path.join(units, unit), encoding="utf-8") as f:
            lines = f.read().splitlines()
        for key in keys:
            at = next(i for i, line in enumerate(lines) if line.startswith(key + "="))
            assert lines[at - 1].startswith("#"), (unit, key)

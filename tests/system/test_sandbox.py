# SPDX-License-Identifier: Apache-2.0
"""The sandbox from inside: a probe runs in the very units, in the place of the programs."""

import json
import re

import pytest

from system import release

PYTHON = "/usr/bin/python3"
PROBE = r'''
import ctypes, errno, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
AF_PACKET = 17

def tried(function, *arguments):
    """"" where it worked, else the name of the error."""
    try:
        function(*arguments)
        return ""
    except OSError as error:
        return errno.errorcode[error.errno]

def called(name, *arguments):
    return "" if getattr(libc, name)(*arguments) == 0 else errno.errorcode[ctypes.get_errno()]

def writable():
    """Every folder in which a file can be made."""
    found = []
    for folder, folders, _ in os.walk("/"):
        folders[:] = [f for f in folders if os.path.join(folder, f) not in ("/proc", "/sys")]
        name = os.path.join(folder, "probe-was-here")
        try:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            os.unlink(name)
            found.append(folder)
        except OSError:
            pass
    return found

def listing(path):
    try:
        return os.listdir(path)
    except OSError as error:
        return errno.errorcode[error.errno]

print(json.dumps({
    "sockets": {name: tried(socket.socket, family, kind) for name, family, kind in (
        ("unix", socket.AF_UNIX, socket.SOCK_STREAM), ("inet", socket.AF_INET, socket.SOCK_STREAM),
        ("inet-udp", socket.AF_INET, socket.SOCK_DGRAM),
        ("inet6", socket.AF_INET6, socket.SOCK_STREAM),
        ("netlink", socket.AF_NETLINK, socket.SOCK_RAW), ("packet", AF_PACKET, socket.SOCK_RAW))},
    "writable": writable(),
    "execute": tried(lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)),
    "mount": called("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "unshare": called("unshare", 0x10000000),
    "chown": tried(os.chown, "/etc/hostname", 0, 0),
    "setuid": tried(os.setuid, 0),
    "root-home": listing("/root"),
    "state": listing("/var/lib/ecs-pubip"),
    "credentials": "%o" % (os.stat("/etc/ecs-pubip/credentials").st_mode & 0o777),
    "others": [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()],
    "boot-id": os.path.exists("/proc/sys/kernel/random/boot_id"),
}))
'''


def probe(machine, unit):
    """What the probe says in a copy of UNIT in which nothing but the program is another."""
    text = machine.sh("cat /lib/systemd/system/%s /lib/systemd/system/%s.d/*.conf" % (unit, unit)).stdout
    text = re.sub(r"(?m)^(Type|NotifyAccess|ExecReload|Restart\w*|Watchdog\w*|Timeout\w*|Runtime\w*Sec|"
                  r"StandardInput|StandardOutput|StandardError|LogLevelMax|WantedBy)=.*\n", "", text)
    text = re.sub(r"(?m)^ExecStart=.*$", "Type=oneshot\nExecStart=%s /usr/local/lib/probe.py\n"
                  "StandardOutput=file:/run/probe.out" % PYTHON, text)
    text = re.sub(r"(?m)^ExecPaths=", "ExecPaths=%s " % PYTHON, text)
    machine.sh("cat >/usr/local/lib/probe.py <<'END'\n%s\nEND\n"
               "cat >/run/systemd/system/probe.service <<'END'\n%s\nEND\n"
               "rm -f /run/probe.out; systemctl daemon-reload; systemctl start probe.service"
               % (PROBE, text))
    return json.loads(machine.sh("cat /run/probe.out").stdout)


@pytest.fixture(scope="module")
def ready(module_confirmed):
    return module_confirmed()


@pytest.fixture(scope="module")
def agent(ready):
    _, machine = ready
    machine.systemctl("stop", "ecs-pubip.service")  # its folders are the probe's for a moment
    seen = probe(machine, "ecs-pubip.service")
    machine.systemctl("start", "ecs-pubip.service")
    return seen


@pytest.fixture(scope="module")
def cloud(ready):
    return probe(ready[1], "ecs-pubip-cloud@.service")


def test_agent_has_no_internet_socket(agent):
    assert agent["sockets"] == {"unix": "", "netlink": "", "inet": "EAFNOSUPPORT", "packet": "EAFNOSUPPORT",
                                "inet-udp": "EAFNOSUPPORT", "inet6": "EAFNOSUPPORT"}


def test_agent_writes_to_its_folders_only(agent):
    assert set(agent["writable"]) == {"/run/ecs-pubip", "/run/ecs-pubip/marks", "/var/lib/ecs-pubip"}


def test_cloud_has_internet_sockets_only(cloud):
    assert cloud["sockets"] == {"inet": "", "inet-udp": "", "inet6": "", "unix": "EAFNOSUPPORT",
                                "netlink": "EAFNOSUPPORT", "packet": "EAFNOSUPPORT"}


def test_cloud_writes_nowhere(cloud):
    assert cloud["writable"] == []


def test_cloud_does_not_see_the_state(cloud, agent):
    assert "ledger" in agent["state"]
    assert cloud["state"] == "EACCES"


def test_agent_does_not_see_the_credentials(cloud, agent):
    """Whatever mode and owner somebody gives to the folder: to the agent it is another one."""
    assert (cloud["credentials"], agent["credentials"]) == ("750", "0")


@pytest.mark.parametrize("which", ["agent", "cloud"])
def test_neither_can_do_more(which, request):
    seen = request.getfixturevalue(which)
    assert seen["execute"] == ("EACCES" if release.SYSTEMD >= 248 else "")  # ExecPaths=
    assert seen["mount"] in ("EPERM", "EACCES")
    assert seen["unshare"] == "EPERM"
    assert seen["chown"] in ("EPERM", "EROFS")
    assert seen["setuid"] == "EPERM"
    assert seen["root-home"] in ("EACCES", [])
    assert seen["others"] == []
    assert seen["boot-id"] is False     # hence --boot-id=%b


def status_of(machine, pid):
    text = machine.sh("cat /proc/%d/status" % pid).stdout
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_the_running_agent_is_confined(ready):
    """The real one: no capability, no way to gain one, filtered, small."""
    _, machine = ready
    pid = machine.main_pid()
    seen = status_of(machine, pid)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(seen[name], 16) == 0, name
    assert seen["NoNewPrivs"] == "1" and seen["Seccomp"] == "2"
    assert seen["Uid"].split()[0] != "0"
    limits = machine.sh("cat /proc/%d/limits" % pid).stdout
    assert re.search(r"Max data size +%d +%d " % (16 << 20, 16 << 20), limits), limits


def test_the_running_cloud_process_is_confined(ready):
    one, machine = ready
    one.sim.hold("meta-data/*", name="confined")
    mark = one.sim.mark()
    machine.systemctl("restart", "ecs-pubip.service")
    assert one.sim.wait(timeout=15, since=mark, event="arrival", plane="metadata")
    unit = machine.systemctl("list-units", "ecs-pubip-cloud@*", "--plain", "--no-legend").split()[0]
    pid = machine.main_pid(unit)
    seen = status_of(machine, pid)
    limits = machine.sh("cat /proc/%d/limits" % pid).stdout
    one.sim.release("confined")
    assert int(seen["CapBnd"], 16) == 0 and seen["NoNewPrivs"] == "1" and seen["Seccomp"] == "2"
    assert re.search(r"Max data size +%d +%d " % (48 << 20, 48 << 20), limits), limits
    assert re.search(r"Max core file size +0 +0 ", limits), limits
    agent = status_of(machine, machine.main_pid())
    assert {seen["Uid"].split()[0], agent["Uid"].split()[0]}.isdisjoint({"0"})
    assert seen["Uid"] != agent["Uid"]

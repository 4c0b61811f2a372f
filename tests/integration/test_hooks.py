# SPDX-License-Identifier: Apache-2.0
"""ecs-pubip-hooks, which is root's, against an agent that somebody has taken over."""

import json
import os
import re
import stat
import subprocess
import sys

import pytest

from cli import ID, Agent, status, unconfirmed

FOLDER = "/etc/ecs-pubip/changed.d"
MARKS = "/run/ecs-pubip/marks"
MARK = MARKS + "/changed"
OUT = "/var/log/hooks"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, "packaging", "hooks")
SAYS = "#!/bin/sh\n{ echo %s; /usr/bin/env; } >>" + OUT + "\n"


@pytest.fixture
def agent(machine):
    agent = Agent(machine)
    machine.run(["mkdir", "-p", FOLDER, MARKS])
    yield agent
    agent.close()


def hook(machine, name, text=None, mode=0o755):
    machine.write(FOLDER + "/" + name, text or SAYS % name, mode)


def changed(machine, **options):
    """What the path unit starts at a mark; what it said, and what the hooks left behind."""
    machine.write(MARK, "")
    machine.remove(OUT)
    done = machine.run([machine.program("src/ecs-pubip-hooks")], check=False, **options)
    assert done.returncode == 0         # a failed unit could be started without an end
    return done.stderr, machine.read(OUT) if machine.exists(OUT) else ""


def said(**changes):
    return status(**{"previous_ip": "203.0.113.9", "changed_at": "2026-11-23T02:00:00Z",
                     "change": "assigned", **changes})


def test_environment_is_made_from_nothing(machine, agent):
    agent.say(said())
    hook(machine, "10-env")
    err, out = changed(machine, env={"BASH_ENV": "/evil", "IFS": "x", "ECS_PUBIP_X": "1", "HOME": "/root"})
    assert err == "10-env: done\n"
    own = {"PWD", "_", "SHLVL", "OLDPWD"}       # the shell's
    env = dict(line.split("=", 1) for line in out.splitlines()[1:])
    assert {k: v for k, v in env.items() if k not in own} == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ECS_PUBIP_ADDRESS": "203.0.113.10", "ECS_PUBIP_PREVIOUS": "203.0.113.9",
        "ECS_PUBIP_KIND": "static", "ECS_PUBIP_REASON": "assigned",
        "ECS_INSTANCE_ID": ID, "ECS_REGION_ID": "cn-hangzhou"}
    assert not machine.exists(MARK)


def test_once_for_each_address_and_in_order(machine, agent):
    agent.say(said())
    hook(machine, "20-second")
    hook(machine, "10-fails", "#!/bin/sh\necho first >>%s\nexit 3\n" % OUT)
    err, out = changed(machine)
    assert err == "10-fails: exit status 3\n20-second: done\n"
    assert out.startswith("first\n20-second\n")
    assert changed(machine) == ("", "")                 # the same address, another mark
    agent.say(unconfirmed("waiting", public_ip="203.0.113.11", change="assigned"))
    assert changed(machine) == ("", "")                 # does not work yet
    agent.say(said(public_ip="203.0.113.12", previous_ip="203.0.113.11", change="replaced"))
    out = changed(machine)[1]
    assert "ECS_PUBIP_ADDRESS=203.0.113.12\n" in out and "ECS_PUBIP_REASON=replaced\n" in out
    assert "ECS_PUBIP_PREVIOUS=203.0.113.10\n" in out   # what they were run for, not what they missed
    agent.say(unconfirmed("inspecting", public_ip=None, kind=None, change="lost",
                          previous_ip="203.0.113.12"))
    out = changed(machine)[1]
    assert "ECS_PUBIP_ADDRESS=\n" in out and "ECS_PUBIP_PREVIOUS=203.0.113.12\n" in out
    agent.say(said(public_ip="203.0.113.12", previous_ip=None))     # it came back
    assert "ECS_PUBIP_ADDRESS=203.0.113.12\n" in changed(machine)[1]


def test_a_clone_runs_its_own(machine, agent):
    agent.say(said())
    hook(machine, "10")
    assert changed(machine)[1]
    agent.say(said(instance_id="i-other", previous_ip=None))
    out = changed(machine)[1]
    assert "ECS_INSTANCE_ID=i-other\n" in out and "ECS_PUBIP_PREVIOUS=\n" in out


BAD = [
    "", "{", "x" * 100_000, "\0" * 200, "[]", "null", '{"version":2}',
    said(public_ip="203.0.113.10; id"), said(public_ip="$(id)"), said(public_ip="::1"),
    said(public_ip="203.0.113.10\n"), said(public_ip="0x7f.1"), said(public_ip=3405803786),
    said(previous_ip="203.0.113.9\nLD_PRELOAD=/evil"), said(kind="eip\n"), said(kind="other"),
    said(change="$(id)"), said(instance_id="i-x LD_PRELOAD=/evil.so"), said(instance_id="I-UPPER"),
    said(instance_id="i-" + "x" * 100), said(instance_id=None), said(region_id="../../etc"),
    said(region_id="cn_hangzhou"), said(region_id=""), said(boot_id="a b"),
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_no_status_that_is_none_runs_anything(machine, agent, text):
    agent.say(text)
    hook(machine, "10-env")
    err, out = changed(machine)
    assert out == ""
    assert not machine.exists("/var/lib/ecs-pubip-hooks/stamp")
    assert not machine.exists(MARK)
    assert "evil" not in err and "$(id)" not in err


@pytest.mark.parametrize("trick", ["ln -s /etc/hostname {0}", "mkfifo {0}", "mkdir {0}",
                                   "ln -s /dev/zero {0}"])
def test_a_status_that_is_no_file(machine, agent, trick):
    hook(machine, "10-env")
    machine.run(trick.format("/run/ecs-pubip/status.json"))
    assert changed(machine, timeout=30)[1] == ""


def test_only_what_is_roots_alone_is_run(machine, agent):
    agent.say(said())
    machine.run("id -u nobody")
    hook(machine, "00-good")
    hook(machine, "10-others", mode=0o757)
    hook(machine, "11-group", mode=0o775)
    hook(machine, "12-setuid", mode=0o4755)
    hook(machine, "13-data", mode=0o644)
    hook(machine, "14-not-roots")
    machine.run(["chown", "65534", FOLDER + "/14-not-roots"])
    machine.run("ln -s %s/00-good %s/15-link" % (FOLDER, FOLDER))
    machine.run("mkfifo %s/16-pipe && mkdir %s/17-folder" % (FOLDER, FOLDER))
    hook(machine, "18-dot.sh")
    hook(machine, ".19-hidden")
    err, out = changed(machine, timeout=30)
    assert re.findall(r"^\d\d-\S+$", out, re.M) == ["00-good"]
    told = dict(line.split(": ", 1) for line in err.splitlines())
    assert told.pop("00-good") == "done"
    assert set(told) == {"10-others", "11-group", "12-setuid", "13-data", "14-not-roots", "15-link",
                         "16-pipe", "17-folder", "18-dot.sh"}
    assert all(why.startswith("skipped: ") for why in told.values()), told


@pytest.mark.parametrize("trick", ["chmod 0777 {0}", "chown 65534 {0}",
                                   "mv {0} /etc/elsewhere && ln -s /etc/elsewhere {0}"])
def test_a_folder_of_others_is_not_used(machine, agent, trick):
    agent.say(said())
    hook(machine, "10-env")
    machine.run(trick.format(FOLDER))
    assert changed(machine)[1] == ""


def test_without_hooks_the_first_one_is_still_run(machine, agent):
    agent.say(said())
    assert changed(machine) == ("", "")
    machine.run(["rmdir", FOLDER])
    assert changed(machine) == ("", "")
    hook(machine, "10-late")
    assert changed(machine)[1].startswith("10-late\n")


def test_a_mark_that_cannot_be_removed_keeps_nobody_busy(machine, agent):
    """Somebody else's file must not go in its place either."""
    agent.say(said())
    hook(machine, "10-env")
    machine.write("/etc/victim/changed", "mine")
    machine.run("rmdir %s && ln -s /etc/victim %s" % (MARKS, MARKS))
    process = machine.popen([machine.program("src/ecs-pubip-hooks")], stderr=subprocess.PIPE)
    assert b"cannot be removed" in process.stderr.readline()
    assert process.poll() is None       # it sleeps, and the path unit waits for it
    process.kill()
    process.wait()
    process.stderr.close()
    assert machine.read("/etc/victim/changed") == "mine" and not machine.exists(OUT)


def test_one_that_hangs_is_killed_with_its_children(machine, agent):
    agent.say(said())
    hook(machine, "10-hangs", "#!/bin/sh\nsleep 1000 & sleep 1000\n")
    hook(machine, "20-next")
    err, out = changed(machine, timeout=120)
    assert err == "10-hangs: killed after 60 s\n20-next: done\n" and out.startswith("20-next\n")


# the two examples

ALIYUN = """#!/usr/bin/python3
import json, sys
words = sys.argv[sys.argv.index("alidns") + 1:]
given = dict(zip((w[2:] for w in words[1::2]), words[2::2]))
book = json.load(open("/var/log/book"))
open("/var/log/calls", "a").write(words[0] + "\\n")
if words[0] == "DescribeSubDomainRecords":
    print(json.dumps({"DomainRecords": {"Record": book}}))
elif words[0] == "AddDomainRecord":
    book.append({"RecordId": "2", "Value": given["Value"]})
elif words[0] == "UpdateDomainRecord":
    for r in book:
        if r["RecordId"] == given["RecordId"]:
            assert r["Value"] != given["Value"]     # DomainRecordDuplicate
            r["Value"] = given["Value"]
elif words[0] == "DeleteDomainRecord":
    book = [r for r in book if r["RecordId"] != given["RecordId"]]
json.dump(book, open("/var/log/book", "w"))
"""


def run_example(machine, name, address, previous, **env):
    machine.run([sys.executable if name.endswith("alidns") else "sh", os.path.join(EXAMPLES, name)],
                env={"ECS_PUBIP_ADDRESS": address, "ECS_PUBIP_PREVIOUS": previous,
                     "PATH": "/var/log:/usr/bin:/bin", **env})


def test_the_dns_record_follows(machine):
    machine.write("/var/log/aliyun", ALIYUN, 0o755)
    machine.write("/var/log/book", "[]")

    def values():
        return [r["Value"] for r in json.loads(machine.read("/var/log/book"))]

    for address, previous, wanted in (("203.0.113.10", "", ["203.0.113.10"]),
                                      ("203.0.113.10", "", ["203.0.113.10"]),
                                      ("203.0.113.11", "203.0.113.10", ["203.0.113.11"]),
                                      ("", "203.0.113.11", []), ("", "203.0.113.11", []),
                                      ("203.0.113.12", "203.0.113.11", ["203.0.113.12"])):
        run_example(machine, "50-alidns", address, previous)
        assert values() == wanted
    machine.write("/var/log/book", json.dumps([{"RecordId": "8", "Value": "198.51.100.1"},
                                               {"RecordId": "9", "Value": "203.0.113.12"}]))
    run_example(machine, "50-alidns", "203.0.113.13", "203.0.113.12")
    assert values() == ["198.51.100.1", "203.0.113.13"]        # another machine's record stays


def test_the_allow_list_follows(machine):
    env = {"ALLOW_LIST": "/var/log/list", "ALLOW_RELOAD": "sh -c 'echo x >>/var/log/reloads'"}
    env["ALLOW_RELOAD"] = "touch /var/log/reloaded"
    run_example(machine, "60-allow-list", "203.0.113.10", "", **env)
    assert machine.read("/var/log/list") == "203.0.113.10\n" and machine.exists("/var/log/reloaded")
    machine.write("/var/log/list", "# ours\n198.51.100.1\n203.0.113.10\n")
    run_example(machine, "60-allow-list", "203.0.113.11", "203.0.113.10", **env)
    assert machine.read("/var/log/list") == "# ours\n198.51.100.1\n203.0.113.11\n"
    machine.remove("/var/log/reloaded")
    run_example(machine, "60-allow-list", "203.0.113.11", "203.0.113.10", **env)
    assert not machine.exists("/var/log/reloaded")      # nothing to do, nobody disturbed
    run_example(machine, "60-allow-list", "", "203.0.113.11", **env)
    assert machine.read("/var/log/list") == "# ours\n198.51.100.1\n"


def test_the_examples_are_executable():
    for name in ("50-alidns", "60-allow-list"):
        assert stat.S_IMODE(os.stat(os.path.join(EXAMPLES, name)).st_mode) & 0o111

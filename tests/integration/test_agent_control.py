# SPDX-License-Identifier: Apache-2.0
"""What a person can tell the agent: configuration, reload, hold, resume, restart policy."""

import os
import time

import pytest

from world.inotify import wait_until

from agent import (ALWAYS, MESSAGE, arrivals, asked_changes, assert_confirmed, assert_failed,
                   assert_held, executed)

CONF = "/etc/ecs-pubip/ecs-pubip.conf"
HOLD = "/etc/ecs-pubip/hold"


# configuration

def test_bad_value_ends_with_78_and_names_the_line(make_world):
    world = make_world(config="[Reboot]\n# why not\nLimit=lots\n").start()
    assert world.machine.wait_agent() == 78
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["CONFIG_ERROR"])
    assert entry["MESSAGE"].startswith(CONF + ":3:") and entry["PRIORITY"] == "3"
    assert CONF + ":3:" in world.machine.errors()
    assert world.sim.log() == []


def test_unknown_key_is_a_warning(make_world):
    world = make_world(mode="vpc-immediate", config="[Reboot]\nSpeed=high\n[Nonsense]\nA=b\n")
    world.start()
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["CONFIG_WARNING"])
    assert entry["MESSAGE"].startswith(CONF + ":2:") and entry["PRIORITY"] == "4"
    assert_confirmed(world)


def test_help_and_version(machine):
    agent = machine.program("src/ecs-pubip-agent")
    assert "--boot-id" in machine.run([agent, "--help"]).stdout
    assert machine.run([agent, "--version"]).stdout.startswith("ecs-pubip-agent ")
    for wrong in (["--nonsense"], ["word"], ["--boot-id"]):
        assert machine.run([agent, *wrong], check=False).returncode == 2


def test_reload_takes_the_new_configuration(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.set("instance.bandwidth_out", 0)
    world.start()
    assert_failed(world, "Instance.NoBandwidth")
    world.machine.configure("[Address]\nBandwidthOut=5\n")
    mark = world.machine.notifications.mark()
    world.machine.reload()
    heard = world.machine.wait_notified(RELOADING="1", since=mark)
    assert int(heard["MONOTONIC_USEC"]) > 0
    assert world.machine.wait_notified(READY="1", since=mark)
    assert_confirmed(world)
    assert "ModifyInstanceNetworkSpec" in executed(world)


def test_reload_reaches_the_cloud_process_too(make_world):
    """The one that is connected has read the old configuration: no question is put to it again."""
    world = make_world(mode="vpc-immediate", config="[Cloud]\nRole=nobody\n").start()
    assert_failed(world, "Metadata.NoRole")
    world.machine.configure("")
    mark = len(world.sim.log(plane="metadata"))
    world.machine.reload()
    assert_confirmed(world)
    later = world.sim.log(plane="metadata")[mark:]
    assert not [r for r in later if r["path"].endswith("/nobody")]


def test_reload_with_a_bad_configuration_keeps_the_old_one(make_world):
    world = make_world(mode="vpc", config="[Reboot]\nPolicy=never\nGrace=1s\n")
    world.start()
    assert world.machine.wait_phase("confirming")
    world.machine.configure("[Reboot]\nPolicy=sometimes\n")
    mark = world.machine.notifications.mark()
    world.machine.reload()
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["CONFIG_ERROR"])
    assert CONF + ":2:" in entry["MESSAGE"]
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["RELOADED"])
    assert "old" in entry["MESSAGE"] and entry["PRIORITY"] == "4"
    assert world.machine.wait_notified(READY="1", since=mark)
    assert world.machine.agent.poll() is None
    assert_failed(world, "Reboot.Never", timeout=90)
    assert executed(world) == ["AllocatePublicIpAddress"]


def test_reload_with_a_bad_configuration_blinds_nobody(make_world):
    """Confirmed; every cloud process from now on reads the bad file, and goes on looking."""
    world = make_world(mode="vpc-immediate").start()
    assert_confirmed(world)
    world.machine.configure("[Reboot]\nPolicy=sometimes\n")
    world.machine.reload()
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["CONFIG_ERROR"])
    assert wait_no_cloud_process(world)
    mark = world.sim.mark()
    assert world.machine.cli("resume").returncode == 0
    assert world.sim.wait_request(plane="metadata", since=mark)
    assert_confirmed(world, fault=None)


def test_no_change_under_a_bad_configuration(make_world):
    """Half-edited and not reloaded: only the cloud process knows, and refuses the call."""
    world = make_world(mode="vpc-immediate")
    world.sim.set("instance.bandwidth_out", 0)
    world.start()
    assert_failed(world, "Instance.NoBandwidth")
    assert wait_no_cloud_process(world)
    world.machine.configure("[Address]\nStrategy=sta")
    world.sim.set("instance.bandwidth_out", 5)
    assert world.machine.cli("resume").returncode == 0
    status = assert_failed(world, "Cloud.Config")
    assert CONF + ":2" in status["fault"]["message"]
    assert executed(world) == []
    world.machine.configure("[Address]\nStrategy=static\n")
    world.machine.reload()
    assert_confirmed(world)


def wait_no_cloud_process(world, timeout=20):
    end = time.monotonic() + timeout
    while world.machine.cloud_pids() and time.monotonic() < end:
        time.sleep(0.1)
    return not world.machine.cloud_pids()


# hold and resume

def test_hold_before_the_change_and_resume(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.hold("DescribeInstances")
    world.start()
    assert world.sim.wait_arrival("DescribeInstances")
    assert world.machine.cli("hold").returncode == 0
    assert world.machine.status()["phase"] == "held"
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["HELD"])
    assert world.machine.read(HOLD).split()[0] == world.sim.get("instance.id")
    world.sim.release()
    assert world.sim.wait_request("DescribeInstances")
    assert_held(world)
    assert asked_changes(world) == []
    assert world.machine.cli("status").returncode == 1
    assert world.machine.cli("resume").returncode == 0
    assert_confirmed(world)
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["RESUMED"])
    assert not world.machine.exists(HOLD) and not world.machine.exists("/run/ecs-pubip/resume")


def test_hold_waits_for_a_call_in_flight(make_world):
    world = make_world(mode="vpc", config=ALWAYS)
    world.sim.hold("AllocatePublicIpAddress")
    world.start()
    assert world.sim.wait_arrival("AllocatePublicIpAddress")
    holding = world.machine.popen([world.machine.program("src/ecs-pubip"), "hold"])
    assert world.machine.wait_file(HOLD)
    assert world.machine.wait_status(lambda s: s["held"])
    assert holding.poll() is None, "hold came back while a changing call was in flight"
    world.sim.release()
    assert holding.wait(20) == 0
    assert_held(world)
    assert executed(world) == ["AllocatePublicIpAddress"]
    assert "RebootInstance" not in asked_changes(world)


def test_hold_survives_a_reboot(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.hold("DescribeInstances")
    world.start()
    assert world.sim.wait_arrival("DescribeInstances")
    assert world.machine.cli("hold").returncode == 0
    world.sim.release()
    assert_held(world)
    mark = world.sim.mark()
    world.machine.reboot()
    assert world.sim.wait_request("DescribeInstances", since=mark)
    assert assert_held(world)["boot_id"] == world.machine.boot_id
    assert asked_changes(world) == []


def test_hold_of_another_instance_is_ignored(make_world):
    world = make_world(mode="vpc-immediate")
    world.machine.write(HOLD, "i-bp1someoneelse 2026-01-01T00:00:00Z\n")
    world.start()
    assert_confirmed(world)
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["HOLD_FOREIGN"])


WHEN = " 2026-01-01T00:00:00Z\n"


@pytest.mark.parametrize("make, says", [
    ("printf '' >%s", "is empty"),
    ("echo - >%s", "no note"),
    ("echo i-bp1gtj >%s", "no note"),               # ours, cut
    ("printf 'i-bp1other0001 2026-01-0' >%s", "no note"),
    ("echo 'I-BP1OTHER0001" + WHEN.strip() + "' >%s", "no note"),
    ("head -c 100000 /dev/zero >%s", "no note"),
    ("mkdir %s", "cannot be read (Is a directory)"),
    ("mkfifo %s", "no regular file"),
    ("ln -s /dev/zero %s", "no regular file"),
    ("ln -s /nowhere %s", "cannot be read (No such file or directory)"),
    ("ln -s hold %s", "cannot be read (Too many levels of symbolic links)"),
], ids=lambda x: x.split("%")[0].strip() if "%" in x else "")
def test_whatever_else_is_there_holds(make_world, make, says):
    """It fails closed, says why, and is let go of by the same command."""
    world = make_world(mode="vpc-immediate")
    world.machine.run(make % HOLD)
    world.start()
    assert world.sim.wait_request("DescribeInstances")
    note = assert_held(world)["note"]
    assert says in note and "`ecs-pubip resume` removes it" in note
    assert asked_changes(world) == []
    assert world.machine.cli("resume").returncode == 0
    assert_confirmed(world)


@pytest.mark.parametrize("make", ["mkdir %s", "mkfifo %s", "ln -s hold %s", "printf '' >%s"])
def test_an_image_is_sealed_without_its_brake(machine, make):
    machine.run(make % HOLD)
    assert machine.cli("seal").returncode == 0
    assert not machine.exists(HOLD)


def test_hold_between_ledger_and_call(make_world):
    """The brake is looked at once more after the write: here it comes while the disk is slow."""
    world = make_world(mode="vpc-immediate")
    world.sim.hold("DescribeInstances")
    # the fsyncs of the write that carries the intent take a second
    world.machine.agent_strace = ["-e", "trace=fsync", "-e", "inject=fsync:delay_enter=700000"]
    world.start()
    assert world.sim.wait_arrival("DescribeInstances")
    world.sim.release()
    ledger = world.machine.path("/var/lib/ecs-pubip")
    assert wait_until(ledger, lambda: _has_intent(world), 20)
    world.machine.write(HOLD, "-\n")
    assert_held(world)
    assert arrivals(world, "AllocatePublicIpAddress") == 0
    assert world.machine.cli("resume", timeout=90).returncode == 0
    assert_confirmed(world, timeout=60)
    assert arrivals(world, "AllocatePublicIpAddress") == 1


def _has_intent(world):
    for name in ("ledger", "ledger.new"):
        path = "/var/lib/ecs-pubip/" + name
        if world.machine.exists(path) and "call=allocate outcome=open" in world.machine.read(path):
            return True
    return False


def test_hold_folder_may_come_later(make_world):
    world = make_world(mode="vpc-immediate")
    world.machine.remove(CONF)
    os.rmdir(world.machine.path("/etc/ecs-pubip"))
    world.sim.hold("DescribeInstances")
    world.start()
    assert world.sim.wait_arrival("DescribeInstances")
    os.mkdir(world.machine.path("/etc/ecs-pubip"))
    world.machine.write(HOLD, "-\n")
    assert world.machine.wait_status(lambda s: s["held"])
    world.sim.release()
    world.machine.remove(HOLD)
    assert_confirmed(world)


def start_as_nobody(world):
    """The agent without root's right to read everything."""
    machine = world.machine
    machine.start_socket()
    machine.run("chmod 711 %s; chmod 666 /run/ecs-pubip/cloud.sock /run/systemd/notify "
                "/run/systemd/journal/socket; chown -R nobody /var/lib/ecs-pubip /run/ecs-pubip "
                "/var/tmp" % machine.folder)
    machine.agent_strace = ["-u", "nobody", "-e", "trace=none"]
    machine.start_agent()


@pytest.mark.parametrize("way", ["unreadable", "no folder"])
def test_hold_folder_is_replaced_in_two_steps(make_world, way):
    """What stands there in between cannot be read or watched: held, and not for longer."""
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    start_as_nobody(world)
    assert_confirmed(world)
    machine.run("mv /etc/ecs-pubip /etc/old")
    machine.run("mkdir -m 700 /etc/ecs-pubip" if way == "unreadable" else "> /etc/ecs-pubip")
    assert machine.wait_status(lambda s: s["held"])
    assert "cannot be read" in machine.status()["note"]
    if way == "unreadable":
        machine.run("chmod 755 /etc/ecs-pubip")
    else:
        machine.run("rm /etc/ecs-pubip; mv /etc/old /etc/ecs-pubip")
    assert machine.wait_status(lambda s: not s["held"])
    machine.write(HOLD, "-\n")             # the new folder is the one that is watched now
    assert machine.wait_status(lambda s: s["held"])


def test_resume_looks_at_the_brake_again(make_world):
    """Neither its folder can be watched nor the one above."""
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    machine.agent_strace = ["-e", "inject=inotify_add_watch:error=ENOSPC:when=1..3"]
    machine.write(HOLD, "-\n")
    world.sim.hold("DescribeInstances")
    world.start()
    assert world.sim.wait_arrival("DescribeInstances")
    assert machine.wait_status(lambda s: s["held"])
    assert machine.wait_journal(lambda e: "brake cannot be watched" in e["MESSAGE"])
    machine.remove(HOLD)
    machine.ask_to_resume()     # this one is watched all the same
    assert machine.wait_status(lambda s: not s["held"])
    world.sim.release()
    assert_confirmed(world)


def test_resume_reads_the_configuration(make_world):
    """The remedy of Heal.Reclaimed, word for word."""
    world = make_world(mode="vpc-immediate", config="[Heal]\nPolicy=alert\n").start()
    assert_confirmed(world)
    world.sim.take_address()
    assert world.machine.cli("resume").returncode == 0
    status = assert_failed(world, "Heal.Reclaimed", timeout=120)
    assert "set [Heal] Policy=reallocate" in status["fault"]["remedy"]
    assert "ecs-pubip resume" in status["fault"]["remedy"]
    world.machine.configure("[Heal]\nPolicy=reallocate\n")
    assert world.machine.cli("resume").returncode == 0
    assert_confirmed(world, timeout=120)
    assert executed(world) == ["AllocatePublicIpAddress"] * 2


# restarts

def test_policy_never_leaves_the_mark(make_world):
    world = make_world(mode="vpc", config="[Reboot]\nPolicy=never\nGrace=1s\n")
    world.start()
    assert world.machine.wait_file("/run/ecs-pubip/reboot-required", timeout=90)
    status = assert_failed(world, "Reboot.Never")
    assert status["next"]["what"] == "reboot"
    assert executed(world) == ["AllocatePublicIpAddress"]
    world.machine.reboot()
    assert_confirmed(world, boot_id=world.machine.boot_id)
    assert not world.machine.exists("/run/ecs-pubip/reboot-required")


# what user-data writes is written by now (test_user_data.py)
NETWORK_STAGE_OVER = '{"v1": {"init": {"finished": 1.5}}}'


ENABLED = "/run/cloud-init/enabled"
LAST_STAGE = "/usr/lib/systemd/system/cloud-final.service"
LAST_LINK = "/etc/systemd/system/cloud-init.target.wants/cloud-final.service"
MASKS = ["/etc/systemd/system/cloud-final.service", "/run/systemd/system/cloud-init.target"]


@pytest.mark.parametrize("files, waits", [
    (["/run/cloud-init/disabled"], False),
    ([ENABLED, "/etc/cloud/cloud-init.disabled"], True),
    ([LAST_LINK], True),
    ([LAST_LINK, "/etc/cloud/cloud-init.disabled"], False),
    ([ENABLED, LAST_STAGE, LAST_LINK], True),
    ([ENABLED, LAST_STAGE], False),             # systemctl disable: the generator heeds it not
    ([ENABLED, LAST_STAGE, LAST_LINK, MASKS[0]], False),
    ([ENABLED, MASKS[1]], False),
])
def test_what_tells_that_cloud_init_is_enabled(make_world, files, waits):
    world = make_world(mode="vpc", config=ALWAYS)
    for name in files:
        if name in MASKS:
            world.machine.run("mkdir -p $(dirname {0}) && ln -s /dev/null {0}".format(name))
        else:
            world.machine.write(name, "")
    world.machine.write("/run/cloud-init/status.json", NETWORK_STAGE_OVER)
    world.start()
    if waits:
        assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["REBOOT_WAITS"])
        assert "RebootInstance" not in asked_changes(world)
    else:
        assert world.sim.wait_request("RebootInstance", timeout=20)
        assert not world.machine.journal.find(MESSAGE_ID=MESSAGE["REBOOT_WAITS"])


def test_cloud_init_that_was_removed(make_world):
    """Not purged: links to its units are left, and nobody will ever write result.json."""
    world = make_world(mode="vpc", config=ALWAYS)
    folder = world.machine.path("/etc/systemd/system/cloud-init.target.wants")
    os.makedirs(folder)
    os.symlink("/usr/lib/systemd/system/no-such-cloud-final.service",
               os.path.join(folder, "cloud-final.service"))
    world.start()
    assert world.sim.wait_request("RebootInstance", timeout=20)
    assert not world.machine.journal.find(MESSAGE_ID=MESSAGE["REBOOT_WAITS"])
    assert not world.machine.journal.find(MESSAGE_ID=MESSAGE["USER_DATA"])

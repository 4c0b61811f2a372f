# SPDX-License-Identifier: Apache-2.0
"""The state folder: other machines' ledgers, damaged ones, full and read-only disks."""

import os
import re

import pytest

from agent import (ALWAYS, LEDGER, MESSAGE, arrivals, asked_changes, assert_confirmed,
                   assert_failed, assert_fails_again, executed, explanation)

STATE = "/var/lib/ecs-pubip"
HEADER = "ecs-pubip-ledger 2\n"


def names(world):
    return sorted(os.listdir(world.machine.path(STATE)))


def aside(world, why):
    found = [n for n in names(world) if n.startswith("ledger.%s-" % why)]
    for name in found:
        assert re.fullmatch(r"ledger\.%s-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(\.\d\d)?" % why, name)
    return found


def confirmed_with_address(make_world, **options):
    world = make_world(mode="vpc-immediate", **options).start()
    assert_confirmed(world)
    assert world.machine.stop_agent() == 0
    return world


def test_cloned_image(make_world):
    """The machine wakes up as another instance: its predecessor's ledger is set aside."""
    world = confirmed_with_address(make_world)
    old, first = world.machine.read(LEDGER), world.sim.get("instance.id")
    same = {name: world.sim.get("instance." + name) for name in ("private_ip", "mac")}
    other = world.sim.add_instance(fields={"takes_effect": "immediate", **same})
    other = other["id"] if isinstance(other, dict) else other
    world.sim.become(identity=other)
    mark = world.sim.mark()
    world.machine.start_agent()
    status = assert_confirmed(world, instance_id=other)
    assert status["allocations"] == 1
    assert asked_changes(world, since=mark) == ["AllocatePublicIpAddress"]
    (name,) = aside(world, "foreign")
    assert world.machine.read(STATE + "/" + name) == old
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["LEDGER_FOREIGN"])
    assert entry["MESSAGE"] == (
        "The ledger is of another instance (%s): this machine was made from its image. It is set "
        "aside and not used" % first)
    assert entry["PRIORITY"] == "4"
    assert explanation("LEDGER_FOREIGN").endswith(
        "Nothing needs to be done. Run `ecs-pubip seal` before an image is made.")


DAMAGE = {
    "truncated": lambda text: text[:len(text) // 2],
    "garbled": lambda text: text.replace("outcome=done", "outcome=\x01one"),
    "edited": lambda text: text.replace("outcome=done", "outcome=refused"),
    "empty": lambda text: "",
    "newer": lambda text: text.replace(HEADER, "ecs-pubip-ledger 3\n"),
    "huge": lambda text: text + "#" * (1 << 20),
    "binary": lambda text: "\x00" * 100,
}


# what a person is told: the entry's id, its sentence, what the catalog says must be done
DAMAGED = ("LEDGER_DAMAGED",
           "The ledger cannot be trusted (%s) and is set aside: for 24 hours no reboot and at most "
           "one allocation",
           "Look for the reason: a full or failing disk, or somebody who edited it. If a restart "
           "is due, restart the machine yourself.")
NEWER = ("LEDGER_NEWER",
         "The ledger was written by a newer version of ecs-pubip, which this one cannot read; it "
         "is set aside (%s): for 24 hours no reboot and at most one allocation. Install that "
         "version again and move the file back while the agent is stopped",
         "If the downgrade was not meant, install the newer version again. If this one has asked "
         "for no change since, also give it its ledger back: `systemctl stop ecs-pubip.service`, "
         "move the file to the name ledger in the same folder, then `systemctl start "
         "ecs-pubip.service`. If the downgrade was meant, nothing needs to be done; if a restart "
         "is due, restart the machine yourself.")


@pytest.mark.parametrize("how", DAMAGE)
def test_damaged_ledger_is_kept_aside_and_costs_the_budget(make_world, how):
    """Law L10: what it knew is unknown, which is not zero."""
    world = confirmed_with_address(make_world)
    lose(world, how)
    text = world.machine.read(LEDGER)
    world.machine.start_agent()
    status = assert_confirmed(world)
    assert status["note"] == "an earlier ledger was set aside: no reboot for 24 h after"
    (name,) = aside(world, "newer" if how == "newer" else "damaged")
    assert world.machine.read(STATE + "/" + name) == text
    assert world.machine.read(LEDGER).startswith(HEADER)
    told = [e for e in world.machine.journal.find() if e["MESSAGE"].startswith("The ledger")]
    message, sentence, remedy = NEWER if how == "newer" else DAMAGED
    assert [e["MESSAGE"] for e in told] == [sentence % name]
    assert told[0]["MESSAGE_ID"] == MESSAGE[message] and told[0]["PRIORITY"] == "4"
    assert explanation(message).endswith(remedy)


def test_ledger_of_a_newer_version_is_given_back(make_world):
    """The remedy that the notice names: what was set aside is whole and can be used again."""
    world = confirmed_with_address(make_world)
    old = world.machine.read(LEDGER)
    world.machine.write(LEDGER, DAMAGE["newer"](old))
    world.machine.start_agent()
    assert assert_confirmed(world)["allocations"] == 0
    assert world.machine.stop_agent() == 0
    (name,) = aside(world, "newer")
    # what stands for the newer version here is one digit
    world.machine.run("sed -i '1s/3$/2/' %s/%s && mv %s/%s %s" % (STATE, name, STATE, name, LEDGER))
    assert world.machine.read(LEDGER) == old
    world.machine.start_agent()
    assert assert_confirmed(world, allocations=1)["note"] is None
    assert names(world) == ["change", "ledger"]


LOSSES = ["truncated", "garbled", "newer", "removed"]
# as in test_two_restarts_are_the_limit, where a ledger that is whole leads to a second restart
DISAGREEING = "[Reboot]\nPolicy=always\nGrace=1s\nLimit=2\n[Confirm]\nTimeout=10s\n"


def lose(world, how):
    if how == "removed":
        world.machine.remove(LEDGER)
        return
    text = world.machine.read(LEDGER)
    damaged = DAMAGE[how](text)
    assert damaged != text
    world.machine.write(LEDGER, damaged)


def assert_not_restarted(world, executed_before):
    """Failed for a person to look at, and not restarted again at his word either."""
    status = world.machine.wait_status(phase="failed", boot_id=world.machine.boot_id, timeout=60)
    assert status, world.machine.status()
    assert status["fault"]["code"] == "Confirm.Metadata"
    assert "a reboot may help" in status["fault"]["remedy"]
    assert_fails_again(world, "Confirm.Metadata")
    assert executed(world) == ["AllocatePublicIpAddress"] + ["RebootInstance"] * executed_before


@pytest.mark.parametrize("how", LOSSES)
def test_no_restart_from_missing_knowledge(make_world, how):
    """Laws L3 and L10: the ledger is lost between allocation and restart."""
    world = make_world(mode="vpc", config=DISAGREEING)
    world.sim.fail("RebootInstance", "InternalError", status=500, times=None)
    world.start()
    assert world.sim.wait_request("RebootInstance")
    world.machine.kill_agent()
    world.sim.clear()
    lose(world, how)
    mark = world.sim.mark()
    world.machine.start_agent()
    assert_not_restarted(world, 0)
    assert arrivals(world, "RebootInstance", since=mark) == 0


@pytest.mark.parametrize("how", LOSSES)
def test_no_second_restart_from_missing_knowledge(make_world, how):
    """Law L10: it is lost while the machine is down for its restart, which does not help."""
    world = make_world(mode="vpc", config=DISAGREEING)
    world.sim.set("instance.takes_effect", "never")
    world.on_reboot = lambda force: world.machine.reboot(force, meanwhile=lambda: lose(world, how))
    world.start()
    assert world.machine.wait_boot(2, timeout=60)
    assert_not_restarted(world, 1)
    assert arrivals(world, "RebootInstance") == 1
    assert len(world.machine.boots.entries) == 2


@pytest.mark.parametrize("how", LOSSES)
def test_restart_that_never_happens_is_forgotten(make_world, how):
    """Accepted, never done, and then the ledger that knew of it is lost: none is asked for."""
    world = make_world(mode="vpc", config=DISAGREEING)
    world.sim.set("reboot.mode", "never")
    world.start()
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["REBOOTING"], timeout=30)
    world.machine.kill_agent()
    lose(world, how)
    world.machine.start_agent()
    assert_not_restarted(world, 1)
    assert arrivals(world, "RebootInstance") == 1


@pytest.mark.parametrize("how", ["garbled", "newer"])
def test_lost_budgets_count_as_spent(make_world, how):
    """Law L10: one allocation is left of three, and no restart, though only one was used."""
    world = make_world(mode="vpc-immediate", config=ALWAYS + "[Heal]\nLimit=3\n")
    world.start()
    assert_confirmed(world)
    assert world.machine.stop_agent() == 0
    mark = world.sim.mark()
    world.sim.set("instance.takes_effect", "restart")
    world.sim.take_address()
    lose(world, how)
    world.machine.start_agent()
    # what was known before is unknown: absence takes two looks, a minute apart
    assert world.sim.wait_request("AllocatePublicIpAddress", since=mark, timeout=150)
    assert_failed(world, "Reboot.LedgerSetAside")
    world.machine.reboot()      # as the remedy says
    assert_confirmed(world, boot_id=world.machine.boot_id)
    assert world.machine.stop_agent() == 0
    world.sim.take_address()
    world.machine.start_agent()
    status = assert_failed(world, "Heal.Limit", timeout=150)
    assert status["phase"] == "failed"
    assert asked_changes(world, since=mark) == ["AllocatePublicIpAddress"]
    assert arrivals(world, "RebootInstance", since=mark) == 0


@pytest.mark.parametrize("what", ["link", "folder", "fifo"])
def test_what_is_no_ledger(make_world, what):
    world = make_world(mode="vpc-immediate")
    world.sim.give_address()
    path = world.machine.path(LEDGER)
    if what == "link":
        world.machine.write("/var/secret", "secret")
        os.symlink("/var/secret", path)
    elif what == "folder":
        os.mkdir(path)
    else:
        os.mkfifo(path)
    world.start()
    assert_confirmed(world)
    assert len(aside(world, "damaged")) == 1
    if what == "link":
        assert world.machine.read("/var/secret") == "secret"


def test_only_the_newest_are_kept_aside(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.give_address()
    kinds = ["foreign", "damaged", "newer"] * 3
    for year, kind in zip(range(2001, 2009), kinds):
        world.machine.write("%s/ledger.%s-%d-01-01T00:00:00Z" % (STATE, kind, year), "old")
    world.machine.write(LEDGER, "no ledger")
    world.start()
    assert_confirmed(world)
    kept = [n for n in names(world) if n.startswith("ledger.")]
    left = sorted(kept, key=lambda n: n.partition("-")[2])
    assert len(left) == 5
    assert left[:4] == ["ledger.%s-%d-01-01T00:00:00Z" % (kind, year)
                        for year, kind in zip(range(2005, 2009), kinds[4:])]
    assert left[4] in aside(world, "damaged")
    assert world.machine.read(STATE + "/" + left[4]) == "no ledger"


def fill(machine):
    machine.run("mount -t tmpfs -o size=64k none " + STATE)
    machine.run("head -c 100000 /dev/zero >%s/filler 2>/dev/null || :" % STATE)


def make_read_only(machine):
    machine.run("mount -t tmpfs none %s && mount -o remount,ro %s" % (STATE, STATE))


@pytest.mark.parametrize("spoil, repair, why", [
    (fill, "rm %s/filler" % STATE, "No space left on device"),
    (make_read_only, "mount -o remount,rw " + STATE, "Read-only file system")],
    ids=["full", "read-only"])
def test_no_changing_call_without_a_ledger(make_world, spoil, repair, why):
    """Law L2, with the reason in status; once it can be written, the job goes on."""
    world = make_world(mode="vpc-immediate")
    spoil(world.machine)
    world.start()
    status = assert_failed(world, "Ledger.NotWritable")
    assert asked_changes(world) == []
    sentence = "The ledger cannot be written, and without it nothing may be changed"
    remedy = ("Make /var/lib/ecs-pubip writable and free some space there, then run `ecs-pubip "
              "resume`")
    assert status["fault"]["message"] == why
    assert (status["fault"]["sentence"], status["fault"]["remedy"]) == (sentence, remedy)
    assert status["note"] == "the ledger cannot be written, so nothing is changed"
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["FAILED"])
    assert entry["MESSAGE"] == "A person must act: %s: %s (Ledger.NotWritable). %s" % (
        sentence, why, remedy)
    seen = " ".join(world.machine.cli("status").stdout.split())
    assert sentence in seen and remedy in seen and why in seen
    world.machine.run(repair)
    assert world.machine.cli("resume").returncode == 0
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress"]


def test_a_confirmed_instance_outlives_a_full_disk(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.give_address()
    fill(world.machine)
    world.start()
    status = assert_confirmed(world)
    assert "ledger" in status["note"]


def test_unreadable_ledger_is_not_written_over(make_world):
    """EIO at reading is no proof that there is nothing: no changing call, and it is left alone."""
    world = make_world(mode="vpc-immediate")
    world.machine.write(LEDGER, "whatever\n")
    world.machine.agent_strace = ["-e", "trace=openat", "-P", LEDGER, "-P", "ledger",
                                  "-e", "inject=openat:error=EIO:when=1"]
    world.start()
    assert_failed(world, "Ledger.NotWritable")
    assert asked_changes(world) == []
    assert world.machine.read(LEDGER) == "whatever\n"
    # the remedy: the disk is well again; status 1 makes the unit start the agent anew
    assert world.machine.cli("resume").returncode == 0
    assert world.machine.wait_agent() == 1
    assert world.machine.wait_journal(lambda e: "can be read again" in e["MESSAGE"])
    world.machine.agent_strace = None
    world.machine.start_agent()
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["LEDGER_DAMAGED"])
    assert len(aside(world, "damaged")) == 1


def test_resume_while_the_ledger_cannot_be_read(make_world):
    """Not yet well again: the agent stays, and says the same as before."""
    world = make_world(mode="vpc-immediate")
    world.machine.write(LEDGER, "whatever\n")
    world.machine.agent_strace = ["-e", "trace=openat", "-P", LEDGER, "-P", "ledger",
                                  "-e", "inject=openat:error=EIO"]
    world.start()
    assert_failed(world, "Ledger.NotWritable")
    assert world.machine.cli("resume").returncode == 0
    assert_failed(world, "Ledger.NotWritable")
    assert world.machine.agent.poll() is None
    assert world.machine.read(LEDGER) == "whatever\n"


def test_state_folder_that_comes_later(make_world):
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    machine.run("rmdir {0} && touch {0}".format(STATE))
    world.start()
    assert_failed(world, "Ledger.NotWritable")
    assert asked_changes(world) == []
    machine.run("rm %s" % STATE)
    machine.reload()
    assert machine.wait_agent() == 1
    machine.start_agent()
    assert_confirmed(world)


def test_second_agent_says_so_and_leaves(make_world):
    world = make_world(mode="vpc-immediate").start()
    first = world.machine.agent
    assert_confirmed(world)
    mark = world.sim.mark()
    world.machine.start_agent()
    assert world.machine.wait_agent() == 75
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["ANOTHER_AGENT"])
    assert first.poll() is None
    assert world.sim.log(since=mark) == []
    world.machine.agent = first
    assert world.machine.cli("status").returncode == 0


def test_no_boot_id_no_changing_call(make_world):
    world = make_world(mode="vpc")
    world.machine.agent_arguments = ["--boot-id=nonsense"]
    world.start()
    assert_failed(world, "Machine.NoBootId")
    assert asked_changes(world) == []


def test_boot_id_as_the_service_manager_writes_it(make_world):
    """%b has no dashes; /proc has. The same boot must read the same."""
    world = make_world(mode="vpc-immediate")
    world.machine.agent_arguments = ["--boot-id=" + world.machine.boot_id.replace("-", "").upper()]
    world.start()
    assert_confirmed(world, boot_id=world.machine.boot_id)

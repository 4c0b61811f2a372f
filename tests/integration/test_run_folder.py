# SPDX-License-Identifier: Apache-2.0
"""The run folder fails the agent: it is full, read-only or emptied.  What is shown is true or not
there at all, and the job goes on."""

import re
import time

import pytest

from agent import ADDRESS, MESSAGE, assert_confirmed, executed, ledger_entries

RUN = "/run/ecs-pubip"
LOCK = RUN + "/agent.lock"
ONLINE = RUN + "/online"


def troubles(world):
    return [e["MESSAGE"] for e in world.machine.journal.find(MESSAGE_ID=MESSAGE["STATE_FOLDER"])]


def look(world):
    """The agent takes a look at once, and then shows how it is."""
    world.machine.reload()


def wait_seen(world):
    assert world.machine.wait_file(LOCK)
    assert world.machine.wait_phase("confirmed", timeout=30)
    assert world.machine.cli("status").returncode == 0
    assert world.machine.wait_file(ONLINE)      # written after the status


@pytest.fixture
def full(make_world):
    """Confirmed; then not a byte more fits into the run folder."""
    world = make_world(mode="vpc-immediate")
    world.machine.run("mount -t tmpfs -o size=64k,nr_inodes=16 none " + RUN)
    world.start()
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["CONFIRMED"], timeout=30)
    world.machine.run("dd if=/dev/zero of=%s/filler bs=1k count=100 2>&1 || :" % RUN)
    return world


def test_what_is_out_of_date_does_not_stay(full):
    """The words of before are gone, whether or not the new ones find room."""
    assert full.machine.cli("hold").returncode == 0     # room was made by the old words
    assert full.machine.status()["held"] is True
    assert full.machine.cli("resume").returncode == 0
    assert full.machine.status()["held"] is False


def test_not_even_room_for_one_word(full):
    machine = full.machine
    # the pages of the old words are taken as soon as they are free
    machine.run("rm %s/status.json; dd if=/dev/zero of=%s/more bs=1k count=100 2>&1 || :"
                % (RUN, RUN))
    machine.write("/etc/ecs-pubip/hold", "- x\n")
    assert machine.wait_journal(MESSAGE_ID=MESSAGE["STATE_FOLDER"])
    assert "No space left" in troubles(full)[-1]
    done = machine.cli("status")
    assert done.returncode == 1 and "has not said anything yet" in done.stdout
    machine.run("rm %s/filler %s/more /etc/ecs-pubip/hold" % (RUN, RUN))
    assert machine.wait_journal(MESSAGE_ID=MESSAGE["RESUMED"])      # told after the status
    assert machine.status()["held"] is False
    assert len(troubles(full)) == 1


def test_read_only_at_the_start(make_world):
    """The job is done; once the folder can be written, the agent is seen."""
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    machine.start_socket()
    machine.run("mount --bind {0} {0} && mount -o remount,ro,bind {0}".format(RUN))
    machine.start_agent()
    assert machine.wait_notified(lambda n: ADDRESS in n.get("STATUS", "")
                                 and n["STATUS"].startswith("Confirmed"), timeout=30)
    assert executed(world) == ["AllocatePublicIpAddress"]
    assert machine.cli("status").returncode == 4        # nobody can see it
    assert len(troubles(world)) == 1
    machine.run("mount -o remount,rw,bind " + RUN)
    look(world)
    wait_seen(world)
    assert len(troubles(world)) == 1


def test_mark_that_is_taken_away(make_world):
    """reboot-required stays while the restart is due, and only then."""
    world = make_world(mode="vpc", config="[Reboot]\nPolicy=never\nGrace=1s\n").start()
    mark = RUN + "/reboot-required"
    assert world.machine.wait_file(mark, timeout=90)
    world.machine.remove(mark)
    assert world.machine.cli("resume").returncode == 0
    assert world.machine.wait_file(mark)
    assert world.machine.exists(RUN + "/marks/reboot-required")
    assert not world.machine.exists(ONLINE)


def test_emptied_by_somebody(make_world):
    world = make_world(mode="vpc-immediate").start()
    assert_confirmed(world)
    world.machine.run("rm %s/agent.lock %s/status.json %s" % (RUN, RUN, ONLINE))
    assert world.machine.cli("status").returncode == 4
    look(world)
    wait_seen(world)


def wakeups(world):
    text = world.machine.read(RUN + "/metrics.prom")
    return int(re.search(r"^ecs_pubip_wakeups_total (\d+)$", text, re.M).group(1))


def test_our_own_files_do_not_wake_us(make_world):
    """One CheckInterval of a confirmed instance: a timer, a question, an answer, and the status and
    the metrics after each: not every step of their replacing."""
    world = make_world(mode="vpc-immediate", config="[Heal]\nCheckInterval=15s\n").start()
    assert_confirmed(world)
    time.sleep(12)      # the link of the first look is closed by now
    looks = world.sim.mark()
    before = wakeups(world)
    assert world.sim.wait_request(plane="metadata", since=looks, timeout=30)
    time.sleep(5)
    assert wakeups(world) - before <= 10


def test_folder_is_made_anew(make_world):
    """The agent is seen in the new one, and hears of `resume` there."""
    world = make_world(mode="vpc-immediate").start()
    machine = world.machine
    assert_confirmed(world)
    machine.run("rm -rf {0}; mkdir {0}".format(RUN))
    machine.start_socket()
    assert machine.cli("resume").returncode == 0
    wait_seen(world)
    assert machine.agent.poll() is None


def test_folder_is_removed(make_world):
    """Under a service manager the next one is out of reach: it has to be started anew."""
    world = make_world(mode="vpc-immediate").start()
    assert_confirmed(world)
    world.machine.run("rm -rf " + RUN)
    assert world.machine.wait_agent() == 1
    assert "out of the agent's reach" in troubles(world)[-1]


def test_state_folder_is_made_anew(make_world):
    """No inotify tells of it; what was asked for counts on."""
    world = make_world(mode="vpc-immediate")
    world.machine.agent_environment = {"WATCHDOG_USEC": "2000000"}
    world.start()
    assert_confirmed(world)
    world.machine.run("rm -rf {0}; mkdir -m 700 {0}".format("/var/lib/ecs-pubip"))
    assert world.machine.wait_agent() == 1
    assert "is not the folder any more" in troubles(world)[-1]
    assert [e["call"] for e in ledger_entries(world)] == ["allocate"]

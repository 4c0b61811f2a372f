# SPDX-License-Identifier: Apache-2.0
"""A configuration that cloud-init writes after the agent has started: no change before it is read.

An image has the package inside, so the agent is up before cloud-init knows any user-data. What
plays cloud-init here are its files: status.json as a link to a file that its stages replace.
"""

import json
import os
import subprocess

from agent import MESSAGE, asked_changes, assert_confirmed, assert_failed, executed

LINK = "/run/cloud-init/status.json"
DATA = "/var/lib/cloud/data/status.json"
DROP_IN = "/etc/ecs-pubip/ecs-pubip.conf.d/50-user-data.conf"
EIP = "[Address]\nStrategy=eip\nEipTag=pool=web\n"
QUICK = "[Reboot]\nGrace=1s\n"


def stage(machine, **finished):
    """cloud-init writes its status: stages with the time of their end, None while they run."""
    stages = {name.replace("_", "-"): {"errors": [], "start": 1.5, "finished": end}
              for name, end in finished.items()}
    machine.write(DATA + ".tmp", json.dumps({"v1": {"datasource": None, **stages}}))
    os.rename(machine.path(DATA + ".tmp"), machine.path(DATA))


def begin_boot(machine):
    """The generator has run; the stage before the network makes the link."""
    machine.write("/run/cloud-init/enabled", "")
    stage(machine, init_local=2.5, init=None)
    os.symlink("../.." + DATA, machine.path(LINK))


def wait_waiting(machine):
    """It waits, says for what and until when; the brake is a person's, and off."""
    status = machine.wait_status(
        lambda s: s["fault"] and s["fault"]["code"] == "UserData.Waiting" and s["next"],
        phase="waiting", timeout=20)
    assert status and not status["held"], status
    assert machine.wait_journal(MESSAGE_ID=MESSAGE["USER_DATA"])
    return status


def start_waiting(make_world, mode="vpc-immediate"):
    """An instance without an address whose cloud-init is at its network stage."""
    world = make_world(mode=mode, config=QUICK)
    begin_boot(world.machine)
    world.start()
    wait_waiting(world.machine)
    return world


def test_the_first_change_waits_for_the_configuration(make_world):
    """Strategy=eip comes with user-data: no static address is asked for before."""
    world = make_world(mode="vpc-immediate", config=QUICK)
    world.sim.new_eip(tags={"pool": "web"})
    begin_boot(world.machine)
    world.start()
    wait_waiting(world.machine)
    shown = world.machine.cli("status")
    assert shown.returncode == 1 and "Held" not in shown.stdout
    assert "Waiting for user-data before the first change, until 20" in shown.stdout
    assert asked_changes(world) == []
    world.machine.write(DROP_IN, EIP)
    stage(world.machine, init_local=2.5, init=3.5, modules_config=None)
    status = assert_confirmed(world)
    assert (status["kind"], status["held"], status["fault"]) == ("eip", False, None)
    assert executed(world) == ["AssociateEipAddress"]


def test_what_failed_without_it_is_tried_with_it(make_world):
    """Without bandwidth no static address can be had, which the image's configuration asks for."""
    world = make_world(mode="vpc-immediate", config=QUICK)
    world.sim.new_eip(tags={"pool": "web"})
    world.sim.set("instance.bandwidth_out", 0)
    begin_boot(world.machine)
    world.start()
    assert_failed(world, "Instance.NoBandwidth")
    world.machine.write(DROP_IN, EIP)
    stage(world.machine, init_local=2.5, init=3.5)
    assert assert_confirmed(world)["kind"] == "eip"


def test_nothing_new_for_the_agent(make_world):
    """User-data that writes other files: the change is asked for as soon as that is clear."""
    world = start_waiting(make_world)
    stage(world.machine, init_local=2.5, init=3.5)
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress"]
    assert not world.machine.journal.find(MESSAGE_ID=MESSAGE["RELOADED"])


def test_the_link_comes_later_than_the_agent(make_world):
    """The agent may be up before the stage that makes the link."""
    world = make_world(mode="vpc-immediate", config=QUICK)
    world.machine.write("/run/cloud-init/enabled", "")
    stage(world.machine, init_local=1.0, init=2.0)      # of the boot before
    world.start()
    wait_waiting(world.machine)
    os.symlink("../.." + DATA, world.machine.path(LINK))
    assert_confirmed(world)


def test_an_address_that_is_there_waits_for_nothing(make_world):
    """To look does no harm: confirmed at once; and the configuration is read all the same."""
    world = make_world(mode="vpc-immediate", config=QUICK)
    world.sim.give_address()
    begin_boot(world.machine)
    world.start()
    assert_confirmed(world)
    world.machine.write(DROP_IN, "[Heal]\nPolicy=alert\n")
    stage(world.machine, init_local=2.5, init=3.5)
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["RELOADED"])
    assert asked_changes(world) == []
    assert not world.machine.journal.find(MESSAGE_ID=MESSAGE["USER_DATA"])


def test_a_configuration_that_cannot_be_used(make_world):
    """As at a start with it: status 78, and nothing was changed under another one."""
    world = start_waiting(make_world)
    world.machine.write(DROP_IN, "[Address]\nStrategy=elastic\n")
    stage(world.machine, init_local=2.5, init=3.5)
    assert world.machine.wait_agent() == 78
    assert world.machine.journal.find(lambda e: "50-user-data.conf:2" in e["MESSAGE"])
    assert asked_changes(world) == []


def test_one_that_comes_before_the_first_change_is_due(make_world):
    """The instance is not even identified yet; it ends all the same."""
    world = make_world(mode="vpc-immediate", config=QUICK)
    world.sim.hold("meta-data/*", name="gate")
    begin_boot(world.machine)
    world.start()
    assert world.sim.wait(event="arrival", timeout=20, path="meta-data/all")
    world.machine.write(DROP_IN, "[Address]\nStrategy=elastic\n")
    stage(world.machine, init_local=2.5, init=3.5)
    assert world.machine.wait_agent() == 78
    world.sim.release("gate")
    assert asked_changes(world) == []


def test_one_for_an_instance_with_an_address(make_world):
    """Confirmed already: as at a reload, the old one stays and the agent goes on."""
    world = make_world(mode="vpc-immediate", config=QUICK)
    world.sim.give_address()
    begin_boot(world.machine)
    world.start()
    assert_confirmed(world)
    world.machine.write(DROP_IN, "[Address]\nStrategy=elastic\n")
    stage(world.machine, init_local=2.5, init=3.5)
    assert world.machine.wait_journal(lambda e: "old one stays" in e["MESSAGE"])
    assert world.machine.cli("status").returncode == 0


def test_only_the_first_change(make_world):
    """A later one, here the restart, needs no second wait, and neither does a new agent."""
    world = start_waiting(make_world, "vpc")
    stage(world.machine, init_local=2.5, init=3.5)
    world.machine.write("/run/cloud-init/result.json", "{}")
    assert world.machine.wait_boot(2, timeout=30)
    assert_confirmed(world)
    assert len(world.machine.journal.find(MESSAGE_ID=MESSAGE["USER_DATA"])) == 1


def test_a_restart_of_the_agent_forgets_nothing(make_world):
    world = start_waiting(make_world)
    world.machine.kill_agent()
    world.machine.start_agent()
    wait_waiting(world.machine)
    assert asked_changes(world) == []
    stage(world.machine, init_local=2.5, init=3.5)
    assert_confirmed(world)


def test_an_image_that_was_not_sealed(make_world):
    """The ledger is of another instance, so this one's first change is still to come."""
    world = make_world(mode="vpc-immediate", config=QUICK)
    world.start()
    assert_confirmed(world)
    assert world.machine.stop_agent() == 0
    world.sim.become(identity="i-bp1sim0000000000other")
    mark = world.sim.mark()
    begin_boot(world.machine)
    world.machine.start_agent()
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["LEDGER_FOREIGN"])
    wait_waiting(world.machine)
    assert asked_changes(world, since=mark) == []


def test_resume_ends_the_wait(make_world):
    world = start_waiting(make_world)
    assert world.machine.cli("resume").returncode == 0
    assert_confirmed(world)


def wait_as(machine, unit):
    """`ecs-pubip wait` in a unit of that name; its end comes at once, or after its time."""
    machine.write("/run/cgroup", "0::/system.slice/%s\n" % unit)
    return machine.run(["unshare", "-m", "sh", "-c",
                        "mount --bind /run/cgroup /proc/$$/cgroup && exec \"$@\"", "sh",
                        machine.program("src/ecs-pubip"), "wait", "--timeout=3s"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def test_a_step_that_cloud_init_waits_for(make_world):
    """bootcmd: the agent waits for cloud-init's stage, and the stage for `wait`."""
    world = start_waiting(make_world)
    done = wait_as(world.machine, "cloud-init-main.service")
    assert done.returncode == 1 and "This step of cloud-init waits" in done.stdout
    assert "Not confirmed within" not in done.stdout
    done = wait_as(world.machine, "web.service")
    assert done.returncode == 1 and "Not confirmed within 3 s" in done.stdout


def test_plan_knows_of_the_wait(make_world):
    """What comes after it, as the configuration is now."""
    world = start_waiting(make_world)
    done = world.machine.cli("plan")
    assert "Once cloud-init has written the files of user-data" in done.stdout
    assert "AllocatePublicIpAddress" in done.stdout and done.returncode == 1
    assert json.loads(world.machine.cli("plan", "--json").stdout)["awaits_user_data"] is True


def test_the_brake_of_a_person_stays(make_world):
    world = start_waiting(make_world)
    assert world.machine.cli("hold").returncode == 0
    assert world.machine.wait_status(lambda s: s["held"], timeout=20)
    stage(world.machine, init_local=2.5, init=3.5)
    assert world.machine.wait_status(lambda s: s["held"] and not s["fault"], timeout=20)
    assert asked_changes(world) == []

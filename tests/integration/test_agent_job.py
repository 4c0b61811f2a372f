# SPDX-License-Identifier: Apache-2.0
"""The job end to end: three programs, real netlink, verified TLS, a simulated cloud."""

import json
import os
import select

import pytest

from agent import (ADDRESS, ALWAYS, LEDGER, MESSAGE, asked_changes, assert_confirmed,
                   assert_failed, assert_inspected_before_each_change, executed)

KEY, SECRET = "LTAIagenttest0001", "agenttestsecret0001"
STATIC_KEYS = """
[Cloud]
Region=cn-hangzhou
Credentials=static
[Instance]
Id=%s
"""


def test_vpc_restarts_once(make_world):
    world = make_world(mode="vpc", config=ALWAYS).start()
    status = assert_confirmed(world)
    assert world.sim.actions() == ["DescribeInstances", "AllocatePublicIpAddress",
                                   "DescribeInstances", "DescribeInstances", "RebootInstance",
                                   "DescribeInstances"]
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]
    assert_inspected_before_each_change(world)
    assert status["public_ip"] == ADDRESS and status["kind"] == "static"
    assert status["planes"]["kernel"]["interface"] == "eth0"
    assert status["planes"]["kernel"]["address"] == "172.16.0.10"
    assert status["planes"]["metadata"]["address"] == ADDRESS
    assert (status["allocations"], status["reboots"]) == (1, 1)
    assert status["boot_id"] == world.machine.boot_id
    assert len(world.machine.boots.entries) == 2


XML_JOBS = {
    "": ["AllocatePublicIpAddress", "RebootInstance"],
    "[Address]\nBandwidthOut=5\n": ["ModifyInstanceNetworkSpec", "RebootInstance"],
    "[Address]\nStrategy=eip\nEipAllocate=yes\n": ["AllocateEipAddress", "AssociateEipAddress"],
}


@pytest.mark.parametrize("config", XML_JOBS)
def test_gateway_that_only_speaks_xml(make_world, config):
    """Whatever is asked for: each reply of the whole job, not only the refusals."""
    world = make_world(mode="vpc", config=ALWAYS + config)
    world.sim.rule("[A-Z]*", form="xml", times=None)
    if config:
        world.sim.set("instance.bandwidth_out", 0)
    world.start()
    status = assert_confirmed(world)
    assert {request["format"] for request in world.sim.api()} == {"XML"}
    assert executed(world)[:2] == XML_JOBS[config]
    assert status["public_ip"] == world.sim.get("instance.effective_ip")
    assert_inspected_before_each_change(world)


def test_auto_policy_restarts_after_the_grace(make_world):
    world = make_world(mode="vpc", config="[Reboot]\nGrace=1s\n").start()
    assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]


def test_vpc_immediate_never_restarts(make_world):
    world = make_world(mode="vpc-immediate").start()
    status = assert_confirmed(world)
    assert executed(world) == ["AllocatePublicIpAddress"]
    assert world.sim.actions() == ["DescribeInstances", "AllocatePublicIpAddress",
                                   "DescribeInstances"]
    assert (status["allocations"], status["reboots"]) == (1, 0)
    # a job costs at most five metadata requests, and one more for each further look
    assert len(world.sim.log(plane="metadata")) <= 6
    # the changing call has a connection of its own, on the same session
    assert [e["resumed"] for e in world.sim.events(event="tls")] == [False, True]


def test_classic_finds_the_address_on_eth1(make_world):
    world = make_world(mode="classic", config=ALWAYS).start()
    status = assert_confirmed(world)
    assert status["network_type"] == "classic"
    assert status["planes"]["kernel"]["interface"] == "eth1"
    assert status["planes"]["kernel"]["address"] == ADDRESS
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]
    assert_inspected_before_each_change(world)


def test_classic_as_documented_has_no_metadata(make_world):
    """Instance.Id and static keys; the machine is its own witness by its address (law L13)."""
    world = make_world(mode="classic-no-metadata")
    world.sim.add_key(identity=KEY, secret=SECRET)
    world.machine.configure(ALWAYS + STATIC_KEYS % world.sim.get("instance.id"))
    world.machine.write("/etc/ecs-pubip/credentials/access-key-id", KEY, 0o600)
    world.machine.write("/etc/ecs-pubip/credentials/access-key-secret", SECRET, 0o600)
    world.start()
    status = assert_confirmed(world, timeout=60)
    assert status["planes"]["kernel"]["interface"] == "eth1"
    assert executed(world) == ["AllocatePublicIpAddress", "RebootInstance"]


def test_configured_instance_must_be_this_machine(make_world):
    """Law L13: another instance's id in the configuration gets no changing call."""
    world = make_world(mode="classic-no-metadata")
    world.sim.add_key(identity=KEY, secret=SECRET)
    other = world.sim.add_instance(fields={"mac": "00:16:3e:ff:ff:01",
                                           "private_ip": "10.99.99.99"})
    other = other["id"] if isinstance(other, dict) else other
    world.machine.configure(ALWAYS + STATIC_KEYS % other)
    world.machine.write("/etc/ecs-pubip/credentials/access-key-id", KEY, 0o600)
    world.machine.write("/etc/ecs-pubip/credentials/access-key-secret", SECRET, 0o600)
    world.start()
    assert_failed(world, "Instance.NotThisMachine", timeout=60)
    assert asked_changes(world) == []


def test_a_guest_of_the_instance_changes_nothing(make_world):
    """Law L13: a container with a network of its own reaches its host's metadata."""
    world = make_world(mode="vpc-immediate")
    world.machine.run("ip addr flush dev eth0 && ip addr add 172.16.0.77/24 dev eth0 && "
                      "ip route add default via 172.16.0.1 dev eth0")
    world.start()
    status = assert_failed(world, "Instance.NotThisMachine", timeout=60)
    assert asked_changes(world) == []
    assert "172.16.0.77" in json.dumps(status)


def test_hardened_metadata(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.set("metadata.mode", "required")
    world.start()
    assert_confirmed(world)
    looks = world.sim.log(plane="metadata")
    assert all(look["token"] or look["item"] == "api/token" for look in looks)


def test_restart_of_a_confirmed_instance_asks_metadata_alone(make_world):
    """A fleet that reboots costs the account's quota nothing: no API call, no credentials."""
    world = make_world(mode="vpc-immediate").start()
    assert_confirmed(world)
    mark = world.sim.mark()
    world.machine.reboot()
    assert_confirmed(world, boot_id=world.machine.boot_id)
    assert world.sim.actions(since=mark) == []
    looks = [look["item"] for look in world.sim.log(since=mark, plane="metadata")]
    assert len(looks) <= 3 and not any("security-credentials" in item for item in looks)


def test_security_lock_stops_before_any_change(make_world):
    world = make_world(mode="vpc")
    world.sim.set("instance.locks", ["security"])
    world.start()
    status = assert_failed(world, "Instance.Locked")
    assert status["phase"] == "failed" and "security" in status["fault"]["message"]
    assert asked_changes(world) == []
    entry = world.machine.wait_journal(MESSAGE_ID=MESSAGE["FAILED"])
    assert entry["PRIORITY"] == "3" and entry["ECS_ERROR_CODE"] == "Instance.Locked"
    # and when the lock is gone, a person's word is enough
    world.sim.set("instance.locks", [])
    assert world.machine.cli("resume").returncode == 0
    world.sim.set("instance.takes_effect", "immediate")
    assert_confirmed(world)


def test_what_the_service_manager_hears(make_world):
    world = make_world(mode="vpc-immediate").start()
    assert_confirmed(world)
    heard = world.machine.notifications.find()
    assert [n for n in heard if n.get("READY") == "1"]
    states = [n["STATUS"] for n in heard if "STATUS" in n]
    assert all(a != b for a, b in zip(states, states[1:])), "the same status was said twice"
    assert ADDRESS in states[-1]
    mark = world.machine.notifications.mark()
    assert world.machine.stop_agent() == 0
    assert world.machine.wait_notified(STOPPING="1", since=mark)
    assert world.machine.status()["phase"] == "stopped"


def test_the_watchdog_is_fed_from_the_loop(make_world):
    world = make_world(mode="vpc-immediate")
    world.machine.agent_environment = {"WATCHDOG_USEC": "4000000"}
    world.start()
    times = []
    for _ in range(4):
        fed = world.machine.wait_notified(lambda n: not times or n["_TIME"] > times[-1],
                                          WATCHDOG="1", timeout=30)
        assert fed
        times.append(fed["_TIME"])
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert min(gaps) > 0.5 and max(gaps) < 4, gaps      # later, and the manager would kill it


def test_journal_entries_have_their_fields(make_world):
    world = make_world(mode="vpc", config=ALWAYS).start()
    assert_confirmed(world)
    instance = world.sim.get("instance.id")
    asking = world.machine.journal.find(MESSAGE_ID=MESSAGE["ASKING"])
    assert [e["ECS_ACTION"] for e in asking] == ["AllocatePublicIpAddress", "RebootInstance"]
    assert {e["ECS_INSTANCE_ID"] for e in asking} == {instance}
    assert {e["ECS_REGION_ID"] for e in asking} == {"cn-hangzhou"}
    changed = world.machine.journal.find(MESSAGE_ID=MESSAGE["CHANGED"])[0]
    allocate = world.sim.executed("AllocatePublicIpAddress")[0]
    assert changed["ECS_REQUEST_ID"] == allocate["request_id"]
    assert changed["ECS_PUBIP_ADDRESS"] == ADDRESS
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["CONFIRMED"])
    confirmed = world.machine.journal.find(MESSAGE_ID=MESSAGE["CONFIRMED"])
    assert len(confirmed) == 1 and confirmed[0]["ECS_PUBIP_PHASE"] == "confirmed"
    for entry in world.machine.journal.find():
        assert entry["MESSAGE_ID"] in MESSAGE.values()
        assert entry["SYSLOG_IDENTIFIER"] == "ecs-pubip-agent"
        assert "{" not in entry["MESSAGE"] and "[" not in entry["MESSAGE"]


def test_no_secret_leaves_the_cloud_process(make_world):
    """Law L5: looked for in everything that the programs write or show."""
    world = make_world(mode="vpc", config=ALWAYS)
    world.sim.fail("AllocatePublicIpAddress", "SignatureDoesNotMatch", status=400)
    world.start()
    assert_confirmed(world)
    machine = world.machine
    places = {name: machine.read(name) for name in (
        LEDGER, "/run/ecs-pubip/status.json", "/run/ecs-pubip/metrics.prom")}
    places["journal"] = json.dumps(machine.journal.find())
    places["notifications"] = json.dumps(machine.notifications.find())
    places["standard error"] = machine.errors()
    for pid in [machine.agent.pid, *machine.cloud_pids()]:
        for name in ("cmdline", "environ"):
            with open("/proc/%d/%s" % (pid, name), "rb") as f:
                places["%d %s" % (pid, name)] = f.read().decode("utf-8", "replace")
    secrets = world.sim.secrets()
    assert len(secrets) >= 2
    for place, text in places.items():
        for secret in secrets:
            assert secret not in text, "a secret is in %s" % place


def test_online_mark(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.hold("AllocatePublicIpAddress")
    world.start()
    assert world.sim.wait_arrival("AllocatePublicIpAddress")
    assert not world.machine.exists("/run/ecs-pubip/online")
    world.sim.release()
    assert world.machine.wait_file("/run/ecs-pubip/online")
    assert_confirmed(world)


def ticks(pid):
    """Processor time of PID, in hundredths of a second."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_idle_agent_lets_the_cloud_process_go(make_world):
    """And does next to nothing itself until then."""
    world = make_world(mode="vpc-immediate").start()
    assert_confirmed(world)
    before = ticks(world.machine.agent.pid)
    pids = world.machine.cloud_pids()
    for pid in pids:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            assert f.read()
    fds = [os.pidfd_open(pid) for pid in pids]
    try:
        for fd in fds:
            assert select.select([fd], [], [], 15)[0], "the cloud process outlives its use"
    finally:
        for fd in fds:
            os.close(fd)
    assert ticks(world.machine.agent.pid) - before <= 2
    assert world.machine.status()["phase"] == "confirmed"

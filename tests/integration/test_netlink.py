# SPDX-License-Identifier: Apache-2.0
"""The kernel plane through the whole agent; test_kernel.py has the table of networks."""

import os
import re
import signal
import subprocess
import time

import pytest

from agent import ADDRESS, MESSAGE, asked_changes, assert_confirmed
from world.namespace import Namespace

PRIVATE = "172.16.0.10"
METRICS = "/run/ecs-pubip/metrics.prom"


@pytest.fixture
def confirmed(make_world):
    """A VPC instance, confirmed; from here on only netlink can tell that something changed."""
    world = make_world(mode="vpc-immediate")
    world.sim.give_address()
    world.start()
    assert_confirmed(world)
    assert world.machine.wait_notified(lambda n: n.get("STATUS", "").startswith("Confirmed"))
    return world


@pytest.fixture
def classic(make_world):
    world = make_world(mode="classic")
    world.sim.give_address()
    world.machine.reboot()
    world.start()
    status = assert_confirmed(world)
    assert status["planes"]["kernel"]["interface"] == "eth1"
    return world


def kernel_is(world, verdict, timeout=10, **fields):
    def look(status):
        kernel = status["planes"]["kernel"]
        return kernel["verdict"] == verdict and all(kernel.get(k) == v for k, v in fields.items())
    status = world.machine.wait_status(look, timeout)
    assert status, "kernel plane is not %s: %s" % (verdict, world.machine.status()["planes"])
    return status


def counters(world):
    return {name: float(value) for name, value in
            re.findall(r"^(ecs_pubip_\w+) (\S+)$", world.machine.read(METRICS), re.M)}


def switches(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("voluntary")).split()[1])


def batch(world, lines):
    """Many changes by one `ip`; the world's Namespace.ip takes them as arguments."""
    world.machine.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n")


LOSSES = {
    "address": (["addr del 172.16.0.10/24 dev eth0"],
                ["addr add 172.16.0.10/24 dev eth0", "route add default via 172.16.0.1"]),
    "route": (["route del default"], ["route add default via 172.16.0.1"]),
    "link down": (["link set eth0 down"],
                  ["link set eth0 up", "route add default via 172.16.0.1"]),
    "rule": (["rule add from 172.16.0.10 prohibit pref 100"], ["rule del pref 100"]),
    "unicast to blackhole": (["route del default", "route add blackhole default"],
                             ["route del blackhole default",
                              "route add default via 172.16.0.1"]),
}


@pytest.mark.parametrize("what", LOSSES)
def test_loss_and_return(confirmed, what):
    world = confirmed
    lose, give_back = LOSSES[what]
    world.machine.ip(*lose)
    kernel_is(world, "disagrees")
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["DISAGREES"])
    world.machine.ip(*give_back)
    kernel_is(world, "agrees")
    assert_confirmed(world)
    assert asked_changes(world) == []


def test_carrier_lost_far_away(confirmed):
    """The far end goes: the link stays up without carrier, and its route is marked, not removed."""
    world = confirmed
    world.cloud.net.ip("link set gw0 down")
    kernel_is(world, "disagrees")
    world.cloud.net.ip("link set gw0 up", "addr replace 172.16.0.1/24 dev gw0")
    kernel_is(world, "agrees")


def test_route_that_goes_with_another_link(confirmed):
    """No RTM_DELROUTE comes for it: the look after the link event finds it gone."""
    world = confirmed
    world.machine.ip("link set eth0 down", "link set eth0 up")
    status = kernel_is(world, "disagrees")
    assert status["planes"]["kernel"]["address"] == PRIVATE
    world.machine.ip("route add default via 172.16.0.1")
    kernel_is(world, "agrees")


OTHER_WAY = ["link add v0 type veth peer name v1", "link set v1 up", "link set v0 up",
             "addr add 198.51.100.2/24 dev v0",
             "route replace default via 198.51.100.1 dev v0 metric 1024"]


def test_replies_that_leave_by_another_link(confirmed):
    """Unknown, with its name for a person, and the cure works: a confirmed address stays so."""
    world = confirmed
    world.machine.ip(*OTHER_WAY)
    status = kernel_is(world, "unknown", interface="eth0", reason="out: replies leave by v0")
    assert status["phase"] == "confirmed"
    assert "out: replies leave by v0" in world.machine.cli("status").stdout
    assert "out: replies leave by v0" in world.machine.cli("plan").stdout
    assert "ip rule add from 172.16.0.10 lookup TABLE" in " ".join(
        world.machine.cli("doctor").stdout.split())
    world.machine.ip("route add default via 172.16.0.1 dev eth0 table 100",
                     "rule add from 172.16.0.10 lookup 100")
    status = kernel_is(world, "agrees", interface="eth0")
    assert "reason" not in status["planes"]["kernel"]
    assert asked_changes(world) == []


REASONS = {
    "eth0: down": ["link set eth0 down"],
    "no route from 172.16.0.10": ["route del default"],
    "out: rule 100 prohibits": ["rule add from 172.16.0.10 prohibit pref 100"],
    "no link has 172.16.0.10": ["addr del 172.16.0.10/24 dev eth0"],
}


@pytest.mark.parametrize("reason", REASONS)
def test_agent_and_commands_name_what_is_missing(confirmed, reason):
    world = confirmed
    world.machine.ip(*REASONS[reason])
    kernel_is(world, "disagrees", reason=reason)
    for command in ("status", "plan", "doctor"):
        assert reason in world.machine.cli(command).stdout, command
    world.machine.stop_agent()
    # of an address that nobody has named nothing is known, but the way out is asked for
    if reason == "no route from 172.16.0.10":
        assert "no route from here" in world.machine.cli("doctor").stdout


@pytest.mark.parametrize("loss", ["link set v0 down", "link del v0"])
def test_route_that_goes_with_a_link_without_the_address(confirmed, loss):
    """The address is on one link, the way out by another: its loss comes with no other word."""
    world = confirmed
    world.machine.ip(*OTHER_WAY)
    kernel_is(world, "unknown", interface="eth0")
    world.machine.ip(loss)
    kernel_is(world, "disagrees", reason="no route from 172.16.0.10")
    world.machine.ip("route add default via 172.16.0.1")
    kernel_is(world, "agrees")


def test_link_is_renamed(confirmed):
    world = confirmed
    world.machine.ip("link set eth0 down", "link set eth0 name uplink", "link set uplink up",
                     "route add default via 172.16.0.1")
    kernel_is(world, "agrees", interface="uplink")
    assert_confirmed(world)


def test_link_is_replaced(confirmed):
    """Another index, the same address: found by the address, not by name or number."""
    world = confirmed
    far = world.cloud.net
    world.machine.ip("link del eth0")
    kernel_is(world, "disagrees")
    world.machine.ip("link add ens5 address 00:16:3e:0a:0b:0c type veth peer name gw0 netns %d"
                     % far.pid, "link set ens5 up")
    far.ip("link set gw0 up", "addr add 172.16.0.1/24 dev gw0")
    world.machine.ip("addr add 172.16.0.10/24 dev ens5", "route add default via 172.16.0.1")
    kernel_is(world, "agrees", interface="ens5")
    # and the new link is the one that is watched now
    world.machine.ip("link set ens5 down")
    kernel_is(world, "disagrees")


@pytest.mark.parametrize("index", ["free", "taken"])
def test_link_goes_to_another_namespace_and_back(confirmed, index):
    """It leaves as if it were removed, and comes back without address, perhaps by another number."""
    world = confirmed
    machine = world.machine
    number = machine.run("ip -o link show eth0").stdout.split(":")[0]
    other = Namespace("--net").ready()
    try:
        machine.ip("link set eth0 netns %d" % other.pid)
        kernel_is(world, "disagrees")
        if index == "taken":
            machine.ip("link add v0 index %s type veth peer name v1" % number, "link set v0 up")
        # what happens over there is none of the agent's business
        other.ip("link set eth0 up", "addr add 172.16.0.10/24 dev eth0",
                 "route add default via 172.16.0.1")
        other.ip("link set eth0 netns %d" % machine.space.pid)
    finally:
        other.close()
    now = machine.run("ip -o link show eth0").stdout.split(":")[0]
    assert (now == number) == (index == "free")
    told = machine.notifications.mark()
    machine.ip("link set eth0 up", "addr add 172.16.0.10/24 dev eth0",
               "route add default via 172.16.0.1")
    kernel_is(world, "agrees", interface="eth0")
    assert machine.wait_notified(since=told), "agreed before the address was back"
    assert_confirmed(world)
    machine.ip("link set eth0 down")        # and it is watched again
    kernel_is(world, "disagrees")
    assert asked_changes(world) == []


def test_address_moves_to_another_link(confirmed):
    world = confirmed
    world.machine.ip("link add br0 type bridge", "link set br0 up", "link set eth0 master br0",
                     "addr add 172.16.0.10/24 dev br0", "addr del 172.16.0.10/24 dev eth0",
                     "route replace default via 172.16.0.1 dev br0")
    kernel_is(world, "agrees", interface="br0")
    # a port that leaves its bridge is announced by RTM_DELLINK of another family
    world.machine.ip("link set eth0 nomaster")
    world.machine.ip("addr del 172.16.0.10/24 dev br0")
    kernel_is(world, "disagrees")


def test_two_links_with_the_address(confirmed):
    world = confirmed
    world.machine.ip("link add v0 type veth peer name v1", "link set v1 up", "link set v0 up",
                     "addr add 172.16.0.10/32 dev v0")
    world.machine.ip("route del default")       # told after the second address was heard of
    kernel_is(world, "disagrees", interface="eth0")
    world.machine.ip("route add default via 172.16.0.1")
    kernel_is(world, "agrees", interface="eth0")
    world.machine.ip("addr del 172.16.0.10/24 dev eth0")
    kernel_is(world, "disagrees", interface="v0")       # the address is there, the route went
    world.machine.ip("addr add 172.16.0.5/24 dev eth0", "route add default via 172.16.0.1")
    kernel_is(world, "unknown", interface="v0", reason="out: replies leave by eth0")


def test_two_prefixes_of_one_address(confirmed):
    """Of two entries of the same address one goes: it is still there."""
    world = confirmed
    world.machine.ip("addr add 172.16.0.10/32 dev eth0", "addr del 172.16.0.10/24 dev eth0",
                     "route add 172.16.0.1 dev eth0", "route add default via 172.16.0.1")
    kernel_is(world, "agrees", interface="eth0")
    world.machine.ip("addr del 172.16.0.10/32 dev eth0")
    kernel_is(world, "disagrees")


def test_new_lifetimes_are_no_event(confirmed):
    world = confirmed
    journal, told = world.machine.journal.mark(), world.machine.notifications.mark()
    for seconds in range(3600, 3620):
        world.machine.ip("addr change 172.16.0.10/24 dev eth0 valid_lft %d preferred_lft %d"
                         % (seconds, seconds))
    after = time.time()
    world.machine.ip("route del default")      # what comes after them is heard
    kernel_is(world, "disagrees")
    assert world.machine.wait_notified(since=told)["_TIME"] >= after
    assert world.machine.wait_journal(since=journal, MESSAGE_ID=MESSAGE["DISAGREES"])
    assert len(world.machine.journal.find(since=journal, MESSAGE_ID=MESSAGE["DISAGREES"])) == 1


def test_flapping_address_ends_right_and_asks_little(confirmed):
    world = confirmed
    mark = world.sim.mark()
    lines = ["addr del 172.16.0.10/24 dev eth0", "addr add 172.16.0.10/24 dev eth0"] * 200
    batch(world, lines + ["route add default via 172.16.0.1"])
    kernel_is(world, "agrees")
    assert_confirmed(world)
    assert asked_changes(world) == []
    assert len(world.sim.actions(since=mark)) <= 3
    batch(world, lines + lines[:1])
    kernel_is(world, "disagrees")


def test_classic_address_dropped_is_noticed_and_healed(classic):
    world = classic
    world.machine.ip("addr del %s/24 dev eth1" % ADDRESS)
    kernel_is(world, "disagrees")
    assert world.machine.wait_phase("confirming")
    assert world.machine.wait_journal(MESSAGE_ID=MESSAGE["DISAGREES"])
    world.machine.ip("addr add %s/24 dev eth1" % ADDRESS, "route add default via 203.0.113.1")
    assert_confirmed(world)
    assert asked_changes(world) == []       # drift never reboots, and control still shows it


def agent_port(world):
    """The netlink address of the agent's event socket: the one with multicast groups."""
    with open("/proc/%d/net/netlink" % world.machine.agent.pid, encoding="ascii") as f:
        for line in f:
            fields = line.split()
            if fields[1] == "0" and int(fields[3], 16) & 0x51 == 0x51:
                return int(fields[2])
    raise AssertionError("no event socket")


FORGE = """
import socket, struct, sys
port, index = int(sys.argv[1]), int(sys.argv[2])
address = socket.inet_aton("172.16.0.10")
payload = struct.pack("=BBBBI", socket.AF_INET, 24, 0, 0, index)
for kind in (2, 1):
    payload += struct.pack("=HH", 8, kind) + address
message = struct.pack("=IHHII", 16 + len(payload), 21, 0, 0, 0) + payload     # RTM_DELADDR
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
for _ in range(10):
    s.sendto(message, (port, 0))
"""


def test_messages_that_are_not_from_the_kernel_are_ignored(confirmed):
    world = confirmed
    index = world.machine.run("cat /sys/class/net/eth0/ifindex 2>/dev/null || "
                              "ip -o link show eth0 | cut -d: -f1").stdout.split()[-1]
    before = counters(world)["ecs_pubip_kernel_events_total"]
    told = world.machine.notifications.mark()
    world.machine.run(["/usr/bin/python3", "-c", FORGE, str(agent_port(world)), index])
    after = time.time()
    world.machine.ip("route del default")       # an honest event behind the forged ones
    kernel_is(world, "disagrees", address=PRIVATE)
    assert world.machine.wait_notified(since=told)["_TIME"] >= after
    assert counters(world)["ecs_pubip_kernel_events_total"] - before <= 3


def test_many_addresses_cost_nothing(make_world):
    """Dumps are read message by message: 5,000 addresses leave no trace in memory."""
    def peak(n):
        world = make_world(mode="vpc-immediate")
        world.sim.give_address()
        world.machine.ip("link add v0 type veth peer name v1", "link set v0 up")
        if n:
            batch(world, ["addr add 10.%d.%d.%d/32 dev v0" % (1 + i // 62500, i // 250 % 250,
                                                             1 + i % 250) for i in range(n)])
        world.start()
        assert_confirmed(world)
        with open("/proc/%d/status" % world.machine.agent.pid, encoding="ascii") as f:
            peak = int(next(line for line in f if line.startswith("VmHWM")).split()[1])
        world.close()
        return peak
    assert peak(5000) - peak(0) < 300


def churn(n):
    """N unrelated address changes."""
    lines = ["link add v0 type veth peer name v1", "link set v0 up"]
    for i in range(n // 2):
        address = "10.%d.%d.%d/32" % (1 + i // 62500, i // 250 % 250, 1 + i % 250)
        lines += ["addr add %s dev v0" % address, "addr del %s dev v0" % address]
    return lines


def pods():
    """100 links with an address and two routes each, which come and go."""
    lines = []
    for i in range(100):
        lines += ["link add w%d type veth peer name x%d" % (i, i), "link set w%d up" % i,
                  "link set x%d up" % i, "addr add 10.9.%d.1/24 dev w%d" % (i, i),
                  "route add 10.10.%d.0/24 via 10.9.%d.2" % (i, i),
                  "route add 10.11.%d.0/24 via 10.9.%d.2 table 77" % (i, i)]
    return lines + ["link del w%d" % i for i in range(100)]


# What may wake the agent for the loss of its address: the event, the look at routes behind it, six
# looks while confirming and the grace before a restart, each a timer; and two questions to the
# control plane, each with its answer, its connection and its end. One leak in 1,000 changes would
# be 100 more.
WAKES_OF_A_LOSS = 1 + 1 + 6 + 1 + 2 * 3


@pytest.mark.parametrize("lines", [churn(100000), pods()], ids=["addresses", "links and routes"])
def test_unrelated_changes_do_not_wake_the_process(classic, lines):
    """One batch with the loss of the watched address among it: that is noticed at once, and the
    counter of events knows of nothing else."""
    world = classic
    pid = world.machine.agent.pid
    kernel_is(world, "agrees", interface="eth1")
    events = counters(world)["ecs_pubip_kernel_events_total"]
    told = world.machine.notifications.mark()
    before = switches(pid)
    loss = len(lines) // 10
    batch(world, lines[:loss] + ["addr del %s/24 dev eth1" % ADDRESS] + lines[loss:])
    ended, woken = time.time(), switches(pid) - before
    print("woken %d times" % woken)
    kernel_is(world, "disagrees")
    assert world.machine.wait_notified(since=told)["_TIME"] < ended, "noticed after the storm"
    assert woken <= WAKES_OF_A_LOSS
    world.machine.ip("addr add %s/24 dev eth1" % ADDRESS, "route add default via 203.0.113.1")
    assert_confirmed(world)
    # the address and its local route went and came; of a further default route it may not have been
    # told yet. Counters are written after the status.
    assert world.machine.wait_status(
        lambda s: counters(world)["ecs_pubip_kernel_events_total"] >= events + 4)
    assert counters(world)["ecs_pubip_kernel_events_total"] <= events + 5
    assert counters(world)["ecs_pubip_kernel_overruns_total"] == 0


def test_overrun_is_recovered_from(confirmed):
    """The kernel throws events away while the agent does not run: a full look finds out."""
    world = confirmed
    agent = world.machine.agent
    agent.send_signal(signal.SIGSTOP)
    batch(world, ["addr change 172.16.0.10/24 dev eth0 valid_lft %d preferred_lft %d"
                  % (5000 + i, 5000 + i) for i in range(5000)]
          + ["addr del 172.16.0.10/24 dev eth0"])
    agent.send_signal(signal.SIGCONT)
    kernel_is(world, "disagrees")
    # the counters are written after the status
    assert world.machine.wait_status(
        lambda s: counters(world)["ecs_pubip_kernel_overruns_total"] >= 1)
    world.machine.ip("addr add 172.16.0.10/24 dev eth0", "route add default via 172.16.0.1")
    assert_confirmed(world)


@pytest.fixture(scope="session")
def interrupted(tmp_path_factory):
    """A preload that marks the first dumps as interrupted, as the kernel does when things change,
    and refuses filters."""
    source = os.path.join(os.path.dirname(__file__), "interrupted_dump.c")
    target = str(tmp_path_factory.mktemp("interrupted") / "interrupted_dump.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", target, source, "-ldl"], check=True)
    return target


def test_filter_that_is_refused_is_tried_again(make_world, interrupted):
    """For want of memory, say: until it is attached nothing of the address is heard."""
    world = make_world(mode="vpc-immediate")
    world.sim.give_address()
    world.machine.agent_environment = {"LD_PRELOAD": interrupted, "REFUSED_FILTERS": "3"}
    world.start()
    assert_confirmed(world)
    world.machine.ip("addr del 172.16.0.10/24 dev eth0")
    kernel_is(world, "disagrees")


def test_interrupted_dumps_are_unknown(make_world, interrupted):
    """Whether the address is missing a complete dump tells; READY does not wait for one."""
    world = make_world(mode="vpc-immediate")
    world.sim.give_address()
    world.machine.ip("addr del 172.16.0.10/24 dev eth0", "addr add 172.16.0.5/24 dev eth0",
                     "route add default via 172.16.0.1")
    world.machine.agent_environment = {"LD_PRELOAD": interrupted, "INTERRUPTED_DUMPS": "12"}
    world.machine.start_socket()
    begun = time.time()
    world.machine.start_agent()
    ready = world.machine.wait_notified(READY="1", timeout=20)
    kernel_is(world, "unknown", reason="the addresses of this machine cannot be read now")
    kernel_is(world, "disagrees", reason="no link has 172.16.0.10")
    assert ready["_TIME"] - begun < 5


def test_a_local_address_needs_no_dump(make_world, interrupted):
    """However many addresses there are, and however they change."""
    world = make_world(mode="vpc-immediate")
    world.sim.give_address()
    world.machine.agent_environment = {"LD_PRELOAD": interrupted, "INTERRUPTED_DUMPS": "1000000"}
    world.start()
    assert_confirmed(world)
    world.machine.ip("link set eth0 down", "link set eth0 up")
    kernel_is(world, "disagrees")
    world.machine.ip("route add default via 172.16.0.1")
    kernel_is(world, "agrees")

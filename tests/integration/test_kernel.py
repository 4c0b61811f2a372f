# SPDX-License-Identifier: Apache-2.0
"""What the kernel plane says of a network, beside a real TCP connection from the address.

Each row is a machine with eth0, 172.16.0.10/24 and a default route, to which something is done.
The agent's own netlink adapter runs in it (kernel_watch.c): what it was told by events, what one
lookup says and what connections say must be the same.
"""

import itertools
import os
import subprocess
import time

import pytest

from world.cloud import SYSCTLS
from world.namespace import Namespace

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SOURCES = ("tests/integration/kernel_watch.c", "src/agent/netlink.c", "src/agent/netlink_filter.c",
           "src/host/kernel.c", "src/host/kernel_ask.c", "src/host/kernel_links.c",
           "src/host/kernel_parse.c", "src/util/ipv4.c", "src/util/text.c",
           "src/core/engine/verdict.c")
A = "172.16.0.10"
GATEWAY = "172.16.0.1"
# what connections go to, in each half of the address space; all are the far side's
HALVES = (["100.64.7.%d" % n for n in range(1, 5)], ["198.51.100.%d" % n for n in range(71, 75)])
SETTLED = 0.25      # s without a wake-up
PATIENCE = 5.0      # s; carrier is told of within one


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    target = str(tmp_path_factory.mktemp("kernel") / "kernel_watch")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libnl-3.0", "libsystemd"],
                           check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-Isrc", "-Iinclude", "-o", target, *SOURCES,
                    *flags], check=True, cwd=TOP)
    return target


class Plane:
    """Two namespaces with a cable between them, and the watcher in the nearer one."""

    def __init__(self, program, address=A, machine=()):
        self.program = program
        self.near = Namespace("--net", setup=SYSCTLS)
        self.far = Namespace("--net", setup=SYSCTLS)
        self.near.ready()
        self.far.ready()
        self.near.ip("link add eth0 address 00:16:3e:0a:0b:0c type veth peer name gw0 netns %d"
                     % self.far.pid, "link set eth0 up")
        self.far.ip("link set gw0 up", "addr add 172.16.0.1/24 dev gw0",
                    *["addr add %s/32 dev lo" % a for half in HALVES for a in half])
        self.near.ip("addr add 172.16.0.10/24 brd + dev eth0",
                     "route add default via 172.16.0.1 dev eth0 metric 1024")
        self.watcher = self.near.popen([program, "watch", address, *machine],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told = []      # verdicts, as they were told

    def line(self):
        fields = self.watcher.stdout.readline().rstrip("\n").split("|")
        if fields[0] == "facts":
            self.told.append(fields[1])
        return fields

    def settle(self, seconds=SETTLED):
        """(told, now, times woken): once no message has come for so long."""
        self.watcher.stdin.write("settle %d\n" % (seconds * 1000))
        self.watcher.stdin.flush()
        seen = {}
        while "woken" not in seen:
            fields = self.line()
            seen[fields[0]] = fields[1:]
        return seen["told"], seen["now"], int(seen["woken"][0])

    def until(self, verdict):
        """Settled and with that verdict, or as it is when patience ends."""
        end = time.monotonic() + PATIENCE
        woken = 0
        while True:
            told, now, times = self.settle()
            woken += times
            if (told == now and told[0] == verdict) or time.monotonic() > end:
                return told, now, woken

    def do(self, lines):
        """`far …` is done on the other side; `! …` is for the shell; others are ip's."""
        for far, group in itertools.groupby(lines, lambda line: line.startswith("far ")):
            space = self.far if far else self.near
            for shell, part in itertools.groupby(group, lambda line: line.startswith("! ")):
                part = [p.replace("far ", "", 1) if far else p for p in part]
                part = [p.replace("FAR", str(self.far.pid)) for p in part]
                if shell:
                    space.run(["sh", "-ec", "\n".join(p[2:] for p in part)])
                else:
                    space.ip(*part)

    def flows(self):
        """Whether at least one connection in each half reaches the far side."""
        said = self.near.run([self.program, "connect", A, *HALVES[0], *HALVES[1]]).stdout.split()
        n = len(HALVES[0])
        return "reached" in said[:n] and "reached" in said[n:], said

    def close(self):
        self.watcher.stdin.close()
        self.watcher.wait(5)
        self.watcher.stdout.close()
        self.near.close()
        self.far.close()


@pytest.fixture
def plane(program):
    p = Plane(program)
    assert p.until("agrees")[0][0] == "agrees"
    yield p
    p.close()


class Row:
    """What is done, what is done then, and what is right."""

    def __init__(self, *lines, then=(), verdict="agrees", reason="", needs=None, truth=True):
        self.lines, self.then, self.verdict, self.reason = lines, then, verdict, reason
        self.needs = needs      # a kind of link that not every kernel has
        self.truth = truth      # False: connections tell something else, by design


def no(*lines, **options):
    return Row(*lines, verdict="disagrees", **options)


def unknown(*lines, **options):
    return Row(*lines, verdict="unknown", **options)


GONE = "route del default"
DEFAULT = "route add default via 172.16.0.1 dev eth0"
VIA = "via 172.16.0.1 dev eth0"
NO_ROUTE = "no route from 172.16.0.10"
# a cable whose other end is here too: it has carrier, and nobody answers on it
DEAD = ("link add v0 type veth peer name v1", "link set v0 up", "link set v1 up",
        "addr add 10.99.9.2/24 dev v0")
# a second way to the far side
ETH1 = ("link add eth1 type veth peer name gw1 netns FAR", "link set eth1 up",
        "far link set gw1 up", "far addr add 10.99.0.1/24 dev gw1",
        "addr add 10.99.0.2/24 dev eth1")
TUNNEL = ("link add wg0 type ifb", "link set wg0 up", "addr add 10.98.0.2/32 dev wg0")
LEAVE_BY_WG0 = "out: replies leave by wg0"


def moved(link, *, mask=24):
    """The address goes from eth0 to that link, with its route."""
    return ("link set %s up" % link, "addr del 172.16.0.10/24 dev eth0",
            "addr add 172.16.0.10/%d dev %s" % (mask, link))


ROWS = {
    # tables and rules
    "nothing": Row(),
    "table by source": Row(GONE, DEFAULT + " table 100", "rule add from 172.16.0.10 lookup 100"),
    "table by source, main too": Row(DEFAULT + " table 100", "rule add from 172.16.0.10 lookup 100"),
    "table by network": Row(GONE, DEFAULT + " table 100", "rule add from 172.16.0.0/12 lookup 100"),
    "table by everybody's rule": Row(GONE, DEFAULT + " table 100", "rule add pref 1000 lookup 100"),
    "table with a high number": Row(GONE, DEFAULT + " table 70000",
                                    "rule add from 172.16.0.10 lookup 70000"),
    "rule first, its table later": Row(GONE, "rule add from 172.16.0.10 lookup 100",
                                       then=[DEFAULT + " table 100"]),
    "table of another source": no(GONE, DEFAULT + " table 100",
                                  "rule add from 172.16.0.11 lookup 100", reason=NO_ROUTE),
    "table default": Row(GONE, DEFAULT + " table 253"),
    "rules without main": no("rule del pref 32766", reason=NO_ROUTE),
    "rules without main or default": no("rule del pref 32766", "rule del pref 32767",
                                        reason=NO_ROUTE),
    "local table after main": no("rule add pref 40000 lookup local", "rule del pref 0",
                                 reason="in: dropped on eth0"),
    "rule from it: unreachable": no("rule add from 172.16.0.10 unreachable pref 100",
                                    reason="out: rule 100 says unreachable"),
    "rule from it: prohibit": no("rule add from 172.16.0.10 prohibit pref 100",
                                 reason="out: rule 100 prohibits"),
    "rule from it: blackhole": no("rule add from 172.16.0.10 blackhole pref 100",
                                  reason="out: rule 100 is a blackhole"),
    "rule from its network: prohibit": no("rule add from 172.16.0.0/16 prohibit pref 7",
                                          reason="out: rule 7 prohibits"),
    "rule from another: prohibit": Row("rule add from 172.16.0.11 prohibit pref 100"),
    "rule from nearly its network": Row("rule add from 172.16.0.12/30 prohibit pref 100"),
    "rule to the upper half: prohibit": no("rule add to 128.0.0.0/1 prohibit pref 100",
                                           reason="out: rule 100 prohibits"),
    "rule for one network: prohibit": Row("rule add to 192.0.2.0/24 prohibit pref 100"),
    "rule behind main: prohibit": Row("rule add prohibit pref 32800"),
    "rule by mark: prohibit": Row("rule add fwmark 7 prohibit pref 100"),
    "rule by not-mark: prohibit": no("rule add not fwmark 7 prohibit pref 100",
                                     reason="out: prohibited"),
    "rule by incoming link: prohibit": Row("rule add iif eth0 to 192.0.2.0/24 prohibit pref 100"),
    "rule by iif lo: prohibit": no("rule add iif lo prohibit pref 100",
                                   reason="out: rule 100 prohibits"),
    "rule by iif lo, looked up": Row(GONE, DEFAULT + " table 100", "rule add iif lo lookup 100"),
    "rule by user, others'": Row("rule add uidrange 4000-5000 prohibit pref 100"),
    "rule by user, root's": no("rule add uidrange 0-0 prohibit pref 100"),
    "rule by port, others'": Row("rule add ipproto udp prohibit pref 100"),
    "rule: goto over a prohibit": Row("rule add pref 50 goto 200", "rule add pref 100 prohibit",
                                      "rule add pref 200 lookup main"),
    "rule: main without its default": no("rule del pref 32766",
                                         "rule add lookup main suppress_prefixlength 0",
                                         reason=NO_ROUTE),
    "rule: without its default, then all": Row("rule add lookup main suppress_prefixlength 0",
                                               "rule add pref 40000 lookup main"),
    "rule added and taken again": Row("rule add from 172.16.0.10 prohibit pref 100",
                                      then=["rule del pref 100"]),
    "rules flushed": no("! ip rule flush", reason=NO_ROUTE),

    # kinds of routes
    "no route": no(GONE, reason=NO_ROUTE),
    "no route, and back": Row(GONE, then=[DEFAULT]),
    "two defaults, the better one goes": Row(DEFAULT + " metric 50",
                                             then=["route del default metric 50"]),
    "two defaults, the worse one goes": Row(DEFAULT + " metric 50",
                                            then=["route del default metric 1024"]),
    "two defaults, the better one is dead": no(*DEAD, "route add default via 10.99.9.1 dev v0 "
                                               "metric 10", then=["link set v1 down"],
                                               reason="v0: no carrier"),
    "… and dead links are ignored": Row(*DEAD, "! sysctl -qw "
                                        "net.ipv4.conf.all.ignore_routes_with_linkdown=1 "
                                        "net.ipv4.conf.v0.ignore_routes_with_linkdown=1",
                                        "route add default via 10.99.9.1 dev v0 metric 10",
                                        then=["link set v1 down"]),
    "blackhole above": no("route add blackhole default", reason="out: blackhole"),
    "blackhole only": no(GONE, "route add blackhole default", reason="out: blackhole"),
    "prohibit only": no(GONE, "route add prohibit default", reason="out: prohibited"),
    "unreachable only": no(GONE, "route add unreachable default",
                           reason="out: unreachable"),
    "unreachable below": Row("route add unreachable default metric 4278198272"),
    "throw above, and nothing after": no("route add throw default", reason=NO_ROUTE),
    "throw in a table, on to main": Row("route add throw default table 100",
                                        "rule add from 172.16.0.10 lookup 100"),
    "replaced by blackhole": no("route replace blackhole default metric 1024",
                                reason="out: blackhole"),
    "two halves": Row("route add 0.0.0.0/1 " + VIA, "route add 128.0.0.0/1 " + VIA, GONE),
    "the upper half only": no("route add 128.0.0.0/1 " + VIA, GONE,
                              reason="no route from 172.16.0.10 to 0.0.0.0/1"),
    "the lower half only": no("route add 0.0.0.0/1 " + VIA, GONE,
                              reason="no route from 172.16.0.10 to 128.0.0.0/1"),
    "eight parts": Row(*["route add %d.0.0.0/3 %s" % (n * 32, VIA) for n in range(8)], GONE),
    "a full table": Row(*["route add %d.%d.0.0/9 %s" % (n, m, VIA) for n in range(1, 224)
                          for m in (0, 128) if n != 127], GONE),
    "a full table into the void": no(*DEAD, *["route add %d.%d.0.0/9 via 10.99.9.1" % (n, m)
                                              for n in range(1, 224) for m in (0, 128) if n != 127],
                                     "link set v1 down", GONE, reason="v0: no carrier"),
    "networks that are blocked": Row(*["route add blackhole %d.0.0.0/8" % n
                                       for n in (23, 45, 134, 156)]),
    "by the link, without a gateway": Row(GONE, "route add default dev eth0 scope link"),
    "onlink gateway": Row("! ip addr flush dev eth0",
                          "addr add 172.16.0.10/32 dev eth0",
                          "route add default via 172.16.0.1 dev eth0 onlink"),
    "/32 with a route to the gateway": Row("! ip addr flush dev eth0",
                                           "addr add 172.16.0.10/32 dev eth0",
                                           "route add 172.16.0.1 dev eth0",
                                           "route add default via 172.16.0.1"),
    "without the network's route": Row("route del 172.16.0.0/24 dev eth0"),
    "with a realm": Row(GONE, DEFAULT + " realm 5"),
    "with a preferred source": Row(GONE, DEFAULT + " src 172.16.0.10"),
    "preferred source goes": no("addr add 172.16.9.9/24 dev eth0", GONE,
                                DEFAULT + " src 172.16.9.9",
                                then=["addr del 172.16.9.9/24 dev eth0"], reason=NO_ROUTE),
    "preferred source goes, table stays": Row(
        "addr add 172.16.9.9/24 dev eth0", GONE, DEFAULT + " src 172.16.9.9 table 100",
        "rule add from 172.16.0.10 lookup 100", then=["addr del 172.16.9.9/24 dev eth0"]),
    "by lo": unknown(GONE, "route add default dev lo", reason="out: replies leave by lo"),
    "gateway that does not answer": Row(GONE, "route add default via 172.16.0.77 dev eth0",
                                        truth=False),
    "mtu of the route": Row(GONE, DEFAULT + " mtu 576"),
    "encapsulated for others": Row("route add 192.0.2.0/24 encap ip id 5 dst 172.16.0.1 " + VIA),

    # next hops
    "nexthop object": Row(GONE, "nexthop add id 5 " + VIA, "route add default nhid 5"),
    "nexthop group": Row(GONE, "nexthop add id 5 " + VIA, "nexthop add id 6 group 5",
                         "route add default nhid 6"),
    "nexthop that is a blackhole": no(GONE, "nexthop add id 5 blackhole",
                                      "route add default nhid 5", reason="out: blackhole"),
    "nexthop moves to a dead link": no(*DEAD, GONE, "nexthop add id 5 " + VIA,
                                       "route add default nhid 5",
                                       then=["nexthop replace id 5 via 10.99.9.1 dev v0",
                                             "link set v1 down"]),
    "nexthop moves, quietly": no("! sysctl -qw net.ipv4.nexthop_compat_mode=0", GONE,
                                 "nexthop add id 5 " + VIA, "route add default nhid 5",
                                 then=["nexthop replace id 5 blackhole"],
                                 reason="out: blackhole"),
    "nexthop goes": no(GONE, "nexthop add id 5 " + VIA, "route add default nhid 5",
                       then=["nexthop del id 5"], reason=NO_ROUTE),
    "last of a nexthop group goes": no(GONE, "nexthop add id 5 " + VIA, "nexthop add id 6 group 5",
                                       "route add default nhid 6", then=["nexthop del id 5"],
                                       reason=NO_ROUTE),
    "nexthops flushed": no(GONE, "nexthop add id 5 " + VIA, "route add default nhid 5",
                           then=["nexthop flush"], reason=NO_ROUTE),
    "nexthop group, one of two dead": Row(*DEAD, GONE, "nexthop add id 5 " + VIA,
                                          "nexthop add id 7 via 10.99.9.1 dev v0",
                                          "nexthop add id 6 group 5/7", "route add default nhid 6",
                                          then=["nexthop del id 7"]),
    "two paths, one dead": Row(*DEAD, GONE, "! sysctl -qw "
                               "net.ipv4.conf.all.ignore_routes_with_linkdown=1 "
                               "net.ipv4.conf.v0.ignore_routes_with_linkdown=1",
                               "route add default nexthop %s nexthop via 10.99.9.1 dev v0" % VIA,
                               then=["link set v1 down"]),
    "two paths, one link gone": no(*DEAD, GONE, "route add default nexthop %s "
                                   "nexthop via 10.99.9.1 dev v0" % VIA, then=["link del v0"],
                                   reason=NO_ROUTE),
    "two paths, both dead": no(*DEAD, GONE, "route add default nexthop %s "
                               "nexthop via 10.99.9.1 dev v0" % VIA,
                               then=["link set v1 down", "far link set gw0 down"],
                               reason="eth0: no carrier"),

    # the link
    "link down": no("link set eth0 down", reason="eth0: down"),
    "link down and up, its route gone": no("link set eth0 down", "link set eth0 up",
                                           reason=NO_ROUTE),
    "link down and up, its route back": Row("link set eth0 down", "link set eth0 up", DEFAULT),
    "far end down": no("far link set gw0 down", reason="eth0: no carrier"),
    "far end down and up": Row("far link set gw0 down",
                               then=["far link set gw0 up",
                                     "far addr replace 172.16.0.1/24 dev gw0"]),
    "dormant": Row("link set eth0 mode dormant", "! ip link set eth0 state dormant"),
    "renamed": Row("link set eth0 down", "link set eth0 name ens5", "link set ens5 up",
                   "route add default via 172.16.0.1 dev ens5"),
    "renamed while up": Row("link set eth0 name ens5"),
    "small mtu": Row("link set eth0 mtu 576"),
    "mtu too small for IPv4": no("! ip link set eth0 mtu 67", needs="mtu67",
                                 reason="no link has 172.16.0.10"),
    "another MAC": Row("link set eth0 address 00:16:3e:99:99:99"),
    "promiscuous, on and off": Row(*["link set eth0 promisc %s" % p for p in ("on", "off") * 5]),
    "link removed": no("link del eth0", reason="no link has 172.16.0.10"),
    "link in another namespace": no("! ip link set eth0 netns FAR",
                                    reason="no link has 172.16.0.10"),
    "link replaced": Row("link del eth0", "link add ens5 type veth peer name gw0 netns FAR",
                         "far link set gw0 up", "far addr add 172.16.0.1/24 dev gw0",
                         "link set ens5 up", "addr add 172.16.0.10/24 dev ens5",
                         "route add default via 172.16.0.1"),
    "arp off": Row("link set eth0 arp off", truth=False),

    # the address
    "address gone": no("addr del 172.16.0.10/24 dev eth0", reason="no link has 172.16.0.10"),
    "address gone and back": Row("addr del 172.16.0.10/24 dev eth0",
                                 "addr add 172.16.0.10/24 dev eth0", DEFAULT),
    "address goes with its primary": no("addr del 172.16.0.10/24 dev eth0",
                                        "addr add 172.16.0.5/24 dev eth0",
                                        "addr add 172.16.0.10/24 dev eth0", DEFAULT,
                                        then=["addr del 172.16.0.5/24 dev eth0"],
                                        reason="no link has 172.16.0.10"),
    "secondary becomes primary": Row("! sysctl -qw net.ipv4.conf.all.promote_secondaries=1",
                                     "addr del 172.16.0.10/24 dev eth0",
                                     "addr add 172.16.0.5/24 dev eth0",
                                     "addr add 172.16.0.10/24 dev eth0", DEFAULT,
                                     then=["addr del 172.16.0.5/24 dev eth0"]),
    "secondary": Row("addr del 172.16.0.10/24 dev eth0", "addr add 172.16.0.5/24 dev eth0",
                     "addr add 172.16.0.10/24 dev eth0", DEFAULT),
    "deprecated": Row("addr change 172.16.0.10/24 dev eth0 valid_lft 1000 preferred_lft 0"),
    "renewed": Row(*["addr change 172.16.0.10/24 dev eth0 valid_lft %d preferred_lft %d"
                     % (3600 + n, 1800 + n) for n in range(20)]),
    "expired": no("addr change 172.16.0.10/24 dev eth0 valid_lft 1 preferred_lft 1",
                  reason="no link has 172.16.0.10"),
    "with a label": Row("addr del 172.16.0.10/24 dev eth0",
                        "addr add 172.16.0.10/24 dev eth0 label eth0:1", DEFAULT),
    "two prefixes, one goes": Row("addr add 172.16.0.10/32 dev eth0",
                                  "addr del 172.16.0.10/24 dev eth0",
                                  "route add 172.16.0.1 dev eth0",
                                  "route add default via 172.16.0.1"),
    "point to point": Row("addr del 172.16.0.10/24 dev eth0",
                          "addr add 172.16.0.10 peer 172.16.0.1/32 dev eth0",
                          "route add default via 172.16.0.1"),
    "peer is the address": no("addr del 172.16.0.10/24 dev eth0",
                              "addr add 172.16.0.5 peer 172.16.0.10/32 dev eth0",
                              reason="no link has 172.16.0.10"),
    "scope link": Row("addr del 172.16.0.10/24 dev eth0",
                      "addr add 172.16.0.10/24 dev eth0 scope link", DEFAULT),
    "on lo": Row("addr del 172.16.0.10/24 dev eth0", "addr add 172.16.0.10/32 dev lo",
                 "addr add 172.16.0.5/24 dev eth0", DEFAULT),
    "by a local route": Row("addr del 172.16.0.10/24 dev eth0", "addr add 172.16.0.5/24 dev eth0",
                            "route add local 172.16.0.10 dev lo", DEFAULT),
    "without its local route": no("route del local 172.16.0.10 dev eth0 table local",
                                  truth=True),
    "on nine other links too": Row(*[line % n for n in range(9) for line in (
        "link add q%d type ifb", "link set q%d up", "addr add 172.16.0.10/32 dev q%d")]),
    "on another link first": Row("addr del 172.16.0.10/24 dev eth0",
                                 *DEAD, "addr add 172.16.0.10/32 dev v0",
                                 "addr add 172.16.0.10/24 dev eth0", DEFAULT),
    "on a dead link too": Row(*DEAD, "addr add 172.16.0.10/32 dev v0", then=["link set v1 down"]),
    "leaves for another link": unknown(*DEAD, "addr add 172.16.0.10/32 dev v0",
                                       then=["addr del 172.16.0.10/24 dev eth0",
                                             "addr add 172.16.0.5/24 dev eth0", DEFAULT],
                                       reason="out: replies leave by eth0"),

    # other links' ways
    "out by the second NIC": unknown(*ETH1, GONE, "route add default via 10.99.0.1 dev eth1",
                                     reason="out: replies leave by eth1"),
    "a rule for it cures": Row(*ETH1, GONE, "route add default via 10.99.0.1 dev eth1",
                               DEFAULT + " table 100", "rule add from 172.16.0.10 lookup 100"),
    "the second NIC has its own table": Row(*ETH1, "route add default via 10.99.0.1 dev eth1 "
                                            "table 101", "rule add from 10.99.0.2 lookup 101"),
    "out by a link that goes": no(*DEAD, GONE, "route add default via 10.99.9.1 dev v0",
                                  then=["link del v0"], reason=NO_ROUTE),
    "out by a link without carrier": no(*DEAD, GONE, "route add default via 10.99.9.1 dev v0",
                                        then=["link set v1 down"], reason="v0: no carrier"),
    "out by a link that comes back": unknown(*DEAD, GONE, "route add default via 10.99.9.1 dev v0",
                                             "link set v1 down", then=["link set v1 up"],
                                             reason="out: replies leave by v0"),
    "full tunnel": unknown(*TUNNEL, GONE, "route add default dev wg0", reason=LEAVE_BY_WG0),
    "full tunnel by halves": unknown(*TUNNEL, "route add 0.0.0.0/1 dev wg0",
                                     "route add 128.0.0.0/1 dev wg0", reason=LEAVE_BY_WG0),
    "tunnel for one half": unknown(*TUNNEL, "route add 128.0.0.0/1 dev wg0", reason=LEAVE_BY_WG0),
    "full tunnel by mark": unknown(*TUNNEL, "route add default dev wg0 table 51820",
                                   "rule add not fwmark 51820 lookup 51820",
                                   "rule add lookup main suppress_prefixlength 0",
                                   reason=LEAVE_BY_WG0),
    "… cured by a rule": Row(*TUNNEL, "route add default dev wg0 table 51820",
                             "rule add not fwmark 51820 lookup 51820",
                             "rule add lookup main suppress_prefixlength 0",
                             "rule add from 172.16.0.10 lookup main pref 10"),
    "… and taken down": Row(*TUNNEL, "route add default dev wg0 table 51820",
                            "rule add not fwmark 51820 lookup 51820",
                            then=["rule del not fwmark 51820", "link del wg0"]),
    "split tunnel": Row(*TUNNEL, "route add 10.0.0.0/8 dev wg0", "route add 192.0.2.0/24 dev wg0"),
    "split tunnel over some of what is asked for": Row(
        *TUNNEL, *["route add %d.0.0.0/9 dev wg0" % n for n in (23, 45, 134, 156)]),

    # links on links
    "bridge": Row("link add br0 type bridge", "link set eth0 master br0", *moved("br0"),
                  "route replace default via 172.16.0.1 dev br0"),
    "bridge, address left on its port": Row("link add br0 type bridge", "link set br0 up",
                                            "link set eth0 master br0",
                                            "addr add 172.16.0.10/24 dev br0", GONE,
                                            "route add default via 172.16.0.1 dev br0"),
    "bridge, port lost": no("link add br0 type bridge", "link set eth0 master br0", *moved("br0"),
                            "route replace default via 172.16.0.1 dev br0",
                            then=["link set eth0 down"], reason="br0: no carrier"),
    "bridge, port leaves": no("link add br0 type bridge", "link set eth0 master br0",
                              *moved("br0"), "route replace default via 172.16.0.1 dev br0",
                              then=["link set eth0 nomaster"], reason="br0: no carrier"),
    "macvlan": Row("link add mv0 link eth0 type macvlan mode bridge", *moved("mv0"),
                   "route add default via 172.16.0.1 dev mv0"),
    "macvlan, link below down": no("link add mv0 link eth0 type macvlan mode bridge",
                                   *moved("mv0"), "route add default via 172.16.0.1 dev mv0",
                                   then=["link set eth0 down"]),
    "macvlan, link below without carrier": no("link add mv0 link eth0 type macvlan mode bridge",
                                              *moved("mv0"),
                                              "route add default via 172.16.0.1 dev mv0",
                                              then=["far link set gw0 down"],
                                              reason="mv0: no carrier"),
    "macvlan beside the address": Row("link add mv0 link eth0 type macvlan mode bridge",
                                      "link set mv0 up", "addr add 172.16.0.20/24 dev mv0 "
                                      "noprefixroute"),
    "out by a macvlan on it": Row("link add mv0 link eth0 type macvlan mode bridge",
                                  "link set mv0 up", GONE,
                                  "route add default via 172.16.0.1 dev mv0 onlink"),
    "two macvlans are no stack": unknown(
        "link add mv0 link eth0 type macvlan mode bridge",
        "link add mv1 link eth0 type macvlan mode bridge", "link set mv1 up", *moved("mv0"),
        "route add default via 172.16.0.1 dev mv1 onlink", reason="out: replies leave by mv1"),
    "vxlan over it": Row("link add vx0 type vxlan id 7 dev eth0 dstport 4789", "link set vx0 up",
                         "addr add 10.97.0.1/24 dev vx0"),
    "bond": Row("link add bond0 type bond", "! ip addr flush dev eth0", "link set eth0 down",
                "link set eth0 master bond0", "link set bond0 up",
                "addr add 172.16.0.10/24 dev bond0", "route add default via 172.16.0.1",
                needs="bond"),
    "bond, its only port down": no("link add bond0 type bond miimon 100",
                                   "! ip addr flush dev eth0", "link set eth0 down",
                                   "link set eth0 master bond0", "link set bond0 up",
                                   "addr add 172.16.0.10/24 dev bond0",
                                   "route add default via 172.16.0.1",
                                   then=["far link set gw0 down"], reason="bond0: no carrier",
                                   needs="bond"),
    "VLAN": Row("link add link eth0 name eth0.5 type vlan id 5", *moved("eth0.5"),
                "far link add link gw0 name gw0.5 type vlan id 5", "far link set gw0.5 up",
                "far addr del 172.16.0.1/24 dev gw0", "far addr add 172.16.0.1/24 dev gw0.5",
                "route add default via 172.16.0.1 dev eth0.5", needs="vlan"),
    "ipvlan": Row("link add ipv0 link eth0 type ipvlan mode l2", *moved("ipv0"),
                  "route add default via 172.16.0.1 dev ipv0", needs="ipvlan"),
    "VRF": Row("link add blue type vrf table 77", "link set blue up", "link set eth0 master blue",
               "route add default via 172.16.0.1 dev eth0 table 77", needs="vrf", truth=False),
    "VRF without a route": no("link add blue type vrf table 77", "link set blue up",
                              "link set eth0 master blue",
                              "route add unreachable default metric 4278198272 table 77",
                              needs="vrf"),

    # what comes in
    "rp_filter strict, route by it": Row("! sysctl -qw net.ipv4.conf.all.rp_filter=1", "rule add "
                                         "pref 10 lookup main"),
    "rp_filter strict, replies leave elsewhere": no(
        *ETH1, "! sysctl -qw net.ipv4.conf.all.rp_filter=1", GONE,
        "route add default via 10.99.0.1 dev eth1", reason="in: dropped by rp_filter=1"),
    "rp_filter strict on the link alone": no(
        *ETH1, "! sysctl -qw net.ipv4.conf.eth0.rp_filter=1", GONE,
        "route add default via 10.99.0.1 dev eth1", reason="in: dropped by rp_filter=1"),
    "rp_filter loose, replies leave elsewhere": unknown(
        *ETH1, "! sysctl -qw net.ipv4.conf.all.rp_filter=2", GONE,
        "route add default via 10.99.0.1 dev eth1", reason="out: replies leave by eth1"),
    "rp_filter strict, full tunnel": no(
        *TUNNEL, "! sysctl -qw net.ipv4.conf.all.rp_filter=1", "route add 0.0.0.0/1 dev wg0",
        "route add 128.0.0.0/1 dev wg0", reason="in: dropped by rp_filter=1"),
    "rp_filter strict, cured by a rule": Row(
        *TUNNEL, "! sysctl -qw net.ipv4.conf.all.rp_filter=1", "route add 0.0.0.0/1 dev wg0",
        "route add 128.0.0.0/1 dev wg0", DEFAULT + " table 100",
        "rule add from 172.16.0.10 lookup 100"),
    "incoming rule: blackhole": no("rule add iif eth0 to 172.16.0.10 blackhole pref 0", "rule add "
                                   "from 172.16.0.77 prohibit pref 9", "rule del pref 0 lookup "
                                   "local", "rule add pref 1 lookup local",
                                   reason="in: dropped on eth0"),

    # storms
    "five times flushed and set": Row(*["addr flush dev eth0", "addr add 172.16.0.10/24 brd + dev "
                                        "eth0", DEFAULT] * 5),
    "five times down and up": Row(*["addr flush dev eth0", "link set eth0 down", "link set eth0 up",
                                    "addr add 172.16.0.10/24 brd + dev eth0", DEFAULT] * 5),
    "route and address in another order": Row("addr flush dev eth0", DEFAULT + " onlink",
                                              "addr add 172.16.0.10/24 dev eth0"),
    "500 defaults come and go": Row(*["route %s default %s metric 7" % (what, VIA)
                                      for _ in range(250) for what in ("add", "del")]),
    "500 times gone, and gone": no(*["route %s default %s metric 1024" % (what, VIA)
                                     for _ in range(250) for what in ("del", "add")], GONE,
                                   reason=NO_ROUTE),
}


KINDS = {
    "mtu67": "ip link add x0 type veth && ip link set x0 mtu 67",
    "bond": "ip link add x0 type bond",
    "vlan": "ip link add x0 type ifb && ip link add link x0 name x1 type vlan id 5",
    "ipvlan": "ip link add x0 type ifb && ip link add link x0 name x1 type ipvlan",
    "vrf": "ip link add x0 type vrf table 7",
}


@pytest.fixture(scope="session")
def kinds():
    """Which of them this kernel has."""
    found = set()
    for kind, command in KINDS.items():
        space = Namespace("--net").ready()
        if space.run(["sh", "-ec", command], check=False).returncode == 0:
            found.add(kind)
        space.close()
    return found


@pytest.mark.parametrize("name", ROWS)
def test_shape(plane, kinds, record_property, name):
    row = ROWS[name]
    if row.needs and row.needs not in kinds:
        pytest.skip("this kernel has no " + row.needs)
    plane.do(row.lines)
    if row.then:
        plane.settle()
        plane.do(row.then)
    told, now, woken = plane.until(row.verdict)
    flows, said = plane.flows()
    record_property("woken", woken)
    print("woken %3d  %-40s %-9s %s" % (woken, name, told[0], told[-1]))
    assert told == now, "what events have told is not what is there"
    assert told[0] == row.verdict, (told, said)
    if row.reason:
        assert told[-1] == row.reason
    if row.truth and row.verdict != "unknown":
        assert flows == (row.verdict == "agrees"), said
    # two for each change that matters, and one for what follows; storms are taken together
    assert woken <= 3 * min(len(row.lines) + len(row.then), 10) + 3


def test_a_gateway_that_does_not_answer_is_a_note(plane):
    """An idle machine keeps FAILED long after its gateway came back: it must not decide."""
    plane.do([GONE, "route add default via 172.16.0.77 dev eth0"])
    plane.until("agrees")
    monitor = plane.near.popen(["ip", "monitor", "neigh"], stdout=subprocess.PIPE, text=True)
    assert plane.flows()[0] is False
    assert any("172.16.0.77" in line and "FAILED" in line for line in monitor.stdout)
    monitor.kill()
    monitor.wait()
    monitor.stdout.close()
    plane.do([DEFAULT + " metric 7000"])    # a reason to ask again
    told = plane.until("agrees")[0]
    assert told[0] == "agrees"
    assert told[-1] == "gateway 172.16.0.77 did not answer when it was last asked"


NETS = [(i // 250, 1 + i % 250) for i in range(2000)]
PODS = ("link add pod0 type ifb", "link set pod0 up", "addr add 10.244.0.1/16 dev pod0")
NOISE = {
    "routes to pods": ["route add 10.244.%d.%d dev pod0" % n for n in NETS],
    "routes to pods, and away": ["route %s 10.245.%d.%d dev pod0" % (what, *n)
                                 for n in NETS[:1000] for what in ("add", "del")],
    "routes to networks": ["route add 10.%d.%d.0/24 dev pod0" % n for n in NETS],
    "routes in pods' tables": ["route add 10.246.%d.%d dev pod0 table 1000" % n for n in NETS],
    "rules from pods": ["rule add from 10.244.%d.%d lookup 100" % n for n in NETS],
    "rules from networks": ["rule add from 10.%d.%d.0/24 lookup 100" % n for n in NETS],
    "rules to pods": ["rule add to 10.244.%d.%d lookup main" % n for n in NETS],
    "rules for what pods send": ["rule add iif pod0 pref %d lookup 100" % n
                                 for n in range(1000, 3000)],
    "addresses": ["addr add 10.247.%d.%d/32 dev pod0" % n for n in NETS],
    "links up and down": ["link set pod0 %s" % what for _ in range(1000) for what in ("down", "up")],
    "pods come and go": [line.replace("N", str(n)) for n in range(300) for line in (
        "link add pN type veth peer name qN", "link set pN up", "link del pN")],
    "neighbours": ["neigh replace 10.244.%d.%d lladdr 02:00:00:00:00:01 dev pod0" % n
                   for n in NETS],
    "next hops": ["nexthop add id %d dev pod0" % n for n in range(1000, 3000)],
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_wakes_nobody(plane, name):
    plane.do(PODS)
    plane.settle()
    plane.do(NOISE[name])
    told, now, woken = plane.settle()
    assert told == now
    assert told[0] == "agrees"
    assert woken == 0


def test_a_storm_is_looked_at_ten_times_a_second(plane):
    """2,000 default routes of others, in tables that nobody asks: seen, and taken together."""
    begun = time.monotonic()
    plane.do(["route add default %s table %d" % (VIA, n) for n in range(1000, 3000)])
    told, now, woken = plane.settle()
    assert told == now
    assert woken <= 10 * (time.monotonic() - begun) + 3


def test_next_hops_are_listened_to_only_while_a_route_goes_by_one(plane):
    plane.do([GONE, "nexthop add id 5 " + VIA, "route add default nhid 5"])
    assert plane.until("agrees")[0][0] == "agrees"
    plane.do(["nexthop add id 9 " + VIA])
    assert plane.settle()[2] > 0
    plane.do(["nexthop del id 5", DEFAULT])
    assert plane.until("agrees")[0][0] == "agrees"
    plane.do(["nexthop add id %d %s" % (n, VIA) for n in range(20, 60)])
    assert plane.settle()[2] == 0


def test_sysctls_are_seen_when_asked_again(plane):
    """No message tells of them: a lookup does, and the agent makes one at each watchdog."""
    plane.do([*ETH1, GONE, "route add default via 10.99.0.1 dev eth1"])
    assert plane.until("unknown")[0][0] == "unknown"
    plane.do(["! sysctl -qw net.ipv4.conf.all.rp_filter=1"])
    told, now, woken = plane.settle()
    assert (told[0], now[0], woken) == ("unknown", "disagrees", 0)


MACHINES = {
    "local": ("172.16.0.10", [], "yes"),
    "another": ("172.16.0.99", [], "no"),
    "comes": ("172.16.0.99", ["addr add 172.16.0.99/32 dev eth0"], "yes"),
    "comes on another link": ("172.16.0.99", [*DEAD, "addr add 172.16.0.99/32 dev v0"], "yes"),
    "none here at all": ("172.16.0.99", ["! ip addr flush dev eth0"], "unknown"),
    "only link-local ones": ("172.16.0.99", ["! ip addr flush dev eth0",
                                             "addr add 169.254.7.7/16 dev eth0"], "unknown"),
    "link down": ("172.16.0.10", ["link set eth0 down"], "yes"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_which_machine_this_is(program, name):
    """L4: an address proves it; no needs a complete list with others in it."""
    address, lines, answer = MACHINES[name]
    plane = Plane(program, machine=[address])
    try:
        plane.until("agrees")
        plane.do(lines)
        told, now, _ = plane.settle(0.4)
        assert told == now
        assert told[4] == "machine=" + answer
    finally:
        plane.close()


def test_without_privileges(plane):
    """The agent is a user without any: nothing that the plane needs is refused to it."""
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
               "--bounding-set=-all", "--no-new-privs", plane.program, "once", A]
    os.chmod(os.path.dirname(plane.program), 0o755)
    said = plane.near.run(["sh", "-c", "cp %s /tmp/kernel_watch.$$ && chmod 755 /tmp/kernel_watch.$$"
                           " && %s; rm -f /tmp/kernel_watch.$$" % (
                               plane.program, " ".join(command).replace(
                                   plane.program, "/tmp/kernel_watch.$$"))]).stdout
    assert said == "now|agrees|local=yes|out=yes|in=yes|machine=unknown|eth0|\n"

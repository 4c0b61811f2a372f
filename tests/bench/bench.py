#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The figures of the project, each beside a reference of the same run: bench.py BUILD [NAME…]."""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from world import outer  # noqa: E402

METADATA = "100.100.100.200"
STARTS = 31  # runs of each program; the median counts
DROPS = 9
CHANGES = 100_000
STORM = 20_000
IDLE_SECONDS = 60
CONFIRMED_SECONDS = 60
LINK_SECONDS = 30  # the agent lets an idle cloud process go after 10 s
PUBLIC = "203.0.113.10/24"
IDENTIFY = b'{"op":"identify","deadline_ms":5000}\n'
PROGRAMS = ("ecs-pubip", "ecs-pubip-agent", "ecs-pubip-cloud")


def row(what, ours, reference="", aim=""):
    print(f"| {what:52} | {ours:>22} | {reference:>26} | {aim:22} |", flush=True)


def heading():
    row("what", "ours", "reference, same run", "aim")
    print(f"|{'-' * 54}|{'-' * 24}|{'-' * 28}|{'-' * 24}|")


def memory_of(pid):
    """(resident, private dirty) in MiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        kib = dict(re.findall(r"^(\w+):\s+(\d+) kB", f.read(), re.MULTILINE))
    return int(kib["Rss"]) / 1024, int(kib["Private_Dirty"]) / 1024


def cpu_ms(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e6


def wakeups(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.MULTILINE).group(1))


def confirmed(world):
    world.start()
    if not world.machine.wait_phase("confirmed", timeout=CONFIRMED_SECONDS):
        raise RuntimeError("not confirmed:\n" + world.story())


def cloud_gone(world):
    """Waits until the agent has let the idle cloud process go."""
    deadline = time.monotonic() + LINK_SECONDS
    while world.machine.cloud_pids() and time.monotonic() < deadline:
        time.sleep(0.5)


def there_already(world):
    """An instance that has its address before we start."""
    world.sim.give_address()


def bench_memory(build):
    from world import World

    with World(mode="vpc", build=build) as world:
        there_already(world)
        confirmed(world)
        cloud_gone(world)
        reference = world.machine.popen(
            [f"{build}/bare_curl", "GET", "https://ecs-vpc.cn-hangzhou.aliyuncs.com/", "stay"],
            stdout=subprocess.PIPE, text=True)
        for line in reference.stdout:
            if line in ("ready\n", "failed\n"):
                break
        ours, bare = memory_of(world.machine.agent.pid), memory_of(reference.pid)
        reference.kill()
        row("idle agent, resident", f"{ours[0]:.1f} MiB", f"bare curl+TLS {bare[0]:.1f} MiB",
            "≤ 4.5 MiB")
        row("idle agent, private dirty", f"{ours[1]:.2f} MiB", f"bare curl+TLS {bare[1]:.2f} MiB",
            "≤ 0.6 MiB")


def start_moments(build, listener, argv, question):
    """ms from exec to the first byte that the listener gets, for each of one start."""
    child = subprocess.Popen([f"{build}/moment", "exec", *argv], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    child.stdin.write(question)
    child.stdin.flush()
    arrived = int(listener.stdout.readline())
    begun = int(child.stderr.readline())
    child.kill()
    child.communicate()
    return (arrived - begun) / 1e6


def bench_start(build):
    subprocess.run(["ip", "addr", "add", f"{METADATA}/32", "dev", "lo"], check=True)
    listener = subprocess.Popen([f"{build}/moment", "listen", METADATA, "80"],
                                stdout=subprocess.PIPE, text=True)
    listener.stdout.readline()
    bare = [f"{build}/bare_curl", "PUT", f"http://{METADATA}/latest/api/token"]
    ours, reference = [], []
    for _ in range(STARTS):
        ours.append(start_moments(build, listener, [f"{build}/src/ecs-pubip-cloud"], IDENTIFY))
        reference.append(start_moments(build, listener, bare, b""))
    listener.kill()
    subprocess.run(["ip", "addr", "del", f"{METADATA}/32", "dev", "lo"], check=True)
    mine, other = statistics.median(ours), statistics.median(reference)
    row("cloud process: exec to first request on the wire", f"{mine:.1f} ms",
        f"bare libcurl {other:.1f} ms", f"≤ 1.2 ×: {mine / other:.2f} ×")


def first_line(stream, found):
    if stream.readline():
        found.append(time.time())


def one_drop(build, machine):
    """(ms until the agent's notification, ms until ip monitor's line) after a dropped address."""
    monitor = machine.popen(["ip", "-o", "monitor", "address"], stdout=subprocess.PIPE, text=True)
    printed = []
    reader = threading.Thread(target=first_line, args=(monitor.stdout, printed))
    reader.start()
    time.sleep(0.3)  # ip monitor does not say when it listens
    since = machine.notifications.mark()
    done = machine.run([f"{build}/moment", "drop", "eth1", PUBLIC])
    begun = int(done.stdout) / 1e9
    told = machine.wait_notified(lambda n: "STATUS" in n, since=since)
    reader.join(10)
    monitor.kill()
    machine.run(["ip", "addr", "add", PUBLIC, "brd", "+", "dev", "eth1"])
    machine.run(["ip", "route", "replace", "default", "via", "203.0.113.1", "dev", "eth1",
                 "metric", "50"])
    machine.wait_phase("confirmed", timeout=CONFIRMED_SECONDS)
    return (told["_TIME"] - begun) * 1e3, (printed[0] - begun) * 1e3


def crowd(machine, addresses, routes):
    """What a node of a big cluster has: addresses of others, and a full routing table."""
    lines = ["link add crowd0 type ifb", "link set crowd0 up"]
    lines += [f"link add crowd{n} type ifb" for n in range(1, 1 + addresses // 250)]
    lines += [f"addr add 10.{1 + n // 62500}.{n // 250 % 250}.{1 + n % 250}/32 "
              f"dev crowd{1 + n // 250}" for n in range(addresses)]
    lines += [f"route add {20 + n // 62500}.{n // 250 % 250}.{n % 250}.0/24 dev crowd0"
              for n in range(routes)]
    machine.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", timeout=600)


def bench_netlink(build):
    from world import World

    for text, addresses, routes in (("", 0, 0), (", 10,000 addresses, 100,000 routes", 10_000,
                                                 100_000)):
        with World(mode="classic", build=build) as world:
            there_already(world)
            world.machine.reboot()
            crowd(world.machine, addresses, routes)
            begun = time.time()
            world.machine.start_socket()
            world.machine.start_agent()
            ready = world.machine.wait_notified(READY="1", timeout=CONFIRMED_SECONDS)
            world.machine.wait_phase("confirmed", timeout=CONFIRMED_SECONDS)
            pairs = [one_drop(build, world.machine) for _ in range(DROPS)]
            resident, dirty = memory_of(world.machine.agent.pid)
        ours = statistics.median(pair[0] for pair in pairs)
        reference = statistics.median(pair[1] for pair in pairs)
        row(f"address dropped to sd_notify{text}", f"{ours:.1f} ms",
            f"ip monitor prints {reference:.1f} ms", f"≤ 2 ×: {ours / reference:.2f} ×")
        row(f"start to READY{text}", f"{(ready['_TIME'] - begun) * 1e3:.0f} ms")
        row(f"agent, resident / private dirty{text}", f"{resident:.1f} / {dirty:.2f} MiB")


def bench_storm(build):
    """What matters changes 2,000 times: each message is a reason to ask, and few questions come."""
    from world import World

    with World(mode="vpc", build=build) as world:
        there_already(world)
        confirmed(world)
        cloud_gone(world)
        machine = world.machine
        monitor = machine.popen(["ip", "monitor", "route"], stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        pid = machine.agent.pid
        before = cpu_ms(pid), cpu_ms(monitor.pid), wakeups(pid)
        begun = time.monotonic()
        pair = "".join(f"route {what} default via 172.16.0.1 table 1000\n" for what in ("add", "del"))
        machine.run(["ip", "-batch", "-"], input=pair * (STORM // 2), timeout=300)
        took = time.monotonic() - begun
        time.sleep(1)
        ours, other = cpu_ms(pid) - before[0], cpu_ms(monitor.pid) - before[1]
        woken = wakeups(pid) - before[2]
        monitor.kill()
        monitor.wait()
    row(f"CPU for {STORM:,} changes of a default route", f"{ours:.1f} ms",
        f"ip monitor {other:.0f} ms")
    row(f"wake-ups in its {took:.1f} s", str(woken), "", "10 a second")


def bench_noise(build):
    from world import World

    with World(mode="vpc", build=build) as world:
        there_already(world)
        confirmed(world)
        cloud_gone(world)
        machine = world.machine
        machine.ip("link add noise0 type veth peer name noise1", "link set noise0 up")
        monitor = machine.popen(["ip", "monitor", "address"], stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        pid = machine.agent.pid
        before = cpu_ms(pid), cpu_ms(monitor.pid), wakeups(pid)
        pair = "addr add 10.9.8.7/32 dev noise0\naddr del 10.9.8.7/32 dev noise0\n"
        machine.run(["ip", "-batch", "-"], input=pair * (CHANGES // 2), timeout=300)
        time.sleep(1)
        ours, other = cpu_ms(pid) - before[0], cpu_ms(monitor.pid) - before[1]
        woken = wakeups(pid) - before[2]
        monitor.kill()
        monitor.wait()
        since, begun = machine.notifications.mark(), time.time()
        machine.ip("addr del 172.16.0.10/24 dev eth0")
        told = machine.wait_notified(lambda n: "STATUS" in n, since=since)
    row(f"CPU for {CHANGES:,} unrelated address changes", f"{ours:.1f} ms",
        f"ip monitor {other:.0f} ms", f"≤ 2 %: {100 * ours / other:.2f} %")
    row("wake-ups in that time", str(woken), "", "0")
    row("then the watched one is dropped, with ip(8)",
        f"told after {(told['_TIME'] - begun) * 1e3:.0f} ms" if told else "MISSED", "", "told")


def bench_idle(build):
    from world import World

    with World(mode="vpc", build=build) as world:
        there_already(world)
        confirmed(world)
        cloud_gone(world)
        time.sleep(2)
        before = wakeups(world.machine.agent.pid)
        time.sleep(IDLE_SECONDS)
        row(f"wake-ups, idle for {IDLE_SECONDS} s",
            str(wakeups(world.machine.agent.pid) - before), "", "none but watchdog, look")


def bench_sizes(build):
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in PROGRAMS:
            copy = shutil.copy(f"{build}/src/{name}", folder)
            subprocess.run(["strip", copy], check=True)
            total += os.stat(copy).st_size
    curl = os.stat(shutil.which("curl")).st_size // 1024 if shutil.which("curl") else 0
    row("all three programs, stripped", f"{total // 1024} KiB",
        f"curl(1) {curl} KiB" if curl else "", "≤ 512 KiB")


def counted(world, since=0):
    log = world.sim.log(since)
    metadata = sum(event["plane"] == "metadata" for event in log)
    tls = len(world.sim.events(since, event="tls"))
    return f"{metadata} metadata, {len(log) - metadata} API, {tls} TLS"


def job(build, mode, before=None):
    from world import World

    with World(mode=mode, build=build, config="[Reboot]\nGrace=3s\n") as world:
        if before:
            before(world)
        confirmed(world)
        return counted(world)


def bench_jobs(build):
    row("requests: address there already", job(build, "vpc", there_already), "",
        "≤ 3 metadata, 0 API")
    row("requests: a job without a reboot", job(build, "vpc-immediate"), "",
        "≤ 5 metadata, ≤ 3 API")
    row("requests: a job with a reboot (Grace=3s)", job(build, "vpc"), "", "≤ 6 API, ≤ 3 TLS")


def curve(build, arguments):
    """Points "x,y" of a picture 600 × 300: time as a share of 2 × the bound, members confirmed."""
    said = subprocess.run([os.path.join(build, "fleet"), "--progress", *arguments],
                          capture_output=True, text=True, check=False).stdout
    bound = float([line for line in said.splitlines() if line.startswith("|")][-1].split("|")[5])
    points = [(int(minute), float(share))
              for minute, share in re.findall(r"^progress (\d+) ([\d.]+)$", said, re.MULTILINE)]
    return " ".join(f"{300 * minute / bound:.1f},{300 - 300 * share:.1f}"
                    for minute, share in points if minute <= 2 * bound)


def bench_fleet(build):
    """The grid of design 8, and a picture of the progress of some of its cells."""
    cells = {"3,000 at 300": ["--instances=3000", "--quota=300"],
             "half taken": ["--instances=3000", "--quota=300", "--others=half"],
             "each second minute": ["--instances=3000", "--quota=300", "--others=alternate"]}
    colours = ("#0b6", "#06b", "#b30")
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -10 620 340" '
             'font-family="sans-serif" font-size="12">',
             '<path d="M0,300 300,0" stroke="#aaa" fill="none"/>',
             '<path d="M0,0V300H600" stroke="#000" fill="none"/>',
             '<text x="305" y="315">1 × the bound</text>']
    for i, (name, arguments) in enumerate(cells.items()):
        lines += [f'<polyline fill="none" stroke="{colours[i]}" points="{curve(build, arguments)}"/>',
                  f'<text x="400" y="{200 + 20 * i}" fill="{colours[i]}">{name}</text>']
    picture = os.path.join(build, "fleet.svg")
    with open(picture, "w", encoding="utf-8") as f:
        f.write("\n".join([*lines, "</svg>", ""]))
    subprocess.run([os.path.join(build, "fleet"), "--grid=10000"], check=False)
    print(picture, flush=True)


BENCHES = {
    "memory": bench_memory, "start": bench_start, "netlink": bench_netlink, "noise": bench_noise,
    "storm": bench_storm, "idle": bench_idle, "sizes": bench_sizes, "jobs": bench_jobs,
    "fleet": bench_fleet,
}


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh")
    parser.add_argument("build")
    parser.add_argument("name", nargs="*", choices=[[], *BENCHES], default=[])
    args = parser.parse_args()
    outer.enter([sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    heading()
    for name in args.name or [n for n in BENCHES if n != "fleet"]:  # minutes of CPU: by name only
        BENCHES[name](os.path.abspath(args.build))
    return 0


if __name__ == "__main__":
    sys.exit(main())

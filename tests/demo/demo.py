#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows the life of a simulated instance as a story: demo.py BUILD [STORY]. Called by demo.sh."""

import argparse
import collections
import os
import signal
import sys
import textwrap
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from world import outer  # noqa: E402

import faults  # noqa: E402
from scenarios import STORIES  # noqa: E402
from stage import Stage, paint, width  # noqa: E402
from voices import CHANGING, Voices  # noqa: E402

CONFIRMED_SECONDS = 90  # ceiling for a whole story
SETTLE_SECONDS = 0.3


def say(text="", colour=None):
    for paragraph in text.split("\n"):
        print(paint(textwrap.fill(paragraph, width(), break_on_hyphens=False), colour))


def introduce(story):
    say()
    say(f"ecs-pubip: {story.title}", "bold")
    say(story.told)
    say("Everything is real but the cloud: the three programs, the kernel's netlink, TLS, signed "
        "requests. The cloud is a simulator in a network namespace, in which it is "
        "100.100.100.200 and the API's host names. Configuration, shorter waits than by default: "
        + ", ".join(line for line in story.config.split("\n") if "=" in line) + ".")
    say()


def cost(world, seconds):
    """What the cloud counted, as a line each."""
    requests = world.sim.log()
    metadata = [event for event in requests if event["plane"] == "metadata"]
    actions = collections.Counter(event["action"] for event in requests if event["plane"] == "api")
    handshakes = len(world.sim.events(event="tls"))
    reboots = len(world.machine.boots.entries) - 1
    calls = ", ".join(f"{count} {action}" for action, count in sorted(actions.items()))
    yield f"metadata requests  {len(metadata)}"
    yield f"API calls          {sum(actions.values())}: {calls}"
    yield f"TLS handshakes     {handshakes}"
    yield f"reboots            {reboots}"
    yield f"seconds            {seconds:.1f}"


def executed(world):
    counted = collections.Counter(event["action"] for event in world.sim.executed())
    return {action: count for action, count in counted.items() if action in CHANGING}


def objections(world, story):
    """What is not as this story must be; nothing is the proof that the demo is no theatre."""
    status = world.machine.status() or {}
    kernel = status.get("planes", {}).get("kernel", {})
    if status.get("phase") != "confirmed":
        yield f"the phase is {status.get('phase')}, not confirmed"
    if executed(world) != story.calls:
        yield f"changing calls executed: {executed(world)}, not {story.calls}"
    if kernel.get("interface") != story.interface:
        yield f"the kernel plane names {kernel.get('interface')}, not {story.interface}"
    public = kernel.get("address") == status.get("public_ip")
    if public != story.shows_public:
        yield f"the kernel plane shows {kernel.get('address')}"


def verdict(world, story, seconds):
    say()
    say("ecs-pubip status", "bold")
    print(textwrap.indent(world.machine.cli("status").stdout.rstrip(), "  "))
    say()
    say("What it cost, by the cloud's own count", "bold")
    for line in cost(world, seconds):
        print("  " + line)
    say()
    wrong = list(objections(world, story))
    for objection in wrong:
        say("NOT AS IT SHOULD BE: " + objection, "red")
    if wrong:
        print(world.story())
        return 1
    calls = ", ".join(f"{count} {action}" for action, count in story.calls.items())
    say(f"Confirmed. Changing calls that the cloud executed: {calls}.", "green")
    return 0


def tell(story, build):
    from world import World  # needs the namespaces around it

    introduce(story)
    with World(mode=story.mode, config=story.config, build=build) as world:
        if story.setting:
            story.setting(world)
        stage = Stage()
        stage.heading()
        voices = Voices(world, stage)
        begun = time.time()
        stage.scene("power on: the agent starts early, nothing waits for it")
        world.start()
        world.machine.wait_phase("confirmed", "failed", timeout=CONFIRMED_SECONDS)
        seconds = time.time() - begun
        time.sleep(SETTLE_SECONDS)
        voices.close()
        stage.close()
        return verdict(world, story, seconds)


def on_interrupt(_number, _frame):
    """At once: with this process the namespaces end, and everything in them."""
    os.write(sys.stdout.fileno(), b"\ninterrupted; nothing is left behind\n")
    os._exit(130)


def main():
    parser = argparse.ArgumentParser(prog="tests/demo.sh")
    parser.add_argument("build")
    parser.add_argument("story", nargs="?", default="vpc", choices=[*STORIES, "faults"])
    args = parser.parse_args()
    outer.enter([sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    signal.signal(signal.SIGINT, on_interrupt)
    if args.story == "faults":
        return faults.tell(args.build)
    return tell(STORIES[args.story], args.build)


if __name__ == "__main__":
    sys.exit(main())

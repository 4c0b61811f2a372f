# SPDX-License-Identifier: Apache-2.0
"""Five failures: what the cloud answers, what the agent says, what a person does, and the end."""

import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scenarios import GRACE
from stage import paint, width

FAULT_SECONDS = 30  # ceiling until a failure is seen
HEALED_SECONDS = 60  # ceiling until it is over
ALLOCATE = "AllocatePublicIpAddress"


@dataclass
class Failure:
    title: str
    breaks: callable  # of a world, before the agent starts
    phases: tuple  # in which the agent then is
    person: str = ""  # what a person does; "": time heals
    heals: callable = None  # of a world: that, done


def detach_role(world):
    world.sim.set("account.role.attached", False)


def attach_role(world):
    world.sim.set("account.role.attached", True)


def lock(world):
    world.sim.set("instance.locks", ["security"])


def unlock(world):
    world.sim.set("instance.locks", [])


def no_bandwidth(world):
    world.sim.set("instance.bandwidth_out", 0)


def bandwidth(world):
    world.sim.set("instance.bandwidth_out", 5)


def throttle(world):
    world.sim.fail(ALLOCATE, "Throttling.User", headers={"x-acs-retry-after": "3000"})


def lose_reply(world):
    world.sim.lose_reply(ALLOCATE)


FAILURES = (
    Failure("No RAM role is attached to the instance yet", detach_role, ("waiting",),
            "attaches the role in the console; the agent's next look finds it", attach_role),
    Failure("The platform has locked the instance for security reasons", lock, ("failed",),
            "settles that with Alibaba Cloud, then says `ecs-pubip resume`", unlock),
    Failure("The instance has no outbound bandwidth", no_bandwidth, ("failed",),
            "buys bandwidth in the console, then says `ecs-pubip resume`", bandwidth),
    Failure("The account's quota is used up, with a hint when to come back", throttle,
            ("waiting",)),
    Failure("The address was given, but the answer got lost", lose_reply, ("waiting", "confirming")),
)


class Page:
    """The lines of one failure: the five run side by side and are shown one after the other."""

    def __init__(self, title):
        self.lines = ["", paint(title, "bold")]

    def say(self, label, text, colour=None):
        for number, line in enumerate(textwrap.wrap(text, width() - 12, break_on_hyphens=False)):
            self.lines.append(f"  {label if number == 0 else '':9} {paint(line, colour)}")


def show_fault(world, failure, page):
    """What the agent says once the failure is there; False where it never is."""
    status = world.machine.wait_status(
        lambda s: s["phase"] in failure.phases and (s.get("fault") or s["phase"] == "confirming"),
        timeout=FAULT_SECONDS)
    if not status:
        page.say("", "the agent did not notice", "red")
        return False
    fault = status.get("fault") or {}
    told = world.machine.cli("status").stdout.strip().splitlines()
    page.say("phase", f"{status['phase']}, class {fault.get('class', '-')}", "yellow")
    page.say("status", told[0] if told else "")
    if fault.get("remedy"):
        page.say("remedy", fault["remedy"])
    return True


def heal(world, failure, page):
    if failure.heals:
        page.say("a person", failure.person)
        failure.heals(world)
        world.machine.cli("resume")
    else:
        page.say("a person", "does nothing: this heals by itself")
    return world.machine.wait_phase("confirmed", timeout=HEALED_SECONDS)


def live(failure, page, build):
    """The whole life of one instance; True if it ended as it must."""
    from world import World  # needs the namespaces around it

    with World(mode="vpc-immediate", config=GRACE, build=build) as world:
        failure.breaks(world)
        begun = time.time()
        world.start()
        seen = show_fault(world, failure, page)
        healed = seen and heal(world, failure, page)
        calls = len(world.sim.executed(ALLOCATE))
        if not healed or calls != 1:
            page.say("", f"NOT AS IT SHOULD BE: {calls} allocations", "red")
            page.lines.append(world.story())
            return False
        page.say("end", f"{healed['phase']}: {healed['public_ip']} after {time.time() - begun:.1f} s; "
                        f"the cloud executed {calls} {ALLOCATE}", "green")
        return True


def tell(build):
    print("Five failures, each on a simulated instance of its own, at the same time (Grace=3s; the "
          "address works at once).")
    pages = [Page(f"{number}. {failure.title}") for number, failure in enumerate(FAILURES, 1)]
    with ThreadPoolExecutor(len(FAILURES)) as pool:
        lives = [pool.submit(live, *pair, build) for pair in zip(FAILURES, pages)]
        for page, running in zip(pages, lives):
            running.exception()  # wait for it
            print("\n".join(page.lines), flush=True)
        good = [running.result() for running in lives]
    print()
    if not all(good):
        print(paint(f"{good.count(False)} of {len(good)} did not go as they must", "red"))
        return 1
    print(paint(f"All {len(good)} ended confirmed, each with exactly one allocation.", "green"))
    return 0

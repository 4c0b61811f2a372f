# SPDX-License-Identifier: Apache-2.0
"""The stories that the demo can tell: a row each."""

from dataclasses import dataclass, field

# Shorter than by default, so that nobody waits a minute before a screen.
GRACE = "[Reboot]\nGrace=3s\n"
TAG = {"pool": "demo"}


@dataclass
class Story:
    name: str
    title: str
    mode: str
    told: str
    config: str = GRACE
    setting: callable = None  # changes the world before the agent starts
    calls: dict = field(default_factory=dict)  # changing action -> how often it must be executed
    interface: str = "eth0"
    shows_public: bool = False  # the kernel plane shows the public address itself


def free_eip(world):
    world.sim.new_eip(tags=TAG)


STORIES = {
    story.name: story
    for story in (
        Story(
            "vpc", "a fresh VPC instance without a public address", "vpc",
            "The address will be translated at the gateway: no NIC ever shows it. It takes effect "
            "with the next restart, so the agent has to reboot its own machine, once.",
            calls={"AllocatePublicIpAddress": 1, "RebootInstance": 1},
        ),
        Story(
            "vpc-immediate", "a VPC instance whose address works at once", "vpc-immediate",
            "The address takes effect without a restart here: so there must be none.",
            calls={"AllocatePublicIpAddress": 1},
        ),
        Story(
            "classic", "a classic-network instance", "classic",
            "Here the public address appears on a second NIC, eth1, after the reboot. Netlink is "
            "what notices it.",
            calls={"AllocatePublicIpAddress": 1, "RebootInstance": 1},
            interface="eth1", shows_public=True,
        ),
        Story(
            "eip", "an instance that takes a free elastic IP by its tag", "vpc",
            "Strategy=eip, EipTag=pool=demo: a free EIP with that tag is bound. It works at once, "
            "and an EIP that is on another instance would never be taken.",
            config=GRACE + "[Address]\nStrategy=eip\nEipTag=pool=demo\n",
            setting=free_eip,
            calls={"AssociateEipAddress": 1},
        ),
    )
}

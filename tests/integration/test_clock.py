# SPDX-License-Identifier: Apache-2.0
"""First boot with a wrong clock: the cloud's time is used, the machine's is left alone.

In these namespaces the machine's clock cannot be set, so the cloud's is: `clock.offset` is the
cloud's clock minus the machine's, and certificates go with it.
"""

import pytest

HOUR, YEAR = 3600, 365 * 86400


def clock_notices(w):
    return [e for e in w.machine.journal.find() if "clock" in e["MESSAGE"].lower()]


@pytest.mark.parametrize("offset", [8 * HOUR, -8 * HOUR, 16 * YEAR, -2 * YEAR])
def test_hours_and_years_off(make_world, offset):
    w = make_world(mode="vpc-immediate")
    w.sim.set("clock.offset", offset)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=60)
    assert len(w.sim.executed("AllocatePublicIpAddress")) == 1
    assert len(clock_notices(w)) == 1


def test_a_minute_off_is_not_worth_a_word(make_world):
    w = make_world(mode="vpc-immediate")
    w.sim.set("clock.offset", 30)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=20)
    assert clock_notices(w) == []


def test_metadata_without_a_date(make_world):
    """No hint from metadata: the first refusal of the API brings the time, signed again once."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("clock.offset", 2 * HOUR)
    w.sim.set("metadata.clock_offset", -2 * HOUR)   # metadata's own clock is the machine's
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=60)
    refused = [e for e in w.sim.api() if e["code"]]
    assert len(refused) <= 2 and all("Time" in e["code"] for e in refused)


def test_stepped_during_the_job(make_world):
    """The cloud's time as the agent knows it is right again after a step of either side."""
    w = make_world(mode="vpc", config="[Reboot]\nGrace=4s\n")
    w.start()
    assert w.sim.wait_request("AllocatePublicIpAddress", timeout=20)
    w.sim.set("clock.offset", 3 * HOUR)
    assert w.machine.wait_phase("confirmed", timeout=60)
    assert len(w.sim.executed("RebootInstance")) == 1


def test_credentials_that_look_expired(make_world):
    """By the machine's clock they are; by the cloud's they are not."""
    w = make_world(mode="vpc-immediate")
    w.sim.set("clock.offset", -3 * YEAR)
    w.start()
    assert w.machine.wait_phase("confirmed", timeout=60)


def test_certificate_not_yet_valid(make_world):
    """It really is not valid yet, by the cloud's own time too: never used."""
    w = make_world(mode="vpc-immediate")
    w.sim.tls("ecs-vpc", "not-yet-valid")
    w.start()
    assert w.machine.wait_status(lambda s: s["fault"] and s["fault"]["code"].startswith("Transport."),
                                 timeout=40)
    assert w.sim.actions() == []
    w.sim.tls("ecs-vpc", "good")
    w.machine.cli("resume")
    assert w.machine.wait_phase("confirmed", timeout=60)

# SPDX-License-Identifier: Apache-2.0
"""A new address is an event: the journal, status.json, the metrics, the history and the mark."""

import json
import re

MARK = "/run/ecs-pubip/marks/changed"
METRICS = "/run/ecs-pubip/metrics.prom"
REPLACED = "41be625f1a10b374102ddbe4e97ed747"


def sample(machine, name):
    found = re.search(r"^%s (\S+)$" % re.escape(name), machine.read(METRICS), re.M)
    return found and int(found.group(1))


def test_self_healing_tells_of_the_new_address(make_world):
    world = make_world(mode="vpc-immediate", config="[Heal]\nPolicy=reallocate\n")
    machine = world.machine
    world.start()
    first = machine.wait_phase("confirmed", timeout=60)
    assert first["change"] == "assigned" and first["previous_ip"] is None and first["changed_at"]
    assert machine.wait_file(MARK)
    assert sample(machine, 'ecs_pubip_address_changes_total{change="assigned"}') == 1
    machine.remove(MARK)
    world.sim.take_address()
    machine.ask_to_resume()
    lost = machine.wait_status(lambda s: s["change"] == "lost", 90)
    assert lost and lost["previous_ip"] == first["public_ip"]
    assert machine.wait_file(MARK)
    machine.remove(MARK)
    second = machine.wait_status(
        lambda s: s["phase"] == "confirmed" and s["public_ip"] != first["public_ip"], 170)
    assert second["previous_ip"] == first["public_ip"] and second["change"] == "assigned"
    assert machine.wait_file(MARK)
    entry = machine.journal.wait_for(MESSAGE_ID=REPLACED)
    assert first["public_ip"] in entry["MESSAGE"] and second["public_ip"] in entry["MESSAGE"]
    page = machine.cli("status").stdout
    assert re.search(r"^Before +%s" % re.escape(first["public_ip"]), page, re.M), page
    phases = [json.loads(line)["phase"] for line in machine.read("/run/ecs-pubip/history").splitlines()]
    assert phases[0] == "identifying" and phases.count("confirmed") == 2


def test_an_address_that_changed_while_the_machine_was_down(make_world):
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    world.start()
    first = machine.wait_phase("confirmed", timeout=60)

    def meanwhile():
        world.sim.take_address()
        world.sim.give_address()

    machine.with_agent = True
    machine.reboot(meanwhile=meanwhile)
    second = machine.wait_phase("confirmed", timeout=60)
    assert second["public_ip"] != first["public_ip"]
    assert (second["previous_ip"], second["change"]) == (first["public_ip"], "replaced")
    assert machine.wait_file(MARK)


def test_metrics_tell_of_a_bad_configuration_and_of_a_hold(make_world):
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    world.start()
    assert machine.wait_phase("confirmed", timeout=60)
    assert sample(machine, "ecs_pubip_config_ok") == 1
    machine.configure("[Heal]\nPolicy=maybe\n")
    machine.reload()
    said = machine.wait_status(lambda s: s["config_problem"], 10)
    assert said["phase"] == "confirmed"
    assert sample(machine, "ecs_pubip_config_ok") == 0
    assert "configuration is not in force" in " ".join(machine.cli("status").stdout.splitlines()[:2])
    machine.configure("")
    machine.reload()
    assert machine.wait_status(lambda s: not s["config_problem"], 10)
    assert sample(machine, "ecs_pubip_config_ok") == 1
    assert machine.cli("hold").returncode == 0
    assert (sample(machine, "ecs_pubip_held"), sample(machine, "ecs_pubip_address_confirmed"),
            sample(machine, "ecs_pubip_up")) == (1, 1, 1)

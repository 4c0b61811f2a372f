# SPDX-License-Identifier: Apache-2.0
"""One list of what is wrong: the agent's own, and as every reader of it shows it."""

import json
import re

import pytest

METRICS = "/run/ecs-pubip/metrics.prom"
HOLD = "/etc/ecs-pubip/hold"
BAD = "[Heal]\nPolicy=maybe\n"


def condition(status, kind):
    found = [c for c in status.get("conditions", ()) if c["condition"] == kind]
    assert len(found) < 2
    return found[0] if found else None


def wait_condition(machine, kind, predicate, timeout=20):
    found = machine.wait_status(
        lambda s: condition(s, kind) is not None and predicate(condition(s, kind)), timeout)
    assert found, machine.status()["conditions"]
    return condition(found, kind)


@pytest.fixture
def confirmed(make_world):
    world = make_world(mode="vpc-immediate")
    world.start()
    status = world.machine.wait_phase("confirmed", timeout=60)
    assert status
    return world


def first_lines(page):
    """Ten lines as one text, each end of a line and indent as one blank."""
    return " ".join(" ".join(page.splitlines()[:10]).split())


def test_a_problem_from_its_first_edge_until_it_is_over(confirmed):
    machine = confirmed.machine
    machine.configure(BAD)
    machine.reload()
    first = wait_condition(machine, "config", lambda c: c["severity"] == "problem")
    assert first["since"] and not first["over"] and "Heal.Policy" in first["sentence"]
    sample = 'ecs_pubip_condition{condition="config",severity="problem"} 1\n'
    assert sample in machine.read(METRICS)
    machine.configure("")
    machine.reload()
    gone = wait_condition(machine, "config", lambda c: c["over"])
    assert gone["since"] == first["since"]
    headline = machine.cli("status").stdout.splitlines()[0]
    assert re.fullmatch(r"Confirmed \S+ \(static\)", headline)      # what is so now
    assert sample in machine.read(METRICS)
    machine.configure(BAD)
    machine.reload()
    again = wait_condition(machine, "config", lambda c: not c["over"])
    assert again["since"] == first["since"]                         # a gap is no end
    machine.configure("")
    machine.reload()
    assert machine.wait_status(lambda s: condition(s, "config") is None, 30)
    assert sample not in machine.read(METRICS)


def test_every_reader_shows_the_list(confirmed):
    """The address is confirmed; metadata was switched off since."""
    machine = confirmed.machine
    confirmed.sim.set("metadata.mode", "disabled")
    machine.ask_to_resume()
    said = wait_condition(machine, "metadata", lambda c: c["severity"] == "problem", 60)
    code, remedy = said["code"], "--HttpEndpoint enabled"
    assert code and code in said["sentence"] and remedy in said["remedy"]
    assert confirmed.sim.get("instance.id") in said["remedy"]
    assert machine.wait_notified(lambda n: code in n.get("STATUS", ""))
    page = first_lines(machine.cli("status").stdout)
    assert page.startswith("Confirmed ") and code in page and remedy in page
    done = machine.cli("wait", "--timeout=0")
    assert code in done.stderr and remedy in first_lines(done.stderr)
    found = [f for f in json.loads(machine.cli("doctor", "--json").stdout)["findings"]
             if f["check"] == "condition"]
    assert [(f["code"], f["level"]) for f in found] == [(code, "fail")] and remedy in found[0]["remedy"]


def test_wait_tells_of_a_problem_also_when_it_returns_0(confirmed):
    machine = confirmed.machine
    machine.configure(BAD)
    machine.reload()
    wait_condition(machine, "config", lambda c: True)
    done = machine.cli("wait")
    assert done.returncode == 0 and "Heal.Policy" in done.stdout
    assert "Problem   the configuration is not in force" in done.stderr
    assert "ecs-pubip config --check" in done.stderr


def test_plan_tells_what_the_agent_alone_can_see(confirmed):
    machine = confirmed.machine
    machine.write(HOLD, "")
    assert machine.wait_status(lambda s: s["held"])
    plan = machine.cli("plan").stdout
    assert HOLD + " is empty" in plan and "Remedy    sudo ecs-pubip resume" in plan


@pytest.mark.parametrize("text, why", [("", "is empty"), ("yes\n", "is no note of")])
def test_a_brake_that_nobody_set(confirmed, text, why):
    machine = confirmed.machine
    machine.write(HOLD, text)
    # the write is seen in its middle, too, when the file is empty
    said = wait_condition(machine, "hold", lambda c: why in c["sentence"])
    assert said["severity"] == "problem" and said["remedy"] == "sudo ecs-pubip resume"
    page = first_lines(machine.cli("status").stdout)
    assert page.startswith("Held, nothing is changed: ") and why in page
    assert machine.cli("resume").returncode == 0
    assert machine.wait_status(lambda s: not s["held"])


def test_a_brake_that_somebody_set_is_a_note(confirmed):
    machine = confirmed.machine
    assert machine.cli("hold").returncode == 0
    said = wait_condition(machine, "hold", lambda c: True)
    assert said["severity"] == "note" and said["since"]
    findings = {f["check"]: f for f in json.loads(machine.cli("doctor", "--json").stdout)["findings"]}
    assert findings["hold"]["level"] == "note"
    assert machine.cli("wait").returncode == 0


def test_the_kernels_remedy_ends_it(confirmed):
    """Printed in the state in which it helps: it is done as it stands."""
    machine = confirmed.machine
    route = machine.run(["ip", "-4", "route", "show", "default"]).stdout.split()
    machine.ip("link set eth0 down")
    said = wait_condition(machine, "kernel", lambda c: c["severity"] == "problem")
    assert said["sentence"] == "eth0: down" and said["remedy"] == "sudo ip link set eth0 up"
    page = first_lines(machine.cli("status").stdout)
    assert "eth0: down" in page and "Remedy sudo ip link set eth0 up" in page
    machine.run(said["remedy"].split()[1:])
    said = wait_condition(machine, "kernel", lambda c: c["sentence"] != "eth0: down" and not c["over"])
    assert "no route from" in said["sentence"] and "ip route get 203.0.113.1 from 172." in said["remedy"]
    machine.run(["ip", "route", "replace", *route])
    assert machine.wait_status(lambda s: s["planes"]["kernel"]["verdict"] == "agrees")


def test_on_the_way_to_an_address_a_late_plane_is_no_problem(make_world):
    world = make_world(mode="vpc", config="[Reboot]\nGrace=1h\n[Confirm]\nTimeout=2h\n")
    world.start()
    assert world.machine.wait_phase("confirming", timeout=60)
    said = wait_condition(world.machine, "metadata", lambda c: True)
    assert said["severity"] == "note"
    assert not [c for c in world.machine.status()["conditions"] if c["severity"] == "problem"]

# SPDX-License-Identifier: Apache-2.0
"""Each command's --json against the schema that is shipped, with the whole agent in several states."""

import json
import os

import pytest

from cli import Agent, failed, status, unconfirmed

jsonschema = pytest.importorskip("jsonschema")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(ROOT, "src/schema/ecs-pubip.schema.json"), encoding="utf-8") as f:
    SCHEMA = json.load(f)


def closed(schema):
    """The same, and nothing that it does not name: what a program reads must be in it."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {k: closed(v) for k, v in schema.items()}
    if "properties" in schema:
        schema["additionalProperties"] = False
    return schema


def check(machine, command, *arguments, codes=range(6)):
    done = machine.cli(command, "--json", *arguments)
    said = json.loads(done.stdout)
    assert done.returncode in codes, done.stderr
    jsonschema.Draft202012Validator(closed(SCHEMA["$defs"][command])).validate(said)
    assert said.get("exit_status", done.returncode) == done.returncode
    return said


def test_every_command_with_that_option_has_a_schema(machine):
    for line in machine.cli("--help").stdout.splitlines():
        command = line.split()[0] if line.startswith("  ") and line[2:3].islower() else None
        if command and "--json" in machine.cli(command, "--help").stdout:
            assert command in SCHEMA["$defs"], command
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_refuses_what_is_none():
    validator = jsonschema.Draft202012Validator(closed(SCHEMA["$defs"]["status"]))
    assert validator.is_valid({**status(), "agent_running": True})
    assert not validator.is_valid({**status(phase="dancing"), "agent_running": True})
    assert not validator.is_valid(status())


def test_with_an_agent(make_world):
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    assert check(machine, "history")["phases"] == []
    world.start()
    assert machine.wait_phase("confirmed", timeout=60)
    assert check(machine, "status")["last_day"] == {
        "allocations_limit": 3, "allocations": 1, "reboots_limit": 2, "reboots": 0}
    assert "Confirmed" in check(machine, "wait", codes=[0])["text"]
    assert check(machine, "plan", codes=[0])["call"] is None
    phases = check(machine, "history", codes=[0])["phases"]
    assert phases[-1]["phase"] == "confirmed" and phases[0]["uptime"] <= phases[-1]["uptime"]
    levels = {f["check"]: f["level"] for f in check(machine, "doctor")["findings"]}
    assert levels["agent"] == "ok"
    assert check(machine, "config", codes=[0])["problems"] == []
    for options in ((), ("--fleet",)):
        check(machine, "policy", *options, codes=[0])
    check(machine, "explain", "Throttling", codes=[0])
    check(machine, "hold", codes=[0])
    check(machine, "resume", codes=[0])
    machine.stop_agent()
    check(machine, "seal", codes=[0])
    check(machine, "status", codes=[4])
    check(machine, "wait", "--timeout=0", codes=[1, 4])


def test_plan_says_cost_and_reboot(make_world):
    world = make_world(mode="vpc-immediate")
    world.start_socket() if hasattr(world, "start_socket") else world.machine.start_socket()
    said = check(world.machine, "plan", codes=[1])
    assert said["call"] == "AllocatePublicIpAddress" and "billed" in said["cost"]
    assert "only if the address does not take effect within" in said["reboot"]
    page = world.machine.cli("plan").stdout
    assert "\nCost      " in page and "\nReboot    " in page
    assert max(map(len, page.splitlines()[1:])) <= 80
    world.machine.configure("[Reboot]\nPolicy=never\n")
    assert "Reboot.Policy=never" in check(world.machine, "plan", codes=[1])["reboot"]


@pytest.mark.parametrize("said", [status(), failed(), unconfirmed("waiting"), unconfirmed(
    "rebooting", next={"what": "reboot", "at": None, "waits_for": "x"})])
def test_states(machine, said):
    agent = Agent(machine)
    agent.live().say(said)
    check(machine, "status")
    agent.close()


def test_a_bad_configuration(machine):
    machine.configure("[Reboot]\nLimit=many\nLimitt=1\n")
    said = check(machine, "config", codes=[3])
    assert len(said["problems"]) == 2 and said["problems"][0].startswith("error: ")

# SPDX-License-Identifier: Apache-2.0
"""`doctor` and `plan`: they see what the agent sees, and change nothing."""

import json
import subprocess

import pytest

from cli import Agent, status, unconfirmed

CHANGING = {"AllocatePublicIpAddress", "RebootInstance", "ModifyInstanceNetworkSpec",
            "AllocateEipAddress", "AssociateEipAddress"}


# what else breaks with it: a locked instance cannot be restarted; the cloud process does not run
# on a bad configuration
ALSO = {"instance": {"may-reboot"}, "configuration": {"metadata"}}


def doctor(world):
    """Findings by check, and the exit status."""
    done = world.machine.cli("doctor", "--json")
    said = json.loads(done.stdout)
    assert said["exit_status"] == done.returncode and done.stderr == ""
    return {f["check"]: f for f in said["findings"]}, done.returncode


def bad(findings):
    return {name for name, f in findings.items() if f["level"] in ("warn", "fail")}


def executed(world):
    """Changing calls that the cloud has executed; dry runs are none."""
    return [name for name in CHANGING for _ in world.sim.executed(name)]


def make(make_world, **options):
    """No way out without a public address, as ever, but said at once instead of after 3 s."""
    world = make_world(**options)
    world.sim.set("network.public", "refuse")
    return world


@pytest.fixture
def world(make_world):
    return make(make_world)


@pytest.fixture
def confirmed(make_world):
    world = make(make_world, mode="vpc-immediate")
    world.start()
    assert world.machine.wait_phase("confirmed", timeout=60)
    world.sim.set("network.public", "auto")
    return world


def test_all_is_well(confirmed):
    findings, code = doctor(confirmed)
    assert (bad(findings), code) == (set(), 0)
    assert findings["may-allocate"]["level"] == "note"          # honest: cannot be asked
    assert findings["may-reboot"]["level"] == "ok"
    assert executed(confirmed) == ["AllocatePublicIpAddress"]       # the agent's
    assert confirmed.sim.get("instance.status") == "Running"


def test_text_names_every_check(confirmed):
    findings, _ = doctor(confirmed)
    text = confirmed.machine.cli("doctor").stdout
    found = [line.split()[1] for line in text.splitlines()[:-2] if not line.startswith(" ")]
    rest = [name for name, f in findings.items() if f["level"] not in ("fail", "warn")]
    assert sorted(found) == sorted(findings) and found[-len(rest):] == rest


@pytest.mark.parametrize("breakage, check, level, code", [
    (lambda w: w.sim.set("account.role.attached", False), "credentials", "fail", 3),
    (lambda w: w.sim.set("account.denied", ["ecs:RebootInstance"]), "may-reboot", "fail", 3),
    (lambda w: w.sim.set("account.denied", ["ecs:DescribeInstances"]), "may-describe", "fail", 3),
    (lambda w: w.sim.set("instance.locks", ["security"]), "instance", "fail", 3),
    (lambda w: w.sim.endpoint("ecs-vpc", "refuse"), "endpoint", "warn", 1),
    (lambda w: w.sim.tls("ecs-vpc", "wrong-name"), "endpoint", None, None),
    (lambda w: w.sim.set("clock.offset", 7200), "clock", "warn", 1),
    (lambda w: w.sim.set("metadata.available", False), "metadata", "warn", 1),
    (lambda w: w.sim.set("instance.bandwidth_out", 0), "bandwidth", "fail", 3),
    (lambda w: w.machine.configure("[Reboot]\nLimit=many\n"), "configuration", "fail", 3),
    (lambda w: w.machine.write("/etc/ecs-pubip/hold", "- x\n"), "hold", "fail", 3),
    (lambda w: w.machine.stop_socket(), "cloud-socket", "fail", 3),
    (lambda w: w.machine.run("chown 65534 /run/ecs-pubip"), "run-folder", "fail", 3),
    (lambda w: w.machine.run("chmod 0775 /run/ecs-pubip"), "run-folder", "fail", 3),
    (lambda w: w.machine.write("/var/lib/ecs-pubip/ledger", "scribble"), "ledger", "warn", 1),
    (lambda w: w.machine.run("mount -o remount,ro,bind /var"), "state", "fail", 3),
    (lambda w: w.machine.run("chmod 0755 /var/lib/ecs-pubip"), "state", "fail", 3),
])
def test_finds_what_is_broken(world, breakage, check, level, code):
    """No agent: only what doctor itself sees.  The agent's absence is found beside it."""
    world.machine.start_socket()
    breakage(world)
    findings, exit_status = doctor(world)
    assert check in bad(findings), findings
    assert exit_status == 3                             # at least: no agent
    if level:
        assert findings[check]["level"] == level, findings[check]
    assert bad(findings) - ALSO.get(check, set()) == {"agent", check}, findings
    assert findings[check]["remedy"]
    assert executed(world) == []


def test_names_the_masked_socket(world):
    world.machine.run("mkdir -p /etc/systemd/system && "
                      "ln -s /dev/null /etc/systemd/system/ecs-pubip-cloud.socket")
    findings, _ = doctor(world)
    assert "unmask" in findings["cloud-socket"]["remedy"]
    assert findings["metadata"]["level"] == "skip"


# answers whatever it is asked, as uid 65534, and prints what that was
IMPOSTOR = """
import json, os, socket
os.chown("/run/ecs-pubip", 65534, 65534)
os.setgroups([])
os.setresuid(65534, 65534, 65534)
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/ecs-pubip/cloud.sock")
listener.listen()
print("listens", flush=True)
while True:
    with listener.accept()[0] as peer:
        print(repr(peer.recv(65536)), flush=True)
        answer = {"instance_id": "i-evil", "region_id": "cn-evil", "account_id": "666",
                  "from_metadata": True, "public": {"presence": "absent"}}
        try:
            peer.sendall(json.dumps({"ok": answer}).encode() + b"\\n")
        except BrokenPipeError:
            pass
"""


def test_only_roots_listener_is_believed(world):
    """Where the agent's user can make files: it could listen there as well."""
    impostor = world.machine.popen(["python3", "-c", IMPOSTOR], stdout=subprocess.PIPE, text=True)
    assert impostor.stdout.readline() == "listens\n"
    findings, code = doctor(world)
    socket = findings["cloud-socket"]
    assert (socket["level"], socket["code"], code) == ("fail", "Cloud.Unreachable", 3)
    assert "not root" in socket["text"] and "ss -xlp" in socket["remedy"]
    assert findings["metadata"]["level"] == "skip"
    done = world.machine.cli("plan")
    assert (done.returncode, done.stdout) == (3, "") and "not root" in done.stderr
    assert "evil" not in world.machine.cli("policy").stdout
    assert {impostor.stdout.readline() for _ in range(3)} == {"b''\n"}     # nothing was asked
    impostor.kill()
    impostor.communicate()


def test_a_brake_that_only_the_agent_sees(world):
    """It may not look into /etc/ecs-pubip, which root may: no brake there is none of the agent's."""
    note = "/etc/ecs-pubip/hold cannot be read (Permission denied), which counts as held"
    agent = Agent(world.machine).live().say(status(held=True, note=note))
    found = doctor(world)[0]["hold"]
    assert found["level"] == "fail" and note in found["text"] and "chmod" in found["remedy"]
    agent.say(status())
    assert doctor(world)[0]["hold"]["level"] == "ok"
    agent.close()


@pytest.mark.parametrize("text, level", [("scribble", "fail"), (None, "warn")])
def test_an_agent_without_words(world, text, level):
    agent = Agent(world.machine).live()
    if text:
        agent.say(text)
    assert doctor(world)[0]["verdict"]["level"] == level
    agent.close()


def test_token(world):
    world.machine.start_socket()
    findings, _ = doctor(world)
    assert findings["token"]["level"] == "ok"
    world.sim.set("metadata.mode", "required")
    findings, _ = doctor(world)
    assert findings["token"]["level"] == "ok" and findings["metadata"]["level"] == "ok"
    world.sim.set("metadata.mode", "optional")
    world.sim.refuse_metadata("api/token", 404, times=None)
    findings, _ = doctor(world)
    assert findings["token"]["level"] == "note" and findings["metadata"]["level"] == "ok"
    world.machine.configure("[Cloud]\nTokenRequired=yes\n")
    findings, code = doctor(world)
    assert findings["token"]["level"] == "skip" and "metadata" in bad(findings)


def test_eip(world):
    mine, other = (world.sim.new_eip(tags={"for": name})["id"] for name in ("us", "them"))
    world.sim.call("bind_eip", eip=other, instance="i-bp1another0000001")
    world.machine.start_socket()
    said = {}
    for line in ("EipAllocationId=" + mine, "EipAllocationId=" + other, "EipTag=for=us",
                 "EipTag=for=nobody", "EipTag=for=nobody\nEipAllocate=yes",
                 "EipAllocationId=eip-none\nEipAllocate=yes"):
        world.machine.configure("[Address]\nStrategy=eip\n" + line + "\n")
        eip = doctor(world)[0]["eip"]
        said[line] = (eip["level"], eip["code"])
    assert list(said.values()) == [("ok", None), ("fail", "Eip.Elsewhere"), ("ok", None),
                                   ("fail", "Eip.NoneFree"), ("note", None),
                                   ("fail", "Eip.NotFound")]


def test_no_eip_for_who_has_a_static_address(confirmed):
    confirmed.machine.configure("[Address]\nStrategy=static eip\nEipTag=for=nobody\n")
    findings, code = doctor(confirmed)
    assert (findings["eip"]["level"], findings["eip"]["code"], code) == ("note", "Eip.NoneFree", 0)


def test_outside(confirmed):
    confirmed.machine.configure("[Confirm]\nOutside=http://ip.echo.test/\n")
    outside = doctor(confirmed)[0]["outside"]
    assert outside["level"] == "ok" and confirmed.sim.get("instance.public_ip") in outside["text"]


# plan

def plan(world):
    done = world.machine.cli("plan")
    return done.stdout, done.returncode


def test_plan_of_a_fresh_instance(world):
    world.machine.start_socket()
    text, code = plan(world)
    assert code == 1 and text.startswith("Now it would call AllocatePublicIpAddress")
    assert world.sim.actions() == ["DescribeInstances"]
    assert not world.machine.exists("/var/lib/ecs-pubip/ledger")


def test_plan_past_the_brake(world):
    """What somebody wants to know before releasing it; and nothing is released by looking."""
    world.machine.write("/etc/ecs-pubip/hold", "")
    world.start()
    assert world.machine.wait_phase("held", timeout=20)
    text, code = plan(world)
    assert code == 0 and text.startswith(
        "On hold; after sudo ecs-pubip resume it would call AllocatePublicIpAddress")
    assert "AllocatePublicIpAddress" not in world.sim.actions()
    assert world.machine.status()["held"]


def test_plan_when_all_is_well(confirmed):
    calls = len(confirmed.sim.actions())
    ledger = confirmed.machine.read("/var/lib/ecs-pubip/ledger")
    text, code = plan(confirmed)
    assert code == 0 and text.startswith("Nothing to do: Confirmed 203.0.113.")
    assert confirmed.machine.read("/var/lib/ecs-pubip/ledger") == ledger
    assert set(confirmed.sim.actions()[calls:]) <= {"DescribeInstances"}


def test_plan_when_a_person_is_needed(world):
    world.sim.set("instance.bandwidth_out", 0)
    world.machine.start_socket()
    text, code = plan(world)
    assert code == 3 and "Remedy" in text


def test_plan_of_a_reboot(make_world):
    """Allocated, not in effect: the grace is not waited for, the clock is moved on instead."""
    world = make(make_world, mode="vpc", config="[Reboot]\nGrace=1h\n[Confirm]\nTimeout=2h\n")
    world.start()
    assert world.machine.wait_phase("confirming", timeout=60)
    world.machine.stop_agent()
    world.machine.configure("[Reboot]\nGrace=2min\n")
    text, code = plan(world)
    assert code == 1, text
    assert text.startswith("In 2 min, if nothing changes, it would call RebootInstance")
    assert "RebootInstance" not in world.sim.actions()


def test_plan_of_a_reboot_by_policy(make_world):
    """Its reason is the policy; what a dead agent, or one that had given up, waited for is past."""
    world = make(make_world, mode="vpc", config="[Reboot]\nGrace=1h\n[Confirm]\nTimeout=2h\n")
    world.start()
    assert world.machine.wait_phase("confirming", timeout=60)
    world.machine.stop_agent()
    world.machine.configure("[Reboot]\nPolicy=always\n")
    waits = {"what": "reboot", "at": None, "waits_for": "somebody"}
    agent = Agent(world.machine).say(unconfirmed("rebooting", next=waits))
    text, code = plan(world)
    assert code == 1 and text.startswith("Now it would call RebootInstance"), text
    assert "Reboot.Policy=always" in text and "plane" not in text
    agent.live().say(unconfirmed("failed", next=waits))
    assert plan(world)[0].startswith("Now it would call RebootInstance")
    agent.say(unconfirmed("rebooting", next=waits))
    assert "waits for somebody" in plan(world)[0]
    agent.close()


def test_plan_after_the_address_was_taken_away(confirmed):
    confirmed.sim.take_address()
    confirmed.machine.stop_agent()
    text, code = plan(confirmed)
    assert code == 1, text
    assert text.startswith("In 1 min, if nothing changes, it would call AllocatePublicIpAddress")


def test_plan_with_a_bad_configuration(world):
    world.machine.configure("[Reboot]\nLimit=many\n")
    done = world.machine.cli("plan")
    assert done.returncode == 3 and "ecs-pubip.conf:2" in done.stderr


def test_a_changing_question_never_leaves(world):
    """However the engine is led: what goes over the socket is looked at."""
    world.machine.start_socket()
    world.machine.run(["strace", "-e", "trace=sendto", "-s", "2000", "-o", "/run/trace",
                       world.machine.program("src/ecs-pubip"), "plan"], check=False)
    trace = world.machine.read("/run/trace")
    assert '\\"op\\":\\"inspect\\"' in trace
    for op in ("allocate", "reboot", "bandwidth", "eip-allocate", "eip-associate"):
        assert '\\"op\\":\\"%s\\"' % op not in trace

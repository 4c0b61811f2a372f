# SPDX-License-Identifier: Apache-2.0
"""The cloud process's own limits: deadlines, hang-up, bad questions, secrets, its programs' manners."""

import json
import os
import shutil
import time

import pytest

from asker import CLOUD, Asker

ALLOCATE = "AllocatePublicIpAddress"
PUBLIC_OPEN = ("network.public", "open")


@pytest.fixture
def asker(world):
    with Asker(world) as asker:
        yield asker


# deadline

def test_no_attempt_after_the_deadline(world, asker):
    """The private endpoint eats the time: the public one, which would answer, is not tried."""
    asker.ok("identify")
    world.sim.set(*PUBLIC_OPEN)
    world.sim.endpoint("ecs-vpc", "blackhole")
    took = []
    while not took or (min(took) >= 4.5 and len(took) < 4):     # again, should the machine be busy
        begin = time.monotonic()
        fault = asker.fault("allocate", deadline_ms=1200)
        took.append(time.monotonic() - begin)
        assert fault["code"] in ("Transport.Connect", "Transport.Deadline")
    assert min(took) < 4.5, took    # a connect alone has 5 s
    assert not world.sim.events(event="arrival", plane="api")
    world.sim.endpoint("ecs-vpc", "refuse")
    assert asker.ok("allocate")["address"]


def test_no_attempt_that_has_no_time(world, asker):
    """With a moment left a healthy host would look like a dead one."""
    assert asker.fault("identify", deadline_ms=50)["code"] == "Transport.Deadline"
    assert not world.sim.events(event="arrival")


def test_deadline_counts_from_the_question(world, asker):
    """Slow metadata: when it has answered, the time is over, and no call leaves."""
    world.sim.rule("meta-data/all", delay=1.0)
    fault = asker.fault("allocate", deadline_ms=800)
    assert fault["class"] in ("retry", "protocol")
    assert not world.sim.events(event="arrival", plane="api")


def test_recovery_keeps_the_deadline(world, asker):
    asker.ok("inspect")
    world.sim.rule(ALLOCATE, times=None, pause=0.7, answer={"code": "InvalidTimeStamp.Expired"})
    fault = asker.fault("allocate", deadline_ms=600)
    assert fault["code"] == "Transport.Deadline"
    assert len(world.sim.events(event="arrival", action=ALLOCATE)) == 1


# hang-up

def test_no_call_for_an_agent_that_is_gone(world):
    """Killed while metadata is slow: the allocation that was to follow does not leave."""
    asker = Asker(world)
    world.sim.hold("meta-data/ram/security-credentials/")
    asker.send("allocate")
    world.sim.wait_arrival(path="meta-data/ram/security-credentials/")
    asker.hang_up()
    world.sim.release()
    assert asker.process.wait(10) == 0
    assert not world.sim.events(event="arrival", plane="api")


def test_questions_in_the_pipe_die_with_the_agent(world):
    asker = Asker(world)
    asker.ok("inspect")
    asker.send("allocate")
    asker.send("reboot")
    assert asker.end() == 0
    assert len(world.sim.api()) <= 2    # the first may have left before the end closed
    assert not world.sim.executed("RebootInstance")


def test_hang_up_ends_a_read_at_once(world):
    asker = Asker(world)
    asker.ok("identify")
    world.sim.damage("DescribeInstances", "stall")
    asker.send("inspect")
    world.sim.wait_arrival("DescribeInstances")
    begin = time.monotonic()
    assert asker.end() == 0
    assert time.monotonic() - begin < 10     # the answer had 20 s


def test_call_that_has_left_is_seen_through(world):
    """Hang-up after a changing call was sent: it is neither cut off nor sent again."""
    asker = Asker(world)
    asker.ok("inspect")
    world.sim.hold(ALLOCATE)
    asker.send("allocate")
    assert asker.line() == {"ready": 1}
    asker.go(1)
    assert world.sim.wait_arrival(ALLOCATE)
    asker.hang_up()
    # more than curl's longest sleep between looks; nothing tells when it has not ended
    time.sleep(1.5)
    assert asker.process.poll() is None
    world.sim.release()
    assert asker.process.wait(10) == 0
    assert len(world.sim.executed(ALLOCATE)) == 1
    assert len(world.sim.api(action=ALLOCATE)) == 1


def test_ends_when_the_agent_closes(asker):
    asker.ok("identify")
    assert asker.end() == 0


# questions

@pytest.mark.parametrize("line", [
    "", "{}", "null", "x", '{"op":"identify"}', '{"op":"nothing","deadline_ms":1000}',
    '{"op":"allocate","deadline_ms":1000}', '{"op":"identify","deadline_ms":1e9}',
    '{"op":"identify","deadline_ms":1000', "\x00\x01", '{"op":["identify"],"deadline_ms":1}'])
def test_question_that_is_none(asker, line):
    asker.send_line(line)
    assert asker.answer()["fault"]["code"] == "Cloud.Garbled"
    asker.ok("identify")


def test_line_without_end(world):
    asker = Asker(world)
    asker.ours.sendall(b"x" * 200000)
    assert asker.answer() is None
    assert asker.process.wait(30) == 1


def test_questions_in_one_write(world, asker):
    question = json.dumps({"op": "addresses", "deadline_ms": 9000})
    asker.ours.sendall((question + "\n" + question + "\n" + question[:10]).encode())
    assert "ok" in asker.answer() and "ok" in asker.answer()
    asker.ours.sendall((question[10:] + "\n").encode())
    assert "ok" in asker.answer()


# configuration

@pytest.mark.parametrize("config, words", [
    ("[Cloud]\nSignature=v9\n", ["/etc/ecs-pubip/ecs-pubip.conf:2", "v9"]),
    ("[Reboot]\nLimit=x\n", ["/etc/ecs-pubip/ecs-pubip.conf:2"])])
@pytest.mark.parametrize("change", ["allocate", "reboot"])
def test_bad_configuration_refuses_changes(make_world, config, words, change):
    world = make_world(config=config)
    with Asker(world) as asker:
        fault = asker.fault(change)
        assert (fault["class"], fault["code"]) == ("operator", "Cloud.Config")
        assert all(word in fault["message"] for word in words), fault
        assert not world.sim.log()
        assert asker.ok("inspect")["instance_id"] == asker.instance     # looks go on
        assert asker.ok("addresses")
        assert asker.fault(change)["code"] == "Cloud.Config"


def test_drop_ins(world):
    """systemd's precedence, and a FIFO is an error, not a hang."""
    machine = world.machine
    machine.write("/etc/ecs-pubip/ecs-pubip.conf.d/20-a.conf", "[Cloud]\nRegion=cn-beijing\n")
    machine.write("/run/ecs-pubip/ecs-pubip.conf.d/30-b.conf", "[Cloud]\nRegion=cn-shanghai\n")
    with Asker(world) as asker:
        assert asker.ok("identify")["region_id"] == "cn-shanghai"
    machine.run("ln -s /dev/null /etc/ecs-pubip/ecs-pubip.conf.d/30-b.conf")
    with Asker(world) as asker:
        assert asker.ok("identify")["region_id"] == "cn-beijing"
    machine.run("mkfifo /etc/ecs-pubip/ecs-pubip.conf.d/99-c.conf")
    with Asker(world) as asker:
        fault = asker.fault("allocate")
        assert asker.ok("identify")["region_id"] == "cn-beijing"     # by what could be read
    assert fault["code"] == "Cloud.Config" and "99-c.conf" in fault["message"]


# secrets

def everything(asker, world):
    """All that the process says, shows or leaves in places where others look."""
    pid = asker.process.pid
    said = []
    for name in ("cmdline", "environ"):
        with open("/proc/%d/%s" % (pid, name), "rb") as f:
            said.append(f.read().decode("utf-8", "replace"))
    for op, members in (("identify", {}), ("inspect", {}), ("allocate", {}),
                        ("probe", {"probe": "permission", "permission": "reboot"})):
        said.append(json.dumps(asker.ask(op, **members)))
    asker.end()
    with open(asker.errors, encoding="utf-8") as f:
        said.append(f.read())
    return "\n".join(said)


@pytest.mark.parametrize("signature", ["v3", "v1"])
def test_no_secret_is_said(make_world, signature):
    """Not even when the gateway repeats what was to be signed, with the token in it."""
    world = make_world(config="[Cloud]\nSignature=%s\n" % signature)
    with Asker(world) as first:
        first.ok("inspect")
    secrets = world.sim.secrets()
    assert secrets
    token = next(s for s in secrets if s.startswith("CAIS"))
    world.sim.fail("DescribeInstances", "SignatureDoesNotMatch", times=None, message=(
        "Specified signature is not matched with our calculation. server string to sign is:"
        "POST&%2F&SecurityToken%3D" + token))
    world.sim.fail(ALLOCATE, "IncompleteSignature", message="token " + token + " is odd")
    said = everything(Asker(world), world)
    assert "(withheld)" in said
    for secret in world.sim.secrets():
        assert secret not in said
        assert secret[:12] not in said


def test_memory_is_out_of_reach(world):
    """No core dump; not even the same user may look: the file belongs to root then.

    Of a user without rights, as the unit's is; a file of root's own would be root's in any case.
    """
    with Asker(world, wrapper=["setpriv", "--reuid=65534", "--clear-groups"]) as asker:
        asker.ok("inspect")
        process = "/proc/%d/" % asker.process.pid
        with open(process + "status", encoding="ascii") as f:
            assert "Uid:\t65534\t65534\t65534\t65534\n" in f.readlines()
        with open(process + "limits", encoding="ascii") as f:
            core = next(line for line in f if line.startswith("Max core"))
        assert core.split()[4:6] == ["0", "0"]
        assert os.stat(process + "mem").st_uid == 0


def test_secrets_are_wiped(world):
    """A core of the living process, taken by the debugger's way: no copy but the one in use."""
    asker = Asker(world)
    asker.ok("inspect")
    credentials = world.sim.get("account.role.sets")[-1]
    for name, copies in (("secret", 1), ("token", 1)):
        assert count_in_memory(asker.process.pid, credentials[name].encode()) == copies, name
    asker.end()


def count_in_memory(pid, needle):
    """How often NEEDLE stands in the writable memory of PID."""
    found = 0
    with open("/proc/%d/maps" % pid, encoding="ascii") as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            low, high = (int(x, 16) for x in span.split("-"))
            memory.seek(low)
            try:
                found += memory.read(high - low).count(needle)
            except OSError:
                continue
    return found


# the program

def test_help_and_version(world):
    program = world.machine.program(CLOUD)
    done = world.machine.run([program, "--help"])
    assert done.stdout.startswith("Usage: ecs-pubip-cloud")
    assert world.machine.run([program, "--version"]).stdout.startswith("ecs-pubip-cloud ")
    for wrong in (["--frobnicate"], ["x"]):
        done = world.machine.run([program, *wrong], check=False)
        assert done.returncode == 64 and done.stderr


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
@pytest.mark.parametrize("signature", ["v3", "v1"])
def test_nothing_leaks(make_world, signature):
    """No block, no descriptor and no uninitialised read, good answers and bad ones."""
    world = make_world(config="[Cloud]\nSignature=%s\n" % signature)
    asker = Asker(world, wrapper=[
        "valgrind", "-q", "--leak-check=full", "--track-fds=yes", "--error-exitcode=9",
        "--errors-for-leak-kinds=definite,indirect,possible"])
    # under valgrind the first handshake may outlast its 5 s: asked again, as the agent does
    for _ in range(5):
        answer = asker.ask("inspect", deadline_ms=45000)
        if answer.get("fault", {}).get("code") != "Transport.Connect":
            break
    for op in ("identify", "inspect", "allocate", "addresses", "eip-find"):
        asker.ok(op, deadline_ms=45000)
    # once `all` was not understood, a process reads the items
    for damage, item in (("garbled", "meta-data/all"), ("huge", "meta-data/eipv4"),
                         ("half", "meta-data/eipv4"), ("html", "meta-data/eipv4")):
        world.sim.damage("DescribeInstances", damage)
        world.sim.damage(item, damage)
        asker.fault("inspect", deadline_ms=45000)
        asker.ask("addresses", deadline_ms=45000)
    asker.send_line("nonsense")
    asker.answer()
    assert asker.end() == 0
    with open(asker.errors, encoding="utf-8") as f:
        assert f.read() == ""


def test_silent_when_all_is_well(world):
    asker = Asker(world)
    asker.ok("inspect")
    asker.end()
    with open(asker.errors, encoding="utf-8") as f:
        assert f.read() == ""

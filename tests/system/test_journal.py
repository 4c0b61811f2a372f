# SPDX-License-Identifier: Apache-2.0
"""What the machine's own journal has: entries by id and field, and the catalog's text."""

import pytest

from system import release

IDS = {"identified": "f9728e6f950a181a51052c2f402e12d9",
       "asking": "e9ccd79b19408a5c369892da5e4fd6bc",
       "changed": "369bb13b547e3c3cbd0a482dc5bd22a2",
       "confirmed": "7ecd83ea29b85ed1b76be34bef80b7a4"}


@pytest.fixture(scope="module")
def ready(module_confirmed):
    """One machine for all: these tests only read."""
    return module_confirmed()


def test_entries_by_id_and_field(ready):
    one, machine = ready
    for name, identity in IDS.items():
        entries = machine.journal("MESSAGE_ID=" + identity)
        assert len(entries) == 1, name
        assert entries[0]["_SYSTEMD_UNIT"] == "ecs-pubip.service"
        assert entries[0]["SYSLOG_IDENTIFIER"] == "ecs-pubip-agent"
        assert entries[0]["ECS_INSTANCE_ID"] == one.sim.get("here")
    request = one.sim.executed("AllocatePublicIpAddress")[0]["request_id"]
    assert machine.journal("ECS_REQUEST_ID=" + request, "ECS_ACTION=AllocatePublicIpAddress")
    address = one.sim.get("instance.public_ip")
    assert machine.journal("ECS_PUBIP_ADDRESS=" + address, "MESSAGE_ID=" + IDS["confirmed"])
    assert machine.journal("ECS_PUBIP_PHASE=confirmed", "ECS_REGION_ID=cn-hangzhou")


def test_catalog(ready):
    """The package's trigger has compiled it in: `journalctl -x` explains."""
    one, machine = ready
    text = machine.run("journalctl", "--no-pager", "-x", "MESSAGE_ID=" + IDS["asking"]).stdout
    assert "The cloud is about to be asked for a change" in text
    assert "AllocatePublicIpAddress for " + one.sim.get("here") in " ".join(text.split()).replace("- ", "")
    for identity in IDS.values():
        assert "ecs-pubip" in machine.run("journalctl", "--dump-catalog", identity).stdout


def test_the_service_manager_is_quiet_about_cloud_processes(ready):
    """No line per conversation: neither Started nor Deactivated. Before 249 LogLevelMax= does not
    reach them; there the package looks less often."""
    _, machine = ready
    if release.SYSTEMD < 249:
        assert "30min" in machine.cli("config").stdout
        return
    for _ in range(3):
        machine.systemctl("restart", "ecs-pubip.service")
        assert machine.cli("wait", "--timeout=30s").returncode == 0
    lines = machine.log("ecs-pubip-cloud@*").splitlines()
    assert [line for line in lines if "ecs-pubip-cloud@" in line] == []


def test_the_service_manager_knows_every_line(ready):
    """No "Unknown lvalue" and no other complaint about what we ship, at a boot or by asking."""
    _, machine = ready
    own = [e["MESSAGE"] for e in machine.journal("_PID=1")
           if "ecs-pubip" in e["MESSAGE"] + e.get("CONFIG_FILE", "") and int(e["PRIORITY"]) <= 5]
    assert own == []
    names = machine.sh("cd /lib/systemd/system; ls -d *ecs-pubip*.service *ecs-pubip*.socket "
                       "*ecs-pubip*.path *ecs-pubip*.target").stdout.split()
    assert len(names) == 10
    said = machine.run("systemd-analyze", "verify", "--man=no", *names, check=False).stdout
    assert [line for line in said.splitlines() if "ecs-pubip" in line] == []


def test_no_secret_in_the_journal(ready):
    one, machine = ready
    machine.run("journalctl", "--sync")
    text = machine.run("journalctl", "--no-pager", "-o", "export").stdout
    for secret in one.sim.secrets():
        assert secret not in text

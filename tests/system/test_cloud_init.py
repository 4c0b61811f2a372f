# SPDX-License-Identifier: Apache-2.0
"""The real cloud-init beside an agent that is in the image: user-data brings its configuration.

The data source is NoCloud, a folder in the image: in a container AliYun is not looked for
(tests/machine has it).
"""

import json
import os

from system import release
from system.base import TOP

# as cloud-init 24.3 renamed it
NETWORK_STAGE = "cloud-init-network.service" if release.SYSTEMD >= 257 else "cloud-init.service"
SEED = "var/lib/cloud/seed/nocloud/"
# bootcmd comes before write_files: it lets the agent be the first.
EIP = """#cloud-config
bootcmd:
  - timeout 60 sh -c 'until ecs-pubip status | grep user-data; do sleep 0.2; done'
write_files:
  - path: /etc/ecs-pubip/ecs-pubip.conf.d/60-user-data.conf
    content: |
      [Address]
      Strategy=eip
      EipTag=pool=web
runcmd:
  - [sh, -c, "ecs-pubip wait --timeout=1min; echo $? >/run/waited"]
"""


def give(layer, user_data, vendor_data=None):
    layer.run("rm", "-f", "/etc/cloud/cloud-init.disabled")
    layer.write("etc/cloud/cloud.cfg.d/95-sim.cfg", "datasource_list: [NoCloud]\nlocale: C.UTF-8\n")
    layer.write(SEED + "user-data", user_data)
    layer.write(SEED + "meta-data", "instance-id: i-bp1sim\n")
    if vendor_data:
        layer.write(SEED + "vendor-data", vendor_data)


def result(machine):
    machine.sh("timeout 60 sh -c 'until test -e /run/cloud-init/result.json; do sleep 0.2; done'")
    return json.loads(machine.sh("cat /run/cloud-init/result.json").stdout)["v1"]


def test_user_data_configures_before_anything_is_changed(instance):
    """Strategy=eip: no static address, although the agent was up before cloud-init."""
    one = instance("vpc-immediate")
    one.sim.new_eip(tags={"pool": "web"})
    give(one.layer, EIP)
    machine = one.boot()
    said = result(machine)
    assert said["datasource"].startswith("DataSourceNoCloud ") and said["errors"] == []
    assert machine.sh("cat /run/waited").stdout.strip() == "0", machine.log("ecs-pubip.service")
    assert [e["action"] for e in one.sim.executed()] == ["AssociateEipAddress"]
    assert machine.status()["kind"] == "eip"
    at = "ActiveEnterTimestampMonotonic"
    assert int(machine.show("ecs-pubip.service", at)) < int(machine.show(NETWORK_STAGE, at))
    assert "ordering cycle" not in machine.log().lower()
    assert machine.system_state() == "running"


def test_a_network_stage_that_never_ends(instance):
    """cloud-init hangs, and with it the boot: the agent is there, says so, and can be told to go on."""
    one = instance("vpc-immediate")
    give(one.layer, "#cloud-config\nbootcmd:\n  - [sleep, infinity]\n")
    machine = one.boot(wait=False)
    machine.sh("timeout 60 sh -c 'until ecs-pubip status 2>&1 | grep -q user-data; do sleep 0.2; done'")
    assert machine.cli("status").returncode == 1
    assert one.sim.executed() == []
    machine.cli("resume")
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    assert machine.systemctl("is-active", "sysinit.target", check=False) == "inactive"


def test_vendor_data_beside_user_data(instance):
    """As it is shipped; a user's own write_files does not take its place, and the user's word wins."""
    with open(os.path.join(TOP, "packaging/cloud-init/vendor-data.boothook"), encoding="utf-8") as f:
        vendor_data = f.read()
    one = instance("vpc-immediate")
    one.sim.give_address()
    give(one.layer, "#cloud-config\nwrite_files:\n"
         "  - {path: /etc/ecs-pubip/ecs-pubip.conf.d/70-user.conf, content: \"[Heal]\\nLimit=1\\n\"}\n",
         vendor_data)
    machine = one.boot()
    assert result(machine)["errors"] == []
    text = machine.cli("config").stdout
    assert "Policy=adopt" in text and "40-vendor.conf:2" in text
    assert "70-user.conf:2" in text
    assert machine.cli("config", "--check").returncode == 0
    assert machine.cli("wait", "--timeout=60s").returncode == 0
    assert machine.journal("MESSAGE_ID=87e802119283610c76200cfa65c24e47")     # it was read

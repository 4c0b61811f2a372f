# SPDX-License-Identifier: Apache-2.0
"""The SELinux module, compiled and linked into Debian's whole policy: what the two domains may do.

Not enforced anywhere here: the kernel of the tests has no SELinux.
"""

import glob
import os
import re

import pytest

from system import base

STORE = ("/etc/selinux", "/var/lib/selinux/default")    # of selinux-policy-default
AGENT, CLOUD = "ecs_pubip_t", "ecs_pubip_cloud_t"
RULE = re.compile(r"allow (\S+) (\S+):(\S+) (?:\{ ([^}]*) \}|(\S+?));")
# Every domain has the open descriptors of what started it, and its own /proc.
INHERITED = {"init_tmpfs_t"}


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The module, made with the policy's own Makefile."""
    folder = str(tmp_path_factory.mktemp("selinux"))
    base.run(["cp", "-r", os.path.join(base.TOP, "packaging/selinux") + "/.", folder])
    base.run(["make", "-C", folder, "-f", "/usr/share/selinux/devel/Makefile", "ecs_pubip.pp"])
    return os.path.join(folder, "ecs_pubip.pp")


@pytest.fixture(scope="module")
def policy(module, tmp_path_factory):
    """The binary policy that a machine would load, with the module in it."""
    root = str(tmp_path_factory.mktemp("policy"))
    for source in STORE:
        target = root + os.path.dirname(source)
        os.makedirs(target, exist_ok=True)
        base.run(["cp", "-a", source, target])
    base.run(["semodule", "--path", root, "--store", "default", "--noreload", "--install", module])
    return glob.glob(root + "/etc/selinux/default/policy/policy.*")[0]


@pytest.fixture(scope="module")
def rules(policy):
    """domain → [(target, class, permissions)], its attributes' rules included."""
    def of(domain):
        text = base.run(["sesearch", "--allow", "--source", domain, policy])
        found = [(m[2], m[3], set((m[4] or m[5]).split())) for m in RULE.finditer(text)]
        assert len(found) > 50
        return found
    return {domain: of(domain) for domain in (AGENT, CLOUD)}


def targets(rules, kind, permissions):
    return {target for target, its, given in rules if its == kind and given & permissions}


def test_shipped(module, packages):
    """A policy that does not compile ends the RPM build; and the RPM has it."""
    assert os.path.getsize(module) > 1000
    listed = base.run(["rpm", "-qlp", base.find(packages, ".rpm", but=("x86_64", "aarch64"))])
    assert "/usr/share/selinux/packages/targeted/ecs_pubip.pp" in listed


def test_systemd_enters_the_domains(policy):
    """Although the units say NoNewPrivileges=."""
    said = base.run(["sesearch", "--type_trans", "--allow", "--source", "init_t", "--class",
                     "process,process2", policy])
    for program, domain in (("ecs_pubip_exec_t", AGENT), ("ecs_pubip_cloud_exec_t", CLOUD)):
        assert "type_transition init_t %s:process %s;" % (program, domain) in said
        assert "allow init_t %s:process2 { nnp_transition nosuid_transition };" % domain in said


@pytest.mark.parametrize("domain, sockets", [
    (AGENT, {"unix_stream_socket", "unix_dgram_socket", "netlink_route_socket"}),
    (CLOUD, {"unix_stream_socket", "tcp_socket", "udp_socket"}),    # unix: nscd, where it is used
])
def test_sockets(rules, domain, sockets):
    made = {kind for _, kind, given in rules[domain] if kind.endswith("socket") and "create" in given}
    assert made == sockets


def test_ports(rules):
    assert targets(rules[AGENT], "tcp_socket", {"name_connect", "name_bind"}) == set()
    assert targets(rules[CLOUD], "tcp_socket", {"name_connect"}) == {
        "http_port_t", "http_cache_port_t", "dns_port_t"}
    assert targets(rules[CLOUD], "tcp_socket", {"name_bind"}) == set()


CHANGE = {"write", "append", "create", "unlink", "rename", "link", "setattr"}


def test_files(rules):
    """The agent changes its two folders, the cloud process nothing."""
    own = {"ecs_pubip_state_t", "ecs_pubip_run_t"}
    assert targets(rules[AGENT], "file", CHANGE) - INHERITED == own | {AGENT}
    assert targets(rules[AGENT], "dir", {"add_name", "remove_name", "create"}) == own
    assert targets(rules[CLOUD], "file", CHANGE) - INHERITED == {CLOUD}
    assert targets(rules[CLOUD], "dir", {"add_name", "remove_name", "create"}) == set()


def test_secrets_and_state(rules):
    read = {"read", "open"}
    assert "ecs_pubip_secret_t" in targets(rules[CLOUD], "file", read)
    assert "ecs_pubip_secret_t" not in targets(rules[AGENT], "file", read | CHANGE)
    assert "ecs_pubip_state_t" not in targets(rules[CLOUD], "file", read | CHANGE)


@pytest.mark.parametrize("domain", [AGENT, CLOUD])
def test_no_capability_and_no_other_program(rules, domain):
    assert [r for r in rules[domain] if r[1].startswith("capability")] == []
    assert targets(rules[domain], "file", {"execute_no_trans"}) == set()
    assert targets(rules[domain], "process", {"transition", "ptrace", "execmem"}) == set()


def test_what_the_agent_needs(rules):
    """Where enforcing cannot be tried: each thing that it does has its rule."""
    agent = rules[AGENT]
    assert {CLOUD, "init_t", "system_dbusd_t"} <= targets(agent, "unix_stream_socket", {"connectto"})
    assert {"ecs_pubip_run_t", "ecs_pubip_conf_t", "var_run_t", "var_lib_t"} <= targets(
        agent, "dir", {"watch"})    # the last two: cloud-init's, which Debian's policy has no types for
    assert "ecs_pubip_state_t" in targets(agent, "dir", {"lock"})
    assert {"var_lib_t", "sysfs_t"} <= targets(agent, "file", {"open"})
    assert {"etc_t", "cert_t", "net_conf_t", "ecs_pubip_conf_t"} <= targets(rules[CLOUD], "file", {"open"})

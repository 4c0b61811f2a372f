# SPDX-License-Identifier: Apache-2.0
"""The SELinux module, compiled and linked into Debian's whole policy: what the two domains may do.

Not enforced anywhere here: the kernel of the tests has no SELinux.
"""

import glob
import os
import re
import shutil

import pytest

from system import base

STORE = ("/etc/selinux", "/var/lib/selinux/default")    # of selinux-policy-default
AGENT, CLOUD = "ecs_pubip_t", "ecs_pubip_cloud_t"
RULE = re.compile(r"allow (\S+) (\S+):(\S+) (?:\{ ([^}]*) \}|(\S+?));")
# Every domain has the open descriptors of what started it, and its own /proc.
INHERITED = {"init_tmpfs_t"}


DEVEL = "/usr/share/selinux/devel"


def compiled(folder, devel=DEVEL):
    """The module, made with the policy's own Makefile."""
    base.run(["cp", "-r", os.path.join(base.TOP, "packaging/selinux") + "/.", folder])
    base.run(["make", "-C", folder, "-f", DEVEL + "/Makefile", "HEADERDIR=%s/include" % devel,
              "ecs_pubip.pp"])
    return os.path.join(folder, "ecs_pubip.pp")


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return compiled(str(tmp_path_factory.mktemp("selinux")))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """of(MODULE…): the binary policy that a machine would load, with these in it."""
    def of(*modules):
        root = str(tmp_path_factory.mktemp("policy"))
        for source in STORE:
            target = root + os.path.dirname(source)
            os.makedirs(target, exist_ok=True)
            base.run(["cp", "-a", source, target])
        base.run(["semodule", "--path", root, "--store", "default", "--noreload",
                  *["--install=" + m for m in modules]])
        return glob.glob(root + "/etc/selinux/default/policy/policy.*")[0]
    return of


@pytest.fixture(scope="module")
def policy(store, module):
    return store(module)


def rules_of(policy, domain):
    """[(target, class, permissions)], the rules of the domain's attributes included."""
    text = base.run(["sesearch", "--allow", "--source", domain, policy])
    found = [(m[2], m[3], set((m[4] or m[5]).split())) for m in RULE.finditer(text)]
    assert len(found) > 50
    return found


@pytest.fixture(scope="module")
def rules(policy):
    return {domain: rules_of(policy, domain) for domain in (AGENT, CLOUD)}


def targets(rules, kind, permissions):
    return {target for target, its, given in rules if its == kind and given & permissions}


@pytest.mark.parametrize("alias", ["/run /var/run", "/var/run /run"])
@pytest.mark.parametrize("path", ["/run/ecs-pubip", "/var/run/ecs-pubip/cloud.sock", "/run/ecs-pubip/marks"])
def test_label_below_run(policy, tmp_path, alias, path):
    """Whichever of the two names the policy takes for the other (EL the first, Debian the second)."""
    contexts = os.path.dirname(os.path.dirname(policy)) + "/contexts/files/file_contexts"
    shutil.copy(contexts, tmp_path / "file_contexts")
    (tmp_path / "file_contexts.subs_dist").write_text(alias + "\n", encoding="ascii")
    said = base.run(["selabel_lookup", "-b", "file", "-f", str(tmp_path / "file_contexts"), "-k", path])
    assert ":ecs_pubip_run_t:" in said, said


def test_shipped(module, packages):
    """A policy that does not compile ends the RPM build; and the RPM has it."""
    assert os.path.getsize(module) > 1000
    listed = base.run(["rpm", "-qlp", base.find(packages, ".rpm", but=("x86_64", "aarch64"))])
    assert "/usr/share/selinux/packages/targeted/ecs_pubip.pp" in listed


def test_compiles_without_the_newest_permissions(tmp_path):
    """The policy of the RHEL 8 class knows no `watch`, and a rule with it would end the RPM build."""
    devel = str(tmp_path / "devel")
    base.run(["cp", "-r", DEVEL, devel])
    known = os.path.join(devel, "include/support/all_perms.spt")
    with open(known, encoding="utf-8") as f:
        text = f.read()
    assert " watch " in text
    with open(known, "w", encoding="utf-8") as f:
        f.write(re.sub(r" watch\w*\b", "", text))
    (tmp_path / "module").mkdir()
    assert os.path.getsize(compiled(str(tmp_path / "module"), devel)) > 1000


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
    # cloud-init's link among the units, and what it leads to
    assert "systemd_unit_t" in targets(agent, "dir", {"search"})
    assert "systemd_unit_t" in targets(agent, "lnk_file", {"read"})
    assert "systemd_unit_t" in targets(agent, "file", {"getattr"})


def test_what_the_cloud_needs(rules):
    cloud = rules[CLOUD]
    assert {"etc_t", "cert_t", "net_conf_t"} <= targets(cloud, "file", {"open"})
    # every folder that may hold a part of the configuration: EACCES is a fault, unlike ENOENT
    for own in ("ecs_pubip_conf_t", "ecs_pubip_run_t"):
        assert own in targets(cloud, "dir", {"search"}) & targets(cloud, "dir", {"read"}), own
        assert own in targets(cloud, "file", {"open"}) & targets(cloud, "file", {"read"}), own


@pytest.mark.parametrize("domain", [AGENT, CLOUD])
def test_may_limit_its_memory(rules, domain):
    assert domain in targets(rules[domain], "process", {"setrlimit"})


FEDORA = """module fedora 1.0;
require { type var_lib_t; attribute file_type; role object_r; }
type cloud_var_lib_t;
typeattribute cloud_var_lib_t file_type;
type systemd_unit_file_t;
typeattribute systemd_unit_file_t file_type;
"""


def test_what_the_agent_needs_where_fedora_has_its_own_types(store, module, tmp_path):
    """Debian's policy has not these types, so a module brings them."""
    (tmp_path / "fedora.te").write_text(FEDORA, encoding="ascii")
    base.run(["checkmodule", "-M", "-m", "-o", str(tmp_path / "fedora.mod"), str(tmp_path / "fedora.te")])
    base.run(["semodule_package", "-o", str(tmp_path / "fedora.pp"), "-m", str(tmp_path / "fedora.mod")])
    agent = rules_of(store(str(tmp_path / "fedora.pp"), module), AGENT)
    assert {"read", "open", "search", "watch"} <= {
        permission for target, kind, given in agent
        if (target, kind) == ("cloud_var_lib_t", "dir") for permission in given}
    assert "cloud_var_lib_t" in targets(agent, "file", {"open"})
    assert "systemd_unit_file_t" in targets(agent, "lnk_file", {"read"})

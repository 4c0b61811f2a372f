# SPDX-License-Identifier: Apache-2.0
"""The message catalog: an entry for every id, in systemd's own opinion too."""

import os
import re
import shutil
import subprocess

from agent import MESSAGE, SOURCES, catalog

CATALOG = os.path.join(SOURCES, "catalog", "ecs-pubip.catalog")


def test_every_id_has_its_entry_and_no_other():
    assert len(set(MESSAGE.values())) == len(MESSAGE) > 20
    assert set(catalog()) == set(MESSAGE.values())


def test_entries_say_what_to_do():
    for name, text in catalog().items():
        head, _, body = text.partition("\n\n")
        assert re.search(r"^Subject: \S.{5,}$", head, re.M), name
        assert "Defined-By: ecs-pubip" in head
        assert len(body.strip()) > 80, name
        # fields that entries really have
        assert set(re.findall(r"@(\w+)@", body)) <= {
            "ECS_ACTION", "ECS_INSTANCE_ID", "ECS_REGION_ID", "ECS_REQUEST_ID",
            "ECS_PUBIP_ADDRESS", "ECS_ERROR_CODE"}, name


def test_every_id_is_used():
    """An id that nothing sends explains nothing."""
    code = ""
    folder = os.path.join(SOURCES, "agent")
    for name in os.listdir(folder):
        if name.endswith(".c"):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                code += f.read()
    for name in MESSAGE:
        assert re.search(r"\bMESSAGE_%s\b" % name, code), name


def test_journalctl_reads_it(tmp_path):
    there = tmp_path / "usr/lib/systemd/catalog"
    there.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    shutil.copy(CATALOG, there)
    done = subprocess.run(["journalctl", "--root=%s" % tmp_path, "--update-catalog"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=True, env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"})
    assert done.stdout == ""
    listing = subprocess.run(["journalctl", "--root=%s" % tmp_path, "--list-catalog"],
                             stdout=subprocess.PIPE, text=True, check=False).stdout
    for value in MESSAGE.values():
        assert value in listing

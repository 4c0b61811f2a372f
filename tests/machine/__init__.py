# SPDX-License-Identifier: Apache-2.0
"""Whole machines. SYSTEMS: which releases test_systems.py boots, beside the one of the others:
none unless asked for, as each takes a root, a package and a machine of its own."""

import os

SYSTEMS = os.environ.get("ECS_PUBIP_SYSTEMS", "").split()

# SPDX-License-Identifier: Apache-2.0
"""Whole machines. SYSTEMS: which releases test_systems.py boots, beside the one of the others."""

import os

SYSTEMS = os.environ.get("ECS_PUBIP_SYSTEMS", "noble").split()

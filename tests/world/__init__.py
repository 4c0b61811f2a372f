# SPDX-License-Identifier: Apache-2.0
"""A cloud and a machine in namespaces: what integration tests, demo and benches stand on.

Python standard library only.  README.md shows it by example.
"""

from .world import World

__all__ = ["World"]

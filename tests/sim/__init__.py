# SPDX-License-Identifier: Apache-2.0
"""The cloud as an instance sees it: metadata, the ECS and VPC APIs, and who can be reached.

Python standard library only, and nothing of the agent: what both got wrong together, no test
would find.  Run it only inside a network namespace of its own (tests/world makes one).
"""

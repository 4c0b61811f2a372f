# SPDX-License-Identifier: Apache-2.0
"""The cloud as an instance sees it: metadata, the ECS and VPC APIs, and who can be reached.

Python standard library only, and nothing of the agent: what both got wrong together, no test
would find.  Run it only inside a network namespace of its own (tests/world makes one).

    cloud, instance, eip, account, clock   the state, and how it changes
    endpoints, certs, server               who can be reached, TLS, HTTP, damaged bytes
    metadata                               100.100.100.200
    gateway, signature, render, fault      the door of the API; behind it action, ecs, vpc
    script, events, control, client        what a test says and sees

tests/world/README.md shows all of it by example.
"""

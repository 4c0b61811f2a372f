# SPDX-License-Identifier: Apache-2.0
"""Every row of the fault table that a cloud can cause, over the wire, through the whole agent.

The simulator gives the row's code, in JSON and in XML, where the row's call is made.  Asserted:
phase, class, sentence, remedy, message and request id, and which calls were made afterwards.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from fault_rows import FORMS, drive, rows

LANES = 6   # worlds at a time: most of a life is waiting
ROWS = rows()


@pytest.fixture(scope="module")
def outcome(request):
    """What became of a row.  Most of a life is waiting: without xdist, LANES worlds at a time."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        yield drive
        return
    wanted = [item.callspec.params["row"] for item in request.session.items
              if item.module is request.module and hasattr(item, "callspec")]
    with ThreadPoolExecutor(LANES) as lanes:
        futures = {row.number: lanes.submit(drive, row) for row in wanted}
        yield lambda row: futures[row.number].result()
        for future in futures.values():
            future.cancel()


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_row(row, outcome):
    problem = outcome(row)
    assert problem is None, problem


def test_count(capsys):
    """What is driven, for the record; the classes must all be there."""
    with capsys.disabled():
        print("\n%d rows of the fault table driven over the wire, each in %s"
              % (len(ROWS), " and ".join(FORMS)))
    assert {row.__dict__["class"] for row in ROWS} == {
        "retry", "settling", "auth", "clock", "throttled", "already", "operator"}

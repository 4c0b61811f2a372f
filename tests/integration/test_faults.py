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
COUNT = "%d rows, each in %s" % (len(ROWS), " and ".join(FORMS))


@pytest.fixture(scope="module")
def outcome(request):
    """Row to what went wrong with it; the lives of the selected rows are lived side by side."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        yield drive     # the workers are the lanes
        return
    wanted = [item.callspec.params["row"] for item in request.session.items
              if item.module is request.module and item.originalname == "test_row"]
    with ThreadPoolExecutor(LANES) as lanes:
        futures = {row.number: lanes.submit(drive, row) for row in wanted}
        yield lambda row: futures[row.number].result()
        for future in futures.values():
            future.cancel()


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_row(row, outcome):
    problem = outcome(row)
    assert problem is None, problem


@pytest.mark.parametrize("count", [COUNT])
def test_count(count, capsys):
    """Its name carries the count into every report; each class that a cloud can cause is there."""
    with capsys.disabled():
        print("\nfault table over the wire: " + count)
    assert {row.kind for row in ROWS} == {
        "retry", "settling", "auth", "clock", "throttled", "already", "operator"}

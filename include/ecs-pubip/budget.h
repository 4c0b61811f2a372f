/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a call may take, from its intent to its last effect, and who may rely on it (design 3).
 * The rows add up; the assertions say how.
 */
#pragma once

/* The cloud process begins no attempt later than this after its question was received … */
#define CALL_ASK_MS 25000u
/* … and one attempt ends this long after it began. */
#define CALL_ATTEMPT_MS 20000u
/* Then a call that was asked cannot take effect any more: nobody waits for its answer longer. */
#define CALL_MAX_MS (CALL_ASK_MS + CALL_ATTEMPT_MS)

/* A call is asked this late after its intent, at most: else the intent is withdrawn; … */
#define STORE_SEC 15
/* … and the bytes no later than this: by then a write and a question have had all their time. */
#define GO_SEC (STORE_SEC + CALL_ASK_MS / 1000)
/* An inspection asked this long after an intent tells what came of a call nobody spoke of. */
#define ORPHAN_SEC (CALL_MAX_MS / 1000 + STORE_SEC)

_Static_assert(GO_SEC == 40, "law L1 says so");
_Static_assert(CALL_MAX_MS % 1000 == 0, "the ledger counts in whole seconds");
_Static_assert(CALL_MAX_MS == 45000, "design 3, and all who quote it, say 45 s");

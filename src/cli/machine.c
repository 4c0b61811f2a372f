/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen of this machine without the agent: links, ledger. */
#include "machine.h"

#include <errno.h>
#include <string.h>

#include "host/file.h"
#include "host/kernel.h"
#include "util/cleanup.h"
#include "util/paths.h"

#define LOOKUPS_MAX 3 /* of one that was interrupted */

void machine_kernel(const struct watch *watch, struct kernel_facts *ret) {
        struct kernel_lookup k = {.incomplete = true};

        for (unsigned i = 0; i < LOOKUPS_MAX && k.incomplete; i++)
                (void)kernel_lookup(watch, &k);
        *ret = k.facts;
}

enum ledger_state machine_ledger(struct ledger *ret) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = file_read(LEDGER_PATH, LEDGER_TEXT_MAX, &text, &len);
        if (r == -ENOENT)
                return LEDGER_NONE;
        if (r < 0 && r != -EBADMSG)
                return LEDGER_UNREADABLE;
        return r >= 0 && ledger_parse(text, len, ret) >= 0 ? LEDGER_READ : LEDGER_DAMAGED;
}

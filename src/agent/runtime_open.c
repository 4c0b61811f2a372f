/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: the folders with their locks, the ledger as it was found, the state machine. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

#include "host/boot_id.h"
#include "host/clock.h"
#include "host/dmi.h"
#include "message_ids.h"
#include "runtime_step.h"
#include "runtime_watch.h"
#include "util/cleanup.h"
#include "util/paths.h"
#include "util/text.h"

int runtime_open_state(struct runtime *r) {
        int k = store_open(&r->store, STATE_DIR);

        if (k == -EBUSY)
                runtime_say(MESSAGE_ANOTHER_AGENT, LOG_ERR,
                            "Another ecs-pubip-agent runs here and has " STATE_DIR " in use", "");
        else if (k < 0)
                runtime_say(MESSAGE_STATE_FOLDER, LOG_ERR,
                            STATE_DIR " cannot be used, so nothing will be changed", strerror(-k));
        return k == -EBUSY ? k : 0;
}

static enum ledger_state load_ledger(struct runtime *r, struct ledger *ret) {
        int k = store_load(&r->store, ret);

        switch (k) {
        case 0:
                return LEDGER_READ;
        case -ENOENT:
                return LEDGER_NONE;
        case -EBADMSG:
        case -EPROTONOSUPPORT:
                r->ledger_is_newer = k == -EPROTONOSUPPORT;
                if (store_set_aside(&r->store, r->ledger_is_newer ? "newer" : "damaged",
                                    clock_wall_sec(), r->aside) < 0)
                        TEXT_SET(r->aside, "it could not be renamed");
                return LEDGER_DAMAGED;
        default:
                runtime_say(MESSAGE_STATE_FOLDER, LOG_ERR,
                            LEDGER_PATH " cannot be read, so nothing will be changed",
                            strerror(-k));
                return LEDGER_UNREADABLE;
        }
}

/* Only spreads waits over time: where the kernel has no entropy yet, the clock is chance enough. */
static uint64_t seed(void) {
        uint64_t n = 0;

        if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != (ssize_t)sizeof(n))
                n = clock_boot_usec() ^ ((uint64_t)clock_wall_sec() << 20);
        return n;
}

void runtime_open_engine(struct runtime *r, const struct config *config, const char *boot_id) {
        _cleanup_free_ struct ledger *ledger = calloc(1, sizeof(*ledger));
        enum ledger_state state = LEDGER_UNREADABLE;
        char id[BOOT_ID_SIZE];
        bool is_ecs = false, has_dmi = dmi_read(&is_ecs);

        (void)boot_id_read(boot_id, id); /* "" where unknown; then nothing is changed */
        if (ledger)
                state = load_ledger(r, ledger);
        engine_init(&r->engine, config, id, has_dmi, is_ecs, state, ledger, HOLD_OFF, seed());
        r->engine.given.hold = runtime_hold(r);
        record_open(&r->record, r->store.fd, r->engine.ledger.instance_id,
                    r->engine.ledger.address);
}

/* It is taken up at one place, the start: what was known before that cannot be put into it later.
 */
bool runtime_leave_for_ledger(struct runtime *r) {
        if (r->engine.given.ledger_state != LEDGER_UNREADABLE || !store_is_readable(&r->store))
                return false;
        runtime_say(MESSAGE_STATE_FOLDER, LOG_NOTICE,
                    LEDGER_PATH " can be read again: the agent ends, and goes on with it when the "
                                "service manager has started it again, in 15 s",
                    "");
        runtime_leave(r, -EAGAIN);
        return true;
}

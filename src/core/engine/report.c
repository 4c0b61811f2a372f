/* SPDX-License-Identifier: Apache-2.0 */
/* What a person is told, once, and what a person's word was for (law L7, design 4.4). */
#include "report.h"

#include <string.h>

#include "util/text.h"

/* NOTICES_MAX is more than any turn says, see the tests; else the last one gives way. */
struct notice *report_notice(struct turn *t, enum notice_kind kind) {
        struct actions *a = t->out;
        struct notice *n;

        if (a->n_notices < NOTICES_MAX)
                a->n_notices++;
        n = &a->notices[a->n_notices - 1];
        *n = (struct notice){.kind = kind, .address = t->e->expected};
        t->e->reported.confirmed = kind == NOTICE_CONFIRMED ? n->address : 0;
        return n;
}

void report_unknown(struct turn *t, enum plane plane, const struct fault *f) {
        struct notice *n = report_notice(t, NOTICE_PLANE_UNKNOWN);

        n->plane = plane;
        n->fault = *f;
}

bool report_once(struct turn *t, enum report_list list, const char *code) {
        char(*told)[FAULT_CODE_SIZE] = t->e->reported.faults[list];

        for (unsigned i = 0; i < REPORTED_IN_TURN; i++)
                if (strcmp(told[i], code) == 0)
                        return false;
        memmove(told[1], told[0], (REPORTED_IN_TURN - 1) * FAULT_CODE_SIZE);
        text_copy(told[0], FAULT_CODE_SIZE, code);
        return true;
}

void report_clear(struct turn *t, enum report_list list, const char *code) {
        for (unsigned i = 0; i < REPORTED_IN_TURN; i++)
                if (!code || strcmp(t->e->reported.faults[list][i], code) == 0)
                        TEXT_SET(t->e->reported.faults[list][i], "");
}

void report_clear_faults(struct turn *t) {
        report_clear(t, REPORTED_WAITING, NULL);
        report_clear(t, REPORTED_FAILED, NULL);
}

void report_accept(struct turn *t) {
        struct engine *e = t->e;
        bool stands = e->phase == PHASE_FAILED; /* else it waits for its next look */

        TEXT_SET(e->reported.accepted,
                 stands ? e->holdoff.fault.code : e->reported.faults[REPORTED_FAILED][0]);
}

bool report_is_accepted(const struct engine *e, const char *code) {
        return strcmp(e->reported.accepted, code) == 0;
}

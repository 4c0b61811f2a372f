/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a cloud process of our own, through the agent's socket. */
#pragma once

#include <errno.h>

#include <ecs-pubip/wire.h>

#include "util/buf.h"
#include "util/cleanup.h"

#define ASKER_MS 20000u /* the deadline of what a person waits for */

struct asker {
        int fd;    /* -1: not connected */
        int error; /* of the last attempt to connect, as asker_connect(); 0: none failed */
        struct buf line;
};

void asker_init(struct asker *a);
void asker_done(struct asker *a);

/* Not systemd listens there, but somebody who is not root. connect(2) has another use for none. */
#define ASKER_NOT_ROOT (-EUCLEAN)

/* 0, ASKER_NOT_ROOT, or the negative errno of connecting; asker_ask() does it by itself. */
int asker_connect(struct asker *a);
const char *asker_strerror(int error);

/*
 * Asks and waits for the answer, never longer than the question's deadline and a little. What
 * goes wrong on the way is a fault in the answer, as for the agent. A changing question is not
 * sent: -EPERM. Otherwise 0, or -ENOMEM.
 */
int asker_ask(struct asker *a, const struct wire_question *q, struct wire_answer *ret);

#define _cleanup_asker_ _cleanup_(asker_done)

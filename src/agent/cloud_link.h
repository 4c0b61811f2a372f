/* SPDX-License-Identifier: Apache-2.0 */
/* The client end of the wire: one question at a time, and one answer or fault for each. */
#pragma once

#include <systemd/sd-event.h>

#include <ecs-pubip/wire.h>

struct cloud_link;

/* Called once per question that was not dropped, maybe from within cloud_link_ask(). */
typedef void (*cloud_link_fn)(const struct wire_answer *answer, void *userdata);

/* The changing call in flight is ready, for the n-th time: cloud_link_go(), or it is dropped. */
typedef void (*cloud_link_ready_fn)(unsigned number, void *userdata);

/* True if a question soon to come makes an idle connection worth keeping. */
typedef bool (*cloud_link_keep_fn)(void *userdata);

int cloud_link_new(sd_event *event, const char *socket_path, cloud_link_fn on_answer,
                   cloud_link_ready_fn on_ready, cloud_link_keep_fn keep, void *userdata,
                   struct cloud_link **ret);
struct cloud_link *cloud_link_free(struct cloud_link *l);

/* A question still in flight is dropped. */
void cloud_link_ask(struct cloud_link *l, const struct wire_question *q);

/* Says that it may leave; `at` is CLOCK_BOOTTIME before what that rests on was read. */
void cloud_link_go(struct cloud_link *l, uint64_t at);

/* Closes the connection; an answer still due will not come. */
void cloud_link_drop(struct cloud_link *l);

/* Closes it once the answer still due has come: the next process reads the configuration anew. */
void cloud_link_retire(struct cloud_link *l);

/* SPDX-License-Identifier: Apache-2.0 */
/* From a status file to the environment of a hook. */
#include "hook_event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

#define PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool is_id(const char *s) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

        return n > 0 && n < EVENT_ID_SIZE && s[n] == '\0';
}

/* A stamp of another instance is the image's, which this one was made of. */
static bool is_ours(const struct hook_stamp *done, const struct hook_event *e) {
        return strcmp(done->instance_id, e->instance_id) == 0;
}

/* What the hooks did last is what they have to undo; the agent's word only where they did nothing.
 */
static void fill_previous(struct hook_event *e, const struct status *s,
                          const struct hook_stamp *done) {
        if (is_ours(done, e) && *done->last && strcmp(done->last, e->address) != 0)
                TEXT_SET(e->previous, done->last);
        else if (s->previous_ip && s->previous_ip != s->public_ip)
                ipv4_format(s->previous_ip, e->previous);
}

int hook_event_read(const char *text, size_t len, const struct hook_stamp *done,
                    struct hook_event *ret) {
        struct hook_event e = {};
        struct status s;

        if (status_parse(text, len, &s, NULL) < 0)
                return -EBADMSG;
        if (s.public_ip && status_is_confirmed(&s))
                ipv4_format(s.public_ip, e.address);
        else if (s.public_ip || s.change != CHANGE_LOST)
                return -EAGAIN;
        if (!is_id(s.instance_id) || !is_id(s.region_id))
                return -EBADMSG;
        TEXT_SET(e.instance_id, s.instance_id);
        TEXT_SET(e.region_id, s.region_id);
        TEXT_SET(e.kind, *e.address ? ledger_kind_name(s.kind) : NULL);
        TEXT_SET(e.reason, status_change_name(s.change));
        fill_previous(&e, &s, done);
        *ret = e;
        return 0;
}

bool hook_event_is_done(const struct hook_event *e, const struct hook_stamp *done) {
        return is_ours(done, e) && strcmp(done->address, e->address) == 0 &&
               strcmp(done->kind, e->kind) == 0;
}

void hook_event_stamp(const struct hook_event *e, struct hook_stamp *stamp) {
        if (!is_ours(stamp, e))
                *stamp = (struct hook_stamp){};
        TEXT_SET(stamp->instance_id, e->instance_id);
        TEXT_SET(stamp->address, e->address);
        TEXT_SET(stamp->kind, e->kind);
        if (*e->address)
                TEXT_SET(stamp->last, e->address);
}

void hook_event_environment(const struct hook_event *e,
                            char space[static EVENT_ENV_MAX][EVENT_ENV_SIZE],
                            char *ret[static EVENT_ENV_MAX]) {
        const struct {
                const char *name, *value;
        } values[] = {
                {"PATH", PATH},
                {"ECS_PUBIP_ADDRESS", e->address},
                {"ECS_PUBIP_PREVIOUS", e->previous},
                {"ECS_PUBIP_KIND", e->kind},
                {"ECS_PUBIP_REASON", e->reason},
                {"ECS_INSTANCE_ID", e->instance_id},
                {"ECS_REGION_ID", e->region_id},
        };
        size_t n = sizeof(values) / sizeof(values[0]);

        _Static_assert(sizeof(values) / sizeof(values[0]) < EVENT_ENV_MAX, "one place for NULL");
        for (size_t i = 0; i < n; i++) {
                snprintf(space[i], EVENT_ENV_SIZE, "%s=%s", values[i].name, values[i].value);
                ret[i] = space[i];
        }
        ret[n] = NULL;
}

static const char *or_dash(const char *word) {
        return *word ? word : "-";
}

void hook_stamp_format(const struct hook_stamp *s, char *ret, size_t size) {
        snprintf(ret, size, "%s %s %s %s\n", or_dash(s->instance_id), or_dash(s->address),
                 or_dash(s->last), or_dash(s->kind));
}

void hook_stamp_parse(const char *text, struct hook_stamp *ret) {
        struct hook_stamp s = {};
        const struct {
                char *to;
                size_t size;
        } words[] = {
                {s.instance_id, sizeof(s.instance_id)},
                {s.address, sizeof(s.address)},
                {s.last, sizeof(s.last)},
                {s.kind, sizeof(s.kind)},
        };
        size_t n = sizeof(words) / sizeof(words[0]);

        *ret = (struct hook_stamp){};
        for (size_t i = 0; i < n; i++) {
                size_t len = strcspn(text, " \n");

                if (len == 0 || len >= words[i].size || text[len] != (i + 1 < n ? ' ' : '\n'))
                        return;
                if (len != 1 || *text != '-')
                        memcpy(words[i].to, text, len); /* zero behind it */
                text += len + 1;
        }
        *ret = s;
}

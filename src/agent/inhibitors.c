/* SPDX-License-Identifier: Apache-2.0 */
/* Inhibitors: org.freedesktop.login1(5), ListInhibitors. */
#include "inhibitors.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include <ecs-pubip/usec.h>

#include "host/cloud_init.h"
#include "util/buf.h"
#include "util/text.h"

#define ANSWER_TIMEOUT   (5 * USEC_PER_SEC)
#define LOOK_INTERVAL    (10 * USEC_PER_SEC) /* only while a reboot is due */
#define ACCURACY         USEC_PER_SEC
#define WHO_MAX          64
#define CLOUD_INIT_WAITS "cloud-init to finish"

struct inhibitors {
        sd_event *event;
        inhibitors_fn on_blockers;
        void *userdata;
        sd_event_source *timer, *late, *inotify;
        sd_bus *bus; /* only while a question to logind is open */
        sd_bus_slot *slot;
        char inhibitors[BLOCKERS_SIZE];
        bool inhibitors_known;
        char told[BLOCKERS_SIZE];
        bool told_once;
};

static void tell(struct inhibitors *i) {
        char text[BLOCKERS_SIZE] = "";

        if (cloud_init_unfinished())
                TEXT_SET(text, CLOUD_INIT_WAITS);
        if (i->inhibitors[0] && !text[0])
                TEXT_SET(text, i->inhibitors);
        else if (i->inhibitors[0])
                snprintf(text, sizeof(text), CLOUD_INIT_WAITS ", %.200s", i->inhibitors);
        if (!i->inhibitors_known || (i->told_once && strcmp(text, i->told) == 0))
                return;
        TEXT_SET(i->told, text);
        i->told_once = true;
        i->on_blockers(i->told, i->userdata);
}

static void close_bus(struct inhibitors *i) {
        (void)sd_event_source_set_enabled(i->late, SD_EVENT_OFF);
        i->slot = sd_bus_slot_unref(i->slot);
        if (!i->bus)
                return;
        (void)sd_bus_detach_event(i->bus);
        sd_bus_close(i->bus); /* and unref at once would be sd_bus_close_unref(), of systemd 241 */
        i->bus = sd_bus_unref(i->bus);
}

static void inhibitors_are(struct inhibitors *i, const char *text) {
        TEXT_SET(i->inhibitors, text);
        i->inhibitors_known = true;
        tell(i);
}

static bool has_word(const char *list, const char *word) {
        size_t n = strlen(word);

        for (const char *p = list; p; p = strchr(p, ':'), p = p ? p + 1 : NULL)
                if (strncmp(p, word, n) == 0 && (p[n] == ':' || p[n] == '\0'))
                        return true;
        return false;
}

/* The first one that blocks: a person deals with them one at a time. */
static int first_blocker(sd_bus_message *m, char ret[static BLOCKERS_SIZE]) {
        const char *what, *who, *why, *mode;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(ssssuu)");
        while (r >= 0) {
                char name[WHO_MAX], reason[WHO_MAX];

                r = sd_bus_message_read(m, "(ssssuu)", &what, &who, &why, &mode, NULL, NULL);
                if (r <= 0)
                        break;
                if (strcmp(mode, "block") != 0 || !has_word(what, "shutdown"))
                        continue;
                text_copy_printable(name, sizeof(name), who);
                text_copy_printable(reason, sizeof(reason), why);
                snprintf(ret, BLOCKERS_SIZE, "%s to let go of its shutdown inhibitor (%s)", name,
                         reason);
                return 1;
        }
        return r;
}

/* Whoever cannot be asked may be holding something: waited for as for one who is (Patience). */
static void inhibitors_unknown(struct inhibitors *i, const char *why) {
        char text[BLOCKERS_SIZE];

        close_bus(i);
        snprintf(text, sizeof(text),
                 "systemd-logind to say whether anything inhibits shutdown (cannot ask logind: "
                 "%.100s)",
                 why);
        inhibitors_are(i, text);
}

/* The bus itself says that nobody is logind: then nobody can have told it anything. */
static bool is_no_logind(sd_bus_message *m) {
        return sd_bus_message_is_method_error(m, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_message_is_method_error(m, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static int on_inhibitors(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct inhibitors *i = userdata;
        char text[BLOCKERS_SIZE] = "";

        (void)error;
        if (is_no_logind(m)) {
                close_bus(i);
                inhibitors_are(i, "");
        } else if (sd_bus_message_is_method_error(m, NULL)) {
                int errnum = sd_bus_message_get_errno(m);

                /* sd-bus's word for the end of the connection; a time-out is our own. */
                inhibitors_unknown(i, errnum == ETIMEDOUT ? "it hung up" : strerror(errnum));
        } else if (first_blocker(m, text) < 0) {
                inhibitors_unknown(i, "its answer is malformed");
        } else {
                close_bus(i);
                inhibitors_are(i, text);
        }
        return 1; /* handled: on 0 sd-bus goes on to write to the bus that was just closed */
}

static int ask_logind(struct inhibitors *i) {
        sd_bus_message *m = NULL;
        int r;

        close_bus(i);
        r = sd_bus_open_system(&i->bus);
        if (r >= 0)
                r = sd_bus_attach_event(i->bus, i->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_message_new_method_call(
                        i->bus, &m, "org.freedesktop.login1", "/org/freedesktop/login1",
                        "org.freedesktop.login1.Manager", "ListInhibitors");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_call_async(i->bus, &i->slot, m, on_inhibitors, i, UINT64_MAX);
        sd_bus_message_unref(m);
        return r;
}

/* sd-bus begins to count a call's time when the bus has said hello, which it may never do. */
static int on_late(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source, (void)usec;
        inhibitors_unknown(userdata, "it is silent");
        return 0;
}

static void arm(struct inhibitors *i, sd_event_source *timer, uint64_t after) {
        uint64_t now = 0;

        (void)sd_event_now(i->event, CLOCK_BOOTTIME, &now);
        (void)sd_event_source_set_time(timer, now + after);
        (void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* Without a system bus nothing inhibits. */
static void look(struct inhibitors *i) {
        int r = ask_logind(i);

        arm(i, i->timer, LOOK_INTERVAL);
        if (r >= 0) {
                arm(i, i->late, ANSWER_TIMEOUT);
        } else if (r == -ENOENT) {
                close_bus(i);
                inhibitors_are(i, "");
        } else {
                inhibitors_unknown(i, strerror(-r));
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source, (void)usec;
        look(userdata);
        return 0;
}

static int on_cloud_init(sd_event_source *source, const struct inotify_event *event,
                         void *userdata) {
        (void)source, (void)event;
        tell(userdata);
        return 0;
}

/* Without the folder the look every few seconds is enough. */
void inhibitors_look(struct inhibitors *i) {
        i->told_once = i->inhibitors_known = false;
        i->inotify = sd_event_source_unref(i->inotify);
        (void)sd_event_add_inotify(i->event, &i->inotify, CLOUD_INIT_DIR,
                                   IN_CREATE | IN_MOVED_TO | IN_DELETE, on_cloud_init, i);
        look(i);
}

void inhibitors_stop(struct inhibitors *i) {
        i->inotify = sd_event_source_unref(i->inotify);
        (void)sd_event_source_set_enabled(i->timer, SD_EVENT_OFF);
        close_bus(i);
}

int inhibitors_new(sd_event *event, inhibitors_fn on_blockers, void *userdata,
                   struct inhibitors **ret) {
        struct inhibitors *i = calloc(1, sizeof(*i));
        int r;

        if (!i)
                return -ENOMEM;
        i->event = sd_event_ref(event);
        i->on_blockers = on_blockers;
        i->userdata = userdata;
        r = sd_event_add_time(event, &i->timer, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY, on_timer, i);
        if (r >= 0)
                r = sd_event_add_time(event, &i->late, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY,
                                      on_late, i);
        if (r < 0) {
                inhibitors_free(i);
                return r;
        }
        *ret = i;
        return 0;
}

struct inhibitors *inhibitors_free(struct inhibitors *i) {
        if (!i)
                return NULL;
        if (i->late)
                inhibitors_stop(i);
        sd_event_source_unref(i->late);
        sd_event_source_unref(i->timer);
        sd_event_unref(i->event);
        free(i);
        return NULL;
}

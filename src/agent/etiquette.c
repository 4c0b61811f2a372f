/* SPDX-License-Identifier: Apache-2.0 */
/* Inhibitors: org.freedesktop.login1(5), ListInhibitors. */
#include "etiquette.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "cloud_init.h"
#include "util/buf.h"
#include "util/text.h"

#define USEC_PER_SEC     UINT64_C(1000000)
#define LOGIND_TIMEOUT   (5 * USEC_PER_SEC)
#define LOOK_INTERVAL    (10 * USEC_PER_SEC) /* only while a reboot is due */
#define ACCURACY         USEC_PER_SEC
#define WHO_MAX          64
#define CLOUD_INIT_WAITS "cloud-init to finish"

struct etiquette {
        sd_event *event;
        etiquette_fn on_blockers;
        void *userdata;
        sd_event_source *timer, *inotify;
        sd_bus *bus; /* only while a question to logind is open */
        sd_bus_slot *slot;
        char inhibitors[BLOCKERS_SIZE];
        bool inhibitors_known;
        char told[BLOCKERS_SIZE];
        bool told_once;
};

static void tell(struct etiquette *e) {
        char text[BLOCKERS_SIZE] = "";

        if (cloud_init_unfinished())
                TEXT_SET(text, CLOUD_INIT_WAITS);
        if (e->inhibitors[0] && !text[0])
                TEXT_SET(text, e->inhibitors);
        else if (e->inhibitors[0])
                snprintf(text, sizeof(text), CLOUD_INIT_WAITS ", %.200s", e->inhibitors);
        if (!e->inhibitors_known || (e->told_once && strcmp(text, e->told) == 0))
                return;
        TEXT_SET(e->told, text);
        e->told_once = true;
        e->on_blockers(e->told, e->userdata);
}

static void close_bus(struct etiquette *e) {
        e->slot = sd_bus_slot_unref(e->slot);
        if (!e->bus)
                return;
        (void)sd_bus_detach_event(e->bus);
        sd_bus_close(e->bus); /* and unref at once would be sd_bus_close_unref(), of systemd 241 */
        e->bus = sd_bus_unref(e->bus);
}

static void inhibitors_are(struct etiquette *e, const char *text) {
        TEXT_SET(e->inhibitors, text);
        e->inhibitors_known = true;
        tell(e);
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

/* A time-out, and not the end of the connection, which sd-bus calls by the same name. */
static bool is_silence(const struct etiquette *e, sd_bus_message *m) {
        if (sd_bus_is_open(e->bus) <= 0)
                return false;
        return sd_bus_message_is_method_error(m, SD_BUS_ERROR_NO_REPLY) ||
               sd_bus_message_is_method_error(m, SD_BUS_ERROR_TIMEOUT);
}

/*
 * Without logind nothing inhibits. One that is there and silent is waited for like an inhibitor:
 * the wait is bounded by Reboot.Patience.
 */
static int on_inhibitors(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct etiquette *e = userdata;
        char text[BLOCKERS_SIZE] = "";

        (void)error;
        if (!sd_bus_message_is_method_error(m, NULL))
                (void)first_blocker(m, text);
        else if (is_silence(e, m))
                TEXT_SET(text, "systemd-logind to say whether anything inhibits shutdown");
        close_bus(e);
        inhibitors_are(e, text);
        return 1; /* handled: on 0 sd-bus goes on to write to the bus that was just closed */
}

static int ask_logind(struct etiquette *e) {
        sd_bus_message *m = NULL;
        int r;

        close_bus(e);
        r = sd_bus_open_system(&e->bus);
        if (r >= 0)
                r = sd_bus_attach_event(e->bus, e->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_message_new_method_call(
                        e->bus, &m, "org.freedesktop.login1", "/org/freedesktop/login1",
                        "org.freedesktop.login1.Manager", "ListInhibitors");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_call_async(e->bus, &e->slot, m, on_inhibitors, e, LOGIND_TIMEOUT);
        sd_bus_message_unref(m);
        return r;
}

static void look(struct etiquette *e) {
        uint64_t now = 0;

        (void)sd_event_now(e->event, CLOCK_BOOTTIME, &now);
        (void)sd_event_source_set_time(e->timer, now + LOOK_INTERVAL);
        (void)sd_event_source_set_enabled(e->timer, SD_EVENT_ONESHOT);
        if (ask_logind(e) < 0) {
                close_bus(e);
                inhibitors_are(e, "");
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
void etiquette_look(struct etiquette *e) {
        e->told_once = e->inhibitors_known = false;
        e->inotify = sd_event_source_unref(e->inotify);
        (void)sd_event_add_inotify(e->event, &e->inotify, CLOUD_INIT_DIR,
                                   IN_CREATE | IN_MOVED_TO | IN_DELETE, on_cloud_init, e);
        look(e);
}

void etiquette_stop(struct etiquette *e) {
        e->inotify = sd_event_source_unref(e->inotify);
        (void)sd_event_source_set_enabled(e->timer, SD_EVENT_OFF);
        close_bus(e);
}

int etiquette_new(sd_event *event, etiquette_fn on_blockers, void *userdata,
                  struct etiquette **ret) {
        struct etiquette *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        e->event = sd_event_ref(event);
        e->on_blockers = on_blockers;
        e->userdata = userdata;
        r = sd_event_add_time(event, &e->timer, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY, on_timer, e);
        if (r < 0) {
                etiquette_free(e);
                return r;
        }
        *ret = e;
        return 0;
}

struct etiquette *etiquette_free(struct etiquette *e) {
        if (!e)
                return NULL;
        if (e->timer)
                etiquette_stop(e);
        sd_event_source_unref(e->timer);
        sd_event_unref(e->event);
        free(e);
        return NULL;
}

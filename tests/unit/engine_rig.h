/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stories about the engine in words: what happens, and what it then wants. A line of a story is
 * { "event", "phase wants…" }; the words are listed in engine_rig.c.
 */
#pragma once

#include <ecs-pubip/engine.h>

struct line {
        const char *event, *wants;
};

struct rig {
        struct engine engine;
        struct actions actions;
        struct config config;
        struct ledger disk; /* what the last successful STORE left */
        enum ledger_state disk_state;
        enum hold hold;
        struct engine_now now;
        unsigned boots;
        struct identity identity; /* what the next answers are made of */
        struct instance instance;
        struct eip eip;
        bool no_boot_id, dmi_is_ecs;
        bool user_data_comes; /* cloud-init has not written it when the agent starts */
        bool unproven;        /* nothing is known of the machine before the kernel was heard */
        bool was_online, was_marked; /* before the last event */
};

/* A fresh VPC instance whose kernel plane agrees. */
void rig_init(struct rig *r);

/* Plays the lines; the test fails at the first that turns out otherwise, and says how. */
void rig_play(struct rig *r, const struct line *lines, size_t n);
#define PLAY(r, ...)                                                                               \
        rig_play((r), (const struct line[]){__VA_ARGS__},                                          \
                 sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line))

/*
 * What comes next by itself: an intent is stored, control shows `instance` ("A", "none"), nobody
 * else shows anything, the witness fails; where nothing is asked the deadline comes.
 */
void rig_go_on(struct rig *r, const char *instance);

in_addr_t rig_address(char name); /* 'A' is 192.0.2.1, 'B' 192.0.2.2, … */

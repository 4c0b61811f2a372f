/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the stories.
 *
 * Events: start, kill (and start again), boot (a restart of the machine), identity X, addresses X,
 * instance X (or eip:X), ready [N] [held], ok X, eip WORD, reach yes|no, outside X, fault CODE
 * [STATUS [HINT_MS [MESSAGE]]], unsent CODE (the same, before it was ready), stored [held|full],
 * kernel up|down|gone|stranger|nobody, hold, unhold, foreign-hold, resume, reload, clock, stop,
 * blockers [TEXT], wait (until the deadline), +SECONDS (without an event). X is an address A to Z,
 * or none.
 *
 * What it wants: the phase, then what is to be done (store, aside, watch, blockers, no-blockers,
 * go, online, mark, unmark, exit, drop, ask:OP), each thing named exactly; then, where it matters,
 * !CODE (the fault), in:A-B (seconds to the deadline), say:NOTICE. An empty text: anything.
 */
#include "engine_rig.h"

#include "unit.h"

#include <errno.h>

#include "util/text.h"

#define TEXT 512

in_addr_t rig_address(char name) {
        return name >= 'A' && name <= 'Z' ? htonl(0xc0000201u + (unsigned)(name - 'A')) : 0;
}

void rig_init(struct rig *r) {
        memset(r, 0, sizeof(*r));
        config_defaults(&r->config);
        r->now = (struct engine_now){.boot_usec = 20 * USEC_PER_SEC, .wall_sec = 1795000000};
        r->boots = 1;
        r->dmi_is_ecs = true;
        TEXT_SET(r->identity.instance_id, "i-test");
        TEXT_SET(r->identity.region_id, "cn-hangzhou");
        TEXT_SET(r->identity.mac, "00:16:3e:00:00:01");
        r->identity.private_ip = htonl(0xac10000a);
        r->identity.network = NETWORK_VPC;
        r->identity.from_metadata = true;
        TEXT_SET(r->instance.instance_id, "i-test");
        TEXT_SET(r->instance.status, "Running");
        r->instance.network = NETWORK_VPC;
        r->instance.bandwidth_out = 5;
        r->instance.charge = CHARGE_POSTPAID;
        TEXT_SET(r->eip.allocation_id, "eip-1");
        r->eip.address = rig_address('E');
}

static void step(struct rig *r, struct event *e) {
        e->now = r->now;
        engine_step(&r->engine, e, &r->actions);
}

static void step_plain(struct rig *r, enum event_type type) {
        struct event e = {.type = type};

        step(r, &e);
}

static void do_ready(struct rig *r, const char *what) {
        struct event e = {.type = EVENT_READY, .ready = {.number = 1, .hold = r->hold}};

        if (*what >= '1' && *what <= '9')
                e.ready.number = (unsigned)(*what - '0');
        if (strstr(what, "held"))
                e.ready.hold = r->hold = HOLD_ON;
        step(r, &e);
}

/* What was answered had left: the cloud process was ready, and was told to go. */
static void let_leave(struct rig *r) {
        const struct inflight *i = &r->engine.inflight;

        if (i->step != STEP_ASKING || !wire_op_changes(i->op) || i->left)
                return;
        do_ready(r, "");
        assert_int_equal(r->actions.wants, ACTION_GO);
}

/* As the runtime says straight after the start. */
static void tell_user_data(struct rig *r, enum user_data state) {
        struct event e = {.type = EVENT_USER_DATA, .now = r->now, .user_data = state};
        struct actions none;

        engine_step(&r->engine, &e, &none);
        assert_int_equal(none.wants, 0);
}

static void start(struct rig *r) {
        char boot_id[BOOT_ID_SIZE] = "";

        if (!r->no_boot_id)
                snprintf(boot_id, sizeof(boot_id), "boot-%u", r->boots);
        engine_init(&r->engine, &r->config, boot_id, true, r->dmi_is_ecs, r->disk_state, &r->disk,
                    r->hold, 42);
        step_plain(r, EVENT_START);
        tell_user_data(r, r->user_data_comes ? USER_DATA_AWAITED : USER_DATA_SETTLED);
}

static void answer(struct rig *r, struct wire_answer *a) {
        struct event e = {.type = EVENT_ANSWER, .answer = *a};

        assert_int_equal(r->engine.inflight.step, STEP_ASKING);
        if (e.answer.server_time == 0)
                e.answer.server_time = r->now.wall_sec;
        e.answer.time_proven |=
                e.answer.fault.class == FAULT_NONE &&
                (r->engine.inflight.op == WIRE_INSPECT || r->engine.inflight.op == WIRE_EIP_FIND ||
                 wire_op_changes(r->engine.inflight.op));
        step(r, &e);
}

static struct addresses addresses(const struct rig *r, const char *what) {
        struct addresses a = {.presence = PRESENCE_ABSENT};

        TEXT_SET(a.instance_id, r->identity.instance_id);
        a.address = what[0] && !what[1] ? rig_address(what[0]) : 0;
        if (a.address)
                a.presence = PRESENCE_PRESENT;
        if (strcmp(what, "unknown") == 0)
                a.presence = PRESENCE_UNKNOWN;
        if (strcmp(what, "foreign") == 0)
                TEXT_SET(a.instance_id, "i-other");
        return a;
}

static void do_identity(struct rig *r, const char *what) {
        struct wire_answer a = {.identity = r->identity};

        assert_int_equal(r->engine.inflight.op, WIRE_IDENTIFY);
        a.identity.public = addresses(r, what);
        answer(r, &a);
}

static void do_addresses(struct rig *r, const char *what) {
        struct wire_answer a = {.addresses = addresses(r, what)};

        assert_int_equal(r->engine.inflight.op, WIRE_ADDRESSES);
        answer(r, &a);
}

static void do_instance(struct rig *r, const char *what) {
        struct wire_answer a = {.instance = r->instance};

        assert_int_equal(r->engine.inflight.op, WIRE_INSPECT);
        if (strncmp(what, "eip:", 4) == 0) {
                a.instance.eip = rig_address(what[4]);
                TEXT_SET(a.instance.eip_id, "eip-1");
        } else if (strlen(what) == 1) {
                a.instance.public_ip = rig_address(what[0]);
        }
        answer(r, &a);
}

static void do_ok(struct rig *r, const char *what) {
        struct wire_answer a = {.address = rig_address(*what)};

        assert_true(wire_op_changes(r->engine.inflight.op));
        let_leave(r);
        if (r->engine.inflight.op == WIRE_EIP_ALLOCATE)
                a = (struct wire_answer){.eip = r->eip};
        TEXT_SET(a.request_id, "request-1");
        answer(r, &a);
}

static void do_eip(struct rig *r, const char *what) {
        struct wire_answer a = {.eip = r->eip};

        assert_int_equal(r->engine.inflight.op, WIRE_EIP_FIND);
        a.eip.status = EIP_IN_USE;
        if (strcmp(what, "none") == 0)
                a.eip = (struct eip){.product = r->eip.product};
        else if (strcmp(what, "available") == 0)
                a.eip.status = EIP_AVAILABLE;
        else if (strcmp(what, "associating") == 0)
                a.eip.status = EIP_ASSOCIATING;
        else if (strcmp(what, "elsewhere") == 0)
                TEXT_SET(a.eip.bound_to, "i-other");
        else
                a.eip.bound_here = true;
        if (strcmp(what, "cut-through") == 0)
                a.eip.mode = EIP_CUT_THROUGH;
        answer(r, &a);
}

static void do_reach(struct rig *r, const char *what) {
        struct wire_answer a = {.reachable = strcmp(what, "yes") == 0  ? REACH_YES
                                             : strcmp(what, "no") == 0 ? REACH_NO
                                                                       : REACH_UNKNOWN};

        assert_int_equal(r->engine.inflight.op, WIRE_PROBE);
        answer(r, &a);
}

static void do_outside(struct rig *r, const char *what) {
        struct wire_answer a = {.address = rig_address(*what)};

        assert_int_equal(r->engine.inflight.op, WIRE_PROBE);
        answer(r, &a);
}

static void do_fault(struct rig *r, const char *what) {
        struct wire_answer a = {};
        unsigned status = 0, hint = 0;
        char code[FAULT_CODE_SIZE] = "";
        int used = 0;

        sscanf(what, "%95s %n%u %n%u %n", code, &used, &status, &used, &hint, &used);
        a.fault = fault_own(code, what + used);
        a.fault.http_status = status;
        a.fault.retry_after_ms = hint;
        fault_classify(&a.fault, 0);
        a.server_time = status ? 0 : -1; /* nobody answered, so nobody told the time */
        answer(r, &a);
}

static void do_stored(struct rig *r, const char *what) {
        struct event e = {.type = EVENT_STORED, .stored.hold = r->hold};

        if (strcmp(what, "held") == 0)
                e.stored.hold = r->hold = HOLD_ON;
        if (strcmp(what, "full") == 0)
                e.stored.error = -ENOSPC;
        step(r, &e);
}

static void do_kernel(struct rig *r, const char *what) {
        struct event e = {.type = EVENT_KERNEL};
        enum answer up = strcmp(what, "up") == 0 ? ANSWER_YES : ANSWER_NO;

        e.kernel = (struct kernel_facts){
                .known = true,
                .address = r->engine.watch.address,
                .local = strcmp(what, "gone") != 0 ? ANSWER_YES : ANSWER_NO,
                .out = up,
                .in = up,
                .machine = strcmp(what, "stranger") == 0 ? ANSWER_NO
                           : strcmp(what, "nobody") == 0 ? ANSWER_UNKNOWN
                                                         : ANSWER_YES,
        };
        step(r, &e);
}

static void do_user_data(struct rig *r) {
        struct event e = {.type = EVENT_USER_DATA, .user_data = USER_DATA_SETTLED};

        r->user_data_comes = false;
        step(r, &e);
}

static void do_config(struct rig *r, bool unread) {
        struct event e = {.type = EVENT_CONFIG, .config_unread = unread};

        step(r, &e);
}

static void do_hold(struct rig *r, enum hold hold) {
        struct event e = {.type = EVENT_HOLD, .hold = hold};

        r->hold = hold;
        step(r, &e);
}

static void do_blockers(struct rig *r, const char *what) {
        struct event e = {.type = EVENT_BLOCKERS};

        TEXT_SET(e.blockers, what);
        step(r, &e);
}

static void do_reload(struct rig *r) {
        struct event e = {.type = EVENT_RELOAD, .config = r->config};

        step(r, &e);
}

static void advance(struct rig *r, uint64_t usec) {
        r->now.wall_sec += (int64_t)(((r->now.boot_usec % USEC_PER_SEC) + usec) / USEC_PER_SEC);
        r->now.boot_usec += usec;
}

static void do_wait(struct rig *r) {
        assert_true(r->engine.deadline != ENGINE_NEVER);
        if (r->engine.deadline > r->now.boot_usec)
                advance(r, r->engine.deadline - r->now.boot_usec);
        step_plain(r, EVENT_TIMER);
}

static void do_boot(struct rig *r) {
        r->boots++;
        r->now.wall_sec += 40;
        r->now.boot_usec = 20 * USEC_PER_SEC;
        start(r);
}

static void keep_disk(struct rig *r) {
        if (!(r->actions.wants & ACTION_STORE))
                return;
        r->disk = r->engine.ledger;
        r->disk_state = LEDGER_READ;
}

/* The kernel says at once that this machine is the instance, but where a story is about that. */
static void tell_machine(struct rig *r) {
        struct kernel_facts *k = &r->engine.facts.kernel;

        if (!k->known && !r->unproven)
                k->machine = ANSWER_YES;
}

static void happen(struct rig *r, const char *text) {
        char word[32] = "";
        int used = 0;
        const char *rest;

        sscanf(text, "%31s %n", word, &used);
        rest = text + used;
        if (*word == '+')
                advance(r, strtoull(word + 1, NULL, 10) * USEC_PER_SEC);
        else if (strcmp(word, "start") == 0 || strcmp(word, "kill") == 0)
                start(r);
        else if (strcmp(word, "boot") == 0)
                do_boot(r);
        else if (strcmp(word, "identity") == 0)
                do_identity(r, rest);
        else if (strcmp(word, "addresses") == 0)
                do_addresses(r, rest);
        else if (strcmp(word, "instance") == 0)
                do_instance(r, rest);
        else if (strcmp(word, "ok") == 0)
                do_ok(r, rest);
        else if (strcmp(word, "eip") == 0)
                do_eip(r, rest);
        else if (strcmp(word, "reach") == 0)
                do_reach(r, rest);
        else if (strcmp(word, "outside") == 0)
                do_outside(r, rest);
        else if (strcmp(word, "ready") == 0)
                do_ready(r, rest);
        else if (strcmp(word, "fault") == 0)
                let_leave(r), do_fault(r, rest);
        else if (strcmp(word, "unsent") == 0)
                do_fault(r, rest);
        else if (strcmp(word, "stored") == 0)
                do_stored(r, rest);
        else if (strcmp(word, "kernel") == 0)
                do_kernel(r, rest);
        else if (strcmp(word, "blockers") == 0)
                do_blockers(r, rest);
        else if (strcmp(word, "hold") == 0)
                do_hold(r, HOLD_ON);
        else if (strcmp(word, "unhold") == 0)
                do_hold(r, HOLD_OFF);
        else if (strcmp(word, "foreign-hold") == 0)
                do_hold(r, HOLD_FOREIGN);
        else if (strcmp(word, "resume") == 0)
                step_plain(r, EVENT_RESUME);
        else if (strcmp(word, "reload") == 0)
                do_reload(r);
        else if (strcmp(word, "user-data") == 0)
                do_user_data(r);
        else if (strcmp(word, "unread") == 0 || strcmp(word, "read") == 0)
                do_config(r, strcmp(word, "unread") == 0);
        else if (strcmp(word, "clock") == 0)
                step_plain(r, EVENT_CLOCK);
        else if (strcmp(word, "stop") == 0)
                step_plain(r, EVENT_STOP);
        else if (strcmp(word, "wait") == 0)
                do_wait(r);
        else
                fail_msg("no such event: %s", text);
        tell_machine(r);
        keep_disk(r);
}

static const struct {
        enum action action;
        const char *word;
} words[] = {
        {ACTION_DROP, "drop"},         {ACTION_SET_ASIDE, "aside"},
        {ACTION_STORE, "store"},       {ACTION_WATCH, "watch"},
        {ACTION_BLOCKERS, "blockers"}, {ACTION_NO_BLOCKERS, "no-blockers"},
        {ACTION_EXIT, "exit"},         {ACTION_GO, "go"},
};

/* In the order of the actions, phase first and question last. */
static void describe(const struct rig *r, char *ret, size_t size) {
        size_t n = (size_t)snprintf(ret, size, "%s", status_phase_name(r->engine.phase));

        for (size_t i = 0; i < N(words); i++)
                if (r->actions.wants & words[i].action)
                        n += (size_t)snprintf(ret + n, size - n, " %s", words[i].word);
        if (r->engine.confirming.online_mark && !r->was_online)
                n += (size_t)snprintf(ret + n, size - n, " online");
        if (r->engine.reboot.required_mark != r->was_marked)
                n += (size_t)snprintf(ret + n, size - n, r->was_marked ? " unmark" : " mark");
        if (r->actions.wants & ACTION_ASK)
                snprintf(ret + n, size - n, " ask:%s", wire_op_name(r->actions.question.op));
}

static bool has_notice(const struct rig *r, enum notice_kind kind) {
        for (unsigned i = 0; i < r->actions.n_notices; i++)
                if (r->actions.notices[i].kind == kind)
                        return true;
        return false;
}

/* in:A-B, the time to the deadline in whole seconds. */
static void check_wait(const struct rig *r, const char *event, const char *range) {
        unsigned long from, to;
        uint64_t left = (r->engine.deadline - r->now.boot_usec) / USEC_PER_SEC;

        if (r->engine.deadline == ENGINE_NEVER)
                fail_msg("after \"%s\": no deadline, wanted %s", event, range);
        if (sscanf(range, "in:%lu-%lu", &from, &to) == 1)
                to = from;
        if (left < from || left > to)
                fail_msg("after \"%s\": %llu s to the deadline, wanted %s", event,
                         (unsigned long long)left, range);
}

static void check(const struct rig *r, const struct line *line) {
        static const struct {
                enum notice_kind kind;
                const char *word;
        } notices[] = {
                {NOTICE_REPLACED, "say:replaced"},
                {NOTICE_RECLAIMED, "say:reclaimed"},
                {NOTICE_ADOPTED, "say:adopted"},
                {NOTICE_DISAGREES, "say:disagrees"},
                {NOTICE_CLOCK, "say:clock"},
                {NOTICE_LEDGER_FOREIGN, "say:foreign"},
                {NOTICE_LEDGER_DAMAGED, "say:damaged"},
                {NOTICE_FAILED, "say:failed"},
                {NOTICE_USER_DATA, "say:user-data"},
                {NOTICE_USER_DATA_LATE, "say:user-data-late"},
                {NOTICE_REBOOT_WAITS, "say:reboot-waits"},
                {NOTICE_HOLD_FOREIGN, "say:foreign-hold"},
                {NOTICE_PLANE_UNKNOWN, "say:plane-unknown"},
        };
        char wanted[TEXT] = "", found[TEXT], copy[TEXT], *save = NULL;
        size_t n = 0;

        describe(r, found, sizeof(found));
        snprintf(copy, sizeof(copy), "%s", line->wants);
        for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
                if (*w == '!' && strcmp(w + 1, r->engine.holdoff.fault.code) != 0)
                        fail_msg("after \"%s\": fault \"%s\", wanted %s", line->event,
                                 r->engine.holdoff.fault.code, w);
                if (strncmp(w, "in:", 3) == 0)
                        check_wait(r, line->event, w);
                for (size_t i = 0; i < N(notices); i++)
                        if (strcmp(w, notices[i].word) == 0 && !has_notice(r, notices[i].kind))
                                fail_msg("after \"%s\": no %s", line->event, w);
                if (*w == '!' || strncmp(w, "in:", 3) == 0 || strncmp(w, "say:", 4) == 0)
                        continue;
                n += (size_t)snprintf(wanted + n, sizeof(wanted) - n, "%s%s", n ? " " : "", w);
        }
        if (strcmp(wanted, found) != 0)
                fail_msg("after \"%s\": \"%s\" !%s, wanted \"%s\"", line->event, found,
                         r->engine.holdoff.fault.code, wanted);
}

void rig_play(struct rig *r, const struct line *lines, size_t n) {
        for (size_t i = 0; i < n; i++) {
                memset(&r->actions, 0, sizeof(r->actions));
                r->was_online = r->engine.confirming.online_mark;
                r->was_marked = r->engine.reboot.required_mark;
                happen(r, lines[i].event);
                if (*lines[i].wants)
                        check(r, &lines[i]);
        }
}

void rig_go_on(struct rig *r, const char *instance) {
        memset(&r->actions, 0, sizeof(r->actions));
        if (r->engine.inflight.step == STEP_STORING)
                happen(r, "stored");
        else if (r->engine.inflight.op == WIRE_IDENTIFY)
                happen(r, "identity none");
        else if (r->engine.inflight.op == WIRE_INSPECT)
                do_instance(r, instance);
        else if (r->engine.inflight.op == WIRE_ADDRESSES)
                happen(r, "addresses none");
        else if (r->engine.inflight.op == WIRE_EIP_FIND)
                happen(r, "eip none");
        else if (r->engine.inflight.op == WIRE_PROBE)
                happen(r, "reach no");
        else if (r->engine.reboot.blockers_until && !r->engine.reboot.blockers_known)
                happen(r, "blockers");
        else
                happen(r, "wait");
        keep_disk(r);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as stories: the last gate, between a call that is ready and its first byte (L1). */
#include "unit.h"

#include "engine_rig.h"
#include "util/text.h"

#define UP_TO_CHANGE                                                                               \
        {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},            \
                {"reach no", ""}, {                                                                \
                "stored", "allocating ask:allocate"                                                \
        }
#define UP_TO_REBOOT                                                                               \
        UP_TO_CHANGE, {"ok A", ""}, {"instance A", ""}, {"+61", ""}, {"wait", ""},                 \
                {"addresses none", ""}, {"reach no", ""}, {"blockers", ""}, {"instance A", ""}, {  \
                "stored", "rebooting ask:reboot"                                                   \
        }

static const struct ledger_entry *newest(const struct rig *r) {
        return &r->engine.ledger.entries[r->engine.ledger.n_entries - 1];
}

/* What happens while the call is being connected, and what is said to it when it is ready. */
static void a_gate_that_has_closed(void **state) {
        static const struct {
                struct line meanwhile, ready;
        } rows[] = {
                {{"+1", ""}, {"ready", "allocating go"}},
                {{"+1", ""}, {"ready held", "held drop store in:150-375"}},
                {{"hold", "allocating"}, {"ready held", "held drop store"}},
                {{"+24", ""}, {"ready", "allocating go"}},
                {{"+41", ""}, {"ready", "inspecting drop store ask:inspect"}},
                {{"unread", "allocating"}, {"ready", "inspecting drop store ask:inspect"}},
                {{"kernel stranger", "allocating"}, {"ready", "inspecting drop store ask:inspect"}},
                {{"kernel nobody", "allocating"}, {"ready", "inspecting drop store ask:inspect"}},
                {{"kernel down", "allocating"}, {"ready", "allocating go"}},
                {{"reload", "allocating"}, {"ready", "inspecting drop store ask:inspect"}},
                {{"resume", "allocating"}, {"ready", "allocating go"}},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct rig r;
                bool gone;

                rig_init(&r);
                PLAY(&r, UP_TO_CHANGE, rows[i].meanwhile, rows[i].ready);
                gone = r.actions.wants & ACTION_GO;
                assert_int_equal(newest(&r)->outcome, gone ? OUTCOME_OPEN : OUTCOME_WITHDRAWN);
        }
}

/* The inspection, and not only the intent, may have grown old. */
static void an_inspection_that_has_grown_old(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", ""}, {"identity none", ""}, {"kernel up", ""}, {"instance none", ""},
             {"+35", ""}, {"reach no", "allocating store"}, {"stored", "allocating ask:allocate"},
             {"+26", ""}, {"ready", "inspecting drop store ask:inspect"});
        assert_int_equal(newest(&r)->outcome, OUTCOME_WITHDRAWN);
}

static void a_reboot_that_is_no_longer_due(void **state) {
        static const struct {
                struct line meanwhile, ready;
        } rows[] = {
                {{"+1", ""}, {"ready", "rebooting go"}},
                {{"blockers apt", "rebooting say:reboot-waits"},
                 {"ready", "rebooting drop store ask:addresses"}},
                {{"kernel down", "rebooting"}, {"ready", "rebooting go"}},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct rig r;
                bool gone;

                rig_init(&r);
                PLAY(&r, UP_TO_REBOOT, rows[i].meanwhile, rows[i].ready);
                gone = r.actions.wants & ACTION_GO;
                assert_int_equal(newest(&r)->outcome, gone ? OUTCOME_OPEN : OUTCOME_WITHDRAWN);
        }
}

/* Another policy is another mind, until the call has left. */
static void a_policy_that_says_never(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_REBOOT);
        r.config.reboot_policy = REBOOT_NEVER;
        PLAY(&r, {"reload", "confirming no-blockers"}, {"ready", "confirming drop store"});
        assert_int_equal(newest(&r)->outcome, OUTCOME_WITHDRAWN);
        rig_init(&r);
        PLAY(&r, UP_TO_REBOOT, {"ready", "rebooting go"});
        r.config.reboot_policy = REBOOT_NEVER;
        PLAY(&r, {"reload", "rebooting"}, {"ok", "rebooting store in:600-600"});
}

/* Signed anew by the cloud process: the number is durable before it leaves again. */
static void once_more_is_a_send_of_its_own(void **state) {
        struct rig r;
        uint64_t first;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CHANGE, {"ready", "allocating go"});
        first = newest(&r)->seq;
        PLAY(&r, {"ready 2", "allocating store"});
        assert_true(r.disk.n_sends == 2 && r.disk.entries[0].seq > first);
        PLAY(&r, {"ready 2", "allocating"}, {"stored", "allocating go"}, {"stored", "allocating"},
             {"ok A", "inspecting store ask:inspect"});
        assert_int_equal(r.engine.ledger.n_entries, 1);
        assert_int_equal(newest(&r)->outcome, OUTCOME_DONE);
}

/* It was told to leave once: that it was refused at the gate is a word, and no withdrawal. */
static void once_more_that_does_not_leave(void **state) {
        static const struct line ends[] = {
                {"stored held", "held drop store"},
                {"stored full", "failed drop !Ledger.NotWritable"},
        };

        (void)state;
        for (size_t i = 0; i < N(ends); i++) {
                struct rig r;

                rig_init(&r);
                PLAY(&r, UP_TO_CHANGE, {"ready", "allocating go"}, {"ready 2", "allocating store"},
                     ends[i]);
                assert_int_equal(newest(&r)->outcome, OUTCOME_REFUSED);
                assert_true(newest(&r)->at_gate);
        }
}

/* L14: the ceiling is of what leaves, whoever repeats it. */
static void once_more_is_within_the_ceiling(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CHANGE, {"ready", "allocating go"});
        for (unsigned n = 2; n <= 6; n++) {
                char word[16];

                snprintf(word, sizeof(word), "ready %u", n);
                rig_play(&r, &(struct line){word, "allocating store"}, 1);
                PLAY(&r, {"stored", "allocating go"});
        }
        PLAY(&r, {"ready 7", "inspecting drop store ask:inspect"});
        assert_int_equal(r.engine.ledger.n_sends, 6);
}

/* Never told to leave, it has not: whatever became of the cloud process. */
static void what_was_never_ready(void **state) {
        static const char *const ends[] = {"unsent Cloud.Gone", "unsent Cloud.Garbled",
                                           "unsent Cloud.NoGo", "unsent Transport.Connect", "wait"};

        (void)state;
        for (size_t i = 0; i < N(ends); i++) {
                struct rig r;

                rig_init(&r);
                PLAY(&r, UP_TO_CHANGE, {ends[i], ""});
                assert_int_equal(newest(&r)->outcome, OUTCOME_WITHDRAWN);
                assert_true(r.actions.wants & ACTION_STORE);
        }
}

/* Told to leave, it may have: silence leaves that open. */
static void what_was_told_to_leave(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, UP_TO_CHANGE, {"ready", "allocating go"}, {"unsent Cloud.Gone", "waiting store"});
        assert_int_equal(newest(&r)->outcome, OUTCOME_OPEN);
        rig_init(&r);
        PLAY(&r, UP_TO_CHANGE, {"ready", "allocating go"}, {"unsent Cloud.NoGo", "waiting store"});
        assert_int_equal(newest(&r)->outcome, OUTCOME_REFUSED);
}

/* Nothing that is ready is wanted. */
static void ready_for_nothing(void **state) {
        struct rig r;

        (void)state;
        rig_init(&r);
        PLAY(&r, {"start", "identifying ask:identify"}, {"ready", "identifying"},
             {"identity A", ""}, {"kernel up", "confirmed store online"}, {"ready", "confirmed"});
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_gate_that_has_closed),
                cmocka_unit_test(an_inspection_that_has_grown_old),
                cmocka_unit_test(a_reboot_that_is_no_longer_due),
                cmocka_unit_test(a_policy_that_says_never),
                cmocka_unit_test(once_more_is_a_send_of_its_own),
                cmocka_unit_test(once_more_that_does_not_leave),
                cmocka_unit_test(once_more_is_within_the_ceiling),
                cmocka_unit_test(what_was_never_ready),
                cmocka_unit_test(what_was_told_to_leave),
                cmocka_unit_test(ready_for_nothing),
        };

        return cmocka_run_group_tests_name("engine_gate", tests, NULL, NULL);
}

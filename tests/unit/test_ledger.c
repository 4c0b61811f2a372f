/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's text: what is written is read; what is cut, changed or newer is refused. */
#include "unit.h"

#include "ledger_v1.h"

#include <errno.h>
#include <limits.h>

#include <ecs-pubip/ledger.h>

#include "util/cleanup.h"
#include "util/text.h"

#define NOW 1795000000

static struct ledger sample(void) {
        struct ledger l = {
                .address = htonl(0xc0000201u),
                .kind = KIND_EIP,
                .network = NETWORK_VPC,
                .confirmed = NOW,
                .inspected = NOW - 1,
                .suspect = NOW - 2,
                .suspect_pending = true,
                .wait = {.length_usec = 61000000,
                         .started = NOW - 5,
                         .started_boot_usec = UINT64_MAX,
                         .asked_by_server = true,
                         .attempt = 7,
                         .fault = {.class = FAULT_THROTTLED, .http_status = 429}},
        };

        TEXT_SET(l.instance_id, "i-bp1");
        TEXT_SET(l.first_boot_id, "11111111-2222-3333-4444-555555555555");
        TEXT_SET(l.eip_id, "eip-1");
        TEXT_SET(l.wait.boot_id, "boot");
        TEXT_SET(l.wait.fault.code, "Throttling.User");
        TEXT_SET(l.wait.fault.request_id, "R-1");
        for (enum wire_op op = WIRE_ALLOCATE; op < _WIRE_OP_MAX; op++) {
                struct ledger_entry *e = ledger_add(&l, op, NOW + (int64_t)op);

                e->outcome = (enum outcome)(op % (OUTCOME_WITHDRAWN + 1));
                e->boot_usec = UINT64_C(1) << op;
                e->settled = op % 2;
                e->unreachable_before = op % 3 == 0;
                e->address = htonl(0xc6336400u + op);
                TEXT_SET(e->boot_id, "boot-9");
                TEXT_SET(e->allocation_id, "eip-2");
                TEXT_SET(e->client_token, "token-3");
                TEXT_SET(e->request_id, "R-2");
                TEXT_SET(e->shown_boot_id, "boot-8");
                e->metadata_before = (enum showed)(op % (SHOWED_ANOTHER + 1));
                e->nic_before = (enum showed)((op + 1) % (SHOWED_ANOTHER + 1));
                ledger_sent(&l, op, NOW + (int64_t)op);
        }
        l.metadata_no_cure = l.nic_no_cure = true;
        return l;
}

static void what_is_written_is_read(void **state) {
        struct ledger l = sample(), back;
        _cleanup_free_ char *text = NULL, *again = NULL;

        (void)state;
        memset(&back, 0, sizeof(back));
        assert_int_equal(ledger_format(&l, &text), 0);
        assert_int_equal(ledger_parse(text, strlen(text), &back), 0);
        assert_int_equal(ledger_format(&back, &again), 0);
        assert_string_equal(text, again);
        assert_int_equal(back.n_entries, l.n_entries);
        assert_int_equal(back.wait.started_boot_usec, UINT64_MAX);
        assert_true(back.suspect_pending);
        assert_true(back.metadata_no_cure && back.nic_no_cure);
        assert_int_equal(back.n_sends, l.n_sends);
        assert_memory_equal(back.sends, l.sends, sizeof(l.sends));
        for (unsigned i = 0; i < l.n_entries; i++) {
                assert_int_equal(back.entries[i].op, l.entries[i].op);
                assert_int_equal(back.entries[i].outcome, l.entries[i].outcome);
                assert_int_equal(back.entries[i].settled, l.entries[i].settled);
                assert_int_equal(back.entries[i].boot_usec, l.entries[i].boot_usec);
                assert_int_equal(back.entries[i].time, l.entries[i].time);
                assert_int_equal(back.entries[i].address, l.entries[i].address);
                assert_string_equal(back.entries[i].client_token, l.entries[i].client_token);
                assert_string_equal(back.entries[i].boot_id, l.entries[i].boot_id);
                assert_string_equal(back.entries[i].shown_boot_id, l.entries[i].shown_boot_id);
                assert_int_equal(back.entries[i].metadata_before, l.entries[i].metadata_before);
                assert_int_equal(back.entries[i].nic_before, l.entries[i].nic_before);
        }
}

static void the_empty_one_too(void **state) {
        struct ledger l = {0}, back = sample();
        _cleanup_free_ char *text = NULL;

        (void)state;
        assert_int_equal(ledger_format(&l, &text), 0);
        assert_int_equal(ledger_parse(text, strlen(text), &back), 0);
        assert_int_equal(back.n_entries, 0);
        assert_int_equal(back.wait.length_usec, 0);
}

static void the_fullest_fits(void **state) {
        struct ledger l = sample();
        _cleanup_free_ char *text = NULL;
        struct ledger back;

        (void)state;
        for (unsigned i = 0; i < LEDGER_ENTRIES; i++) {
                struct ledger_entry *e = &l.entries[i];

                *e = (struct ledger_entry){.op = WIRE_EIP_ASSOCIATE, .time = INT64_C(253402300799)};
                e->outcome = OUTCOME_WITHDRAWN;
                e->settled = e->unreachable_before = e->at_gate = true;
                e->seq = e->boot_usec = UINT64_MAX;
                e->first_time = e->time;
                e->metadata_before = e->nic_before = SHOWED_ANOTHER;
                e->order = (struct eip_order){PRODUCT_VPC, EIP_PAY_BY_BANDWIDTH, UINT32_MAX, ""};
                memset(e->order.isp, 'i', sizeof(e->order.isp) - 1);
                memset(e->shown_boot_id, 's', sizeof(e->shown_boot_id) - 1);
                memset(e->boot_id, 'b', sizeof(e->boot_id) - 1);
                memset(e->allocation_id, 'a', sizeof(e->allocation_id) - 1);
                memset(e->client_token, 't', sizeof(e->client_token) - 1);
                memset(e->request_id, 'r', sizeof(e->request_id) - 1);
                e->address = htonl(0xffffffffu);
        }
        l.n_entries = LEDGER_ENTRIES;
        for (unsigned i = 0; i < LEDGER_SENDS; i++)
                l.sends[i] = (struct ledger_send){WIRE_EIP_ASSOCIATE, INT64_C(253402300799)};
        l.n_sends = LEDGER_SENDS;
        assert_int_equal(ledger_format(&l, &text), 0);
        assert_int_equal(ledger_parse(text, strlen(text), &back), 0);
        assert_int_equal(back.n_entries, LEDGER_ENTRIES);
        assert_memory_equal(&back.entries[0].order, &l.entries[0].order,
                            sizeof(l.entries[0].order));
}

static void no_cut_text_passes(void **state) {
        struct ledger l = sample();
        _cleanup_free_ char *text = NULL;
        size_t n;

        (void)state;
        assert_int_equal(ledger_format(&l, &text), 0);
        n = strlen(text);
        for (size_t i = 0; i < n; i++) {
                struct ledger back = {.confirmed = 1};

                assert_true(ledger_parse(text, i, &back) < 0);
                assert_int_equal(back.confirmed, 1);
        }
}

static void no_flipped_byte_passes(void **state) {
        struct ledger l = sample();
        _cleanup_free_ char *text = NULL;
        size_t n;

        (void)state;
        assert_int_equal(ledger_format(&l, &text), 0);
        n = strlen(text);
        for (size_t i = 0; i < n; i++)
                for (unsigned bit = 0; bit < 8; bit++) {
                        struct ledger back;

                        text[i] = (char)(text[i] ^ (1 << bit));
                        assert_true(ledger_parse(text, n, &back) < 0);
                        text[i] = (char)(text[i] ^ (1 << bit));
                }
}

static void newer_is_told_from_garbled(void **state) {
        static const struct {
                const char *text;
                int error;
        } rows[] = {
                {"ecs-pubip-ledger 3\nsomething new\n", -EPROTONOSUPPORT},
                {"ecs-pubip-ledger 4294967295\n", -EPROTONOSUPPORT},
                {"ecs-pubip-ledger 1\n", -EBADMSG},
                {"ecs-pubip-ledger x\n", -EBADMSG},
                {"ecs-pubip-ledger 1", -EBADMSG},
                {"", -EBADMSG},
                {"\n\n\n", -EBADMSG},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct ledger back;

                assert_int_equal(ledger_parse(rows[i].text, strlen(rows[i].text), &back),
                                 rows[i].error);
        }
}

/* Moments and lengths that no agent writes: sums with them would overflow. */
static void no_time_beyond_all_times(void **state) {
        static const struct {
                int64_t time;
                uint64_t length;
                int error;
        } rows[] = {
                {NOW, UINT64_C(3600000000), 0},
                {INT64_MAX, 0, -EBADMSG},
                {NOW, UINT64_MAX, -EBADMSG},
                {NOW, UINT64_C(86400000001), -EBADMSG},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct ledger l = sample(), back;
                _cleanup_free_ char *text = NULL;

                l.entries[0].time = rows[i].time;
                l.wait.length_usec = rows[i].length;
                assert_int_equal(ledger_format(&l, &text), 0);
                assert_int_equal(ledger_parse(text, strlen(text), &back), rows[i].error);
        }
}

/* Every allocation of the core passes here (link option --wrap); the one with number 0 fails. */
static int allocations_left = INT_MAX;

static bool fails(void) {
        return allocations_left-- == 0;
}

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strndup(const char *text, size_t n);

void *__wrap_malloc(size_t size) {
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size) {
        return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strndup(const char *text, size_t n) {
        return fails() ? NULL : __real_strndup(text, n);
}

/* Short of memory a ledger is whole or not there, and a good one is not called damaged. */
static void want_of_memory_is_told(void **state) {
        struct ledger l = sample();
        _cleanup_free_ char *text = NULL;

        (void)state;
        assert_int_equal(ledger_format(&l, &text), 0);
        for (int n = 0, r = -ENOMEM; r != 0; n++) {
                _cleanup_free_ char *again = NULL;

                allocations_left = n;
                r = ledger_format(&l, &again);
                allocations_left = INT_MAX;
                assert_true(r == 0 || r == -ENOMEM);
                if (r == 0)
                        assert_string_equal(again, text);
        }
        for (int n = 0, r = -ENOMEM; r != 0; n++) {
                struct ledger back;

                allocations_left = n;
                r = ledger_parse(text, strlen(text), &back);
                allocations_left = INT_MAX;
                assert_true(r == 0 || r == -ENOMEM);
        }
}

/* What the outside sent must not become a line of its own. */
static void values_stay_values(void **state) {
        struct ledger l = {0}, back;
        _cleanup_free_ char *text = NULL;

        (void)state;
        TEXT_SET(ledger_add(&l, WIRE_ALLOCATE, NOW)->request_id, "a b\nchange call=reboot");
        assert_int_equal(ledger_format(&l, &text), 0);
        assert_int_equal(ledger_parse(text, strlen(text), &back), 0);
        assert_int_equal(back.n_entries, 1);
        assert_string_equal(back.entries[0].request_id, "a_b_change_call=reboot");
}

static void full_ledgers_forget_the_spent(void **state) {
        struct ledger l = {0};

        (void)state;
        for (unsigned i = 0; i < LEDGER_ENTRIES; i++)
                ledger_add(&l, WIRE_ALLOCATE, NOW - 100 + i)->outcome = OUTCOME_DONE;
        assert_null(ledger_add(&l, WIRE_REBOOT, NOW));
        l.entries[5].outcome = OUTCOME_REFUSED;
        assert_non_null(ledger_add(&l, WIRE_REBOOT, NOW));
        assert_int_equal(l.n_entries, LEDGER_ENTRIES);
        assert_int_equal(l.entries[LEDGER_ENTRIES - 1].op, WIRE_REBOOT);
        assert_int_equal(l.entries[5].time, NOW - 94);
        l.entries[LEDGER_ENTRIES - 1].outcome = OUTCOME_DONE;
        l.entries[0].time = NOW - 100000;
        assert_non_null(ledger_add(&l, WIRE_REBOOT, NOW));
        assert_int_equal(l.entries[0].time, NOW - 99);
}

/* A refused reboot may still turn out to be one that was executed: it stays. */
static void full_ledgers_keep_what_may_count(void **state) {
        struct ledger l = {0};

        (void)state;
        for (unsigned i = 0; i < LEDGER_ENTRIES; i++)
                ledger_add(&l, WIRE_REBOOT, NOW)->outcome = OUTCOME_REFUSED;
        assert_null(ledger_add(&l, WIRE_REBOOT, NOW));
        l.entries[7].outcome = OUTCOME_WITHDRAWN;
        assert_non_null(ledger_add(&l, WIRE_REBOOT, NOW));
        l.entries[9].settled = true;
        assert_non_null(ledger_add(&l, WIRE_REBOOT, NOW));
}

/* Of the sends of an hour the newest are kept, however many there are. */
static void sends_of_an_hour(void **state) {
        struct ledger l = {0};

        (void)state;
        for (unsigned i = 0; i < LEDGER_SENDS + 5; i++)
                ledger_sent(&l, WIRE_ALLOCATE, NOW + i);
        assert_int_equal(l.n_sends, LEDGER_SENDS);
        assert_int_equal(l.sends[0].time, NOW + 5);
        ledger_sent(&l, WIRE_REBOOT, NOW + 3600 + 50);
        assert_int_equal(l.sends[0].time, NOW + 51);
        assert_int_equal(l.sends[l.n_sends - 1].op, WIRE_REBOOT);
}

/* Ledgers of version 1: all of them are read, and mean what they meant. */
static void version_1_is_read(void **state) {
        static const struct {
                const char *text;
                unsigned n_entries;
                enum outcome last;
                int64_t confirmed;
                uint64_t confirmed_seq;
        } rows[] = {
                {v1_new, 0, OUTCOME_OPEN, 0, 0},
                {v1_intent, 1, OUTCOME_OPEN, 0, 0},
                {v1_confirmed, 2, OUTCOME_DONE, 1795000300, 2},
                {v1_pending, 3, OUTCOME_LOST, 1795000050, 1},
                {v1_purchase, 1, OUTCOME_LOST, 0, 0},
                {v1_waiting, 0, OUTCOME_OPEN, 0, 0},
                {v1_suspect, 1, OUTCOME_DONE, 0, 0},
                {v1_eip, 1, OUTCOME_DONE, 1795000300, 1},
        };

        (void)state;
        for (size_t i = 0; i < N(rows); i++) {
                struct ledger l, back;
                _cleanup_free_ char *text = NULL;

                assert_int_equal(ledger_parse(rows[i].text, strlen(rows[i].text), &l), 0);
                assert_string_equal(l.instance_id, "i-bp1");
                assert_int_equal(l.n_entries, rows[i].n_entries);
                assert_int_equal(l.confirmed, rows[i].confirmed);
                assert_int_equal(l.confirmed_seq, rows[i].confirmed_seq);
                assert_int_equal(l.seq, rows[i].n_entries);
                if (l.n_entries)
                        assert_int_equal(l.entries[l.n_entries - 1].outcome, rows[i].last);
                assert_int_equal(ledger_format(&l, &text), 0);
                assert_true(strncmp(text, "ecs-pubip-ledger 2\n", 19) == 0);
                assert_int_equal(ledger_parse(text, strlen(text), &back), 0);
                assert_memory_equal(&l, &back, sizeof(l));
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_read),
                cmocka_unit_test(the_empty_one_too),
                cmocka_unit_test(the_fullest_fits),
                cmocka_unit_test(no_cut_text_passes),
                cmocka_unit_test(no_flipped_byte_passes),
                cmocka_unit_test(newer_is_told_from_garbled),
                cmocka_unit_test(no_time_beyond_all_times),
                cmocka_unit_test(want_of_memory_is_told),
                cmocka_unit_test(values_stay_values),
                cmocka_unit_test(full_ledgers_forget_the_spent),
                cmocka_unit_test(full_ledgers_keep_what_may_count),
                cmocka_unit_test(version_1_is_read),
                cmocka_unit_test(sends_of_an_hour),
        };

        return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}

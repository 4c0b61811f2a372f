/* SPDX-License-Identifier: Apache-2.0 */
/* The fault table: no row shadowed, every documented code in it, texts fit for people. */
#include "unit.h"

#include <ecs-pubip/fault.h>
#include <ecs-pubip/fault_text.h>

#include <stdlib.h>
#include <strings.h>

#include "util/text.h"

/* A fault that asks for just this row, by the code that begins at `code`. */
static struct fault fault_by(const struct fault_row *row, const char *code, const char *tail) {
        struct fault f = {.http_status = row->status};
        const char *message = fault_row_message(row);
        size_t n = strcspn(code, "|");

        if (code[n - 1] == '*')
                snprintf(f.code, sizeof(f.code), "%.*s%s", (int)n - 1, code, tail);
        else
                snprintf(f.code, sizeof(f.code), "%.*s", (int)n, code);
        if (row->status && row->status < 10)
                f.http_status = row->status * 100 + 18;
        snprintf(f.message, sizeof(f.message), "It says: %s.", message ? message : "so");
        return f;
}

static struct fault fault_for(const struct fault_row *row, const char *tail) {
        return fault_by(row, row->code ? row->code : "Never.Heard.Of", tail);
}

static const char *next_code(const char *code) {
        code += strcspn(code, "|");
        return *code ? code + 1 : NULL;
}

static const char *remedy_of(const struct fault_row *row) {
        static char remedy[FAULT_REMEDY_SIZE];

        fault_row_remedy(row, remedy);
        return remedy;
}

/* By each of its codes; and a row whose code is a prefix by that prefix alone, too, unless another
 * row has it as its exact code. */
static void every_row_is_reachable(void **state) {
        size_t n, n_prefix = 0;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        assert_true(n > 150);
        for (size_t i = 0; i < n; i++) {
                for (const char *c = rows[i].code ? rows[i].code : "Never.Heard.Of"; c;
                     c = next_code(c)) {
                        struct fault f = fault_by(&rows[i], c, "Unheard.Of");
                        const struct fault_row *row = fault_explain(&f, rows[i].context);
                        size_t length = strcspn(c, "|");

                        if (row != &rows[i])
                                fail_msg("row %zu (%s) is shadowed by \"%s\"", i, f.code,
                                         fault_sentence(row));
                        if (c[length - 1] != '*')
                                continue;
                        assert_true(length > 4); /* a family, not a letter */
                        n_prefix++;
                        f = fault_by(&rows[i], c, "");
                        row = fault_explain(&f, rows[i].context);
                        assert_true(row == &rows[i] || strcasestr(row->code, f.code));
                }
        }
        assert_true(n_prefix >= 20);
}

static void check_text(const struct fault_row *row, const char *text, size_t size) {
        size_t n = text ? strlen(text) : 0;

        if (n < 8 || n >= size || text[n - 1] == '.' || text[n - 1] == ' ' || strstr(text, "  "))
                fail_msg("%s: bad text \"%s\"", row->code ? row->code : "(status)", text);
        for (size_t i = 0; i < n; i++)
                if (text[i] < 0x20 || text[i] > 0x7e)
                        fail_msg("%s: not printable: \"%s\"", row->code, text);
        if (text[0] < 'A' || text[0] > 'Z')
                fail_msg("%s: begins in lower case: \"%s\"", row->code, text);
}

static void every_row_speaks(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                check_text(&rows[i], fault_sentence(&rows[i]), 200);
                check_text(&rows[i], remedy_of(&rows[i]), FAULT_REMEDY_SIZE - 64);
                assert_true(rows[i].class > FAULT_NONE && rows[i].class < _FAULT_CLASS_MAX);
                /* What a person must do cannot be nothing. */
                if (rows[i].class == FAULT_OPERATOR && !strstr(remedy_of(&rows[i]), "here"))
                        assert_null(strstr(remedy_of(&rows[i]), "Nothing to do"));
                if (rows[i].slow)
                        assert_int_equal(rows[i].class, FAULT_RETRY);
                assert_true(rows[i].own || rows[i].origin == ORIGIN_API);
        }
}

/* Why a remedy that a person carries out does not end with `resume`. */
static const char *const not_resumed[] = {
        "Report this",           /* to us; nothing on the machine changes */
        "Stop the instance",     /* and start it: the boot asks all anew */
        "estart",                /* of the instance or the agent, which asks all anew */
        "Start the agent",       /* likewise */
        "Nothing to do",         /* the instance is about to be released */
        "the agent looks again", /* by itself */
        "the agent sees",        /* netlink tells it */
        "resume` to accept",     /* said in the middle */
};

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), m = strlen(end);

        return n >= m && strcmp(text + n - m, end) == 0;
}

/* Who has done what a remedy says tells the agent, which otherwise looks an hour later. */
static void what_a_person_does_ends_with_resume(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                const char *remedy = remedy_of(&rows[i]);
                bool person = rows[i].class == FAULT_OPERATOR || rows[i].class == FAULT_AUTH ||
                              strcasestr(remedy, "set [");
                bool excused = !person || ends_with(remedy, ", then run `ecs-pubip resume`");

                for (size_t k = 0; k < N(not_resumed) && !excused; k++)
                        excused = strstr(remedy, not_resumed[k]);
                if (!excused)
                        fail_msg("%s: \"%s\"", rows[i].code, remedy);
        }
}

/* tests/facts/error_codes.tsv: what the public pages tell, a line an answer. */
enum published_column { ACTION, STATUS, CODE, CLASS, EXECUTED, WITH, MESSAGE, SIGNED_OFF, COLUMNS };

struct published {
        char line[512], *column[COLUMNS];
        struct fault fault;
        unsigned context;
};

static bool says(const struct published *p, enum published_column column, const char *text) {
        return strcmp(p->column[column], text) == 0;
}

static bool is_published(struct published *p) {
        char *rest = p->line;

        if (p->line[0] == '#' || text_starts(p->line, "action\t"))
                return false;
        p->line[strcspn(p->line, "\n")] = '\0';
        for (size_t i = 0; i < COLUMNS; i++) {
                p->column[i] = strsep(&rest, "\t");
                assert_non_null(p->column[i]);
        }
        assert_null(rest);
        p->fault = (struct fault){.http_status = (unsigned)atoi(p->column[STATUS])};
        TEXT_SET(p->fault.code, p->column[CODE]);
        TEXT_SET(p->fault.message, p->column[MESSAGE]);
        p->context = (says(p, WITH, "address") ? FAULT_WITH_IP_ADDRESS : 0) |
                     (says(p, WITH, "vlan") ? FAULT_WITH_VLAN_ID : 0) |
                     (says(p, ACTION, "RebootInstance") ? FAULT_OF_REBOOT : 0) |
                     (strstr(p->column[ACTION], "Eip") ? FAULT_OF_EIP : 0);
        return true;
}

/* Calls this for each line; the number of lines. */
static size_t each_published(void (*fn)(const struct published *p, void *userdata),
                             void *userdata) {
        FILE *file = fopen(getenv("PUBLISHED_FAULTS"), "re");
        struct published p;
        size_t n = 0;

        assert_non_null(file);
        while (fgets(p.line, sizeof(p.line), file)) {
                if (!is_published(&p))
                        continue;
                fn(&p, userdata);
                n++;
        }
        fclose(file);
        return n;
}

/* A row that names the code, not one for all that begins somehow. */
static bool row_names(const struct fault_row *row, const char *code) {
        static const char *const for_all[] = {"Invalid*",         "Missing*",       "Forbidden.*",
                                              "OperationFailed*", "InvalidStatus*", "NoPermission*",
                                              "OperationDenied*"};

        for (const char *c = row->code; c && !row->own; c = next_code(c)) {
                size_t n = strcspn(c, "|");
                bool all = false;

                for (size_t i = 0; i < N(for_all); i++)
                        all |= strlen(for_all[i]) == n && memcmp(for_all[i], c, n) == 0;
                if (c[n - 1] == '*' ? !all && strncasecmp(c, code, n - 1) == 0
                                    : strlen(code) == n && strncasecmp(c, code, n) == 0)
                        return true;
        }
        return false;
}

/* What of it the table sees otherwise; NULL: nothing. */
static const char *differs(const struct published *p) {
        const struct fault_row *row = fault_explain(&p->fault, p->context);
        bool refreshable = says(p, CLASS, "auth-refreshable");
        struct fault f = p->fault;

        /* No status was told: what was executed holds for any, what was not for a refusal. */
        if (f.http_status == 0 && says(p, EXECUTED, "no"))
                f.http_status = 400;
        if (!row_names(row, p->fault.code))
                return "no row of that name";
        if (strcmp(fault_class_name(row->class), refreshable ? "auth" : p->column[CLASS]) != 0)
                return fault_class_name(row->class);
        if (row->new_keys != refreshable)
                return refreshable ? "no new keys" : "new keys";
        return says(p, EXECUTED, fault_executed_name(fault_executed(&f, p->context))) ? NULL
                                                                                      : "executed";
}

static void check_published(const struct published *p, void *userdata) {
        const char *what = differs(p);
        bool signed_off = !says(p, SIGNED_OFF, "-");
        size_t *n_wrong = userdata;

        if (!what != signed_off)
                return;
        print_error("%s %s %s: %s, published is %s %s; signed off: %s\n", p->column[ACTION],
                    p->column[STATUS], p->column[CODE], what ? what : "as published",
                    p->column[CLASS], p->column[EXECUTED], p->column[SIGNED_OFF]);
        ++*n_wrong;
}

/* "Forbidden" is said of an EIP of somebody else; of another call it speaks of the role. */
static void forbidden_depends_on_the_call(void **state) {
        struct fault f = {.http_status = 400, .code = "Forbidden"};

        (void)state;
        assert_non_null(strstr(fault_sentence(fault_explain(&f, 0)), "role is not allowed"));
        assert_non_null(strstr(fault_sentence(fault_explain(&f, FAULT_OF_EIP)), "another account"));
        f.context = FAULT_OF_EIP; /* the call's own word goes with the fault */
        assert_non_null(strstr(fault_sentence(fault_explain(&f, 0)), "another account"));
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_OPERATOR);
        f.http_status = 403;
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_AUTH);
}

static void every_published_code_has_its_row(void **state) {
        size_t n_wrong = 0;

        (void)state;
        assert_true(each_published(check_published, &n_wrong) > 400);
        assert_int_equal(n_wrong, 0);
}

static void mark_met(const struct published *p, void *userdata) {
        const struct fault_row *rows;
        bool *met = userdata;
        size_t n;

        rows = fault_table(&n);
        met[fault_explain(&p->fault, p->context) - rows] = true;
}

/* The other direction: what the table knows of the cloud was read somewhere. */
static void every_row_of_the_cloud_is_published(void **state) {
        bool met[512] = {};
        size_t n, n_wrong = 0;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        assert_true(n < N(met));
        each_published(mark_met, met);
        for (size_t i = 0; i < n; i++) {
                /* Families by their prefix, for members that nobody has listed. */
                if (met[i] || rows[i].own || !rows[i].code || strchr(rows[i].code, '*'))
                        continue;
                print_error("%s fits no published answer\n", rows[i].code);
                n_wrong++;
        }
        assert_int_equal(n_wrong, 0);
}

static void statuses_decide_for_unknown_codes(void **state) {
        static const struct {
                unsigned status;
                enum fault_class class;
        } cases[] = {
                {429, FAULT_THROTTLED}, {500, FAULT_RETRY},    {503, FAULT_RETRY},
                {599, FAULT_RETRY},     {400, FAULT_OPERATOR}, {403, FAULT_OPERATOR},
                {404, FAULT_OPERATOR},  {499, FAULT_OPERATOR}, {0, FAULT_PROTOCOL},
                {200, FAULT_PROTOCOL},  {302, FAULT_PROTOCOL}, {600, FAULT_PROTOCOL},
        };

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                struct fault f = {.http_status = cases[i].status, .code = "Brand.New"};

                fault_classify(&f, 0);
                assert_int_equal(f.class, cases[i].class);
                f.code[0] = '\0';
                fault_classify(&f, 0);
                assert_int_equal(f.class, cases[i].class);
        }
}

static void a_hint_makes_an_error_throttled(void **state) {
        struct fault f = {.code = "InternalError", .http_status = 500, .retry_after_ms = 1};

        (void)state;
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_THROTTLED);
        f.http_status = 200;
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_RETRY);
        f = (struct fault){.code = FAULT_NOT_API, .http_status = 429};
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_THROTTLED);
        f.http_status = 404;
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_PROTOCOL);
}

static void messages_are_matched_whatever_their_case(void **state) {
        struct fault f = {.code = "OperationDenied", .http_status = 400};

        (void)state;
        snprintf(f.message, sizeof(f.message), "the SPECIFIED instance ALREADY HAS A PUBLIC ip");
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_ALREADY);
        snprintf(f.message, sizeof(f.message), "denied as your INSTANCE IS IN vpc (from POP)");
        assert_true(fault_explain(&f, 0)->no_static_here);
        snprintf(f.message, sizeof(f.message), "denied as your instance is not in VPC");
        assert_false(fault_explain(&f, 0)->no_static_here);
        snprintf(f.code, sizeof(f.code), "operationdenied");
        assert_false(fault_explain(&f, 0)->own);
        assert_non_null(fault_explain(&f, 0)->code);
}

static const struct {
        const char *code;
        unsigned status;
        bool refusal;
} refusals[] = {
        {"IncorrectInstanceStatus", 403, true}, /* an answer: not executed */
        {"Throttling.User", 400, true},
        {"Throttling.Api", 429, true},
        {"Brand.New", 400, true},
        {"AllocatedAlready", 403, false},   /* by whom, and when? */
        {"SignatureNonceUsed", 400, false}, /* it has arrived */
        {"IdempotentParameterMismatch", 400, false},
        {"AllocateIp.Fail", 403, false},
        {"TaskConflict", 400, false},
        {"OperationFailed.Unheard", 400, false},
        {"InvalidParameter", 400, true},
        {"InternalError", 500, false}, /* may have been executed */
        {"ServiceUnavailable", 503, false},
        {"Throttling", 503, false},
        {"Brand.New", 200, false},
        {"Brand.New", 0, false},
        {"", 400, false},         /* a status without a code is a gateway's */
        {FAULT_RESOLVE, 0, true}, /* nothing was sent */
        {FAULT_CONNECT, 0, true},
        {FAULT_PROXY, 0, true},
        {FAULT_PROXY_SETTING, 0, true},
        {FAULT_MD_LOCKED, 0, true},
        {FAULT_MD_POLICY, 0, true},
        {FAULT_TLS, 0, true},
        {FAULT_TLS_TIME, 0, true},
        {FAULT_DEADLINE, 0, true},
        {FAULT_CLOUD_UNREACHABLE, 0, true},
        {FAULT_CLOUD_NO_GO, 0, true}, /* nothing has left */
        {FAULT_CLOUD_CONFIG, 0, true},
        {FAULT_CREDENTIALS, 0, true},
        {FAULT_MD_NO_ROLE, 0, true},
        {FAULT_OTHER_INSTANCE, 0, true},
        {FAULT_TIMEOUT, 0, false}, /* sent, then nothing */
        {FAULT_CLOSED, 0, false},
        {FAULT_CLOUD_GONE, 0, false},
        {FAULT_CLOUD_SILENT, 0, false},
        {FAULT_CLOUD_GARBLED, 0, false},
        {FAULT_TOO_LARGE, 200, false},
        {FAULT_NOT_API, 403, false}, /* whoever answered, the API may have acted */
        {FAULT_NOT_API, 429, false},
};

static void refusals_are_told_from_doubts(void **state) {
        (void)state;
        for (size_t i = 0; i < N(refusals); i++) {
                struct fault f = {.http_status = refusals[i].status};

                snprintf(f.code, sizeof(f.code), "%s", refusals[i].code);
                if (fault_is_refusal(&f) != refusals[i].refusal)
                        fail_msg("%s with %u: %d", f.code, f.http_status, !refusals[i].refusal);
        }
}

/* The column alone, for a status of the 4xx; and whose word it is. */
static void columns_say_what_was_done_and_who_says_it(void **state) {
        static const struct {
                const char *code;
                enum fault_origin origin;
                enum fault_executed executed;
        } cases[] = {
                {FAULT_HEAL_LIMIT, ORIGIN_AGENT, EXECUTED_MAYBE},
                {FAULT_CLOUD_UNREACHABLE, ORIGIN_AGENT, EXECUTED_NO},
                {FAULT_CLOUD_SILENT, ORIGIN_AGENT, EXECUTED_MAYBE},
                {FAULT_MD_FORBIDDEN, ORIGIN_METADATA, EXECUTED_NO},
                {FAULT_OTHER_INSTANCE, ORIGIN_METADATA, EXECUTED_NO},
                {FAULT_MD_NO_ROLE, ORIGIN_CREDENTIALS, EXECUTED_NO},
                {FAULT_CREDENTIALS, ORIGIN_CREDENTIALS, EXECUTED_NO},
                {FAULT_CONNECT, ORIGIN_TRANSPORT, EXECUTED_NO},
                {FAULT_NOT_API, ORIGIN_TRANSPORT, EXECUTED_MAYBE},
                {FAULT_NOT_LISTED, ORIGIN_API, EXECUTED_MAYBE},
                {"Throttling.User", ORIGIN_API, EXECUTED_NO},
        };

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                struct fault f = {.http_status = 400};

                snprintf(f.code, sizeof(f.code), "%s", cases[i].code);
                if (fault_origin(&f) != cases[i].origin)
                        fail_msg("%s: of %s", f.code, fault_origin_name(fault_origin(&f)));
                if (fault_executed(&f, 0) != cases[i].executed)
                        fail_msg("%s: executed %s", f.code,
                                 fault_executed_name(fault_executed(&f, 0)));
        }
        assert_string_equal(fault_executed_name(EXECUTED_NO), "no");
        assert_string_equal(fault_origin_name(ORIGIN_API), "api");
}

static const char *const own_codes[] = {
        FAULT_CLOUD_UNREACHABLE,
        FAULT_CLOUD_GONE,
        FAULT_CLOUD_SILENT,
        FAULT_CLOUD_GARBLED,
        FAULT_CLOUD_NO_GO,
        FAULT_CLOUD_CONFIG,
        FAULT_RESOLVE,
        FAULT_CONNECT,
        FAULT_PROXY,
        FAULT_PROXY_SETTING,
        FAULT_MD_LOCKED,
        FAULT_MD_POLICY,
        FAULT_TLS,
        FAULT_TLS_TIME,
        FAULT_TIMEOUT,
        FAULT_CLOSED,
        FAULT_TOO_LARGE,
        FAULT_NOT_API,
        FAULT_DEADLINE,
        FAULT_MD_UNREACHABLE,
        FAULT_MD_TOKEN,
        FAULT_MD_FORBIDDEN,
        FAULT_MD_THROTTLED,
        FAULT_MD_NOT_FOUND,
        FAULT_MD_SERVER,
        FAULT_MD_GARBLED,
        FAULT_MD_NO_ROLE,
        FAULT_MD_CREDENTIALS,
        FAULT_CREDENTIALS,
        FAULT_NOT_LISTED,
        FAULT_WRONG_REGION,
        FAULT_OTHER_INSTANCE,
        FAULT_NOT_MACHINE,
        FAULT_UNPROVEN,
        FAULT_NOT_RUNNING,
        FAULT_LOCKED,
        FAULT_NO_BANDWIDTH,
        FAULT_EXPIRED,
        FAULT_METADATA_LEADS,
        FAULT_NOT_SHOWN,
        FAULT_NOT_ECS,
        FAULT_BOOT_ID,
        FAULT_LEDGER_WRITE,
        FAULT_HEAL_LIMIT,
        FAULT_HEAL_RECLAIMED,
        FAULT_HEAL_REPLACED,
        FAULT_REBOOT_LIMIT,
        FAULT_REBOOT_SUSPECT,
        FAULT_REBOOT_NEVER,
        FAULT_REBOOT_NOT_DONE,
        FAULT_REBOOT_NO_CURE,
        FAULT_CONFIG_UNREAD,
        FAULT_USER_DATA,
        FAULT_CHANGE_OFTEN,
        FAULT_REBOOT_LOST,
        FAULT_CONFIRM_KERNEL,
        FAULT_CONFIRM_METADATA,
        FAULT_CONFIRM_CONTROL,
        FAULT_CONFIRM_OUTSIDE,
        FAULT_EIP_ELSEWHERE,
        FAULT_EIP_NONE,
        FAULT_EIP_MISSING,
        FAULT_EIP_LOCKED,
        FAULT_EIP_LOST,
        FAULT_EIP_SETTLING,
};

static void own_codes_are_in_the_table(void **state) {
        size_t n, n_own = 0;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < N(own_codes); i++) {
                struct fault f = fault_own(own_codes[i], "why\n\x01");

                assert_true(fault_explain(&f, 0)->own);
                assert_int_equal(f.class, fault_explain(&f, 0)->class);
                assert_string_equal(f.message, "why??");
        }
        for (size_t i = 0; i < n; i++)
                if (rows[i].own) {
                        size_t k = 0;

                        while (k < N(own_codes) && strcmp(own_codes[k], rows[i].code) != 0)
                                k++;
                        assert_true(k < N(own_codes));
                        n_own++;
                }
        assert_true(n_own >= N(own_codes));
}

static void locks_are_told_apart(void **state) {
        struct fault f = fault_own(FAULT_LOCKED, "security");

        (void)state;
        assert_non_null(strstr(fault_sentence(fault_explain(&f, 0)), "security"));
        f = fault_own(FAULT_LOCKED, "dedicatedhostfinancial");
        assert_non_null(strstr(remedy_of(fault_explain(&f, 0)), "Pay"));
        f = fault_own(FAULT_LOCKED, "refunded");
        assert_null(strstr(remedy_of(fault_explain(&f, 0)), "Pay"));
}

static void a_denial_names_its_action(void **state) {
        static const struct {
                const char *message, *action;
        } cases[] = {
                {"You are not authorized. (action: ecs:RebootInstance)", "ecs:RebootInstance"},
                {"(action: vpc:AssociateEipAddress) (from POP)", "vpc:AssociateEipAddress"},
                {"You are not authorized.", "the missing action"},
                {"(action: )", "the missing action"},
                {"(action: ecs:Reboot", "the missing action"},
                {"(action: `rm -rf /`)", "the missing action"},
                {"(action: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)",
                 "the missing action"},
        };
        char remedy[FAULT_REMEDY_SIZE], want[FAULT_REMEDY_SIZE];

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                struct fault f = {.code = "Forbidden.RAM", .http_status = 403};

                snprintf(f.message, sizeof(f.message), "%s", cases[i].message);
                snprintf(want, sizeof(want), "Grant %s to the instance's role", cases[i].action);
                fault_remedy(&f, 0, remedy);
                assert_int_equal(strncmp(remedy, want, strlen(want)), 0);
        }
        /* Where no action is missing, none is put in. */
        fault_remedy(&(struct fault){.code = "IpInUse", .message = "(action: ecs:X)"}, 0, remedy);
        assert_null(strstr(remedy, "ecs:X"));
}

static void every_remedy_comes_whole(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);
        char remedy[FAULT_REMEDY_SIZE];

        (void)state;
        for (size_t i = 0; i < n; i++) {
                struct fault f = fault_for(&rows[i], "X");

                fault_remedy(&f, rows[i].context, remedy);
                assert_string_equal(remedy, remedy_of(&rows[i]));
        }
}

static void classes_have_names(void **state) {
        (void)state;
        for (enum fault_class c = FAULT_NONE + 1; c < _FAULT_CLASS_MAX; c++)
                assert_int_equal(fault_class_from_name(fault_class_name(c)), c);
        assert_string_equal(fault_class_name(FAULT_NONE), "");
        assert_string_equal(fault_class_name((enum fault_class)99), "");
        assert_int_equal(fault_class_from_name(""), FAULT_NONE);
        assert_int_equal(fault_class_from_name("Retry"), FAULT_NONE);
}

/* Whatever bytes a code and a message are made of, a row explains them. */
static void any_bytes_are_explained(void **state) {
        uint64_t x = 88172645463325252u;

        (void)state;
        for (int i = 0; i < 20000; i++) {
                struct fault f;

                for (size_t k = 0; k < sizeof(f); k++) {
                        x ^= x << 13;
                        x ^= x >> 7;
                        x ^= x << 17;
                        ((unsigned char *)&f)[k] = (unsigned char)x;
                }
                f.code[x % sizeof(f.code)] = f.message[x % sizeof(f.message)] = '\0';
                f.code[sizeof(f.code) - 1] = f.message[sizeof(f.message) - 1] = '\0';
                fault_classify(&f, (unsigned)x & 3);
                assert_true(f.class > FAULT_NONE && f.class < _FAULT_CLASS_MAX);
                fault_is_refusal(&f);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_is_reachable),
                cmocka_unit_test(every_row_speaks),
                cmocka_unit_test(what_a_person_does_ends_with_resume),
                cmocka_unit_test(forbidden_depends_on_the_call),
                cmocka_unit_test(every_published_code_has_its_row),
                cmocka_unit_test(every_row_of_the_cloud_is_published),
                cmocka_unit_test(statuses_decide_for_unknown_codes),
                cmocka_unit_test(a_hint_makes_an_error_throttled),
                cmocka_unit_test(messages_are_matched_whatever_their_case),
                cmocka_unit_test(refusals_are_told_from_doubts),
                cmocka_unit_test(columns_say_what_was_done_and_who_says_it),
                cmocka_unit_test(own_codes_are_in_the_table),
                cmocka_unit_test(locks_are_told_apart),
                cmocka_unit_test(a_denial_names_its_action),
                cmocka_unit_test(every_remedy_comes_whole),
                cmocka_unit_test(classes_have_names),
                cmocka_unit_test(any_bytes_are_explained),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

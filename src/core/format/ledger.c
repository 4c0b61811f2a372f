/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's text. A first line with the version, then one record a line, `noun name=value …`,
 * and a last line with a checksum, so that a cut or edited file does not pass for a whole one.
 */
#include <ecs-pubip/fault_text.h>
#include <ecs-pubip/ledger.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <ecs-pubip/governor.h>
#include <ecs-pubip/status.h>

#include "core/api/names.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/ipv4.h"
#include "util/text.h"

#define LEDGER_VERSION_OLDEST 1

#define MAGIC    "ecs-pubip-ledger "
#define END_SIZE sizeof("end 0123456789abcdef\n")
#define TIME_MAX INT64_C(253402300799)         /* the last second of 9999 */
#define WAIT_MAX (DAY_SEC * UINT64_C(1000000)) /* no wait is kept that is longer */

enum field_type {
        FIELD_WORD,
        FIELD_I64,
        FIELD_U64,
        FIELD_UNSIGNED,
        FIELD_BOOL,
        FIELD_IPV4,
        FIELD_NAME
};

struct field {
        const char *name;
        const char *(*text)(int value); /* FIELD_NAME: an enum's names; NULL for none */
        enum field_type type : 8;
        uint8_t n_values;
        uint16_t offset, size; /* size: of a word's array */
};

static const char *outcome_name(int value) {
        static const char *const names[] = {
                [OUTCOME_OPEN] = "open",           [OUTCOME_DONE] = "done",
                [OUTCOME_REFUSED] = "refused",     [OUTCOME_LOST] = "lost",
                [OUTCOME_WITHDRAWN] = "withdrawn",
        };

        return names[value];
}

static const char *showed_name(int value) {
        static const char *const names[] = {
                [SHOWED_NOTHING] = "nothing",
                [SHOWED_THIS] = "this",
                [SHOWED_ANOTHER] = "another",
        };

        return names[value];
}

const char *ledger_kind_name(enum kind k) {
        switch (k) {
        case KIND_STATIC:
                return "static";
        case KIND_EIP:
                return "eip";
        case KIND_NONE:
                break;
        }
        return NULL;
}

static const char *kind_text(int value) {
        return ledger_kind_name((enum kind)value);
}

static const char *network_text(int value) {
        return status_network_name((enum network)value);
}

static const char *op_text(int value) {
        return wire_op_name((enum wire_op)value);
}

static const char *product_text(int value) {
        return product_names[value];
}

static const char *charge_text(int value) {
        return eip_charge_names[value];
}

static const char *class_text(int value) {
        return fault_class_name((enum fault_class)value);
}

#define FIELD(type_, noun, member, name_)                                                          \
        { .name = name_, .type = type_, .offset = offsetof(struct noun, member) }
#define WORD(noun, member, name_)                                                                  \
        {                                                                                          \
                .name = name_, .type = FIELD_WORD, .offset = offsetof(struct noun, member),        \
                .size = sizeof(((struct noun *)0)->member)                                         \
        }
#define NAME(noun, member, name_, text_, n)                                                        \
        {                                                                                          \
                .name = name_, .type = FIELD_NAME, .offset = offsetof(struct noun, member),        \
                .text = text_, .n_values = n                                                       \
        }

static const struct field instance_fields[] = {
        WORD(ledger, instance_id, "id"),
        WORD(ledger, first_boot_id, "first-boot"),
        NAME(ledger, network, "network", network_text, NETWORK_CLASSIC + 1),
        FIELD(FIELD_U64, ledger, seq, "seq"),
        FIELD(FIELD_UNSIGNED, ledger, purchases, "purchases"),
        FIELD(FIELD_I64, ledger, inspected, "inspected"),
        FIELD(FIELD_I64, ledger, suspect, "suspect"),
        FIELD(FIELD_BOOL, ledger, suspect_pending, "suspect-pending"),
        {},
};

static const struct field address_fields[] = {
        FIELD(FIELD_IPV4, ledger, address, "ip"),
        NAME(ledger, kind, "kind", kind_text, KIND_EIP + 1),
        WORD(ledger, eip_id, "eip"),
        FIELD(FIELD_I64, ledger, confirmed, "confirmed"),
        FIELD(FIELD_U64, ledger, confirmed_seq, "confirmed-seq"),
        FIELD(FIELD_BOOL, ledger, confirmed_by_reachability, "lagging"),
        FIELD(FIELD_BOOL, ledger, metadata_no_cure, "metadata-no-cure"),
        FIELD(FIELD_BOOL, ledger, nic_no_cure, "nic-no-cure"),
        {},
};

static const struct field wait_fields[] = {
        FIELD(FIELD_U64, ledger_wait, length_usec, "length-usec"),
        FIELD(FIELD_I64, ledger_wait, started, "started"),
        FIELD(FIELD_U64, ledger_wait, started_boot_usec, "started-boot-usec"),
        WORD(ledger_wait, boot_id, "boot"),
        FIELD(FIELD_BOOL, ledger_wait, asked_by_server, "asked-by-server"),
        FIELD(FIELD_UNSIGNED, ledger_wait, attempt, "attempt"),
        NAME(ledger_wait, fault.class, "class", class_text, _FAULT_CLASS_MAX),
        WORD(ledger_wait, fault.code, "code"),
        FIELD(FIELD_UNSIGNED, ledger_wait, fault.http_status, "http-status"),
        WORD(ledger_wait, fault.request_id, "request"),
        {},
};

static const struct field entry_fields[] = {
        NAME(ledger_entry, op, "call", op_text, _WIRE_OP_MAX),
        NAME(ledger_entry, outcome, "outcome", outcome_name, OUTCOME_WITHDRAWN + 1),
        FIELD(FIELD_U64, ledger_entry, seq, "seq"),
        FIELD(FIELD_I64, ledger_entry, time, "time"),
        FIELD(FIELD_I64, ledger_entry, first_time, "first"),
        FIELD(FIELD_U64, ledger_entry, boot_usec, "boot-usec"),
        WORD(ledger_entry, boot_id, "boot"),
        FIELD(FIELD_BOOL, ledger_entry, settled, "settled"),
        FIELD(FIELD_BOOL, ledger_entry, unreachable_before, "unreachable-before"),
        FIELD(FIELD_BOOL, ledger_entry, at_gate, "at-gate"),
        FIELD(FIELD_IPV4, ledger_entry, address, "ip"),
        WORD(ledger_entry, shown_boot_id, "shown-boot"),
        NAME(ledger_entry, metadata_before, "metadata-before", showed_name, SHOWED_ANOTHER + 1),
        NAME(ledger_entry, nic_before, "nic-before", showed_name, SHOWED_ANOTHER + 1),
        NAME(ledger_entry, order.product, "product", product_text, PRODUCT_VPC + 1),
        NAME(ledger_entry, order.charge, "charge", charge_text, EIP_PAY_BY_BANDWIDTH + 1),
        FIELD(FIELD_UNSIGNED, ledger_entry, order.bandwidth, "bandwidth"),
        WORD(ledger_entry, order.isp, "isp"),
        WORD(ledger_entry, allocation_id, "eip"),
        WORD(ledger_entry, client_token, "token"),
        WORD(ledger_entry, request_id, "request"),
        {},
};

static const struct field send_fields[] = {
        NAME(ledger_send, op, "call", op_text, _WIRE_OP_MAX),
        FIELD(FIELD_I64, ledger_send, time, "time"),
        {},
};

/* The value as text, or "" where it is the zero that a missing field means. */
static void field_print(const struct field *f, const void *record, struct buf *b) {
        const void *at = (const char *)record + f->offset;
        char ip[IPV4_SIZE];

        switch (f->type) {
        case FIELD_WORD:
                buf_puts(b, at);
                break;
        case FIELD_I64:
                if (*(const int64_t *)at)
                        buf_printf(b, "%lld", (long long)*(const int64_t *)at);
                break;
        case FIELD_U64:
                if (*(const uint64_t *)at)
                        buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)at);
                break;
        case FIELD_UNSIGNED:
                if (*(const unsigned *)at)
                        buf_printf(b, "%u", *(const unsigned *)at);
                break;
        case FIELD_BOOL:
                if (*(const bool *)at)
                        buf_puts(b, "yes");
                break;
        case FIELD_IPV4:
                if (*(const in_addr_t *)at)
                        buf_puts(b, ipv4_format(*(const in_addr_t *)at, ip));
                break;
        case FIELD_NAME:
                if (f->text(*(const int *)at))
                        buf_puts(b, f->text(*(const int *)at));
                break;
        }
}

static void record_print(const char *noun, const struct field *fields, const void *record,
                         struct buf *out) {
        buf_puts(out, noun);
        for (const struct field *f = fields; f->name; f++) {
                size_t before = out->len, value;

                buf_printf(out, " %s=", f->name);
                value = out->len;
                field_print(f, record, out);
                if (out->error)
                        return;
                if (out->len == value)
                        out->len = before;
                /* What came from outside must not break the line. */
                for (char *p = out->data + value; p < out->data + out->len; p++)
                        if (*p <= ' ' || *p > '~')
                                *p = '_';
        }
        buf_puts(out, "\n");
}

static uint64_t checksum(const char *text, size_t len) {
        uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a: against accidents, not attackers */

        for (size_t i = 0; i < len; i++)
                sum = (sum ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
        return sum;
}

/* The last line, by what comes before it. */
static void end_line(const char *text, size_t len, char ret[static END_SIZE]) {
        uint64_t sum = checksum(text, len);

        text_copy(ret, END_SIZE, "end 0123456789abcdef\n");
        for (char *p = ret + END_SIZE - 3; *p != ' '; p--, sum >>= 4)
                *p = "0123456789abcdef"[sum & 0xf];
}

int ledger_format(const struct ledger *l, char **ret) {
        _cleanup_buf_ struct buf b = BUF(LEDGER_TEXT_MAX);
        char end[END_SIZE];

        buf_printf(&b, MAGIC "%d\n", LEDGER_VERSION);
        record_print("instance", instance_fields, l, &b);
        record_print("address", address_fields, l, &b);
        if (l->wait.length_usec > 0)
                record_print("wait", wait_fields, &l->wait, &b);
        for (unsigned i = 0; i < l->n_entries; i++)
                record_print("change", entry_fields, &l->entries[i], &b);
        for (unsigned i = 0; i < l->n_sends; i++)
                record_print("send", send_fields, &l->sends[i], &b);
        end_line(buf_text(&b), b.len, end);
        buf_puts(&b, end);
        if (b.error)
                return b.error;
        *ret = TAKE_PTR(b.data);
        return 0;
}

static bool name_parse(const struct field *f, const char *value, int *ret) {
        for (int i = 0; i < f->n_values; i++) {
                const char *name = f->text(i);

                if (name && strcmp(name, value) == 0) {
                        *ret = i;
                        return true;
                }
        }
        return false;
}

static bool field_parse(const struct field *f, const char *value, void *record) {
        void *at = (char *)record + f->offset;
        uint64_t number;

        switch (f->type) {
        case FIELD_WORD:
                return text_copy(at, f->size, value);
        case FIELD_I64:
                if (!text_to_u64(value, TIME_MAX, &number))
                        return false;
                *(int64_t *)at = (int64_t)number;
                return true;
        case FIELD_U64:
                return text_to_u64(value, UINT64_MAX, (uint64_t *)at);
        case FIELD_UNSIGNED:
                if (!text_to_u64(value, UINT32_MAX, &number))
                        return false;
                *(unsigned *)at = (unsigned)number;
                return true;
        case FIELD_BOOL:
                *(bool *)at = true;
                return strcmp(value, "yes") == 0;
        case FIELD_IPV4:
                return ipv4_parse(value, (in_addr_t *)at);
        case FIELD_NAME:
                return name_parse(f, value, (int *)at);
        }
        return false;
}

/* `name=value name=value`; takes the text apart. */
static bool record_parse(const struct field *fields, char *text, void *record) {
        char *save = NULL;

        for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                const struct field *f = fields;
                char *value = strchr(word, '=');

                if (!value)
                        return false;
                *value++ = '\0';
                while (f->name && strcmp(f->name, word) != 0)
                        f++;
                if (!f->name || !field_parse(f, value, record))
                        return false;
        }
        return true;
}

static bool line_parse(char *line, struct ledger *l) {
        char *rest = strchr(line, ' ');

        if (rest)
                *rest++ = '\0';
        else
                rest = line + strlen(line);
        if (strcmp(line, "instance") == 0)
                return record_parse(instance_fields, rest, l);
        if (strcmp(line, "address") == 0)
                return record_parse(address_fields, rest, l);
        if (strcmp(line, "wait") == 0)
                return record_parse(wait_fields, rest, &l->wait) && l->wait.length_usec <= WAIT_MAX;
        if (strcmp(line, "send") == 0 && l->n_sends < LEDGER_SENDS) {
                struct ledger_send *s = &l->sends[l->n_sends++];

                return record_parse(send_fields, rest, s) && wire_op_changes(s->op);
        }
        if (strcmp(line, "change") == 0 && l->n_entries < LEDGER_ENTRIES) {
                struct ledger_entry *e = &l->entries[l->n_entries++];

                return record_parse(entry_fields, rest, e) && wire_op_changes(e->op);
        }
        return false;
}

/* Cuts the checksum line off; false if it is not there or not right. */
static bool checksum_take(char *text, size_t len) {
        char expected[END_SIZE], *end = strstr(text, "\nend ");

        if (!end || strlen(text) != len)
                return false;
        end++;
        end_line(text, (size_t)(end - text), expected);
        if (strcmp(end, expected) != 0)
                return false;
        *end = '\0';
        return true;
}

/* Version 1 has no numbers: its order is the sequence. */
static void number_entries(struct ledger *l) {
        for (unsigned i = 0; i < l->n_entries; i++) {
                l->entries[i].seq = ++l->seq;
                if (l->entries[i].time <= l->confirmed)
                        l->confirmed_seq = l->seq;
        }
}

int ledger_parse(const char *text, size_t len, struct ledger *ret) {
        _cleanup_free_ char *copy = NULL;
        struct ledger l = {};
        char *save = NULL, *line;
        uint64_t version;

        if (len > LEDGER_TEXT_MAX || len < strlen(MAGIC) ||
            strncmp(text, MAGIC, strlen(MAGIC)) != 0)
                return -EBADMSG;
        copy = strndup(text, len);
        if (!copy)
                return -ENOMEM;
        line = strchr(copy, '\n');
        if (!line)
                return -EBADMSG;
        *line = '\0';
        if (!text_to_u64(copy + strlen(MAGIC), UINT32_MAX, &version))
                return -EBADMSG;
        if (version > LEDGER_VERSION)
                return -EPROTONOSUPPORT;
        if (version < LEDGER_VERSION_OLDEST)
                return -EBADMSG;
        *line = '\n';
        if (!checksum_take(copy, len))
                return -EBADMSG;
        strtok_r(copy, "\n", &save);
        while ((line = strtok_r(NULL, "\n", &save)))
                if (!line_parse(line, &l))
                        return -EBADMSG;
        if (version == 1)
                number_entries(&l);
        *ret = l;
        return 0;
}

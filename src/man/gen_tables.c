/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the core's tables, faults and configuration keys, for manual pages, Markdown and tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <ecs-pubip/config.h>
#include <ecs-pubip/fault.h>
#include <ecs-pubip/fault_text.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/text.h"

#define WHEN_MAX 512

/* Text of a manual page: a hyphen there is not a minus, and a line must not begin with a dot. */
static void put_roff(const char *text) {
        if (*text == '.' || *text == '\'')
                fputs("\\&", stdout);
        for (; *text; text++) {
                if (*text == '\\')
                        fputs("\\e", stdout);
                else if (*text == '-')
                        fputs("\\-", stdout);
                else
                        putchar(*text);
        }
}

static void put_plain(const char *text) {
        printf("%s", text);
}

/* Text of a table's cell. */
static void put_cell(const char *text) {
        for (; *text; text++) {
                if (strchr("|*<", *text))
                        putchar('\\');
                putchar(*text);
        }
}

/* What must be beside the code for the row to fit; "" mostly. */
static void when_of(const struct fault_row *row, char ret[static WHEN_MAX]) {
        _cleanup_buf_ struct buf b = BUF(WHEN_MAX - 1);
        const char *message = fault_row_message(row);

        if (row->status && row->status < 10)
                buf_printf(&b, "HTTP %uxx", row->status);
        else if (row->status)
                buf_printf(&b, "HTTP %u", row->status);
        if (message)
                buf_printf(&b, "%smessage with \"%s\"", *buf_text(&b) ? ", " : "", message);
        if (row->context & FAULT_WITH_IP_ADDRESS)
                buf_printf(&b, "%swith [Address] IpAddress=", *buf_text(&b) ? ", " : "");
        if (row->context & FAULT_WITH_VLAN_ID)
                buf_printf(&b, "%swith [Address] VlanId=", *buf_text(&b) ? ", " : "");
        if (row->context & FAULT_OF_REBOOT)
                buf_printf(&b, "%sof RebootInstance", *buf_text(&b) ? ", " : "");
        if (row->context & FAULT_OF_EIP)
                buf_printf(&b, "%sof an EIP call", *buf_text(&b) ? ", " : "");
        text_copy(ret, WHEN_MAX, buf_text(&b));
}

static const char *remedy_of(const struct fault_row *row) {
        static char remedy[FAULT_REMEDY_SIZE];

        fault_row_remedy(row, remedy);
        return remedy;
}

/* The next of the codes between '|', from *rest on; false after the last. */
static bool next_code(const char **rest, char ret[static FAULT_CODE_SIZE]) {
        size_t n = *rest ? strcspn(*rest, "|") : 0;

        if (n == 0)
                return false;
        snprintf(ret, FAULT_CODE_SIZE, "%.*s", (int)n, *rest);
        *rest += n + ((*rest)[n] == '|');
        return true;
}

static void put_codes(const struct fault_row *row, const char *before, const char *after,
                      void (*put)(const char *text)) {
        const char *rest = row->code;
        char code[FAULT_CODE_SIZE];

        if (!rest)
                printf("any other");
        while (next_code(&rest, code)) {
                printf("%s", before);
                put(code);
                printf("%s%s", after, *rest ? ", " : "");
        }
}

static void faults_md_part(const char *title, bool own) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);
        char when[WHEN_MAX];

        printf("**%s**\n\n| Code | When | Class | Executed | What happened | What to do |\n"
               "|---|---|---|---|---|---|\n",
               title);
        for (size_t i = 0; i < n; i++) {
                if (rows[i].own != own)
                        continue;
                when_of(&rows[i], when);
                printf("| ");
                put_codes(&rows[i], "`", "`", put_plain);
                printf(" | ");
                put_cell(when);
                printf(" | %s | %s | ", fault_class_name(rows[i].class),
                       fault_executed_name(rows[i].executed));
                put_cell(fault_sentence(&rows[i]));
                printf(" | ");
                put_cell(remedy_of(&rows[i]));
                printf(" |\n");
        }
}

static int faults_md(void) {
        faults_md_part("Answers of the cloud", false);
        printf("\n");
        faults_md_part("Codes of ecs-pubip", true);
        return 0;
}

static void faults_man_part(const char *title, bool own) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);
        char when[WHEN_MAX];

        printf(".SS \"%s\"\n", title);
        for (size_t i = 0; i < n; i++) {
                if (rows[i].own != own)
                        continue;
                when_of(&rows[i], when);
                printf(".TP\n");
                put_codes(&rows[i], "\\fB", "\\fR", put_roff);
                printf(" (%s%s", fault_class_name(rows[i].class), *when ? "; " : "");
                put_roff(when);
                printf(")\n");
                put_roff(fault_sentence(&rows[i]));
                printf(".\n.br\n");
                put_roff(remedy_of(&rows[i]));
                printf(".\n");
        }
}

static int faults_man(void) {
        faults_man_part("Answers of the cloud", false);
        faults_man_part("Codes of ecs\\-pubip", true);
        return 0;
}

static cJSON *fault_object(const struct fault_row *row) {
        cJSON *o = cJSON_CreateObject();

        cJSON *codes = cJSON_AddArrayToObject(o, "codes");
        const char *rest = row->code, *message = fault_row_message(row);
        char code[FAULT_CODE_SIZE];

        while (next_code(&rest, code))
                cJSON_AddItemToArray(codes, cJSON_CreateString(code));
        cJSON_AddNumberToObject(o, "status", row->status);
        if (message)
                cJSON_AddStringToObject(o, "message", message);
        else
                cJSON_AddNullToObject(o, "message");
        cJSON_AddBoolToObject(o, "with_ip_address", (row->context & FAULT_WITH_IP_ADDRESS) != 0);
        cJSON_AddBoolToObject(o, "with_vlan_id", (row->context & FAULT_WITH_VLAN_ID) != 0);
        cJSON_AddBoolToObject(o, "of_reboot", (row->context & FAULT_OF_REBOOT) != 0);
        cJSON_AddBoolToObject(o, "of_eip", (row->context & FAULT_OF_EIP) != 0);
        cJSON_AddStringToObject(o, "class", fault_class_name(row->class));
        cJSON_AddBoolToObject(o, "slow", row->slow);
        cJSON_AddBoolToObject(o, "own", row->own);
        cJSON_AddStringToObject(o, "executed", fault_executed_name(row->executed));
        cJSON_AddStringToObject(o, "origin", fault_origin_name(row->origin));
        cJSON_AddBoolToObject(o, "no_static_here", row->no_static_here);
        cJSON_AddBoolToObject(o, "new_keys", row->new_keys);
        cJSON_AddStringToObject(o, "sentence", fault_sentence(row));
        cJSON_AddStringToObject(o, "remedy", remedy_of(row));
        return o;
}

/* The whole table, for the test that drives each row over the wire. */
static int faults_json(void) {
        cJSON *list = cJSON_CreateArray();
        _cleanup_free_ char *text = NULL;
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        for (size_t i = 0; i < n; i++)
                cJSON_AddItemToArray(list, fault_object(&rows[i]));
        text = cJSON_Print(list);
        cJSON_Delete(list);
        if (!text)
                return 1;
        puts(text);
        return 0;
}

static int keys_md(void) {
        struct config_key_view k;

        printf("| Section | Key | Default | Must be | Meaning |\n|---|---|---|---|---|\n");
        for (size_t i = 0; config_key(i, &k); i++) {
                printf("| %s | `%s` | %s%s%s | ", k.section, k.key, *k.fallback ? "`" : "",
                       k.fallback, *k.fallback ? "`" : "");
                put_cell(k.choices);
                printf(" | ");
                put_cell(k.help);
                printf(" |\n");
        }
        return 0;
}

static int keys_man(void) {
        struct config_key_view k;
        const char *section = "";

        for (size_t i = 0; config_key(i, &k); i++) {
                if (strlen(k.help) < 20 || k.help[strlen(k.help) - 1] == '.') {
                        fprintf(stderr, "%s: its help is no sentence without a full stop\n", k.key);
                        return 1;
                }
                if (strcmp(section, k.section) != 0)
                        printf(".SS [%s]\n", k.section);
                section = k.section;
                printf(".TP\n\\fB%s=\\fR", k.key);
                if (*k.fallback) {
                        printf(" (default: ");
                        put_roff(k.fallback);
                        printf(")");
                }
                printf("\n");
                put_roff(k.help);
                printf(".\nMust be ");
                put_roff(k.choices);
                printf(".\n");
        }
        return 0;
}

static const struct {
        const char *name;
        int (*print)(void);
} tables[] = {
        {"faults-md", faults_md}, {"faults-man", faults_man}, {"faults-json", faults_json},
        {"keys-md", keys_md},     {"keys-man", keys_man},
};

int main(int argc, char *argv[]) {
        for (size_t i = 0; argc == 2 && i < sizeof(tables) / sizeof(tables[0]); i++)
                if (strcmp(argv[1], tables[i].name) == 0)
                        return tables[i].print() || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
        fprintf(stderr, "usage: gen-tables faults-md|faults-man|faults-json|keys-md|keys-man\n");
        return 2;
}

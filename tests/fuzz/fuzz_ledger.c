/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger file: what was read is written and read the same. Nearly every change breaks the
 * checksum, behind which the parser of records would never be reached: so each input is tried as
 * it is, and again with a checksum that is right.
 */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>

#include <ecs-pubip/ledger.h>

#define LAST_LINE "end %016" PRIx64 "\n"
#define LAST_SIZE sizeof("end 0123456789abcdef\n")

static bool try(const char *text, size_t size) {
        struct ledger ledger, again;
        char *first = NULL, *second = NULL;

        if (ledger_parse(text, size, &ledger) < 0)
                return false;
        MUST(ledger.n_entries <= LEDGER_ENTRIES);
        MUST(ledger_format(&ledger, &first) == 0);
        MUST(ledger_parse(first, strlen(first), &again) == 0);
        MUST(ledger_format(&again, &second) == 0);
        MUST(!strcmp(first, second));
        free(first);
        free(second);
        return true;
}

/* Up to its last line, or all of it where none looks like one. */
static size_t records_end(const char *text, size_t size) {
        for (size_t i = size; i >= 5; i--)
                if (memcmp(text + i - 5, "\nend ", 5) == 0)
                        return i - 4;
        return size;
}

/* FNV-1a, 64 bit. */
static uint64_t checksum(const char *text, size_t size) {
        uint64_t sum = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < size; i++)
                sum = (sum ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
        return sum;
}

static bool try_sealed(const char *text, size_t size) {
        size_t end = records_end(text, size);
        char *sealed = malloc(end + LAST_SIZE);
        int last;
        bool taken;

        MUST(sealed);
        memcpy(sealed, text, end);
        last = snprintf(sealed + end, LAST_SIZE, LAST_LINE, checksum(text, end));
        /* A block of exactly that size: a sanitizer sees each byte read past the end. */
        sealed = realloc(sealed, end + (size_t)last);
        MUST(sealed);
        taken = try(sealed, end + (size_t)last);
        free(sealed);
        return taken;
}

/* The seal here is the one of the ledger, or nothing behind it is tried. */
static void check_seal(void) {
        static bool checked;
        const struct ledger empty = {};
        char *text = NULL;

        if (checked)
                return;
        MUST(ledger_format(&empty, &text) == 0);
        MUST(try(text, strlen(text)) && try_sealed(text, strlen(text)));
        text[strlen(text) - 2] ^= 1;
        MUST(!try(text, strlen(text)) && try_sealed(text, strlen(text)));
        free(text);
        checked = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *)data;

        check_seal();
        if (!try(text, size))
                try_sealed(text, size);
        return 0;
}

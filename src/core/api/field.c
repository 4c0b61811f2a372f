/* SPDX-License-Identifier: Apache-2.0 */
#include "core/api/field.h"

#include <string.h>
#include <strings.h>

#include <ecs-pubip/identity.h>

#include "util/ipv4.h"
#include "util/text.h"
#include "util/time.h"

bool field_put(const struct field *rows, size_t n, void *base, const char *path,
               const char *value) {
        for (size_t i = 0; i < n; i++) {
                if (strcasecmp(rows[i].path, path) == 0)
                        return rows[i].put((char *)base + rows[i].offset, rows[i].size, value);
        }
        return true;
}

bool field_text(void *field, size_t size, const char *value) {
        text_copy_printable(field, size, value);
        return true;
}

bool field_word(void *field, size_t size, const char *value) {
        if (*value && !text_is_word(value, size - 1, "-._"))
                return false;
        return text_copy(field, size, value);
}

bool field_public_ipv4(void *field, size_t size, const char *value) {
        char text[IPV4_SIZE];
        in_addr_t *address = field, parsed;
        size_t n;

        (void)size;
        value += strspn(value, " \t\r\n");
        n = strcspn(value, " \t\r\n");
        if (*address != 0 || value[0] == '\0')
                return true;
        if (n >= sizeof(text) || value[n + strspn(value + n, " \t\r\n")])
                return false;
        memcpy(text, value, n);
        text[n] = '\0';
        if (!ipv4_parse(text, &parsed) || !ipv4_may_be_public(parsed))
                return false;
        *address = parsed;
        return true;
}

static bool is_hex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool field_is_mac(const char *value) {
        if (strlen(value) != MAC_SIZE - 1)
                return false;
        for (size_t i = 0; i < MAC_SIZE - 1; i++) {
                if (i % 3 == 2 ? value[i] != ':' : !is_hex(value[i]))
                        return false;
        }
        return true;
}

bool field_mac(void *field, size_t size, const char *value) {
        char *mac = field;

        if (!*value)
                return true;
        if (!field_is_mac(value) || !text_copy(mac, size, value))
                return false;
        for (; *mac; mac++) {
                if (*mac >= 'A' && *mac <= 'F')
                        *mac = (char)(*mac - 'A' + 'a');
        }
        return true;
}

bool field_time(void *field, size_t size, const char *value) {
        int64_t seconds;

        (void)size;
        if (time_parse(value, &seconds) && seconds > 0)
                *(int64_t *)field = seconds;
        return true;
}

bool field_network(void *field, size_t size, const char *value) {
        enum network *network = field;

        (void)size;
        if (strcasecmp(value, "vpc") == 0)
                *network = NETWORK_VPC;
        else if (strcasecmp(value, "classic") == 0)
                *network = NETWORK_CLASSIC;
        else
                *network = NETWORK_UNKNOWN;
        return true;
}

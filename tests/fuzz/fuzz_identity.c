/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of the metadata service. */
#include "fuzz.h"

#include <ecs-pubip/identity.h>

static void check_presence(const struct addresses *a) {
        MUST((a->presence == PRESENCE_PRESENT) == (a->address != 0));
}

/* Into headers it goes: no control byte, no blank. */
static void check_visible(const char *text) {
        MUST(*text);
        for (; *text; text++)
                MUST(*text > 0x20 && *text < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *)data;
        struct credentials credentials;
        struct addresses addresses = {};
        struct identity identity;
        char why[ROLE_WHY_SIZE];

        if (identity_parse_all(text, size, &identity) == 0) {
                MUST(identity.instance_id[0] && identity.region_id[0] && identity.from_metadata);
                MUST(!strcmp(identity.instance_id, identity.public.instance_id));
                check_presence(&identity.public);
        }
        if (identity_parse_document(text, size, &identity) == 0)
                MUST(identity.public.presence == PRESENCE_UNKNOWN && !identity.public.address);
        if (identity_parse_address(text, size, &addresses) == 0)
                check_presence(&addresses);
        if (identity_parse_credentials(text, size, &credentials, why) == 0) {
                check_visible(credentials.access_key_id);
                check_visible(credentials.access_key_secret);
                check_visible(credentials.security_token);
                MUST(credentials.expiration >= 0);
                MUST(!*why);
        }
        for (const char *c = why; *c; c++)
                MUST(*c >= 0x20 && *c <= 0x7e);
        return 0;
}

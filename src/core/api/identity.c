/* SPDX-License-Identifier: Apache-2.0 */
#include <ecs-pubip/identity.h>

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/api/field.h"
#include "core/api/tree.h"
#include "util/text.h"

/* An address item as one look shows it. */
struct item {
        bool malformed;
        in_addr_t address;
};

struct all {
        struct identity identity;
        struct item eipv4, public_ipv4;
};

struct target {
        const struct field *rows;
        size_t n_rows;
        void *base;
};

static bool on_value(void *userdata, const char *path, const char *value) {
        const struct target *t = userdata;

        return field_put(t->rows, t->n_rows, t->base, path, value);
}

/* An address item in another shape than a text is no address, and no absence of one (L6). */
static bool on_all_shape(void *userdata, const char *path, enum tree_shape shape) {
        const struct target *t = userdata;
        struct all *all = t->base;

        if (shape & (TREE_TEXT | TREE_LEAF))
                return true;
        if (strcasecmp(path, "eipv4") == 0)
                all->eipv4.malformed = true;
        else if (strcasecmp(path, "public-ipv4") == 0)
                all->public_ipv4.malformed = true;
        return true;
}

static int read_rows(const char *text, size_t len, const struct field *rows, size_t n_rows,
                     tree_shape_fn on_shape, void *base) {
        struct target target = {.rows = rows, .n_rows = n_rows, .base = base};
        const struct tree_visitor visitor = {
                .shape = on_shape, .value = on_value, .userdata = &target};

        return tree_walk(text, len, &visitor);
}

/* A malformed item is no reason to distrust the rest, but neither is it "absent" (law L6). */
static bool put_item(void *field, size_t size, const char *value) {
        struct item *item = field;

        (void)size;
        if (*value && item->address == 0 && !ipv4_parse(value, &item->address))
                item->malformed = true;
        return true;
}

static bool put_private(void *field, size_t size, const char *value) {
        (void)size;
        ipv4_parse(value, field);
        return true;
}

/* Good to know, but not needed: left empty when malformed. */
static bool put_word(void *field, size_t size, const char *value) {
        if (!field_word(field, size, value))
                text_copy(field, size, "");
        return true;
}

static bool put_mac(void *field, size_t size, const char *value) {
        if (field_is_mac(value))
                field_mac(field, size, value);
        return true;
}

/* Source: item names of the metadata service (ecs-api 2). */
static const struct field all_rows[] = {
        FIELD("instance-id", field_word, struct all, identity.instance_id),
        FIELD("region-id", field_word, struct all, identity.region_id),
        FIELD("owner-account-id", put_word, struct all, identity.account_id),
        FIELD("mac", put_mac, struct all, identity.mac),
        FIELD("private-ipv4", put_private, struct all, identity.private_ip),
        FIELD("network-type", field_network, struct all, identity.network),
        FIELD("eipv4", put_item, struct all, eipv4),
        FIELD("public-ipv4", put_item, struct all, public_ipv4),
};

static bool identity_is_whole(const struct identity *i) {
        return i->instance_id[0] && i->region_id[0];
}

static struct addresses look(const char *instance_id, const struct item *eipv4,
                             const struct item *public_ipv4) {
        struct addresses a = {};

        TEXT_SET(a.instance_id, instance_id);
        a.address = eipv4->address ? eipv4->address : public_ipv4->address;
        if (a.address)
                a.presence = PRESENCE_PRESENT;
        else if (eipv4->malformed || public_ipv4->malformed)
                a.presence = PRESENCE_UNKNOWN;
        else
                a.presence = PRESENCE_ABSENT;
        return a;
}

int identity_parse_all(const char *text, size_t len, struct identity *ret) {
        struct all all = {};
        int r = read_rows(text, len, all_rows, N_ROWS(all_rows), on_all_shape, &all);

        if (r < 0)
                return r;
        if (!identity_is_whole(&all.identity))
                return -EBADMSG;
        all.identity.from_metadata = true;
        all.identity.public = look(all.identity.instance_id, &all.eipv4, &all.public_ipv4);
        *ret = all.identity;
        return 0;
}

int identity_parse_document(const char *text, size_t len, struct identity *ret) {
        struct identity identity;
        int r = identity_parse_all(text, len, &identity);

        if (r < 0)
                return r;
        identity.network = NETWORK_UNKNOWN;
        identity.public = (struct addresses){};
        TEXT_SET(identity.public.instance_id, identity.instance_id);
        *ret = identity;
        return 0;
}

/* Copies a leaf without the blanks and the newline that may end it; false if it does not fit. */
static bool leaf_text(const char *text, size_t len, char *ret, size_t size) {
        while (len > 0 && strchr(" \t\r\n", text[len - 1]) && text[len - 1])
                len--;
        if (len >= size || memchr(text, '\0', len))
                return false;
        memcpy(ret, text, len);
        ret[len] = '\0';
        return true;
}

int identity_parse_address(const char *text, size_t len, struct addresses *ret) {
        char leaf[64];
        in_addr_t address = 0;

        if (len == 0)
                text = "";
        if (!leaf_text(text, len, leaf, sizeof(leaf)))
                return -EBADMSG;
        if (leaf[0] && !ipv4_parse(leaf, &address))
                return -EBADMSG;
        ret->presence = leaf[0] ? PRESENCE_PRESENT : PRESENCE_ABSENT;
        ret->address = address;
        return 0;
}

/* Credentials */

struct role_document {
        struct credentials credentials;
        char code[32];
};

/* They go into HTTP headers and URLs: nothing but visible ASCII, and never cut. */
static bool put_secret(void *field, size_t size, const char *value) {
        for (const char *p = value; *p; p++) {
                if (*p <= 0x20 || *p > 0x7e)
                        return false;
        }
        return text_copy(field, size, value);
}

static const struct field credentials_rows[] = {
        FIELD("Code", field_text, struct role_document, code),
        FIELD("AccessKeyId", put_secret, struct role_document, credentials.access_key_id),
        FIELD("AccessKeySecret", put_secret, struct role_document, credentials.access_key_secret),
        FIELD("SecurityToken", put_secret, struct role_document, credentials.security_token),
        FIELD("Expiration", field_time, struct role_document, credentials.expiration),
};

static bool role_document_is_whole(const struct role_document *d) {
        return strcmp(d->code, "Success") == 0 && d->credentials.access_key_id[0] &&
               d->credentials.access_key_secret[0] && d->credentials.security_token[0] &&
               d->credentials.expiration > 0;
}

int identity_parse_credentials(const char *text, size_t len, struct credentials *ret) {
        struct role_document document = {};
        int r = read_rows(text, len, credentials_rows, N_ROWS(credentials_rows), NULL, &document);

        if (r >= 0 && !role_document_is_whole(&document))
                r = -EBADMSG;
        if (r >= 0)
                *ret = document.credentials;
        explicit_bzero(&document, sizeof(document));
        return r < 0 ? r : 0;
}

void credentials_erase(struct credentials *c) {
        if (c)
                explicit_bzero(c, sizeof(*c));
}

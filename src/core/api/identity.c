/* SPDX-License-Identifier: Apache-2.0 */
#include <ecs-pubip/identity.h>

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/api/field.h"
#include "core/api/tree.h"
#include "util/ipv4.h"
#include "util/text.h"
#include "util/time.h"

/* An address item as one look shows it. */
struct item {
        bool malformed, listed;
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

/*
 * An address item in another shape than a text is no address, and no absence of one (L6): a list
 * is one where an address is in it.
 */
static bool on_all_shape(void *userdata, const char *path, enum tree_shape shape) {
        const struct target *t = userdata;
        struct all *all = t->base;
        struct item *item = strcasecmp(path, "eipv4") == 0         ? &all->eipv4
                            : strcasecmp(path, "public-ipv4") == 0 ? &all->public_ipv4
                                                                   : NULL;

        if (!item || (shape & (TREE_TEXT | TREE_LEAF)))
                return true;
        if (shape & (TREE_LIST | TREE_LISTED_TEXT))
                item->listed = true;
        else
                item->malformed = true;
        return true;
}

static bool is_understood(const struct item *i) {
        return !i->malformed && (i->address || !i->listed);
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
        if (!field_public_ipv4(&item->address, sizeof(item->address), value))
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
        /* eipv4 goes before: where it is not understood, the other one may not be what counts. */
        if (!is_understood(eipv4) || (!eipv4->address && !is_understood(public_ipv4)))
                return a;
        a.address = eipv4->address ? eipv4->address : public_ipv4->address;
        a.presence = a.address ? PRESENCE_PRESENT : PRESENCE_ABSENT;
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
        if (leaf[0] && (!ipv4_parse(leaf, &address) || !ipv4_may_be_public(address)))
                return -EBADMSG;
        ret->presence = leaf[0] ? PRESENCE_PRESENT : PRESENCE_ABSENT;
        ret->address = address;
        return 0;
}

/* Credentials */

struct role_document {
        struct credentials credentials;
        char code[64], message[128];
};

/* In a form that is not understood: left alone. */
static bool put_expiration(void *field, size_t size, const char *value) {
        int64_t seconds;

        (void)size;
        if (time_parse_any(value, &seconds) && seconds > 0)
                *(int64_t *)field = seconds;
        return true;
}

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
        FIELD("Message", field_text, struct role_document, message),
        FIELD("AccessKeyId", put_secret, struct role_document, credentials.access_key_id),
        FIELD("AccessKeySecret", put_secret, struct role_document, credentials.access_key_secret),
        FIELD("SecurityToken", put_secret, struct role_document, credentials.security_token),
        FIELD("Expiration", put_expiration, struct role_document, credentials.expiration),
};

/* What the document says of itself, or what it lacks; NULL where it is whole. */
static const char *role_document_lacks(const struct role_document *d) {
        if (!d->code[0])
                return "the document has no Code";
        if (strcmp(d->code, "Success") != 0)
                return d->message;
        if (!d->credentials.access_key_id[0])
                return "the document has no AccessKeyId";
        if (!d->credentials.access_key_secret[0])
                return "the document has no AccessKeySecret";
        return d->credentials.security_token[0] ? NULL : "the document has no SecurityToken";
}

/* Of a Code that is a word, and of the Message beside it: "AssumeRoleDenied: …". */
static void explain_role(const struct role_document *d, const char *lacks,
                         char why[static ROLE_WHY_SIZE]) {
        bool refused = lacks == d->message && text_is_word(d->code, sizeof(d->code) - 1, "._-");
        size_t n;

        text_copy(why, ROLE_WHY_SIZE, refused ? d->code : "the document's Code is not Success");
        if (lacks != d->message)
                text_copy(why, ROLE_WHY_SIZE, lacks);
        n = strlen(why);
        if (refused && *lacks) {
                text_copy(why + n, ROLE_WHY_SIZE - n, ": ");
                text_copy_printable(why + n + 2, ROLE_WHY_SIZE - n - 2, lacks);
        }
}

int identity_parse_credentials(const char *text, size_t len, struct credentials *ret,
                               char why[static ROLE_WHY_SIZE]) {
        struct role_document document = {};
        int r = read_rows(text, len, credentials_rows, N_ROWS(credentials_rows), NULL, &document);
        const char *lacks = r < 0 ? NULL : role_document_lacks(&document);

        why[0] = '\0';
        if (lacks) {
                explain_role(&document, lacks, why);
                r = -EBADMSG;
        }
        if (r >= 0)
                *ret = document.credentials;
        explicit_bzero(&document, sizeof(document));
        return r < 0 ? r : 0;
}

void identity_erase_credentials(struct credentials *c) {
        if (c)
                explicit_bzero(c, sizeof(*c));
}

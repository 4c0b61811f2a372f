/* SPDX-License-Identifier: Apache-2.0 */
#include "withhold.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "util/buf.h"
#include "util/text.h"

#define HEAD     8 /* so much of a secret is recognised */
#define HEAD_MIN 4 /* what is shorter stands in any sentence */
#define BASE64   6 /* bytes: a whole number of characters, 8, from its beginning */

static void look_for(char *message, const char *needle, char **cut) {
        char *found = strlen(needle) >= HEAD_MIN ? strcasestr(message, needle) : NULL;

        if (found && (!*cut || found < *cut))
                *cut = found;
}

static void percent_encode(const char *text, struct buf *ret) {
        for (; *text; text++) {
                if (text_is_word((char[]){*text, '\0'}, 1, "-._~"))
                        buf_add(ret, text, 1);
                else
                        buf_printf(ret, "%%%02X", (unsigned char)*text);
        }
}

static void look_in_all_forms(char *message, const char *secret, char **cut) {
        _cleanup_buf_ struct buf encoded = BUF_SECRET(3 * HEAD);
        char head[HEAD + 1];
        unsigned char base64[HEAD + 1];

        text_copy(head, sizeof(head), secret);
        look_for(message, head, cut);
        percent_encode(head, &encoded);
        look_for(message, buf_text(&encoded), cut);
        if (strlen(secret) >= BASE64) {
                EVP_EncodeBlock(base64, (const unsigned char *)secret, BASE64);
                look_for(message, (const char *)base64, cut);
        }
        explicit_bzero(head, sizeof(head));
        explicit_bzero(base64, sizeof(base64));
}

void withhold(char *message, size_t size, const char *const *secrets, size_t n) {
        /* Some refusals repeat what was to be signed, the token included. */
        char *cut = strcasestr(message, "string to sign");

        for (size_t i = 0; i < n; i++) {
                if (secrets[i] && secrets[i][0])
                        look_in_all_forms(message, secrets[i], &cut);
        }
        if (cut)
                text_copy(cut, size - (size_t)(cut - message), "(withheld)");
}

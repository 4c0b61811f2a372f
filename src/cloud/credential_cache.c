/* SPDX-License-Identifier: Apache-2.0 */
#include "credential_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/expiry.h"
#include "util/cleanup.h"
#include "util/text.h"

#define ROLE_PATH     "meta-data/ram/security-credentials/"
#define LISTING_MAX   4096u
#define DOCUMENT_MAX  16384u
#define STATIC_FOLDER "/etc/ecs-pubip/credentials"
#define STATIC_MAX    8192u

void credential_cache_init(struct credential_cache *c, struct metadata *m,
                           const struct clock *clock, const struct config *config) {
        *c = (struct credential_cache){.metadata = m, .clock = clock, .config = config};
}

void credential_cache_done(struct credential_cache *c) {
        identity_erase_credentials(&c->credentials);
        c->held = false;
}

static bool refuse(struct fault *fault, const char *code, const char *message) {
        *fault = fault_own(code, message);
        return false;
}

/* The name that the listing gives first; an instance has one role at most. */
static bool role_from_listing(const struct http_reply *r, char ret[static ROLE_NAME_SIZE]) {
        const char *text = buf_text(&r->body);
        size_t n = strcspn(text, "\r\n");

        if (n == 0 || n >= ROLE_NAME_SIZE)
                return false;
        memcpy(ret, text, n);
        ret[n] = '\0';
        return text_is_word(ret, ROLE_NAME_SIZE - 1, "-._");
}

static bool list_role(struct credential_cache *c, char ret[static ROLE_NAME_SIZE],
                      struct fault *fault) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;

        if (!metadata_get(c->metadata, ROLE_PATH, LISTING_MAX, &r, fault)) {
                if (strcmp(fault->code, FAULT_MD_NOT_FOUND) == 0) {
                        *fault = fault_own(FAULT_MD_NO_ROLE, "");
                        fault->http_status = 404;
                }
                return false;
        }
        if (r.body.len == 0)
                return refuse(fault, FAULT_MD_NO_ROLE, "the list of roles is empty");
        if (!role_from_listing(&r, ret))
                return refuse(fault, FAULT_MD_GARBLED, "the list of roles is not one");
        return true;
}

static bool find_role(struct credential_cache *c, char ret[static ROLE_NAME_SIZE],
                      struct fault *fault) {
        if (!c->config->role[0])
                return list_role(c, ret, fault);
        text_copy(ret, ROLE_NAME_SIZE, c->config->role);
        return true;
}

/* No such role: the one that was listed has gone, or another is configured than is here. */
static bool explain_role(struct credential_cache *c, const char *role, struct fault *fault) {
        _cleanup_buf_ struct buf message = BUF(FAULT_MESSAGE_SIZE);
        char here[ROLE_NAME_SIZE];

        if (c->config->role[0] && !list_role(c, here, fault))
                return false;
        if (c->config->role[0])
                buf_printf(&message, "%s is not this instance's, %s is", role, here);
        *fault = fault_own(FAULT_MD_NO_ROLE, message.len ? buf_text(&message) : role);
        fault->http_status = 404;
        return false;
}

static bool fetch_role(struct credential_cache *c, struct fault *fault) {
        _cleanup_(http_reply_done) struct http_reply r = HTTP_REPLY;
        char role[ROLE_NAME_SIZE], path[sizeof(ROLE_PATH) + ROLE_NAME_SIZE] = ROLE_PATH;
        char why[ROLE_WHY_SIZE];

        if (!find_role(c, role, fault))
                return false;
        text_copy(path + strlen(path), ROLE_NAME_SIZE, role);
        if (!metadata_get(c->metadata, path, DOCUMENT_MAX, &r, fault)) {
                return strcmp(fault->code, FAULT_MD_NOT_FOUND) == 0 && explain_role(c, role, fault);
        }
        if (identity_parse_credentials(buf_text(&r.body), r.body.len, &c->credentials, why) < 0)
                return refuse(fault, FAULT_MD_CREDENTIALS,
                              *why ? why : "metadata serves no document of a role");
        return true;
}

static const char *static_folder(void) {
        const char *folder = getenv("CREDENTIALS_DIRECTORY");

        return folder && folder[0] == '/' ? folder : NULL;
}

/* In /etc, a key that others may have written or may read is no key. */
static const char *refuse_mode(int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return strerror(errno);
        if (!S_ISREG(st.st_mode))
                return "is not a regular file";
        if (st.st_uid != 0)
                return "is not owned by root";
        if (st.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
                return "may be read by everybody or written by others";
        return NULL;
}

/* One line of visible ASCII into ret[size]. */
static const char *read_secret(int fd, char *ret, size_t size) {
        _cleanup_buf_ struct buf text = BUF_SECRET(STATIC_MAX);
        ssize_t n;

        if (!buf_reserve(&text, STATIC_MAX))
                return strerror(ENOMEM);
        n = read(fd, text.data, STATIC_MAX);
        if (n < 0)
                return strerror(errno);
        while (n > 0 && strchr(" \t\r\n", text.data[n - 1]) && text.data[n - 1])
                n--;
        if (n == 0)
                return "is empty";
        if ((size_t)n >= size)
                return "is too long";
        for (ssize_t i = 0; i < n; i++) {
                if (text.data[i] <= 0x20 || text.data[i] > 0x7e)
                        return "holds more than one word of ASCII";
        }
        memcpy(ret, text.data, (size_t)n);
        ret[n] = '\0';
        return NULL;
}

/* True when read; false with *fault, or with fault->class NONE when there is no such file. */
static bool read_static(const char *folder, bool check_mode, const char *name, char *ret,
                        size_t size, struct fault *fault) {
        _cleanup_buf_ struct buf path = BUF(PATH_MAX), message = BUF(PATH_MAX + 256);
        _cleanup_close_ int fd = -1;
        const char *why = NULL;

        *fault = (struct fault){};
        buf_puts(&path, folder);
        buf_puts(&path, "/");
        buf_puts(&path, name);
        fd = open(buf_text(&path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd < 0 && errno == ENOENT)
                return false;
        if (fd < 0)
                why = errno == ELOOP ? "is a symbolic link" : strerror(errno);
        else if (check_mode)
                why = refuse_mode(fd);
        if (!why)
                why = read_secret(fd, ret, size);
        if (!why)
                return true;
        buf_printf(&message, "%s: %s", buf_text(&path), why);
        return refuse(fault, FAULT_CREDENTIALS, buf_text(&message));
}

/* systemd's credentials folder is the service's own; only /etc needs a look at the mode. */
static bool read_one(const char *name, bool needed, char *ret, size_t size, struct fault *fault) {
        if (static_folder() && read_static(static_folder(), false, name, ret, size, fault))
                return true;
        if (static_folder() && fault->class != FAULT_NONE)
                return false;
        if (read_static(STATIC_FOLDER, true, name, ret, size, fault))
                return true;
        if (fault->class == FAULT_NONE && needed)
                return refuse(fault, FAULT_CREDENTIALS, name);
        return fault->class == FAULT_NONE;
}

static bool fetch_static(struct credential_cache *c, struct fault *fault) {
        struct credentials *k = &c->credentials;

        return read_one("access-key-id", true, k->access_key_id, sizeof(k->access_key_id), fault) &&
               read_one("access-key-secret", true, k->access_key_secret,
                        sizeof(k->access_key_secret), fault) &&
               read_one("security-token", false, k->security_token, sizeof(k->security_token),
                        fault);
}

static struct expiry_now read_clock(const struct credential_cache *c) {
        return (struct expiry_now){
                .trust = c->clock->trust,
                .cloud_sec = clock_now(c->clock),
                .boot_usec = clock_boottime_usec(),
        };
}

static bool has_expired(const struct credential_cache *c) {
        const struct expiry_now now = read_clock(c);

        return expiry_is_over(c->credentials.expiration, &now);
}

static bool wants_refresh(const struct credential_cache *c) {
        const struct expiry_now now = read_clock(c);

        return !c->held || expiry_wants_refresh(c->credentials.expiration, c->fetched, &now);
}

bool credential_cache_get(struct credential_cache *c, const struct credentials **ret,
                          struct fault *fault) {
        if (wants_refresh(c)) {
                credential_cache_done(c);
                if (c->config->credentials == CREDENTIALS_STATIC ? !fetch_static(c, fault)
                                                                 : !fetch_role(c, fault)) {
                        identity_erase_credentials(&c->credentials);
                        return false;
                }
                c->held = true;
                c->fetched = clock_boottime_usec();
        }
        if (has_expired(c)) {
                credential_cache_done(c);
                return refuse(fault, FAULT_MD_CREDENTIALS,
                              "metadata still serves a set that has expired");
        }
        *ret = &c->credentials;
        return true;
}

bool credential_cache_drop(struct credential_cache *c) {
        credential_cache_done(c);
        return c->config->credentials == CREDENTIALS_ROLE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A secret, where it may be, and where it must not be. */
#include "model_secret.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <ecs-pubip/condition.h>
#include <ecs-pubip/sign.h>

#include "util/cleanup.h"

#ifdef __has_feature /* clang says it in another way than gcc */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#define SECRET     "7Qv3kXjZ0pLr9TyWb2NsGdEh"
#define TOKEN      "CAISvQJ1q6Ft5B2yfSjIr5bDPtHxq3x5fake0token"
#define STACK_SIZE (64u * 1024)
#define HEAP_SIZE  (16u * 1024)

static const char whole_document[] =
        "{\"AccessKeyId\":\"STS.model\",\"AccessKeySecret\":\"" SECRET
        "\",\"Expiration\":\"2027-11-23T02:00:00Z\",\"SecurityToken\":\"" TOKEN
        "\",\"LastUpdated\":\"2026-11-23T02:00:00Z\",\"Code\":\"Success\"}";

/* What the cloud process has: nothing of it is given back to anybody before it is searched. */
static struct {
        char stack[STACK_SIZE] __attribute__((aligned(16)));
        char heap[HEAP_SIZE] __attribute__((aligned(16)));
        size_t used;
        struct credentials credentials;
} process;

static size_t document_len;
static int parsed;
static char signature_v1[SIGN_BASE64_SIZE], signature_v3[SIGN_HEX_SIZE];

static void *heap_take(size_t size) {
        void *p = process.heap + process.used;

        size = (size + 15) & ~(size_t)15;
        if (size > HEAP_SIZE - process.used)
                return NULL;
        process.used += size;
        return p;
}

static void heap_give(void *p) {
        (void)p; /* what was freed is still there to be found */
}

/* As the cloud process: get, sign, erase. */
static void work(void) {
        struct credentials *c = &process.credentials;
        char why[ROLE_WHY_SIZE];

        parsed = identity_parse_credentials(whole_document, document_len, c, why);
        if (parsed >= 0 &&
            (sign_rpc("GET&%2F&Action%3DRebootInstance", c->access_key_secret, signature_v1) < 0 ||
             sign_v3("POST\n/\n", c->access_key_secret, signature_v3) < 0))
                parsed = -1;
        identity_erase_credentials(c);
}

static void run(void) {
#ifdef __SANITIZE_ADDRESS__ /* it wants to know each stack; the search of the heap remains */
        work();
#else
        static ucontext_t outside, inside;

        getcontext(&inside);
        inside.uc_stack.ss_sp = process.stack;
        inside.uc_stack.ss_size = sizeof(process.stack);
        inside.uc_link = &outside;
        makecontext(&inside, work, 0);
        swapcontext(&outside, &inside);
#endif
}

static bool holds(const void *memory, size_t len) {
        return memmem(memory, len, SECRET, strlen(SECRET)) ||
               memmem(memory, len, TOKEN, strlen(TOKEN));
}

static void hold_and_erase(struct world *w, size_t len) {
        cJSON_Hooks hooks = {.malloc_fn = heap_take, .free_fn = heap_give};

        document_len = len;
        process.used = 0;
        cJSON_InitHooks(&hooks);
        run();
        cJSON_InitHooks(NULL);
        if ((parsed >= 0) != (len == strlen(whole_document)))
                laws_break(w,
                           "L5: half a document passes for credentials, or a whole one does not");
        /* Of half a document the library frees what it had read, and nobody can reach it. */
        if (parsed < 0)
                memset(process.heap, 0, sizeof(process.heap));
        if (holds(&process, sizeof(process)))
                laws_break(w, "L5: a secret is left in the cloud process's memory");
}

void secret_used(struct world *w) {
        hold_and_erase(w, strlen(whole_document));
}

void secret_cut(struct world *w) {
        hold_and_erase(w, w->n_moves % strlen(whole_document));
}

void secret_sought(struct world *w, const struct actions *a) {
        static struct status status;
        static struct conditions conditions;
        _cleanup_free_ char *ledger = NULL, *shown = NULL;

        if (holds(&w->engine, sizeof(w->engine)) || holds(a, sizeof(*a)))
                laws_break(w, "L5: the agent has a secret");
        engine_status(&w->engine, world_now(w), &status);
        condition_list(&status, &conditions);
        if (ledger_format(&w->engine.ledger, &ledger) < 0 ||
            status_format(&status, &conditions, &shown) < 0)
                laws_break(w, "L5: a ledger or status that cannot be written");
        else if (holds(ledger, strlen(ledger)) || holds(shown, strlen(shown)))
                laws_break(w, "L5: a ledger or status has a secret");
}

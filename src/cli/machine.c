/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen of this machine without the agent: links, boot id, firmware, brake, ledger. */
#include "machine.h"

#include <errno.h>
#include <string.h>

#include <ecs-pubip/hold.h>

#include "file.h"
#include "host/kernel.h"
#include "util/cleanup.h"
#include "util/paths.h"
#include "util/text.h"

#define SMALL_MAX   256u
#define LOOKUPS_MAX 3 /* of one that was interrupted */
#define ECS_PRODUCT "Alibaba Cloud ECS"

void machine_kernel(const struct watch *watch, struct kernel_facts *ret) {
        struct kernel_lookup k = {.incomplete = true};

        for (unsigned i = 0; i < LOOKUPS_MAX && k.incomplete; i++)
                (void)kernel_lookup(watch, &k);
        *ret = k.facts;
}

/* The first line of a small file of the kernel. */
static int read_line(const char *path, char *ret, size_t size) {
        _cleanup_free_ char *text = NULL;
        size_t len;

        if (file_read(path, SMALL_MAX, &text, &len) < 0)
                return -ENOENT;
        text[strcspn(text, "\n")] = '\0';
        return text_copy(ret, size, text) && *text ? 0 : -ENOENT;
}

int machine_boot_id(char ret[static BOOT_ID_SIZE]) {
        return read_line(BOOT_ID_PATH, ret, BOOT_ID_SIZE);
}

bool machine_dmi(bool *ret_is_ecs) {
        char product[SMALL_MAX];

        if (read_line(DMI_PATH, product, sizeof(product)) < 0)
                return false;
        *ret_is_ecs = strcmp(product, ECS_PRODUCT) == 0;
        return true;
}

enum hold machine_hold(const char *instance_id) {
        _cleanup_free_ char *text = NULL;
        char id[INSTANCE_ID_SIZE];
        size_t len;
        int r;

        r = file_read(HOLD_PATH, SMALL_MAX, &text, &len);
        if (r == -ENOENT)
                return HOLD_OFF;
        if (r < 0)
                return HOLD_ON; /* as the agent: what cannot be read brakes */
        hold_parse(text, id);
        return !*id || !*instance_id || strcmp(id, instance_id) == 0 ? HOLD_ON : HOLD_FOREIGN;
}

enum ledger_state machine_ledger(struct ledger *ret) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = file_read(LEDGER_PATH, LEDGER_TEXT_MAX, &text, &len);
        if (r == -ENOENT)
                return LEDGER_NONE;
        if (r < 0 && r != -EBADMSG)
                return LEDGER_UNREADABLE;
        return r >= 0 && ledger_parse(text, len, ret) >= 0 ? LEDGER_READ : LEDGER_DAMAGED;
}

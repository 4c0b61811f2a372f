/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's maker in DMI, as the kernel shows it. */
#include "host/dmi.h"

#include <string.h>

#include "host/file.h"
#include "util/paths.h"

#define ECS_MAKER "Alibaba"
#define LINE_SIZE 128

/* True if it can be read. */
static bool names_maker(const char *path, bool *ret) {
        char line[LINE_SIZE];

        if (file_first_line(path, line, sizeof(line)) < 0 || !*line)
                return false;
        *ret |= strstr(line, ECS_MAKER) != NULL;
        return true;
}

/* One that names it is enough; only both together say that it is another's. */
bool dmi_read(bool *ret_is_ecs) {
        bool vendor, product, is_ecs = false;

        vendor = names_maker(DMI_VENDOR_PATH, &is_ecs);
        product = names_maker(DMI_PRODUCT_PATH, &is_ecs);
        if (!is_ecs && !(vendor && product))
                return false;
        *ret_is_ecs = is_ecs;
        return true;
}

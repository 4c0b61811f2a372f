/* SPDX-License-Identifier: Apache-2.0 */
/* The product's name in DMI, as the kernel shows it. */
#include "host/dmi.h"

#include <string.h>

#include "host/file.h"
#include "util/paths.h"

#define ECS_PRODUCT "Alibaba Cloud ECS"
#define LINE_SIZE   128

bool dmi_read(bool *ret_is_ecs) {
        char line[LINE_SIZE];

        if (file_first_line(DMI_PATH, line, sizeof(line)) < 0 || !*line)
                return false;
        *ret_is_ecs = strcmp(line, ECS_PRODUCT) == 0;
        return true;
}

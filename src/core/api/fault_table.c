/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the fault table, as they are searched. */
#include "core/api/fault_table.h"

/* clang-format off */
#define FAULT_ROW(code_, sentence_, remedy_, ...) {.code = code_, __VA_ARGS__}

const struct fault_row fault_rows[] = {
#include "core/api/fault_table.inc"
};
/* clang-format on */
const size_t n_fault_rows = sizeof(fault_rows) / sizeof(fault_rows[0]);

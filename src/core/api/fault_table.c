/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the fault table, as they are searched. */
#include "core/api/fault_table.h"

/* What rows ask of a message. Few do, so that a row has a number for it, not a pointer. */
enum {
        SAYS_ANYTHING,
        SAYS_NOT_THIS_INSTANCE,
        SAYS_ASSUME_ROLE,
        SAYS_SECURITY,
        SAYS_FINANCIAL,
        SAYS_RECYCLING,
        SAYS_HAS_PUBLIC_IP,
        SAYS_IN_VPC,
        SAYS_VLAN_ID,
        SAYS_PREPAID,
        SAYS_NOT_IN_VPC,
        SAYS_SIGNATURE_NONCE,
        SAYS_TIMESTAMP,
        SAYS_ACCESS_KEY_ID,
        SAYS_TOKEN_EXPIRED,
        SAYS_SECURITY_TOKEN,
};

static const char *const messages[] = {
        [SAYS_NOT_THIS_INSTANCE] = "is not this instance's",
        [SAYS_ASSUME_ROLE] = "AssumeRole",
        [SAYS_SECURITY] = "security",
        [SAYS_FINANCIAL] = "financial",
        [SAYS_RECYCLING] = "recycling",
        [SAYS_HAS_PUBLIC_IP] = "already has a public IP",
        [SAYS_IN_VPC] = "instance is in VPC",
        [SAYS_VLAN_ID] = "VlanId",
        [SAYS_PREPAID] = "PrePaid",
        [SAYS_NOT_IN_VPC] = "not in VPC",
        [SAYS_SIGNATURE_NONCE] = "SignatureNonce",
        [SAYS_TIMESTAMP] = "timestamp",
        [SAYS_ACCESS_KEY_ID] = "AccessKeyId",
        [SAYS_TOKEN_EXPIRED] = "SecurityToken.Expired",
        [SAYS_SECURITY_TOKEN] = "SecurityToken",
};

/* clang-format off */
#define FAULT_ROW(code_, sentence_, remedy_, ...) {.code = code_, __VA_ARGS__}

const struct fault_row fault_rows[] = {
#include "core/api/fault_table.inc"
};
/* clang-format on */
const size_t n_fault_rows = sizeof(fault_rows) / sizeof(fault_rows[0]);

const char *fault_row_message(const struct fault_row *row) {
        return messages[row->message];
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <ecs-pubip/ledger.h>

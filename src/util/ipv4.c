/* SPDX-License-Identifier: Apache-2.0 */
#include "ipv4.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>

bool ipv4_parse(const char *s, in_addr_t *ret) {
        struct in_addr a;

        if (inet_pton(AF_INET, s, &a) != 1 || a.s_addr == 0)
                return false;
        *ret = a.s_addr;
        return true;
}

bool ipv4_may_be_public(in_addr_t address) {
        static const struct {
                uint32_t net, mask;
        } others[] = {
                {0x00000000, 0xff000000}, /* 0/8 */
                {0x7f000000, 0xff000000}, /* 127/8 */
                {0x64400000, 0xffc00000}, /* 100.64/10 */
                {0xa9fe0000, 0xffff0000}, /* 169.254/16 */
                {0xe0000000, 0xe0000000}, /* 224/4, 240/4 and broadcast */
        };

        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                if ((ntohl(address) & others[i].mask) == others[i].net)
                        return false;
        }
        return true;
}

const char *ipv4_format(in_addr_t address, char ret[static IPV4_SIZE]) {
        struct in_addr a = {.s_addr = address};

        return inet_ntop(AF_INET, &a, ret, IPV4_SIZE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One id per kind of journal entry, for `journalctl MESSAGE_ID=`; made once by chance and never
 * changed. src/catalog/ecs-pubip.catalog explains each.
 */
#pragma once

#define MESSAGE_IDENTIFIED      "f9728e6f950a181a51052c2f402e12d9"
#define MESSAGE_ASKING          "e9ccd79b19408a5c369892da5e4fd6bc"
#define MESSAGE_CHANGED         "369bb13b547e3c3cbd0a482dc5bd22a2"
#define MESSAGE_ADOPTED         "9ecbf302f24abae028188d4a6c1352c1"
#define MESSAGE_REPLACED        "41be625f1a10b374102ddbe4e97ed747"
#define MESSAGE_RECLAIMED       "e121af7ece09b856584d5826f581ae41"
#define MESSAGE_DISAGREES       "8271be39e15a6115b40421615da8f201"
#define MESSAGE_CONFIRMED       "7ecd83ea29b85ed1b76be34bef80b7a4"
#define MESSAGE_REBOOT_WAITS    "77394e25fb6456033876d4717f466bd5"
#define MESSAGE_REBOOTING       "67f90856409b32f7323d77f35be8211b"
#define MESSAGE_WAITING         "d67d2b9f4480c81b7011432f9f79b434"
#define MESSAGE_FAILED          "e034278f8498a7849e58ff858e971c5b"
#define MESSAGE_HELD            "d0eeb041a1b30439932dfc7c485cee6f"
#define MESSAGE_RESUMED         "1473fba75915439c09afc9142050deb7"
#define MESSAGE_USER_DATA       "4b9b432994ed4c7d96495ec4ac3d2887"
#define MESSAGE_HOLD_FOREIGN    "ac9b1772e0fd9c99302e1e25ec794d90"
#define MESSAGE_LEDGER_FOREIGN  "61247610888b497476454e2f85f35e23"
#define MESSAGE_LEDGER_DAMAGED  "4a32f6f69ec6bd4f3610228ba4e43d27"
#define MESSAGE_LEDGER_NEWER    "a1a140de82a948c09a13ca0b8956123b"
#define MESSAGE_CLOCK           "84adf05af41a6d2302278e277545ac08"
#define MESSAGE_NOT_ECS         "74217ad2c90f97b00410d25184d0a8ce"
#define MESSAGE_CONTROL_UNKNOWN "a7f069636e8c82ff75679b12eb8bcfc3"
#define MESSAGE_CONFIG_ERROR    "dc497abe4db7acbccf0cbd59ae6864ec"
#define MESSAGE_CONFIG_WARNING  "a98cea7da8053aeb7eada5e5e356c010"
#define MESSAGE_RELOADED        "87e802119283610c76200cfa65c24e47"
#define MESSAGE_ANOTHER_AGENT   "4b2e07d0b0f9af25a344f2b3eafa202e"
#define MESSAGE_STATE_FOLDER    "b976fe590dd8050177a771a97550e743"
#define MESSAGE_CANNOT_RUN      "b3e13f8a91d7f36cd1efff7d909380cb"

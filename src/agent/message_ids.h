/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One id per kind of journal entry, for `journalctl MESSAGE_ID=`; made once by chance and never
 * changed. src/catalog/ecs-pubip.catalog explains each.
 */
#pragma once

#define MESSAGE_IDENTIFIED "f9728e6f950a181a51052c2f402e12d9" /* who and where this instance is */
#define MESSAGE_ASKING                                                                             \
        "e9ccd79b19408a5c369892da5e4fd6bc" /* a call that changes something is about to leave */
#define MESSAGE_CHANGED "369bb13b547e3c3cbd0a482dc5bd22a2" /* it was accepted */
#define MESSAGE_ADOPTED                                                                            \
        "9ecbf302f24abae028188d4a6c1352c1" /* an address that the agent did not ask for */
#define MESSAGE_REPLACED  "41be625f1a10b374102ddbe4e97ed747" /* another address than before */
#define MESSAGE_RECLAIMED "e121af7ece09b856584d5826f581ae41" /* the address was taken away */
#define MESSAGE_DISAGREES                                                                          \
        "8271be39e15a6115b40421615da8f201" /* a plane no longer shows the address */
#define MESSAGE_CONFIRMED "7ecd83ea29b85ed1b76be34bef80b7a4" /* the address works */
#define MESSAGE_REBOOT_WAITS                                                                       \
        "77394e25fb6456033876d4717f466bd5" /* a due reboot waits for something on this machine */
#define MESSAGE_REBOOTING "67f90856409b32f7323d77f35be8211b" /* the restart was accepted */
#define MESSAGE_WAITING                                                                            \
        "d67d2b9f4480c81b7011432f9f79b434" /* something is in the way and may heal */
#define MESSAGE_FAILED       "e034278f8498a7849e58ff858e971c5b" /* a person is needed */
#define MESSAGE_HELD         "d0eeb041a1b30439932dfc7c485cee6f" /* the brake is on */
#define MESSAGE_RESUMED      "1473fba75915439c09afc9142050deb7" /* the brake is off */
#define MESSAGE_HOLD_FOREIGN "ac9b1772e0fd9c99302e1e25ec794d90" /* a brake for another instance */
#define MESSAGE_LEDGER_FOREIGN                                                                     \
        "61247610888b497476454e2f85f35e23" /* state of another instance was set aside */
#define MESSAGE_LEDGER_DAMAGED                                                                     \
        "4a32f6f69ec6bd4f3610228ba4e43d27" /* state that cannot be trusted was set aside */
#define MESSAGE_CLOCK   "84adf05af41a6d2302278e277545ac08" /* this clock is not the cloud's */
#define MESSAGE_NOT_ECS "74217ad2c90f97b00410d25184d0a8ce" /* not an ECS instance */
#define MESSAGE_CONTROL_UNKNOWN                                                                    \
        "a7f069636e8c82ff75679b12eb8bcfc3" /* confirmed, but control cannot be asked */
#define MESSAGE_CONFIG_ERROR                                                                       \
        "dc497abe4db7acbccf0cbd59ae6864ec" /* a configuration value that cannot be used */
#define MESSAGE_CONFIG_WARNING                                                                     \
        "a98cea7da8053aeb7eada5e5e356c010" /* a configuration line that is ignored */
#define MESSAGE_RELOADED      "87e802119283610c76200cfa65c24e47" /* the configuration was read again */
#define MESSAGE_ANOTHER_AGENT "4b2e07d0b0f9af25a344f2b3eafa202e" /* the state folder is in use */
#define MESSAGE_STATE_FOLDER                                                                       \
        "b976fe590dd8050177a771a97550e743" /* the state folder cannot be used */
#define MESSAGE_CANNOT_RUN                                                                         \
        "b3e13f8a91d7f36cd1efff7d909380cb" /* something that the agent cannot do without is        \
                                              missing */

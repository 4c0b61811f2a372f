/* SPDX-License-Identifier: Apache-2.0 */
/* ecs-pubip-agent: sees to it that this instance has a public address that works. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>

#include "journal.h"
#include "runtime.h"
#include "util/descriptors.h"
#include "util/limit.h"

#define DATA_MAX (16u * 1024 * 1024) /* of its own it holds less than 1 MiB */

/* sysexits.h has the numbers; the unit does not restart after EXIT_CONFIG. */
enum { EXIT_DONE = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_BUSY = 75, EXIT_CONFIG = 78 };

/* What parse_arguments() found besides options. */
enum { RUN = 0, EXIT_OK = 1 };

static const char *arg_boot_id = NULL;

static int help(FILE *to) {
        fprintf(to, "ecs-pubip-agent [--boot-id=ID]\n\n"
                    "Gives this Alibaba Cloud ECS instance a public IPv4 address that works and\n"
                    "keeps it so. Started by ecs-pubip.service; see ecs-pubip-agent(8).\n\n"
                    "  --boot-id=ID  the boot id, where /proc shows another one or none\n"
                    "  --help        show this\n"
                    "  --version     show the version\n");
        return EXIT_OK;
}

static int version(void) {
        puts("ecs-pubip-agent " ECS_PUBIP_VERSION);
        return EXIT_OK;
}

static int parse_arguments(int argc, char *argv[]) {
        enum { OPTION_BOOT_ID = 256, OPTION_VERSION };
        static const struct option options[] = {
                {"boot-id", required_argument, NULL, OPTION_BOOT_ID},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, OPTION_VERSION},
                {0},
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case OPTION_BOOT_ID:
                        arg_boot_id = optarg;
                        break;
                case 'h':
                        return help(stdout);
                case OPTION_VERSION:
                        return version();
                default:
                        return -EINVAL;
                }
        }
        if (optind < argc) {
                fprintf(stderr, "ecs-pubip-agent: unexpected argument \"%s\"\n", argv[optind]);
                return -EINVAL;
        }
        return RUN;
}

/* They reach the event loop instead; before there is one, they wait. */
static int block_signals(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int run(void) {
        struct config_report report = {};
        struct config config;
        int r;

        limit_data(DATA_MAX);
        signal(SIGPIPE, SIG_IGN); /* a reader of standard error who leaves takes nobody along */
        r = block_signals();
        if (r < 0)
                return r;
        journal_open();
        r = runtime_load_config(&config, &report);
        if (r < 0 && r != -EAGAIN) /* which passes: the agent reads them again */
                return r;
        return runtime_run(&config, &report, arg_boot_id);
}

static int exit_status(int r) {
        switch (r) {
        case -EBADMSG:
                return EXIT_CONFIG;
        case -EBUSY:
                return EXIT_BUSY;
        default:
                return r < 0 ? EXIT_ERROR : EXIT_DONE;
        }
}

int main(int argc, char *argv[]) {
        int r;

        descriptors_fill(EXIT_ERROR);
        r = parse_arguments(argc, argv);
        if (r == EXIT_OK)
                return fflush(stdout) == 0 ? EXIT_DONE : EXIT_ERROR;
        if (r < 0)
                return EXIT_USAGE;
        r = run();
        /* The stream is the unit's for certain: of a message sent to the journal by a process that
           has ended since, journald may not learn which unit's it was. */
        if (r == -EBADMSG)
                journal_console("<3>Not started: `ecs-pubip config --check` names what is wrong in "
                                "the configuration");
        if (r == -ENOMEM)
                journal_console("<3>Giving up: there is no memory");
        journal_close();
        return exit_status(r);
}

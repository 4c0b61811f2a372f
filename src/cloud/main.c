/* SPDX-License-Identifier: Apache-2.0 */
/* ecs-pubip-cloud: answers the agent's questions by asking the metadata service and the API. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cloud/link.h"
#include "cloud/operation.h"
#include "cloud/secret.h"
#include "host/config_files.h"
#include "util/cleanup.h"
#include "util/descriptors.h"
#include "util/limit.h"
#include "util/text.h"

#define DATA_MAX (48u * 1024 * 1024) /* curl, TLS and one answer of the largest size */

/* The first error of the configuration, told to whoever asks for a change. */
static char config_error[CONFIG_PROBLEM_SIZE];

static void help(void) {
        fputs("Usage: ecs-pubip-cloud [--help | --version]\n"
              "\n"
              "Answers the questions of ecs-pubip-agent, a line each on standard input, by asking\n"
              "the metadata service and the ECS API. Started by ecs-pubip-cloud.socket for each\n"
              "connection; not meant to be started by hand.\n",
              stdout);
}

/* True when there is nothing left to do; *ret_status is then the exit status. */
static bool parse_options(int argc, char *argv[], int *ret_status) {
        static const struct option options[] = {
                {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {}};

        switch (getopt_long(argc, argv, "h", options, NULL)) {
        case -1:
                *ret_status = EX_USAGE;
                if (optind < argc)
                        fprintf(stderr, "%s takes no arguments\n", argv[0]);
                return optind < argc;
        case 'h':
                help();
                break;
        case 'V':
                puts("ecs-pubip-cloud " ECS_PUBIP_VERSION);
                break;
        default:
                *ret_status = EX_USAGE;
                return true;
        }
        *ret_status = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        return true;
}

/* Warnings are the agent's to tell, once and not with every connection. */
static void on_problem(const struct config_problem *problem, void *userdata) {
        (void)userdata;
        if (problem->is_error && !config_error[0])
                TEXT_SET(config_error, problem->text);
}

/*
 * The files may have got their error under an agent that runs. Looks go on, or a confirmed instance
 * would be lost from sight: they use what could be read, with the default where a value is bad, and
 * what they miss or find by that changes nothing. A change under half a configuration cannot be
 * taken back.
 */
static bool is_refused(enum wire_op op) {
        return config_error[0] && wire_op_changes(op);
}

static void answer(struct session *s, const char *line, size_t len, enum wire_op *ret_op,
                   struct wire_answer *ret) {
        struct wire_question q;

        *ret = (struct wire_answer){};
        *ret_op = WIRE_NONE;
        if (wire_question_parse(line, len, &q) < 0) {
                ret->fault = fault_own(FAULT_CLOUD_GARBLED, "the question was not understood");
                return;
        }
        *ret_op = q.op;
        if (is_refused(q.op))
                ret->fault = fault_own(FAULT_CLOUD_CONFIG, config_error);
        else
                operation_run(s, &q, ret);
}

static int answer_line(struct session *s, const char *line, size_t len) {
        _cleanup_free_ char *text = NULL;
        struct wire_answer a;
        enum wire_op op;
        int r;

        answer(s, line, len, &op, &a);
        r = wire_answer_format(op, &a, &text);
        return r < 0 ? r : link_write(text);
}

/* Until the agent closes its end. */
static int serve(struct session *s) {
        static struct link link; /* as long as the session, which refers to it */
        const char *line;
        size_t len;
        int r;

        link_init(&link);
        s->http.gate.link = &link;
        while ((r = link_read(&link, &line, &len)) > 0) {
                r = answer_line(s, line, len);
                if (r < 0 || s->http.is_last)
                        break;
        }
        link_done(&link);
        return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

static int run(void) {
        static struct session session;
        int r;

        limit_data(DATA_MAX);
        secret_harden();
        signal(SIGPIPE, SIG_IGN);
        if (config_load(&session.config, NULL, on_problem, NULL) < 0)
                return -ENOMEM;
        r = session_init(&session);
        if (r < 0)
                return r;
        r = serve(&session);
        /* Where a resolver hangs, curl would wait for it here. */
        if (session.http.is_last) {
                session_wipe(&session);
                _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        }
        session_done(&session);
        return r;
}

int main(int argc, char *argv[]) {
        int status, r;

        descriptors_fill(EXIT_FAILURE);
        if (parse_options(argc, argv, &status))
                return status;
        r = run();
        if (r < 0)
                fprintf(stderr, "<3>Giving up: %s\n", strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

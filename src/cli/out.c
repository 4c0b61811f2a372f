/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the person: standard output as a whole text, complaints to standard error. */
#include "out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "host/file.h"
#include "json.h"

int out_write(const struct buf *text) {
        return text->error < 0 ? text->error : file_write_all(STDOUT_FILENO, buf_text(text));
}

int out_text(const struct buf *text, int status) {
        int r = out_write(text);

        if (r >= 0 || r == -EPIPE)
                return status;
        out_complain("cannot write the output: %s", strerror(-r));
        return EXIT_FAILED;
}

int out_line(const char *line, int status) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);

        buf_printf(&text, "%s\n", line);
        return out_text(&text, status);
}

int out_result(bool json, const char *line, int status) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        _cleanup_json_ cJSON *object = NULL;

        if (!json)
                return out_line(line, status);
        object = cJSON_CreateObject();
        if (!cJSON_AddNumberToObject(object, "version", 1) ||
            !cJSON_AddNumberToObject(object, "exit_status", status) ||
            !cJSON_AddStringToObject(object, "text", line) || json_add(&text, object, false) < 0)
                return -ENOMEM;
        return out_text(&text, status);
}

void out_complain(const char *format, ...) {
        va_list ap;

        fputs("ecs-pubip: ", stderr);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fputc('\n', stderr);
}

void out_hint(const char *format, ...) {
        va_list ap;

        fputs("Try '", stderr);
        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fputs("'.\n", stderr);
}

void out_problem(const struct config_problem *problem, void *unused) {
        (void)unused;
        out_complain("%s", problem->text);
}

bool out_terminal(int fd) {
        const char *term = getenv("TERM");

        return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

bool out_colours(int fd) {
        const char *no = getenv("NO_COLOR");

        return out_terminal(fd) && (!no || !*no);
}

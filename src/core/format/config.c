/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: texts of files over a struct, line by line. */
#include <ecs-pubip/config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ini.h>

#include "core/format/config_value.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/text.h"

#define LINE_LENGTH_MAX 197 /* inih cuts what is longer without a word (its maximum, less 3) */
#define QUOTED_SIZE     80  /* how much of a person's value an error repeats */
#define TOLD_MAX        20  /* errors of a file, and as many warnings: a person needs no more */

/* One file being read. */
struct reading {
        struct config *config;
        struct config_origins *origins;
        const char *file;
        unsigned line;
        int n_errors;
        unsigned n_told[2]; /* warnings, errors */
        bool in_section;
        const char *section; /* NULL: one that is ignored */
        const char *key;     /* whose value is wrong; NULL: the line as such is */
        config_problem_fn report;
        void *userdata;
};

static void problem(struct reading *r, bool is_error, const char *what) {
        _cleanup_buf_ struct buf b = BUF(CONFIG_PROBLEM_SIZE * 2);
        struct config_problem p = {.is_error = is_error};
        unsigned n = r->n_told[is_error]++;

        r->n_errors += is_error;
        if (n > TOLD_MAX)
                return;
        if (n == TOLD_MAX)
                what = "there is more of it from here on; it is not told";
        buf_printf(&b, "%s:%u: %s", r->file, r->line, what);
        text_copy_printable(p.text, sizeof(p.text), buf_text(&b));
        buf_clear(&b);
        buf_printf(&b, "%s:%u", r->file, r->line);
        if (r->key)
                buf_printf(&b, " %s.%s", r->section, r->key);
        text_copy_printable(p.place, sizeof(p.place), buf_text(&b));
        r->report(&p, r->userdata);
}

void config_defaults(struct config *ret) {
        *ret = (struct config){};
        for (size_t i = 0; i < n_config_keys; i++)
                config_value_parse(&config_keys[i], config_keys[i].fallback, ret);
}

bool config_key(size_t i, struct config_key_view *ret) {
        if (i >= n_config_keys)
                return false;
        *ret = (struct config_key_view){
                .section = config_keys[i].section,
                .key = config_keys[i].name,
                .fallback = config_keys[i].fallback,
                .choices = config_keys[i].choices,
#ifdef CONFIG_WITH_HELP
                .help = config_keys[i].help,
#endif
        };
        return true;
}

void config_value(const struct config *c, size_t i, char ret[static CONFIG_VALUE_SIZE]) {
        if (i < n_config_keys)
                config_value_format(&config_keys[i], c, ret);
        else
                *ret = '\0';
}

/* A key of that name, whatever its case, if possible in the section. */
static const struct key *similar_key(const char *section, const char *name) {
        const struct key *found = NULL;

        for (size_t i = 0; i < n_config_keys; i++) {
                const struct key *k = &config_keys[i];

                if (strcasecmp(k->name, name) == 0 && (!found || strcmp(k->section, section) == 0))
                        found = k;
        }
        return found;
}

static void unknown_key(struct reading *r, const char *name) {
        _cleanup_buf_ struct buf b = BUF(CONFIG_PROBLEM_SIZE);
        const struct key *similar = similar_key(r->section, name);

        buf_printf(&b, "unknown key \"%.*s\" in section [%s] is ignored", QUOTED_SIZE, name,
                   r->section);
        if (similar)
                buf_printf(&b, "; there is %s in [%s]", similar->name, similar->section);
        problem(r, false, buf_text(&b));
}

static void assign(struct reading *r, const char *name, const char *value) {
        _cleanup_buf_ struct buf b = BUF(CONFIG_PROBLEM_SIZE);
        size_t i = 0;

        while (i < n_config_keys && (strcmp(config_keys[i].section, r->section) != 0 ||
                                     strcmp(config_keys[i].name, name) != 0))
                i++;
        if (i == n_config_keys) {
                unknown_key(r, name);
                return;
        }
        if (!config_value_parse(&config_keys[i], value, r->config)) {
                buf_printf(&b, "%s=%.*s: must be %s", name, QUOTED_SIZE, value,
                           config_keys[i].choices);
                r->key = config_keys[i].name;
                problem(r, true, buf_text(&b));
                r->key = NULL;
                return;
        }
        if (r->origins) {
                buf_printf(&b, "%s:%u", r->file, r->line);
                TEXT_SET(r->origins->origin[i], buf_text(&b));
        }
}

/* inih's hand-over: at most one pair, since it gets one line at a time. */
static int on_pair(void *userdata, const char *section, const char *name, const char *value) {
        (void)section;
        assign(userdata, name, value);
        return 1;
}

static const char *find_section(const char *name, size_t n) {
        for (size_t i = 0; i < n_config_keys; i++) {
                const char *section = config_keys[i].section;

                if (strlen(section) == n && memcmp(section, name, n) == 0)
                        return section;
        }
        return NULL;
}

/* Done here: inih cuts long names and takes whatever follows the bracket. */
static void read_section(struct reading *r, const char *line) {
        _cleanup_buf_ struct buf b = BUF(CONFIG_PROBLEM_SIZE);
        size_t n = strcspn(++line, "]");
        const char *rest = line + n;

        r->in_section = true;
        r->section = NULL;
        if (*rest)
                rest += 1 + strspn(rest + 1, " \t\r");
        if (line[n] == '\0' || (*rest && *rest != ';' && *rest != '#')) {
                problem(r, true, "a section must be written [Name], alone on its line");
                return;
        }
        r->section = find_section(line, n);
        if (r->section)
                return;
        buf_printf(&b, "unknown section [%.*s] is ignored with all its keys",
                   (int)(n < QUOTED_SIZE ? n : QUOTED_SIZE), line);
        problem(r, false, buf_text(&b));
}

/* NULL, or what is wrong with the line before its meaning is looked at. */
static const char *refuse_line(const char *line, size_t len) {
        size_t equals = strcspn(line, "=");

        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)line[i];

                if ((c < 0x20 && c != '\t' && !(c == '\r' && i == len - 1)) || c == 0x7f)
                        return "a control character: this is no text file of key=value lines";
        }
        if (len > LINE_LENGTH_MAX)
                return "the line is too long: at most 197 bytes can be read";
        /* inih would also take a colon, and so the one in the URL of "Metadata http://…". */
        if (line[0] != '[' && (line[equals] == '\0' || strcspn(line, ":") < equals || equals == 0))
                return "must be Key=value, [Section] or a comment";
        return NULL;
}

static void read_line(struct reading *r, const char *line, size_t len) {
        const char *text = line + strspn(line, " \t\r");
        const char *wrong;

        if (*text == ';' || *text == '#' || *text == '\0')
                return;
        wrong = refuse_line(text, len - (size_t)(text - line));
        if (wrong)
                problem(r, true, wrong);
        else if (*text == '[')
                read_section(r, text);
        else if (!r->in_section)
                problem(r, true, "a key must stand below a [Section]");
        else if (r->section)
                ini_parse_string(text, on_pair, r);
}

/*
 * A line at a time: inih says no line numbers, and would silently cut what is longer than its
 * buffer and take an indented line for a second value of the key above.
 */
int config_parse(struct config *c, const char *file, const char *text, size_t len,
                 struct config_origins *o, config_problem_fn report, void *userdata) {
        static const char bom[] = "\xef\xbb\xbf";
        struct reading r = {
                .config = c, .origins = o, .file = file, .report = report, .userdata = userdata};
        const char *end = text + len;

        if (len >= strlen(bom) && memcmp(text, bom, strlen(bom)) == 0)
                text += strlen(bom);
        while (text < end) {
                const char *newline = memchr(text, '\n', (size_t)(end - text));
                size_t n = newline ? (size_t)(newline - text) : (size_t)(end - text);
                _cleanup_free_ char *line = strndup(text, n);

                if (!line)
                        return -ENOMEM;
                r.line++;
                if (strlen(line) != n)
                        problem(&r, true, "a NUL byte: this is no text file");
                else
                        read_line(&r, line, n);
                text = newline ? newline + 1 : end;
        }
        return r.n_errors;
}

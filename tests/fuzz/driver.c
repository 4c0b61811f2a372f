/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays what a fuzzer found, and the seeds, in builds without one: each file of the folders
 * given goes to the target whole, cut at each place and with each bit of its head turned.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "fuzz.h"

#define FILE_MAX (1u << 20)
#define HEAD     512 /* bytes whose bits are turned */

static void run(const uint8_t *data, size_t size) {
        /* A block of exactly that size: a sanitizer sees each byte read past the end. */
        uint8_t *block = malloc(size ? size : 1);

        MUST(block);
        memcpy(block, data, size);
        LLVMFuzzerTestOneInput(block, size);
        free(block);
}

static void run_around(uint8_t *data, size_t size) {
        run(data, size);
        for (size_t n = 0; n<size; n += size> 4096 ? 97 : 1)
                run(data, n);
        for (size_t bit = 0; bit < 8 * (size < HEAD ? size : HEAD); bit++) {
                data[bit / 8] ^= (uint8_t)(1u << bit % 8);
                run(data, size);
                data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
}

static bool replay_file(const char *folder, const char *name) {
        char path[4096];
        uint8_t *data = malloc(FILE_MAX);
        size_t size;
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        f = fopen(path, "rb");
        MUST(data);
        if (!f) {
                fprintf(stderr, "%s: %s\n", path, strerror(errno));
                free(data);
                return false;
        }
        size = fread(data, 1, FILE_MAX, f);
        fclose(f);
        run_around(data, size);
        free(data);
        return true;
}

static unsigned replay_folder(const char *folder) {
        DIR *dir = opendir(folder);
        struct dirent *entry;
        unsigned n = 0;

        if (!dir) {
                fprintf(stderr, "%s: %s\n", folder, strerror(errno));
                return 0;
        }
        while ((entry = readdir(dir)))
                n += entry->d_name[0] != '.' && replay_file(folder, entry->d_name);
        closedir(dir);
        return n;
}

int main(int argc, char *argv[]) {
        unsigned n = 0;

        for (int i = 1; i < argc; i++)
                n += replay_folder(argv[i]);
        printf("%u files replayed\n", n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A classic-BPF program on the event socket, so that changes that do not concern us never wake the
 * process (Documentation/networking/filter.rst; the NLATTR extension needs no privilege).
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#define FILTER_LINKS_MAX 16

struct filter {
        in_addr_t address; /* 0: no address message passes */
        int ifindexes[FILTER_LINKS_MAX];
        unsigned n_ifindexes;
        bool everything; /* every address and link message passes: a witness is looked for */
};

/* Replaces the socket's filter in one step; a negative errno if the kernel refuses it. */
int filter_attach(int fd, const struct filter *f);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_options: what the load generator is asked to do, as read from its command line. Read by
 * every thread once read, written by none.
 */
#ifndef FERRY_BENCH_LOAD_OPTIONS_H
#define FERRY_BENCH_LOAD_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "load_work.h"

enum security { SECURITY_NONE, SECURITY_TLS12, SECURITY_TLS13 };

struct options {
    const struct work *work; /* borrowed: a row of the table, as all below: argv */
    const char *user;
    const char *password;
    const char *file;
    const char *directory;
    struct sockaddr_in server;
    unsigned sessions;
    unsigned idle; /* sessions more that do nothing */
    unsigned threads;
    uint64_t operations; /* 0: for so many seconds */
    uint64_t duration_ns;
    uint64_t patience_ms; /* without any event */
    uint64_t bytes;       /* of the file */
    uint64_t entries;     /* of the directory */
    enum security security;
    bool is_resuming;  /* data connections resume the control connection's TLS session */
    bool is_eager;     /* uploads begin before the server has agreed */
    bool is_spread;    /* over many addresses of ours */
    bool is_pasv_only; /* for a server without EPSV */
};

/* Reads the command line; on a mistake says so and how it is called, and ends the program. */
void options_read(int count, char **words, struct options *ret_options);

#endif

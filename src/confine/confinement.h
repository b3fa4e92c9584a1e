/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confinement: what holds this process, as the kernel says it does; for the log,
 * for people and for programs. A layer that is missing is seen in each of them.
 */
#ifndef FERRY_CONFINE_CONFINEMENT_H
#define FERRY_CONFINE_CONFINEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "confine/privileges.h"

enum { CONFINEMENT_TEXT_SIZE = 1024 };

struct confinement {
    char user[PRIVILEGES_NAME_SIZE];
    bool is_root;
    uint64_t capabilities; /* that are left */
    bool no_new_privs;
    bool seccomp;
    bool no_core_dumps;
    int landlock_abi;      /* 0: none */
    bool landlock_partial; /* no limits on which files, only on what may be done with them */
};

/* No core dumps of this process, which has passwords and keys in it; nobody else may trace it. */
bool confinement_forbid_core_dumps(void);

/* All but the user's name and Landlock, which the kernel does not tell. */
void confinement_observe(struct confinement *confinement);

/* "net_bind_service", "none". With commas between. */
void confinement_put_capabilities(const struct confinement *confinement, struct builder *b);
/* "abi7", "partial", "off" */
void confinement_put_landlock(const struct confinement *confinement, struct builder *b);
/* For people: "user www, no capabilities, no new privileges, seccomp on, …" */
void confinement_put(const struct confinement *confinement, struct builder *b);
/* One line, and a warning for each layer that is missing. */
void confinement_log(const struct confinement *confinement);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin: administration as requests and answers in JSON, whoever asks: ferryctl
 * over the server's socket, ferryctl straight on the database when no server
 * runs, and later a web front. A request is an object
 *
 *     {"command": "user add", "name": "alice", "root": "/srv/alice", ...}
 *
 * and an answer {"ok": true, ...} or
 *
 *     {"ok": false, "fault": "ARGUMENT", "field": "root", "error": "root: ..."}
 *
 * where `fault` is a name of base/fault.h and `field`, which may be missing, says
 * what in the request it is about. A field that a command does not know is an error.
 * docs/administration.md describes them all. Worker thread: everything may block.
 */
#ifndef FERRY_ADMIN_ADMIN_H
#define FERRY_ADMIN_ADMIN_H

#include <jansson.h>
#include <stdbool.h>

#include "account/database.h"
#include "audit/audit.h"
#include "gate/guard.h"
#include "gate/ledger.h"

/*
 * What only a running server can do. Each answers like admin_execute (a new
 * reference). NULL members: not here.
 */
struct admin_server {
    void *context;                      /* borrowed: as long as this */
    json_t *(*status)(void *context);   /* object; docs/administration.md */
    json_t *(*sessions)(void *context); /* array of objects; likewise */
    json_t *(*settings)(void *context); /* object: those in force, as texts */
    /* Could it open that directory? Its sandbox may hide what was not there at its start. */
    bool (*reaches)(void *context, const char *directory);
    bool (*kick)(void *context, uint64_t session); /* false: there is none */
    bool (*kick_user)(void *context, struct text name);
    bool (*reload)(void *context, struct builder *message);
};

/* All borrowed: as long as this. Guard and ledger stand on the database's records: a server's
 * own, or those that ferryctl makes for itself when no server runs. */
struct admin {
    struct database *database;         /* borrowed; NULL: none */
    struct guard *guard;               /* borrowed; NULL: there are no bans */
    struct ledger *ledger;             /* borrowed; NULL: nothing is counted */
    const struct admin_server *server; /* borrowed; NULL: no server runs */
    struct audit *audit;               /* borrowed; NULL: changes are not recorded */
    const char *audit_file;            /* borrowed; NULL: none is written */
    /* Opens a directory to count what is in it. */
    enum fault (*open_tree)(void *context, const char *directory, struct tree **ret_tree);
    void *tree_context; /* borrowed: open_tree's */
};

/* A new reference; never NULL but when out of memory. */
json_t *admin_execute(const struct admin *admin, const json_t *request);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database_parts: the database itself, between its files. Two connections, so
 * that a login never waits for a change that waits for another process.
 */
#ifndef FERRY_ACCOUNT_DATABASE_PARTS_H
#define FERRY_ACCOUNT_DATABASE_PARTS_H

#include <stdatomic.h>

#include "account/database.h"
#include "account/database_query.h"

struct database_accounts {
    struct account_store base;
    struct database *database; /* borrowed: it holds this */
};

struct database_records {
    struct records base;
    struct database *database; /* borrowed: it holds this */
};

struct database {
    struct database_accounts accounts;
    struct database_records records;
    struct connection reader;
    struct connection writer;
    int claim;            /* owned: locked by flock, which SQLite does not use; or -1 */
    int64_t seen_version; /* what others changed until now; with the writer's lock */
    _Atomic uint64_t generation;
};

extern const struct account_store_type database_accounts_type;
extern const struct records_type database_records_type;

/* Takes a connection's lock for a while in which others change nothing that is seen. */
enum fault database_begin(struct connection *connection, enum statement begin);
/* Ends it: what was changed is kept when `f` is FAULT_NONE. Returns f, or what went wrong here. */
enum fault database_end(struct connection *connection, enum fault f);

/* Likewise of changes to accounts, which count as such. */
enum fault database_begin_change(struct database *database);
enum fault database_end_change(struct database *database, enum fault f);

/* A statement by itself: with the connection's lock until one of the two below. */
struct query database_ask(struct connection *connection, enum statement statement);
/* query_end, where rows were asked for; query_run, where something is changed. */
enum fault database_answer(struct query *query);
enum fault database_run(struct query *query);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database_query: a connection to the database, its statements, and one use of
 * one of them. A query remembers the first thing that went wrong, so that it is
 * looked at once, by query_end: a value that could not be bound is never taken
 * for one that is not there. Between the files of the database.
 *
 * With the connection's lock, all of it.
 */
#ifndef FERRY_ACCOUNT_DATABASE_QUERY_H
#define FERRY_ACCOUNT_DATABASE_QUERY_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "base/fault.h"
#include "base/terms.h"
#include "base/text.h"

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_BEGIN_CHANGE,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_DATA_VERSION,
    STATEMENT_USER,
    STATEMENT_ADD_USER,
    STATEMENT_CHANGE_USER,
    STATEMENT_REMOVE_USER,
    STATEMENT_NEXT_USER,
    STATEMENT_SET_PASSWORD,
    STATEMENT_GROUP,
    STATEMENT_ADD_GROUP,
    STATEMENT_CHANGE_GROUP,
    STATEMENT_REMOVE_GROUP,
    STATEMENT_NEXT_GROUP,
    STATEMENT_FOLDER,
    STATEMENT_ADD_FOLDER,
    STATEMENT_CHANGE_FOLDER,
    STATEMENT_REMOVE_FOLDER,
    STATEMENT_NEXT_FOLDER,
    STATEMENT_MEMBERSHIPS,
    STATEMENT_ADD_MEMBERSHIP,
    STATEMENT_CLEAR_MEMBERSHIPS,
    STATEMENT_NEXT_MEMBER,
    STATEMENT_USER_MOUNTS,
    STATEMENT_ADD_USER_MOUNT,
    STATEMENT_CLEAR_USER_MOUNTS,
    STATEMENT_GROUP_MOUNTS,
    STATEMENT_ADD_GROUP_MOUNT,
    STATEMENT_CLEAR_GROUP_MOUNTS,
    STATEMENT_USAGE,
    STATEMENT_SAVE_USAGE,
    STATEMENT_NEXT_BAN,
    STATEMENT_FORGET_BANS,
    STATEMENT_PUT_BAN,
    STATEMENT_REMOVE_BAN,
    STATEMENT_SERVER,
    STATEMENT_SET_SERVER,
    STATEMENT_CLEAR_SERVER,
    STATEMENT_COUNT,
};

struct connection {
    pthread_mutex_t lock;
    sqlite3 *sqlite;                           /* owned */
    sqlite3_stmt *statements[STATEMENT_COUNT]; /* owned each; NULL until it is used */
};

/* Opens a file that is there. False with a message. */
bool connection_open(struct connection *connection, const char *file, struct builder *message);
/* Also one that could not be opened, or is all zeros. */
void connection_close(struct connection *connection);
/* Runs one or more statements that give nothing. False with a message. */
bool connection_run(struct connection *connection, const char *sql, struct builder *message);

/* What comes of a result code; what no caller expects is logged. */
enum fault connection_fault(struct connection *connection, int code);

struct query {
    struct connection *connection; /* borrowed: longer than this */
    sqlite3_stmt *statement;       /* borrowed: the connection's; NULL: not prepared */
    int code;                      /* the first that went wrong, or SQLITE_OK */
    int bound;
};

struct query query_begin(struct connection *connection, enum statement statement);

/* Each binds the next parameter. Text has to last until query_end. */
void query_put_text(struct query *query, struct text text);
/* NULL binds nothing. */
void query_put_string(struct query *query, const char *string);
void query_put_number(struct query *query, uint64_t number);
void query_put_nothing(struct query *query);

/* Is there a row? */
bool query_next(struct query *query);
/* Of the row. Its text lasts until the next row; false when it is no text. */
bool query_text(struct query *query, int column, struct text *ret_text);
bool query_number(struct query *query, int column, int64_t *ret_number);
bool query_is_nothing(struct query *query, int column);

/*
 * Always, and at once: until then the database is held. FAULT_EXISTS for a key
 * that is there already, FAULT_NOT_FOUND for a reference to what is not there.
 */
enum fault query_end(struct query *query);
/* Of a statement without rows: runs it and ends it. */
enum fault query_run(struct query *query);
/* Likewise of one that changes rows: FAULT_NOT_FOUND when there was none to change. */
enum fault query_change(struct query *query);
/* Runs a statement that has no parameters. */
enum fault connection_do(struct connection *connection, enum statement statement);

/* The column of a term: its word with "_" for "-". */
void query_put_column(struct builder *b, enum term term);

#endif

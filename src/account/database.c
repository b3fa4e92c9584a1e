/* SPDX-License-Identifier: Apache-2.0 */
#include "account/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/database_parts.h"
#include "account/database_schema.h"
#include "base/log.h"
#include "base/memory.h"

/* ---- Opening ------------------------------------------------------------------------- */

static bool fail(struct builder *message, struct text wrong)
{
    builder_put(message, wrong);
    return false;
}

/*
 * Makes the file when it is missing: SQLite would leave its mode to the umask.
 * One that is there is not opened, since closing it would end SQLite's locks.
 */
static bool make_file(const char *file, struct builder *message)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return errno == EEXIST || fail(message, log_errno_text(errno));
    (void)close(fd);
    return true;
}

/* Whoever could write it could give themselves any right. */
static bool is_trusted(const char *file, struct builder *message)
{
    struct stat info;
    if (stat(file, &info) != 0)
        return fail(message, log_errno_text(errno));
    if (!S_ISREG(info.st_mode))
        return fail(message, TEXT("is no plain file"));
    if (info.st_mode & (S_IWGRP | S_IWOTH))
        return fail(message, TEXT("can be written by others than its owner"));
    return true;
}

static bool look_at_version(struct database *database)
{
    struct query query = query_begin(&database->writer, STATEMENT_DATA_VERSION);
    int64_t version = database->seen_version;
    if (query_next(&query))
        (void)query_number(&query, 0, &version);
    bool is_new = query_end(&query) == FAULT_NONE && version != database->seen_version;
    database->seen_version = version;
    return is_new;
}

bool database_open(const char *file, struct database **ret_database,
                   char message[DATABASE_MESSAGE_SIZE])
{
    struct builder b = builder_on(message, DATABASE_MESSAGE_SIZE);
    builder_put_string(&b, file);
    builder_put_string(&b, ": ");
    struct database *database = memory_new(sizeof(*database));
    if (database)
        database->claim = -1;
    bool is_open = database ? make_file(file, &b) && is_trusted(file, &b) &&
                                  connection_open(&database->writer, file, &b) &&
                                  schema_bring_up(&database->writer, &b) &&
                                  connection_open(&database->reader, file, &b)
                            : fail(&b, TEXT("out of memory"));
    builder_end(&b);
    if (!is_open) {
        database_close(database);
        return false;
    }
    database->accounts = (struct database_accounts){{&database_accounts_type}, database};
    database->records = (struct database_records){{&database_records_type}, database};
    (void)look_at_version(database);
    *ret_database = database;
    return true;
}

bool database_claim(struct database *database, const char *file,
                    char message[DATABASE_MESSAGE_SIZE])
{
    struct builder b = builder_on(message, DATABASE_MESSAGE_SIZE);
    builder_put_string(&b, file);
    builder_put_string(&b, ": ");
    database->claim = open(file, O_RDONLY | O_CLOEXEC);
    bool is_ours = database->claim >= 0 && flock(database->claim, LOCK_EX | LOCK_NB) == 0;
    if (!is_ours)
        (void)fail(&b, errno == EWOULDBLOCK ? TEXT("another ferryd runs on it")
                                            : log_errno_text(errno));
    builder_end(&b);
    return is_ours;
}

void database_close(struct database *database)
{
    if (!database)
        return;
    connection_close(&database->reader);
    connection_close(&database->writer);
    /* After SQLite's own: to close any descriptor of the file ends its locks (fcntl(2)). */
    if (database->claim >= 0)
        (void)close(database->claim);
    memory_free(database);
}

struct account_store *database_accounts(struct database *database)
{
    return &database->accounts.base;
}

struct records *database_records(struct database *database)
{
    return &database->records.base;
}

/* ---- Transactions ----------------------------------------------------------------------- */

enum fault database_begin(struct connection *connection, enum statement begin)
{
    pthread_mutex_lock(&connection->lock);
    enum fault f = connection_do(connection, begin);
    if (f)
        pthread_mutex_unlock(&connection->lock);
    return f;
}

enum fault database_end(struct connection *connection, enum fault f)
{
    if (!f)
        f = connection_do(connection, STATEMENT_COMMIT);
    /* Some failures have ended it already. */
    if (f && !sqlite3_get_autocommit(connection->sqlite))
        (void)connection_do(connection, STATEMENT_ROLLBACK);
    pthread_mutex_unlock(&connection->lock);
    return f;
}

enum fault database_begin_change(struct database *database)
{
    return database_begin(&database->writer, STATEMENT_BEGIN_CHANGE);
}

enum fault database_end_change(struct database *database, enum fault f)
{
    f = database_end(&database->writer, f);
    if (!f)
        database_touch(database);
    return f;
}

struct query database_ask(struct connection *connection, enum statement statement)
{
    pthread_mutex_lock(&connection->lock);
    return query_begin(connection, statement);
}

enum fault database_answer(struct query *query)
{
    enum fault f = query_end(query);
    pthread_mutex_unlock(&query->connection->lock);
    return f;
}

enum fault database_run(struct query *query)
{
    (void)query_next(query);
    return database_answer(query);
}

/* ---- Changes -------------------------------------------------------------------------------- */

void database_poll(struct database *database)
{
    pthread_mutex_lock(&database->writer.lock);
    bool is_new = look_at_version(database);
    pthread_mutex_unlock(&database->writer.lock);
    if (is_new)
        database_touch(database);
}

void database_touch(struct database *database)
{
    atomic_fetch_add(&database->generation, 1);
}

/* ---- The running server --------------------------------------------------------------------- */

enum fault database_set_server(struct database *database, const char *socket)
{
    struct query query = database_ask(&database->writer,
                                      socket ? STATEMENT_SET_SERVER : STATEMENT_CLEAR_SERVER);
    if (socket)
        query_put_string(&query, socket);
    return database_run(&query);
}

enum fault database_server(struct database *database, struct builder *socket)
{
    struct text path;
    struct query query = database_ask(&database->reader, STATEMENT_SERVER);
    bool is_there = query_next(&query) && query_text(&query, 0, &path);
    if (is_there)
        builder_put(socket, path);
    enum fault f = database_answer(&query);
    if (!f && (!is_there || socket->full))
        f = FAULT_NOT_FOUND;
    return f;
}

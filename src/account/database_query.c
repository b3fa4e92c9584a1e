/* SPDX-License-Identifier: Apache-2.0 */
#include "account/database_query.h"

#include "base/log.h"

enum { BUSY_TIMEOUT_MS = 5000, BUSY_LOOK_MS = 10, SQL_SIZE = 4096 };

/* "@" stands for the columns of the owner's terms, "#" for as many parameters. */
static const struct {
    const char *sql;      /* borrowed: static text */
    enum terms_owner own; /* 0: it has none of the two */
} rows[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = {"BEGIN"},
    [STATEMENT_BEGIN_CHANGE] = {"BEGIN IMMEDIATE"},
    [STATEMENT_COMMIT] = {"COMMIT"},
    [STATEMENT_ROLLBACK] = {"ROLLBACK"},
    [STATEMENT_DATA_VERSION] = {"PRAGMA data_version"},
    [STATEMENT_USER] = {"SELECT password, root, charge@ FROM users WHERE name = ?", TERMS_USER},
    [STATEMENT_ADD_USER] = {"INSERT INTO users(name, password, root, charge@)"
                            " VALUES (?, ?, ?, ?#)",
                            TERMS_USER},
    [STATEMENT_CHANGE_USER] = {"UPDATE users SET (name, password, root, charge@) = (?, ?, ?, ?#)"
                               " WHERE name = ?1",
                               TERMS_USER},
    [STATEMENT_REMOVE_USER] = {"DELETE FROM users WHERE name = ?"},
    [STATEMENT_NEXT_USER] = {"SELECT name FROM users WHERE name > ? ORDER BY name LIMIT 1"},
    [STATEMENT_SET_PASSWORD] = {"UPDATE users SET password = ?2, must_change_password = NULL"
                                " WHERE name = ?1"},
    [STATEMENT_GROUP] = {"SELECT NULL@ FROM groups WHERE name = ?", TERMS_GROUP},
    [STATEMENT_ADD_GROUP] = {"INSERT INTO groups(name@) VALUES (?#)", TERMS_GROUP},
    [STATEMENT_CHANGE_GROUP] = {"UPDATE groups SET (name@) = (?#) WHERE name = ?1", TERMS_GROUP},
    [STATEMENT_REMOVE_GROUP] = {"DELETE FROM groups WHERE name = ?"},
    [STATEMENT_NEXT_GROUP] = {"SELECT name FROM groups WHERE name > ? ORDER BY name LIMIT 1"},
    [STATEMENT_FOLDER] = {"SELECT path@ FROM folders WHERE name = ?", TERMS_FOLDER},
    [STATEMENT_ADD_FOLDER] = {"INSERT INTO folders(name, path@) VALUES (?, ?#)", TERMS_FOLDER},
    [STATEMENT_CHANGE_FOLDER] = {"UPDATE folders SET (name, path@) = (?, ?#) WHERE name = ?1",
                                 TERMS_FOLDER},
    [STATEMENT_REMOVE_FOLDER] = {"DELETE FROM folders WHERE name = ?"},
    [STATEMENT_NEXT_FOLDER] = {"SELECT name FROM folders WHERE name > ? ORDER BY name LIMIT 1"},
    [STATEMENT_MEMBERSHIPS] = {"SELECT \"group\", groups.name FROM user_groups"
                               " LEFT JOIN groups ON groups.name = \"group\""
                               " WHERE user = ? ORDER BY position"},
    [STATEMENT_ADD_MEMBERSHIP] = {"INSERT INTO user_groups(user, \"group\", position)"
                                  " VALUES (?, ?, ?)"},
    [STATEMENT_CLEAR_MEMBERSHIPS] = {"DELETE FROM user_groups WHERE user = ?"},
    [STATEMENT_NEXT_MEMBER] = {"SELECT user FROM user_groups WHERE \"group\" = ?2 AND user > ?1"
                               " ORDER BY user LIMIT 1"},
    [STATEMENT_USER_MOUNTS] = {"SELECT folder, folders.name, at FROM user_mounts"
                               " LEFT JOIN folders ON folders.name = folder"
                               " WHERE user = ? ORDER BY at"},
    [STATEMENT_ADD_USER_MOUNT] = {"INSERT INTO user_mounts(user, folder, at) VALUES (?, ?, ?)"},
    [STATEMENT_CLEAR_USER_MOUNTS] = {"DELETE FROM user_mounts WHERE user = ?"},
    [STATEMENT_GROUP_MOUNTS] = {"SELECT folder, folders.name, at FROM group_mounts"
                                " LEFT JOIN folders ON folders.name = folder"
                                " WHERE \"group\" = ? ORDER BY at"},
    [STATEMENT_ADD_GROUP_MOUNT] = {"INSERT INTO group_mounts(\"group\", folder, at)"
                                   " VALUES (?, ?, ?)"},
    [STATEMENT_CLEAR_GROUP_MOUNTS] = {"DELETE FROM group_mounts WHERE \"group\" = ?"},
    [STATEMENT_USAGE] = {"SELECT bytes, files, uploaded_bytes, downloaded_bytes, is_open"
                         " FROM usage WHERE key = ?"},
    [STATEMENT_SAVE_USAGE] = {"REPLACE INTO usage(key, bytes, files, uploaded_bytes,"
                              " downloaded_bytes, is_open) VALUES (?, ?, ?, ?, ?, ?)"},
    [STATEMENT_NEXT_BAN] = {"SELECT subject, reason, until FROM bans WHERE subject > ?"
                            " AND NOT until <= ? ORDER BY subject LIMIT 1"},
    [STATEMENT_FORGET_BANS] = {"DELETE FROM bans WHERE until <= ?"},
    [STATEMENT_PUT_BAN] = {"REPLACE INTO bans(subject, reason, until) VALUES (?, ?, ?)"},
    [STATEMENT_REMOVE_BAN] = {"DELETE FROM bans WHERE subject = ? RETURNING subject"},
    [STATEMENT_SERVER] = {"SELECT socket FROM server"},
    [STATEMENT_SET_SERVER] = {"REPLACE INTO server(id, socket) VALUES (1, ?)"},
    [STATEMENT_CLEAR_SERVER] = {"DELETE FROM server"},
};

/* ---- Connections --------------------------------------------------------------------- */

bool connection_run(struct connection *connection, const char *sql, struct builder *message)
{
    if (sqlite3_exec(connection->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    builder_put_string(message, sqlite3_errmsg(connection->sqlite));
    return false;
}

/* For what does not wait by itself when another has the file: others make it, too, just now. */
static int step_patiently(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    for (int waited_ms = 0; (code & 0xFF) == SQLITE_BUSY && waited_ms < BUSY_TIMEOUT_MS;
         waited_ms += BUSY_LOOK_MS) {
        (void)sqlite3_sleep(BUSY_LOOK_MS);
        (void)sqlite3_reset(statement);
        code = sqlite3_step(statement);
    }
    return code;
}

/* The mode is the file's, and stays: the answer says which it is. */
static bool set_write_ahead(struct connection *connection, struct builder *message)
{
    sqlite3_stmt *statement = NULL;
    struct text mode = {0};
    if (sqlite3_prepare_v2(connection->sqlite, "PRAGMA journal_mode = WAL", -1, &statement, NULL) ==
            SQLITE_OK &&
        step_patiently(statement) == SQLITE_ROW)
        mode = text_of((const char *)sqlite3_column_text(statement, 0));
    bool is_set = text_equal(mode, TEXT("wal"));
    if (!is_set)
        builder_put_string(message, mode.len ? "the file system has no shared memory"
                                             : sqlite3_errmsg(connection->sqlite));
    (void)sqlite3_finalize(statement);
    return is_set;
}

bool connection_open(struct connection *connection, const char *file, struct builder *message)
{
    (void)pthread_mutex_init(&connection->lock, NULL);
    int code = sqlite3_open_v2(file, &connection->sqlite,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                               NULL);
    if (code != SQLITE_OK) {
        builder_put_string(message, sqlite3_errstr(code));
        return false;
    }
    (void)sqlite3_busy_timeout(connection->sqlite, BUSY_TIMEOUT_MS);
    return set_write_ahead(connection, message) && connection_run(connection,
                                                                  "PRAGMA synchronous = NORMAL;"
                                                                  "PRAGMA foreign_keys = ON;"
                                                                  "PRAGMA trusted_schema = OFF",
                                                                  message);
}

void connection_close(struct connection *connection)
{
    for (unsigned i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(connection->statements[i]);
    (void)sqlite3_close(connection->sqlite);
    (void)pthread_mutex_destroy(&connection->lock);
}

enum fault connection_fault(struct connection *connection, int code)
{
    switch (code) {
    case SQLITE_OK:
        return FAULT_NONE;
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
        return FAULT_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return FAULT_NOT_FOUND;
    default:
        break;
    }
    log_error("database-failed", LOG_TEXT("error", text_of(sqlite3_errmsg(connection->sqlite))),
              LOG_NUMBER("code", code));
    switch (code & 0xFF) { /* the primary code */
    case SQLITE_BUSY:
        return FAULT_BUSY;
    case SQLITE_FULL:
        return FAULT_NO_SPACE;
    case SQLITE_NOMEM:
        return FAULT_NO_MEMORY;
    default:
        return FAULT_IO;
    }
}

/* ---- Statements ---------------------------------------------------------------------- */

void query_put_column(struct builder *b, enum term term)
{
    for (struct text word = text_of(term_rows[term].word); word.len; word = text_after(word, 1))
        builder_put_byte(b, word.at[0] == '-' ? '_' : word.at[0]);
}

static void put_terms(struct builder *b, enum terms_owner owner, bool as_parameters)
{
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++) {
        if (!(term_rows[term].owners & owner))
            continue;
        builder_put_string(b, as_parameters ? ", ?" : ", ");
        if (!as_parameters)
            query_put_column(b, (enum term)term);
    }
}

static int prepare(struct connection *connection, enum statement statement)
{
    char sql[SQL_SIZE];
    struct builder b = builder_on(sql, sizeof(sql));
    for (const char *at = rows[statement].sql; *at; at++) {
        if (*at == '@' || *at == '#')
            put_terms(&b, rows[statement].own, *at == '#');
        else
            builder_put_byte(&b, *at);
    }
    builder_end(&b);
    return b.full ? SQLITE_TOOBIG
                  : sqlite3_prepare_v3(connection->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                       &connection->statements[statement], NULL);
}

struct query query_begin(struct connection *connection, enum statement statement)
{
    struct query query = {.connection = connection, .code = SQLITE_OK};
    if (!connection->statements[statement])
        query.code = prepare(connection, statement);
    query.statement = connection->statements[statement];
    return query;
}

static void note(struct query *query, int code)
{
    if (query->code == SQLITE_OK)
        query->code = code;
}

void query_put_text(struct query *query, struct text text)
{
    note(query, sqlite3_bind_text64(query->statement, ++query->bound, text.at, text.len,
                                    SQLITE_STATIC, SQLITE_UTF8));
}

void query_put_string(struct query *query, const char *string)
{
    if (string)
        query_put_text(query, text_of(string));
    else
        query_put_nothing(query);
}

void query_put_number(struct query *query, uint64_t number)
{
    note(query, sqlite3_bind_int64(query->statement, ++query->bound, (int64_t)number));
}

void query_put_nothing(struct query *query)
{
    note(query, sqlite3_bind_null(query->statement, ++query->bound));
}

bool query_next(struct query *query)
{
    if (query->code != SQLITE_OK)
        return false;
    int code = sqlite3_step(query->statement);
    if (code == SQLITE_ROW)
        return true;
    note(query, code == SQLITE_DONE ? SQLITE_OK : code);
    return false;
}

bool query_text(struct query *query, int column, struct text *ret_text)
{
    if (sqlite3_column_type(query->statement, column) != SQLITE_TEXT)
        return false;
    const char *at = (const char *)sqlite3_column_text(query->statement, column);
    if (!at) {
        note(query, SQLITE_NOMEM);
        return false;
    }
    *ret_text = (struct text){at, (size_t)sqlite3_column_bytes(query->statement, column)};
    return true;
}

bool query_number(struct query *query, int column, int64_t *ret_number)
{
    if (sqlite3_column_type(query->statement, column) != SQLITE_INTEGER)
        return false;
    *ret_number = sqlite3_column_int64(query->statement, column);
    return true;
}

bool query_is_nothing(struct query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

enum fault query_end(struct query *query)
{
    enum fault f = connection_fault(query->connection, query->code);
    if (query->statement) {
        (void)sqlite3_reset(query->statement); /* its code is the step's, which is noted */
        (void)sqlite3_clear_bindings(query->statement);
    }
    return f;
}

enum fault query_run(struct query *query)
{
    (void)query_next(query);
    return query_end(query);
}

enum fault query_change(struct query *query)
{
    enum fault f = query_run(query);
    if (!f && sqlite3_changes(query->connection->sqlite) == 0)
        f = FAULT_NOT_FOUND;
    return f;
}

enum fault connection_do(struct connection *connection, enum statement statement)
{
    struct query query = query_begin(connection, statement);
    return query_run(&query);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "account/database_schema.h"

enum { APPLICATION_ID = 0x66727279 }; /* "frry": whose file it is (PRAGMA application_id) */

/* Steps from each version to the next. Those of a released version never change. */
static const char *const steps[] = {
    "CREATE TABLE users(name TEXT PRIMARY KEY NOT NULL, password TEXT, root TEXT, charge TEXT)"
    " STRICT;"
    "CREATE TABLE groups(name TEXT PRIMARY KEY NOT NULL) STRICT;"
    "CREATE TABLE folders(name TEXT PRIMARY KEY NOT NULL, path TEXT NOT NULL) STRICT;"
    "CREATE TABLE user_groups("
    " user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,"
    " \"group\" TEXT NOT NULL REFERENCES groups(name),"
    " position INTEGER NOT NULL,"
    " PRIMARY KEY (user, \"group\")) STRICT, WITHOUT ROWID;"
    "CREATE INDEX user_groups_of_group ON user_groups(\"group\", user);"
    "CREATE TABLE user_mounts("
    " user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,"
    " folder TEXT NOT NULL REFERENCES folders(name),"
    " at TEXT NOT NULL,"
    " PRIMARY KEY (user, at)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX user_mounts_of_folder ON user_mounts(folder);"
    "CREATE TABLE group_mounts("
    " \"group\" TEXT NOT NULL REFERENCES groups(name) ON DELETE CASCADE,"
    " folder TEXT NOT NULL REFERENCES folders(name),"
    " at TEXT NOT NULL,"
    " PRIMARY KEY (\"group\", at)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX group_mounts_of_folder ON group_mounts(folder);"
    "CREATE TABLE usage(key TEXT PRIMARY KEY NOT NULL, bytes INTEGER NOT NULL,"
    " files INTEGER NOT NULL, uploaded_bytes INTEGER NOT NULL, downloaded_bytes INTEGER NOT NULL,"
    " is_open INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE bans(subject TEXT PRIMARY KEY NOT NULL, reason TEXT NOT NULL,"
    " until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE server(id INTEGER PRIMARY KEY CHECK (id = 1), socket TEXT NOT NULL) STRICT;",
};

enum { VERSION = sizeof(steps) / sizeof(steps[0]), PRAGMA_SIZE = 128 };

/* The tables that have columns of terms, and which others. */
static const struct terms_table {
    const char *name; /* borrowed: static text, as all below */
    enum terms_owner owner;
    const char *columns[5]; /* NULL ends them */
} tables[] = {
    {"users", TERMS_USER, {"name", "password", "root", "charge", NULL}},
    {"groups", TERMS_GROUP, {"name", NULL}},
    {"folders", TERMS_FOLDER, {"name", "path", NULL}},
};

static bool fail(struct builder *message, const char *wrong)
{
    builder_put_string(message, wrong);
    return false;
}

static bool ask_number(struct connection *connection, const char *sql, int64_t *ret_number,
                       struct builder *message)
{
    sqlite3_stmt *statement = NULL;
    bool is_there = sqlite3_prepare_v2(connection->sqlite, sql, -1, &statement, NULL) ==
                        SQLITE_OK &&
                    sqlite3_step(statement) == SQLITE_ROW;
    if (is_there)
        *ret_number = sqlite3_column_int64(statement, 0);
    else
        builder_put_string(message, sqlite3_errmsg(connection->sqlite));
    (void)sqlite3_finalize(statement);
    return is_there;
}

static bool set_number(struct connection *connection, const char *pragma, uint64_t number,
                       struct builder *message)
{
    char sql[PRAGMA_SIZE];
    struct builder b = builder_on(sql, sizeof(sql));
    builder_put_string(&b, pragma);
    builder_put_number(&b, number);
    return connection_run(connection, builder_end(&b), message);
}

static bool take_steps(struct connection *connection, struct builder *message)
{
    int64_t version;
    int64_t owner;
    int64_t tables_there;
    if (!ask_number(connection, "PRAGMA user_version", &version, message) ||
        !ask_number(connection, "PRAGMA application_id", &owner, message) ||
        !ask_number(connection, "SELECT count(*) FROM sqlite_schema", &tables_there, message))
        return false;
    if (owner != APPLICATION_ID && (version || tables_there))
        return fail(message, "is the database of another program");
    if (version < 0 || version > VERSION)
        return fail(message, "is of a newer ferryd");
    for (int64_t i = version; i < VERSION; i++)
        if (!connection_run(connection, steps[i], message))
            return false;
    return version == VERSION ||
           (set_number(connection, "PRAGMA application_id = ", APPLICATION_ID, message) &&
            set_number(connection, "PRAGMA user_version = ", VERSION, message));
}

static bool is_column_of_term(struct text column, enum term term)
{
    char bytes[PRAGMA_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    query_put_column(&b, term);
    return text_equal_any_case(column, builder_text(&b)); /* as SQL compares them */
}

/* Notes what the column is of; false when it is of nothing. */
static bool note_column(const struct terms_table *table, struct text column,
                        bool present[TERM_NUMBER_OF])
{
    for (const char *const *base = table->columns; *base; base++)
        if (text_equal_any_case(column, text_of(*base)))
            return true;
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++) {
        if (!(term_rows[term].owners & table->owner) || !is_column_of_term(column, (enum term)term))
            continue;
        present[term] = true;
        return true;
    }
    return false;
}

static bool find_columns(struct connection *connection, const struct terms_table *table,
                         bool present[TERM_NUMBER_OF], struct builder *message)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->sqlite, "SELECT name FROM pragma_table_info(?)", -1,
                                  &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_STATIC);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct text column = text_of((const char *)sqlite3_column_text(statement, 0));
        code = note_column(table, column, present) ? SQLITE_OK : SQLITE_SCHEMA;
        if (code == SQLITE_OK)
            continue;
        builder_put_string(message, "has a column that is not known: ");
        builder_put_string(message, table->name);
        builder_put_byte(message, '.');
        builder_put(message, column);
    }
    if (code != SQLITE_DONE && code != SQLITE_SCHEMA)
        builder_put_string(message, sqlite3_errmsg(connection->sqlite));
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE;
}

static bool add_column(struct connection *connection, const struct terms_table *table,
                       enum term term, struct builder *message)
{
    char sql[PRAGMA_SIZE];
    struct builder b = builder_on(sql, sizeof(sql));
    enum term_kind kind = term_rows[term].kind;
    builder_put_string(&b, "ALTER TABLE ");
    builder_put_string(&b, table->name);
    builder_put_string(&b, " ADD COLUMN ");
    query_put_column(&b, term);
    builder_put_string(&b, kind == TERM_LIST || kind == TERM_PROPORTION ? " TEXT" : " INTEGER");
    return connection_run(connection, builder_end(&b), message);
}

static bool add_columns(struct connection *connection, struct builder *message)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        bool present[TERM_NUMBER_OF] = {false};
        if (!find_columns(connection, &tables[i], present, message))
            return false;
        for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
            if (term_rows[term].owners & tables[i].owner && !present[term] &&
                !add_column(connection, &tables[i], (enum term)term, message))
                return false;
    }
    return true;
}

bool schema_bring_up(struct connection *connection, struct builder *message)
{
    if (!connection_run(connection, "BEGIN IMMEDIATE", message))
        return false;
    bool is_up = take_steps(connection, message) && add_columns(connection, message) &&
                 connection_run(connection, "COMMIT", message);
    if (!is_up && !sqlite3_get_autocommit(connection->sqlite))
        (void)sqlite3_exec(connection->sqlite, "ROLLBACK", NULL, NULL, NULL);
    return is_up;
}

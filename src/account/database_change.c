/* SPDX-License-Identifier: Apache-2.0 */
/* database_change: records for administration: put, removed, gone through. */
#include "account/database_parts.h"
#include "account/database_row.h"
#include "base/memory.h"

/* ---- Terms ------------------------------------------------------------------------------- */

/* The texts of the lists that are being written; they last until query_end. */
struct lines {
    char *texts[TERM_NUMBER_OF]; /* owned each */
};

static void free_lines(struct lines *lines)
{
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
        memory_free(lines->texts[term]);
}

/* A line for each text; NULL when out of memory. */
static char *join(const struct term_value *value)
{
    size_t size = 1;
    for (size_t i = 0; i < value->text_count; i++)
        size += strlen(value->texts[i]) + 1;
    char *bytes = memory_new(size);
    if (!bytes)
        return NULL;
    struct builder b = builder_on(bytes, size);
    for (size_t i = 0; i < value->text_count; i++) {
        if (i)
            builder_put_byte(&b, '\n');
        builder_put_string(&b, value->texts[i]);
    }
    return bytes;
}

static char *ratio_text(const struct terms *terms, enum term term)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    terms_put(terms, term, &b);
    return memory_copy(bytes, b.len);
}

static enum fault put_term(struct query *query, const struct terms *terms, enum term term,
                           struct lines *lines)
{
    const struct term_value *value = &terms->values[term];
    enum term_kind kind = term_rows[term].kind;
    if (!value->is_set) {
        query_put_nothing(query);
        return FAULT_NONE;
    }
    if (kind != TERM_LIST && kind != TERM_PROPORTION) {
        query_put_number(query, value->number);
        return FAULT_NONE;
    }
    lines->texts[term] = kind == TERM_LIST ? join(value) : ratio_text(terms, term);
    query_put_string(query, lines->texts[term]);
    return lines->texts[term] ? FAULT_NONE : FAULT_NO_MEMORY;
}

/* Puts all terms and runs the statement: the one that adds, or the one that changes. */
static enum fault put_terms(struct query *query, const struct terms *terms, enum terms_owner owner,
                            char *message)
{
    struct lines lines = {0};
    enum fault f = FAULT_NONE;
    for (unsigned term = 0; term < TERM_NUMBER_OF && !f; term++) {
        if (term_rows[term].owners & owner)
            f = put_term(query, terms, (enum term)term, &lines);
        else if (terms->values[term].is_set)
            f = row_refuse(message, term_rows[term].word, "is not for this kind of record");
    }
    enum fault ended = f ? query_end(query) : query_change(query);
    free_lines(&lines);
    return f ? f : ended;
}

/* ---- What belongs to a record -------------------------------------------------------------- */

/* With a name: what is said of it, of one that is missing or given twice. */
static enum fault explain(enum fault f, const char *field, const char *name, char *message)
{
    if (f != FAULT_NOT_FOUND && f != FAULT_EXISTS)
        return f;
    struct builder b = builder_on(message, DATABASE_MESSAGE_SIZE);
    builder_put_string(&b, field);
    builder_put_string(&b, ": \"");
    builder_put_string(&b, name);
    builder_put_string(&b, f == FAULT_EXISTS ? "\" is given twice" : "\" does not exist");
    builder_end(&b);
    return FAULT_ARGUMENT;
}

static enum fault clear(struct connection *writer, enum statement statement, const char *name)
{
    struct query query = query_begin(writer, statement);
    query_put_string(&query, name);
    return query_run(&query);
}

static enum fault put_groups(struct connection *writer, const struct account *account,
                             char *message)
{
    enum fault f = clear(writer, STATEMENT_CLEAR_MEMBERSHIPS, account->name);
    for (size_t i = 0; i < account->group_count && !f; i++) {
        struct query query = query_begin(writer, STATEMENT_ADD_MEMBERSHIP);
        query_put_string(&query, account->name);
        query_put_string(&query, account->groups[i]);
        query_put_number(&query, i);
        f = explain(query_run(&query), "groups", account->groups[i], message);
    }
    return f;
}

/* Whose mounts they are, as statements say it. */
struct mount_statements {
    enum statement clear;
    enum statement add;
};

static enum fault put_mounts(struct connection *writer, const struct mount_statements *statements,
                             const char *owner, const struct account_mount *mounts, size_t count,
                             char *message)
{
    enum fault f = clear(writer, statements->clear, owner);
    for (size_t i = 0; i < count && !f; i++) {
        struct query query = query_begin(writer, statements->add);
        query_put_string(&query, owner);
        query_put_string(&query, mounts[i].folder);
        query_put_string(&query, mounts[i].at);
        f = query_run(&query);
        f = explain(f, "mounts", f == FAULT_EXISTS ? mounts[i].at : mounts[i].folder, message);
    }
    return f;
}

/* ---- Records: what could not be read again is not kept --------------------------------------- */

static enum fault put_user(struct connection *writer, const struct account *account, bool create,
                           char *message)
{
    static const struct mount_statements mounts = {STATEMENT_CLEAR_USER_MOUNTS,
                                                   STATEMENT_ADD_USER_MOUNT};
    struct account *again = NULL;
    struct query query = query_begin(writer, create ? STATEMENT_ADD_USER : STATEMENT_CHANGE_USER);
    query_put_string(&query, account->name);
    query_put_string(&query, account->password);
    query_put_string(&query, account->root);
    query_put_string(&query, account->charge);
    enum fault f = put_terms(&query, &account->terms, TERMS_USER, message);
    if (!f)
        f = put_groups(writer, account, message);
    if (!f)
        f = put_mounts(writer, &mounts, account->name, account->mounts, account->mount_count,
                       message);
    if (!f)
        f = row_user(writer, text_of(account->name), &again, message);
    account_free(again);
    return f;
}

static enum fault put_group(struct connection *writer, const struct account_group *group,
                            bool create, char *message)
{
    static const struct mount_statements mounts = {STATEMENT_CLEAR_GROUP_MOUNTS,
                                                   STATEMENT_ADD_GROUP_MOUNT};
    struct account_group *again = NULL;
    struct query query = query_begin(writer, create ? STATEMENT_ADD_GROUP : STATEMENT_CHANGE_GROUP);
    query_put_string(&query, group->name);
    enum fault f = put_terms(&query, &group->terms, TERMS_GROUP, message);
    if (!f)
        f = put_mounts(writer, &mounts, group->name, group->mounts, group->mount_count, message);
    if (!f)
        f = row_group(writer, text_of(group->name), &again, message);
    account_group_free(again);
    return f;
}

static enum fault put_folder(struct connection *writer, const struct account_folder *folder,
                             bool create, char *message)
{
    struct account_folder *again = NULL;
    struct query query = query_begin(writer,
                                     create ? STATEMENT_ADD_FOLDER : STATEMENT_CHANGE_FOLDER);
    query_put_string(&query, folder->name);
    query_put_string(&query, folder->path ? folder->path : "");
    enum fault f = put_terms(&query, &folder->terms, TERMS_FOLDER, message);
    if (!f)
        f = row_folder(writer, text_of(folder->name), &again, message);
    account_folder_free(again);
    return f;
}

/* Begins to put a record of that name; with an empty message, for what has none. */
static enum fault begin_put(struct database *database, const char *name, char *message)
{
    message[0] = '\0';
    if (!account_name_is_valid(text_of(name)))
        return row_refuse(message, "name", "is empty, too long or has characters it may not have");
    return database_begin_change(database);
}

enum fault database_put_user(struct database *database, const struct account *account, bool create,
                             char message[DATABASE_MESSAGE_SIZE])
{
    enum fault f = begin_put(database, account->name, message);
    if (f)
        return f;
    f = put_user(&database->writer, account, create, message);
    return database_end_change(database, f);
}

enum fault database_put_group(struct database *database, const struct account_group *group,
                              bool create, char message[DATABASE_MESSAGE_SIZE])
{
    enum fault f = begin_put(database, group->name, message);
    if (f)
        return f;
    f = put_group(&database->writer, group, create, message);
    return database_end_change(database, f);
}

enum fault database_put_folder(struct database *database, const struct account_folder *folder,
                               bool create, char message[DATABASE_MESSAGE_SIZE])
{
    enum fault f = begin_put(database, folder->name, message);
    if (f)
        return f;
    f = put_folder(&database->writer, folder, create, message);
    return database_end_change(database, f);
}

enum fault database_remove(struct database *database, enum database_kind kind, struct text name)
{
    static const enum statement statements[] = {
        [DATABASE_USERS] = STATEMENT_REMOVE_USER,
        [DATABASE_GROUPS] = STATEMENT_REMOVE_GROUP,
        [DATABASE_FOLDERS] = STATEMENT_REMOVE_FOLDER,
    };
    enum fault f = database_begin_change(database);
    if (f)
        return f;
    struct query query = query_begin(&database->writer, statements[kind]);
    query_put_text(&query, name);
    f = query_run(&query);
    if (f == FAULT_NOT_FOUND)
        f = FAULT_NOT_EMPTY; /* somebody refers to it */
    else if (!f && sqlite3_changes(database->writer.sqlite) == 0)
        f = FAULT_NOT_FOUND;
    return database_end_change(database, f);
}

/* ---- Going through ------------------------------------------------------------------------------
 */

/* The name behind `name`, in its place. No lock is held afterwards. */
static enum fault next_name(struct database *database, enum statement statement,
                            struct builder *name, struct text group, bool *ret_is_there)
{
    struct text next;
    struct query query = database_ask(&database->reader, statement);
    query_put_text(&query, builder_text(name));
    if (group.len)
        query_put_text(&query, group);
    bool is_there = query_next(&query) && query_text(&query, 0, &next);
    char bytes[ACCOUNT_NAME_MAX];
    struct builder copy = builder_on(bytes, sizeof(bytes));
    if (is_there)
        builder_put(&copy, next);
    enum fault f = database_answer(&query);
    if (f)
        return f;
    if (copy.full)
        return FAULT_ARGUMENT;
    name->len = 0;
    builder_put(name, builder_text(&copy));
    *ret_is_there = is_there;
    return FAULT_NONE;
}

static enum fault each(struct database *database, enum statement statement, struct text group,
                       bool (*on_name)(void *context, struct text name), void *context)
{
    char bytes[ACCOUNT_NAME_MAX];
    struct builder name = builder_on(bytes, sizeof(bytes));
    bool is_there = true;
    enum fault f = FAULT_NONE;
    while (is_there) {
        f = next_name(database, statement, &name, group, &is_there);
        if (f || !is_there || !on_name(context, builder_text(&name)))
            break;
    }
    return f;
}

enum fault database_each(struct database *database, enum database_kind kind,
                         bool (*on_name)(void *context, struct text name), void *context)
{
    static const enum statement statements[] = {
        [DATABASE_USERS] = STATEMENT_NEXT_USER,
        [DATABASE_GROUPS] = STATEMENT_NEXT_GROUP,
        [DATABASE_FOLDERS] = STATEMENT_NEXT_FOLDER,
    };
    return each(database, statements[kind], (struct text){0}, on_name, context);
}

enum fault database_each_member(struct database *database, struct text group,
                                bool (*on_name)(void *context, struct text name), void *context)
{
    return each(database, STATEMENT_NEXT_MEMBER, group, on_name, context);
}

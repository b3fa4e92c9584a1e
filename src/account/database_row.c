/* SPDX-License-Identifier: Apache-2.0 */
#include "account/database_row.h"

#include <limits.h>

#include "base/memory.h"

enum { SECRET_MAX = 1024, MOUNT_POINT_MAX = 1024 };

enum fault row_refuse(char message[DATABASE_MESSAGE_SIZE], const char *field, const char *wrong)
{
    struct builder b = builder_on(message, DATABASE_MESSAGE_SIZE);
    builder_put_string(&b, field);
    builder_put_string(&b, ": ");
    builder_put_string(&b, wrong);
    builder_end(&b);
    return FAULT_ARGUMENT;
}

/* ---- Texts ----------------------------------------------------------------------------- */

static bool is_secret(struct text t)
{
    if (!t.len || t.len > SECRET_MAX)
        return false;
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] < ' ' || t.at[i] == '\x7F')
            return false;
    return true;
}

static bool has_dot_parts(struct text path)
{
    while (path.len) {
        struct text part = text_take_until(&path, '/');
        if (text_equal(part, TEXT(".")) || text_equal(part, TEXT("..")))
            return true;
    }
    return false;
}

static bool is_directory(struct text t)
{
    return t.len && t.len < PATH_MAX && t.at[0] == '/' && text_find(t, '\0') == t.len &&
           !has_dot_parts(t);
}

/* "/a/b": normal, and not the root itself. */
static bool is_mount_point(struct text t)
{
    if (t.len < 2 || t.len > MOUNT_POINT_MAX || t.at[0] != '/')
        return false;
    struct text rest = text_after(t, 1);
    bool is_last = false;
    while (!is_last) {
        is_last = text_find(rest, '/') == rest.len;
        struct text part = text_take_until(&rest, '/');
        if (!is_secret(part) || text_equal(part, TEXT(".")) || text_equal(part, TEXT("..")))
            return false;
    }
    return true;
}

struct text_field {
    const char *name;                /* borrowed: static text, as all below */
    bool (*is_valid)(struct text t); /* one of those above */
    const char *wrong;
};

static const struct text_field password_field = {"password", is_secret, "is no hash"};
static const struct text_field charge_field = {"charge", is_secret,
                                               "is empty, too long or has control characters"};
static const struct text_field root_field = {"root", is_directory,
                                             "is no absolute path without . and .."};
static const struct text_field path_field = {"path", is_directory,
                                             "is no absolute path without . and .."};
static const struct text_field group_field = {"groups", account_name_is_valid, "is no name"};
static const struct text_field folder_field = {"mounts", account_name_is_valid, "is no name"};
static const struct text_field at_field = {"mounts", is_mount_point,
                                           "is no absolute path without . and .."};

static enum fault read_text(struct query *query, int column, const struct text_field *field,
                            char **ret_string, char *message)
{
    struct text text;
    if (!query_text(query, column, &text))
        return row_refuse(message, field->name, "is no text");
    if (!field->is_valid(text))
        return row_refuse(message, field->name, field->wrong);
    *ret_string = memory_copy(text.at, text.len);
    return *ret_string ? FAULT_NONE : FAULT_NO_MEMORY;
}

static enum fault read_optional_text(struct query *query, int column,
                                     const struct text_field *field, char **ret_string,
                                     char *message)
{
    return query_is_nothing(query, column) ? FAULT_NONE
                                           : read_text(query, column, field, ret_string, message);
}

/* ---- Terms ------------------------------------------------------------------------------- */

static bool is_in_range(enum term_kind kind, int64_t number)
{
    const int64_t last_second_of_9999 = 253402300799;
    switch (kind) {
    case TERM_FLAG:
        return number == 0 || number == 1;
    case TERM_RATE:
        return number > 0;
    case TERM_SECONDS:
        return number >= 0 && (uint64_t)number <= TERM_SMALL_NUMBER_MAX;
    case TERM_DATE:
        return number >= 0 && number <= last_second_of_9999;
    default:
        return number >= 0;
    }
}

static enum fault read_number(struct query *query, int column, enum term term, struct terms *terms,
                              char *message)
{
    int64_t number;
    if (!query_number(query, column, &number))
        return row_refuse(message, term_rows[term].word, "is no whole number");
    if (!is_in_range(term_rows[term].kind, number))
        return row_refuse(message, term_rows[term].word, "is out of range");
    terms->values[term] = (struct term_value){.is_set = true, .number = (uint64_t)number};
    return FAULT_NONE;
}

/* A list has a line for each of its texts, a ratio one. */
static enum fault read_lines(struct query *query, int column, enum term term, struct terms *terms,
                             char *message)
{
    struct text rest;
    if (!query_text(query, column, &rest))
        return row_refuse(message, term_rows[term].word, "is no text");
    if (term_rows[term].kind == TERM_PROPORTION)
        return terms_set(terms, term, rest, message) ? FAULT_NONE : FAULT_ARGUMENT;
    bool is_last = false;
    while (!is_last) {
        is_last = text_find(rest, '\n') == rest.len;
        if (!terms_set(terms, term, text_take_until(&rest, '\n'), message))
            return FAULT_ARGUMENT;
    }
    return FAULT_NONE;
}

static enum fault read_terms(struct query *query, int column, enum terms_owner owner,
                             struct terms *terms, char *message)
{
    enum fault f = FAULT_NONE;
    for (unsigned i = 0; i < TERM_NUMBER_OF && !f; i++) {
        enum term term = (enum term)i;
        if (!(term_rows[term].owners & owner))
            continue;
        bool has_lines = term_rows[term].kind == TERM_LIST ||
                         term_rows[term].kind == TERM_PROPORTION;
        if (!query_is_nothing(query, column))
            f = has_lines ? read_lines(query, column, term, terms, message)
                          : read_number(query, column, term, terms, message);
        column++;
    }
    return f;
}

/* ---- What belongs to a record ------------------------------------------------------------ */

/* Ends a query that was read as far as `f`, which comes first. */
static enum fault end(struct query *query, enum fault f)
{
    enum fault ended = query_end(query);
    return ended ? ended : f;
}

static enum fault add_group(struct query *query, struct account *account, char *message)
{
    if (account->group_count >= ACCOUNT_GROUPS_MAX)
        return row_refuse(message, "groups", "are more than 64");
    char **groups = memory_resize(account->groups, account->group_count + 1, sizeof(*groups));
    if (!groups)
        return FAULT_NO_MEMORY;
    account->groups = groups;
    groups[account->group_count] = NULL;
    account->group_count++;
    enum fault f = read_text(query, 0, &group_field, &groups[account->group_count - 1], message);
    if (!f && query_is_nothing(query, 1))
        f = row_refuse(message, "groups", "one is missing");
    return f;
}

static enum fault read_groups(struct connection *connection, struct text name,
                              struct account *account, char *message)
{
    enum fault f = FAULT_NONE;
    struct query query = query_begin(connection, STATEMENT_MEMBERSHIPS);
    query_put_text(&query, name);
    while (!f && query_next(&query))
        f = add_group(&query, account, message);
    return end(&query, f);
}

/* The mounts of a user or a group. */
struct mounts {
    struct account_mount *all; /* borrowed: the record's, which frees it */
    size_t count;
};

static enum fault add_mount(struct query *query, struct mounts *mounts, char *message)
{
    if (mounts->count >= ACCOUNT_MOUNTS_MAX)
        return row_refuse(message, "mounts", "are more than 64");
    struct account_mount *all = memory_resize(mounts->all, mounts->count + 1, sizeof(*all));
    if (!all)
        return FAULT_NO_MEMORY;
    mounts->all = all;
    struct account_mount *mount = &all[mounts->count++];
    *mount = (struct account_mount){0};
    enum fault f = read_text(query, 0, &folder_field, &mount->folder, message);
    if (!f && query_is_nothing(query, 1))
        f = row_refuse(message, "mounts", "a folder is missing");
    if (!f)
        f = read_text(query, 2, &at_field, &mount->at, message);
    if (!f && mounts->count > 1 && strcmp(mount->at, mount[-1].at) == 0)
        f = row_refuse(message, "mounts", "two are at one place");
    return f;
}

static enum fault read_mounts(struct connection *connection, enum statement statement,
                              struct text name, struct mounts *mounts, char *message)
{
    enum fault f = FAULT_NONE;
    struct query query = query_begin(connection, statement);
    query_put_text(&query, name);
    while (!f && query_next(&query))
        f = add_mount(&query, mounts, message);
    return end(&query, f);
}

/* ---- Records -------------------------------------------------------------------------------- */

static enum fault read_user(struct query *query, struct account *account, char *message)
{
    enum { PASSWORD, ROOT, CHARGE, TERMS };
    if (!query_next(query))
        return FAULT_NOT_FOUND;
    enum fault f = read_optional_text(query, PASSWORD, &password_field, &account->password,
                                      message);
    if (!f)
        f = read_optional_text(query, ROOT, &root_field, &account->root, message);
    if (!f)
        f = read_optional_text(query, CHARGE, &charge_field, &account->charge, message);
    if (!f)
        f = read_terms(query, TERMS, TERMS_USER, &account->terms, message);
    return f;
}

enum fault row_user(struct connection *connection, struct text name, struct account **ret_account,
                    char message[DATABASE_MESSAGE_SIZE])
{
    struct account *account = memory_new(sizeof(*account));
    if (!account)
        return FAULT_NO_MEMORY;
    struct query query = query_begin(connection, STATEMENT_USER);
    query_put_text(&query, name);
    enum fault f = end(&query, read_user(&query, account, message));
    if (!f)
        f = read_groups(connection, name, account, message);
    if (!f) {
        struct mounts mounts = {0};
        f = read_mounts(connection, STATEMENT_USER_MOUNTS, name, &mounts, message);
        account->mounts = mounts.all;
        account->mount_count = mounts.count;
    }
    if (!f) {
        account->name = memory_copy(name.at, name.len);
        f = account->name ? FAULT_NONE : FAULT_NO_MEMORY;
    }
    if (f)
        account_free(account);
    else
        *ret_account = account;
    return f;
}

static enum fault read_group(struct query *query, struct account_group *group, char *message)
{
    enum { NOTHING, TERMS };
    return query_next(query) ? read_terms(query, TERMS, TERMS_GROUP, &group->terms, message)
                             : FAULT_NOT_FOUND;
}

enum fault row_group(struct connection *connection, struct text name,
                     struct account_group **ret_group, char message[DATABASE_MESSAGE_SIZE])
{
    struct account_group *group = memory_new(sizeof(*group));
    if (!group)
        return FAULT_NO_MEMORY;
    struct query query = query_begin(connection, STATEMENT_GROUP);
    query_put_text(&query, name);
    enum fault f = end(&query, read_group(&query, group, message));
    if (!f) {
        struct mounts mounts = {0};
        f = read_mounts(connection, STATEMENT_GROUP_MOUNTS, name, &mounts, message);
        group->mounts = mounts.all;
        group->mount_count = mounts.count;
    }
    if (!f) {
        group->name = memory_copy(name.at, name.len);
        f = group->name ? FAULT_NONE : FAULT_NO_MEMORY;
    }
    if (f)
        account_group_free(group);
    else
        *ret_group = group;
    return f;
}

static enum fault read_folder(struct query *query, struct account_folder *folder, char *message)
{
    enum { PATH, TERMS };
    if (!query_next(query))
        return FAULT_NOT_FOUND;
    enum fault f = read_text(query, PATH, &path_field, &folder->path, message);
    return f ? f : read_terms(query, TERMS, TERMS_FOLDER, &folder->terms, message);
}

enum fault row_folder(struct connection *connection, struct text name,
                      struct account_folder **ret_folder, char message[DATABASE_MESSAGE_SIZE])
{
    struct account_folder *folder = memory_new(sizeof(*folder));
    if (!folder)
        return FAULT_NO_MEMORY;
    struct query query = query_begin(connection, STATEMENT_FOLDER);
    query_put_text(&query, name);
    enum fault f = end(&query, read_folder(&query, folder, message));
    if (!f) {
        folder->name = memory_copy(name.at, name.len);
        f = folder->name ? FAULT_NONE : FAULT_NO_MEMORY;
    }
    if (f)
        account_folder_free(folder);
    else
        *ret_folder = folder;
    return f;
}

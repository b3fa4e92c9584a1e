/* SPDX-License-Identifier: Apache-2.0 */
/* database_accounts: the accounts of the database as a store of accounts. */
#include "account/database_parts.h"
#include "account/database_row.h"
#include "base/log.h"

static struct database *database_of(struct account_store *store)
{
    return ((struct database_accounts *)store)->database;
}

static enum fault begin_look_up(struct connection *reader, struct text name)
{
    return account_name_is_valid(name) ? database_begin(reader, STATEMENT_BEGIN) : FAULT_NOT_FOUND;
}

/* Ends the look-up of a record; one that makes no sense is for the administrator to mend. */
static enum fault end_look_up(struct connection *reader, enum fault f, const char *table,
                              struct text name, const char *message)
{
    f = database_end(reader, f);
    if (f == FAULT_ARGUMENT)
        log_error("account-refused", LOG_TEXT("table", text_of(table)), LOG_TEXT("row", name),
                  LOG_TEXT("wrong", text_of(message)));
    return f;
}

static enum fault find(struct account_store *store, struct text name, struct account **ret_account)
{
    struct connection *reader = &database_of(store)->reader;
    char message[DATABASE_MESSAGE_SIZE];
    enum fault f = begin_look_up(reader, name);
    if (f)
        return f;
    f = row_user(reader, name, ret_account, message);
    return end_look_up(reader, f, "users", name, message);
}

static enum fault find_group(struct account_store *store, struct text name,
                             struct account_group **ret_group)
{
    struct connection *reader = &database_of(store)->reader;
    char message[DATABASE_MESSAGE_SIZE];
    enum fault f = begin_look_up(reader, name);
    if (f)
        return f;
    f = row_group(reader, name, ret_group, message);
    return end_look_up(reader, f, "groups", name, message);
}

static enum fault find_folder(struct account_store *store, struct text name,
                              struct account_folder **ret_folder)
{
    struct connection *reader = &database_of(store)->reader;
    char message[DATABASE_MESSAGE_SIZE];
    enum fault f = begin_look_up(reader, name);
    if (f)
        return f;
    f = row_folder(reader, name, ret_folder, message);
    return end_look_up(reader, f, "folders", name, message);
}

/* From names to roots. */
struct member_visit {
    struct account_store *store; /* borrowed for the call */
    bool (*on_member)(void *context, const char *root);
    void *context;    /* borrowed: on_member's */
    enum fault fault; /* that ended it: not of a record, so nobody knows who is missing */
};

/* A record that makes no sense has no root, and nobody inside who could fill it. */
static bool on_member_name(void *context, struct text name)
{
    struct member_visit *visit = context;
    struct account *account = NULL;
    enum fault f = find(visit->store, name, &account);
    if (f == FAULT_NOT_FOUND || f == FAULT_ARGUMENT)
        return true;
    visit->fault = f;
    if (f)
        return false;
    bool goes_on = visit->on_member(visit->context, account->root);
    account_free(account);
    return goes_on;
}

static enum fault each_member(struct account_store *store, struct text group,
                              bool (*on_member)(void *context, const char *root), void *context)
{
    struct member_visit visit = {store, on_member, context, FAULT_NONE};
    enum fault f = database_each_member(database_of(store), group, on_member_name, &visit);
    return f ? f : visit.fault;
}

static enum fault set_password(struct account_store *store, struct text name, const char *hash)
{
    struct database *database = database_of(store);
    enum fault f = database_begin_change(database);
    if (f)
        return f;
    struct query query = query_begin(&database->writer, STATEMENT_SET_PASSWORD);
    query_put_text(&query, name);
    query_put_string(&query, hash);
    return database_end_change(database, query_change(&query));
}

static uint64_t generation(const struct account_store *store)
{
    return atomic_load(&((const struct database_accounts *)store)->database->generation);
}

/* The database has it, and goes when it goes. */
static void keep(struct account_store *store)
{
    (void)store;
}

const struct account_store_type database_accounts_type = {
    .find = find,
    .find_group = find_group,
    .find_folder = find_folder,
    .each_member = each_member,
    .set_password = set_password,
    .generation = generation,
    .free = keep,
};

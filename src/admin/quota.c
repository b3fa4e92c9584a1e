/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much is used, and what may still be added, by the ledger's count: a
 * server's own, or one that ferryctl has opened on the same records.
 */
#include "admin/commands.h"
#include "admin/fields.h"
#include "base/memory.h"
#include "gate/ledger.h"

/* A walk through the members of a group, whose trees count together. */
struct members {
    const struct admin *admin;        /* borrowed: the command's */
    struct ledger_account **accounts; /* owned array of owned references */
    char **roots;                     /* owned array of owned strings: of each only once */
    size_t count;
    enum fault fault;
};

static enum fault open_account(const struct admin *admin, const char *directory,
                               struct ledger_account **ret_account)
{
    struct tree *tree = NULL;
    enum fault f = admin->open_tree(admin->tree_context, directory, &tree);
    if (!f)
        f = ledger_open_tree(admin->ledger, tree, ret_account);
    tree_unref(tree);
    return f;
}

/* ---- One row -----------------------------------------------------------------------------------
 */

static void put_left(json_t **row, const char *key, uint64_t limit, int64_t used)
{
    uint64_t amount = used > 0 ? (uint64_t)used : 0;
    answer_put_number(row, key, limit > amount ? limit - amount : 0);
}

/* {"of", "bytes", "files"} and, where there is a limit, what it is and what is left. */
static json_t *make_row(const char *kind, const char *name, const struct ledger_account *account,
                        const struct terms *terms)
{
    struct ledger_amount used = ledger_used(account);
    json_t *row = json_pack("{s:o, s:I, s:I}", "of", json_sprintf("%s %s", kind, name), "bytes",
                            (json_int_t)used.bytes, "files", (json_int_t)used.files);
    if (terms_has(terms, TERM_QUOTA_BYTES)) {
        uint64_t limit = terms->values[TERM_QUOTA_BYTES].number;
        answer_put_number(&row, "quota-bytes", limit);
        put_left(&row, "bytes-left", limit, used.bytes);
    }
    if (terms_has(terms, TERM_QUOTA_FILES)) {
        uint64_t limit = terms->values[TERM_QUOTA_FILES].number;
        answer_put_number(&row, "quota-files", limit);
        put_left(&row, "files-left", limit, used.files);
    }
    return row;
}

static bool has_quota(const struct terms *terms)
{
    return terms_has(terms, TERM_QUOTA_BYTES) || terms_has(terms, TERM_QUOTA_FILES);
}

/* A directory: the user's root, or a folder's. */
static bool put_directory(const struct admin *admin, const char *kind, const char *name,
                          const char *directory, const struct terms *terms, bool recount,
                          json_t **rows, struct refusal *refusal)
{
    struct ledger_account *account = NULL;
    enum fault f = open_account(admin, directory, &account);
    if (!f && recount)
        f = ledger_recount(account);
    if (!f)
        answer_append(rows, make_row(kind, name, account, terms));
    ledger_close(account);
    return !f ||
           refuse(refusal, f, NULL, "%s \"%s\": %s: %s", kind, name, directory, fault_text(f));
}

/* ---- Groups
 * --------------------------------------------------------------------------------------- */

static bool has_root(const struct members *members, const char *root)
{
    for (size_t i = 0; i < members->count; i++)
        if (text_equal(text_of(members->roots[i]), text_of(root)))
            return true;
    return false;
}

static enum fault add_root(struct members *members, const char *root)
{
    size_t wanted = members->count + 1;
    struct ledger_account **accounts = memory_resize(members->accounts, wanted,
                                                     sizeof(struct ledger_account *));
    if (accounts)
        members->accounts = accounts;
    char **roots = accounts ? memory_resize(members->roots, wanted, sizeof(char *)) : NULL;
    if (!roots)
        return FAULT_NO_MEMORY;
    members->roots = roots;
    roots[members->count] = memory_copy(root, strlen(root));
    if (!roots[members->count])
        return FAULT_NO_MEMORY;
    enum fault f = open_account(members->admin, root, &accounts[members->count]);
    if (f)
        memory_free(roots[members->count]);
    else
        members->count++;
    return f;
}

static bool add_member(void *context, struct text name)
{
    struct members *members = context;
    struct account_store *store = database_accounts(members->admin->database);
    struct account *user = NULL;
    members->fault = store->type->find(store, name, &user);
    if (!members->fault && user->root && !has_root(members, user->root))
        members->fault = add_root(members, user->root);
    account_free(user);
    return !members->fault;
}

static bool put_group(const struct admin *admin, const struct account_group *group, json_t **rows,
                      struct refusal *refusal)
{
    struct members members = {.admin = admin};
    struct ledger_account *account = NULL;
    enum fault f = database_each_member(admin->database, text_of(group->name), add_member,
                                        &members);
    if (!f)
        f = members.fault;
    if (!f)
        f = ledger_open_group(admin->ledger, group->name, members.accounts, members.count,
                              &account);
    if (!f)
        answer_append(rows, make_row("group", group->name, account, &group->terms));
    ledger_close(account);
    for (size_t i = 0; i < members.count; i++) {
        ledger_close(members.accounts[i]);
        memory_free(members.roots[i]);
    }
    memory_free(members.accounts);
    memory_free(members.roots);
    return !f || refuse(refusal, f, NULL, "group \"%s\": %s", group->name, fault_text(f));
}

/* ---- All that is about one user
 * ----------------------------------------------------------------------- */

static bool put_folders(const struct admin *admin, const struct account_mount *mounts, size_t count,
                        bool recount, json_t **rows, struct refusal *refusal)
{
    struct account_store *store = database_accounts(admin->database);
    for (size_t i = 0; i < count; i++) {
        struct account_folder *folder = NULL;
        enum fault f = store->type->find_folder(store, text_of(mounts[i].folder), &folder);
        if (f)
            return refuse(refusal, f, "folder", "\"%s\": %s", mounts[i].folder, fault_text(f));
        bool done = put_directory(admin, "folder", folder->name, folder->path, &folder->terms,
                                  recount, rows, refusal);
        account_folder_free(folder);
        if (!done)
            return false;
    }
    return true;
}

/* A group's folders always, its own row only where it has a quota: counting is dear. */
static bool put_groups(const struct admin *admin, const struct account *user, bool recount,
                       json_t **rows, struct refusal *refusal)
{
    struct account_store *store = database_accounts(admin->database);
    bool done = true;
    for (size_t i = 0; done && i < user->group_count; i++) {
        struct account_group *group = NULL;
        enum fault f = store->type->find_group(store, text_of(user->groups[i]), &group);
        if (f)
            return refuse(refusal, f, "group", "\"%s\": %s", user->groups[i], fault_text(f));
        done = put_folders(admin, group->mounts, group->mount_count, recount, rows, refusal) &&
               (!has_quota(&group->terms) || put_group(admin, group, rows, refusal));
        account_group_free(group);
    }
    return done;
}

json_t *quota_rows(const struct admin *admin, const struct account *account, bool recount,
                   struct refusal *refusal)
{
    json_t *rows = json_array();
    bool done = admin->ledger ||
                refuse(refusal, FAULT_UNSUPPORTED, NULL, "nothing is counted here");
    if (done && account->root)
        done = put_directory(admin, "user", account->name, account->root, &account->terms, recount,
                             &rows, refusal);
    done = done &&
           put_folders(admin, account->mounts, account->mount_count, recount, &rows, refusal) &&
           put_groups(admin, account, recount, &rows, refusal);
    if (done)
        return rows;
    json_decref(rows);
    return NULL;
}

static json_t *answer_rows(const struct admin *admin, const json_t *request, bool recount)
{
    struct refusal refusal = {.fault = FAULT_NO_MEMORY, .text = "out of memory"};
    struct account *account = NULL;
    if (!find_user(admin, request, "name", &account, &refusal))
        return answer_refusal(&refusal);
    json_t *rows = quota_rows(admin, account, recount, &refusal);
    account_free(account);
    return rows ? answer_with("quota", rows) : answer_refusal(&refusal);
}

json_t *admin_quota_show(const struct admin *admin, const json_t *request)
{
    return answer_rows(admin, request, false);
}

json_t *admin_quota_recount(const struct admin *admin, const json_t *request)
{
    return answer_rows(admin, request, true);
}

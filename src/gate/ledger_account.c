/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts of a ledger: found, opened, closed, and what the records have of them. */
#include "gate/ledger_account.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"

/* ---- Tables ------------------------------------------------------------------ */

static int compare(struct text a, struct text b)
{
    int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where it is, or would be. */
static size_t place_of(const struct ledger_table *table, struct text name)
{
    size_t first = 0;
    size_t end = table->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (compare(text_of(table->accounts[middle]->name), name) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

struct ledger_account *ledger_find(struct ledger *ledger, enum ledger_kind kind, struct text name)
{
    const struct ledger_table *table = &ledger->tables[kind];
    size_t place = place_of(table, name);
    if (place == table->count || !text_equal(text_of(table->accounts[place]->name), name))
        return NULL;
    return table->accounts[place];
}

static void free_account(struct ledger_account *account)
{
    memory_free(account->members);
    memory_free(account->name);
    memory_free(account);
}

static void remove_account(struct ledger_account *account)
{
    struct ledger_table *table = &account->ledger->tables[account->kind];
    size_t place = place_of(table, text_of(account->name));
    for (size_t i = 0; i < table->count; i++)
        if (table->accounts[i]->outer == account)
            table->accounts[i]->outer = account->outer;
    table->count--;
    memmove(table->accounts + place, table->accounts + place + 1,
            (table->count - place) * sizeof(struct ledger_account *));
    free_account(account);
}

/* One that nobody has, and that the records know as well. */
static bool drop_idle(struct ledger_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (!table->accounts[i]->references && !table->accounts[i]->pins &&
            !table->accounts[i]->is_dirty) {
            remove_account(table->accounts[i]);
            return true;
        }
    return false;
}

static bool make_room(struct ledger_table *table)
{
    if (table->count < table->room)
        return true;
    if (table->room >= LEDGER_ACCOUNTS_MAX)
        return drop_idle(table);
    size_t room = table->room ? table->room * 2 : 16;
    void *accounts = memory_resize(table->accounts, room, sizeof(struct ledger_account *));
    if (!accounts)
        return false;
    table->accounts = accounts;
    table->room = room;
    return true;
}

static struct text above(struct text directory)
{
    size_t slash = text_find_last(directory, '/');
    return (struct text){directory.at, slash == 0 && directory.len > 1 ? 1 : slash};
}

struct ledger_account *ledger_innermost(struct ledger *ledger, struct text directory)
{
    struct ledger_account *tree = ledger_find(ledger, LEDGER_TREE, directory);
    while (!tree && directory.len > 1) {
        directory = above(directory);
        tree = ledger_find(ledger, LEDGER_TREE, directory);
    }
    return tree;
}

/* It comes between the trees inside it and the one that it is in. */
static void put_between(struct ledger_account *tree)
{
    const struct ledger_table *table = &tree->ledger->tables[LEDGER_TREE];
    struct text name = text_of(tree->name);
    tree->outer = name.len > 1 ? ledger_innermost(tree->ledger, above(name)) : NULL;
    for (size_t i = 0; i < table->count; i++) {
        struct ledger_account *inner = table->accounts[i];
        struct text inner_name = text_of(inner->name);
        if (inner == tree || inner->outer != tree->outer || !text_starts_with(inner_name, name) ||
            (name.len > 1 && inner_name.at[name.len] != '/'))
            continue;
        inner->outer = tree;
        ledger_add(&tree->reserved, inner->reserved);
    }
}

struct ledger_account *ledger_add_account(struct ledger *ledger, enum ledger_kind kind,
                                          struct text name)
{
    struct ledger_table *table = &ledger->tables[kind];
    struct ledger_account *account = memory_new(sizeof(*account));
    if (account)
        account->name = memory_copy(name.at, name.len);
    if (!account || !account->name || !make_room(table)) {
        if (account)
            free_account(account);
        return NULL;
    }
    account->ledger = ledger;
    account->kind = kind;
    size_t place = place_of(table, name);
    memmove(table->accounts + place + 1, table->accounts + place,
            (table->count - place) * sizeof(struct ledger_account *));
    table->accounts[place] = account;
    table->count++;
    if (kind == LEDGER_TREE)
        put_between(account);
    return account;
}

/* ---- Records --------------------------------------------------------------------- */

static const char *put_key(const struct ledger_account *account, struct builder *b)
{
    builder_put_string(b, account->kind == LEDGER_TREE ? "tree " : "user ");
    builder_put_string(b, account->name);
    return builder_end(b);
}

static uint64_t at_least_0(int64_t number)
{
    return number > 0 ? (uint64_t)number : 0;
}

/* With `saving` held. */
static void save(const struct ledger_account *account, struct usage_record record)
{
    char bytes[LEDGER_KEY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct records *records = account->ledger->records;
    if (!records)
        return;
    enum fault f = records->type->save_usage(records, put_key(account, &b), &record);
    if (f)
        log_error("ledger-not-saved", LOG_TEXT("account", builder_text(&b)),
                  LOG_TEXT("fault", text_of(fault_text(f))));
}

static struct usage_record record_of(const struct ledger_account *account)
{
    return (struct usage_record){
        .bytes = at_least_0(account->used.bytes),
        .files = at_least_0(account->used.files),
        .uploaded_bytes = account->uploaded_bytes,
        .downloaded_bytes = account->downloaded_bytes,
    };
}

/* What nobody has any more, and has changed since the records knew it. */
static void save_idle(struct ledger_account *account)
{
    struct ledger *ledger = account->ledger;
    pthread_mutex_lock(&ledger->saving);
    pthread_mutex_lock(&ledger->lock);
    bool is_right = account->is_loaded && !account->needs_count;
    bool is_due = is_right && !account->references && account->is_dirty;
    struct usage_record record = record_of(account);
    if (is_due)
        account->is_dirty = false;
    pthread_mutex_unlock(&ledger->lock);
    if (is_due)
        save(account, record);
    pthread_mutex_unlock(&ledger->saving);
}

static void mark(struct ledger_account *tree)
{
    struct ledger *ledger = tree->ledger;
    pthread_mutex_lock(&ledger->saving);
    pthread_mutex_lock(&ledger->lock);
    bool is_due = !tree->is_dirty;
    struct usage_record record = record_of(tree);
    pthread_mutex_unlock(&ledger->lock);
    record.is_open = true;
    if (is_due)
        save(tree, record);
    pthread_mutex_lock(&ledger->lock);
    tree->is_dirty = true;
    pthread_mutex_unlock(&ledger->lock);
    pthread_mutex_unlock(&ledger->saving);
}

/* The first that the records may still believe to know; it stays until it is unpinned. */
static struct ledger_account *take_clean(struct ledger *ledger, struct text directory)
{
    pthread_mutex_lock(&ledger->lock);
    struct ledger_account *tree = ledger_innermost(ledger, directory);
    while (tree && tree->is_dirty)
        tree = tree->outer;
    if (tree)
        tree->pins++;
    pthread_mutex_unlock(&ledger->lock);
    return tree;
}

static void unpin(struct ledger_account *account)
{
    pthread_mutex_lock(&account->ledger->lock);
    account->pins--;
    pthread_mutex_unlock(&account->ledger->lock);
}

void ledger_mark_trees(struct ledger *ledger, struct text directory)
{
    for (struct ledger_account *tree = take_clean(ledger, directory); tree;
         tree = take_clean(ledger, directory)) {
        mark(tree);
        unpin(tree);
    }
}

/* ---- Opening --------------------------------------------------------------------- */

/* Takes it for a while: then nobody else reads its record or counts it. With `lock` held. */
static void take_alone(struct ledger_account *account)
{
    while (account->is_busy)
        pthread_cond_wait(&account->ledger->is_done, &account->ledger->lock);
    account->is_busy = true;
}

static void give_back(struct ledger_account *account)
{
    account->is_busy = false;
    pthread_cond_broadcast(&account->ledger->is_done);
}

/* FAULT_NOT_FOUND: the records do not know it, or not any more. */
static enum fault load(struct ledger_account *account)
{
    char bytes[LEDGER_KEY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct ledger *ledger = account->ledger;
    struct usage_record record = {.is_open = true};
    enum fault f = FAULT_NOT_FOUND;
    if (!ledger->records)
        return f;
    pthread_mutex_lock(&ledger->saving);
    f = ledger->records->type->load_usage(ledger->records, put_key(account, &b), &record);
    if (!f && account->kind == LEDGER_TREE && record.is_open)
        f = FAULT_NOT_FOUND;
    pthread_mutex_lock(&ledger->lock);
    if (!f) {
        /* What has changed since it was added is there already. */
        ledger_add(&account->used,
                   (struct ledger_amount){(int64_t)record.bytes, (int64_t)record.files});
        account->uploaded_bytes += record.uploaded_bytes;
        account->downloaded_bytes += record.downloaded_bytes;
    }
    pthread_mutex_unlock(&ledger->lock);
    pthread_mutex_unlock(&ledger->saving);
    return f;
}

/* FAULT_NONE: but for what others changed meanwhile it is right now. It is busy for this. */
static enum fault bring_up_to_date(struct ledger_account *account)
{
    struct ledger *ledger = account->ledger;
    enum fault f = account->is_loaded ? FAULT_NONE : load(account);
    if (f && f != FAULT_NOT_FOUND)
        return f;
    pthread_mutex_lock(&ledger->lock);
    account->is_loaded = true;
    account->needs_count |= account->kind == LEDGER_TREE && f;
    bool needs_count = account->needs_count;
    pthread_mutex_unlock(&ledger->lock);
    if (!needs_count)
        return FAULT_NONE;
    mark(account);
    return recount_run(account);
}

static enum fault open_account(struct ledger *ledger, enum ledger_kind kind, struct text name,
                               struct tree *tree, struct ledger_account **ret_account)
{
    pthread_mutex_lock(&ledger->lock);
    struct ledger_account *account = ledger_find(ledger, kind, name);
    if (!account)
        account = ledger_add_account(ledger, kind, name);
    if (!account) {
        pthread_mutex_unlock(&ledger->lock);
        return FAULT_NO_MEMORY;
    }
    account->references++;
    if (tree && !account->tree)
        account->tree = tree_ref(tree);
    take_alone(account);
    bool is_ready = account->is_loaded && !account->needs_count;
    pthread_mutex_unlock(&ledger->lock);
    enum fault f = is_ready ? FAULT_NONE : bring_up_to_date(account);
    pthread_mutex_lock(&ledger->lock);
    give_back(account);
    pthread_mutex_unlock(&ledger->lock);
    if (f)
        ledger_close(account);
    else
        *ret_account = account;
    return f;
}

enum fault ledger_open_tree(struct ledger *ledger, struct tree *tree,
                            struct ledger_account **ret_account)
{
    char bytes[LEDGER_KEY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct store *store = tree_store(tree);
    enum fault f = store->type->locate(store, &b);
    if (!f && b.full)
        f = FAULT_NAME_INVALID;
    return f ? f : open_account(ledger, LEDGER_TREE, builder_text(&b), tree, ret_account);
}

enum fault ledger_open_user(struct ledger *ledger, const char *key,
                            struct ledger_account **ret_account)
{
    if (text_of(key).len > LEDGER_KEY_SIZE - sizeof("user "))
        return FAULT_NAME_INVALID;
    return open_account(ledger, LEDGER_USER, text_of(key), NULL, ret_account);
}

enum fault ledger_recount(struct ledger_account *tree)
{
    struct ledger *ledger = tree->ledger;
    pthread_mutex_lock(&ledger->lock);
    take_alone(tree);
    pthread_mutex_unlock(&ledger->lock);
    mark(tree);
    enum fault f = recount_run(tree);
    pthread_mutex_lock(&ledger->lock);
    give_back(tree);
    pthread_mutex_unlock(&ledger->lock);
    return f;
}

/* ---- Groups ------------------------------------------------------------------------ */

static bool is_among(const struct ledger_account *tree, struct ledger_account *const *trees,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (trees[i] == tree)
            return true;
    return false;
}

/* Is what it has counted by another of them already? */
static bool is_inside(const struct ledger_account *tree, struct ledger_account *const *trees,
                      size_t count)
{
    for (tree = tree->outer; tree; tree = tree->outer)
        if (is_among(tree, trees, count))
            return true;
    return false;
}

/* Takes references. */
static size_t choose_members(struct ledger_account *const *trees, size_t count,
                             struct ledger_account **members)
{
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_among(trees[i], trees, i) && !is_inside(trees[i], trees, count)) {
            trees[i]->references++;
            members[chosen++] = trees[i];
        }
    return chosen;
}

/* Without `lock`: it may save them. */
static void close_members(struct ledger_account **members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ledger_close(members[i]);
    memory_free(members);
}

enum fault ledger_open_group(struct ledger *ledger, const char *name,
                             struct ledger_account *const *trees, size_t count,
                             struct ledger_account **ret_account)
{
    struct ledger_account **members = memory_new_array(count + 1, sizeof(struct ledger_account *));
    if (!members)
        return FAULT_NO_MEMORY;
    pthread_mutex_lock(&ledger->lock);
    struct ledger_account *group = ledger_find(ledger, LEDGER_GROUP, text_of(name));
    if (!group)
        group = ledger_add_account(ledger, LEDGER_GROUP, text_of(name));
    if (!group) {
        pthread_mutex_unlock(&ledger->lock);
        memory_free(members);
        return FAULT_NO_MEMORY;
    }
    group->references++;
    struct ledger_account **former = group->members;
    size_t former_count = group->member_count;
    group->members = members;
    group->member_count = choose_members(trees, count, members);
    pthread_mutex_unlock(&ledger->lock);
    close_members(former, former_count);
    *ret_account = group;
    return FAULT_NONE;
}

/* ---- Closing ------------------------------------------------------------------------ */

static void close_group(struct ledger_account *group)
{
    struct ledger *ledger = group->ledger;
    struct ledger_account **members = NULL;
    size_t count = 0;
    pthread_mutex_lock(&ledger->lock);
    if (--group->references == 0) {
        members = group->members;
        count = group->member_count;
        group->members = NULL;
        remove_account(group);
    }
    pthread_mutex_unlock(&ledger->lock);
    close_members(members, count);
}

void ledger_close(struct ledger_account *account)
{
    struct tree *tree = NULL;
    if (!account)
        return;
    if (account->kind == LEDGER_GROUP) {
        close_group(account);
        return;
    }
    pthread_mutex_lock(&account->ledger->lock);
    bool is_last = --account->references == 0;
    if (is_last) {
        tree = account->tree;
        account->tree = NULL;
        account->pins++; /* somebody who needs room may not drop it meanwhile */
    }
    pthread_mutex_unlock(&account->ledger->lock);
    tree_unref(tree);
    if (!is_last)
        return;
    save_idle(account);
    unpin(account);
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (int kind = 0; kind < LEDGER_KINDS; kind++) {
        struct ledger_table *table = &ledger->tables[kind];
        for (size_t i = 0; i < table->count; i++) {
            save_idle(table->accounts[i]);
            free_account(table->accounts[i]);
        }
        memory_free(table->accounts);
    }
    pthread_cond_destroy(&ledger->is_done);
    pthread_mutex_destroy(&ledger->saving);
    pthread_mutex_destroy(&ledger->lock);
    memory_free(ledger);
}

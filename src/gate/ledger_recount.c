/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting a tree while it changes. The directories that are still to be counted
 * are a list; a change in one of them, or anywhere below, is seen when its turn
 * comes, every other one is added when it happens. A directory leaves the list,
 * and those in it come, in its own turn, so each change is on one side or the other.
 */
#include "base/log.h"
#include "base/memory.h"
#include "gate/ledger_account.h"

enum {
    /* How often directories may change their places before it is taken as it is. */
    RECOUNT_TRIES = 5,
    /* Directories that wait at once. */
    PENDING_MAX = 1 << 20,
};

struct recount {
    struct store_census census;
    struct ledger *ledger; /* borrowed: the account's */
    size_t root_len;       /* of the tree's own path */
    char **pending;        /* owned array of owned: real paths */
    size_t count;
    size_t room;
    size_t current;  /* the one that is being counted */
    bool is_touched; /* something changed at or below that meanwhile, and was left to be seen */
    struct ledger_amount sum;
    bool is_spoiled;
};

static bool is_at_or_below(struct text path, struct text directory)
{
    if (!text_starts_with(path, directory))
        return false;
    return directory.len == 1 || path.len == directory.len || path.at[directory.len] == '/';
}

void recount_note(struct recount *recount, struct text directory, struct ledger_amount amount)
{
    for (size_t i = 0; i < recount->count; i++)
        if (is_at_or_below(directory, text_of(recount->pending[i]))) {
            recount->is_touched |= i == recount->current;
            return;
        }
    ledger_add(&recount->sum, amount);
}

void recount_spoil(struct recount *recount)
{
    recount->is_spoiled = true;
}

/* ---- The list; with the ledger's lock held -------------------------------------- */

static bool make_room(struct recount *recount)
{
    if (recount->count < recount->room)
        return true;
    size_t room = recount->room ? recount->room * 2 : 16;
    if (room > PENDING_MAX)
        return false;
    char **pending = memory_resize(recount->pending, room, sizeof(*pending));
    if (!pending)
        return false;
    recount->pending = pending;
    recount->room = room;
    return true;
}

static enum fault push(struct recount *recount, struct text path)
{
    char *copy = make_room(recount) ? memory_copy(path.at, path.len) : NULL;
    if (!copy)
        return FAULT_NO_MEMORY;
    recount->pending[recount->count++] = copy;
    return FAULT_NONE;
}

static void drop(struct recount *recount, size_t index)
{
    memory_free(recount->pending[index]);
    recount->pending[index] = recount->pending[--recount->count];
}

/* ---- One directory ------------------------------------------------------------------ */

static enum fault on_directory(struct store_census *census, const char *name)
{
    struct recount *recount = (struct recount *)census;
    char bytes[LEDGER_KEY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    pthread_mutex_lock(&recount->ledger->lock);
    struct text current = text_of(recount->pending[recount->current]);
    builder_put(&b, current);
    if (current.len > 1)
        builder_put_byte(&b, '/');
    builder_put_string(&b, name);
    /* Longer than a path may be: nothing can be stored there, and the others want to log in. */
    if (b.full)
        log_warning("ledger-directory-too-deep", LOG_TEXT("path", current));
    enum fault f = b.full ? FAULT_NONE : push(recount, builder_text(&b));
    pthread_mutex_unlock(&recount->ledger->lock);
    return f;
}

static void on_counted(struct store_census *census, int64_t bytes, int64_t files)
{
    struct recount *recount = (struct recount *)census;
    pthread_mutex_lock(&recount->ledger->lock);
    ledger_add(&recount->sum, (struct ledger_amount){bytes, files});
    drop(recount, recount->current);
    pthread_mutex_unlock(&recount->ledger->lock);
}

/* It went meanwhile, is nobody's to read, or too deep to be named. */
static bool can_do_without(enum fault f)
{
    return f == FAULT_NOT_FOUND || f == FAULT_NOT_DIRECTORY || f == FAULT_LINK_LOOP ||
           f == FAULT_DENIED || f == FAULT_NAME_INVALID;
}

/*
 * It cannot be counted: so it is no more of those that wait. Unless it is there again, and
 * changed, by now.
 */
static void give_up_unless_touched(struct recount *recount)
{
    pthread_mutex_lock(&recount->ledger->lock);
    if (!recount->is_touched)
        drop(recount, recount->current);
    pthread_mutex_unlock(&recount->ledger->lock);
}

static enum fault count_next(struct recount *recount, struct store *store)
{
    pthread_mutex_lock(&recount->ledger->lock);
    recount->current = recount->count - 1;
    recount->is_touched = false;
    const char *path = recount->pending[recount->current];
    pthread_mutex_unlock(&recount->ledger->lock);
    bool is_root = text_of(path).len <= recount->root_len;
    enum fault f = store->type->count(store, is_root ? "" : path + recount->root_len,
                                      &recount->census);
    if (!f || is_root || !can_do_without(f))
        return f;
    if (f == FAULT_DENIED)
        log_warning("ledger-directory-unreadable", LOG_TEXT("path", text_of(path)));
    if (f == FAULT_NAME_INVALID)
        log_warning("ledger-directory-too-deep", LOG_TEXT("path", text_of(path)));
    give_up_unless_touched(recount);
    return FAULT_NONE;
}

/* ---- A tree --------------------------------------------------------------------------- */

static enum fault begin(struct ledger_account *tree, struct recount *recount)
{
    pthread_mutex_lock(&tree->ledger->lock);
    enum fault f = push(recount, text_of(tree->name));
    tree->recount = f ? NULL : recount;
    pthread_mutex_unlock(&tree->ledger->lock);
    return f;
}

static void end(struct ledger_account *tree, const struct recount *recount, enum fault f)
{
    pthread_mutex_lock(&tree->ledger->lock);
    tree->recount = NULL;
    if (!f) {
        tree->used = recount->sum;
        tree->needs_count = recount->is_spoiled;
    }
    pthread_mutex_unlock(&tree->ledger->lock);
}

/* *ret_is_right: no directory changed its place meanwhile. */
static enum fault count_once(struct ledger_account *tree, bool *ret_is_right)
{
    struct recount recount = {
        .census = {on_directory, on_counted},
        .ledger = tree->ledger,
        .root_len = text_of(tree->name).len,
    };
    enum fault f = begin(tree, &recount);
    while (!f && recount.count)
        f = count_next(&recount, tree_store(tree->tree));
    end(tree, &recount, f);
    *ret_is_right = !recount.is_spoiled;
    while (recount.count)
        drop(&recount, recount.count - 1);
    memory_free(recount.pending);
    return f;
}

enum fault recount_run(struct ledger_account *tree)
{
    enum fault f = FAULT_NONE;
    bool is_right = false;
    for (int i = 0; !f && !is_right && i < RECOUNT_TRIES; i++)
        f = count_once(tree, &is_right);
    return f;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/ledger_account.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"

/* ---- Amounts ------------------------------------------------------------------ */

static struct ledger_amount taken_by_tree(const struct ledger_account *tree)
{
    struct ledger_amount amount = tree->used;
    ledger_add(&amount, tree->reserved);
    return amount;
}

/* `counts` says what of each tree. */
static struct ledger_amount sum_of(const struct ledger_account *account,
                                   struct ledger_amount (*counts)(const struct ledger_account *))
{
    struct ledger_amount sum = {0, 0};
    if (account->kind == LEDGER_TREE)
        return counts(account);
    for (size_t i = 0; i < account->member_count; i++)
        ledger_add(&sum, counts(account->members[i]));
    return sum;
}

static struct ledger_amount used_by_tree(const struct ledger_account *tree)
{
    return tree->used;
}

struct ledger_amount ledger_used(const struct ledger_account *account)
{
    pthread_mutex_lock(&account->ledger->lock);
    struct ledger_amount amount = sum_of(account, used_by_tree);
    pthread_mutex_unlock(&account->ledger->lock);
    return amount;
}

struct ledger_amount ledger_taken(const struct ledger_account *account)
{
    pthread_mutex_lock(&account->ledger->lock);
    struct ledger_amount amount = sum_of(account, taken_by_tree);
    pthread_mutex_unlock(&account->ledger->lock);
    return amount;
}

/* ---- Reserving ------------------------------------------------------------------- */

/* What is more than can be counted is within no limit, and not without one either. */
static bool is_within(int64_t taken, int64_t more, uint64_t limit)
{
    int64_t sum;
    if (more <= 0)
        return true;
    if (__builtin_add_overflow(taken, more, &sum))
        return false;
    return limit == LEDGER_NO_LIMIT || sum <= 0 || (uint64_t)sum <= limit;
}

static bool is_allowed(const struct ledger_limit *limit, struct ledger_amount more)
{
    struct ledger_amount taken = sum_of(limit->account, taken_by_tree);
    return is_within(taken.bytes, more.bytes, limit->bytes) &&
           is_within(taken.files, more.files, limit->files);
}

static void add_reserved(struct store_claim *claim, struct ledger_amount amount)
{
    ledger_add(&claim->reserved, amount);
    for (struct ledger_account *tree = claim->tree; tree; tree = tree->outer)
        ledger_add(&tree->reserved, amount);
}

static void give_back(struct store_claim *claim, struct ledger_amount amount)
{
    add_reserved(claim, (struct ledger_amount){-amount.bytes, -amount.files});
}

static int64_t at_least_0(int64_t number)
{
    return number > 0 ? number : 0;
}

/* Can all trees that have this one still say how much is in them? */
static bool can_count(const struct ledger_account *tree, struct ledger_amount more)
{
    for (; tree; tree = tree->outer) {
        struct ledger_amount taken = taken_by_tree(tree);
        if (!is_within(taken.bytes, more.bytes, LEDGER_NO_LIMIT) ||
            !is_within(taken.files, more.files, LEDGER_NO_LIMIT))
            return false;
    }
    return true;
}

static enum fault reserve(struct store_claim *claim, struct ledger_amount wanted)
{
    const struct ledger_amount more = {
        at_least_0(wanted.bytes - claim->reserved.bytes),
        at_least_0(wanted.files - claim->reserved.files),
    };
    if (!claim->tree)
        return FAULT_NONE;
    for (size_t i = 0; i < claim->limit_count; i++)
        if (!is_allowed(&claim->limits[i], more)) {
            claim->rule = claim->limits[i].rule;
            return FAULT_TOO_LARGE;
        }
    if (!can_count(claim->tree, more))
        return FAULT_TOO_LARGE;
    add_reserved(claim, more);
    return FAULT_NONE;
}

static enum fault check_size(struct store_claim *claim, uint64_t size)
{
    if (size <= claim->file_bytes)
        return FAULT_NONE;
    claim->rule = claim->file_rule;
    return FAULT_TOO_LARGE;
}

enum fault ledger_extend(struct store_claim *claim, struct ledger_amount amount, uint64_t size)
{
    enum fault f = check_size(claim, size);
    if (f || !claim->tree)
        return f;
    pthread_mutex_lock(&claim->tree->ledger->lock);
    ledger_subtract(&amount, claim->settled);
    f = reserve(claim, amount);
    pthread_mutex_unlock(&claim->tree->ledger->lock);
    return f;
}

void ledger_release(struct store_claim *claim)
{
    if (!claim->tree)
        return;
    pthread_mutex_lock(&claim->tree->ledger->lock);
    give_back(claim, claim->reserved);
    pthread_mutex_unlock(&claim->tree->ledger->lock);
}

/* ---- What the stores tell --------------------------------------------------------- */

static struct ledger *ledger_of(struct store_watch *watch)
{
    return (struct ledger *)watch;
}

static enum fault on_begin(struct store_watch *watch, const struct store_shift *shift)
{
    struct ledger *ledger = ledger_of(watch);
    struct store_claim *claim = shift->claim;
    enum fault f = claim && shift->bytes > 0 ? check_size(claim, shift->size) : FAULT_NONE;
    if (f)
        return f;
    ledger_mark_trees(ledger, text_of(shift->directory));
    if (!claim)
        return FAULT_NONE;
    pthread_mutex_lock(&ledger->lock);
    f = reserve(claim, (struct ledger_amount){shift->bytes, shift->files});
    pthread_mutex_unlock(&ledger->lock);
    return f;
}

static int64_t at_most(int64_t number, int64_t limit)
{
    return number < limit ? number : limit;
}

/*
 * What came of what was reserved is reserved no more; what the upload took away again, or
 * out of what it replaces, is reserved for it until it ends.
 */
static void settle(struct store_claim *claim, struct ledger_amount change)
{
    const struct ledger_amount over = {
        at_most(change.bytes, claim->reserved.bytes),
        at_most(change.files, claim->reserved.files),
    };
    ledger_add(&claim->settled, change);
    give_back(claim, over);
}

static void add_change(struct ledger *ledger, const struct store_shift *shift)
{
    const struct ledger_amount change = {shift->bytes, shift->files};
    struct text directory = text_of(shift->directory);
    for (struct ledger_account *tree = ledger_innermost(ledger, directory); tree;
         tree = tree->outer) {
        ledger_add(&tree->used, change);
        if (tree->recount)
            recount_note(tree->recount, directory, change);
    }
    if (shift->claim)
        settle(shift->claim, change);
}

static void on_end(struct store_watch *watch, const struct store_shift *shift,
                   const struct store_shift *other)
{
    struct ledger *ledger = ledger_of(watch);
    pthread_mutex_lock(&ledger->lock);
    add_change(ledger, shift);
    if (other)
        add_change(ledger, other);
    pthread_mutex_unlock(&ledger->lock);
}

/* Of the trees that have one of the two: those that do not have the other are wrong now. */
static void note_move(struct ledger *ledger, struct text one, struct text other)
{
    const struct ledger_account *common = ledger_innermost(ledger, other);
    for (struct ledger_account *tree = ledger_innermost(ledger, one); tree; tree = tree->outer) {
        const struct ledger_account *same = common;
        while (same && same != tree)
            same = same->outer;
        tree->needs_count |= !same;
        if (tree->recount)
            recount_spoil(tree->recount);
    }
}

static void on_move(struct store_watch *watch, const char *from, const char *to)
{
    struct ledger *ledger = ledger_of(watch);
    ledger_mark_trees(ledger, text_of(from));
    ledger_mark_trees(ledger, text_of(to));
    pthread_mutex_lock(&ledger->lock);
    note_move(ledger, text_of(from), text_of(to));
    note_move(ledger, text_of(to), text_of(from));
    pthread_mutex_unlock(&ledger->lock);
}

/* One that somebody has and that is wrong, with a reference; an idle one is counted when opened. */
static struct ledger_account *take_wrong(struct ledger *ledger)
{
    struct ledger_account *wrong = NULL;
    const struct ledger_table *trees = &ledger->tables[LEDGER_TREE];
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < trees->count && !wrong; i++)
        if (trees->accounts[i]->needs_count && trees->accounts[i]->tree)
            wrong = trees->accounts[i];
    if (wrong)
        wrong->references++;
    pthread_mutex_unlock(&ledger->lock);
    return wrong;
}

static void after_move(struct store_watch *watch)
{
    enum fault f = FAULT_NONE;
    struct ledger_account *tree = take_wrong(ledger_of(watch));
    while (tree) {
        f = ledger_recount(tree);
        if (f)
            log_error("ledger-not-counted", LOG_TEXT("tree", text_of(tree->name)),
                      LOG_TEXT("fault", text_of(fault_text(f))));
        ledger_close(tree);
        tree = f ? NULL : take_wrong(ledger_of(watch));
    }
}

/* ---- Ratios ------------------------------------------------------------------------ */

enum fault ledger_take_download(struct ledger_account *user, uint64_t up, uint64_t down,
                                uint64_t bytes)
{
    enum fault f = FAULT_DENIED;
    pthread_mutex_lock(&user->ledger->lock);
    unsigned __int128 wanted = (unsigned __int128)user->downloaded_bytes + bytes;
    /* What adds nothing always goes. */
    if (!bytes || wanted * up <= (unsigned __int128)user->uploaded_bytes * down) {
        user->downloaded_bytes += bytes;
        user->is_dirty = true;
        f = FAULT_NONE;
    }
    pthread_mutex_unlock(&user->ledger->lock);
    return f;
}

void ledger_return_download(struct ledger_account *user, uint64_t bytes)
{
    pthread_mutex_lock(&user->ledger->lock);
    user->downloaded_bytes -= bytes;
    pthread_mutex_unlock(&user->ledger->lock);
}

void ledger_add_upload(struct ledger_account *user, uint64_t bytes)
{
    pthread_mutex_lock(&user->ledger->lock);
    user->uploaded_bytes += bytes;
    user->is_dirty = true;
    pthread_mutex_unlock(&user->ledger->lock);
}

/* ---- The ledger ---------------------------------------------------------------------- */

struct store_watch *ledger_watch(struct ledger *ledger)
{
    return &ledger->watch;
}

struct ledger *ledger_new(struct records *records)
{
    static const struct store_watch_type type = {
        .begin = on_begin, .end = on_end, .on_move = on_move, .after_move = after_move};
    struct ledger *ledger = memory_new(sizeof(*ledger));
    if (!ledger)
        return NULL;
    ledger->watch.type = &type;
    ledger->records = records;
    pthread_mutex_init(&ledger->lock, NULL);
    pthread_mutex_init(&ledger->saving, NULL);
    pthread_cond_init(&ledger->is_done, NULL);
    return ledger;
}

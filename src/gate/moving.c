/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/moving.h"

#include "base/memory.h"

enum {
    /* Paths of the directories that have been found and not yet been looked at. */
    PENDING_BYTES_MAX = 1024 * 1024,
};

struct move {
    const struct policy *policy; /* borrowed: the login's */
    const char *from;            /* borrowed: the places' */
    const char *to;              /* borrowed: likewise */
    struct store_directory *top; /* owned: what is moved */
    struct builder pending;      /* its bytes owned: paths below the top, a NUL behind each */
};

/* Do the same rules hold for what is there, when it has its other name? */
static bool is_even(const struct move *move, const char *below)
{
    char before[PLACE_PATH_SIZE];
    char after[PLACE_PATH_SIZE];
    struct builder from = builder_on(before, sizeof(before));
    struct builder to = builder_on(after, sizeof(after));
    builder_put_string(&from, move->from);
    builder_put_byte(&from, '/');
    builder_put_string(&from, below);
    builder_put_string(&to, move->to);
    builder_put_byte(&to, '/');
    builder_put_string(&to, below);
    builder_end(&from);
    builder_end(&to);
    if (from.full || to.full)
        return false;
    for (unsigned i = 0; i < ACTION_COUNT; i++) {
        struct verdict old = policy_decide(move->policy, (enum action)i, before);
        struct verdict new = policy_decide(move->policy, (enum action)i, after);
        if (old.allowed != new.allowed || old.hidden != new.hidden)
            return false;
    }
    return true;
}

static enum fault look_at(struct move *move, struct store_directory *directory, const char *above,
                          struct text name, enum store_kind kind)
{
    char bytes[PLACE_PATH_SIZE];
    struct builder below = builder_on(bytes, sizeof(bytes));
    struct store_info info = {.kind = kind};
    enum fault f = FAULT_NONE;
    if (kind == STORE_UNKNOWN)
        f = directory->type->info(directory, name.at, false, &info);
    if (f)
        return f == FAULT_NOT_FOUND ? FAULT_NONE : f;
    builder_put_string(&below, above);
    if (below.len)
        builder_put_byte(&below, '/');
    builder_put(&below, name);
    builder_end(&below);
    if (below.full || !is_even(move, bytes))
        return FAULT_DENIED;
    if (info.kind == STORE_DIRECTORY)
        builder_put(&move->pending, (struct text){bytes, below.len + 1});
    return move->pending.full ? FAULT_LISTING_TOO_LARGE : FAULT_NONE;
}

static enum fault look_in(struct move *move, const char *below)
{
    struct store_directory *directory = NULL;
    struct text name;
    enum store_kind kind;
    enum fault f = move->top->type->open_below(move->top, below, &directory);
    while (!f) {
        f = directory->type->next(directory, &name, &kind);
        if (f || !name.len)
            break;
        f = look_at(move, directory, below, name, kind);
    }
    if (directory)
        directory->type->close(directory);
    return f;
}

/* Takes the last one off; false when there is none. */
static bool take_pending(struct move *move, char below[PLACE_PATH_SIZE])
{
    struct builder b = builder_on(below, PLACE_PATH_SIZE);
    struct text pending = builder_text(&move->pending);
    if (!pending.len)
        return false;
    pending.len--;
    size_t nul = text_find_last(pending, '\0');
    size_t first = nul == pending.len ? 0 : nul + 1;
    builder_put(&b, text_after(pending, first));
    builder_end(&b);
    move->pending.len = first;
    return true;
}

static enum fault look_at_all(struct move *move)
{
    char below[PLACE_PATH_SIZE];
    char *bytes = memory_new(PENDING_BYTES_MAX);
    if (!bytes)
        return FAULT_NO_MEMORY;
    move->pending = builder_on(bytes, PENDING_BYTES_MAX);
    enum fault f = look_in(move, "");
    while (!f && take_pending(move, below))
        f = look_in(move, below);
    memory_free(bytes);
    return f;
}

/* Could its content be had at the new place, which may not be had at the old one? */
static bool uncovers(const struct move *move)
{
    static const enum action actions[] = {ACTION_READ, ACTION_HASH};
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (!policy_decide(move->policy, actions[i], move->from).allowed &&
            policy_decide(move->policy, actions[i], move->to).allowed)
            return true;
    return false;
}

enum fault moving_allow(const struct caller *caller, const struct place *source,
                        const struct place *target)
{
    struct move move = {
        .policy = login_policy(caller->login),
        .from = place_real(source),
        .to = place_real(target),
    };
    if (!policy_depends_on_path(move.policy))
        return FAULT_NONE;
    enum fault f = source->store->type->open_directory(source->store, source->path, false,
                                                       &move.top);
    if (f == FAULT_NOT_DIRECTORY || f == FAULT_NOT_FOUND) /* what is wrong, the rename says */
        return uncovers(&move) ? place_refuse(caller, ACTION_RENAME, source->shown,
                                              "it could be read there, and not here", FAULT_DENIED)
                               : FAULT_NONE;
    if (!f) {
        f = look_at_all(&move);
        move.top->type->close(move.top);
    }
    if (f == FAULT_DENIED)
        return place_refuse(caller, ACTION_RENAME, source->shown,
                            "other rules hold for what is in it", f);
    return f ? place_audit(caller, ACTION_RENAME, source->shown, target->shown, f) : FAULT_NONE;
}

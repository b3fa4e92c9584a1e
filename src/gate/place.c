/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/place.h"

#include "base/memory.h"

/* "folder NAME: read-only" */
enum { RULE_SIZE = 320 };

/* ---- Audit ----------------------------------------------------------------------- */

struct audit_event place_event(const struct caller *caller, enum action action, const char *path)
{
    return (struct audit_event){
        .action = action,
        .session = caller->session,
        .host = login_host(caller->login),
        .user = login_name(caller->login),
        .detail = login_detail(caller->login),
        .anonymous = login_is_anonymous(caller->login),
        .peer = caller->peer,
        .folder = text_of(tree_name(caller->tree)),
        .path = text_of(path),
    };
}

/* By who may wait for what a loop may not. */
static bool is_asked_again(const struct caller *caller, enum fault f)
{
    return caller->at_once && f == FAULT_BUSY;
}

enum fault place_audit(const struct caller *caller, enum action action, const char *path,
                       const char *other_path, enum fault f)
{
    struct audit_event event = place_event(caller, action, path);
    if (is_asked_again(caller, f))
        return f;
    event.fault = f;
    event.other_path = text_of(other_path);
    audit_record(caller->audit, &event);
    return f;
}

enum fault place_refuse(const struct caller *caller, enum action action, const char *path,
                        const char *rule, enum fault f)
{
    struct audit_event event = place_event(caller, action, path);
    if (is_asked_again(caller, f))
        return f;
    event.fault = f;
    event.rule = rule;
    audit_record(caller->audit, &event);
    return f;
}

/* ---- Virtual folders ---------------------------------------------------------------- */

/* They are in the user's own root only, not in what SMNT selected. */
static size_t mount_count(const struct caller *caller)
{
    bool is_home = caller->tree == login_home(caller->login);
    return is_home ? login_mount_count(caller->login) : 0;
}

/* Is the path the directory itself or below it? */
static bool is_within(const char *path, struct text directory)
{
    return text_starts_with(text_of(path), directory) &&
           (!path[directory.len] || path[directory.len] == '/');
}

/* The folder that the path is in: the innermost one. */
static const struct login_mount *mount_of(const struct caller *caller, const char *path)
{
    const struct login_mount *found = NULL;
    for (size_t i = 0; i < mount_count(caller); i++) {
        const struct login_mount *mount = login_mount(caller->login, i);
        if (is_within(path, text_of(mount->at)) &&
            (!found || strlen(mount->at) > strlen(found->at)))
            found = mount;
    }
    return found;
}

bool place_has_mount_below(const struct caller *caller, const char *path)
{
    struct text directory = text_of(path);
    if (text_equal(directory, TEXT("/")))
        return mount_count(caller) > 0;
    for (size_t i = 0; i < mount_count(caller); i++) {
        const char *at = login_mount(caller->login, i)->at;
        if (strlen(at) > directory.len && is_within(at, directory))
            return true;
    }
    return false;
}

const struct login_mount *place_next_mount(const struct caller *caller, const char *directory,
                                           size_t *index, const char **ret_name)
{
    struct text above = text_of(directory);
    if (text_equal(above, TEXT("/")))
        above.len = 0;
    while (*index < mount_count(caller)) {
        const struct login_mount *mount = login_mount(caller->login, (*index)++);
        struct text at = text_of(mount->at);
        if (text_find_last(at, '/') == above.len && text_starts_with(at, above)) {
            *ret_name = mount->at + above.len + 1;
            return mount;
        }
    }
    return NULL;
}

/* ---- Where it is ---------------------------------------------------------------------- */

/* What of a user's path is the store's. */
static const char *path_in_store(const char *path, const struct login_mount *mount)
{
    const char *rest = mount ? path + strlen(mount->at) : path;
    return *rest ? rest : "/";
}

static struct place place_of(const struct caller *caller, const char *path)
{
    struct place place = {.tree = caller->tree, .shown = path};
    place.mount = mount_of(caller, path);
    if (place.mount)
        place.tree = place.mount->tree;
    place.path = path_in_store(path, place.mount);
    place.store = tree_store(place.tree);
    if (caller->at_once)
        place.store = place.store->at_once;
    return place;
}

/* From here on the place is where the user's path really leads. */
static enum fault set_real(struct place *place, struct text real)
{
    place->store = place->store->straight;
    if (text_equal(real, text_of(place->shown)))
        return FAULT_NONE;
    place->owned = memory_copy(real.at, real.len);
    if (!place->owned)
        return FAULT_NO_MEMORY;
    place->path = path_in_store(place->owned, place->mount);
    return FAULT_NONE;
}

static bool is_of_the_path(enum fault f)
{
    return f == FAULT_NOT_FOUND || f == FAULT_NOT_DIRECTORY || f == FAULT_DENIED ||
           f == FAULT_LINK_LOOP || f == FAULT_NAME_INVALID;
}

static enum fault find_real(const struct caller *caller, struct place *place, enum place_end end)
{
    char bytes[PLACE_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const char *at = place->mount ? place->mount->at : "";
    builder_put_string(&b, at);
    enum fault f = place->store->type->real_path(place->store, place->path, end == PLACE_FOLLOW,
                                                 &b);
    if (b.len == strlen(at) + 1 && b.len > 1)
        b.len--; /* the folder itself: what is behind its name is "/" */
    builder_end(&b);
    if (!f && b.full)
        f = FAULT_NAME_INVALID;
    /* What a folder covers is not there, by a link either. */
    if (!f && mount_of(caller, bytes) != place->mount)
        f = FAULT_NOT_FOUND;
    if (!is_of_the_path(f))
        return f ? f : set_real(place, builder_text(&b));
    place->way = FAULT_NOT_FOUND;
    return FAULT_NONE;
}

enum fault place_locate(const struct caller *caller, const char *path, enum place_end end,
                        struct place *ret_place)
{
    struct place place = place_of(caller, path);
    if (!place.store)
        return FAULT_BUSY;
    if (policy_depends_on_path(login_policy(caller->login))) {
        enum fault f = find_real(caller, &place, end);
        if (f)
            return f;
    }
    *ret_place = place;
    return FAULT_NONE;
}

enum fault place_locate_in(const struct caller *caller, const char *path, const char *real,
                           struct place *ret_place)
{
    struct place place = place_of(caller, path);
    enum fault f = set_real(&place, text_of(real));
    if (!f)
        *ret_place = place;
    return f;
}

enum fault place_locate_below(const struct caller *caller, const struct gate_directory *tree,
                              const char *path, struct place *ret_place)
{
    char bytes[PLACE_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_string(&b, tree->real);
    builder_put_string(&b, path + strlen(tree->path));
    builder_end(&b);
    return b.full ? FAULT_NAME_INVALID : place_locate_in(caller, path, bytes, ret_place);
}

void place_done(struct place *place)
{
    memory_free(place->owned);
}

bool place_is_taken(const struct place *place, bool follow)
{
    struct store_info info;
    return !place->way &&
           place->store->type->stat(place->store, place->path, follow, &info) != FAULT_NOT_FOUND;
}

/* ---- Whether they may -------------------------------------------------------------------- */

/* What virtual folders forbid whoever it is; NULL: nothing. */
static const char *folder_rule(const struct caller *caller, enum action action,
                               const struct place *place, char rule[RULE_SIZE])
{
    struct builder b = builder_on(rule, RULE_SIZE);
    if (!action_changes(action))
        return NULL;
    if (place->mount && text_equal(text_of(place->path), TEXT("/")))
        return "it is a virtual folder";
    if (place->mount && place->mount->read_only) {
        builder_put_string(&b, "folder ");
        builder_put_string(&b, place->mount->name);
        builder_put_string(&b, ": read-only");
        return builder_end(&b);
    }
    if ((action == ACTION_RENAME || action == ACTION_REMOVE_DIRECTORY) &&
        place_has_mount_below(caller, place_real(place)))
        return "a virtual folder is in it";
    return NULL;
}

/* A name that is hidden is so wherever it leads. */
static struct verdict decide(const struct caller *caller, enum action action,
                             const struct place *place, char rule[RULE_SIZE])
{
    const struct policy *policy = login_policy(caller->login);
    struct verdict verdict = {.hidden = false};
    if (place->owned && policy_hides(policy))
        verdict = policy_decide(policy, action, place->shown);
    if (!verdict.hidden)
        verdict = policy_decide(policy, action, place_real(place));
    const char *folder = verdict.allowed ? folder_rule(caller, action, place, rule) : NULL;
    if (folder)
        verdict = (struct verdict){.rule = folder};
    return verdict;
}

enum fault place_allow(const struct caller *caller, enum action action, const struct place *place)
{
    char rule[RULE_SIZE];
    struct verdict verdict = decide(caller, action, place, rule);
    if (verdict.allowed)
        return place->way;
    return place_refuse(caller, action, place->shown, verdict.rule,
                        verdict.hidden ? FAULT_NOT_FOUND : FAULT_DENIED);
}

bool place_may(const struct caller *caller, enum action action, const struct place *place)
{
    char rule[RULE_SIZE];
    return decide(caller, action, place, rule).allowed;
}

unsigned place_rights(const struct caller *caller, const struct place *place)
{
    char rule[RULE_SIZE];
    const struct policy *policy = login_policy(caller->login);
    unsigned rights = policy_rights(policy, place_real(place));
    bool has_other_name = place->owned && policy_hides(policy);
    for (unsigned i = 0; i < ACTION_COUNT; i++)
        if (rights & 1U << i &&
            ((has_other_name && policy_decide(policy, (enum action)i, place->shown).hidden) ||
             folder_rule(caller, (enum action)i, place, rule)))
            rights &= ~(1U << i);
    return rights;
}

enum fault place_find(const struct caller *caller, enum action action, const char *path,
                      enum place_end end, struct place *ret_place)
{
    struct place place;
    enum fault f = place_locate(caller, path, end, &place);
    if (f)
        return f;
    f = place_allow(caller, action, &place);
    if (f)
        place_done(&place);
    else
        *ret_place = place;
    return f;
}

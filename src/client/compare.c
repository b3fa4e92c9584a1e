/* SPDX-License-Identifier: Apache-2.0 */
#include "client/compare.h"

/* Two directories, while their names are gone through. */
struct walk {
    const struct compare_rules *rules; /* borrowed: the caller's, as all below */
    const char *path;
    enum fault (*on_action)(void *owner, const struct compare_action *action);
    void *owner;
};

static enum fault act(const struct walk *walk, enum compare_deed deed, const struct entry *source,
                      const struct entry *target)
{
    const struct compare_action action = {deed, source, target};
    return walk->on_action(walk->owner, &action);
}

/* No entry of a directory: to delete a ".." that a server lists would be another's. */
static bool is_name(const char *name)
{
    struct text t = text_of(name);
    bool is_dots = text_equal(t, TEXT(".")) || text_equal(t, TEXT(".."));
    return !is_dots && text_find(t, '/') == t.len;
}

static enum entry_kind kind_of(const struct compare_rules *rules, const struct entry *entry)
{
    return rules->takes_links && entry->target ? ENTRY_LINK : entry->kind;
}

static bool takes(const struct walk *walk, const struct entry *entry)
{
    char path[FILTER_PATH_MAX + 1];
    struct builder b = builder_on(path, sizeof(path));
    if (!walk->rules->filter)
        return true;
    builder_put_string(&b, walk->path);
    if (b.len)
        builder_put_byte(&b, '/');
    builder_put_string(&b, entry->name);
    builder_end(&b);
    bool is_directory = kind_of(walk->rules, entry) == ENTRY_DIRECTORY;
    return !b.full && filter_takes(walk->rules->filter, path, is_directory);
}

/* ---- What is to be done with one name -------------------------------------------------- */

/* Where the target has nothing. */
static enum compare_deed make(const struct compare_rules *rules, const struct entry *source)
{
    switch (kind_of(rules, source)) {
    case ENTRY_FILE:
        return COMPARE_COPY;
    case ENTRY_DIRECTORY:
        return COMPARE_MAKE_DIRECTORY;
    case ENTRY_LINK:
        return rules->takes_links && source->target ? COMPARE_LINK : COMPARE_SKIP;
    default:
        return COMPARE_SKIP;
    }
}

static bool is_other_file(const struct compare_rules *rules, const struct entry *source,
                          const struct entry *target)
{
    const bool counts_size = !rules->ignores_size && !rules->is_text;
    const bool has_sizes = source->has_size && target->has_size;
    const bool is_rough = source->size_is_rough || target->size_is_rough;
    const bool knows_sizes = counts_size && has_sizes && !is_rough;
    const bool knows_times = !rules->ignores_time && source->precision && target->precision;
    if (knows_sizes && source->size != target->size)
        return true;
    if (!knows_times)
        return !knows_sizes && (counts_size || !rules->ignores_time);
    if (rules->target_dates_it)
        return entry_is_newer(source, target, rules->slack_s);
    return !entry_same_time(source, target, rules->slack_s);
}

/* Is what the target has of this kind to be replaced? */
static bool is_replaced(const struct compare_rules *rules, const struct entry *source,
                        const struct entry *target)
{
    if (rules->only_missing)
        return false;
    if (rules->only_newer)
        return entry_is_newer(source, target, rules->slack_s);
    if (kind_of(rules, source) == ENTRY_LINK)
        return !target->target || strcmp(source->target, target->target) != 0;
    return is_other_file(rules, source, target);
}

static bool gives_way(const struct walk *walk, const struct entry *source,
                      const struct entry *target)
{
    const struct compare_rules *rules = walk->rules;
    if (!rules->deletes || rules->only_missing || !takes(walk, target))
        return false;
    return !rules->only_newer || entry_is_newer(source, target, rules->slack_s);
}

/* `target` may be NULL. */
static enum fault decide(const struct walk *walk, const struct entry *source,
                         const struct entry *target)
{
    const struct compare_rules *rules = walk->rules;
    enum compare_deed deed = is_name(source->name) ? make(rules, source) : COMPARE_SKIP;
    if (!takes(walk, source))
        return FAULT_NONE;
    if (!target || deed == COMPARE_SKIP)
        return act(walk, deed, source, target);
    if (kind_of(rules, source) != kind_of(rules, target)) {
        if (!gives_way(walk, source, target))
            return act(walk, COMPARE_CONFLICT, source, target);
        enum fault f = act(walk, COMPARE_DELETE, source, target);
        if (f)
            return f == FAULT_EXISTS ? FAULT_NONE : f;
        return act(walk, deed, source, NULL);
    }
    if (deed == COMPARE_MAKE_DIRECTORY)
        return act(walk, COMPARE_DESCEND, source, target);
    return act(walk, is_replaced(rules, source, target) ? deed : COMPARE_SAME, source, target);
}

static enum fault decide_surplus(const struct walk *walk, const struct entry *target)
{
    if (!walk->rules->deletes || !is_name(target->name) || !takes(walk, target))
        return FAULT_NONE;
    return act(walk, COMPARE_DELETE, NULL, target);
}

enum fault compare_directories(const struct compare_rules *rules, const char *path,
                               const struct entries *source, const struct entries *target,
                               enum fault (*on_action)(void *owner,
                                                       const struct compare_action *action),
                               void *owner)
{
    const struct walk walk = {rules, path, on_action, owner};
    size_t s = 0;
    size_t t = 0;
    while (s < source->count || t < target->count) {
        int order = s == source->count ? 1 : -1;
        if (s < source->count && t < target->count)
            order = strcmp(source->all[s].name, target->all[t].name);
        enum fault f = order > 0 ? decide_surplus(&walk, &target->all[t])
                                 : decide(&walk, &source->all[s], order ? NULL : &target->all[t]);
        if (f)
            return f;
        s += order <= 0;
        t += order >= 0;
    }
    return FAULT_NONE;
}

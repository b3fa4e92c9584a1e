/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/entry, filter and compare: whatever two directories and a filter are, each name is
 * decided once, in order, and deleted is only what only the target has.
 *
 * A byte of rules, lines of a filter up to an empty one, then a line for each entry: a byte of
 * side and kind, one of facts, the name, and behind a tab the target.
 */
#include "client/compare.h"
#include "tests/fuzz/fuzz.h"

static const char path[] = "a/b";

struct input {
    struct compare_rules rules;
    struct entries source;
    struct entries target;
    struct filter *flipped; /* owned: the same patterns, each with the other sign */
};

struct seen {
    const struct input *input;    /* borrowed: the caller's */
    const char *last;             /* borrowed: the name before; NULL: none yet */
    const struct entry *replaced; /* borrowed: the one just deleted for it; NULL: none */
    size_t decided;
    size_t left; /* actions until it is stopped */
};

/* ---- Reading the input --------------------------------------------------------------- */

static void flip(struct text content, struct filter *flipped)
{
    while (content.len) {
        struct text line = text_take_until(&content, '\n');
        if (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        if (line.len && line.at[0] != '#')
            PROMISE(!filter_add(flipped, line.at[0] == '-', text_after(line, 2)));
    }
}

/* False: there is no such filter. */
static bool read_filter(struct text content, struct filter *filter, struct filter *flipped)
{
    size_t line = 0;
    size_t lines = 1;
    for (size_t i = 0; i < content.len; i++)
        lines += content.at[i] == '\n';
    enum fault f = filter_add_file(filter, content, &line);
    PROMISE(f ? line >= 1 && line <= lines : line == 0);
    PROMISE(f == FAULT_NONE || f == FAULT_ARGUMENT || f == FAULT_TOO_LARGE);
    if (!f)
        flip(content, flipped);
    return !f;
}

static void read_entry(struct text line, struct input *input)
{
    const unsigned kind = (unsigned char)line.at[0];
    const unsigned facts = (unsigned char)line.at[1];
    struct text target = text_after(line, 2);
    struct text name = text_take_until(&target, '\t');
    struct entries *entries = kind & 1 ? &input->target : &input->source;
    const struct entry entry = {
        .kind = (enum entry_kind)(kind >> 1 & 3),
        .has_size = facts & 1,
        .size = facts >> 1 & 1,
        .size_is_rough = facts >> 2 & 1,
        .precision = (enum entry_precision)(facts >> 3 & 3),
        .modified = facts >> 5 == 7 ? INT64_MAX : (int64_t)(facts >> 5) * 50,
    };
    const size_t count = entries->count;
    const enum fault f = entries_add(entries, &entry, name, target);
    PROMISE(f == FAULT_NONE || f == FAULT_NAME_INVALID);
    PROMISE(entries->count == count + !f);
}

/* ---- What is promised ------------------------------------------------------------------ */

static bool is_among(const struct entries *entries, const struct entry *entry)
{
    return entry >= entries->all && entry < entries->all + entries->count;
}

static void check_sorted(const struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->all[i];
        PROMISE(entries_find(entries, text_of(entry->name)) == entry);
        PROMISE(!i || strcmp(entries->all[i - 1].name, entry->name) < 0);
    }
}

/* Sorted, a list has all names it had, of each the first. */
static void check_sorting(struct entries *entries)
{
    struct entries before = {0};
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->all[i];
        PROMISE(!entries_add(&before, entry, text_of(entry->name), text_of(entry->target)));
    }
    entries_sort(entries);
    check_sorted(entries);
    for (size_t i = before.count; i-- > 0;) {
        const struct entry *found = entries_find(entries, text_of(before.all[i].name));
        PROMISE(found);
        bool is_first = true;
        for (size_t j = 0; j < i && is_first; j++)
            is_first = strcmp(before.all[j].name, before.all[i].name) != 0;
        if (is_first)
            PROMISE(found->kind == before.all[i].kind && found->modified == before.all[i].modified);
    }
    entries_clear(&before);
}

static bool takes(const struct input *input, const struct entry *entry)
{
    char bytes[sizeof(path) + 1 + ENTRY_NAME_MAX + 1];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const bool is_link = input->rules.takes_links && entry->target;
    const bool is_directory = !is_link && entry->kind == ENTRY_DIRECTORY;
    builder_put_string(&b, path);
    builder_put_byte(&b, '/');
    builder_put_string(&b, entry->name);
    builder_end(&b);
    const bool taken = filter_takes(input->rules.filter, bytes, is_directory);
    /* The first that matches decides; none means yes. */
    PROMISE(taken || filter_takes(input->flipped, bytes, is_directory));
    return taken;
}

static void check_delete(struct seen *seen, const struct compare_action *action)
{
    const struct input *input = seen->input;
    struct text name = text_of(action->target->name);
    PROMISE(input->rules.deletes && takes(input, action->target));
    PROMISE(!text_equal(name, TEXT(".")) && !text_equal(name, TEXT("..")));
    PROMISE(text_find(name, '/') == name.len);
    PROMISE(action->source || !entries_find(&input->source, name));
    if (action->source) {
        PROMISE(!input->rules.only_missing);
        seen->replaced = action->source;
    }
}

static void check_pair(const struct compare_action *action)
{
    const bool both = action->source && action->target;
    switch (action->deed) {
    case COMPARE_DESCEND:
        PROMISE(both && action->source->kind == ENTRY_DIRECTORY &&
                action->target->kind == ENTRY_DIRECTORY);
        break;
    case COMPARE_SAME:
    case COMPARE_CONFLICT:
        PROMISE(both);
        break;
    case COMPARE_COPY:
        PROMISE(action->source->kind == ENTRY_FILE);
        break;
    case COMPARE_MAKE_DIRECTORY:
        PROMISE(action->source->kind == ENTRY_DIRECTORY && !action->target);
        break;
    case COMPARE_LINK:
        PROMISE(action->source->target);
        break;
    default:
        break;
    }
}

static enum fault on_action(void *owner, const struct compare_action *action)
{
    struct seen *seen = owner;
    const struct entry *named = action->source ? action->source : action->target;
    const struct entry *replaced = seen->replaced;
    seen->replaced = NULL;
    PROMISE(!action->source || is_among(&seen->input->source, action->source));
    PROMISE(!action->target || is_among(&seen->input->target, action->target));
    PROMISE(!action->source || !action->target ||
            strcmp(action->source->name, action->target->name) == 0);
    if (replaced) /* what was deleted for it comes now, and nothing else */
        PROMISE(action->source == replaced && !action->target && action->deed != COMPARE_DELETE);
    else
        PROMISE(!seen->last || strcmp(seen->last, named->name) < 0);
    seen->last = named->name;
    if (action->deed == COMPARE_DELETE) {
        check_delete(seen, action);
    } else {
        PROMISE(action->source && takes(seen->input, action->source));
        seen->decided++;
        check_pair(action);
    }
    PROMISE(seen->left);
    return --seen->left ? FAULT_NONE : FAULT_CANCELLED;
}

static void check(const struct input *input)
{
    struct seen seen = {.input = input, .left = SIZE_MAX};
    size_t taken = 0;
    for (size_t i = 0; i < input->source.count; i++)
        taken += takes(input, &input->source.all[i]);
    PROMISE(!compare_directories(&input->rules, path, &input->source, &input->target, on_action,
                                 &seen));
    PROMISE(seen.decided == taken && !seen.replaced);
    if (!seen.last)
        return;
    seen = (struct seen){.input = input, .left = 1};
    PROMISE(compare_directories(&input->rules, path, &input->source, &input->target, on_action,
                                &seen) == FAULT_CANCELLED);
}

static struct text take_filter(struct text *rest)
{
    struct text filter = {rest->at, 0};
    struct text line;
    do {
        line = text_take_until(rest, '\n');
        filter.len += line.len ? line.len + 1 : 0;
    } while (line.len && rest->len);
    if (!rest->len && line.len) /* the last line may have no end */
        filter.len = (size_t)(line.at + line.len - filter.at);
    return filter;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {0};
    struct filter *filter = NULL;
    if (!size)
        return 0;
    input.rules = (struct compare_rules){
        .deletes = data[0] & 1,
        .only_missing = data[0] >> 1 & 1,
        .only_newer = data[0] >> 2 & 1,
        .ignores_time = data[0] >> 3 & 1,
        .ignores_size = data[0] >> 4 & 1,
        .is_text = data[0] >> 5 & 1,
        .takes_links = data[0] >> 6 & 1,
        .target_dates_it = data[0] >> 7 & 1,
        .slack_s = data[0] & 2,
    };
    struct text rest = {(const char *)data + 1, size - 1};
    PROMISE(!filter_new(&filter) && !filter_new(&input.flipped));
    bool is_filter = read_filter(take_filter(&rest), filter, input.flipped);
    input.rules.filter = filter;
    while (is_filter && rest.len) {
        struct text line = text_take_until(&rest, '\n');
        if (line.len > 2)
            read_entry(line, &input);
    }
    PROMISE(filter_takes(filter, "", true));
    check_sorting(&input.source);
    check_sorting(&input.target);
    check(&input);
    entries_clear(&input.source);
    entries_clear(&input.target);
    filter_free(filter);
    filter_free(input.flipped);
    return 0;
}

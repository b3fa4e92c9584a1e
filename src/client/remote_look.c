/* SPDX-License-Identifier: Apache-2.0 */
/* One name of a server: what it is, as MLST, SIZE, MDTM or a listing tell. */
#include "client/remote_parts.h"

bool remote_entry_of_facts(const struct facts *facts, struct entry *ret_entry,
                           struct text *ret_target)
{
    static const enum entry_kind kinds[] = {
        [FACT_KIND_OTHER] = ENTRY_OTHER,         [FACT_KIND_FILE] = ENTRY_FILE,
        [FACT_KIND_DIRECTORY] = ENTRY_DIRECTORY, [FACT_KIND_CURRENT] = ENTRY_DIRECTORY,
        [FACT_KIND_PARENT] = ENTRY_DIRECTORY,    [FACT_KIND_LINK] = ENTRY_LINK,
    };
    *ret_target = TEXT_NONE;
    *ret_entry = (struct entry){
        .kind = ENTRY_FILE,
        .has_size = facts->present & FACT_SIZE,
        .size = facts->size,
        .precision = facts->present & FACT_MODIFY ? ENTRY_TIME_SECOND : ENTRY_TIME_UNKNOWN,
        .modified = facts->modify.seconds,
        .has_mode = facts->present & FACT_UNIX_MODE,
        .mode = facts->mode,
    };
    if (!(facts->present & FACT_TYPE))
        return true;
    enum fact_kind kind = facts_kind(facts, ret_target);
    ret_entry->kind = kinds[kind];
    return kind != FACT_KIND_CURRENT && kind != FACT_KIND_PARENT;
}

static enum fault look_by_facts(struct remote *remote, const char *path, struct entry *ret_entry)
{
    struct facts facts;
    struct text name;
    struct text target;
    enum fault f = remote_command(remote, "MLST", text_of(path), true);
    if (f)
        return f;
    struct text rest = user_pi_lines(remote_pi(remote));
    (void)text_take_until(&rest, '\n');
    if (!facts_parse_mlst(text_take_until(&rest, '\n'), &facts, &name))
        return FAULT_UNSUPPORTED;
    (void)remote_entry_of_facts(&facts, ret_entry,
                                &target); /* cdir too: it is itself that was asked of */
    return FAULT_NONE;
}

/* That the server does not say, or not so that it can be read, is no fault; as with the time. */
static enum fault look_at_size(struct remote *remote, const char *path, struct entry *entry)
{
    enum fault f = remote_command(remote, "SIZE", text_of(path), true);
    if (!f && text_to_number(text_trim(user_pi_text(remote_pi(remote))), UINT64_MAX, &entry->size))
        entry->has_size = true;
    return fault_is_of_the_way(f) ? f : FAULT_NONE;
}

static enum fault look_at_time(struct remote *remote, const char *path, struct entry *entry)
{
    struct fact_time modified;
    enum fault f = remote_command(remote, "MDTM", text_of(path), true);
    if (!f && facts_parse_time(text_trim(user_pi_text(remote_pi(remote))), &modified)) {
        entry->precision = ENTRY_TIME_SECOND;
        entry->modified = modified.seconds;
    }
    return fault_is_of_the_way(f) ? f : FAULT_NONE;
}

enum fault remote_follow(struct remote *remote, const char *path, struct entry *entry)
{
    struct parameters image = PARAMETERS_DEFAULT;
    struct entry found = {.kind = ENTRY_FILE};
    image.type = TYPE_IMAGE; /* RFC 3659 4.1 */
    enum fault f = remote_set_parameters(remote, &image);
    if (!f)
        f = look_at_size(remote, path, &found);
    if (!f && found.has_size)
        f = look_at_time(remote, path, &found);
    if (f || !found.has_size)
        return fault_is_of_the_way(f) ? f : FAULT_NONE;
    found.name = entry->name;
    found.target = entry->target;
    found.order = entry->order;
    *entry = found;
    return FAULT_NONE;
}

/* Times of LIST may be the server's own, of another zone: then they stay, to be the same again. */
enum fault remote_ask_time(struct remote *remote, const char *path, struct entry *entry)
{
    struct entry found = {.precision = ENTRY_TIME_UNKNOWN};
    if (entry->precision == ENTRY_TIME_SECOND ||
        !features_has(remote_features(remote), FEATURE_MDTM))
        return FAULT_NONE;
    enum fault f = look_at_time(remote, path, &found);
    bool agrees = entry->precision == ENTRY_TIME_UNKNOWN || entry_same_time(entry, &found, 0);
    if (!f && found.precision && agrees) {
        entry->precision = found.precision;
        entry->modified = found.modified;
    }
    return f;
}

/* Where there is neither SIZE nor MDTM, and of directories. */
static enum fault look_in_listing(struct remote *remote, const char *path, struct entry *ret_entry)
{
    char bytes[ENTRY_NAME_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct entries entries = {0};
    struct text whole = text_of(path);
    while (whole.len > 1 && whole.at[whole.len - 1] == '/')
        whole.len--;
    size_t slash = text_find_last(whole, '/');
    struct text name = slash == whole.len ? whole : text_after(whole, slash + 1);
    builder_put(&b, (struct text){whole.at, slash == whole.len ? 0 : slash ? slash : 1});
    enum fault f = remote_list(remote, builder_end(&b), &entries);
    entries_sort(&entries);
    const struct entry *found = f ? NULL : entries_find(&entries, name);
    if (found)
        *ret_entry = *found;
    ret_entry->name = ret_entry->target = NULL;
    entries_clear(&entries);
    return f ? f : found ? FAULT_NONE : FAULT_NOT_FOUND;
}

/* RFC 3659 4.1: SIZE depends on TYPE; a directory is found in a listing alone. */
static enum fault look_by_commands(struct remote *remote, const char *path, bool is_file,
                                   struct entry *ret_entry)
{
    struct parameters image = PARAMETERS_DEFAULT;
    image.type = TYPE_IMAGE;
    *ret_entry = (struct entry){.kind = ENTRY_FILE};
    enum fault f = remote_set_parameters(remote, &image);
    if (!f)
        f = look_at_size(remote, path, ret_entry);
    bool has_size = !remote_lacks_command(remote);
    if (!f && is_file && has_size)
        return ret_entry->has_size ? FAULT_NONE : FAULT_NOT_FOUND;
    if (!f)
        f = look_at_time(remote, path, ret_entry);
    if (f || ret_entry->has_size || ret_entry->precision)
        return f;
    return look_in_listing(remote, path, ret_entry);
}

static enum fault look(struct remote *remote, const char *path, bool is_file,
                       struct entry *ret_entry)
{
    if (features_has(remote_features(remote), FEATURE_MLST)) {
        enum fault f = look_by_facts(remote, path, ret_entry);
        if (!remote_lacks_command(remote))
            return f;
        remote_forget_feature(remote, FEATURE_MLST);
    }
    return look_by_commands(remote, path, is_file, ret_entry);
}

enum fault remote_look(struct remote *remote, const char *path, struct entry *ret_entry)
{
    return look(remote, path, false, ret_entry);
}

enum fault remote_look_at_file(struct remote *remote, const char *path, struct entry *ret_entry)
{
    return look(remote, path, true, ret_entry);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/import_record.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "account/password.h"
#include "base/memory.h"
#include "base/pattern.h"
#include "policy/policy.h"

enum { SENTENCE_SIZE = 640 };

/* ---- Remarks -------------------------------------------------------------------------- */

void import_put_shown(struct builder *b, struct text t)
{
    while (t.len) {
        size_t len = text_utf8_len(t);
        unsigned char c = (unsigned char)t.at[0];
        bool is_shown = len > 1 ? c != 0xC2 || (unsigned char)t.at[1] >= 0xA0
                                : len == 1 && c >= ' ' && c != 0x7F;
        builder_put(b, is_shown ? (struct text){t.at, len} : TEXT("?"));
        t = text_after(t, len ? len : 1);
    }
}

/* What is too much is left out: the beginning says enough. */
static void add_remark(struct import_record *record, const char *sentence)
{
    char bytes[IMPORT_REMARK_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (record->remark) {
        builder_put_string(&b, record->remark);
        builder_put(&b, TEXT("; "));
    }
    import_put_shown(&b, text_of(sentence));
    builder_end(&b);
    char *remark = memory_copy(b.at, b.len);
    if (!remark) {
        record->list->fault = FAULT_NO_MEMORY;
        return;
    }
    memory_free(record->remark);
    record->remark = remark;
}

__attribute__((format(printf, 2, 0))) static void add_formatted(struct import_record *record,
                                                                const char *format,
                                                                va_list arguments)
{
    char sentence[SENTENCE_SIZE];
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    add_remark(record, sentence);
}

void import_remark(struct import_record *record, const char *format, ...)
{
    va_list arguments;
    if (!record)
        return;
    va_start(arguments, format);
    add_formatted(record, format, arguments);
    va_end(arguments);
}

static struct terms *terms_of(struct import_record *record)
{
    if (record->user)
        return &record->user->terms;
    return record->group ? &record->group->terms : &record->folder->terms;
}

void import_doubt(struct import_record *record, const char *format, ...)
{
    va_list arguments;
    char message[TERMS_MESSAGE_SIZE];
    if (!record)
        return;
    va_start(arguments, format);
    add_formatted(record, format, arguments);
    va_end(arguments);
    if (record->folder)
        record->is_refused = true; /* a folder cannot be disabled */
    else if (!terms_set(terms_of(record), TERM_DISABLED, TEXT("on"), message))
        record->list->fault = FAULT_NO_MEMORY;
}

void import_refuse(struct import_record *record, const char *format, ...)
{
    va_list arguments;
    if (!record)
        return;
    va_start(arguments, format);
    add_formatted(record, format, arguments);
    va_end(arguments);
    record->is_refused = true;
}

enum fault import_complain(char message[IMPORT_MESSAGE_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, IMPORT_MESSAGE_SIZE, format, arguments);
    va_end(arguments);
    return FAULT_ARGUMENT;
}

/* ---- Records --------------------------------------------------------------------------- */

static char *copy_or_note(struct import_list *list, struct text t)
{
    char *copy = memory_copy(t.at, t.len);
    if (!copy)
        list->fault = FAULT_NO_MEMORY;
    return copy;
}

static bool make_account(struct import_record *record, struct text name)
{
    char **place = NULL;
    switch (record->kind) {
    case IMPORT_USER:
        record->user = memory_new(sizeof(*record->user));
        place = record->user ? &record->user->name : NULL;
        break;
    case IMPORT_GROUP:
        record->group = memory_new(sizeof(*record->group));
        place = record->group ? &record->group->name : NULL;
        break;
    case IMPORT_FOLDER:
        record->folder = memory_new(sizeof(*record->folder));
        place = record->folder ? &record->folder->name : NULL;
        break;
    }
    if (place)
        *place = memory_copy(name.at, name.len);
    return place && *place;
}

struct import_record *import_add(struct import_list *list, enum import_kind kind, struct text name,
                                 size_t line)
{
    if (list->count == IMPORT_RECORDS_MAX) {
        list->fault = FAULT_TOO_LARGE;
        return NULL;
    }
    struct import_record **grown = memory_resize(list->records, list->count + 1,
                                                 sizeof(struct import_record *));
    struct import_record *record = grown ? memory_new(sizeof(*record)) : NULL;
    if (grown)
        list->records = grown;
    if (!record) {
        list->fault = FAULT_NO_MEMORY;
        return NULL;
    }
    *record = (struct import_record){.kind = kind, .line = line, .list = list};
    grown[list->count++] = record;
    if (!make_account(record, name)) {
        list->fault = FAULT_NO_MEMORY;
        return NULL;
    }
    /* With a dot it would be another directory below the one that all roots are made in. */
    if (!account_name_is_valid(name) || name.at[0] == '.')
        import_refuse(record, "this is no name here");
    return record;
}

/* ---- Terms ------------------------------------------------------------------------------ */

/* Does the policy understand it? Tried alone, so that others do not suffer for it. */
static bool is_understood(struct import_record *record, enum term term, struct text value,
                          char message[TERMS_MESSAGE_SIZE])
{
    struct terms alone = {0};
    struct policy *policy = NULL;
    const struct policy_source source = {POLICY_USER, "", &alone};
    enum fault f = FAULT_ARGUMENT;
    if (terms_set(&alone, term, value, message))
        f = policy_new(&source, 1, &policy, message);
    if (f == FAULT_NO_MEMORY)
        record->list->fault = f;
    policy_free(policy);
    terms_done(&alone);
    return !f;
}

void import_term(struct import_record *record, enum term term, struct text value)
{
    char message[TERMS_MESSAGE_SIZE] = "";
    if (!record)
        return;
    if (!is_understood(record, term, value, message) ||
        !terms_set(terms_of(record), term, value, message))
        import_doubt(record, "%s", message);
}

void import_term_number(struct import_record *record, enum term term, uint64_t number)
{
    char digits[24];
    struct builder b = builder_on(digits, sizeof(digits));
    builder_put_number(&b, number);
    import_term(record, term, builder_text(&b));
}

void import_term_flag(struct import_record *record, enum term term)
{
    import_term(record, term, TEXT("on"));
}

void import_term_date(struct import_record *record, enum term term, uint64_t seconds)
{
    char date[32];
    struct tm tm;
    time_t when = seconds < INT64_MAX ? (time_t)seconds : 0;
    size_t len = gmtime_r(&when, &tm) ? strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm) : 0;
    import_term(record, term, (struct text){date, len});
}

void import_term_list(struct import_record *record, enum term term, struct text values,
                      char separator)
{
    while (values.len) {
        struct text value = text_trim(text_take_until(&values, separator));
        if (value.len)
            import_term(record, term, value);
    }
}

/* ---- Rules --------------------------------------------------------------------------------- */

unsigned import_all_actions(void)
{
    unsigned all = 0;
    for (unsigned action = ACTION_LIST; action <= ACTION_LINK; action++)
        all |= 1U << action;
    return all;
}

void import_rule(struct import_record *record, bool allow, unsigned actions, struct text directory)
{
    char bytes[TERM_TEXT_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    char separator = ' ';
    if (!actions)
        return;
    builder_put_string(&b, allow ? "allow" : "deny");
    for (unsigned action = 0; action < ACTION_COUNT; action++) {
        if (!(actions & 1U << action))
            continue;
        builder_put_byte(&b, separator);
        builder_put_string(&b, action_word((enum action)action));
        separator = ',';
    }
    builder_put_byte(&b, ' ');
    if (directory.len > 1)
        pattern_put_literal(&b, directory);
    builder_put(&b, TEXT("/**"));
    if (b.full)
        import_doubt(record, "rule: the path %.*s is too long", TEXT_ARGS(directory));
    else
        import_term(record, TERM_RULES, builder_text(&b));
}

/* ---- Users ----------------------------------------------------------------------------------- */

void import_password(struct import_record *record, struct text password, bool is_clear)
{
    if (!record)
        return;
    char *copy = copy_or_note(record->list, password);
    if (copy && strlen(copy) == password.len && (is_clear || password_hash_is_usable(copy))) {
        record->user->password = copy;
        record->is_clear = is_clear;
        return;
    }
    memory_free_secret(copy, copy ? password.len : 0);
    import_remark(record, "password: it cannot be verified here; set a new one");
}

/* "/a/b" without empty parts, "." and "..". */
static bool is_normal(struct text path)
{
    if (!path.len || path.at[0] != '/' || text_find(path, '\0') < path.len)
        return false;
    struct text rest = text_after(path, 1);
    while (rest.len) {
        struct text part = text_take_until(&rest, '/');
        if (!part.len || text_equal(part, TEXT(".")) || text_equal(part, TEXT("..")))
            return false;
    }
    return true;
}

void import_root(struct import_record *record, struct text path)
{
    if (!record || !path.len)
        return;
    while (path.len > 1 && path.at[path.len - 1] == '/')
        path.len--;
    if (!is_normal(path) || path.len == 1) {
        import_remark(record, "root: %.*s is no directory of its own here", TEXT_ARGS(path));
        return;
    }
    char **place = record->user ? &record->user->root : &record->folder->path;
    memory_free(*place);
    *place = copy_or_note(record->list, path);
}

void import_membership(struct import_record *record, struct text group)
{
    if (!record)
        return;
    struct account *user = record->user;
    if (user->group_count == ACCOUNT_GROUPS_MAX) {
        import_doubt(record, "group: more than %d", ACCOUNT_GROUPS_MAX);
        return;
    }
    char **grown = memory_resize(user->groups, user->group_count + 1, sizeof(*grown));
    char *name = grown ? copy_or_note(record->list, group) : NULL;
    if (grown)
        user->groups = grown;
    if (name)
        grown[user->group_count++] = name;
    else
        record->list->fault = FAULT_NO_MEMORY;
}

void import_mount(struct import_record *record, struct text folder, struct text at)
{
    if (!record)
        return;
    struct account_mount **mounts = record->user ? &record->user->mounts : &record->group->mounts;
    size_t *count = record->user ? &record->user->mount_count : &record->group->mount_count;
    if (*count == ACCOUNT_MOUNTS_MAX || !is_normal(at) || at.len == 1) {
        import_doubt(record, "folder: %.*s cannot be mounted at %.*s", TEXT_ARGS(folder),
                     TEXT_ARGS(at));
        return;
    }
    struct account_mount *grown = memory_resize(*mounts, *count + 1, sizeof(*grown));
    if (!grown) {
        record->list->fault = FAULT_NO_MEMORY;
        return;
    }
    *mounts = grown;
    grown[*count] = (struct account_mount){copy_or_note(record->list, folder),
                                           copy_or_note(record->list, at)};
    ++*count;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* database_records: usage and bans. */
#include "account/database_parts.h"
#include "base/log.h"

static struct database *database_of(struct records *records)
{
    return ((struct database_records *)records)->database;
}

/* ---- Usage --------------------------------------------------------------------------------- */

/* Of the row; false when one of its numbers makes no sense. */
static bool read_usage(struct query *query, struct usage_record *usage)
{
    enum { BYTES, FILES, UPLOADED, DOWNLOADED, IS_OPEN, COLUMNS };
    int64_t numbers[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        if (!query_number(query, i, &numbers[i]) || numbers[i] < 0)
            return false;
    *usage = (struct usage_record){
        .bytes = (uint64_t)numbers[BYTES],
        .files = (uint64_t)numbers[FILES],
        .uploaded_bytes = (uint64_t)numbers[UPLOADED],
        .downloaded_bytes = (uint64_t)numbers[DOWNLOADED],
        .is_open = numbers[IS_OPEN] != 0,
    };
    return true;
}

static enum fault load_usage(struct records *records, const char *key, struct usage_record *ret)
{
    struct connection *reader = &database_of(records)->reader;
    struct usage_record usage;
    enum fault f = FAULT_NOT_FOUND;
    struct query query = database_ask(reader, STATEMENT_USAGE);
    query_put_string(&query, key);
    if (query_next(&query))
        f = read_usage(&query, &usage) ? FAULT_NONE : FAULT_ARGUMENT;
    enum fault ended = database_answer(&query);
    if (ended)
        return ended;
    if (f == FAULT_ARGUMENT)
        log_error("usage-refused", LOG_TEXT("table", TEXT("usage")), LOG_TEXT("row", text_of(key)));
    if (!f)
        *ret = usage;
    return f;
}

static enum fault save_usage(struct records *records, const char *key,
                             const struct usage_record *record)
{
    struct connection *writer = &database_of(records)->writer;
    const uint64_t numbers[] = {record->bytes, record->files, record->uploaded_bytes,
                                record->downloaded_bytes, record->is_open};
    struct query query = database_ask(writer, STATEMENT_SAVE_USAGE);
    query_put_string(&query, key);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        query_put_number(&query, numbers[i]);
    return database_run(&query);
}

/* ---- Bans ------------------------------------------------------------------------------------ */

/* All of `text` that fits. */
static void put_cut(char *buffer, size_t size, struct text text)
{
    struct builder b = builder_on(buffer, size);
    builder_put(&b, (struct text){text.at, text_cut_utf8(text, size - 1)});
    builder_end(&b);
}

/* Of the row; false when nobody knows whom it bans. What else makes no sense bans for ever. */
static bool read_ban(struct query *query, struct ban_record *ban)
{
    enum { SUBJECT, REASON, UNTIL };
    struct text subject;
    struct text reason = {0};
    if (!query_text(query, SUBJECT, &subject) || !subject.len ||
        subject.len >= sizeof(ban->subject) || text_find(subject, '\0') != subject.len)
        return false;
    (void)query_text(query, REASON, &reason);
    put_cut(ban->subject, sizeof(ban->subject), subject);
    put_cut(ban->reason, sizeof(ban->reason), reason);
    if (!query_number(query, UNTIL, &ban->until))
        ban->until = INT64_MAX;
    return true;
}

/* The next that holds, in the order of subjects. No lock is held afterwards. */
static enum fault next_ban(struct connection *reader, int64_t now, struct ban_record *ban,
                           bool *ret_is_there)
{
    struct ban_record next;
    struct query query = database_ask(reader, STATEMENT_NEXT_BAN);
    query_put_string(&query, ban->subject);
    query_put_number(&query, (uint64_t)now);
    bool is_row = query_next(&query);
    bool is_read = is_row && read_ban(&query, &next);
    enum fault f = database_answer(&query);
    if (f)
        return f;
    if (is_row && !is_read)
        return FAULT_ARGUMENT;
    if (is_read)
        *ban = next;
    *ret_is_there = is_read;
    return FAULT_NONE;
}

/* Where it fails (a full disk), they are left out all the same. */
static void forget_bans(struct connection *writer, int64_t now)
{
    struct query query = database_ask(writer, STATEMENT_FORGET_BANS);
    query_put_number(&query, (uint64_t)now);
    (void)database_run(&query);
}

static enum fault each_ban(struct records *records, int64_t now,
                           void (*on_ban)(void *context, const struct ban_record *ban),
                           void *context)
{
    struct database *database = database_of(records);
    struct ban_record ban = {.subject = ""};
    bool is_there = true;
    enum fault f = FAULT_NONE;
    forget_bans(&database->writer, now);
    while (!f && is_there) {
        f = next_ban(&database->reader, now, &ban, &is_there);
        if (!f && is_there)
            on_ban(context, &ban);
    }
    if (f == FAULT_ARGUMENT)
        log_error("ban-refused", LOG_TEXT("table", TEXT("bans")),
                  LOG_TEXT("after", text_of(ban.subject)));
    return f;
}

static enum fault put_ban(struct records *records, const struct ban_record *ban)
{
    struct connection *writer = &database_of(records)->writer;
    struct query query = database_ask(writer, STATEMENT_PUT_BAN);
    query_put_text(&query, text_of(ban->subject));
    query_put_text(&query, text_of(ban->reason));
    query_put_number(&query, (uint64_t)ban->until);
    return database_run(&query);
}

static enum fault remove_ban(struct records *records, const char *subject)
{
    struct connection *writer = &database_of(records)->writer;
    struct query query = database_ask(writer, STATEMENT_REMOVE_BAN);
    query_put_string(&query, subject);
    bool is_removed = query_next(&query);
    enum fault f = database_answer(&query);
    return f || is_removed ? f : FAULT_NOT_FOUND;
}

const struct records_type database_records_type = {
    .load_usage = load_usage,
    .save_usage = save_usage,
    .each_ban = each_ban,
    .put_ban = put_ban,
    .remove_ban = remove_ban,
};

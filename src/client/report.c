/* SPDX-License-Identifier: Apache-2.0 */
#include "client/report.h"

#include <time.h>

#include "client/report_json.h"
#include "client/safe_name.h"
#include "client/secret_text.h"

/* Of a line for people: names are shown whole, whatever has to be escaped in them. */
enum { LINE_SIZE = 8 * ENTRY_NAME_MAX, NOTES = 1, DETAILS = 2 };

static void clear_progress(const struct report *report)
{
    if (report->progress)
        progress_clear(report->progress);
}

/* Ends a line for people, and writes it. */
static void write_line(struct report *report, FILE *file, struct builder *b)
{
    clear_progress(report);
    if (fwrite(b->at, 1, b->len, file) != b->len || fputc('\n', file) == EOF)
        report->is_lost = true;
}

static void write_event(struct report *report, struct json_event *event)
{
    clear_progress(report);
    if (!json_event_write(event, report->out))
        report->is_lost = true;
}

static bool is_told(const struct report *report, uint64_t verbose)
{
    return !report->is_json && report->verbose >= verbose;
}

/* ---- Connections -------------------------------------------------------------------- */

void report_connected(struct report *report, struct text host, uint16_t port, struct text address,
                      struct text tls)
{
    if (report->is_json) {
        struct json_event event = json_event_begin("connected");
        json_event_put_text(&event, "host", host);
        json_event_put_number(&event, "port", port);
        json_event_put_text(&event, "address", address);
        if (tls.len)
            json_event_put_text(&event, "tls", tls);
        write_event(report, &event);
    } else if (is_told(report, report->greets ? NOTES : DETAILS)) {
        char bytes[LINE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put(&b, TEXT("Connected to "));
        safe_text_put(&b, host);
        builder_put(&b, TEXT(" ("));
        safe_text_put(&b, address);
        builder_put(&b, tls.len ? TEXT("), ") : TEXT("), in the clear"));
        safe_text_put(&b, tls);
        builder_put_byte(&b, '.');
        write_line(report, report->notes, &b);
    }
}

void report_login(struct report *report, struct text user, struct text host)
{
    if (report->is_json) {
        struct json_event event = json_event_begin("login");
        json_event_put_text(&event, "user", user);
        json_event_put_text(&event, "host", host);
        write_event(report, &event);
    } else if (is_told(report, DETAILS)) {
        char bytes[LINE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put(&b, TEXT("Logged in as "));
        safe_text_put(&b, user);
        builder_put_byte(&b, '.');
        write_line(report, report->notes, &b);
    }
}

/* ---- Transfers ------------------------------------------------------------------------ */

static struct json_event transfer_event(const char *name, const struct report_transfer *transfer)
{
    struct json_event event = json_event_begin(name);
    json_event_put_text(&event, "direction", transfer->is_upload ? TEXT("put") : TEXT("get"));
    json_event_put_text(&event, "remote", transfer->remote);
    json_event_put_text(&event, "local", transfer->local);
    if (transfer->size != PROGRESS_UNKNOWN)
        json_event_put_number(&event, "size", transfer->size);
    json_event_put_number(&event, "resumed_from", transfer->resumed_from);
    return event;
}

void report_transfer_begin(struct report *report, const struct report_transfer *transfer)
{
    if (report->is_json) {
        struct json_event event = transfer_event("transfer-begin", transfer);
        write_event(report, &event);
    } else if (is_told(report, DETAILS)) {
        char bytes[LINE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put(&b, transfer->is_upload ? TEXT("Sending ") : TEXT("Fetching "));
        safe_text_put(&b, transfer->remote);
        builder_put(&b, TEXT("..."));
        write_line(report, report->notes, &b);
    }
}

void report_transfer_progress(struct report *report, const struct report_transfer *transfer,
                              uint64_t bytes)
{
    if (!report->is_json)
        return;
    struct json_event event = transfer_event("transfer-progress", transfer);
    json_event_put_number(&event, "bytes", bytes);
    write_event(report, &event);
}

/* "45.0 MiB in 0:05 (9.0 MiB/s)"; what took no time at all has no speed. */
static void put_amount(struct builder *b, uint64_t bytes, uint64_t duration_ms)
{
    enum { SECOND = 1000 };
    progress_put_bytes(b, bytes);
    builder_put(b, TEXT(" in "));
    progress_put_seconds(b, duration_ms / SECOND);
    if (!duration_ms)
        return;
    builder_put(b, TEXT(" ("));
    progress_put_bytes(b,
                       bytes / duration_ms * SECOND + bytes % duration_ms * SECOND / duration_ms);
    builder_put(b, TEXT("/s)"));
}

static struct text last_part(struct text path)
{
    size_t slash = text_find_last(path, '/');
    return slash == path.len ? path : text_after(path, slash + 1);
}

/* "a -> b": by what name it came is told, and what it is called now where that is another. */
static void put_names(struct builder *b, const struct report_transfer *transfer)
{
    struct text from = transfer->is_upload ? transfer->local : transfer->remote;
    struct text to = transfer->is_upload ? transfer->remote : transfer->local;
    safe_text_put(b, from);
    if (text_equal(last_part(from), last_part(to)))
        return;
    builder_put(b, TEXT(" -> "));
    safe_text_put(b, to);
}

void report_transfer_end(struct report *report, const struct report_transfer *transfer,
                         const struct report_outcome *outcome)
{
    if (report->is_json) {
        struct json_event event = transfer_event("transfer-end", transfer);
        json_event_put_number(&event, "bytes", outcome->bytes);
        json_event_put_number(&event, "duration_ms", outcome->duration_ms);
        if (outcome->verified_by.len)
            json_event_put_text(&event, "verified_by", outcome->verified_by);
        if (outcome->is_direct)
            json_event_put_flag(&event, "is_direct", true);
        write_event(report, &event);
    } else if (is_told(report, NOTES)) {
        char bytes[LINE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        put_names(&b, transfer);
        builder_put(&b, TEXT(": "));
        bool is_elsewhere = outcome->is_direct && transfer->size != PROGRESS_UNKNOWN;
        put_amount(&b, is_elsewhere ? transfer->size : outcome->bytes, outcome->duration_ms);
        builder_put(&b, outcome->is_direct ? TEXT(", from server to server") : TEXT(""));
        if (transfer->resumed_from) {
            builder_put(&b, TEXT(", behind the "));
            progress_put_bytes(&b, transfer->resumed_from);
            builder_put(&b, TEXT(" that were there"));
        }
        builder_put(&b, outcome->verified_by.len ? TEXT(", verified by ") : TEXT(""));
        safe_text_put(&b, outcome->verified_by);
        write_line(report, report->notes, &b);
    }
}

/* ---- Files ------------------------------------------------------------------------------- */

static const char *kind_name(enum entry_kind kind)
{
    static const char *const names[] = {[ENTRY_FILE] = "file",
                                        [ENTRY_DIRECTORY] = "directory",
                                        [ENTRY_LINK] = "link",
                                        [ENTRY_OTHER] = "other"};
    return names[kind];
}

/* ISO 8601, in UTC, as exactly as it is known: "2024-01-05", "2024-01-05T10:11:12Z". */
static void put_time(struct builder *b, const struct entry *entry)
{
    static const size_t lengths[] = {[ENTRY_TIME_DAY] = sizeof("2024-01-05") - 1,
                                     [ENTRY_TIME_MINUTE] = sizeof("2024-01-05T10:11") - 1,
                                     [ENTRY_TIME_SECOND] = sizeof("2024-01-05T10:11:12") - 1};
    char bytes[64];
    struct tm date;
    time_t seconds = (time_t)entry->modified;
    if (!gmtime_r(&seconds, &date) || !strftime(bytes, sizeof(bytes), "%FT%T", &date))
        return;
    builder_put(b, (struct text){bytes, lengths[entry->precision]});
    builder_put(b, entry->precision > ENTRY_TIME_DAY ? TEXT("Z") : TEXT(""));
}

/* To people in their time; but a day is the server's day, wherever they are. */
static void put_local_time(struct builder *b, const struct entry *entry)
{
    bool is_day = entry->precision == ENTRY_TIME_DAY;
    char bytes[64];
    struct tm date;
    time_t seconds = (time_t)entry->modified;
    if (!(is_day ? gmtime_r(&seconds, &date) : localtime_r(&seconds, &date)))
        return;
    size_t len = strftime(bytes, sizeof(bytes), "%F %R", &date);
    size_t day = sizeof("2024-01-05") - 1;
    builder_put(b, (struct text){bytes, is_day && len > day ? day : len});
}

static void tell_entry(struct report *report, struct text directory, const struct entry *entry)
{
    char bytes[64];
    struct builder date = builder_on(bytes, sizeof(bytes));
    struct json_event event = json_event_begin("listing-entry");
    json_event_put_text(&event, "directory", directory);
    json_event_put_text(&event, "name", text_of(entry->name));
    json_event_put_text(&event, "kind", text_of(kind_name(entry->kind)));
    if (entry->target)
        json_event_put_text(&event, "target", text_of(entry->target));
    if (entry->has_size) {
        json_event_put_number(&event, "size", entry->size);
        json_event_put_flag(&event, "size_is_rough", entry->size_is_rough);
    }
    if (entry->precision != ENTRY_TIME_UNKNOWN) {
        put_time(&date, entry);
        json_event_put_text(&event, "modified", builder_text(&date));
    }
    if (entry->has_mode)
        json_event_put_number(&event, "mode", entry->mode & 07777U);
    write_event(report, &event);
}

static void put_mode(struct builder *b, const struct entry *entry)
{
    static const char letters[] = "rwxrwxrwx";
    builder_put_byte(b, "-dl?"[entry->kind]);
    for (unsigned i = 0; i < sizeof(letters) - 1; i++) {
        bool is_set = entry->mode >> (8 - i) & 1;
        builder_put_byte(b, (char)(!entry->has_mode ? '?' : is_set ? letters[i] : '-'));
    }
}

/* ECMA-48 8.3.117, as ls(1) has it: directories blue, links cyan, what can be run green. */
static struct text colour_of(const struct report *report, const struct entry *entry)
{
    bool can_be_run = entry->has_mode && (entry->mode & 0111);
    if (!report->is_coloured)
        return TEXT("");
    if (entry->kind == ENTRY_DIRECTORY)
        return TEXT("\x1B[1;34m");
    if (entry->kind == ENTRY_LINK || entry->target)
        return TEXT("\x1B[1;36m");
    return can_be_run ? TEXT("\x1B[1;32m") : TEXT("");
}

void report_entry(struct report *report, struct text directory, const struct entry *entry)
{
    enum { SIZE_COLUMNS = 10, DATE_COLUMNS = 18 };
    char bytes[LINE_SIZE];
    char field_bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (report->is_json) {
        tell_entry(report, directory, entry);
        return;
    }
    put_mode(&b, entry);
    struct builder size = builder_on(field_bytes, sizeof(field_bytes));
    if (entry->has_size)
        progress_put_bytes(&size, entry->size);
    builder_put_right(&b, builder_text(&size), SIZE_COLUMNS);
    struct builder date = builder_on(field_bytes, sizeof(field_bytes));
    if (entry->precision != ENTRY_TIME_UNKNOWN)
        put_local_time(&date, entry);
    builder_put_right(&b, builder_text(&date), DATE_COLUMNS);
    builder_put(&b, TEXT("  "));
    struct text colour = colour_of(report, entry);
    builder_put(&b, colour);
    safe_text_put(&b, text_of(entry->name));
    builder_put(&b, colour.len ? TEXT("\x1B[0m") : TEXT(""));
    builder_put(&b, entry->target ? TEXT(" -> ") : TEXT(""));
    safe_text_put(&b, text_of(entry->target));
    write_line(report, report->out, &b);
}

void report_found(struct report *report, struct text path, const struct entry *entry)
{
    char bytes[LINE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    size_t slash = text_find_last(path, '/');
    const struct text directory = {path.at, slash == path.len ? 0 : slash ? slash : 1};
    if (report->is_json) {
        tell_entry(report, directory, entry);
        return;
    }
    safe_text_put(&b, path);
    write_line(report, report->out, &b);
}

static void tell_usage(struct report *report, const struct report_usage *usage)
{
    struct json_event event = json_event_begin("usage");
    json_event_put_text(&event, "path", usage->path);
    json_event_put_number(&event, "bytes", usage->bytes);
    json_event_put_number(&event, "files", usage->files);
    json_event_put_flag(&event, "size_is_rough", usage->is_rough);
    write_event(report, &event);
}

void report_usage(struct report *report, const struct report_usage *usage)
{
    enum { SIZE_COLUMNS = 10 };
    char bytes[LINE_SIZE];
    char size_bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder size = builder_on(size_bytes, sizeof(size_bytes));
    if (report->is_json) {
        tell_usage(report, usage);
        return;
    }
    if (usage->is_rough)
        builder_put_byte(&size, '~');
    progress_put_bytes(&size, usage->bytes);
    builder_put_right(&b, builder_text(&size), SIZE_COLUMNS);
    builder_put(&b, TEXT("  "));
    safe_text_put(&b, usage->path.len ? usage->path : TEXT("."));
    write_line(report, report->out, &b);
}

static void report_change(struct report *report, const char *name, struct text words,
                          struct text path)
{
    if (report->is_json) {
        struct json_event event = json_event_begin(name);
        json_event_put_text(&event, "path", path);
        write_event(report, &event);
    } else if (is_told(report, NOTES)) {
        char bytes[LINE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put(&b, words);
        safe_text_put(&b, path);
        write_line(report, report->notes, &b);
    }
}

void report_made(struct report *report, struct text path)
{
    report_change(report, "made", TEXT("Made "), path);
}

void report_removed(struct report *report, struct text path)
{
    report_change(report, "removed", TEXT("Removed "), path);
}

void report_renamed(struct report *report, struct text path, struct text to)
{
    if (report->is_json) {
        struct json_event event = json_event_begin("renamed");
        json_event_put_text(&event, "path", path);
        json_event_put_text(&event, "to", to);
        write_event(report, &event);
    } else if (is_told(report, NOTES)) {
        char bytes[LINE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put(&b, TEXT("Renamed "));
        safe_text_put(&b, path);
        builder_put(&b, TEXT(" to "));
        safe_text_put(&b, to);
        write_line(report, report->notes, &b);
    }
}

void report_finding(struct report *report, const char *event, struct text word, struct text path)
{
    enum { WORD_COLUMNS = 9 };
    char bytes[LINE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (report->is_json) {
        struct json_event json = json_event_begin(event);
        json_event_put_text(&json, "what", word);
        json_event_put_text(&json, "path", path);
        write_event(report, &json);
        return;
    }
    builder_put(&b, word);
    while (b.len < WORD_COLUMNS)
        builder_put_byte(&b, ' ');
    safe_text_put(&b, path);
    write_line(report, report->out, &b);
}

/* ---- What the server says ----------------------------------------------------------------- */

void report_reply(struct report *report, struct text command, unsigned code, struct text lines)
{
    char bytes[LINE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (report->is_json) {
        struct json_event event = json_event_begin("reply");
        secret_put_command(&b, command);
        json_event_put_text(&event, "command", builder_text(&b));
        json_event_put_number(&event, "code", code);
        json_event_put_text(&event, "text", lines);
        write_event(report, &event);
        return;
    }
    while (lines.len) {
        b.len = 0;
        safe_text_put(&b, text_take_until(&lines, '\n'));
        write_line(report, report->out, &b);
    }
}

/* ---- What went wrong ------------------------------------------------------------------------ */

static void tell_error(struct report *report, const struct report_problem *problem,
                       struct text text)
{
    struct json_event event = json_event_begin("error");
    json_event_put_text(&event, "what", problem->what);
    if (problem->code)
        json_event_put_number(&event, "code", problem->code);
    json_event_put_text(&event, "text", text);
    json_event_put_text(&event, "fault", text_of(fault_name(problem->fault)));
    json_event_put_text(&event, "status", text_of(exit_status_name(problem->status)));
    write_event(report, &event);
}

void report_error(struct report *report, const struct report_problem *problem)
{
    char bytes[LINE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text text = problem->text.len ? problem->text : text_of(fault_text(problem->fault));
    if (report->is_json) {
        tell_error(report, problem, text);
        return;
    }
    builder_put(&b, TEXT("ferry: "));
    safe_text_put(&b, problem->what);
    builder_put(&b, TEXT(": "));
    if (problem->code) {
        builder_put_number_padded(&b, problem->code, 3);
        builder_put_byte(&b, ' ');
    }
    safe_text_put(&b, text);
    write_line(report, report->errors, &b);
}

void report_warning(struct report *report, struct text what, struct text why)
{
    if (report->is_json) {
        struct json_event event = json_event_begin("warning");
        json_event_put_text(&event, "what", what);
        json_event_put_text(&event, "text", why);
        write_event(report, &event);
        return;
    }
    if (!is_told(report, NOTES))
        return;
    char bytes[LINE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put(&b, TEXT("ferry: warning: "));
    safe_text_put(&b, what);
    builder_put(&b, TEXT(": "));
    safe_text_put(&b, why);
    write_line(report, report->errors, &b);
}

static void put_count(struct builder *b, uint64_t count, struct text what)
{
    if (!count)
        return;
    builder_put(b, TEXT(", "));
    builder_put_number(b, count);
    builder_put_byte(b, ' ');
    builder_put(b, what);
}

static void put_totals(struct builder *b, const struct report_totals *totals)
{
    if (totals->is_check) {
        builder_put_number(b, totals->differences);
        builder_put(b, totals->differences == 1 ? TEXT(" difference, ") : TEXT(" differences, "));
        builder_put_number(b, totals->skipped);
        builder_put(b,
                    totals->skipped == 1 ? TEXT(" file is the same") : TEXT(" files are the same"));
        put_count(b, totals->failed, TEXT("failed"));
        return;
    }
    builder_put_number(b, totals->files);
    builder_put(b, totals->files == 1 ? TEXT(" file, ") : TEXT(" files, "));
    if (totals->is_plan)
        progress_put_bytes(b, totals->bytes);
    else
        put_amount(b, totals->bytes, totals->duration_ms);
    builder_put(b, totals->is_plan ? TEXT(" would be copied") : TEXT(""));
    put_count(b, totals->failed, TEXT("failed"));
    put_count(b, totals->skipped, TEXT("were there already"));
    put_count(b, totals->removed, TEXT("removed"));
}

void report_summary(struct report *report, const struct report_totals *totals,
                    enum exit_status status)
{
    if (report->is_json) {
        struct json_event event = json_event_begin("summary");
        json_event_put_number(&event, "files", totals->files);
        json_event_put_number(&event, "bytes", totals->bytes);
        json_event_put_number(&event, "failed", totals->failed);
        json_event_put_number(&event, "skipped", totals->skipped);
        json_event_put_number(&event, "removed", totals->removed);
        if (totals->is_plan)
            json_event_put_flag(&event, "is_plan", true);
        if (totals->is_check)
            json_event_put_number(&event, "differences", totals->differences);
        json_event_put_number(&event, "duration_ms", totals->duration_ms);
        json_event_put_text(&event, "status", text_of(exit_status_name(status)));
        write_event(report, &event);
    } else if (is_told(report, NOTES)) {
        char bytes[LINE_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        put_totals(&b, totals);
        write_line(report, report->notes, &b);
    }
}

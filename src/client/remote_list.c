/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of a server, read while they come. */
#include <time.h>

#include "base/memory.h"
#include "client/remote_files.h"
#include "protocol/facts.h"
#include "protocol/listing_read.h"
#include "protocol/pathname.h"

enum {
    LIST_LINE_MAX = 16 * 1024,  /* what is longer is no line of a listing */
    LIST_BYTES_MAX = 512 << 20, /* of all lines, those that name nothing too */
    LIST_ARGUMENT_SIZE = 8 * 1024,
    DECODED_MAX = NAME_CHARSET_GROWTH * LIST_LINE_MAX,
};

/* A listing that comes, taken apart into lines. */
struct lines {
    struct stream stream;
    enum fault (*on_line)(struct lines *lines, struct text line);
    struct name_charset *charset; /* borrowed; NULL: lines are in UTF-8, or as they are */
    struct entries *entries;      /* borrowed */
    struct stream *people;        /* borrowed: whom the lines are for as they are; else NULL */
    struct listing_reader reader; /* of LIST */
    bool has_items;               /* of LIST: there was a name, if only "." */
    uint64_t total;               /* bytes that came */
    size_t len;
    bool is_too_long; /* up to the next LF */
    char bytes[LIST_LINE_MAX];
    char decoded[DECODED_MAX];
};

static enum fault take_line(struct lines *lines)
{
    struct text line = {lines->bytes, lines->len};
    bool is_whole = !lines->is_too_long;
    lines->len = 0;
    lines->is_too_long = false;
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    if (!is_whole)
        return FAULT_NONE;
    if (!lines->charset)
        return lines->on_line(lines, line);
    struct builder ours = builder_on(lines->decoded, sizeof(lines->decoded));
    enum fault f = name_charset_put_ours(lines->charset, line, &ours);
    return f ? f : lines->on_line(lines, builder_text(&ours));
}

static enum fault lines_write(struct stream *stream, const void *bytes, size_t len)
{
    struct lines *lines = (struct lines *)stream;
    struct text rest = {bytes, len};
    lines->total += len;
    if (lines->total > LIST_BYTES_MAX)
        return FAULT_LISTING_TOO_LARGE;
    while (rest.len) {
        size_t end = text_find(rest, '\n');
        bool fits = end <= sizeof(lines->bytes) - lines->len;
        if (fits)
            memcpy(lines->bytes + lines->len, rest.at, end);
        lines->len += fits ? end : 0;
        lines->is_too_long = lines->is_too_long || !fits;
        enum fault f = end < rest.len ? take_line(lines) : FAULT_NONE;
        if (f)
            return f;
        rest = text_after(rest, end + 1);
    }
    return FAULT_NONE;
}

static void lines_close(struct stream *stream)
{
    memory_free(stream);
}

static struct lines *lines_new(const struct remote *remote,
                               enum fault (*on_line)(struct lines *lines, struct text line),
                               struct entries *entries)
{
    static const struct stream_type type = {.write = lines_write, .close = lines_close};
    struct lines *lines = memory_new(sizeof(*lines));
    if (!lines)
        return NULL;
    lines->stream = (struct stream){.type = &type, .fd = -1};
    lines->charset = remote_charset(remote);
    lines->on_line = on_line;
    lines->entries = entries;
    return lines;
}

/* ---- MLSD ------------------------------------------------------------------------------ */

/* False of the directory itself and the one above it. */
static bool entry_of_facts(const struct facts *facts, struct entry *ret_entry,
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

/* What cannot be a name here, longer than any or with a NUL, is left out: it costs no other one. */
static enum fault add(struct lines *lines, const struct entry *entry, struct text name,
                      struct text target)
{
    enum fault f = entries_add(lines->entries, entry, name, target.len ? target : TEXT_NONE);
    return f == FAULT_NAME_INVALID ? FAULT_NONE : f;
}

static bool is_dots(struct text name)
{
    return text_equal(name, TEXT(".")) || text_equal(name, TEXT(".."));
}

static enum fault take_facts(struct lines *lines, struct text line)
{
    struct facts facts;
    struct entry entry;
    struct text name;
    struct text target;
    if (!facts_parse_line(line, &facts, &name) || !entry_of_facts(&facts, &entry, &target) ||
        is_dots(name))
        return FAULT_NONE;
    return add(lines, &entry, name, target);
}

/* ---- LIST ------------------------------------------------------------------------------ */

static enum fault take_item(struct lines *lines, struct text line)
{
    static const enum entry_kind kinds[] = {
        [LISTING_KIND_FILE] = ENTRY_FILE,
        [LISTING_KIND_DIRECTORY] = ENTRY_DIRECTORY,
        [LISTING_KIND_LINK] = ENTRY_LINK,
        [LISTING_KIND_OTHER] = ENTRY_OTHER,
    };
    static const enum entry_precision precisions[] = {
        [LISTING_TIME_NONE] = ENTRY_TIME_UNKNOWN,
        [LISTING_TIME_DAY] = ENTRY_TIME_DAY,
        [LISTING_TIME_MINUTE] = ENTRY_TIME_MINUTE,
        [LISTING_TIME_SECOND] = ENTRY_TIME_SECOND,
    };
    struct listing_item item;
    struct text dots = text_after(line, text_find_last(line, ' ') + 1);
    lines->has_items = lines->has_items || is_dots(dots);
    if (listing_read_line(&lines->reader, line, &item) != LISTING_ITEM)
        return FAULT_NONE;
    struct entry entry = {
        .kind = kinds[item.kind],
        .has_size = item.has_size,
        .size_is_rough = item.size_is_rough,
        .size = item.size,
        .precision = precisions[item.precision],
        .modified = item.modified,
        .has_mode = item.has_mode,
        .mode = item.mode,
    };
    lines->has_items = true;
    return add(lines, &entry, item.name, item.link_target);
}

/* ---- Either ---------------------------------------------------------------------------- */

static enum fault fetch_lines(struct remote *remote, const char *verb, struct text argument,
                              struct stream *stream)
{
    struct transfer_progress progress = {0};
    struct user_dtp_order order = {
        .direction = USER_DTP_FETCH,
        .verb = verb,
        .argument = argument,
        .parameters = PARAMETERS_DEFAULT,
        .stream = stream,
        .progress = &progress,
    };
    return remote_transfer(remote, &order);
}

static enum fault pass_line(struct lines *lines, struct text line)
{
    enum fault f = stream_write(lines->people, line.at, line.len);
    return f ? f : stream_write(lines->people, "\n", 1);
}

enum fault remote_list_lines(struct remote *remote, const char *verb, struct text argument,
                             struct stream *stream)
{
    if (!remote_charset(remote))
        return fetch_lines(remote, verb, argument, stream);
    struct lines *lines = lines_new(remote, pass_line, NULL);
    if (!lines)
        return FAULT_NO_MEMORY;
    lines->people = stream;
    enum fault f = fetch_lines(remote, verb, argument, &lines->stream);
    if (!f && lines->len) /* the last may have no end */
        f = take_line(lines);
    lines_close(&lines->stream);
    return f;
}

static enum fault list_facts(struct remote *remote, struct text path, struct entries *entries)
{
    struct lines *lines = lines_new(remote, take_facts, entries);
    if (!lines)
        return FAULT_NO_MEMORY;
    enum fault f = fetch_lines(remote, "MLSD", path, &lines->stream);
    lines_close(&lines->stream);
    return f;
}

/* An empty directory is told by some with a refusal: 550 No files found, 450, 226 without data. */
static bool means_empty(struct remote *remote)
{
    static const char *const words[] = {"no files", "no members", "no such file(s)", "empty",
                                        "no data sets"};
    struct text reason = remote_reason(remote);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasestr(reason.at, words[i]))
            return true;
    return false;
}

/* No argument of LIST is what looks like an option, or has bytes that servers cut or match at. */
static bool is_plain_argument(struct text path)
{
    static const char special[] = " *?[{\\~";
    bool is_plain = path.len && path.at[0] != '-';
    for (size_t i = 0; is_plain && special[i]; i++)
        is_plain = text_find(path, special[i]) == path.len;
    return is_plain;
}

/* One LIST of `path` (empty: of where it is), with options or none. */
static enum fault list_once(struct remote *remote, struct text path, struct text options,
                            struct lines *lines)
{
    char bytes[LIST_ARGUMENT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put(&b, options);
    builder_put(&b, options.len && path.len ? TEXT(" ") : TEXT(""));
    builder_put(&b, path);
    if (b.full)
        return FAULT_NAME_INVALID;
    lines->has_items = lines->is_too_long = false;
    lines->len = 0; /* a line that had no end is none, and no beginning of another */
    enum fault f = fetch_lines(remote, "LIST", b.len ? builder_text(&b) : TEXT_NONE,
                               &lines->stream);
    if ((f == FAULT_NOT_FOUND || f == FAULT_BUSY) && means_empty(remote))
        f = FAULT_NONE;
    return f;
}

/* Who takes -a for the name of a file finds none of that name, and says so or nothing. */
static enum fault list_here_or_there(struct remote *remote, struct text path, struct lines *lines)
{
    struct text told = text_of(remote_list_options(remote));
    bool all = !told.len && remote_lists_all(remote);
    enum fault f = all ? list_once(remote, path, TEXT("-a"), lines) : FAULT_NONE;
    if (fault_is_of_the_way(f) || f == FAULT_NO_DATA_CONNECTION || lines->has_items)
        return f;
    f = list_once(remote, path, told, lines);
    if (all && !f && lines->has_items)
        remote_forget_lists_all(remote);
    return f;
}

/* As FAULT_NOT_FOUND, if there is no such directory; `lines` NULL: nothing else is to be known. */
static enum fault list_inside(struct remote *remote, struct text path, struct lines *lines)
{
    enum fault f = remote_ask_directory(remote); /* what CWD was told may be relative to anything */
    if (f == FAULT_UNSUPPORTED && !lines)
        return FAULT_NONE;
    if (f == FAULT_UNSUPPORTED && path.at[0] != '-') /* no way back is known: from here, then */
        return list_here_or_there(remote, path, lines);
    if (!f)
        f = remote_command(remote, "CWD", path, false);
    if (f)
        return f;
    f = lines ? list_here_or_there(remote, TEXT_NONE, lines) : FAULT_NONE;
    if (fault_is_of_the_way(f)) /* the next connection begins where this one did */
        return f;
    enum fault back = remote_command(remote, "CWD", remote_directory(remote), false);
    return f ? f : back;
}

static enum fault list_lines(struct remote *remote, struct text path, struct entries *entries)
{
    struct lines *lines = lines_new(remote, take_item, entries);
    if (!lines)
        return FAULT_NO_MEMORY;
    bool goes_there = path.len && !is_plain_argument(path);
    enum fault f;
    listing_reader_init(&lines->reader, (int64_t)time(NULL), remote_system(remote));
    if (goes_there)
        f = list_inside(remote, path, lines);
    else
        f = list_here_or_there(remote, path, lines);
    /* vsftpd 3.0.3 and others list a directory that is not there as an empty one. */
    if (!f && !lines->has_items && path.len && !goes_there)
        f = list_inside(remote, path, NULL);
    lines_close(&lines->stream);
    return f;
}

static enum fault list_somehow(struct remote *remote, struct text path, struct entries *entries)
{
    if (features_has(remote_features(remote), FEATURE_MLST)) {
        enum fault f = list_facts(remote, path, entries);
        if (f == FAULT_UNSUPPORTED && user_pi_code(remote_pi(remote)) == 501)
            return FAULT_NOT_FOUND; /* pyftpdlib: no directory; RFC 3659 7.2.1 has 501 for files */
        if (!remote_lacks_command(remote))
            return f;
        remote_forget_feature(remote, FEATURE_MLST);
    }
    return list_lines(remote, path, entries);
}

/*
 * A server may be unable to connect to one port of ours and able to the next: Pure-FTPd has one
 * port of its own, from which the kernel lets it come to each of ours once a minute.
 */
static bool is_port_refused(const struct remote *remote, enum fault f)
{
    return f == FAULT_NO_DATA_CONNECTION && remote_code(remote) == 425;
}

/* Servers hang up on who was busy elsewhere: once more, then, with a connection that is new. */
enum fault remote_list(struct remote *remote, const char *path, struct entries *ret_entries)
{
    struct text there = path[0] ? text_of(path) : TEXT_NONE;
    enum fault f = list_somehow(remote, there, ret_entries);
    bool is_gone_now = remote_is_gone(remote, f);
    if (!is_gone_now && !is_port_refused(remote, f))
        return f;
    entries_clear(ret_entries);
    f = is_gone_now ? remote_reopen(remote) : FAULT_NONE;
    return f ? f : list_somehow(remote, there, ret_entries);
}

/* ---- One name ---------------------------------------------------------------------------- */

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
    (void)entry_of_facts(&facts, ret_entry, &target); /* cdir too: it is itself that was asked of */
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

/* Where there is neither SIZE nor MDTM, and of directories. */
static enum fault look_in_listing(struct remote *remote, const char *path, struct entry *ret_entry)
{
    char bytes[ENTRY_NAME_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct entries entries = {NULL, 0, 0, NULL};
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

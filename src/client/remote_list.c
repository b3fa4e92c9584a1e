/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of a server, read while they come. */
#include <stdio.h>
#include <time.h>

#include "base/memory.h"
#include "client/remote_parts.h"
#include "protocol/listing_read.h"

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
    const char *path;             /* borrowed: of LIST: what is listed */
    struct stream *people;        /* borrowed: whom the lines are for as they are; else NULL */
    struct listing_reader reader; /* of LIST */
    bool has_items;               /* of LIST: there was a name, if only "." */
    bool has_dots;                /* there was "." */
    bool is_alleged;              /* its listing had no data connection */
    uint64_t total;               /* bytes that came */
    size_t len;
    bool is_too_long; /* up to the next LF */
    char unread[128]; /* the first line that nobody could read, shortened */
    char bytes[LIST_LINE_MAX];
    char decoded[DECODED_MAX];
};

/* `line`: what raises the doubt, as far as there is something to show. */
static void raise_doubt(struct lines *lines, enum entries_doubt doubt, struct text line)
{
    struct builder b = builder_on(lines->unread, sizeof(lines->unread));
    if (!lines->entries) /* it is for people, as it is */
        return;
    if (!lines->unread[0]) {
        line.len = text_cut_utf8(line, sizeof(lines->unread) - 1);
        builder_put(&b, line);
        builder_end(&b);
    }
    if (lines->entries->doubt < doubt)
        lines->entries->doubt = doubt;
}

static enum fault take_line(struct lines *lines)
{
    struct text line = {lines->bytes, lines->len};
    bool is_whole = !lines->is_too_long;
    lines->len = 0;
    lines->is_too_long = false;
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    if (!is_whole) {
        raise_doubt(lines, ENTRIES_UNREAD, line);
        return FAULT_NONE;
    }
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

/* What cannot be a name here, longer than any or with a NUL, is left out: it costs no other one. */
static enum fault add(struct lines *lines, const struct entry *entry, struct text name,
                      struct text target)
{
    enum fault f = entries_add(lines->entries, entry, name, target.len ? target : TEXT_NONE);
    if (f != FAULT_NAME_INVALID)
        return f;
    raise_doubt(lines, ENTRIES_UNREAD, name);
    return FAULT_NONE;
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
    bool is_read = facts_parse_line(line, &facts, &name);
    if (!is_read && text_trim(line).len)
        raise_doubt(lines, ENTRIES_UNREAD, line);
    if (!is_read || !remote_entry_of_facts(&facts, &entry, &target) || is_dots(name))
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
    lines->has_dots = lines->has_dots || is_dots(dots);
    lines->has_items = lines->has_items || lines->has_dots;
    enum listing_outcome outcome = listing_read_line(&lines->reader, line, &item);
    if (outcome == LISTING_UNKNOWN || lines->reader.dropped)
        raise_doubt(lines, ENTRIES_UNREAD, line);
    if (outcome != LISTING_ITEM)
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
                              struct stream *stream, bool *ret_is_alleged)
{
    struct transfer_progress progress = {0};
    *ret_is_alleged = false;
    struct user_dtp_order order = {
        .direction = USER_DTP_FETCH,
        .verb = verb,
        .argument = argument,
        .parameters = PARAMETERS_DEFAULT,
        .ret_is_alleged = ret_is_alleged,
        .stream = stream,
        .progress = &progress,
    };
    return remote_transfer(remote, &order);
}

/* Of what was listed: is it a listing? What could not be read is in remote_reason. */
static enum fault judge(struct remote *remote, const struct lines *lines)
{
    char why[sizeof(lines->unread) + sizeof("its listing cannot be read: ")];
    const struct entries *entries = lines->entries;
    if (entries->doubt != ENTRIES_UNREAD || entries->count || lines->has_dots) {
        if (entries->doubt)
            (void)remote_blame(remote, FAULT_NONE, entries_doubt_text(entries->doubt));
        return FAULT_NONE;
    }
    (void)snprintf(why, sizeof(why), "its listing cannot be read: %s", lines->unread);
    return remote_blame(remote, FAULT_MALFORMED, why);
}

static enum fault pass_line(struct lines *lines, struct text line)
{
    enum fault f = stream_write(lines->people, line.at, line.len);
    return f ? f : stream_write(lines->people, "\n", 1);
}

enum fault remote_list_lines(struct remote *remote, const char *verb, struct text argument,
                             struct stream *stream)
{
    bool is_alleged;
    if (!remote_charset(remote))
        return fetch_lines(remote, verb, argument, stream, &is_alleged);
    struct lines *lines = lines_new(remote, pass_line, NULL);
    if (!lines)
        return FAULT_NO_MEMORY;
    lines->people = stream;
    enum fault f = fetch_lines(remote, verb, argument, &lines->stream, &is_alleged);
    if (!f && lines->len) /* the last may have no end */
        f = take_line(lines);
    lines_close(&lines->stream);
    return f;
}

static bool has_any(const char *where, const char *const words[])
{
    for (size_t i = 0; words[i]; i++)
        if (strcasestr(where, words[i]))
            return true;
    return false;
}

/*
 * A listing that came to its end, and what the server says of it: vsftpd (3.0.3) has 226 for a
 * directory that it could not open, Pure-FTPd (1.0.50) for one that it did not list to its end.
 */
static enum fault take_end(struct remote *remote, struct lines *lines)
{
    static const char *const closed[] = {"failed to open", NULL};
    static const char *const cut[] = {"truncated", "incomplete", NULL};
    char words[512];
    struct builder b = builder_on(words, sizeof(words));
    struct text said = user_pi_lines(remote_pi(remote));
    said.len = text_cut_utf8(said, sizeof(words) - 1);
    builder_put(&b, said);
    builder_end(&b);
    if (has_any(words, closed))
        return remote_blame(remote, FAULT_MALFORMED, words);
    enum fault f = FAULT_NONE;
    if (lines->len || lines->is_too_long) {
        raise_doubt(lines, ENTRIES_UNENDED, TEXT_NONE);
        f = take_line(lines);
    }
    if (lines->is_alleged)
        raise_doubt(lines, ENTRIES_ALLEGED, TEXT_NONE);
    if (has_any(words, cut))
        raise_doubt(lines, ENTRIES_CUT, TEXT_NONE);
    return f;
}

static enum fault list_facts(struct remote *remote, struct text path, struct entries *entries)
{
    struct lines *lines = lines_new(remote, take_facts, entries);
    if (!lines)
        return FAULT_NO_MEMORY;
    enum fault f = fetch_lines(remote, "MLSD", path, &lines->stream, &lines->is_alleged);
    f = f ? f : take_end(remote, lines);
    f = f ? f : judge(remote, lines);
    lines_close(&lines->stream);
    return f;
}

/*
 * An empty directory is told by some with a refusal: 550 No files found, 450. Words that are in
 * the path may stand there for the path.
 */
static bool means_empty(const struct remote *remote, const char *path)
{
    static const char *const refused[] = {"denied", "permission", "not allowed", "privilege", NULL};
    static const char *const words[] = {"no files", "no members", "no such file(s)", "empty",
                                        "no data sets"};
    struct text reason = remote_reason(remote);
    bool is_empty = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        is_empty = is_empty || (strcasestr(reason.at, words[i]) && !strcasestr(path, words[i]));
    return is_empty && !has_any(reason.at, refused);
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
    lines->has_items = lines->has_dots = lines->is_too_long = false;
    lines->len = 0; /* a line that had no end is none, and no beginning of another */
    lines->entries->doubt = ENTRIES_WHOLE;
    lines->unread[0] = '\0';
    enum fault f = fetch_lines(remote, "LIST", b.len ? builder_text(&b) : TEXT_NONE, &lines->stream,
                               &lines->is_alleged);
    if (!f)
        f = take_end(remote, lines);
    if (!f && listing_reader_end(&lines->reader))
        raise_doubt(lines, ENTRIES_UNREAD, TEXT_NONE);
    if ((f == FAULT_NOT_FOUND || f == FAULT_BUSY) && means_empty(remote, lines->path))
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

/*
 * Of a directory that it may not read ls -a tells the directory itself, and vsftpd (3.0.3) does
 * likewise: what has its name in it, and nothing else, has to be seen from within.
 */
static bool is_itself(const struct lines *lines, struct text path)
{
    const struct entries *entries = lines->entries;
    struct text name = text_after(path, text_find_last(path, '/') + 1);
    if (text_find_last(path, '/') == path.len)
        name = path;
    return !lines->has_dots && entries->count == 1 && entries->all[0].kind == ENTRY_DIRECTORY &&
           text_equal(text_of(entries->all[0].name), name);
}

static enum fault list_lines(struct remote *remote, struct text path, struct entries *entries)
{
    struct lines *lines = lines_new(remote, take_item, entries);
    if (!lines)
        return FAULT_NO_MEMORY;
    bool goes_there = path.len && !is_plain_argument(path);
    enum fault f;
    lines->path = path.len ? path.at : "";
    listing_reader_init(&lines->reader, (int64_t)time(NULL), remote_system(remote));
    if (goes_there)
        f = list_inside(remote, path, lines);
    else
        f = list_here_or_there(remote, path, lines);
    if (!f && path.len && !goes_there && is_itself(lines, path)) {
        entries_clear(entries);
        goes_there = true;
        f = list_inside(remote, path, lines);
    }
    /* vsftpd 3.0.3 and others list a directory that is not there as an empty, or an unopened, one.
     */
    bool may_be_none = f == FAULT_MALFORMED || (!f && !lines->has_items);
    if (may_be_none && path.len && !goes_there) {
        enum fault there = list_inside(remote, path, NULL);
        f = there ? there : f;
    }
    f = f ? f : judge(remote, lines);
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

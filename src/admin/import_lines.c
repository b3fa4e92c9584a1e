/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats that are lines: /etc/shadow, Pure-FTPd's passwd file (its
 * README.Virtual-Users), ProFTPD's AuthUserFile (passwd(5)), and the text that
 * vsftpd's users keep their Berkeley database in.
 */
#include <time.h>

#include "admin/import_record.h"

enum { FIELDS_MAX = 18, DAY_SECONDS = 24 * 60 * 60, HOURS_SIZE = 40 };

/* One line after the other, without its end. */
struct line_walk {
    struct text rest;
    struct text line;
    size_t number;
};

static bool next_line(struct line_walk *walk)
{
    if (!walk->rest.len)
        return false;
    walk->line = text_take_until(&walk->rest, '\n');
    if (walk->line.len && walk->line.at[walk->line.len - 1] == '\r')
        walk->line.len--;
    walk->number++;
    return true;
}

static bool is_comment(struct text line)
{
    return !line.len || line.at[0] == '#';
}

/* How many fields there are; those beyond the last that fits are only counted. */
static size_t split(struct text line, struct text fields[FIELDS_MAX])
{
    size_t count = 1;
    memset(fields, 0, FIELDS_MAX * sizeof(*fields));
    for (size_t end = text_find(line, ':'); end < line.len; end = text_find(line, ':'), count++) {
        if (count <= FIELDS_MAX)
            fields[count - 1] = (struct text){line.at, end};
        line = text_after(line, end + 1);
    }
    if (count <= FIELDS_MAX)
        fields[count - 1] = line;
    return count;
}

/* passwd(5) and shadow(5): what stands before a hash locks it, what cannot be one is no password.
 */
static void take_system_password(struct import_record *record, struct text hash)
{
    if (!hash.len) {
        import_refuse(record, "it needs no password there");
        return;
    }
    if (hash.at[0] == '!') {
        while (hash.len && hash.at[0] == '!')
            hash = text_after(hash, 1);
        if (hash.len > 1)
            import_doubt(record, "it is locked there");
    }
    if (hash.len <= 1) /* "*", or nothing behind the lock */
        import_refuse(record, "it has no password there");
    else
        import_password(record, hash, false);
}

/* ---- /etc/shadow ------------------------------------------------------------------------ */

/* Goes on to the user's line in a passwd file; false when it is not there. */
static bool find_home(struct line_walk *walk, struct text name, struct text *ret_home)
{
    enum { NAME, HOME = 5, COUNT = 7 };
    struct text fields[FIELDS_MAX];
    while (next_line(walk)) {
        if (split(walk->line, fields) == COUNT && text_equal(fields[NAME], name)) {
            *ret_home = fields[HOME];
            return true;
        }
    }
    return false;
}

/* Both files have one order as a rule: it is looked for from the last one on, then from the top. */
static struct text home_of(struct text passwd, struct line_walk *walk, struct text name)
{
    struct text home = TEXT("");
    if (!find_home(walk, name, &home)) {
        *walk = (struct line_walk){.rest = passwd};
        (void)find_home(walk, name, &home);
    }
    return home;
}

static void take_shadow_dates(struct import_record *record, const struct text *fields)
{
    enum { CHANGED = 2, MAX = 4, INACTIVE = 6, EXPIRES = 7, NEVER_DAYS = 99999 };
    uint64_t days;
    if (text_equal(fields[CHANGED], TEXT("0")))
        import_term_flag(record, TERM_MUST_CHANGE_PASSWORD);
    if (fields[EXPIRES].len && text_to_number(fields[EXPIRES], INT32_MAX, &days))
        import_term_date(record, TERM_EXPIRES, days * DAY_SECONDS);
    else if (fields[EXPIRES].len)
        import_doubt(record, "expires: \"%.*s\" is no number of days", TEXT_ARGS(fields[EXPIRES]));
    if ((fields[MAX].len &&
         !(text_to_number(fields[MAX], INT32_MAX, &days) && days >= NEVER_DAYS)) ||
        fields[INACTIVE].len)
        import_remark(record, "passwords do not age here");
}

enum fault import_shadow(const struct import_source *source, struct import_list *list,
                         char message[IMPORT_MESSAGE_SIZE])
{
    enum { NAME, HASH, COUNT = 9 };
    struct line_walk walk = {.rest = source->bytes};
    struct line_walk passwd = {.rest = source->passwd};
    struct text fields[FIELDS_MAX];
    while (next_line(&walk)) {
        if (is_comment(walk.line))
            continue;
        if (split(walk.line, fields) != COUNT)
            return import_complain(message, "line %zu has not the %d fields of /etc/shadow",
                                   walk.number, COUNT);
        struct import_record *record = import_add(list, IMPORT_USER, fields[NAME], walk.number);
        take_system_password(record, fields[HASH]);
        if (text_equal(fields[NAME], TEXT("root")))
            import_doubt(record, "root is no user of a file service");
        take_shadow_dates(record, fields);
        import_root(record, home_of(source->passwd, &passwd, fields[NAME]));
    }
    return FAULT_NONE;
}

/* ---- ProFTPD ------------------------------------------------------------------------------ */

enum fault import_proftpd(const struct import_source *source, struct import_list *list,
                          char message[IMPORT_MESSAGE_SIZE])
{
    enum { NAME, HASH, COMMENT = 4, HOME, COUNT = 7 };
    struct line_walk walk = {.rest = source->bytes};
    struct text fields[FIELDS_MAX];
    while (next_line(&walk)) {
        if (is_comment(walk.line))
            continue;
        if (split(walk.line, fields) != COUNT)
            return import_complain(message, "line %zu has not the %d fields of an AuthUserFile",
                                   walk.number, COUNT);
        struct import_record *record = import_add(list, IMPORT_USER, fields[NAME], walk.number);
        take_system_password(record, fields[HASH]);
        import_root(record, fields[HOME]);
        if (fields[COMMENT].len)
            import_term(record, TERM_COMMENT, fields[COMMENT]);
    }
    return FAULT_NONE;
}

/* ---- vsftpd --------------------------------------------------------------------------------- */

/* In clear as a rule; pam_userdb can be told that they are crypt(5)'s. */
static bool is_clear(struct text password)
{
    return password.at[0] != '$';
}

enum fault import_vsftpd(const struct import_source *source, struct import_list *list,
                         char message[IMPORT_MESSAGE_SIZE])
{
    struct line_walk walk = {.rest = source->bytes};
    while (next_line(&walk)) {
        struct text name = walk.line;
        size_t number = walk.number;
        if (!name.len && !walk.rest.len)
            break;
        if (!next_line(&walk))
            return import_complain(message, "line %zu: a name without a password", number);
        struct import_record *record = import_add(list, IMPORT_USER, name, number);
        if (walk.line.len)
            import_password(record, walk.line, is_clear(walk.line));
        else
            import_refuse(record, "it has no password there");
    }
    return FAULT_NONE;
}

/* ---- Pure-FTPd ---------------------------------------------------------------------------------
 */

enum pure_field {
    PURE_NAME,
    PURE_HASH,
    PURE_UID,
    PURE_GID,
    PURE_COMMENT,
    PURE_HOME,
    PURE_UPLOAD_RATE,
    PURE_DOWNLOAD_RATE,
    PURE_UPLOAD_RATIO,
    PURE_DOWNLOAD_RATIO,
    PURE_SESSIONS,
    PURE_FILES,
    PURE_BYTES,
    PURE_ALLOW_LOCAL,
    PURE_DENY_LOCAL,
    PURE_ALLOW_CLIENT,
    PURE_DENY_CLIENT,
    PURE_TIMES,
    PURE_COUNT,
};

/* "/srv/anna/./": up to the dot is the root. */
static void take_pure_home(struct import_record *record, struct text home)
{
    const char *dot = home.len ? memmem(home.at, home.len, "/./", strlen("/./")) : NULL;
    if (!dot) {
        import_remark(record, "it was not confined to its home there");
        import_root(record, home);
        return;
    }
    size_t len = (size_t)(dot - home.at);
    if (len + strlen("/./") < home.len)
        import_remark(record, "sessions begin in the root here");
    import_root(record, (struct text){home.at, len});
}

/* "900-1800", local time; beyond midnight when the end is before the begin. */
static void take_pure_times(struct import_record *record, struct text times)
{
    enum { HOUR = 100, LAST = 2359 };
    char bytes[HOURS_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    uint64_t begin;
    uint64_t end;
    struct text last = times;
    struct text first = text_take_until(&last, '-');
    if (!text_to_number(first, LAST, &begin) || !text_to_number(last, LAST, &end)) {
        import_doubt(record, "hours: \"%.*s\" is no time of day", TEXT_ARGS(times));
        return;
    }
    builder_put(&b, TEXT("Mon-Sun "));
    builder_put_number_padded(&b, begin / HOUR, 2);
    builder_put_byte(&b, ':');
    builder_put_number_padded(&b, begin % HOUR, 2);
    builder_put_byte(&b, '-');
    builder_put_number_padded(&b, end / HOUR, 2);
    builder_put_byte(&b, ':');
    builder_put_number_padded(&b, end % HOUR, 2);
    import_term(record, TERM_HOURS, builder_text(&b));
}

/* Both or neither; nothing and 0 are no ratio. */
static void take_pure_ratio(struct import_record *record, struct text up, struct text down)
{
    char bytes[48];
    struct builder b = builder_on(bytes, sizeof(bytes));
    bool has_up = up.len && !text_equal(up, TEXT("0"));
    bool has_down = down.len && !text_equal(down, TEXT("0"));
    if (!has_up && !has_down)
        return;
    builder_put(&b, up);
    builder_put_byte(&b, ':');
    builder_put(&b, down);
    import_term(record, TERM_RATIO, b.full ? TEXT("?") : builder_text(&b));
}

/* 0 is no limit to Pure-FTPd. */
static void take_pure_number(struct import_record *record, enum term term, struct text value)
{
    if (value.len && !text_equal(value, TEXT("0")))
        import_term(record, term, value);
}

static void take_pure_line(struct import_record *record, const struct text *fields)
{
    import_password(record, fields[PURE_HASH], false);
    take_pure_home(record, fields[PURE_HOME]);
    if (fields[PURE_COMMENT].len)
        import_term(record, TERM_COMMENT, fields[PURE_COMMENT]);
    take_pure_number(record, TERM_UPLOAD_RATE, fields[PURE_UPLOAD_RATE]);
    take_pure_number(record, TERM_DOWNLOAD_RATE, fields[PURE_DOWNLOAD_RATE]);
    take_pure_ratio(record, fields[PURE_UPLOAD_RATIO], fields[PURE_DOWNLOAD_RATIO]);
    take_pure_number(record, TERM_MAX_SESSIONS, fields[PURE_SESSIONS]);
    take_pure_number(record, TERM_QUOTA_FILES, fields[PURE_FILES]);
    take_pure_number(record, TERM_QUOTA_BYTES, fields[PURE_BYTES]);
    if (fields[PURE_ALLOW_LOCAL].len || fields[PURE_DENY_LOCAL].len)
        import_doubt(record, "nobody is kept to one of the server's addresses here");
    import_term_list(record, TERM_ALLOW_FROM, fields[PURE_ALLOW_CLIENT], ',');
    import_term_list(record, TERM_DENY_FROM, fields[PURE_DENY_CLIENT], ',');
    if (fields[PURE_TIMES].len)
        take_pure_times(record, fields[PURE_TIMES]);
}

enum fault import_puredb(const struct import_source *source, struct import_list *list,
                         char message[IMPORT_MESSAGE_SIZE])
{
    struct line_walk walk = {.rest = source->bytes};
    struct text fields[FIELDS_MAX];
    while (next_line(&walk)) {
        if (is_comment(walk.line))
            continue;
        if (split(walk.line, fields) != PURE_COUNT)
            return import_complain(message,
                                   "line %zu has not the %d fields of a Pure-FTPd passwd file",
                                   walk.number, PURE_COUNT);
        take_pure_line(import_add(list, IMPORT_USER, fields[PURE_NAME], walk.number), fields);
    }
    return FAULT_NONE;
}

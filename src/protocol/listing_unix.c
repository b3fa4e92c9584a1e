/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ls -l, which nearly every server writes or imitates:
 *
 *   drwxr-xr-x+  2 ftp      ftp          4096 Nov 20 10:11 name
 *
 * Fixed are the first column and that the name ends the line. In between some
 * leave out the links, the group or both, have blanks in a group's name, glue
 * the size to it, or write any date that ls has in any language. So the date is
 * looked for first: it follows a size; what is before that are links and owners.
 */
#include "protocol/listing_dialects.h"

enum {
    FIELDS_MAX = 12, /* words between permissions and date: six, and those of a group's name */
    PERMISSIONS = 10,
    SIZE_MAX_LEN = 32,    /* of one with its unit apart */
    GLUED_DIGITS_MIN = 6, /* a size that has filled its column; fewer are the end of a name */
};

struct fields {
    struct text words[FIELDS_MAX];
    size_t count;
};

/* ---- Permissions ------------------------------------------------------------- */

static bool set_kind(char letter, struct listing_item *item)
{
    switch (letter) {
    case '-':
    case 'C': /* contiguous (HP-UX, BSD) */
    case 'm': /* migrated to tape (Cray, HP-UX) */
    case 'M':
        item->kind = LISTING_KIND_FILE;
        return true;
    case 'd':
        item->kind = LISTING_KIND_DIRECTORY;
        return true;
    case 'l':
    case 'e': /* external link of z/OS UNIX */
        item->kind = LISTING_KIND_LINK;
        return true;
    default:
        item->kind = LISTING_KIND_OTHER;
        return listing_is_any_of(letter, TEXT("bcpsDPnw?"));
    }
}

/* "rwx" or the like. Another letter of `letters` at the place of x says set-id or sticky; only the
 * first of them has x, too. */
static bool read_triple(const char *at, struct text letters, unsigned *ret_bits, bool *ret_special)
{
    if ((at[0] != 'r' && at[0] != '-') || (at[1] != 'w' && at[1] != '-'))
        return false;
    size_t letter = text_find(letters, at[2]);
    bool is_special = letter < letters.len;
    if (at[2] != 'x' && at[2] != '-' && !is_special)
        return false;
    *ret_bits = (at[0] == 'r' ? 4U : 0) | (at[1] == 'w' ? 2U : 0) |
                (at[2] == 'x' || (is_special && letter == 0) ? 1U : 0);
    *ret_special = is_special;
    return true;
}

static bool read_mode(const char *at, unsigned *ret_mode)
{
    /* l: mandatory locking of System V, which is set-group-id without x */
    static const char letters[3][4] = {"sS", "sSl", "tT"};
    unsigned mode = 0;
    for (unsigned i = 0; i < 3; i++) {
        unsigned bits;
        bool is_special;
        if (!read_triple(at + (size_t)3 * i, text_of(letters[i]), &bits, &is_special))
            return false;
        mode |= bits << (6 - 3 * i) | (is_special ? 04000U >> i : 0);
    }
    *ret_mode = mode;
    return true;
}

/*
 * "drwxr-xr-x", and "+", "." or "@" for access lists, labels and attributes. A
 * wide number of links may follow without a blank. Other letters than Unix has
 * (NetWare's rights) are let pass, and are no mode.
 */
static bool take_permissions(struct text *rest, struct listing_item *item)
{
    struct text t = *rest;
    while (t.len && listing_is_blank(t.at[0]))
        t = text_after(t, 1);
    if (t.len <= PERMISSIONS || !set_kind(t.at[0], item))
        return false;
    for (size_t i = 1; i < PERMISSIONS; i++) {
        char c = text_upper(t.at[i]);
        if ((c < 'A' || c > 'Z') && c != '-' && c != '?')
            return false;
    }
    item->has_mode = read_mode(t.at + 1, &item->mode);
    t = text_after(t, PERMISSIONS);
    if (listing_is_any_of(t.at[0], TEXT("+.@*")))
        t = text_after(t, 1);
    *rest = t;
    return t.len && (listing_is_blank(t.at[0]) || text_is_digit(t.at[0]));
}

/* ---- Sizes ---------------------------------------------------------------------- */

/* "8, 0" or "8,0" or "0x1000002" of a device: its words come off. */
static bool cut_device(struct fields *fields)
{
    if (!fields->count || !text_is_digit(fields->words[fields->count - 1].at[0]))
        return false;
    fields->count--;
    if (fields->count) {
        struct text major = fields->words[fields->count - 1];
        if (major.at[major.len - 1] == ',')
            fields->count--;
    }
    return true;
}

/* The last words are a size: they come off. */
static bool cut_size(struct fields *fields, struct listing_item *item)
{
    if (item->kind == LISTING_KIND_OTHER && cut_device(fields))
        return true;
    if (!fields->count)
        return false;
    struct text last = fields->words[fields->count - 1];
    if (listing_size_read(last, item)) {
        fields->count--;
        return true;
    }
    /* "12.5 KB" */
    char joined[SIZE_MAX_LEN];
    struct builder b = builder_on(joined, sizeof(joined));
    if (fields->count < 2 || !text_is_digit(fields->words[fields->count - 2].at[0]))
        return false;
    builder_put(&b, fields->words[fields->count - 2]);
    builder_put(&b, last);
    if (b.full || !listing_size_read(builder_text(&b), item))
        return false;
    fields->count -= 2;
    return true;
}

/* "group1234567890": nobody can tell where the name ends, so the size is a guess. */
static void cut_glued_size(struct fields *fields, struct listing_item *item)
{
    if (!fields->count)
        return;
    struct text *last = &fields->words[fields->count - 1];
    size_t end = last->len;
    while (end && text_is_digit(last->at[end - 1]))
        end--;
    if (!end || last->len - end < GLUED_DIGITS_MIN)
        return;
    if (listing_size_read(text_after(*last, end), item))
        item->size_is_rough = item->has_size;
    last->len = end;
}

/* ---- Owners ---------------------------------------------------------------------- */

/* NetPresenz writes the sizes of both forks and their sum, or "folder", where others have owners.
 */
static bool is_forks(const struct fields *fields, const struct listing_item *item)
{
    uint64_t resource;
    uint64_t data;
    if (fields->count == 1 && item->kind == LISTING_KIND_DIRECTORY)
        return text_equal(fields->words[0], TEXT("folder"));
    return fields->count == 2 && item->has_size &&
           text_to_number(fields->words[0], UINT32_MAX, &resource) &&
           text_to_number(fields->words[1], UINT32_MAX, &data) && resource + data == item->size;
}

/* What is left: links owner group, of which each may be missing. */
static void set_owners(const struct fields *fields, struct listing_item *item)
{
    const struct text *words = fields->words;
    size_t count = fields->count;
    if (is_forks(fields, item))
        return;
    if (count && (listing_is_number(words[0]) || text_equal(words[0], TEXT("-")))) {
        words++;
        count--;
    }
    if (count)
        item->owner = words[0];
    if (count > 1) { /* Cygwin's "Domain Users" */
        const struct text *last = &words[count - 1];
        item->group = (struct text){words[1].at, (size_t)(last->at + last->len - words[1].at)};
    }
}

/* ---- Lines --------------------------------------------------------------------------- */

/*
 * "name -> target" of a link. Where the name or the target have an arrow, too,
 * the size tells which is the one: it is the length of the target.
 */
static void split_link(struct listing_item *item)
{
    const struct text arrow = TEXT(" -> ");
    struct text name = item->name;
    size_t first = name.len;
    for (size_t at = 1; at + arrow.len <= name.len; at++) {
        if (name.at[at] != ' ' || !text_starts_with(text_after(name, at), arrow))
            continue;
        if (first == name.len)
            first = at;
        if (item->has_size && name.len - at - arrow.len == item->size) {
            first = at;
            break;
        }
    }
    if (first == name.len)
        return;
    item->link_target = text_after(name, first + arrow.len);
    item->name.len = first;
}

static bool finish(struct fields *fields, struct text rest, struct listing_item *item)
{
    if (!listing_take_name(rest, item))
        return false;
    set_owners(fields, item);
    if (item->kind == LISTING_KIND_LINK)
        split_link(item);
    return true;
}

/* How a line is searched for its date, one way after the other. */
enum search {
    BEHIND_SIZE,
    ANYWHERE,            /* the size is missing, or glued to what is before it */
    FOREIGN_BEHIND_SIZE, /* with a month in a language that we do not know */
};

/* The first date that is found so, and all that is before and behind it. */
static bool read_dated(const struct listing_reader *reader, struct text rest, enum search search,
                       struct listing_item *item)
{
    bool (*const take)(struct text *, struct listing_date *) = search == FOREIGN_BEHIND_SIZE
                                                                   ? listing_date_take_foreign
                                                                   : listing_date_take;
    struct fields fields = {.count = 0};
    for (;;) {
        struct listing_item read = *item;
        struct fields before = fields;
        struct listing_date date;
        struct text after = rest;
        bool has_size = cut_size(&before, &read);
        if ((has_size || search == ANYWHERE) && take(&after, &date)) {
            if (!has_size)
                cut_glued_size(&before, &read);
            listing_date_set(&date, reader->now, &read);
            if (finish(&before, after, &read)) {
                *item = read;
                return true;
            }
        }
        struct text word = listing_take_word(&rest);
        if (!word.len || fields.count == FIELDS_MAX)
            return false;
        fields.words[fields.count++] = word;
    }
}

/* Nothing known but the name (a file that went away under ls): five question marks, ours and
 * GNU's. */
static bool read_unknown(struct text rest, struct listing_item *item)
{
    enum { MARKS = 5 };
    for (int i = 0; i < MARKS; i++)
        if (!text_equal(listing_take_word(&rest), TEXT("?")))
            return false;
    return listing_take_name(rest, item);
}

/* A date with something wrong about it must not become a name. */
static bool is_like_date(struct text rest)
{
    struct text word = listing_take_word(&rest);
    struct listing_date date;
    return listing_date_read_day(word, &date) ||
           (listing_month(word) && listing_is_number(listing_take_word(&rest)));
}

/* Embedded servers that keep no time: links, owner, group, size, name. */
static bool read_dateless(struct text rest, struct listing_item *item)
{
    enum { COLUMNS = 4 };
    struct fields fields = {.count = COLUMNS};
    for (size_t i = 0; i < COLUMNS; i++) {
        fields.words[i] = listing_take_word(&rest);
        if (!fields.words[i].len)
            return false;
    }
    return listing_is_number(fields.words[0]) && listing_is_number(fields.words[3]) &&
           !is_like_date(rest) && cut_size(&fields, item) && finish(&fields, rest, item);
}

bool listing_unix_read(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    struct text rest = line;
    if (!take_permissions(&rest, item))
        return false;
    return read_unknown(rest, item) || read_dated(reader, rest, BEHIND_SIZE, item) ||
           read_dated(reader, rest, ANYWHERE, item) ||
           read_dated(reader, rest, FOREIGN_BEHIND_SIZE, item) || read_dateless(rest, item);
}

bool listing_numeric_read(struct listing_reader *reader, struct text line,
                          struct listing_item *item)
{
    enum { COLUMNS = 5 };
    enum { TYPE = 0170000, DIRECTORY = 0040000, REGULAR = 0100000, LINK = 0120000 };
    struct text words[COLUMNS];
    struct text rest = line;
    uint64_t mode;
    uint64_t modified;
    (void)reader;
    for (size_t i = 0; i < COLUMNS; i++)
        words[i] = listing_take_word(&rest);
    if (words[0].len < 6 || !text_to_octal(words[0], 0177777, &mode) ||
        !listing_is_number(words[1]) || !listing_is_number(words[2]) ||
        !listing_is_number(words[3]) || !text_to_number(words[4], UINT32_MAX, &modified))
        return false;
    unsigned type = (unsigned)mode & TYPE;
    item->kind = type == REGULAR     ? LISTING_KIND_FILE
                 : type == DIRECTORY ? LISTING_KIND_DIRECTORY
                 : type == LINK      ? LISTING_KIND_LINK
                                     : LISTING_KIND_OTHER;
    item->has_mode = true;
    item->mode = (unsigned)mode & 07777;
    item->owner = words[1];
    item->group = words[2];
    item->modified = (int64_t)modified;
    item->precision = LISTING_TIME_SECOND;
    item->name = text_trim_start(rest); /* in a column of its own */
    return listing_size_read(words[3], item) && item->name.len > 0;
}

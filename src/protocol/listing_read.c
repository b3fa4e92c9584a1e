/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/listing_read.h"

#include "protocol/listing_dialects.h"

/*
 * In the order in which they are asked; the ones that are easily told apart
 * first. `system` is how the reply to SYST begins (RFC 959 4.1.3 names the
 * system with its first word).
 */
static const struct dialect {
    bool (*read)(struct listing_reader *reader, struct text line, struct listing_item *item);
    struct text system;
} dialects[] = {
    {listing_unix_read, {"", 0}}, /* everybody says UNIX: no hint */
    {listing_eplf_read, {"", 0}},           {listing_dos_read, {"WINDOWS_NT", 10}},
    {listing_netware_read, {"NETWARE", 7}}, {listing_vms_read, {"VMS", 3}},
    {listing_ibmi_read, {"OS/400", 6}},     {listing_zos_read, {"MVS", 3}},
    {listing_os2_read, {"OS/2", 4}},        {listing_vxworks_read, {"VXWORKS", 7}},
    {listing_nonstop_read, {"NONSTOP", 7}}, {listing_zvm_read, {"VM", 2}},
    {listing_name_first_read, {"", 0}},     {listing_numeric_read, {"", 0}},
};

enum {
    DIALECTS = sizeof(dialects) / sizeof(dialects[0]),
    SEEN_MAX = 200, /* lines that are counted of each dialect: enough to be sure */
};

_Static_assert((int)DIALECTS <= (int)LISTING_DIALECTS_MAX, "every dialect is counted");

void listing_reader_init(struct listing_reader *reader, int64_t now, struct text system)
{
    const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */
    struct text name = listing_take_word(&system);
    *reader = (struct listing_reader){.now = now < 0 ? 0 : now > last ? last : now};
    /* As if one line had been seen: two real ones of another dialect weigh more. */
    for (size_t i = 0; i < DIALECTS; i++)
        reader->seen[i] = dialects[i].system.len && text_equal_any_case(name, dialects[i].system);
}

bool listing_reader_end(struct listing_reader *reader)
{
    bool was_held = reader->held_len > 0;
    reader->held_len = 0;
    return was_held;
}

/* ---- Lines that name nothing ------------------------------------------------------- */

/* What headings, sums and excuses begin with. */
static const struct heading {
    struct text words;
    bool lists_members; /* z/OS: what follows are members */
} headings[] = {
    {{"Volume Unit Referred", 20}, false}, /* z/OS */
    {{"Volume Referred Ext", 19}, false},  {{"Volume Unit Date", 16}, false},
    {{"Name VV.MM Created", 18}, true},    {{"Name Size TTR", 13}, true},
    {{"No members", 10}, false},           {{"No data sets", 12}, false},
    {{"No files found", 14}, false},       {{"Total of", 8}, false},         /* VMS */
    {{"Grand total of", 14}, false},       {{"Volume in drive", 15}, false}, /* MS-DOS */
    {{"Volume Serial Number", 20}, false}, {{"Directory of", 12}, false},    /* Nortel, too */
    {{"Volume - drive", 14}, false},       {{"File Name Size Date", 19}, false},
    {{"size date time name", 19}, false}, /* VxWorks */
    {{"File Code EOF", 13}, false},       /* NonStop */
};

static bool is_heading(struct listing_reader *reader, struct text line)
{
    for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
        if (!listing_begins_with(line, headings[i].words))
            continue;
        reader->lists_members = headings[i].lists_members;
        return true;
    }
    return false;
}

/* "total 12" of ls, in its languages; "total 1.2M" with -h; "total" and nothing more. */
static bool is_total(struct text line)
{
    struct text word = listing_take_word(&line);
    struct text sum = listing_take_word(&line);
    struct listing_item size;
    if (word.len && word.at[word.len - 1] == ':')
        word.len--;
    return listing_is_one_of(word, TEXT("total totaal totale totalt insgesamt gesamt celkem razem "
                                        "összesen yhteensä toplam suma skupaj итого всего загалом "
                                        "合計 总用量 總計 总计 합계")) &&
           (!sum.len || listing_size_read(sum, &size)) && !listing_trim(line).len;
}

/* "Directory DISK:[SMITH]" of VMS. */
static bool is_vms_directory(struct text line)
{
    struct text directory = line;
    if (!text_equal_any_case(listing_take_word(&directory), TEXT("Directory")))
        return false;
    directory = listing_trim(directory);
    return text_find(directory, ' ') == directory.len &&
           text_find(directory, '[') < directory.len && directory.at[directory.len - 1] == ']';
}

/* "./sub:" and "/pub:" of ls -R. */
static bool is_path(struct text line)
{
    return (line.at[0] == '/' || text_starts_with(line, TEXT("./"))) &&
           line.at[line.len - 1] == ':';
}

/* "-----  ------", "=====": a rule below headings. */
static bool is_rule(struct text line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!listing_is_any_of(line.at[i], TEXT("-= \t")))
            return false;
    return true;
}

/* "3 File(s)  1234 bytes", "2 Dir(s)" of MS-DOS. */
static bool is_count(struct text line)
{
    struct listing_item number;
    return listing_size_read(listing_take_word(&line), &number) &&
           listing_is_one_of(listing_take_word(&line), TEXT("File(s) Dir(s)"));
}

static bool is_nothing(struct listing_reader *reader, struct text line)
{
    line = listing_trim(line);
    return !line.len || is_rule(line) || is_path(line) || is_total(line) || is_count(line) ||
           line.at[0] == '%' /* "%RMS-E-FNF, file not found": an error of VMS */ ||
           is_vms_directory(line) || is_heading(reader, line);
}

/* ---- Lines ---------------------------------------------------------------------------- */

/* The dialect of most lines so far, when there were several of it, or SYST's. */
static size_t preferred(const struct listing_reader *reader)
{
    size_t most = 0;
    for (size_t i = 1; i < DIALECTS; i++)
        if (reader->seen[i] > reader->seen[most])
            most = i;
    return most;
}

static bool ask(struct listing_reader *reader, size_t dialect, struct text line,
                struct listing_item *item)
{
    *item = (struct listing_item){.kind = LISTING_KIND_FILE};
    if (!dialects[dialect].read(reader, line, item))
        return false;
    if (reader->seen[dialect] < SEEN_MAX)
        reader->seen[dialect]++;
    return true;
}

static bool ask_all(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    size_t first = preferred(reader);
    if (ask(reader, first, line, item))
        return true;
    for (size_t i = 0; i < DIALECTS; i++)
        if (i != first && ask(reader, i, line, item))
            return true;
    return false;
}

/* What holds for the items of all dialects. */
static enum listing_outcome finish(struct listing_item *item, struct listing_item *ret_item)
{
    /* "name/" of ls -F, IBM i and others: of a directory it can be nothing else. */
    if (item->kind == LISTING_KIND_DIRECTORY && item->name.len > 1 &&
        item->name.at[item->name.len - 1] == '/')
        item->name.len--;
    if (text_equal(item->name, TEXT(".")) || text_equal(item->name, TEXT("..")))
        return LISTING_NOTHING;
    item->has_size = item->has_size && item->kind == LISTING_KIND_FILE;
    item->size_is_rough = item->size_is_rough && item->has_size;
    if (!item->has_size)
        item->size = 0;
    *ret_item = *item;
    return LISTING_ITEM;
}

/* No name has these, whatever the system; a log or a terminal would be misled. */
static bool is_text(struct text line)
{
    return text_find(line, '\0') == line.len && text_find(line, '\r') == line.len &&
           text_find(line, '\n') == line.len;
}

static bool hold(struct listing_reader *reader, struct text line)
{
    struct builder b = builder_on(reader->held, sizeof(reader->held));
    if (!listing_vms_is_name(line))
        return false;
    builder_put(&b, listing_trim(line));
    reader->held_len = b.len;
    return !b.full;
}

enum listing_outcome listing_read_line(struct listing_reader *reader, struct text line,
                                       struct listing_item *ret_item)
{
    struct text held = {reader->held, reader->held_len};
    struct listing_item item = {.kind = LISTING_KIND_FILE};
    reader->held_len = 0;
    if (text_starts_with(line, TEXT("\xEF\xBB\xBF"))) /* a byte order mark, where a text begins */
        line = text_after(line, 3);
    while (line.len && line.at[line.len - 1] == '\r') /* "\r\r\n" of some servers of Windows */
        line.len--;
    if (held.len && is_text(line) && listing_vms_read_halves(reader, held, line, &item)) {
        reader->dropped = false;
        return finish(&item, ret_item);
    }
    reader->dropped = held.len > 0;
    if (!is_text(line))
        return LISTING_UNKNOWN;
    if (ask_all(reader, line, &item))
        return finish(&item, ret_item);
    if (is_nothing(reader, line))
        return LISTING_NOTHING;
    return hold(reader, line) ? LISTING_MORE : LISTING_UNKNOWN;
}

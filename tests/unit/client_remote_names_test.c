/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote_names.h"

#include "client/remote_walk.h"
#include "tests/unit/ftp_host.h"

static struct ftp_host host;
static struct remote_settings settings;
static struct remote *remote;

static void begin(const struct ftp_host_answer *script)
{
    ftp_host_reset(&host);
    host.answers = script;
    ftp_host_begin(&host);
    settings = ftp_host_settings(&host);
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
}

static const char *end(void)
{
    remote_close(remote);
    ftp_host_end(&host);
    return host.heard;
}

/* The paths, with "|" between, or the fault's name. */
static const char *expand(const char *pattern, struct remote_names *ret_names)
{
    static char bytes[1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    enum fault f = remote_names_expand(remote, text_of(pattern), ret_names);
    if (f)
        return fault_name(f);
    for (size_t i = 0; i < ret_names->entries.count; i++) {
        if (i)
            builder_put_byte(&b, '|');
        assert_true(remote_names_put_path(ret_names, i, &b));
    }
    return builder_end(&b);
}

static void check(const char *pattern, const char *expected)
{
    struct remote_names names = {.refused = 0};
    assert_string_equal(expand(pattern, &names), expected);
    remote_names_clear(&names);
}

static const struct ftp_host_answer with_facts[] = {
    {"FEAT", "211-Features\r\n MLST type*;size*;\r\n211 End", NULL},
    {"OPTS", "200 So it is", NULL},
    {"MLSD gone", "550 No such directory", NULL},
    {"MLSD void", NULL, ""},
    {"NLST void", "550 No files found", NULL},
    {"MLSD /", NULL, "type=file;size=1; root.c\r\n"},
    {"MLSD a*b", NULL, "type=file;size=1; x.c\r\n"},
    {"MLSD", NULL,
     "type=file;size=3; b.c\r\ntype=file; a.c\r\ntype=dir; sub.c\r\ntype=file; .c\r\n"
     "type=file; x/../../y.c\r\ntype=file; ..\r\ntype=file; x\x1B.c\r\ntype=file; a*.c\r\n"},
    {NULL, NULL, NULL},
};

TEST(a_pattern_becomes_the_names_that_fit)
{
    begin(with_facts);
    check("*.c", "a*.c|a.c|b.c|sub.c");
    check("a?c", "a.c");
    check("a\\*.?", "a*.c");
    check("pub/[ab].c", "pub/a.c|pub/b.c");
    check("/*.c", "/root.c");
    check("a\\*b/*", "a*b/x.c");
    check(".*", ".c");
    check("*.h", "NOT_FOUND");
    check("gone/*", "NOT_FOUND");
    check("void/*", "NOT_FOUND");
    (void)end();
}

TEST(a_name_without_wildcards_is_itself_and_nobody_is_asked)
{
    begin(with_facts);
    check("a.c", "a.c");
    check("pub/a\\*\\\\b", "pub/a*\\b");
    check("*/a.c", "ARGUMENT");
    check("*/", "ARGUMENT");
    check("pub/", "ARGUMENT");
    assert_null(strstr(end(), "MLSD"));
}

TEST(names_that_are_none_are_counted_and_left_out)
{
    struct remote_names names;
    begin(with_facts);
    (void)expand("*.c", &names);
    assert_int_equal(names.refused, 2); /* with "/", with an escape */
    assert_int_equal(names.entries.all[3].kind, ENTRY_DIRECTORY);
    assert_int_equal(names.entries.all[2].size, 3);
    remote_names_clear(&names);
    (void)end();
}

static const struct ftp_host_answer unreadable[] = {
    {"SYST", "215 PDP-10", NULL},
    {"CWD", "250 Here", NULL},
    {"LIST", NULL, "?? a.c 17 ??\r\n?? b.c 18 ??\r\n"},
    {"NLST gone", "450 No such thing", NULL},
    {"NLST pub/*.c", NULL, "pub/b.c\r\n/etc/passwd.c\r\n../x.c\r\npub/a.c\r\nc.h\r\nlast.c"},
    {NULL, NULL, NULL},
};

TEST(names_are_asked_for_where_no_listing_can_be_read)
{
    begin(unreadable);
    check("pub/*.c", "pub/a.c|pub/b.c|pub/last.c");
    check("gone/*", "NOT_FOUND");
    check("other/*", "NOT_FOUND");
    assert_non_null(strstr(end(), "NLST pub/*.c\n"));
}

/* ---- Walks over servers that lie ------------------------------------------------------------ */

static const struct ftp_host_answer endless[] = {
    {"FEAT", "211-Features\r\n MLST type*;size*;\r\n211 End", NULL},
    {"OPTS", "200 So it is", NULL},
    {"MLSD", NULL, "type=dir; d\r\ntype=OS.unix=slink:/; l\r\ntype=dir; x/y\r\n"},
    {NULL, NULL, NULL},
};

struct seen {
    unsigned deepest;
    unsigned entered; /* how deep to go */
    unsigned left;
    unsigned loops;
    unsigned bad_names;
};

static enum fault on_entry(void *owner, const char *path, unsigned depth, const struct entry *entry,
                           bool *ret_enters)
{
    struct seen *seen = owner;
    assert_null(strstr(path, "/l/"));
    assert_non_null(entry->name);
    seen->deepest = depth > seen->deepest ? depth : seen->deepest;
    *ret_enters = depth < seen->entered;
    return FAULT_NONE;
}

static enum fault on_leave(void *owner, const char *path, unsigned depth)
{
    struct seen *seen = owner;
    assert_int_equal(strlen(path), 2 * depth + 1);
    seen->left++;
    return FAULT_NONE;
}

static enum fault on_fault(void *owner, const char *path, enum fault f)
{
    struct seen *seen = owner;
    assert_non_null(path);
    seen->loops += f == FAULT_LINK_LOOP;
    seen->bad_names += f == FAULT_NAME_INVALID;
    return FAULT_NONE;
}

TEST(a_tree_without_end_has_one)
{
    struct seen seen = {.entered = UINT32_MAX};
    struct remote_visitor visitor = {on_entry, on_leave, on_fault, &seen};
    begin(endless);
    assert_fault(remote_walk(remote, "r", &visitor), FAULT_NONE);
    assert_int_equal(seen.deepest, REMOTE_WALK_DEPTH_MAX + 1);
    assert_int_equal(seen.loops, 1);
    assert_int_equal(seen.left, REMOTE_WALK_DEPTH_MAX + 2);
    assert_int_equal(seen.bad_names, REMOTE_WALK_DEPTH_MAX + 1);
    visitor.on_fault = NULL;
    assert_fault(remote_walk(remote, "r", &visitor), FAULT_LINK_LOOP);
    (void)end();
}

TEST(a_walk_goes_where_it_is_told_to)
{
    struct seen seen = {.entered = 2};
    const struct remote_visitor visitor = {on_entry, on_leave, on_fault, &seen};
    begin(endless);
    assert_fault(remote_walk(remote, "r", &visitor), FAULT_NONE);
    assert_int_equal(seen.deepest, 2);
    assert_int_equal(seen.left, 2);
    (void)end();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_pattern_becomes_the_names_that_fit),
        RUN(a_name_without_wildcards_is_itself_and_nobody_is_asked),
        RUN(names_that_are_none_are_counted_and_left_out),
        RUN(names_are_asked_for_where_no_listing_can_be_read),
        RUN(a_tree_without_end_has_one),
        RUN(a_walk_goes_where_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

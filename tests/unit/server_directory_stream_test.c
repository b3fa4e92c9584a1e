/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/resource.h>

#include "protocol/facts.h"
#include "protocol/pathname.h"
#include "server/directory_stream.h"
#include "tests/unit/world.h"

static char listing[1024 * 1024];

static atomic_bool cancelled;

/* Opens; `options` are those a client writes before the name. */
static enum fault open_listing(enum directory_form form, const char *argument,
                               struct stream **ret_stream)
{
    static struct caller caller;
    struct directory_request request = {
        .caller = &caller,
        .form = form,
        .facts = FACT_TYPE,
        .directory = TEXT("/"),
        .now = 1700000000,
        .cancelled = &cancelled,
    };
    caller = world_enter("reader");
    request.name = listing_parse_options(text_of(argument), &request.options);
    return directory_stream_open(&request, ret_stream);
}

static enum fault read_all(struct stream *stream, size_t *len)
{
    for (;;) {
        size_t n;
        enum fault f = stream_read(stream, listing + *len, DIRECTORY_LINE_MAX, &n);
        if (f || !n)
            return f;
        *len += n;
        assert_true(*len + DIRECTORY_LINE_MAX <= sizeof(listing));
    }
}

static struct text list(enum directory_form form, const char *argument)
{
    struct stream *stream = NULL;
    size_t len = 0;
    assert_fault(open_listing(form, argument, &stream), FAULT_NONE);
    assert_int_equal(stream->fd, -1);
    assert_fault(read_all(stream, &len), FAULT_NONE);
    stream_close(&stream);
    return (struct text){listing, len};
}

static void refused(enum directory_form form, const char *argument, enum fault expected)
{
    struct stream *stream = NULL;
    assert_fault(open_listing(form, argument, &stream), expected);
    assert_null(stream);
}

static void make_files(void)
{
    world_write("/b", "22");
    world_write("/a", "1");
    world_write("/.hidden", "");
    world_make_directory("/d");
    world_write("/d/x", "");
    world_make_directory("/d/e");
    world_write("/d/e/y", "");
    world_link("a", "/to-file");
    world_link("d", "/to-dir");
    world_link("nowhere", "/to-nothing");
}

/* ---- NLST -------------------------------------------------------------------------------- */

TEST(names_are_those_that_can_be_fetched_in_order)
{
    make_files();
    assert_text(list(DIRECTORY_NAMES, ""), "a\nb\nto-file\n");
    assert_text(list(DIRECTORY_NAMES, "d"), "d/x\n");
    assert_text(list(DIRECTORY_NAMES, "d/"), "d/x\n");
    assert_text(list(DIRECTORY_NAMES, "/d/../d"), "/d/../d/x\n");
    assert_text(list(DIRECTORY_NAMES, "to-dir"), "to-dir/x\n");
    assert_text(list(DIRECTORY_NAMES, "a"), "a\n");
    assert_text(list(DIRECTORY_NAMES, "to-file"), "to-file\n");
}

TEST(one_name_a_line_is_what_names_are_anyway)
{
    make_files();
    assert_text(list(DIRECTORY_NAMES, "-1"), "a\nb\nto-file\n");
    assert_text(list(DIRECTORY_NAMES, "-1 d"), "d/x\n");
    assert_text(list(DIRECTORY_NAMES, "-1F d"), "e/\nx\n");
}

TEST(what_cannot_be_fetched_is_not_there_for_names)
{
    make_files();
    assert_int_equal(mkfifo(world_path("/fifo"), 0600), 0);
    world_link("loop", "/loop");
    refused(DIRECTORY_NAMES, "fifo", FAULT_NOT_FOUND);
    refused(DIRECTORY_NAMES, "to-nothing", FAULT_NOT_FOUND);
    refused(DIRECTORY_NAMES, "-1 loop", FAULT_NOT_FOUND);
    assert_text(list(DIRECTORY_NAMES, "-F fifo"), "fifo\n");
    assert_text(list(DIRECTORY_NAMES, "-F to-nothing"), "to-nothing@\n");
}

TEST(options_make_names_those_of_ls)
{
    make_files();
    assert_text(list(DIRECTORY_NAMES, "-F d"), "e/\nx\n");
    assert_text(list(DIRECTORY_NAMES, "-r d"), "x\ne\n");
    assert_text(list(DIRECTORY_NAMES, "-A"), ".hidden\na\nb\nd\nto-dir\nto-file\nto-nothing\n");
    assert_text(list(DIRECTORY_NAMES, "-a d"), ".\n..\ne\nx\n");
    assert_text(list(DIRECTORY_NAMES, "-d d"), "d\n");
    assert_text(list(DIRECTORY_NAMES, "-d"), ".\n");
}

static void set_time(const char *path, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, world_path(path), times, 0), 0);
}

TEST(the_newest_comes_first_and_equals_by_name)
{
    static const char *const names[] = {"/c", "/a", "/b"};
    for (size_t i = 0; i < COUNT(names); i++)
        world_write(names[i], "");
    set_time("/a", 1000);
    set_time("/b", 2000);
    set_time("/c", 1000);
    assert_text(list(DIRECTORY_NAMES, "-t"), "b\na\nc\n");
    assert_text(list(DIRECTORY_NAMES, "-tr"), "c\na\nb\n");
}

TEST(a_newline_in_a_name_is_no_second_name)
{
    world_write("/a\nb", "");
    assert_true(text_equal(list(DIRECTORY_NAMES, ""), TEXT("a\0b\n")));
    assert_true(text_equal(list(DIRECTORY_FACTS, ""), TEXT("type=file; a\0b\n")));
}

TEST(an_empty_directory_is_an_empty_listing)
{
    assert_text(list(DIRECTORY_NAMES, ""), "");
    assert_text(list(DIRECTORY_LONG, ""), "");
    assert_text(list(DIRECTORY_FACTS, ""), "");
}

/* ---- Patterns ------------------------------------------------------------------------------ */

TEST(a_pattern_is_expanded_part_by_part)
{
    make_files();
    assert_text(list(DIRECTORY_NAMES, "[ab]"), "a\nb\n");
    assert_text(list(DIRECTORY_NAMES, "/?"), "/a\n/b\n");
    assert_text(list(DIRECTORY_NAMES, "z*"), "");
    assert_text(list(DIRECTORY_NAMES, "d/*"), "d/x\n");
    assert_text(list(DIRECTORY_NAMES, "d*/e/*"), "d/e/y\n");
    assert_text(list(DIRECTORY_NAMES, ".h*"), ".hidden\n");
}

TEST(a_name_that_is_there_is_no_pattern)
{
    world_write("/a*", "");
    world_write("/ab", "");
    assert_text(list(DIRECTORY_NAMES, "a*"), "a*\n");
}

/* Whatever the order of the directories: each of them comes first for one of the patterns. */
TEST(what_a_wildcard_meets_and_cannot_be_listed_is_empty)
{
    world_make_directory("/p1");
    world_make_directory("/p2");
    world_make_directory("/p2/sub");
    world_write("/p2/sub/f", "");
    world_link("nowhere", "/p0");
    world_link("p2/sub/f", "/p9");
    assert_text(list(DIRECTORY_NAMES, "p[02]/sub/*"), "p2/sub/f\n");
    assert_text(list(DIRECTORY_NAMES, "p[12]/sub/*"), "p2/sub/f\n");
    assert_text(list(DIRECTORY_NAMES, "p1*/sub/*"), "");
    assert_text(list(DIRECTORY_NAMES, "p0*/*"), "");
    assert_text(list(DIRECTORY_NAMES, "p9*/*"), "");
}

TEST(a_directory_that_was_named_and_cannot_be_listed_is_told)
{
    world_write("/file", "");
    refused(DIRECTORY_NAMES, "none/*", FAULT_NOT_FOUND);
    refused(DIRECTORY_NAMES, "file/*", FAULT_NOT_DIRECTORY);
}

/* ---- LIST ---------------------------------------------------------------------------------- */

TEST(every_level_of_a_recursive_listing_has_its_header)
{
    make_files();
    assert_text(list(DIRECTORY_NAMES, "-R d"), "d:\ne\nx\n\nd/e:\ny\n");
    world_make_directory("/d/a");
    world_write("/d/a/z", "");
    assert_text(list(DIRECTORY_NAMES, "-R d"), "d:\na\ne\nx\n\nd/a:\nz\n\nd/e:\ny\n");
}

TEST(a_recursive_listing_does_not_follow_links)
{
    world_make_directory("/d");
    world_link("..", "/d/up");
    assert_text(list(DIRECTORY_NAMES, "-R"), ".:\nd\n\nd:\nup\n");
}

TEST(a_long_line_tells_where_a_link_leads)
{
    make_files();
    struct text lines = list(DIRECTORY_LONG, "");
    assert_true(text_ends_with(lines, TEXT(" to-nothing -> nowhere\n")));
    assert_int_equal(text_find(lines, '.'), lines.len);
}

TEST(a_link_that_is_all_there_is_tells_where_it_leads)
{
    make_files();
    world_link("loop", "/d/loop");
    assert_true(
        text_ends_with(list(DIRECTORY_LONG, "to-nothing"), TEXT(" to-nothing -> nowhere\n")));
    assert_true(text_ends_with(list(DIRECTORY_LONG, "d/loop"), TEXT(" d/loop -> loop\n")));
    assert_true(text_ends_with(list(DIRECTORY_LONG, "-d to-dir"), TEXT(" to-dir\n")));
}

TEST(one_file_or_link_is_all_there_is)
{
    make_files();
    assert_true(text_ends_with(list(DIRECTORY_LONG, "a"), TEXT(" a\n")));
    assert_int_equal(list(DIRECTORY_LONG, "d/x").at[0], '-');
    assert_int_equal(list(DIRECTORY_LONG, "to-file").at[0], '-'); /* what it leads to */
    assert_int_equal(list(DIRECTORY_LONG, "to-nothing").at[0], 'l');
    assert_int_equal(list(DIRECTORY_LONG, "-d d").at[0], 'd');
}

/* ---- MLSD ---------------------------------------------------------------------------------- */

TEST(facts_are_of_every_name_and_of_directories_only)
{
    make_files();
    struct text lines = list(DIRECTORY_FACTS, "d");
    assert_int_equal(lines.len, strlen("type=dir; e\ntype=file; x\n"));
    lines = list(DIRECTORY_FACTS, "");
    listing[lines.len] = '\0';
    assert_non_null(strstr(listing, "type=file; .hidden\n"));
    assert_non_null(strstr(listing, "type=OS.unix=slink:nowhere; to-nothing\n"));
    assert_null(strstr(listing, "; .\n"));
    refused(DIRECTORY_FACTS, "a", FAULT_NOT_DIRECTORY);
    refused(DIRECTORY_FACTS, "to-nothing", FAULT_NOT_FOUND);
    refused(DIRECTORY_FACTS, "d*", FAULT_NOT_FOUND); /* RFC 3659 2.2.2: no wildcards */
}

/* ---- Faults and limits ------------------------------------------------------------------------
 */

TEST(what_is_missing_is_told_before_the_transfer)
{
    char name[2 * PATHNAME_MAX];
    make_files();
    refused(DIRECTORY_LONG, "none", FAULT_NOT_FOUND);
    refused(DIRECTORY_LONG, "none/a", FAULT_NOT_FOUND);
    refused(DIRECTORY_LONG, "a/b", FAULT_NOT_DIRECTORY);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    refused(DIRECTORY_LONG, name, FAULT_NAME_INVALID);
}

TEST(a_directory_that_went_meanwhile_is_a_fault_and_not_empty)
{
    struct stream *stream = NULL;
    size_t len = 0;
    world_make_directory("/d");
    assert_fault(open_listing(DIRECTORY_LONG, "d", &stream), FAULT_NONE);
    assert_int_equal(rmdir(world_path("/d")), 0);
    assert_fault(read_all(stream, &len), FAULT_NOT_FOUND);
    stream_close(&stream);
}

static void make_many(unsigned count)
{
    char name[64];
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), "/name-%06u", i);
        world_write(name, "");
    }
}

TEST(a_subdirectory_that_went_meanwhile_is_empty)
{
    struct stream *stream = NULL;
    size_t len = 0;
    make_many(2000);
    world_make_directory("/zz");
    assert_fault(open_listing(DIRECTORY_NAMES, "-R", &stream), FAULT_NONE);
    assert_fault(stream_read(stream, listing, DIRECTORY_LINE_MAX, &len), FAULT_NONE);
    assert_true(len < 2000 * 12); /* the first piece is not all of it */
    assert_int_equal(rmdir(world_path("/zz")), 0);
    assert_fault(read_all(stream, &len), FAULT_NONE);
    stream_close(&stream);
    assert_text(text_after(((struct text){listing, len}), 3 + 2000 * 12), "zz\n\nzz:\n");
}

TEST(a_subdirectory_that_the_system_cannot_open_now_is_a_fault)
{
    struct stream *stream = NULL;
    struct rlimit before;
    size_t len = 0;
    make_many(2000);
    world_make_directory("/zz");
    assert_fault(open_listing(DIRECTORY_NAMES, "-R", &stream), FAULT_NONE);
    assert_fault(stream_read(stream, listing, DIRECTORY_LINE_MAX, &len), FAULT_NONE);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum fault f = read_all(stream, &len);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    stream_close(&stream);
    assert_int_not_equal(f, FAULT_NONE);
}

TEST(more_names_than_can_be_sorted_are_all_there)
{
    enum { NAMES = 8192 + 100 };
    static bool seen[NAMES];
    make_many(NAMES);
    struct text rest = list(DIRECTORY_NAMES, "");
    memset(seen, 0, sizeof(seen));
    while (rest.len) {
        uint64_t number;
        struct text line = text_take_until(&rest, '\n');
        assert_true(text_to_number(text_after(line, strlen("name-")), NAMES - 1, &number));
        assert_false(seen[number]);
        seen[number] = true;
    }
    for (size_t i = 0; i < NAMES; i++)
        assert_true(seen[i]);
}

/* What a client calls a directory may be longer than its path: no header may be cut short. */
TEST(a_recursive_listing_that_cannot_name_a_directory_is_a_fault)
{
    char argument[2 * PATHNAME_MAX];
    struct builder b = builder_on(argument, sizeof(argument));
    struct stream *stream = NULL;
    size_t len = 0;
    world_make_directory("/subdirectory");
    world_write("/subdirectory/f", "");
    builder_put(&b, TEXT("-R "));
    for (int i = 0; i < 2045; i++)
        builder_put(&b, TEXT("./"));
    assert_fault(open_listing(DIRECTORY_LONG, builder_end(&b), &stream), FAULT_NONE);
    assert_fault(read_all(stream, &len), FAULT_LISTING_TOO_LARGE);
    stream_close(&stream);
}

TEST(a_read_without_room_for_a_line_and_a_write_are_our_own_fault)
{
    struct stream *stream = NULL;
    size_t len = 99;
    make_files();
    assert_fault(open_listing(DIRECTORY_LONG, "", &stream), FAULT_NONE);
    assert_fault(stream_read(stream, listing, DIRECTORY_LINE_MAX - 1, &len), FAULT_BUG);
    assert_fault(stream_write(stream, "x", 1), FAULT_BUG);
    assert_int_equal(len, 99);
    stream_close(&stream);
}

TEST(a_listing_can_be_given_up_at_any_point)
{
    struct stream *stream = NULL;
    size_t len = 0;
    make_many(2000);
    assert_fault(open_listing(DIRECTORY_NAMES, "-R", &stream), FAULT_NONE);
    stream_close(&stream);
    assert_fault(open_listing(DIRECTORY_NAMES, "-R", &stream), FAULT_NONE);
    assert_fault(stream_read(stream, listing, DIRECTORY_LINE_MAX, &len), FAULT_NONE);
    assert_true(len > 0);
    stream_close(&stream);
    assert_null(stream);
}

TEST(a_listing_that_is_cancelled_ends_at_the_next_name)
{
    struct stream *stream = NULL;
    size_t len = 0;
    make_many(2000);
    assert_fault(open_listing(DIRECTORY_NAMES, "*", &stream), FAULT_NONE);
    assert_fault(stream_read(stream, listing, DIRECTORY_LINE_MAX, &len), FAULT_NONE);
    atomic_store(&cancelled, true);
    assert_fault(stream_read(stream, listing, DIRECTORY_LINE_MAX, &len), FAULT_CANCELLED);
    stream_close(&stream);
    refused(DIRECTORY_NAMES, "*/*", FAULT_CANCELLED);
    assert_fault(open_listing(DIRECTORY_NAMES, "none*", &stream), FAULT_NONE);
    assert_fault(stream_read(stream, listing, DIRECTORY_LINE_MAX, &len), FAULT_CANCELLED);
    stream_close(&stream);
    atomic_store(&cancelled, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(names_are_those_that_can_be_fetched_in_order),
        IN_WORLD(one_name_a_line_is_what_names_are_anyway),
        IN_WORLD(what_cannot_be_fetched_is_not_there_for_names),
        IN_WORLD(options_make_names_those_of_ls),
        IN_WORLD(the_newest_comes_first_and_equals_by_name),
        IN_WORLD(a_newline_in_a_name_is_no_second_name),
        IN_WORLD(an_empty_directory_is_an_empty_listing),
        IN_WORLD(a_pattern_is_expanded_part_by_part),
        IN_WORLD(a_name_that_is_there_is_no_pattern),
        IN_WORLD(what_a_wildcard_meets_and_cannot_be_listed_is_empty),
        IN_WORLD(a_directory_that_was_named_and_cannot_be_listed_is_told),
        IN_WORLD(every_level_of_a_recursive_listing_has_its_header),
        IN_WORLD(a_recursive_listing_does_not_follow_links),
        IN_WORLD(a_long_line_tells_where_a_link_leads),
        IN_WORLD(a_link_that_is_all_there_is_tells_where_it_leads),
        IN_WORLD(one_file_or_link_is_all_there_is),
        IN_WORLD(facts_are_of_every_name_and_of_directories_only),
        IN_WORLD(what_is_missing_is_told_before_the_transfer),
        IN_WORLD(a_directory_that_went_meanwhile_is_a_fault_and_not_empty),
        IN_WORLD(a_subdirectory_that_went_meanwhile_is_empty),
        IN_WORLD(a_subdirectory_that_the_system_cannot_open_now_is_a_fault),
        IN_WORLD(more_names_than_can_be_sorted_are_all_there),
        IN_WORLD(a_recursive_listing_that_cannot_name_a_directory_is_a_fault),
        IN_WORLD(a_read_without_room_for_a_line_and_a_write_are_our_own_fault),
        IN_WORLD(a_listing_can_be_given_up_at_any_point),
        IN_WORLD(a_listing_that_is_cancelled_ends_at_the_next_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

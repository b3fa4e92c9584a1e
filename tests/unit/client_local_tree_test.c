/* SPDX-License-Identifier: Apache-2.0 */
#include "client/local_tree.h"

#include "tests/unit/local_trees.h"

#define PART ".x.0123456789abcdef.ferry-part"

static const struct entry *listed(const struct entries *entries, const char *name)
{
    const struct entry *entry = entries_find(entries, text_of(name));
    if (!entry)
        fail_msg("%s is not listed", name);
    return entry;
}

TEST(a_directory_is_listed_with_all_that_is_known)
{
    struct entries entries = {0};
    const struct timespec times[2] = {{.tv_sec = 1}, {1234567890, 999999999}};
    put_file("f", "12345");
    put_directory("d");
    put_link("l", "d/../elsewhere");
    put_file(".dot", "");
    put_file(PART, "half");
    put_file("x.0123456789abcdef.ferry-part", "no dot in front");
    put_file(".x.0123456789ABCDEF.ferry-part", "no digits of ours");
    assert_int_equal(mkfifo(at("p"), 0600), 0);
    assert_int_equal(chmod(at("f"), 0640), 0);
    assert_int_equal(utimensat(AT_FDCWD, at("f"), times, 0), 0);
    assert_fault(local_tree_list(tree, "", &entries), FAULT_NONE);
    entries_sort(&entries);
    assert_int_equal(entries.count, 7);
    const struct entry *file = listed(&entries, "f");
    assert_int_equal(file->kind, ENTRY_FILE);
    assert_true(file->has_size && !file->size_is_rough && file->size == 5);
    assert_int_equal(file->precision, ENTRY_TIME_SECOND);
    assert_int_equal(file->modified, 1234567890);
    assert_true(file->has_mode && file->mode == 0640);
    assert_int_equal(listed(&entries, "d")->kind, ENTRY_DIRECTORY);
    assert_false(listed(&entries, "d")->has_size);
    assert_int_equal(listed(&entries, "l")->kind, ENTRY_LINK);
    assert_string_equal(listed(&entries, "l")->target, "d/../elsewhere");
    assert_int_equal(listed(&entries, "p")->kind, ENTRY_OTHER);
    assert_non_null(listed(&entries, ".dot"));
    entries_clear(&entries);
    assert_fault(local_tree_list(tree, "d", &entries), FAULT_NONE);
    assert_int_equal(entries.count, 0);
    assert_fault(local_tree_list(tree, "f", &entries), FAULT_NOT_DIRECTORY);
    assert_fault(local_tree_list(tree, "none", &entries), FAULT_NOT_FOUND);
}

TEST(a_look_follows_a_link_as_far_as_it_stays_in_the_tree)
{
    struct entry entry;
    put_directory("d");
    put_file("d/f", "123");
    put_link("in", "d/f");
    put_link("to_d", "d");
    put_link("out", "../outside");
    put_link("nowhere", "none");
    put_link("round", "round");
    static const struct {
        const char *path;
        enum entry_kind kind;
        bool has_size;
    } cases[] = {
        {"", ENTRY_DIRECTORY, false},     {"d", ENTRY_DIRECTORY, false},
        {"d/f", ENTRY_FILE, true},        {"in", ENTRY_FILE, true},
        {"to_d", ENTRY_DIRECTORY, false}, {"to_d/f", ENTRY_FILE, true},
        {"out", ENTRY_LINK, false},       {"nowhere", ENTRY_LINK, false},
        {"round", ENTRY_LINK, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_fault(local_tree_look(tree, cases[i].path, &entry), FAULT_NONE);
        if (entry.kind != cases[i].kind || entry.has_size != cases[i].has_size)
            fail_msg("%s is of kind %d", cases[i].path, (int)entry.kind);
        assert_null(entry.name);
    }
    assert_fault(local_tree_look(tree, "in", &entry), FAULT_NONE);
    assert_int_equal(entry.size, 3);
    assert_fault(local_tree_look(tree, "none", &entry), FAULT_NOT_FOUND);
    assert_fault(local_tree_look(tree, "none/f", &entry), FAULT_NOT_FOUND);
    assert_fault(local_tree_look(tree, "d/f/x", &entry), FAULT_NOT_DIRECTORY);
}

TEST(a_file_is_read_from_where_one_likes_to_its_end)
{
    char bytes[16];
    size_t len = 0;
    struct stream *stream = NULL;
    put_file("f", "0123456789");
    assert_fault(local_tree_read(tree, "f", &stream), FAULT_NONE);
    assert_true(stream->fd >= 0);
    assert_int_equal(stream->file_offset, 0);
    assert_int_equal(stream->file_end, 10);
    assert_fault(stream_read(stream, bytes, 4, &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), "0123");
    stream->file_offset = 7;
    assert_fault(stream_read(stream, bytes, sizeof(bytes), &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), "789");
    assert_fault(stream_read(stream, bytes, sizeof(bytes), &len), FAULT_NONE);
    assert_int_equal(len, 0);
    stream->file_offset = 11;
    assert_fault(stream_read(stream, bytes, sizeof(bytes), &len), FAULT_NONE);
    assert_int_equal(len, 0);
    stream->file_offset = 5;
    assert_int_equal(truncate(at("f"), 3), 0);
    assert_fault(stream_read(stream, bytes, sizeof(bytes), &len), FAULT_IO);
    stream_close(&stream);
}

TEST(only_plain_files_are_read)
{
    struct stream *stream = NULL;
    put_directory("d");
    assert_int_equal(mkfifo(at("p"), 0600), 0);
    assert_fault(local_tree_read(tree, "d", &stream), FAULT_IS_DIRECTORY);
    assert_fault(local_tree_read(tree, "p", &stream), FAULT_NOT_PLAIN_FILE);
    assert_fault(local_tree_read(tree, "none", &stream), FAULT_NOT_FOUND);
    assert_null(stream);
}

/* ---- What a server may call its files ------------------------------------------------- */

/* Whatever is tried at a path: it says so, and nothing has changed. */
static void assert_refused(const char *path, enum fault expected)
{
    struct entries entries = {0};
    struct entry entry;
    struct stream *stream = NULL;
    struct local_part part = {0};
    const enum fault said[] = {
        local_tree_list(tree, path, &entries),
        local_tree_look(tree, path, &entry),
        local_tree_read(tree, path, &stream),
        local_tree_make_directory(tree, path),
        local_tree_remove(tree, path),
        local_tree_link(tree, path, "x"),
        local_tree_set_time(tree, path, 0),
        local_tree_set_mode(tree, path, 0777),
        local_part_open(tree, path, 1, true, &part),
    };
    for (size_t i = 0; i < COUNT(said); i++)
        if (said[i] != expected)
            fail_msg("\"%s\", call %zu: FAULT_%s", path, i, fault_name(said[i]));
    assert_null(part.stream);
    assert_content("../outside", "outside");
    assert_int_equal(count_names(".."), 2);
}

TEST(a_name_that_is_no_path_below_is_refused)
{
    static const char *const wrong[] = {
        "/",   "/etc/passwd", "..", "../outside", "d/../../outside", "d/..", ".",       "./f",
        "d/.", "d//f",        "d/", "//f",        "d/../f",          PART,   "d/" PART, PART "/f",
    };
    put_directory("d");
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_refused(wrong[i], FAULT_NAME_INVALID);
    assert_int_equal(count_names(""), 1);
    assert_int_equal(count_names("d"), 0);
}

TEST(a_path_that_is_too_long_is_refused)
{
    static char path[2 * 4096];
    for (size_t i = 0; i < sizeof(path) - 1; i++)
        path[i] = i % 2 ? '/' : 'd';
    assert_refused(path, FAULT_NAME_INVALID);
    memset(path, 'x', 256);
    path[256] = '\0';
    struct entry entry;
    assert_fault(local_tree_look(tree, path, &entry), FAULT_NAME_INVALID);
}

TEST(links_that_lead_out_are_refused_on_the_way)
{
    put_link("up", "..");
    put_link("abs", base);
    put_link("proc", "/proc/self/cwd");
    put_directory("d");
    put_link("d/up", "../..");
    assert_refused("up/outside", FAULT_DENIED);
    assert_refused("abs/outside", FAULT_DENIED);
    assert_refused("proc/x", FAULT_DENIED);
    assert_refused("d/up/outside", FAULT_DENIED);
}

TEST(a_link_at_the_end_that_leads_out_is_not_followed)
{
    struct entries entries = {0};
    struct stream *stream = NULL;
    struct stat info;
    put_link("out", "../outside");
    put_link("up", "..");
    assert_fault(local_tree_read(tree, "out", &stream), FAULT_DENIED);
    assert_fault(local_tree_list(tree, "up", &entries), FAULT_DENIED);
    assert_fault(local_tree_make_directory(tree, "up"), FAULT_DENIED);
    assert_fault(local_tree_set_time(tree, "out", 0), FAULT_NONE); /* its own */
    assert_int_not_equal(local_tree_set_mode(tree, "out", 0777), FAULT_NONE);
    assert_int_equal(stat(at("../outside"), &info), 0);
    assert_int_not_equal(info.st_mtim.tv_sec, 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_fault(local_tree_remove(tree, "out"), FAULT_NONE);
    assert_false(is_there("out"));
    assert_content("../outside", "outside");
}

TEST(links_that_stay_in_the_tree_are_followed)
{
    struct local_part part;
    put_directory("d");
    put_link("l", "d");
    assert_fault(local_tree_make_directory(tree, "l/sub"), FAULT_NONE);
    assert_fault(local_part_open(tree, "l/f", 0, false, &part), FAULT_NONE);
    assert_fault(stream_write(part.stream, "x", 1), FAULT_NONE);
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
    assert_content("d/f", "x");
    assert_true(is_there("d/sub"));
}

/* ---- Changing --------------------------------------------------------------------------- */

TEST(directories_are_made_once_and_files_do_not_count_as_such)
{
    put_file("f", "");
    put_directory("real");
    put_link("l", "real");
    put_link("nowhere", "none");
    assert_fault(local_tree_make_directory(tree, ""), FAULT_NONE);
    assert_fault(local_tree_make_directory(tree, "d"), FAULT_NONE);
    assert_fault(local_tree_make_directory(tree, "d"), FAULT_NONE);
    assert_fault(local_tree_make_directory(tree, "d/e"), FAULT_NONE);
    assert_fault(local_tree_make_directory(tree, "l"), FAULT_NONE);
    assert_fault(local_tree_make_directory(tree, "x/y"), FAULT_NOT_FOUND);
    assert_fault(local_tree_make_directory(tree, "f"), FAULT_NOT_DIRECTORY);
    assert_fault(local_tree_make_directory(tree, "nowhere"), FAULT_EXISTS);
    assert_true(is_there("d/e"));
}

TEST(what_is_removed_is_a_file_a_link_or_an_empty_directory)
{
    put_directory("d");
    put_file("d/f", "");
    put_link("l", "d");
    assert_fault(local_tree_remove(tree, "d"), FAULT_NOT_EMPTY);
    assert_fault(local_tree_remove(tree, "l"), FAULT_NONE);
    assert_true(is_there("d/f"));
    assert_fault(local_tree_remove(tree, "d/f"), FAULT_NONE);
    assert_fault(local_tree_remove(tree, "d/f"), FAULT_NOT_FOUND);
    assert_fault(local_tree_remove(tree, "d"), FAULT_NONE);
    assert_fault(local_tree_remove(tree, ""), FAULT_DENIED);
    assert_int_equal(count_names(""), 0);
}

TEST(a_directory_with_nothing_but_parts_is_empty)
{
    put_directory("d");
    put_file("d/" PART, "half");
    put_file("d/f", "");
    assert_fault(local_tree_remove(tree, "d"), FAULT_NOT_EMPTY);
    assert_true(is_there("d/" PART));
    assert_fault(local_tree_remove(tree, "d/f"), FAULT_NONE);
    assert_fault(local_tree_remove(tree, "d"), FAULT_NONE);
    assert_false(is_there("d"));
}

TEST(a_directory_that_was_removed_and_made_again_is_the_new_one)
{
    struct entry entry;
    put_directory("d");
    assert_fault(local_tree_make_directory(tree, "d/a"), FAULT_NONE);
    assert_int_equal(rmdir(at("d/a")), 0);
    assert_int_equal(rmdir(at("d")), 0);
    assert_fault(local_tree_look(tree, "d/a", &entry), FAULT_NOT_FOUND);
    put_directory("d");
    assert_fault(local_tree_make_directory(tree, "d/b"), FAULT_NONE);
    assert_true(is_there("d/b"));
    assert_int_equal(rmdir(at("d/b")), 0);
    assert_int_equal(rmdir(at("d")), 0);
    put_directory("d");
    struct local_part part;
    assert_fault(local_part_open(tree, "d/f", 5, true, &part), FAULT_NONE);
    assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), FAULT_NONE);
    assert_content("d/f", "");
}

/* More than stay open at once, each twice. */
TEST(many_directories_are_each_their_own)
{
    char name[32];
    for (unsigned i = 0; i < 60; i++) {
        (void)snprintf(name, sizeof(name), "d%u", i % 30);
        assert_fault(local_tree_make_directory(tree, name), FAULT_NONE);
        (void)snprintf(name, sizeof(name), "d%u/%u", i % 30, i);
        assert_fault(local_tree_make_directory(tree, name), FAULT_NONE);
        assert_true(is_there(name));
    }
}

TEST(time_and_mode_are_set_but_not_whose_rights_a_program_has)
{
    struct stat info;
    put_directory("d");
    put_file("d/f", "");
    assert_fault(local_tree_set_time(tree, "d/f", 1000000000), FAULT_NONE);
    assert_fault(local_tree_set_time(tree, "d/f", INT64_MIN), FAULT_NONE);
    assert_fault(local_tree_set_mode(tree, "d/f", 06755), FAULT_NONE);
    assert_int_equal(stat(at("d/f"), &info), 0);
    assert_int_equal(info.st_mtim.tv_sec, 1000000000);
    assert_int_equal(info.st_mode & 07777, 0755);
    assert_fault(local_tree_set_time(tree, "d", -5), FAULT_NONE);
    assert_fault(local_tree_set_mode(tree, "d", 0700), FAULT_NONE);
    assert_int_equal(stat(at("d"), &info), 0);
    assert_int_equal(info.st_mtim.tv_sec, -5);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_fault(local_tree_set_time(tree, "none", 5), FAULT_NOT_FOUND);
    assert_fault(local_tree_set_mode(tree, "none", 5), FAULT_NOT_FOUND);
}

/* ---- Links -------------------------------------------------------------------------------- */

static void assert_link(const char *name, const char *target)
{
    char bytes[64];
    ssize_t n = readlink(at(name), bytes, sizeof(bytes));
    assert_true(n >= 0);
    assert_text(((struct text){bytes, (size_t)n}), target);
}

TEST(links_are_made_when_they_stay_in_the_tree)
{
    static const char *const good[] = {"f",        "none", "none/x", "../f",
                                       ".././a/x", "..",   ".",      "x//y"};
    put_file("f", "");
    put_directory("a");
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_fault(local_tree_link(tree, "a/l", good[i]), FAULT_NONE);
        assert_link("a/l", good[i]); /* replaced each time */
        assert_int_equal(count_names("a"), 1);
    }
}

TEST(links_are_not_made_that_lead_out_now_or_some_day)
{
    static const char *const bad[] = {
        "/",         "/etc/passwd", "../..", "../../outside", ".././../x", "x/../../..",
        "none/../f", "./a/..",      "",      "out",           "out/x",     "../out/x",
    };
    put_directory("a");
    put_link("a/out", "../../outside");
    put_link("out", "..");
    put_link("a/l", "was");
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (local_tree_link(tree, "a/l", bad[i]) != FAULT_DENIED)
            fail_msg("a link to \"%s\" is made", bad[i]);
        assert_link("a/l", "was");
    }
    assert_fault(local_tree_link(tree, "l", "../x"), FAULT_DENIED);
    assert_int_equal(count_names("a"), 2);
}

/* By its path a/b/l lies deeper than it does. */
TEST(how_deep_a_link_lies_is_not_counted_by_its_path)
{
    put_directory("a");
    put_link("a/b", "..");
    assert_fault(local_tree_link(tree, "a/b/l", "../x"), FAULT_DENIED);
    assert_fault(local_tree_link(tree, "a/b/l", "a/x"), FAULT_NONE);
    assert_link("l", "a/x");
}

TEST(a_link_replaces_no_file_and_no_directory)
{
    put_file("f", "kept");
    put_directory("d");
    assert_fault(local_tree_link(tree, "f", "x"), FAULT_EXISTS);
    assert_fault(local_tree_link(tree, "d", "x"), FAULT_EXISTS);
    assert_fault(local_tree_link(tree, "", "x"), FAULT_EXISTS);
    assert_content("f", "kept");
    assert_int_equal(count_names(""), 2);
}

/* ---- Trees --------------------------------------------------------------------------------- */

TEST(a_tree_is_opened_and_made_when_that_is_wanted)
{
    char path[128];
    struct local_tree *other = NULL;
    (void)snprintf(path, sizeof(path), "%s/new//deep/er/", base);
    assert_fault(local_tree_open(path, false, &other), FAULT_NOT_FOUND);
    assert_fault(local_tree_open(path, true, &other), FAULT_NONE);
    assert_fault(local_tree_make_directory(other, "x"), FAULT_NONE);
    assert_true(is_there("../new/deep/er/x"));
    local_tree_free(other);
    other = NULL;
    assert_fault(local_tree_open(path, true, &other), FAULT_NONE);
    local_tree_free(other);
    other = NULL;
    (void)snprintf(path, sizeof(path), "%s/outside/x", base);
    assert_fault(local_tree_open(path, true, &other), FAULT_NOT_DIRECTORY);
    assert_fault(local_tree_open("", true, &other), FAULT_NOT_FOUND);
    assert_fault(local_tree_open("/proc/none/x", true, &other), FAULT_NOT_FOUND);
    assert_null(other);
    local_tree_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(a_directory_is_listed_with_all_that_is_known),
        IN_TREE(a_look_follows_a_link_as_far_as_it_stays_in_the_tree),
        IN_TREE(a_file_is_read_from_where_one_likes_to_its_end),
        IN_TREE(only_plain_files_are_read),
        IN_TREE(a_name_that_is_no_path_below_is_refused),
        IN_TREE(a_path_that_is_too_long_is_refused),
        IN_TREE(links_that_lead_out_are_refused_on_the_way),
        IN_TREE(a_link_at_the_end_that_leads_out_is_not_followed),
        IN_TREE(links_that_stay_in_the_tree_are_followed),
        IN_TREE(directories_are_made_once_and_files_do_not_count_as_such),
        IN_TREE(what_is_removed_is_a_file_a_link_or_an_empty_directory),
        IN_TREE(a_directory_with_nothing_but_parts_is_empty),
        IN_TREE(a_directory_that_was_removed_and_made_again_is_the_new_one),
        IN_TREE(many_directories_are_each_their_own),
        IN_TREE(time_and_mode_are_set_but_not_whose_rights_a_program_has),
        IN_TREE(links_are_made_when_they_stay_in_the_tree),
        IN_TREE(links_are_not_made_that_lead_out_now_or_some_day),
        IN_TREE(how_deep_a_link_lies_is_not_counted_by_its_path),
        IN_TREE(a_link_replaces_no_file_and_no_directory),
        IN_TREE(a_tree_is_opened_and_made_when_that_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

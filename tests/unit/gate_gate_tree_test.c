/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gate_tree.h"
#include "tests/unit/world.h"

static bool of_part; /* what gate_combine said last */

static atomic_bool no = false;
static atomic_bool yes = true;

/* ---- Copying ---------------------------------------------------------------------------- */

TEST(a_copy_has_the_mode_it_was_given_and_replaces_what_was_there)
{
    struct caller writer = world_enter("writer");
    struct stat info;
    world_write("/from", "new");
    world_write("/to", "older and longer");
    world_write("/empty", "");
    assert_fault(gate_copy(&writer, "/from", "/to", 0640, &no), FAULT_NONE);
    assert_content("/to", "new");
    assert_content("/from", "new");
    assert_fault(gate_copy(&writer, "/empty", "/fresh", 0600, &no), FAULT_NONE);
    assert_content("/fresh", "");
    assert_int_equal(lstat(world_path("/fresh"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

TEST(a_copy_that_cannot_be_leaves_what_was_there)
{
    struct caller writer = world_enter("writer");
    world_make_directory("/dir");
    world_write("/file", "content");
    world_link("nowhere", "/dangling");
    assert_int_equal(mkfifo(world_path("/fifo"), 0644), 0);
    assert_fault(gate_copy(&writer, "/dir", "/to", 0644, &no), FAULT_IS_DIRECTORY);
    assert_fault(gate_copy(&writer, "/fifo", "/to", 0644, &no), FAULT_NOT_PLAIN_FILE);
    assert_fault(gate_copy(&writer, "/dangling", "/to", 0644, &no), FAULT_NOT_FOUND);
    assert_false(world_has("/to"));
    assert_fault(gate_copy(&writer, "/file", "/dir", 0644, &no), FAULT_IS_DIRECTORY);
    assert_fault(gate_copy(&writer, "/file", "/none/to", 0644, &no), FAULT_NOT_FOUND);
    world_write("/old", "old");
    assert_fault(gate_copy(&writer, "/file", "/old", 0644, &yes), FAULT_CANCELLED);
    assert_content("/old", "old");
}

TEST(a_copy_of_what_a_link_points_to_is_a_file)
{
    struct caller writer = world_enter("writer");
    struct stat info;
    world_write("/file", "content");
    world_link("file", "/link");
    assert_fault(gate_copy(&writer, "/link", "/copy", 0644, &no), FAULT_NONE);
    assert_int_equal(lstat(world_path("/copy"), &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_content("/copy", "content");
}

/* ---- Combining -------------------------------------------------------------------------- */

static enum fault combine(const struct caller *caller, const char *target, const char *first,
                          const char *second)
{
    char *const parts[] = {(char *)first, (char *)second};
    return gate_combine(caller, target, parts, second ? 2 : 1, 0644, &no, &of_part);
}

TEST(combining_keeps_the_order_of_the_parts_and_removes_them)
{
    struct caller writer = world_enter("writer");
    world_write("/whole", "0");
    world_write("/b", "2");
    world_write("/a", "1");
    assert_fault(combine(&writer, "/whole", "/b", "/a"), FAULT_NONE);
    assert_content("/whole", "021");
    assert_false(world_has("/a"));
    assert_false(world_has("/b"));
}

TEST(a_target_that_is_its_own_part_is_refused_and_kept)
{
    struct caller writer = world_enter("writer");
    world_write("/whole", "precious");
    world_write("/a", "1");
    world_make_directory("/dir");
    world_link("/whole", "/link");
    world_link("/", "/dir/up");
    assert_fault(combine(&writer, "/whole", "/whole", NULL), FAULT_ARGUMENT);
    assert_fault(combine(&writer, "/whole", "/a", "/whole"), FAULT_ARGUMENT);
    assert_fault(combine(&writer, "/link", "/whole", NULL), FAULT_ARGUMENT);
    assert_fault(combine(&writer, "/dir/up/whole", "/whole", NULL), FAULT_ARGUMENT);
    assert_fault(combine(&writer, "/whole", "/link", NULL), FAULT_ARGUMENT);
    assert_content("/whole", "precious");
    assert_content("/a", "1");
    assert_true(world_has("/link"));
}

TEST(a_part_that_is_given_twice_is_refused_and_kept)
{
    struct caller writer = world_enter("writer");
    world_write("/a", "1");
    assert_fault(combine(&writer, "/whole", "/a", "/a"), FAULT_ARGUMENT);
    assert_false(world_has("/whole"));
    assert_content("/a", "1");
}

TEST(combining_what_is_missing_or_cancelled_changes_nothing)
{
    struct caller writer = world_enter("writer");
    char *const parts[] = {(char *)"/a"};
    world_write("/whole", "0");
    world_write("/a", "1");
    world_make_directory("/dir");
    assert_fault(combine(&writer, "/whole", "/a", "/none"), FAULT_NOT_FOUND);
    assert_fault(combine(&writer, "/whole", "/a", "/dir"), FAULT_IS_DIRECTORY);
    assert_fault(gate_combine(&writer, "/whole", parts, 1, 0644, &yes, &of_part), FAULT_CANCELLED);
    assert_fault(combine(&writer, "/dir", "/a", NULL), FAULT_IS_DIRECTORY);
    assert_content("/whole", "0");
    assert_content("/a", "1");
}

/* ---- Removing --------------------------------------------------------------------------- */

static void make_tree(void)
{
    world_write("/keep", "x");
    world_make_directory("/t");
    world_make_directory("/t/a");
    world_make_directory("/t/a/b");
    world_make_directory("/t/empty");
    world_write("/t/a/b/file", "x");
    world_write("/t/.hidden", "x");
    world_write("/t/name\nwith newline", "x");
    world_link("../keep", "/t/link");
    assert_int_equal(mkfifo(world_path("/t/fifo"), 0644), 0);
}

TEST(a_tree_is_removed_with_everything_in_it_and_nothing_else)
{
    struct caller writer = world_enter("writer");
    make_tree();
    assert_fault(gate_remove_tree(&writer, "/t", &no), FAULT_NONE);
    assert_false(world_has("/t"));
    assert_content("/keep", "x");
}

TEST(a_link_to_a_tree_is_not_followed_to_empty_it)
{
    struct caller writer = world_enter("writer");
    make_tree();
    world_link("t", "/link");
    assert_fault(gate_remove_tree(&writer, "/link", &no), FAULT_NOT_DIRECTORY);
    assert_true(world_has("/link"));
    assert_content("/t/a/b/file", "x");
    assert_content("/t/.hidden", "x");
    assert_true(world_has("/t/empty"));
}

TEST(what_is_no_tree_is_left)
{
    struct caller writer = world_enter("writer");
    world_write("/file", "x");
    assert_fault(gate_remove_tree(&writer, "/file", &no), FAULT_NOT_DIRECTORY);
    assert_fault(gate_remove_tree(&writer, "/none", &no), FAULT_NOT_FOUND);
    assert_fault(gate_remove_tree(&writer, "/", &no), FAULT_DENIED);
    assert_content("/file", "x");
}

TEST(a_cancelled_removal_stops_early)
{
    struct caller writer = world_enter("writer");
    make_tree();
    assert_fault(gate_remove_tree(&writer, "/t", &yes), FAULT_CANCELLED);
    assert_content("/t/a/b/file", "x");
}

TEST(a_path_that_is_too_long_is_refused)
{
    struct caller writer = world_enter("writer");
    char path[5000];
    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_fault(gate_remove_tree(&writer, path, &no), FAULT_NAME_INVALID);
}

/* Deeper than the longest path can name: no loop without an end, and nothing outside touched. */
TEST(a_tree_that_is_deeper_than_a_path_can_name_is_told)
{
    struct caller writer = world_enter("writer");
    char name[256];
    memset(name, 'd', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    world_make_directory("/t");
    int at = open(world_path("/t"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int depth = 0; depth < 20; depth++) {
        assert_int_equal(mkdirat(at, name, 0755), 0);
        int below = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = below;
    }
    close(at);
    assert_fault(gate_remove_tree(&writer, "/t", &no), FAULT_NAME_INVALID);
    assert_true(world_has("/t"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_copy_has_the_mode_it_was_given_and_replaces_what_was_there),
        IN_WORLD(a_copy_that_cannot_be_leaves_what_was_there),
        IN_WORLD(a_copy_of_what_a_link_points_to_is_a_file),
        IN_WORLD(combining_keeps_the_order_of_the_parts_and_removes_them),
        IN_WORLD(a_target_that_is_its_own_part_is_refused_and_kept),
        IN_WORLD(a_part_that_is_given_twice_is_refused_and_kept),
        IN_WORLD(combining_what_is_missing_or_cancelled_changes_nothing),
        IN_WORLD(a_tree_is_removed_with_everything_in_it_and_nothing_else),
        IN_WORLD(a_link_to_a_tree_is_not_followed_to_empty_it),
        IN_WORLD(what_is_no_tree_is_left),
        IN_WORLD(a_cancelled_removal_stops_early),
        IN_WORLD(a_path_that_is_too_long_is_refused),
        IN_WORLD(a_tree_that_is_deeper_than_a_path_can_name_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

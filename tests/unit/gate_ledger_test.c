/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/ledger.h"

#include "tests/unit/quotas.h"

static char key_of_home[128];

static const char *home_key(void)
{
    char real[64];
    assert_non_null(realpath(world.root, real));
    (void)snprintf(key_of_home, sizeof(key_of_home), "tree %s", real);
    return key_of_home;
}

/* As by a process that is killed: nothing is saved any more. */
static void crash(void)
{
    struct memory_records records = quotas.records;
    close_ledger();
    memcpy(quotas.records.usages, records.usages, sizeof(records.usages));
    quotas.records.count = records.count;
}

/* ---- Records --------------------------------------------------------------------- */

TEST(what_nobody_has_open_is_in_the_records)
{
    struct caller caller = world_enter("writer");
    assert_fault(upload(&caller, "/a", 1000), FAULT_NONE);
    assert_true(find_usage(home_key())->record.is_open);
    close_ledger();
    const struct usage_record *record = &find_usage(home_key())->record;
    assert_false(record->is_open);
    assert_int_equal(record->bytes, 1000);
    assert_int_equal(record->files, 1);
    world_write("/by-others", "12345"); /* past the gate: only a count would tell */
    open_ledger();
    assert_used(1000, 1);
}

TEST(a_crash_has_the_tree_counted_anew)
{
    struct caller caller = world_enter("writer");
    close_ledger();
    open_ledger();
    assert_fault(upload(&caller, "/a", 1000), FAULT_NONE);
    world_write("/by-others", "12345");
    crash();
    open_ledger();
    assert_used(1005, 2);
}

TEST(a_session_that_changes_nothing_writes_nothing)
{
    close_ledger();
    size_t saves = quotas.records.saves;
    open_ledger();
    close_ledger();
    assert_int_equal(quotas.records.saves, saves);
    open_ledger();
    assert_used(0, 0);
}

TEST(uploads_are_not_written_to_the_records_one_by_one)
{
    struct caller caller = world_enter("writer");
    assert_fault(upload(&caller, "/a", 1), FAULT_NONE);
    size_t saves = quotas.records.saves;
    for (int i = 0; i < 10; i++)
        assert_fault(upload(&caller, "/a", 1), FAULT_NONE);
    assert_int_equal(quotas.records.saves, saves);
}

TEST(ratios_survive_a_restart)
{
    struct ledger_account *user = NULL;
    assert_fault(ledger_open_user(quotas.ledger, "alice", &user), FAULT_NONE);
    ledger_add_upload(user, 100);
    assert_fault(ledger_take_download(user, 1, 3, 200), FAULT_NONE);
    ledger_close(user);
    close_ledger();
    open_ledger();
    assert_fault(ledger_open_user(quotas.ledger, "alice", &user), FAULT_NONE);
    assert_fault(ledger_take_download(user, 1, 3, 101), FAULT_DENIED);
    assert_fault(ledger_take_download(user, 1, 3, 100), FAULT_NONE);
    ledger_close(user);
}

/* ---- Trees inside each other ---------------------------------------------------------- */

/* Another tree, below the home, as of a user whose root that is. */
static struct tree *open_inner(const char *path)
{
    struct store *store = NULL;
    assert_fault(store_local_open(world_path(path), NULL, &store), FAULT_NONE);
    watch_store(store);
    struct tree *tree = tree_new("", store);
    assert_non_null(tree);
    return tree;
}

static void assert_usage(const struct ledger_account *account, int64_t bytes, int64_t files)
{
    assert_int_equal(ledger_used(account).bytes, bytes);
    assert_int_equal(ledger_used(account).files, files);
}

TEST(what_changes_in_a_tree_counts_in_those_around_and_inside_it)
{
    struct ledger_account *inner = NULL;
    struct caller caller = world_enter("writer");
    world_make_directory("/in");
    world_make_directory("/inside"); /* begins likewise, and is another one */
    assert_fault(upload(&caller, "/in/a", 100), FAULT_NONE);
    struct tree *tree = open_inner("/in");
    assert_fault(ledger_open_tree(quotas.ledger, tree, &inner), FAULT_NONE);
    assert_usage(inner, 100, 1);
    assert_fault(upload(&caller, "/in/b", 10), FAULT_NONE);
    assert_fault(upload(&caller, "/inside/c", 5), FAULT_NONE);
    assert_usage(inner, 110, 2);
    struct caller insider = {.login = caller.login, .tree = tree};
    assert_fault(upload(&insider, "/d", 1), FAULT_NONE);
    assert_usage(inner, 111, 3);
    assert_used(116, 4);
    assert_fault(gate_rename(&caller, "/in/a", "/a"), FAULT_NONE);
    assert_usage(inner, 11, 2);
    assert_used(116, 4);
    assert_counts_right(inner);
    assert_counts_right(quotas.account);
    ledger_close(inner);
    tree_unref(tree);
}

TEST(a_directory_that_moves_into_a_tree_takes_its_files_along)
{
    struct ledger_account *inner = NULL;
    struct caller caller = world_enter("writer");
    world_make_directory("/in");
    world_make_directory("/d");
    assert_fault(upload(&caller, "/d/a", 100), FAULT_NONE);
    struct tree *tree = open_inner("/in");
    assert_fault(ledger_open_tree(quotas.ledger, tree, &inner), FAULT_NONE);
    assert_fault(gate_rename(&caller, "/d", "/in/d"), FAULT_NONE);
    assert_usage(inner, 100, 1);
    assert_used(100, 1);
    assert_fault(gate_rename(&caller, "/in/d", "/d"), FAULT_NONE);
    assert_usage(inner, 0, 0);
    ledger_close(inner);
    tree_unref(tree);
}

TEST(a_tree_that_nobody_is_in_is_right_when_somebody_comes_back)
{
    struct ledger_account *inner = NULL;
    struct caller caller = world_enter("writer");
    world_make_directory("/in");
    struct tree *tree = open_inner("/in");
    assert_fault(ledger_open_tree(quotas.ledger, tree, &inner), FAULT_NONE);
    ledger_close(inner);
    assert_fault(upload(&caller, "/in/a", 100), FAULT_NONE);
    assert_fault(ledger_open_tree(quotas.ledger, tree, &inner), FAULT_NONE);
    assert_usage(inner, 100, 1);
    ledger_close(inner);
    tree_unref(tree);
}

TEST(what_is_reserved_inside_is_reserved_around_it)
{
    const struct gate_outcome broken = {.fault = FAULT_CONNECTION_LOST};
    struct ledger_account *inner = NULL;
    struct gate_file *file = NULL;
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    struct caller caller = world_enter("writer");
    world_make_directory("/in");
    struct tree *tree = open_inner("/in");
    assert_fault(ledger_open_tree(quotas.ledger, tree, &inner), FAULT_NONE);
    struct store_claim claim = {.tree = inner, .file_bytes = LEDGER_NO_LIMIT};
    assert_fault(ledger_extend(&claim, (struct ledger_amount){70, 1}, 70), FAULT_NONE);
    assert_int_equal(ledger_taken(quotas.account).bytes, 70);
    quotas.limits[0].bytes = 100;
    assert_fault(gate_open_upload(&caller, "/a", &request, &file), FAULT_NONE);
    assert_fault(write_bytes(file, 30, 30), FAULT_NONE);
    assert_fault(write_bytes(file, 1, 1), FAULT_TOO_LARGE);
    (void)gate_close(&file, &broken, NULL);
    ledger_release(&claim);
    assert_used(0, 0);
    ledger_close(inner);
    tree_unref(tree);
}

/* ---- Groups ---------------------------------------------------------------------------- */

TEST(a_group_has_what_the_trees_of_its_members_have_together)
{
    struct ledger_account *members[3] = {quotas.account};
    struct ledger_account *group = NULL;
    struct caller caller = world_enter("writer");
    char path[128];
    struct store *store = NULL;
    (void)snprintf(path, sizeof(path), "%s/other", world.base);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_fault(store_local_open(path, NULL, &store), FAULT_NONE);
    watch_store(store);
    struct tree *other = tree_new("", store);
    world_make_directory("/in");
    struct tree *inner = open_inner("/in");
    assert_fault(ledger_open_tree(quotas.ledger, other, &members[1]), FAULT_NONE);
    assert_fault(ledger_open_tree(quotas.ledger, inner, &members[2]), FAULT_NONE);
    assert_fault(ledger_open_group(quotas.ledger, "staff", members, 3, &group), FAULT_NONE);
    struct caller elsewhere = {.login = caller.login, .tree = other};
    assert_fault(upload(&elsewhere, "/x", 60), FAULT_NONE);
    assert_fault(upload(&caller, "/in/a", 30), FAULT_NONE);
    assert_usage(group, 90, 2); /* what is in both home and inner counts once */
    quotas.limits[0] = (struct ledger_limit){group, 100, LEDGER_NO_LIMIT, "group staff: quota"};
    assert_fault(upload(&caller, "/b", 11), FAULT_TOO_LARGE);
    assert_fault(upload(&caller, "/b", 10), FAULT_NONE);
    ledger_close(group);
    ledger_close(members[1]);
    ledger_close(members[2]);
    tree_unref(other);
    tree_unref(inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_QUOTAS(what_nobody_has_open_is_in_the_records),
        IN_QUOTAS(a_crash_has_the_tree_counted_anew),
        IN_QUOTAS(a_session_that_changes_nothing_writes_nothing),
        IN_QUOTAS(uploads_are_not_written_to_the_records_one_by_one),
        IN_QUOTAS(ratios_survive_a_restart),
        IN_QUOTAS(what_changes_in_a_tree_counts_in_those_around_and_inside_it),
        IN_QUOTAS(a_directory_that_moves_into_a_tree_takes_its_files_along),
        IN_QUOTAS(a_tree_that_nobody_is_in_is_right_when_somebody_comes_back),
        IN_QUOTAS(what_is_reserved_inside_is_reserved_around_it),
        IN_QUOTAS(a_group_has_what_the_trees_of_its_members_have_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that go: here, and on servers that go by a script. */
#include "client/prune.h"
#include "tests/unit/ftp_login.h"
#include "tests/unit/local_trees.h"

#define FACTS_OPTS ">OPTS MLST *\n<200 fine\n"
#define FACTS "< MLST type*;size*;\n"
/* What might be a link is first removed as one. */
#define DIRECTORY(path, lines)                                                                     \
    ">DELE " path "\n<550 no\n>EPSV\n=epsv\n>MLSD " path "\n=accept\n<150 here\n" lines            \
    "=end\n<226 done\n"

static const struct entry directory = {.kind = ENTRY_DIRECTORY};

static struct filter *all_but_objects(void)
{
    struct filter *filter = NULL;
    assert_fault(filter_new(&filter), FAULT_NONE);
    assert_fault(filter_add(filter, false, TEXT("*.o")), FAULT_NONE);
    return filter;
}

/* ---- There ---------------------------------------------------------------------------- */

static enum fault prune_tree(void)
{
    bool is_kept = true;
    enum fault f = prune_there(remote, "t", "t", &directory, NULL, &is_kept);
    assert_false(is_kept);
    return f;
}

TEST(a_tree_is_removed_from_its_leaves)
{
    static const char in_t[] = DIRECTORY(
        "t", "=line type=file; f\n=line type=dir; d\n=line type=OS.unix=slink:/; l\n");
    static const char in_d[] = DIRECTORY("t/d", "=line type=file; g\n");
    char words[1024];
    (void)snprintf(words, sizeof(words),
                   LOGIN_WITH(FACTS) FACTS_OPTS "%s%s>DELE t/d/g\n<250 gone\n>RMD t/d\n<250 gone\n"
                                                ">DELE t/f\n<250 gone\n>DELE t/l\n<250 gone\n"
                                                ">RMD t\n<250 gone\n" QUIT,
                   in_t, in_d);
    login_begin(words);
    assert_fault(prune_tree(), FAULT_NONE);
    login_end();
}

TEST(what_cannot_be_removed_stops_it)
{
    login_begin(LOGIN_WITH(FACTS) FACTS_OPTS DIRECTORY(
        "t", "=line type=file; f\n=line type=file; g\n") ">DELE t/f\n<550 no\n" QUIT);
    assert_fault(prune_tree(), FAULT_DENIED);
    login_end();
}

TEST(names_that_lead_out_of_a_tree_are_not_removed)
{
    /* "." and ".." are no entries; the others are no name of one */
    static const char *const names[] = {"../victim", "/etc", "a/../../b", "a/b"};
    login_begin(LOGIN_WITH(FACTS) FACTS_OPTS DIRECTORY(
        "t",
        "=line type=dir; .\n=line type=dir; ..\n=line type=cdir; x\n") ">RMD t\n<250 gone\n" QUIT);
    assert_fault(prune_tree(), FAULT_NONE);
    login_end();
    for (size_t i = 0; i < COUNT(names); i++) {
        char words[512];
        (void)snprintf(words, sizeof(words),
                       LOGIN_WITH(FACTS) FACTS_OPTS DIRECTORY("t", "=line type=file; %s\n") QUIT,
                       names[i]);
        login_begin(words);
        assert_fault(prune_tree(), FAULT_NAME_INVALID);
        login_end();
    }
}

TEST(a_tree_without_end_is_given_up)
{
    /* each directory has another one in it, for as long as somebody looks */
    static char words[512 * 1024];
    char path[2048] = "t";
    size_t len = (size_t)snprintf(words, sizeof(words), "%s", LOGIN_WITH(FACTS) FACTS_OPTS);
    for (int depth = 0; depth < PRUNE_DEPTH_MAX; depth++) {
        len += (size_t)snprintf(words + len, sizeof(words) - len,
                                DIRECTORY("%s", "=line type=dir; d\n"), path, path);
        size_t end = strlen(path);
        (void)snprintf(path + end, sizeof(path) - end, "/d");
    }
    (void)snprintf(words + len, sizeof(words) - len, "%s", QUIT);
    login_begin(words);
    assert_fault(prune_tree(), FAULT_LINK_LOOP);
    login_end();
}

TEST(a_server_that_removes_trees_is_asked_to)
{
    login_begin(LOGIN_WITH("< RMDA\n") ">RMDA t\n<250 gone\n" QUIT);
    assert_fault(prune_tree(), FAULT_NONE);
    login_end();
    login_begin(LOGIN_WITH("< RMDA\n") ">RMDA t\n<550 no\n" QUIT);
    assert_fault(prune_tree(), FAULT_DENIED);
    login_end();
    login_begin(LOGIN_WITH("< RMDA\n" FACTS) FACTS_OPTS
                ">RMDA t\n<502 what?\n" DIRECTORY("t", "") ">RMD t\n<250 gone\n" QUIT);
    assert_fault(prune_tree(), FAULT_NONE);
    login_end();
}
TEST(what_is_a_link_after_all_is_removed_as_one)
{
    static const char words[] = LOGIN_WITH(FACTS) FACTS_OPTS DIRECTORY(
        "t", "=line type=dir; l\n") ">DELE t/l\n<250 gone\n>RMD t\n<250 gone\n" QUIT;
    login_begin(words);
    assert_fault(prune_tree(), FAULT_NONE);
    login_end();
}

TEST(what_the_filter_leaves_out_stays_there_with_its_directories)
{
    static const char words[] = LOGIN_WITH("< RMDA\n" FACTS) FACTS_OPTS DIRECTORY(
        "r/t",
        "=line type=file; a.c\n=line type=file; a.o\n=line type=dir; "
        "d\n") ">DELE r/t/a.c\n<250 gone\n" DIRECTORY("r/t/d", "") ">RMD r/t/d\n<250 gone\n" QUIT;
    struct filter *filter = all_but_objects();
    bool is_kept = false;
    login_begin(words);
    assert_fault(prune_there(remote, "r/t", "t", &directory, filter, &is_kept), FAULT_NONE);
    assert_true(is_kept);
    login_end();
    filter_free(filter);
}

/* ---- Here ----------------------------------------------------------------------------- */

TEST(a_tree_here_is_removed_and_what_its_links_lead_to_is_not)
{
    bool is_kept = true;
    put_directory("t");
    put_directory("t/d");
    put_file("t/d/f", "x");
    put_directory("other");
    put_file("other/f", "x");
    put_link("t/l", "../other");
    assert_fault(prune_here(tree, "t", &directory, NULL, &is_kept), FAULT_NONE);
    assert_false(is_kept);
    assert_false(is_there("t"));
    assert_true(is_there("other/f"));
}

TEST(what_the_filter_leaves_out_stays_here_with_its_directories)
{
    struct filter *filter = all_but_objects();
    bool is_kept = false;
    put_directory("t");
    put_directory("t/d");
    put_directory("t/e");
    put_file("t/d/f.o", "x");
    put_file("t/d/f.c", "x");
    put_file("t/e/f.c", "x");
    assert_fault(prune_here(tree, "t", &directory, filter, &is_kept), FAULT_NONE);
    assert_true(is_kept);
    assert_true(is_there("t/d/f.o"));
    assert_false(is_there("t/d/f.c"));
    assert_false(is_there("t/e"));
    const struct entry file = {.kind = ENTRY_FILE};
    assert_fault(prune_here(tree, "t/d/f.o", &file, filter, &is_kept), FAULT_NONE);
    assert_true(is_kept);
    filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_tree_is_removed_from_its_leaves),
        RUN(what_cannot_be_removed_stops_it),
        RUN(names_that_lead_out_of_a_tree_are_not_removed),
        RUN(a_tree_without_end_is_given_up),
        RUN(a_server_that_removes_trees_is_asked_to),
        RUN(what_is_a_link_after_all_is_removed_as_one),
        RUN(what_the_filter_leaves_out_stays_there_with_its_directories),
        IN_TREE(a_tree_here_is_removed_and_what_its_links_lead_to_is_not),
        IN_TREE(what_the_filter_leaves_out_stays_here_with_its_directories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where operations take place: links, hidden names, virtual folders, drop boxes. */
#include "gate/place.h"
#include "tests/unit/deeds.h"
#include "tests/unit/rules.h"

enum { PICTURE_SIZE = 256 };

/* ---- Links ------------------------------------------------------------------- */

TEST(a_rule_holds_wherever_a_link_leads_there_from)
{
    RULES({DENY, ON(READ), "/secret/*"}, {DENY, ALL_ACTIONS, "/only-a-name"});
    struct caller writer = world_enter("writer");
    world_make_directory("/secret");
    world_make_directory("/d");
    world_write("/secret/f", "secret");
    world_write("/plain", "plain");
    world_link("/secret", "/l");
    world_link("secret/f", "/straight");
    world_link("../l/f", "/d/by-two");
    world_link("plain", "/only-a-name");
    assert_fault(do_read(&writer, "/secret/f"), FAULT_DENIED);
    assert_fault(do_read(&writer, "/l/f"), FAULT_DENIED);
    assert_fault(do_read(&writer, "/straight"), FAULT_DENIED);
    assert_fault(do_read(&writer, "/d/by-two"), FAULT_DENIED);
    assert_fault(do_read(&writer, "/only-a-name"), FAULT_NONE);
    assert_fault(gate_remove(&writer, "/only-a-name"), FAULT_DENIED);
    assert_fault(do_list(&writer, "/l"), FAULT_NONE);
    assert_fault(gate_remove(&writer, "/straight"), FAULT_NONE);
    assert_content("/secret/f", "secret");
}

TEST(a_link_to_a_free_name_makes_it_only_where_that_may_be)
{
    RULES({DENY, ON(WRITE), "/closed/*"});
    struct caller writer = world_enter("writer");
    world_make_directory("/closed");
    world_make_directory("/open");
    world_link("/closed/new", "/to-closed");
    world_link("/open/new", "/to-open");
    world_link("nowhere/new", "/to-nowhere");
    assert_fault(do_store(&writer, "/to-closed"), FAULT_DENIED);
    assert_fault(do_store(&writer, "/to-open"), FAULT_NONE);
    assert_fault(do_store(&writer, "/to-nowhere"), FAULT_NOT_FOUND);
    assert_false(world_has("/closed/new"));
    assert_content("/open/new", "new");
}

static void swap_directory(void)
{
    char aside[96];
    (void)snprintf(aside, sizeof(aside), "%s/aside", world.base);
    assert_int_equal(rename(world_path("/d"), aside), 0);
    world_link("secret", "/d");
}

static void swap_back(void)
{
    char aside[96];
    (void)snprintf(aside, sizeof(aside), "%s/aside", world.base);
    assert_int_equal(unlink(world_path("/d")), 0);
    assert_int_equal(rename(aside, world_path("/d")), 0);
}

/* The directory that was decided about becomes a link before the act. */
static void check_swapped(const struct caller *caller, const struct deed *deed, const char *path)
{
    on_decision = swap_directory;
    enum fault f = deed->act(caller, path);
    assert_null(on_decision);
    swap_back();
    if (f == FAULT_NONE)
        fail_msg("%s %s", deed->name, path);
    assert_content("/secret/f", "secret");
    assert_false(world_has("/secret/new"));
}

TEST(a_link_put_in_the_way_after_the_decision_leads_nowhere)
{
    RULES({DENY, ALL_ACTIONS, "/secret*"});
    struct caller writer = world_enter("writer");
    world_make_directory("/secret");
    world_make_directory("/d");
    world_write("/secret/f", "secret");
    world_write("/d/f", "open");
    world_write("/plain", "plain");
    for (size_t i = 0; i < COUNT(deeds); i++) {
        check_swapped(&writer, &deeds[i], "/d/f");
        check_swapped(&writer, &deeds[i], "/d/new");
    }
    assert_content("/plain", "plain");
}

/* ---- Hidden names --------------------------------------------------------------- */

static void check_alike(const struct caller *caller, const char *there, const char *absent)
{
    char before[PICTURE_SIZE];
    char after[PICTURE_SIZE];
    photograph(before, sizeof(before));
    for (size_t i = 0; i < COUNT(deeds); i++) {
        enum fault of_there = deeds[i].act(caller, there);
        enum fault of_absent = deeds[i].act(caller, absent);
        if (of_there != of_absent || of_there == FAULT_NONE)
            fail_msg("%s: FAULT_%s of %s, FAULT_%s of %s", deeds[i].name, fault_name(of_there),
                     there, fault_name(of_absent), absent);
    }
    photograph(after, sizeof(after));
    assert_string_equal(after, before);
}

TEST(what_is_hidden_is_as_if_it_were_not_there)
{
    RULES({HIDE, 0, "*/.*"});
    struct caller writer = world_enter("writer");
    world_write("/plain", "plain");
    world_write("/.file", "hidden");
    world_make_directory("/.directory");
    world_make_directory("/.empty");
    world_write("/.directory/inner", "hidden");
    world_link("plain", "/.link");
    check_alike(&writer, "/.file", "/.absent");
    check_alike(&writer, "/.directory", "/.absent");
    check_alike(&writer, "/.empty", "/.absent");
    check_alike(&writer, "/.link", "/.absent");
    check_alike(&writer, "/.directory/inner", "/.absent/inner");
    check_alike(&writer, "/.directory/absent", "/.absent/inner");
    check_alike(&writer, "/.file/inner", "/.absent/inner");
}

/* Through links of a name that anybody may see; those by which a name is meant itself apart. */
TEST(a_link_does_not_tell_whether_something_hidden_is_where_it_leads)
{
    static const char *const followed[] = {"/to-file", "/to-directory", "/to-loop"};
    RULES({HIDE, 0, "*/.*"});
    struct caller writer = world_enter("writer");
    world_write("/plain", "plain");
    world_write("/.file", "hidden");
    world_make_directory("/.directory");
    world_write("/.directory/inner", "hidden");
    world_link(".loop", "/.loop");
    world_link(".file", "/to-file");
    world_link(".directory", "/to-directory");
    world_link(".loop", "/to-loop");
    world_link(".absent", "/to-absent");
    for (size_t i = 0; i < COUNT(followed); i++) {
        char path[64];
        assert_fault(do_stat(&writer, followed[i]), FAULT_NOT_FOUND);
        assert_fault(do_read(&writer, followed[i]), FAULT_NOT_FOUND);
        assert_fault(do_store(&writer, followed[i]), FAULT_NOT_FOUND);
        assert_fault(do_list(&writer, followed[i]), FAULT_NOT_FOUND);
        (void)snprintf(path, sizeof(path), "%s/inner", followed[i]);
        check_alike(&writer, path, "/to-absent/inner");
    }
    assert_fault(do_store(&writer, "/to-absent"), FAULT_NOT_FOUND);
    assert_content("/.file", "hidden");
    assert_false(world_has("/.absent"));
}

/* The names in a directory, in the order of the alphabet. */
static const char *names_in(const struct caller *caller, const char *path)
{
    static char names[256];
    char seen[16][32];
    size_t count = 0;
    struct gate_directory directory = {.directory = NULL};
    struct text name = {NULL, 0};
    enum store_kind kind;
    assert_fault(gate_open_directory(caller, path, &directory), FAULT_NONE);
    while (!gate_next(&directory, &name, &kind) && name.len) {
        struct store_info info;
        assert_fault(gate_entry_info(&directory, name.at, true, &info), FAULT_NONE);
        (void)snprintf(seen[count++], sizeof(seen[0]), "%s%s", name.at,
                       info.kind == STORE_DIRECTORY ? "/ " : " ");
    }
    gate_close_directory(&directory);
    qsort(seen, count, sizeof(seen[0]), (int (*)(const void *, const void *))strcmp);
    names[0] = '\0';
    for (size_t i = 0; i < count; i++)
        (void)strncat(names, seen[i], sizeof(names) - strlen(names) - 1);
    return names;
}

TEST(a_listing_leaves_hidden_names_out)
{
    RULES({HIDE, 0, "*/.*"}, {DENY, ALL_ACTIONS, "*.exe"});
    struct caller writer = world_enter("writer");
    world_write("/a", "");
    world_write("/.b", "");
    world_write("/c.exe", "");
    world_make_directory("/d");
    world_write("/d/.e", "");
    world_write("/d/f", "");
    world_link("/d", "/l");
    assert_string_equal(names_in(&writer, "/"), "a c.exe d/ l ");
    assert_string_equal(names_in(&writer, "/d"), "f ");
    assert_string_equal(names_in(&writer, "/l"), "f ");
}

TEST(a_directory_with_something_hidden_in_it_stays)
{
    RULES({HIDE, 0, "*/.*"});
    struct caller writer = world_enter("writer");
    world_make_directory("/d");
    world_make_directory("/d/inner");
    world_write("/d/inner/.hidden", "hidden");
    world_write("/d/f", "x");
    assert_fault(do_remove_tree(&writer, "/d"), FAULT_NOT_EMPTY);
    assert_content("/d/inner/.hidden", "hidden");
    assert_fault(gate_remove_directory(&writer, "/d/inner"), FAULT_NOT_EMPTY);
}

/* ---- Renaming ---------------------------------------------------------------------- */

TEST(a_rename_needs_the_right_to_what_its_new_name_does)
{
    RULES({DENY, ON(OVERWRITE), "/kept/*"}, {DENY, ON(WRITE), "/full/*"},
          {DENY, ON(RENAME), "/fixed/*"});
    struct caller writer = world_enter("writer");
    world_make_directory("/kept");
    world_make_directory("/full");
    world_make_directory("/fixed");
    world_write("/f", "f");
    world_write("/kept/old", "old");
    world_write("/full/old", "old");
    world_write("/fixed/f", "f");
    assert_fault(gate_rename(&writer, "/f", "/kept/old"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/f", "/full/new"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/fixed/f", "/g"), FAULT_DENIED);
    assert_content("/kept/old", "old");
    assert_content("/fixed/f", "f");
    assert_fault(gate_rename(&writer, "/f", "/full/old"), FAULT_NONE);
    assert_fault(gate_rename(&writer, "/full/old", "/kept/new"), FAULT_NONE);
    assert_content("/kept/new", "f");
}

TEST(a_directory_is_not_renamed_out_of_or_into_where_other_rules_hold)
{
    RULES({DENY, ON(READ), "/a/deep/secret/*"}, {HIDE, 0, "/b/deep/hidden"},
          {DENY, ON(WRITE), "/c/deep/log"});
    struct caller writer = world_enter("writer");
    world_make_directory("/a");
    world_make_directory("/a/deep");
    world_make_directory("/a/deep/secret");
    world_write("/a/deep/secret/f", "secret");
    world_make_directory("/d");
    world_make_directory("/d/deep");
    world_write("/d/deep/log", "log");
    world_write("/d/deep/other", "other");
    assert_fault(gate_rename(&writer, "/a", "/free"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/a/deep", "/free"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/a/deep/secret", "/free"), FAULT_DENIED);
    assert_content("/a/deep/secret/f", "secret");
    assert_fault(gate_rename(&writer, "/d", "/c"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/d", "/b"), FAULT_NONE);
    world_write("/b/deep/hidden", "hidden");
    assert_fault(gate_rename(&writer, "/b", "/d"), FAULT_DENIED);
    assert_content("/b/deep/hidden", "hidden");
}

TEST(a_directory_as_wide_as_it_is_deep_is_looked_at_whole)
{
    RULES({DENY, ON(READ), "/d/7/7/f"});
    struct caller writer = world_enter("writer");
    char path[64];
    world_make_directory("/d");
    for (unsigned i = 0; i < 9; i++) {
        (void)snprintf(path, sizeof(path), "/d/%u", i);
        world_make_directory(path);
        for (unsigned j = 0; j < 9; j++) {
            (void)snprintf(path, sizeof(path), "/d/%u/%u", i, j);
            world_make_directory(path);
        }
    }
    assert_fault(gate_rename(&writer, "/d", "/e"), FAULT_NONE);
    assert_fault(gate_rename(&writer, "/e", "/d"), FAULT_NONE);
    world_write("/d/7/7/f", "");
    assert_fault(gate_rename(&writer, "/d", "/e"), FAULT_DENIED);
}

/* ---- Drop boxes ------------------------------------------------------------------------ */

TEST(a_drop_box_takes_files_and_tells_nothing)
{
    RULES({ALLOW, ON(WRITE), "/box/*"}, {DENY, ALL_ACTIONS, "/box*"});
    struct caller writer = world_enter("writer");
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    const struct gate_outcome fine = {.fault = FAULT_NONE};
    struct gate_file *slow = NULL;
    world_write("/plain", "plain");
    world_make_directory("/box");
    world_write("/box/there", "there");
    check_alike(&writer, "/box/there/inner", "/box/absent/inner");
    assert_fault(gate_enter(&writer, "/box"), FAULT_NONE);
    assert_fault(gate_enter(&writer, "/box/there"), FAULT_DENIED);
    assert_fault(gate_enter(&writer, "/box/absent"), FAULT_DENIED);
    assert_fault(do_list(&writer, "/box"), FAULT_DENIED);
    assert_fault(do_stat(&writer, "/box/there"), FAULT_DENIED);
    assert_fault(do_stat(&writer, "/box/absent"), FAULT_DENIED);
    assert_fault(do_unique(&writer, "/box/unique"), FAULT_NONE);
    assert_fault(do_store(&writer, "/box/there"), FAULT_DENIED);
    assert_fault(do_append(&writer, "/box/there"), FAULT_DENIED);
    assert_content("/box/there", "there");
    /* Who comes second does not replace what the first has left, however it began. */
    assert_fault(gate_open_upload(&writer, "/box/name", &request, &slow), FAULT_NONE);
    assert_fault(do_store(&writer, "/box/name"), FAULT_NONE);
    assert_fault(stream_write(slow->stream, "slow", 4), FAULT_NONE);
    assert_fault(gate_close(&slow, &fine, NULL), FAULT_EXISTS);
    assert_content("/box/name", "new");
}

/* ---- Virtual folders ------------------------------------------------------------------- */

/* What a folder has, past the gate. */
static bool folder_has(const char *path)
{
    char full[256];
    struct stat info;
    (void)snprintf(full, sizeof(full), "%s%s", world.base, path);
    return lstat(full, &info) == 0;
}

TEST(a_virtual_folder_is_part_of_the_tree)
{
    struct caller writer = world_enter("writer");
    struct store_info info;
    rules_mount("/pub", "public", false);
    rules_mount("/pub/inner", "innermost", false);
    rules_mount("/d/deep", "deep", false);
    world_make_directory("/d");
    world_make_directory("/pub");
    world_write("/pub/covered", "covered");
    world_write("/public", "a name that only begins so");
    assert_string_equal(names_in(&writer, "/"), "d/ pub/ public ");
    assert_string_equal(names_in(&writer, "/pub"), "inner/ ");
    assert_string_equal(names_in(&writer, "/d"), "deep/ ");
    assert_fault(do_store(&writer, "/pub/f"), FAULT_NONE);
    assert_fault(do_store(&writer, "/pub/inner/g"), FAULT_NONE);
    assert_true(folder_has("/public/f"));
    assert_true(folder_has("/innermost/g"));
    assert_string_equal(names_in(&writer, "/pub"), "f inner/ ");
    assert_fault(do_read(&writer, "/pub/covered"), FAULT_NOT_FOUND);
    assert_fault(do_read(&writer, "/public"), FAULT_NONE);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/pub/inner", false, &info), FAULT_NONE);
    assert_int_equal(info.kind, STORE_DIRECTORY);
    assert_fault(gate_enter(&writer, "/d/deep"), FAULT_NONE);
    assert_content("/pub/covered", "covered");
}

TEST(a_virtual_folder_stays_where_it_is)
{
    struct caller writer = world_enter("writer");
    char before[PICTURE_SIZE];
    char after[PICTURE_SIZE];
    const struct store_changes changes = {.mask = STORE_CHANGE_MODE, .mode = 0700};
    rules_mount("/pub", "public", false);
    rules_mount("/d/e/deep", "deep", false);
    world_make_directory("/d");
    world_make_directory("/d/e");
    world_make_directory("/free");
    world_write("/d/f", "f");
    photograph(before, sizeof(before));
    assert_fault(gate_remove(&writer, "/pub"), FAULT_DENIED);
    assert_fault(gate_remove_directory(&writer, "/pub"), FAULT_DENIED);
    assert_fault(do_remove_tree(&writer, "/pub"), FAULT_DENIED);
    assert_fault(do_make_directory(&writer, "/pub"), FAULT_DENIED);
    assert_fault(do_make_link(&writer, "/pub"), FAULT_DENIED);
    assert_fault(gate_change(&writer, "/pub", &changes), FAULT_DENIED);
    assert_fault(do_store(&writer, "/pub"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/pub", "/other"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/free", "/pub"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/d", "/other"), FAULT_DENIED);
    assert_fault(gate_remove_directory(&writer, "/d/e"), FAULT_DENIED);
    assert_fault(do_remove_tree(&writer, "/d"), FAULT_DENIED);
    photograph(after, sizeof(after));
    assert_string_equal(after, before);
}

TEST(between_trees_there_are_copies_and_no_renames)
{
    struct caller writer = world_enter("writer");
    rules_mount("/pub", "public", false);
    world_write("/f", "content");
    assert_fault(gate_rename(&writer, "/f", "/pub/f"), FAULT_CROSS_DEVICE);
    assert_fault(gate_copy(&writer, "/f", "/pub/f", 0644, &never), FAULT_NONE);
    assert_fault(gate_rename(&writer, "/pub/f", "/pub/g"), FAULT_NONE);
    assert_fault(gate_copy(&writer, "/pub/g", "/g", 0644, &never), FAULT_NONE);
    assert_content("/g", "content");
    assert_true(folder_has("/public/g"));
}

TEST(links_stay_in_the_tree_they_are_in)
{
    struct caller writer = world_enter("writer");
    rules_mount("/pub", "public", false);
    world_write("/f", "home");
    world_link("/pub/g", "/l");
    assert_fault(do_store(&writer, "/pub/g"), FAULT_NONE);
    assert_fault(gate_make_link(&writer, "/f", "/pub/up"), FAULT_NONE);
    assert_fault(gate_make_link(&writer, "../../root/f", "/pub/out"), FAULT_NONE);
    assert_fault(do_read(&writer, "/l"), FAULT_NOT_FOUND);
    assert_fault(do_read(&writer, "/pub/up"), FAULT_NOT_FOUND);
    assert_fault(do_read(&writer, "/pub/out"), FAULT_NOT_FOUND);
    /* Nor under rules, where a link would lead to what the folder covers. */
    RULES({DENY, ON(READ), "/pub/secret"});
    world_make_directory("/pub");
    world_write("/pub/covered", "covered");
    world_link("/pub/covered", "/to-covered");
    assert_fault(do_read(&writer, "/to-covered"), FAULT_NOT_FOUND);
    assert_fault(do_read(&writer, "/pub/g"), FAULT_NONE);
}

TEST(rules_are_about_the_paths_that_a_user_sees)
{
    RULES({DENY, ON(READ), "/pub/secret/*"}, {HIDE, 0, "*/.*"});
    struct caller writer = world_enter("writer");
    rules_mount("/pub", "public", false);
    rules_mount("/.dark", "dark", false);
    assert_fault(do_make_directory(&writer, "/pub/secret"), FAULT_NONE);
    assert_fault(do_store(&writer, "/pub/secret/f"), FAULT_NONE);
    assert_fault(gate_make_link(&writer, "secret", "/pub/l"), FAULT_NONE);
    assert_fault(do_read(&writer, "/pub/secret/f"), FAULT_DENIED);
    assert_fault(do_read(&writer, "/pub/l/f"), FAULT_DENIED);
    assert_string_equal(names_in(&writer, "/"), "pub/ ");
    assert_fault(gate_enter(&writer, "/.dark"), FAULT_NOT_FOUND);
    assert_fault(gate_make_link(&writer, "/", "/pub/root"), FAULT_NONE);
    assert_string_equal(names_in(&writer, "/pub/root"), "l root secret/ ");
}

/* An empty file beside the root, past the gate. */
static void make_beside(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", world.base, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    close(fd);
}

TEST(a_read_only_folder_is_only_read)
{
    struct caller writer = world_enter("writer");
    char bytes[4096];
    char file[128];
    rules_mount("/pub", "public", true);
    make_beside("public/f");
    (void)snprintf(file, sizeof(file), "%s/audit", world.base);
    assert_fault(audit_begin(&(struct audit_places){.json_file = file}, &writer.audit), FAULT_NONE);
    assert_fault(do_read(&writer, "/pub/f"), FAULT_NONE);
    assert_fault(do_store(&writer, "/pub/g"), FAULT_DENIED);
    assert_fault(gate_remove(&writer, "/pub/f"), FAULT_DENIED);
    assert_fault(gate_rename(&writer, "/pub/f", "/pub/g"), FAULT_DENIED);
    assert_int_equal(gate_rights(&writer, "/pub/f", false) & (ON(READ) | ON(DELETE)), ON(READ));
    audit_end(writer.audit);
    FILE *stream = fopen(file, "r");
    assert_non_null(stream);
    bytes[fread(bytes, 1, sizeof(bytes) - 1, stream)] = '\0';
    (void)fclose(stream);
    assert_non_null(strstr(bytes, "\"rule\":\"folder public: read-only\",\"path\":\"/pub/g\""));
}

TEST(folders_are_in_the_users_own_root_only)
{
    struct caller writer = world_enter("writer");
    rules_mount("/pub", "public", false);
    writer.tree = mounts[0].tree;
    assert_fault(do_store(&writer, "/pub"), FAULT_NONE);
    assert_string_equal(names_in(&writer, "/"), "pub ");
}

/* ---- What they may, for listings ---------------------------------------------------- */

TEST(rights_are_those_of_the_path_and_of_where_it_leads)
{
    RULES({DENY, ON(READ) | ON(DELETE), "/secret/*"}, {DENY, ON(DELETE), "/fixed"},
          {DENY, ON(WRITE), "/closed/*"}, {HIDE, 0, "*/.*"});
    struct caller writer = world_enter("writer");
    world_make_directory("/secret");
    world_make_directory("/closed");
    world_write("/secret/f", "secret");
    world_write("/.file", "hidden");
    world_link("secret/f", "/fixed");
    const unsigned both = ON(READ) | ON(DELETE);
    assert_int_equal(gate_rights(&writer, "/secret/f", false) & both, 0);
    assert_int_equal(gate_rights(&writer, "/secret", false) & both, both);
    assert_int_equal(gate_rights(&writer, "/fixed", true) & both, 0);
    assert_int_equal(gate_rights(&writer, "/fixed", false) & both, ON(READ));
    assert_int_equal(gate_rights(&writer, "/.file", false), 0);
    assert_int_equal(gate_rights_within(&writer, "/closed") & ON(WRITE), 0);
    assert_int_equal(gate_rights_within(&writer, "/") & ON(WRITE), ON(WRITE));
}

/* Of each name in a directory the same as of its path; returns how many there are. */
static size_t check_entries(const struct caller *caller, const char *path)
{
    size_t count = 0;
    struct gate_directory directory = {.directory = NULL};
    struct text name;
    enum store_kind kind;
    assert_fault(gate_open_directory(caller, path, &directory), FAULT_NONE);
    for (; !gate_next(&directory, &name, &kind) && name.len; count++) {
        char bytes[256];
        (void)snprintf(bytes, sizeof(bytes), "%s/%s", path[1] ? path : "", name.at);
        assert_int_equal(gate_entry_rights(&directory, name.at), gate_rights(caller, bytes, false));
        if (kind == STORE_DIRECTORY)
            assert_int_equal(gate_entry_rights_within(&directory, name.at),
                             gate_rights_within(caller, bytes));
    }
    gate_close_directory(&directory);
    return count;
}

TEST(rights_of_entries_know_of_folders)
{
    struct caller writer = world_enter("writer");
    world_make_directory("/d");
    world_make_directory("/d/e");
    world_make_directory("/plain");
    world_write("/plain/f", "x");
    world_link("/d", "/plain/l");
    rules_mount("/pub", "public", true);
    rules_mount("/d/e/in", "in", false);
    make_beside("public/f");
    for (int with_rules = 0; with_rules < 2; with_rules++) {
        assert_int_equal(check_entries(&writer, "/"), 3);
        assert_int_equal(check_entries(&writer, "/d"), 1);
        assert_int_equal(check_entries(&writer, "/d/e"), 1);
        assert_int_equal(check_entries(&writer, "/plain"), 2);
        assert_int_equal(check_entries(&writer, "/plain/l"), 1);
        assert_int_equal(check_entries(&writer, "/pub"), 1);
        RULES({DENY, ON(READ), "/d/e*"}, {DENY, ON(DELETE), "/pub/*"}, {HIDE, 0, "*/.*"});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNDER_RULES(a_rule_holds_wherever_a_link_leads_there_from),
        UNDER_RULES(a_link_to_a_free_name_makes_it_only_where_that_may_be),
        UNDER_RULES(a_link_put_in_the_way_after_the_decision_leads_nowhere),
        UNDER_RULES(what_is_hidden_is_as_if_it_were_not_there),
        UNDER_RULES(a_link_does_not_tell_whether_something_hidden_is_where_it_leads),
        UNDER_RULES(a_listing_leaves_hidden_names_out),
        UNDER_RULES(a_directory_with_something_hidden_in_it_stays),
        UNDER_RULES(a_rename_needs_the_right_to_what_its_new_name_does),
        UNDER_RULES(a_directory_is_not_renamed_out_of_or_into_where_other_rules_hold),
        UNDER_RULES(a_directory_as_wide_as_it_is_deep_is_looked_at_whole),
        UNDER_RULES(a_drop_box_takes_files_and_tells_nothing),
        UNDER_RULES(a_virtual_folder_is_part_of_the_tree),
        UNDER_RULES(a_virtual_folder_stays_where_it_is),
        UNDER_RULES(between_trees_there_are_copies_and_no_renames),
        UNDER_RULES(links_stay_in_the_tree_they_are_in),
        UNDER_RULES(rules_are_about_the_paths_that_a_user_sees),
        UNDER_RULES(a_read_only_folder_is_only_read),
        UNDER_RULES(folders_are_in_the_users_own_root_only),
        UNDER_RULES(rights_are_those_of_the_path_and_of_where_it_leads),
        UNDER_RULES(rights_of_entries_know_of_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who must not wait asks first: what cannot be said so is asked again, and written down once. */
#define WORLD_IN "/dev/shm" /* every kernel knows what is in memory there */

#include "gate/gate_tree.h"
#include "tests/unit/world.h"

static struct audit *audit;

static struct caller enter(const char *name)
{
    const struct audit_places places = {.json_file = world_path("/audit.json")};
    struct caller caller = world_enter(name);
    assert_fault(audit_begin(&places, &audit), FAULT_NONE);
    caller.audit = audit;
    caller.at_once = true;
    assert_non_null(tree_store(caller.tree)->at_once);
    return caller;
}

/* Everything that was written down. */
static const char *lines(void)
{
    static char bytes[4096];
    audit_end(audit);
    int fd = open(world_path("/audit.json"), O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, bytes, sizeof(bytes) - 1);
    close(fd);
    assert_true(len >= 0);
    bytes[len] = '\0';
    return bytes;
}

static unsigned count_of(const char *text, const char *word)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        count++;
    return count;
}

static enum fault begin_upload(const struct caller *caller, const char *path,
                               struct gate_file **ret_file)
{
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    return gate_open_upload(caller, path, &request, ret_file);
}

/* Whether it is a new file, which they might make, or an old one, which they might not replace. */
TEST(what_cannot_be_said_at_once_is_not_refused)
{
    static const char *const names[] = {"writer", "reader"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct caller caller = enter(names[i]);
        struct gate_file *file = NULL;
        struct store_info info;
        assert_fault(begin_upload(&caller, "/unseen", &file), FAULT_BUSY);
        assert_fault(gate_open_read(&caller, ACTION_READ, "/unseen", &file), FAULT_BUSY);
        assert_fault(gate_stat(&caller, ACTION_LIST, "/unseen", true, &info), FAULT_BUSY);
        assert_fault(gate_enter(&caller, "/unseen"), FAULT_BUSY);
        assert_null(file);
        assert_string_equal(lines(), "");
    }
}

TEST(a_store_that_may_always_wait_says_nothing_at_once)
{
    struct caller caller = enter("writer");
    struct gate_file *file = NULL;
    struct store_info info;
    struct store *view = tree_store(caller.tree)->at_once;
    world_write("/f", "content");
    tree_store(caller.tree)->at_once = NULL;
    assert_fault(gate_stat(&caller, ACTION_LIST, "/f", true, &info), FAULT_BUSY);
    assert_fault(gate_open_read(&caller, ACTION_READ, "/f", &file), FAULT_BUSY);
    assert_fault(begin_upload(&caller, "/f", &file), FAULT_BUSY);
    assert_fault(gate_enter(&caller, "/"), FAULT_BUSY);
    tree_store(caller.tree)->at_once = view;
    assert_string_equal(lines(), "");
}

TEST(what_is_said_at_once_is_written_down_once)
{
    struct caller caller = enter("writer");
    struct gate_file *file = NULL;
    const struct gate_outcome outcome = {.fault = FAULT_NONE, .bytes = 7};
    world_write("/f", "content");
    world_make_directory("/d");
    assert_fault(gate_open_read(&caller, ACTION_READ, "/d", &file), FAULT_IS_DIRECTORY);
    assert_fault(gate_open_read(&caller, ACTION_READ, "/f", &file), FAULT_NONE);
    assert_fault(gate_begin_download(file), FAULT_NONE);
    assert_fault(gate_close(&file, &outcome, NULL), FAULT_NONE);
    assert_fault(begin_upload(&caller, "/f", &file), FAULT_NONE);
    caller.at_once = false; /* a worker does the rest */
    assert_fault(stream_write(file->stream, "new", 3), FAULT_NONE);
    assert_fault(gate_close(&file, &outcome, NULL), FAULT_NONE);
    const char *text = lines();
    assert_int_equal(count_of(text, "\n"), 3);
    assert_int_equal(count_of(text, "\"action\":\"read\",\"result\":\"OK\""), 1);
    assert_int_equal(count_of(text, "\"action\":\"overwrite\",\"result\":\"OK\""), 1);
    assert_int_equal(count_of(text, "\"path\":\"/d\""), 1);
    assert_content("/f", "new");
}

TEST(who_may_not_is_refused_at_once)
{
    struct caller caller = enter("reader");
    struct gate_file *file = NULL;
    world_write("/f", "content");
    assert_fault(begin_upload(&caller, "/f", &file), FAULT_DENIED);
    assert_null(file);
    assert_int_equal(count_of(lines(), "\n"), 1);
    assert_content("/f", "content");
}

/* A transfer's own fault that has the same name is none that is asked again. */
TEST(the_end_of_what_was_opened_at_once_is_written_down_whatever_it_is)
{
    struct caller caller = enter("writer");
    struct gate_file *file = NULL;
    const struct gate_outcome outcome = {.fault = FAULT_BUSY};
    world_write("/f", "content");
    assert_fault(begin_upload(&caller, "/f", &file), FAULT_NONE);
    caller.at_once = false;
    assert_fault(gate_close(&file, &outcome, NULL), FAULT_BUSY);
    assert_int_equal(count_of(lines(), "\"result\":\"BUSY\""), 1);
    assert_content("/f", "content");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(what_cannot_be_said_at_once_is_not_refused),
        IN_WORLD(a_store_that_may_always_wait_says_nothing_at_once),
        IN_WORLD(what_is_said_at_once_is_written_down_once),
        IN_WORLD(who_may_not_is_refused_at_once),
        IN_WORLD(the_end_of_what_was_opened_at_once_is_written_down_whatever_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account_embedded.h"
#include "account/password.h"
#include "base/memory.h"
#include "gate/gate.h"
#include "gate/gate_tree.h"
#include "store/store_local.h"
#include "tests/unit/unit.h"

/* A realm with a writer, a reader, one who needs ACCT, and anonymous. */
struct world {
    char base[64];
    struct realm realm;
    struct audit *audit;
    char audit_file[96];
};

static bool of_part; /* what gate_combine said last */

static struct world world;
static uint64_t delay_ms; /* what the last attempt said */

static void add_user(const char *name, bool read_only, const char *charge)
{
    char *hash = NULL;
    assert_fault(password_hash(text_of(name), &hash), FAULT_NONE);
    const struct account account = {
        .name = (char *)name,
        .password = hash,
        .charge = (char *)charge,
        .terms = {.values = {[TERM_READ_ONLY] = {read_only, read_only}}}};
    assert_fault(account_embedded_add(world.realm.accounts, &account), FAULT_NONE);
    memory_free(hash);
}

static enum fault open_store(void *context, const char *directory, struct store **ret_store)
{
    (void)context;
    return store_local_open(directory, NULL, ret_store);
}

static int set_up(void **unused)
{
    static const struct budget_limits no_limits = {BUDGET_NO_LIMIT, BUDGET_NO_LIMIT,
                                                   BUDGET_NO_LIMIT, BUDGET_NO_LIMIT};
    static const struct tree_opener opener = {open_store, store_local_is_current, NULL};
    static char root[96];
    static struct account anonymous = {.name = (char *)"anonymous", .root = root};
    (void)unused;
    umask(0);
    (void)snprintf(world.base, sizeof(world.base), "/tmp/ferry-gate-XXXXXX");
    assert_non_null(mkdtemp(world.base));
    (void)snprintf(root, sizeof(root), "%s/root", world.base);
    (void)snprintf(world.audit_file, sizeof(world.audit_file), "%s/audit", world.base);
    assert_int_equal(mkdir(root, 0755), 0);
    world.realm = (struct realm){.accounts = account_embedded_new(),
                                 .root = root,
                                 .anonymous = &anonymous,
                                 .server_limits = no_limits,
                                 .host_limits = no_limits};
    assert_fault(desk_new(NULL, &opener, &world.realm.desk), FAULT_NONE);
    assert_fault(audit_begin(&(struct audit_places){.json_file = world.audit_file}, &world.audit),
                 FAULT_NONE);
    add_user("writer", false, NULL);
    add_user("reader", true, NULL);
    add_user("payer", false, "42");
    return 0;
}

static void end_audit(void)
{
    audit_end(world.audit);
    world.audit = NULL;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    end_audit();
    desk_free(world.realm.desk);
    world.realm.accounts->type->free(world.realm.accounts);
    (void)snprintf(command, sizeof(command), "rm -rf %s", world.base);
    return system(command);
}

static struct login_attempt attempt(const char *name)
{
    struct login_attempt a = {
        .realm = &world.realm, .audit = world.audit, .session = 1, .name = text_of(name)};
    assert_true(endpoint_parse_host(TEXT("192.0.2.1"), 0, &a.peer));
    return a;
}

static struct caller enter(const char *name)
{
    struct login_attempt a = attempt(name);
    struct login *login = NULL;
    assert_fault(login_authenticate(&a, text_of(name), &login, &delay_ms), FAULT_NONE);
    return (struct caller){login, login_home(login), world.audit, 1, a.peer};
}

static void put(const struct caller *caller, const char *path, const char *content)
{
    struct store_upload_request request = {.mode = 0644};
    const struct gate_outcome fine = {.fault = FAULT_NONE, .bytes = strlen(content)};
    struct gate_file *file = NULL;
    assert_fault(gate_open_upload(caller, path, &request, &file), FAULT_NONE);
    assert_fault(stream_write(file->stream, content, strlen(content)), FAULT_NONE);
    assert_fault(gate_close(&file, &fine, NULL), FAULT_NONE);
    assert_null(file);
}

static unsigned audited(const char *what)
{
    char bytes[65536];
    unsigned count = 0;
    end_audit();
    int fd = open(world.audit_file, O_RDONLY);
    ssize_t len = read(fd, bytes, sizeof(bytes) - 1);
    close(fd);
    bytes[len > 0 ? len : 0] = '\0';
    for (const char *found = strstr(bytes, what); found; found = strstr(found + 1, what))
        count++;
    return count;
}

TEST(a_login_needs_the_right_password_and_unknown_users_look_the_same)
{
    struct login *login = NULL;
    struct login_attempt right = attempt("writer");
    struct login_attempt unknown = attempt("nobody");
    assert_fault(login_authenticate(&right, TEXT("wrong"), &login, &delay_ms), FAULT_LOGIN_REFUSED);
    assert_fault(login_authenticate(&unknown, TEXT("nobody"), &login, &delay_ms),
                 FAULT_LOGIN_REFUSED);
    assert_null(login);
    assert_fault(login_authenticate(&right, TEXT("writer"), &login, &delay_ms), FAULT_NONE);
    assert_text(login_name(login), "writer");
    assert_false(login_is_anonymous(login));
    login_unref(login);
    assert_int_equal(audited("\"action\":\"login\""), 3);
}

TEST(anonymous_gives_an_address_and_reads)
{
    struct login *login = NULL;
    struct login_attempt a = attempt("FTP");
    assert_fault(login_authenticate(&a, TEXT("me@example.org"), &login, &delay_ms), FAULT_NONE);
    assert_true(login_is_anonymous(login));
    assert_text(login_detail(login), "me@example.org");
    login_unref(login);
    world.realm.anonymous = NULL;
    assert_fault(login_authenticate(&a, TEXT("me@example.org"), &login, &delay_ms),
                 FAULT_LOGIN_REFUSED);
    assert_int_equal(audited("\"user\":\"anonymous\",\"detail\":\"me@example.org\""), 1);
}

TEST(the_audit_tells_equal_paths_of_different_trees_apart)
{
    struct store *store = NULL;
    char root[96];
    world.realm.host = "ftp.example.org";
    struct caller writer = enter("writer");
    (void)snprintf(root, sizeof(root), "%s/root", world.base);
    assert_fault(store_local_open(root, NULL, &store), FAULT_NONE);
    struct tree *folder = tree_new("archive", store);
    put(&writer, "/f", "x");
    writer.tree = folder;
    assert_fault(gate_remove(&writer, "/f"), FAULT_NONE);
    login_unref(writer.login);
    tree_unref(folder);
    assert_int_equal(audited("\"host\":\"ftp.example.org\",\"user\":\"writer\""), 3);
    assert_int_equal(audited("\"action\":\"write\",\"result\":\"OK\",\"path\":\"/f\""), 1);
    assert_int_equal(audited("\"result\":\"OK\",\"folder\":\"archive\",\"path\":\"/f\""), 1);
}

TEST(an_account_that_is_needed_is_asked_for)
{
    struct login *login = NULL;
    struct login_attempt a = attempt("payer");
    assert_fault(login_authenticate(&a, TEXT("payer"), &login, &delay_ms), FAULT_ACCOUNT_NEEDED);
    assert_true(login_needs_charge(login));
    assert_fault(login_charge(&a, login, TEXT("41"), &delay_ms), FAULT_LOGIN_REFUSED);
    assert_fault(login_charge(&a, login, TEXT("42"), &delay_ms), FAULT_NONE);
    login_unref(login);
    assert_int_equal(audited("\"action\":\"login\""), 2);
}

TEST(each_operation_is_audited_exactly_once)
{
    struct caller writer = enter("writer");
    put(&writer, "/f", "content");
    assert_fault(gate_make_directory(&writer, "/d", 0755), FAULT_NONE);
    assert_fault(gate_rename(&writer, "/f", "/g"), FAULT_NONE);
    assert_fault(gate_remove(&writer, "/g"), FAULT_NONE);
    assert_fault(gate_remove(&writer, "/g"), FAULT_NOT_FOUND);
    login_unref(writer.login);
    assert_int_equal(audited("\"action\":\"write\",\"result\":\"OK\""), 1);
    assert_int_equal(audited("\"bytes\":7"), 1);
    assert_int_equal(audited("\"action\":\"make-directory\",\"result\":\"OK\""), 1);
    assert_int_equal(audited("\"action\":\"rename\",\"result\":\"OK\",\"path\":\"/f\","
                             "\"other_path\":\"/g\""),
                     1);
    assert_int_equal(audited("\"action\":\"delete\",\"result\":\"OK\""), 1);
    assert_int_equal(audited("\"action\":\"delete\",\"result\":\"NOT_FOUND\""), 1);
}

/* The matrix: every changing operation, refused, and the disk as it was. */
TEST(a_reader_changes_nothing_by_any_door)
{
    struct caller writer = enter("writer");
    struct caller reader = enter("reader");
    struct store_upload_request request = {.mode = 0644};
    const struct store_changes changes = {.mask = STORE_CHANGE_MODE, .mode = 0600};
    struct gate_file *file = NULL;
    atomic_bool no = false;
    char *parts[] = {(char *)"/f"};
    put(&writer, "/f", "content");
    assert_fault(gate_make_directory(&writer, "/d", 0755), FAULT_NONE);
    assert_fault(gate_open_upload(&reader, "/new", &request, &file), FAULT_DENIED);
    assert_fault(gate_open_upload(&reader, "/f", &request, &file), FAULT_DENIED);
    request.kind = STORE_APPEND;
    assert_fault(gate_open_upload(&reader, "/f", &request, &file), FAULT_DENIED);
    assert_fault(gate_remove(&reader, "/f"), FAULT_DENIED);
    assert_fault(gate_remove_directory(&reader, "/d"), FAULT_DENIED);
    assert_fault(gate_make_directory(&reader, "/e", 0755), FAULT_DENIED);
    assert_fault(gate_rename(&reader, "/f", "/g"), FAULT_DENIED);
    assert_fault(gate_change(&reader, "/f", &changes), FAULT_DENIED);
    assert_fault(gate_make_link(&reader, "f", "/l"), FAULT_DENIED);
    assert_fault(gate_copy(&reader, "/f", "/g", 0644, &no), FAULT_DENIED);
    assert_fault(gate_combine(&reader, "/g", parts, 1, 0644, &no, &of_part), FAULT_DENIED);
    assert_fault(gate_remove_tree(&reader, "/d", &no), FAULT_DENIED);
    login_unref(reader.login);
    login_unref(writer.login);
    char command[256];
    (void)snprintf(command, sizeof(command),
                   "cd %s/root && test \"$(ls -A)\" = \"d\nf\" && test \"$(cat f)\" = content && "
                   "test \"$(stat -c %%a f)\" = 644",
                   world.base);
    assert_int_equal(system(command), 0);
    assert_int_equal(audited("\"rule\":\"user reader: read-only\""), 12);
}

TEST(a_copy_is_whole_or_not_at_all)
{
    struct caller writer = enter("writer");
    atomic_bool no = false;
    atomic_bool yes = true;
    struct store_info info;
    put(&writer, "/f", "content");
    assert_fault(gate_copy(&writer, "/f", "/g", 0644, &no), FAULT_NONE);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/g", true, &info), FAULT_NONE);
    assert_int_equal(info.size, 7);
    assert_fault(gate_copy(&writer, "/f", "/h", 0644, &yes), FAULT_CANCELLED);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/h", true, &info), FAULT_NOT_FOUND);
    assert_fault(gate_copy(&writer, "/none", "/h", 0644, &no), FAULT_NOT_FOUND);
    assert_fault(gate_copy(&writer, "/f", "/f", 0644, &no), FAULT_NONE);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/f", true, &info), FAULT_NONE);
    assert_int_equal(info.size, 7);
    login_unref(writer.login);
}

/* ---- Annexes, marks and shapes -------------------------------------------------- */

static const struct gate_outcome fine = {.fault = FAULT_NONE};

static struct gate_file *begin(const struct caller *caller, const char *path)
{
    struct store_upload_request request = {.mode = 0644};
    struct gate_file *file = NULL;
    assert_fault(gate_open_upload(caller, path, &request, &file), FAULT_NONE);
    return file;
}

static void put_annexed(const struct caller *caller, const char *path, const char *annex)
{
    struct gate_file *file = begin(caller, path);
    assert_fault(stream_write(file->stream, "content", 7), FAULT_NONE);
    assert_fault(gate_annex(file, text_of(annex)), FAULT_NONE);
    assert_fault(gate_close(&file, &fine, NULL), FAULT_NONE);
}

/* "" when there is none. */
static const char *annex_of(const struct caller *caller, const char *path)
{
    static char bytes[256];
    struct gate_file *file = NULL;
    struct stream *annex = NULL;
    size_t len = 0;
    assert_fault(gate_open_read(caller, ACTION_READ, path, &file), FAULT_NONE);
    enum fault f = gate_open_annex(file->caller, ACTION_READ, file->path, file->stream, &annex);
    if (!f)
        assert_fault(stream_read(annex, bytes, sizeof(bytes) - 1, &len), FAULT_NONE);
    else
        assert_fault(f, FAULT_NOT_FOUND);
    bytes[len] = '\0';
    stream_close(&annex);
    assert_fault(gate_close(&file, &fine, NULL), FAULT_NONE);
    return bytes;
}

TEST(a_copy_has_the_annex_of_what_it_was_made_of)
{
    struct caller writer = enter("writer");
    atomic_bool no = false;
    put_annexed(&writer, "/f", "annex");
    put(&writer, "/plain", "plain");
    assert_fault(gate_copy(&writer, "/f", "/g", 0644, &no), FAULT_NONE);
    assert_string_equal(annex_of(&writer, "/g"), "annex");
    assert_fault(gate_copy(&writer, "/f", "/f", 0644, &no), FAULT_NONE);
    assert_string_equal(annex_of(&writer, "/f"), "annex");
    assert_fault(gate_copy(&writer, "/plain", "/g", 0644, &no), FAULT_NONE);
    assert_string_equal(annex_of(&writer, "/g"), "");
    char too_long[256] = "/";
    memset(too_long + 1, 'n', 250);
    assert_fault(gate_copy(&writer, "/f", too_long, 0644, &no), FAULT_NAME_INVALID);
    login_unref(writer.login);
}

TEST(a_kept_upload_is_left_by_a_broken_way_and_dropped_for_want_of_room)
{
    static const enum fault faults[] = {FAULT_CONNECTION_LOST, FAULT_NO_SPACE};
    static const enum store_remains left[] = {STORE_LEFT_KEPT, STORE_LEFT_NOTHING};
    struct caller writer = enter("writer");
    for (size_t i = 0; i < COUNT(faults); i++) {
        const struct gate_outcome broken = {.fault = faults[i], .keep_partial = true};
        struct store_upload_request request = {.mode = 0644, .goes_on = true};
        enum store_remains remains = STORE_LEFT_OLD;
        struct gate_file *file = begin(&writer, "/f");
        assert_fault(stream_write(file->stream, "kept", 4), FAULT_NONE);
        assert_fault(gate_keep(file, &request.kept), FAULT_NONE);
        assert_int_equal(request.kept.bytes, 4);
        assert_fault(gate_close(&file, &broken, &remains), faults[i]);
        assert_int_equal(remains, left[i]);
        assert_fault(gate_open_upload(&writer, "/f", &request, &file),
                     i ? FAULT_OUT_OF_RANGE : FAULT_NONE);
        if (file)
            assert_fault(gate_close(&file, &broken, NULL), faults[i]);
        if (!i) { /* it is still there, to be done anew */
            file = begin(&writer, "/f");
            assert_fault(gate_keep(file, &request.kept), FAULT_NONE);
            assert_fault(gate_close(&file, &(struct gate_outcome){.fault = FAULT_NO_SPACE}, NULL),
                         FAULT_NO_SPACE);
        }
    }
    login_unref(writer.login);
}

TEST(an_upload_is_given_size_and_attributes_by_those_who_may)
{
    static const struct store_changes changes = {.mask = STORE_CHANGE_MODE, .mode = 0600};
    struct caller writer = enter("writer");
    struct caller reader = enter("reader");
    struct store_info info;
    struct gate_file *file = begin(&writer, "/f");
    assert_fault(gate_set_size(file, 1000), FAULT_NONE);
    file->caller = &reader;
    assert_fault(gate_change_upload(file, &changes), FAULT_DENIED);
    file->caller = &writer;
    assert_fault(gate_change_upload(file, &changes), FAULT_NONE);
    assert_fault(gate_close(&file, &fine, NULL), FAULT_NONE);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/f", true, &info), FAULT_NONE);
    assert_int_equal(info.size, 1000);
    assert_int_equal(info.mode, 0600);
    login_unref(reader.login);
    login_unref(writer.login);
    assert_int_equal(audited("\"action\":\"attributes\""), 0);
}

TEST(combining_appends_the_parts_and_removes_them)
{
    struct caller writer = enter("writer");
    atomic_bool no = false;
    char *parts[] = {(char *)"/1", (char *)"/2"};
    char *missing[] = {(char *)"/3", (char *)"/none"};
    struct store_info info;
    put(&writer, "/1", "one");
    put(&writer, "/2", "two");
    assert_fault(gate_combine(&writer, "/all", parts, 2, 0644, &no, &of_part), FAULT_NONE);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/all", true, &info), FAULT_NONE);
    assert_int_equal(info.size, 6);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/1", true, &info), FAULT_NOT_FOUND);
    put(&writer, "/3", "three");
    assert_fault(gate_combine(&writer, "/all", missing, 2, 0644, &no, &of_part), FAULT_NOT_FOUND);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/all", true, &info), FAULT_NONE);
    assert_int_equal(info.size, 6);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/3", true, &info), FAULT_NONE);
    login_unref(writer.login);
}

/* The file as another one knows it: "0" when there is none, else its content. */
static const char *content_of(const char *name)
{
    static char bytes[256];
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/root/%s", world.base, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return "0";
    bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
    (void)fclose(file);
    return bytes;
}

TEST(combining_refuses_a_part_that_comes_twice_or_is_the_whole_by_any_name)
{
    struct caller writer = enter("writer");
    atomic_bool no = false;
    char command[256];
    char *const cases[][3] = {
        {(char *)"/a", (char *)"/b", (char *)"/a"},
        {(char *)"/a", (char *)"/a"},
        {(char *)"/a", (char *)"/hard"},
        {(char *)"/a", (char *)"/b", (char *)"/soft"},
        {(char *)"/new", (char *)"/a", (char *)"/hard"},
        {(char *)"/new", (char *)"/b", (char *)"/b"},
        {(char *)"/soft", (char *)"/b", (char *)"/a"},
    };
    put(&writer, "/a", "AAA");
    put(&writer, "/b", "BBB");
    (void)snprintf(command, sizeof(command), "cd %s/root && ln a hard && ln -s a soft", world.base);
    assert_int_equal(system(command), 0);
    for (int direct = 0; direct < 2; direct++) {
        world.realm.upload.direct = direct;
        struct caller caller = enter("writer");
        for (size_t i = 0; i < COUNT(cases); i++) {
            size_t count = cases[i][2] ? 2 : 1;
            assert_fault(
                gate_combine(&caller, cases[i][0], cases[i] + 1, count, 0644, &no, &of_part),
                FAULT_ARGUMENT);
            assert_string_equal(content_of("a"), "AAA");
            assert_string_equal(content_of("b"), "BBB");
            assert_string_equal(content_of("hard"), "AAA");
            assert_string_equal(content_of("soft"), "AAA");
            assert_string_equal(content_of("new"), "0");
        }
        login_unref(caller.login);
    }
    login_unref(writer.login);
}

TEST(a_direct_copy_looks_at_its_source_before_it_empties_the_target)
{
    world.realm.upload.direct = true;
    struct caller writer = enter("writer");
    atomic_bool no = false;
    put(&writer, "/f", "content");
    put(&writer, "/t", "target");
    assert_fault(gate_make_link(&writer, "f", "/l"), FAULT_NONE);
    assert_fault(gate_make_directory(&writer, "/d", 0755), FAULT_NONE);
    assert_fault(gate_copy(&writer, "/f", "/l", 0644, &no), FAULT_ARGUMENT);
    assert_fault(gate_copy(&writer, "/l", "/f", 0644, &no), FAULT_ARGUMENT);
    assert_string_equal(content_of("f"), "content");
    assert_fault(gate_copy(&writer, "/d", "/t", 0644, &no), FAULT_IS_DIRECTORY);
    assert_fault(gate_copy(&writer, "/none", "/t", 0644, &no), FAULT_NOT_FOUND);
    assert_string_equal(content_of("t"), "target");
    assert_fault(gate_copy(&writer, "/f", "/t", 0644, &no), FAULT_NONE);
    assert_string_equal(content_of("t"), "content");
    login_unref(writer.login);
}

TEST(a_tree_is_not_removed_through_a_link)
{
    struct caller writer = enter("writer");
    atomic_bool no = false;
    assert_fault(gate_make_directory(&writer, "/d", 0755), FAULT_NONE);
    put(&writer, "/d/f", "x");
    assert_fault(gate_make_link(&writer, "d", "/l"), FAULT_NONE);
    assert_fault(gate_remove_tree(&writer, "/l", &no), FAULT_NOT_DIRECTORY);
    assert_string_equal(content_of("d/f"), "x");
    /* A link further up is a path like any other. */
    assert_fault(gate_make_directory(&writer, "/d/e", 0755), FAULT_NONE);
    put(&writer, "/d/e/f", "x");
    assert_fault(gate_remove_tree(&writer, "/l/e", &no), FAULT_NONE);
    assert_string_equal(content_of("d/e/f"), "0");
    login_unref(writer.login);
}

TEST(the_root_is_refused_by_policy_or_store_and_audited_once)
{
    struct caller writer = enter("writer");
    struct caller reader = enter("reader");
    atomic_bool no = false;
    assert_fault(gate_remove_tree(&writer, "/", &no), FAULT_DENIED);
    assert_fault(gate_remove_tree(&reader, "/", &no), FAULT_DENIED);
    login_unref(reader.login);
    login_unref(writer.login);
    assert_int_equal(audited("\"action\":\"remove-directory\",\"result\":\"DENIED\""), 2);
    assert_int_equal(audited("\"rule\":\"user reader: read-only\""), 1);
}

TEST(a_tree_is_removed_without_following_its_links)
{
    struct caller writer = enter("writer");
    atomic_bool no = false;
    struct store_info info;
    put(&writer, "/keep", "x");
    assert_fault(gate_make_directory(&writer, "/d", 0755), FAULT_NONE);
    assert_fault(gate_make_directory(&writer, "/d/e", 0755), FAULT_NONE);
    put(&writer, "/d/e/f", "x");
    put(&writer, "/d/f", "x");
    assert_fault(gate_make_link(&writer, "/", "/d/root"), FAULT_NONE);
    assert_fault(gate_remove_tree(&writer, "/d", &no), FAULT_NONE);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/d", true, &info), FAULT_NOT_FOUND);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/keep", true, &info), FAULT_NONE);
    assert_fault(gate_remove_tree(&writer, "/", &no), FAULT_DENIED);
    assert_fault(gate_stat(&writer, ACTION_LIST, "/keep", true, &info), FAULT_NONE);
    assert_fault(gate_remove_tree(&writer, "/none", &no), FAULT_NOT_FOUND);
    login_unref(writer.login);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_login_needs_the_right_password_and_unknown_users_look_the_same),
        IN_WORLD(anonymous_gives_an_address_and_reads),
        IN_WORLD(the_audit_tells_equal_paths_of_different_trees_apart),
        IN_WORLD(an_account_that_is_needed_is_asked_for),
        IN_WORLD(each_operation_is_audited_exactly_once),
        IN_WORLD(a_reader_changes_nothing_by_any_door),
        IN_WORLD(a_copy_is_whole_or_not_at_all),
        IN_WORLD(a_copy_has_the_annex_of_what_it_was_made_of),
        IN_WORLD(a_kept_upload_is_left_by_a_broken_way_and_dropped_for_want_of_room),
        IN_WORLD(an_upload_is_given_size_and_attributes_by_those_who_may),
        IN_WORLD(combining_appends_the_parts_and_removes_them),
        IN_WORLD(combining_refuses_a_part_that_comes_twice_or_is_the_whole_by_any_name),
        IN_WORLD(a_direct_copy_looks_at_its_source_before_it_empties_the_target),
        IN_WORLD(a_tree_is_not_removed_through_a_link),
        IN_WORLD(the_root_is_refused_by_policy_or_store_and_audited_once),
        IN_WORLD(a_tree_is_removed_without_following_its_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor and its agents as the processes they are: this program under another name. */
#include "base/memory.h"
#include "base/message.h"
#include "monitor/monitor_agent.h"
#include "monitor/monitor_form.h"
#include "monitor/monitor_spawn.h"
#include "store/store_agent.h"
#include "tests/unit/confined.h"
#include "tests/unit/roots_files.h"

/* ---- A monitor of files ------------------------------------------------------------ */

static struct monitor *start_for(const char *first, const char *second)
{
    const struct monitor_settings settings = {
        .service = "", .root = "", .files = {first, second}, .file_count = 2};
    struct monitor *monitor = NULL;
    assert_fault(monitor_start(&settings, &monitor), FAULT_NONE);
    return monitor;
}

static void assert_opens(struct monitor *monitor, size_t file, const char *content)
{
    char bytes[PATH_SIZE] = "";
    int fd = -1;
    assert_fault(monitor_open_file(monitor, file, &fd), FAULT_NONE);
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(read(fd, bytes, sizeof(bytes) - 1), strlen(content));
    assert_string_equal(bytes, content);
    close(fd);
}

TEST(a_file_is_opened_as_it_is_when_it_is_asked_for)
{
    char key[PATH_SIZE];
    memcpy(key, at("key"), PATH_SIZE);
    make_file("key", "old");
    struct monitor *monitor = start_for(key, "/etc/passwd");
    assert_opens(monitor, 0, "old");
    make_file("new", "new");
    assert_int_equal(rename(at("new"), key), 0);
    assert_opens(monitor, 0, "new");
    monitor_free(monitor);
}

TEST(no_file_is_opened_that_was_not_named_at_the_start)
{
    int fd = -1;
    struct monitor *monitor = start_for("/etc/missing", "/etc/ssl");
    assert_fault(monitor_open_file(monitor, 0, &fd), FAULT_NOT_FOUND);
    assert_fault(monitor_open_file(monitor, 1, &fd), FAULT_NOT_PLAIN_FILE);
    assert_fault(monitor_open_file(monitor, 2, &fd), FAULT_DENIED);
    assert_fault(monitor_open_file(monitor, MONITOR_FILES_MAX, &fd), FAULT_MALFORMED);
    assert_int_equal(fd, -1);
    monitor_free(monitor);
}

TEST(without_users_of_the_system_nobody_logs_in_and_no_other_port_is_bound)
{
    union endpoint peer;
    int fd = -1;
    struct monitor_login *login = NULL;
    assert_true(endpoint_parse_host(TEXT("127.0.0.1"), 2121, &peer));
    struct monitor *monitor = start_for("/etc/passwd", "/etc/group");
    assert_fault(monitor_authenticate(monitor, TEXT("root"), TEXT("x"), &peer, &login),
                 FAULT_DENIED);
    assert_null(login);
    assert_fault(monitor_bind(monitor, &peer, &fd), FAULT_DENIED);
    assert_int_equal(fd, -1);
    monitor_free(monitor);
}

/* ---- An agent ---------------------------------------------------------------------- */

/* As the monitor does it, but for somebody whom no system knows. */
static struct store *open_agent(const char *root, int *ret_socket, pid_t *ret_pid)
{
    struct store *store = NULL;
    int ends[2];
    struct message *message = message_new();
    struct monitor_person *person = memory_new(sizeof(*person));
    person->uid = SOMEBODY;
    person->gid = SOMEBODY;
    memcpy(person->name, "somebody", 9);
    memcpy(person->home, root, strlen(root) + 1);
    /* LeakSanitizer reads /proc, which an agent cannot. */
    assert_int_equal(setenv("ASAN_OPTIONS", "detect_leaks=0", 1), 0);
    assert_fault(monitor_spawn(MONITOR_AGENT_NAME, false, ret_pid, ret_socket), FAULT_NONE);
    assert_int_equal(unsetenv("ASAN_OPTIONS"), 0);
    monitor_put_person(message, person);
    message_put_text(message, TEXT("%h"));
    assert_fault(message_send(*ret_socket, message), FAULT_NONE);
    assert_fault(message_connect(ends), FAULT_NONE);
    message_put_number(message, 0);
    message_put_fd(message, ends[1]);
    assert_fault(message_send(*ret_socket, message), FAULT_NONE);
    memory_free(person);
    message_free(message);
    assert_fault(store_agent_open(ends[0], &store), FAULT_NONE);
    return store;
}

static void end_agent(struct store *store, int socket, pid_t pid)
{
    int status;
    store->type->free(store);
    close(socket);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

TEST(an_agent_does_not_leave_its_root_whatever_it_is_told)
{
    static const char *const outside[] = {"/../secret", "/../../../etc/passwd", "/out/secret",
                                          "/absolute", "/proc/self/root/etc/passwd"};
    char root[PATH_SIZE];
    struct store_info info;
    pid_t pid;
    int socket;
    memcpy(root, at("home"), PATH_SIZE);
    assert_int_equal(mkdir(root, 0755), 0);
    make_file("secret", "");
    make_file("home/file", "content");
    assert_int_equal(chmod(at("secret"), 0644), 0);
    assert_int_equal(symlink("..", at("home/out")), 0);
    assert_int_equal(symlink("/etc/passwd", at("home/absolute")), 0);
    struct store *store = open_agent(root, &socket, &pid);
    assert_fault(store->type->stat(store, "/file", true, &info), FAULT_NONE);
    assert_int_equal(info.size, strlen("content"));
    for (size_t i = 0; i < COUNT(outside); i++)
        assert_int_not_equal(store->type->stat(store, outside[i], true, &info), FAULT_NONE);
    end_agent(store, socket, pid);
}

int main(int argc, char **argv)
{
    int status;
    if (monitor_is_part(argc, argv, &status))
        return status;
    if (geteuid() != 0) {
        (void)puts("1..0 # SKIP only root can be somebody else");
        return EXIT_SUCCESS;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_opened_as_it_is_when_it_is_asked_for, set_up,
                                        tear_down),
        RUN(no_file_is_opened_that_was_not_named_at_the_start),
        RUN(without_users_of_the_system_nobody_logs_in_and_no_other_port_is_bound),
        cmocka_unit_test_setup_teardown(an_agent_does_not_leave_its_root_whatever_it_is_told,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

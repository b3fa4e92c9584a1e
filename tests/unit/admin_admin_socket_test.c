/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "admin/admin_socket.h"
#include "tests/unit/admin_world.h"

/* Time that passes without anybody waiting for it. */
static _Atomic long ahead_s;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = __real_clock_gettime(clock, now);
    now->tv_sec += ahead_s;
    return result;
}

static uid_t peer_uid;
static _Atomic bool is_other;

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    int result = __real_getsockopt(fd, level, name, value, len);
    if (name == SO_PEERCRED && is_other)
        ((struct ucred *)value)->uid = peer_uid;
    return result;
}

struct served {
    struct admin_world w;
    struct admin_socket *socket;
    char path[100];
};

static void begin(struct served *s)
{
    char message[ADMIN_MESSAGE_SIZE] = "";
    ahead_s = 0;
    is_other = false;
    world_begin(&s->w);
    snprintf(s->path, sizeof(s->path), "%s/socket", s->w.base);
    if (!admin_socket_open(s->path, &s->w.admin, &s->socket, message))
        fail_msg("%s", message);
}

static void end(struct served *s)
{
    admin_socket_close(s->socket);
    assert_int_equal(access(s->path, F_OK), -1);
    world_end(&s->w);
}

static int connect_to(const struct served *s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void put(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* One line, byte by byte; empty at the end. */
static struct text get(int fd, char *line, size_t size)
{
    size_t len = 0;
    while (len < size && recv(fd, line + len, 1, 0) == 1 && line[len] != '\n')
        len++;
    return (struct text){line, len};
}

/* ---- Requests ------------------------------------------------------------------------------- */

TEST(a_request_is_answered_over_the_socket_as_without)
{
    struct served s;
    json_t *answer = NULL;
    begin(&s);
    json_t *request = json_pack("{s:s, s:s}", "command", "group add", "name", "staff");
    assert_fault(admin_call(s.path, request, &answer), FAULT_NONE);
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
    assert_fault(admin_call(s.path, request, &answer), FAULT_NONE);
    assert_string_equal(text_at(answer, "fault"), "EXISTS");
    json_decref(answer);
    json_decref(request);
    end(&s);
}

TEST(several_requests_of_one_client_are_answered_in_order)
{
    struct served s;
    char line[512];
    begin(&s);
    int fd = connect_to(&s);
    put(fd, "{\"command\":\"ban list\"}\n{\"command\":\"nonsense\"}\n{\"comm");
    assert_text(get(fd, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    assert_true(text_starts_with(get(fd, line, sizeof(line)), TEXT("{\"ok\":false")));
    put(fd, "and\":\"ban list\"}\n");
    assert_text(get(fd, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    close(fd);
    end(&s);
}

TEST(what_is_no_json_is_refused_and_the_next_request_is_answered)
{
    static const char *const wrong[] = {"\n", "nonsense\n", "[]\n", "7\n", "{\n", "{} {}\n"};
    struct served s;
    char line[512];
    begin(&s);
    int fd = connect_to(&s);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        put(fd, wrong[i]);
        assert_true(text_starts_with(get(fd, line, sizeof(line)),
                                     TEXT("{\"ok\":false,\"fault\":\"ARGUMENT\"")));
    }
    put(fd, "{\"command\":\"ban list\"}\n");
    assert_text(get(fd, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    close(fd);
    end(&s);
}

TEST(a_line_without_an_end_is_cut_off)
{
    static char junk[64 * 1024];
    struct served s;
    begin(&s);
    int fd = connect_to(&s);
    memset(junk, 'x', sizeof(junk));
    size_t sent = 0;
    ssize_t count = 0;
    while (sent <= 2 * (size_t)ADMIN_REQUEST_MAX && count >= 0) {
        count = send(fd, junk, sizeof(junk), MSG_NOSIGNAL);
        sent += count > 0 ? (size_t)count : 0;
    }
    assert_int_equal(count, -1);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    close(fd);
    end(&s);
}

TEST(a_large_answer_arrives_whole)
{
    struct served s;
    json_t *answer = NULL;
    begin(&s);
    for (unsigned i = 0; i < 400; i++)
        DOES(&s.w, "{'command': 'group add', 'name': 'group %u', 'comment': '%0900u'}", i, i);
    json_t *request = json_pack("{s:s}", "command", "group list");
    assert_fault(admin_call(s.path, request, &answer), FAULT_NONE);
    assert_int_equal(json_array_size(json_object_get(answer, "groups")), 400);
    json_decref(answer);
    json_decref(request);
    end(&s);
}

/* ---- Clients ------------------------------------------------------------------------------------
 */

TEST(a_client_that_is_slow_holds_nobody_up)
{
    struct served s;
    char line[512];
    begin(&s);
    int slow = connect_to(&s);
    put(slow, "{\"command\":");
    int quick = connect_to(&s);
    put(quick, "{\"command\":\"ban list\"}\n");
    assert_text(get(quick, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    put(slow, "\"ban list\"}\n");
    assert_text(get(slow, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    close(quick);
    close(slow);
    end(&s);
}

TEST(a_client_that_stops_in_the_middle_is_let_go_and_one_that_waits_is_not)
{
    struct served s;
    char line[512];
    begin(&s);
    int waiting = connect_to(&s);
    put(waiting, "{\"command\":\"ban list\"}\n");
    assert_text(get(waiting, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    int stopped = connect_to(&s);
    put(stopped, "{\"command\":");
    put(waiting, "{\"command\":\"ban list\"}\n"); /* answered: the other's words have been read */
    assert_text(get(waiting, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    ahead_s = ADMIN_PATIENCE_S + 1;
    put(waiting, "{\"command\":\"ban list\"}\n");
    assert_text(get(waiting, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    assert_int_equal(get(stopped, line, sizeof(line)).len, 0);
    put(waiting, "{\"command\":\"ban list\"}\n");
    assert_text(get(waiting, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    close(waiting);
    close(stopped);
    end(&s);
}

TEST(one_client_more_than_there_is_room_for_waits_its_turn)
{
    struct served s;
    char line[512];
    int clients[ADMIN_CLIENTS_MAX + 1];
    begin(&s);
    for (size_t i = 0; i < COUNT(clients); i++) {
        clients[i] = connect_to(&s);
        put(clients[i], "{\"command\":\"ban list\"}\n");
        if (i < ADMIN_CLIENTS_MAX)
            assert_text(get(clients[i], line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    }
    close(clients[0]);
    assert_text(get(clients[ADMIN_CLIENTS_MAX], line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    for (size_t i = 1; i < COUNT(clients); i++)
        close(clients[i]);
    end(&s);
}

TEST(only_root_and_who_runs_the_server_may_ask)
{
    struct served s;
    char line[512];
    begin(&s);
    struct stat info;
    assert_int_equal(stat(s.path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    peer_uid = geteuid() + 1;
    is_other = true;
    int fd = connect_to(&s);
    assert_int_equal(get(fd, line, sizeof(line)).len, 0);
    close(fd);
    peer_uid = 0;
    fd = connect_to(&s);
    put(fd, "{\"command\":\"ban list\"}\n");
    assert_text(get(fd, line, sizeof(line)), "{\"ok\":true,\"bans\":[]}");
    close(fd);
    end(&s);
}

/* ---- The file
 * ------------------------------------------------------------------------------------- */

TEST(a_server_that_answers_keeps_its_socket)
{
    struct served s;
    struct admin_socket *second = NULL;
    char message[ADMIN_MESSAGE_SIZE] = "";
    begin(&s);
    assert_false(admin_socket_open(s.path, &s.w.admin, &second, message));
    assert_true(text_ends_with(text_of(message), TEXT("another server answers there")));
    assert_int_equal(access(s.path, F_OK), 0);
    end(&s);
}

TEST(a_socket_that_a_crash_left_is_replaced)
{
    struct served s;
    char message[ADMIN_MESSAGE_SIZE] = "";
    begin(&s);
    admin_socket_close(s.socket);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", s.path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(fd); /* the name stays */
    assert_int_equal(access(s.path, F_OK), 0);
    assert_true(admin_socket_open(s.path, &s.w.admin, &s.socket, message));
    close(connect_to(&s));
    end(&s);
}

TEST(what_is_no_socket_is_never_removed)
{
    struct served s;
    struct admin_socket *second = NULL;
    char message[ADMIN_MESSAGE_SIZE] = "";
    begin(&s);
    assert_false(admin_socket_open(world_path(&s.w, "alice"), &s.w.admin, &second, message));
    assert_int_equal(access(world_path(&s.w, "alice"), F_OK), 0);
    assert_false(admin_socket_open("/nowhere/socket", &s.w.admin, &second, message));
    char path[256] = "/tmp/";
    memset(path + 5, 'x', sizeof(path) - 6);
    assert_false(admin_socket_open(path, &s.w.admin, &second, message));
    assert_null(second);
    end(&s);
    admin_socket_close(NULL);
}

TEST(a_socket_that_another_server_made_meanwhile_is_left_to_it)
{
    struct served s;
    struct admin_socket *second = NULL;
    char message[ADMIN_MESSAGE_SIZE] = "";
    begin(&s);
    assert_int_equal(unlink(s.path), 0);
    assert_true(admin_socket_open(s.path, &s.w.admin, &second, message));
    admin_socket_close(s.socket);
    assert_int_equal(access(s.path, F_OK), 0);
    s.socket = second;
    end(&s);
}

TEST(who_asks_where_nobody_is_hears_that)
{
    struct served s;
    json_t *answer = NULL;
    json_t *request = json_pack("{s:s}", "command", "ban list");
    begin(&s);
    assert_fault(admin_call(world_path(&s.w, "nothing"), request, &answer), FAULT_NOT_FOUND);
    assert_fault(admin_call("", request, &answer), FAULT_NAME_INVALID);
    is_other = true;
    peer_uid = geteuid() + 1;
    assert_fault(admin_call(s.path, request, &answer), FAULT_CONNECTION_LOST);
    assert_null(answer);
    json_decref(request);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_request_is_answered_over_the_socket_as_without),
        RUN(several_requests_of_one_client_are_answered_in_order),
        RUN(what_is_no_json_is_refused_and_the_next_request_is_answered),
        RUN(a_line_without_an_end_is_cut_off),
        RUN(a_large_answer_arrives_whole),
        RUN(a_client_that_is_slow_holds_nobody_up),
        RUN(a_client_that_stops_in_the_middle_is_let_go_and_one_that_waits_is_not),
        RUN(one_client_more_than_there_is_room_for_waits_its_turn),
        RUN(only_root_and_who_runs_the_server_may_ask),
        RUN(a_server_that_answers_keeps_its_socket),
        RUN(a_socket_that_a_crash_left_is_replaced),
        RUN(what_is_no_socket_is_never_removed),
        RUN(a_socket_that_another_server_made_meanwhile_is_left_to_it),
        RUN(who_asks_where_nobody_is_hears_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

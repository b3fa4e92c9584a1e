/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/resource.h>

#include "server/listener.h"
#include "server/loop.h"
#include "server/server.h"
#include "tests/unit/peers.h"

static char message[CONFIG_MESSAGE_SIZE];

/* A configuration that listens on 127.0.0.1 and `more` addresses after it. */
static struct config *config_of(const char *port, size_t more)
{
    char addresses[LISTENERS_MAX + 1][32];
    char *argv[2 * LISTENERS_MAX + 8] = {(char *)"ferryd", (char *)"--root", (char *)"/tmp",
                                         (char *)"--port", (char *)port};
    int argc = 5;
    struct config_request request;
    assert_true(more < COUNT(addresses));
    for (size_t i = 0; i <= more; i++) {
        (void)snprintf(addresses[i], sizeof(addresses[0]), "127.0.0.%zu", i + 1);
        argv[argc++] = (char *)"--address";
        argv[argc++] = addresses[i];
    }
    struct config *config = config_load(argc, argv, &request, message);
    if (!config)
        fail_msg("%s", message);
    return config;
}

static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

TEST(without_a_port_all_addresses_get_that_of_the_first)
{
    char bytes[256];
    char expected[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct listener_set set = {.count = 99};
    struct config *config = config_of("0", 2);
    int next = next_descriptor();
    assert_true(listener_open_all(config, NULL, &set, message));
    assert_int_equal(set.count, 3);
    union endpoint first = socket_local(set.fds[0]);
    unsigned port = endpoint_port(&first);
    assert_int_not_equal(port, 0);
    listener_put_all(&set, &b);
    (void)snprintf(expected, sizeof(expected), "127.0.0.1:%u 127.0.0.2:%u 127.0.0.3:%u", port, port,
                   port);
    assert_text(builder_text(&b), expected);
    listener_close_all(&set);
    assert_int_equal(set.count, 0);
    assert_int_equal(next_descriptor(), next);
    config_unref(config);
}

TEST(without_an_address_both_families_share_a_port)
{
    char *argv[] = {(char *)"ferryd", (char *)"--root", (char *)"/tmp", (char *)"--port",
                    (char *)"0"};
    struct config_request request;
    struct listener_set set;
    struct config *config = config_load(COUNT(argv), argv, &request, message);
    assert_non_null(config);
    assert_true(listener_open_all(config, NULL, &set, message));
    assert_in_range(set.count, 1, 2); /* a machine may have only one family */
    union endpoint first = socket_local(set.fds[0]);
    union endpoint last = socket_local(set.fds[set.count - 1]);
    assert_int_not_equal(endpoint_port(&first), 0);
    assert_int_equal(endpoint_port(&first), endpoint_port(&last));
    if (set.count == 2)
        assert_int_not_equal(first.any.sa_family, last.any.sa_family);
    listener_close_all(&set);
    config_unref(config);
}

TEST(what_listens_is_tuned_before_anybody_can_come)
{
    struct listener_set set;
    struct config *config = config_of("0", 0);
    assert_true(listener_open_all(config, NULL, &set, message));
    for (size_t i = 0; i < set.count; i++)
        assert_true(socket_is_tuned(set.fds[i]));
    listener_close_all(&set);
    config_unref(config);
}

TEST(an_address_that_is_taken_is_named_with_the_reason)
{
    char port[16];
    char expected[64];
    struct listener_set set;
    struct listener_set second;
    struct config *config = config_of("0", 0);
    assert_true(listener_open_all(config, NULL, &set, message));
    union endpoint local = socket_local(set.fds[0]);
    (void)snprintf(port, sizeof(port), "%u", (unsigned)endpoint_port(&local));
    struct config *same = config_of(port, 0);
    assert_false(listener_open_all(same, NULL, &second, message));
    (void)snprintf(expected, sizeof(expected), "127.0.0.1:%s: Address already in use", port);
    assert_non_null(strstr(message, expected));
    listener_close_all(&second);
    listener_close_all(&set);
    config_unref(same);
    config_unref(config);
}

TEST(as_many_addresses_as_the_limit_are_served_and_more_are_told)
{
    struct listener_set set;
    struct config *config = config_of("0", LISTENERS_MAX - 1);
    assert_true(listener_open_all(config, NULL, &set, message));
    assert_int_equal(set.count, LISTENERS_MAX);
    listener_close_all(&set);
    config_unref(config);
    config = config_of("0", LISTENERS_MAX);
    assert_false(listener_open_all(config, NULL, &set, message));
    assert_non_null(strstr(message, "64"));
    assert_null(strstr(message, "cannot listen"));
    listener_close_all(&set);
    assert_int_equal(set.count, 0);
    config_unref(config);
}

/* ---- Accepting --------------------------------------------------------------------------- */

struct door {
    struct listener_set set;
    struct server *server;
    struct loop *loop;
    struct spare *spare;
    struct listener *listener;
    union endpoint address;
};

/* The server is ending: whoever comes is refused before a session begins. */
static void open_door(struct door *door)
{
    struct config *config = config_of("0", 0);
    assert_true(listener_open_all(config, NULL, &door->set, message));
    door->server = server_new(config, NULL);
    assert_non_null(door->server);
    server_stop(door->server);
    door->loop = loop_new(door->server, config);
    config_unref(config);
    assert_non_null(door->loop);
    door->spare = spare_new();
    assert_non_null(door->spare);
    door->listener = listener_start(door->loop, door->set.fds[0], false, door->spare);
    assert_non_null(door->listener);
    door->address = socket_local(door->set.fds[0]);
    loop_tell(door->loop, LOOP_DRAIN);
    loop_run(door->loop);
}

static void close_door(struct door *door)
{
    listener_stop(door->listener);
    spare_free(door->spare);
    loop_free(door->loop);
    server_free(door->server);
    listener_close_all(&door->set);
}

/* One turn of the loop, with whatever has come by now. */
static void turn(struct door *door)
{
    peers_await(door->set.fds[0], POLLIN);
    loop_tell(door->loop, LOOP_DRAIN);
    loop_run(door->loop);
}

static int knock(const struct door *door)
{
    union endpoint local = peers_host("127.0.0.1", 0);
    int fd = socket_connect(&local, &door->address);
    assert_true(fd >= 0);
    peers_await(fd, POLLOUT);
    socket_set_blocking(fd, true);
    return fd;
}

static void assert_refused(int fd, const char *code)
{
    char bytes[128];
    ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_WAITALL); /* up to the close */
    assert_true(n > 0);
    assert_true(text_starts_with(((struct text){bytes, (size_t)n}), text_of(code)));
    assert_true(text_ends_with(((struct text){bytes, (size_t)n}), TEXT("\r\n")));
    close(fd);
}

TEST(a_client_that_comes_too_late_is_told_so)
{
    struct door door;
    open_door(&door);
    int first = knock(&door);
    int second = knock(&door);
    turn(&door);
    assert_refused(first, "421 ");
    assert_refused(second, "421 ");
    close_door(&door);
}

/* From now on no descriptor is given that is not there; what was before. */
static struct rlimit give_no_descriptor(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {(rlim_t)next_descriptor(), before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

TEST(without_a_descriptor_left_a_client_is_told_and_not_left_waiting)
{
    struct door door;
    open_door(&door);
    int fd = knock(&door);
    peers_await(door.set.fds[0], POLLIN);
    const struct rlimit before = give_no_descriptor();
    turn(&door);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_refused(fd, "421 ");
    fd = knock(&door); /* and all is as before */
    turn(&door);
    assert_refused(fd, "421 ");
    close_door(&door);
}

TEST(a_spare_descriptor_that_could_not_be_had_is_made_when_it_can)
{
    struct door door;
    open_door(&door);
    spare_free(door.spare);
    struct rlimit before = give_no_descriptor();
    door.spare = spare_new();
    listener_stop(door.listener);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    door.listener = listener_start(door.loop, door.set.fds[0], false, door.spare);
    int first = knock(&door);
    int second = knock(&door);
    before = give_no_descriptor();
    turn(&door); /* nobody can be told, and nobody is lost */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    turn(&door);
    assert_refused(first, "421 ");
    assert_refused(second, "421 ");
    close_door(&door);
}

TEST(a_listener_that_stops_leaves_its_socket_open)
{
    struct door door;
    open_door(&door);
    listener_stop(door.listener);
    door.listener = NULL;
    assert_true(fcntl(door.set.fds[0], F_GETFD) & FD_CLOEXEC);
    close_door(&door);
}

TEST(what_is_no_socket_cannot_be_listened_on)
{
    struct door door;
    open_door(&door);
    int next = next_descriptor();
    assert_null(listener_start(door.loop, -1, false, door.spare));
    assert_int_equal(next_descriptor(), next);
    close_door(&door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(without_a_port_all_addresses_get_that_of_the_first),
        RUN(without_an_address_both_families_share_a_port),
        RUN(what_listens_is_tuned_before_anybody_can_come),
        RUN(an_address_that_is_taken_is_named_with_the_reason),
        RUN(as_many_addresses_as_the_limit_are_served_and_more_are_told),
        RUN(a_client_that_comes_too_late_is_told_so),
        RUN(without_a_descriptor_left_a_client_is_told_and_not_left_waiting),
        RUN(a_spare_descriptor_that_could_not_be_had_is_made_when_it_can),
        RUN(a_listener_that_stops_leaves_its_socket_open),
        RUN(what_is_no_socket_cannot_be_listened_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

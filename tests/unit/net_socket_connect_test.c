/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting to a host that has several addresses, and waiting for it. */
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>

#include "tests/unit/peers.h"

enum { ADDRESSES = 24 };

static const struct patience patient = {.timeout_ms = 20000};
static const struct patience brief = {.timeout_ms = 300};

/* What the name service says of every name. */
static const char *addresses[ADDRESSES];
static size_t address_count;
static int family_asked;
static unsigned answers_left; /* to be freed */

struct answer {
    struct addrinfo info;
    union endpoint endpoint;
};

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret_found);
void __wrap_freeaddrinfo(struct addrinfo *found);

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret_found)
{
    static struct answer answers[ADDRESSES];
    assert_text(text_of(host), "ftp.example");
    assert_null(service);
    family_asked = hints->ai_family;
    if (!address_count)
        return EAI_NONAME;
    for (size_t i = 0; i < address_count; i++) {
        answers[i].endpoint = peers_host(addresses[i], 0);
        answers[i].info = (struct addrinfo){
            .ai_addr = &answers[i].endpoint.any,
            .ai_addrlen = endpoint_len(&answers[i].endpoint),
            .ai_next = i + 1 < address_count ? &answers[i + 1].info : NULL,
        };
    }
    answers_left++;
    *ret_found = &answers[0].info;
    return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *found)
{
    (void)found;
    answers_left--;
}

static void name_has(const char *const *all, size_t count)
{
    address_count = count;
    for (size_t i = 0; i < count; i++)
        addresses[i] = all[i];
}

#define NAME_HAS(...)                                                                              \
    name_has((const char *const[]){__VA_ARGS__}, COUNT(((const char *const[]){__VA_ARGS__})))

static int listen_on(const char *address, uint16_t port, int backlog, uint16_t *ret_port)
{
    union endpoint local = peers_host(address, port);
    int fd = socket_listen(&local, backlog);
    assert_true(fd >= 0);
    local = socket_local(fd);
    *ret_port = endpoint_port(&local);
    return fd;
}

static void assert_host(const union endpoint *endpoint, const char *expected)
{
    char bytes[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    endpoint_put_host(endpoint, &b);
    assert_text(builder_text(&b), expected);
}

static void assert_connects(uint16_t port, int family, const union endpoint *local,
                            const char *expected)
{
    int fd = -1;
    union endpoint peer = {.any.sa_family = AF_UNSPEC};
    assert_fault(socket_connect_any("ftp.example", port, family, local, patient, &fd, &peer),
                 FAULT_NONE);
    assert_host(&peer, expected);
    union endpoint from = socket_peer(fd);
    assert_true(endpoint_same_host(&from, &peer));
    assert_int_equal(endpoint_port(&peer), port);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(answers_left, 0);
    if (local) {
        from = socket_local(fd);
        assert_true(endpoint_same_host(&from, local));
    }
    close(fd);
}

static void assert_fails(const char *host, uint16_t port, int family, struct patience patience,
                         enum fault expected)
{
    int fd = -7;
    union endpoint peer = peers_host("192.0.2.1", 7);
    int before = dup(STDERR_FILENO);
    close(before);
    assert_fault(socket_connect_any(host, port, family, NULL, patience, &fd, &peer), expected);
    assert_int_equal(fd, -7);
    assert_int_equal(endpoint_port(&peer), 7);
    int after = dup(STDERR_FILENO);
    close(after);
    assert_int_equal(before, after); /* nothing is left open */
    assert_int_equal(answers_left, 0);
}

TEST(an_address_that_refuses_is_followed_by_the_next)
{
    uint16_t port;
    int listener = listen_on("127.0.0.3", 0, 4, &port);
    NAME_HAS("127.0.0.3");
    assert_connects(port, AF_UNSPEC, NULL, "127.0.0.3");
    NAME_HAS("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4");
    assert_connects(port, AF_UNSPEC, NULL, "127.0.0.3");
    assert_int_equal(family_asked, AF_UNSPEC);
    assert_connects(port, AF_INET, NULL, "127.0.0.3");
    assert_int_equal(family_asked, AF_INET);
    close(listener);
}

TEST(the_first_address_that_answers_is_taken)
{
    uint16_t port;
    int first = listen_on("127.0.0.3", 0, 4, &port);
    int second = listen_on("127.0.0.4", port, 4, &port);
    NAME_HAS("127.0.0.4", "127.0.0.3");
    assert_connects(port, AF_UNSPEC, NULL, "127.0.0.4");
    close(first);
    close(second);
}

/* Lets no one in any more: the backlog is full, and the system drops what comes. */
static int fall_silent(const char *address, uint16_t port, int waiting[2])
{
    union endpoint any = endpoint_any(AF_INET, 0);
    union endpoint target = peers_host(address, port);
    int listener = listen_on(address, port, 0, &port);
    endpoint_set_port(&target, port);
    for (int i = 0; i < 2; i++)
        waiting[i] = socket_connect(&any, &target);
    peers_await(waiting[0], POLLOUT);
    return listener;
}

TEST(an_address_that_is_silent_is_followed_by_the_next)
{
    uint16_t port;
    int waiting[2];
    int listener = listen_on("127.0.0.3", 0, 4, &port);
    int silent = fall_silent("127.0.0.2", port, waiting);
    NAME_HAS("127.0.0.2", "127.0.0.3");
    assert_connects(port, AF_UNSPEC, NULL, "127.0.0.3");
    NAME_HAS("127.0.0.2");
    assert_fails("ftp.example", port, AF_UNSPEC, brief, FAULT_TIMED_OUT);
    NAME_HAS("127.0.0.2", "127.0.0.3"); /* its time is all the time there is */
    assert_fails("ftp.example", port, AF_UNSPEC, brief, FAULT_TIMED_OUT);
    close(waiting[0]);
    close(waiting[1]);
    close(silent);
    close(listener);
}

TEST(where_it_comes_from_decides_the_family)
{
    uint16_t port;
    int listener = listen_on("127.0.0.3", 0, 4, &port);
    union endpoint local = peers_host("127.0.0.9", 0);
    union endpoint v6 = peers_host("::1", 0);
    int fd = -7;
    union endpoint peer;
    NAME_HAS("::1", "127.0.0.3");
    assert_connects(port, AF_UNSPEC, &local, "127.0.0.3");
    NAME_HAS("127.0.0.3");
    assert_fault(socket_connect_any("ftp.example", port, AF_UNSPEC, &v6, patient, &fd, &peer),
                 FAULT_NOT_FOUND);
    assert_int_equal(fd, -7);
    close(listener);
}

TEST(a_host_without_an_address_is_not_found)
{
    name_has(NULL, 0);
    assert_fails("ftp.example", 21, AF_UNSPEC, patient, FAULT_NOT_FOUND);
    assert_fails("127.0.0.1", 21, AF_INET6, patient, FAULT_NOT_FOUND);
    assert_fails("::1", 21, AF_INET, patient, FAULT_NOT_FOUND);
}

TEST(a_host_all_of_whose_addresses_refuse_is_lost)
{
    uint16_t port;
    close(listen_on("127.0.0.1", 0, 1, &port));
    NAME_HAS("127.0.0.1", "127.0.0.2");
    assert_fails("ftp.example", port, AF_UNSPEC, patient, FAULT_CONNECTION_LOST);
    assert_fails("127.0.0.1", port, AF_UNSPEC, patient, FAULT_CONNECTION_LOST);
}

TEST(of_very_many_addresses_the_first_are_tried)
{
    uint16_t port;
    int listener = listen_on("127.0.0.3", 0, 4, &port);
    const char *many[ADDRESSES];
    for (size_t i = 0; i < ADDRESSES; i++)
        many[i] = i == ADDRESSES - 1 ? "127.0.0.3" : "127.0.0.1";
    name_has(many, ADDRESSES);
    assert_fails("ftp.example", port, AF_UNSPEC, patient, FAULT_CONNECTION_LOST);
    many[8] = "127.0.0.3";
    name_has(many, ADDRESSES);
    assert_connects(port, AF_UNSPEC, NULL, "127.0.0.3");
    close(listener);
}

TEST(an_address_is_waited_for_no_longer_than_asked)
{
    uint16_t port;
    int waiting[2];
    int fd = -7;
    int silent = fall_silent("127.0.0.2", 0, waiting);
    union endpoint target = socket_local(silent);
    union endpoint any = endpoint_any(AF_INET, 0);
    union endpoint foreign = peers_host("192.0.2.1", 0);
    assert_fault(socket_connect_within(&any, &target, brief, &fd), FAULT_TIMED_OUT);
    assert_fault(socket_connect_within(&any, &target, (struct patience){-1, NULL}, &fd),
                 FAULT_TIMED_OUT);
    assert_fault(socket_connect_within(&foreign, &target, brief, &fd), FAULT_CONNECTION_LOST);
    assert_int_equal(fd, -7);
    int listener = listen_on("127.0.0.3", 0, 1, &port);
    target = socket_local(listener);
    assert_fault(socket_connect_within(&any, &target, patient, &fd), FAULT_NONE);
    close(fd);
    close(listener);
    close(waiting[0]);
    close(waiting[1]);
    close(silent);
}

static void *give_up(void *flag)
{
    atomic_store((atomic_bool *)flag, true);
    return NULL;
}

TEST(who_gives_up_waits_no_longer)
{
    atomic_bool given_up = false;
    const struct patience patience = {patient.timeout_ms, &given_up};
    int waiting[2];
    int fd = -7;
    pthread_t other;
    union endpoint peer;
    int silent = fall_silent("127.0.0.2", 0, waiting);
    union endpoint target = socket_local(silent);
    union endpoint any = endpoint_any(AF_INET, 0);
    assert_int_equal(pthread_create(&other, NULL, give_up, &given_up), 0);
    assert_fault(socket_connect_within(&any, &target, patience, &fd), FAULT_CANCELLED);
    pthread_join(other, NULL);
    assert_fault(socket_connect_any("127.0.0.2", endpoint_port(&target), AF_INET, NULL, patience,
                                    &fd, &peer),
                 FAULT_CANCELLED);
    assert_int_equal(fd, -7);
    close(waiting[0]);
    close(waiting[1]);
    close(silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(an_address_that_refuses_is_followed_by_the_next),
        RUN(the_first_address_that_answers_is_taken),
        RUN(an_address_that_is_silent_is_followed_by_the_next),
        RUN(where_it_comes_from_decides_the_family),
        RUN(a_host_without_an_address_is_not_found),
        RUN(a_host_all_of_whose_addresses_refuse_is_lost),
        RUN(of_very_many_addresses_the_first_are_tried),
        RUN(an_address_is_waited_for_no_longer_than_asked),
        RUN(who_gives_up_waits_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

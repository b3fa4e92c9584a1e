/* SPDX-License-Identifier: Apache-2.0 */
/* Through a proxy, over sockets; net_proxy_form_test has what is said. */
#include <pthread.h>

#include "base/clock.h"
#include "net/proxy.h"
#include "tests/unit/peers.h"

static const struct patience patient = {.timeout_ms = 10000};
static const struct patience brief = {.timeout_ms = 300};

#define BYTES(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* A proxy that hears so many bytes and then says something, in a thread of its own. */
struct turn {
    size_t hears;
    struct text says;
};

struct play {
    const struct turn *turns; /* borrowed: the test's */
    size_t count;
    bool in_pieces;
    bool hangs_up;
    int fd;
    int peer;
    bool was_told_all;
    pthread_t thread;
};

static void say(const struct play *play, struct text bytes)
{
    size_t piece = play->in_pieces ? 1 : bytes.len;
    for (; bytes.len; bytes = text_after(bytes, piece)) {
        (void)!send(play->fd, bytes.at, piece, MSG_NOSIGNAL);
        if (play->in_pieces)
            usleep(2000);
    }
}

static void *perform(void *argument)
{
    struct play *play = argument;
    char bytes[4096];
    play->was_told_all = true;
    for (size_t i = 0; i < play->count; i++) {
        ssize_t n = recv(play->fd, bytes, play->turns[i].hears, MSG_WAITALL);
        if (n != (ssize_t)play->turns[i].hears)
            play->was_told_all = false;
        say(play, play->turns[i].says);
    }
    if (play->hangs_up)
        shutdown(play->fd, SHUT_RDWR);
    return NULL;
}

static void begin(struct play *play)
{
    peers_connect(&play->fd, &play->peer);
    socket_tune_control(play->fd);
    assert_int_equal(pthread_create(&play->thread, NULL, perform, play), 0);
}

static void end(struct play *play)
{
    pthread_join(play->thread, NULL);
    close(play->fd);
    close(play->peer);
}

static const struct proxy socks = {PROXY_SOCKS5, {"me", 2}, {"secret", 6}};
static const struct proxy http = {.kind = PROXY_HTTP};

TEST(not_a_byte_of_the_host_that_speaks_first_is_lost)
{
    static const struct turn socks_turns[] = {
        {4, BYTES("\x05\x02")},
        {11, BYTES("\x01\x00")},
        {18, BYTES("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x15"
                   "220 hello\r\n")},
    };
    static const struct turn http_turns[] = {
        {57, BYTES("HTTP/1.1 200 OK\r\nVia: box\r\n\r\n220 hello\r\n")},
    };
    static const struct {
        const struct proxy *proxy;
        const struct turn *turns;
        size_t count;
    } cases[] = {{&socks, socks_turns, COUNT(socks_turns)}, {&http, http_turns, 1}};
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        struct play play = {
            .turns = cases[i / 2].turns, .count = cases[i / 2].count, .in_pieces = i % 2};
        char message[PROXY_MESSAGE_SIZE] = "?";
        char bytes[64];
        begin(&play);
        assert_fault(
            proxy_connect(play.peer, cases[i / 2].proxy, TEXT("ftp.example"), 21, patient, message),
            FAULT_NONE);
        assert_text(text_of(message), "");
        ssize_t n = recv(play.peer, bytes, 11, MSG_WAITALL);
        assert_text(((struct text){bytes, n > 0 ? (size_t)n : 0}), "220 hello\r\n");
        assert_int_equal(send(play.peer, "x", 1, 0), 1);
        pthread_join(play.thread, NULL);
        assert_true(play.was_told_all);
        assert_int_equal(recv(play.fd, bytes, sizeof(bytes), 0), 1); /* and nothing before it */
        close(play.fd);
        close(play.peer);
    }
}

TEST(what_a_proxy_refuses_is_told)
{
    static const struct turn turns[] = {{57, BYTES("HTTP/1.1 403 Forbidden\r\n\r\n")}};
    struct play play = {.turns = turns, .count = 1};
    char message[PROXY_MESSAGE_SIZE];
    begin(&play);
    assert_fault(proxy_connect(play.peer, &http, TEXT("ftp.example"), 21, patient, message),
                 FAULT_DENIED);
    assert_text(text_of(message), "the proxy refused: 403 Forbidden");
    end(&play);
}

TEST(a_proxy_that_hangs_up_is_lost)
{
    static const struct turn turns[] = {{57, BYTES("HTTP/1.1 200 OK\r\n")}};
    struct play play = {.turns = turns, .count = 1, .hangs_up = true};
    char message[PROXY_MESSAGE_SIZE];
    begin(&play);
    assert_fault(proxy_connect(play.peer, &http, TEXT("ftp.example"), 21, patient, message),
                 FAULT_CONNECTION_LOST);
    assert_text(text_of(message), "the proxy closed the connection");
    end(&play);
    play = (struct play){.fd = -1};
    peers_connect(&play.fd, &play.peer);
    peers_reset(play.fd);
    peers_await(play.peer, POLLIN);
    assert_fault(proxy_connect(play.peer, &http, TEXT("ftp.example"), 21, patient, message),
                 FAULT_CONNECTION_LOST);
    close(play.peer);
}

TEST(a_proxy_that_says_nothing_is_given_up)
{
    struct play play = {.fd = -1};
    char message[PROXY_MESSAGE_SIZE];
    peers_connect(&play.fd, &play.peer);
    assert_fault(proxy_connect(play.peer, &http, TEXT("ftp.example"), 21, brief, message),
                 FAULT_TIMED_OUT);
    assert_text(text_of(message), "the proxy does not answer");
    close(play.fd);
    close(play.peer);
}

TEST(a_proxy_that_takes_its_time_byte_by_byte_is_given_up)
{
    static char headers[2000] = "HTTP/1.1 200 OK\r\nX: ";
    struct turn turns[] = {{57, {headers, sizeof(headers)}}};
    struct play play = {.turns = turns, .count = 1, .in_pieces = true};
    char message[PROXY_MESSAGE_SIZE];
    memset(headers + 20, 'x', sizeof(headers) - 20);
    begin(&play);
    assert_fault(proxy_connect(play.peer, &http, TEXT("ftp.example"), 21, brief, message),
                 FAULT_TIMED_OUT);
    shutdown(play.peer, SHUT_RDWR);
    end(&play);
}

TEST(a_proxy_that_does_not_read_is_given_up)
{
    struct play play = {.fd = -1};
    char message[PROXY_MESSAGE_SIZE];
    peers_connect(&play.fd, &play.peer);
    (void)peers_fill(play.peer);
    assert_fault(proxy_connect(play.peer, &http, TEXT("ftp.example"), 21, brief, message),
                 FAULT_TIMED_OUT);
    close(play.fd);
    close(play.peer);
}

TEST(a_host_that_is_none_is_told_to_nobody)
{
    struct play play = {.fd = -1};
    char message[PROXY_MESSAGE_SIZE];
    char byte;
    peers_connect(&play.fd, &play.peer);
    assert_fault(proxy_connect(play.peer, &http, TEXT("a\r\nX: y"), 21, brief, message),
                 FAULT_ARGUMENT);
    assert_text(text_of(message), "a proxy cannot be told such a host");
    assert_int_equal(recv(play.fd, &byte, 1, MSG_DONTWAIT), -1);
    close(play.fd);
    close(play.peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(not_a_byte_of_the_host_that_speaks_first_is_lost),
        RUN(what_a_proxy_refuses_is_told),
        RUN(a_proxy_that_hangs_up_is_lost),
        RUN(a_proxy_that_says_nothing_is_given_up),
        RUN(a_proxy_that_takes_its_time_byte_by_byte_is_given_up),
        RUN(a_proxy_that_does_not_read_is_given_up),
        RUN(a_host_that_is_none_is_told_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

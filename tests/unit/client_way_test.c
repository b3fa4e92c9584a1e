/* SPDX-License-Identifier: Apache-2.0 */
/* Straight to a server, and through a proxy that goes by a script. */
#include "client/way.h"
#include "tests/unit/ftp_script.h"

static const struct patience patient = {.timeout_ms = FTP_SCRIPT_PATIENCE_S * 1000};
static struct ftp_script script;
static char message[WAY_MESSAGE_SIZE];

static uint16_t unused_port(void)
{
    union endpoint local = peers_host("127.0.0.1", 0);
    int listener = socket_listen(&local, 1);
    local = socket_local(listener);
    close(listener);
    return endpoint_port(&local);
}

/* The first line that the other end of `fd` says. */
static void assert_says(int fd, const char *expected)
{
    char bytes[256];
    peers_await(fd, POLLIN);
    ssize_t n = recv(fd, bytes, strlen(expected), MSG_WAITALL);
    assert_text(((struct text){bytes, n > 0 ? (size_t)n : 0}), expected);
}

TEST(without_a_proxy_the_way_is_straight)
{
    static const char *const connections[] = {"<220 hello\n"};
    const struct way way = {.family = AF_UNSPEC};
    int fd = -1;
    uint16_t port = ftp_script_begin(&script, connections, 1);
    assert_fault(way_connect(&way, "127.0.0.1", port, patient, &fd, message), FAULT_NONE);
    assert_says(fd, "220 hello\r\n");
    close(fd);
    ftp_script_end(&script);
}

TEST(a_proxy_is_told_the_name_and_what_it_says_then_is_the_hosts)
{
    static const char *const connections[] = {
        ">CONNECT ftp.example:2121 HTTP/1.1\n>Host: ftp.example:2121\n>\n<HTTP/1.1 200 OK\n<\n"
        "<220 hello\n"};
    const struct proxy proxy = {.kind = PROXY_HTTP};
    struct way way = {.proxy = &proxy, .proxy_host = "127.0.0.1"};
    int fd = -1;
    way.proxy_port = ftp_script_begin(&script, connections, 1);
    assert_fault(way_connect(&way, "ftp.example", 2121, patient, &fd, message), FAULT_NONE);
    assert_says(fd, "220 hello\r\n");
    close(fd);
    ftp_script_end(&script);
}

TEST(who_cannot_be_reached_is_told_and_a_proxy_named)
{
    const struct proxy proxy = {.kind = PROXY_HTTP};
    struct way way = {.family = AF_INET};
    int fd = -1;
    uint16_t port = unused_port();
    assert_fault(way_connect(&way, "127.0.0.1", port, patient, &fd, message),
                 FAULT_CONNECTION_LOST);
    assert_string_equal(message, "cannot be reached");
    assert_fault(way_connect(&way, "::1", port, patient, &fd, message), FAULT_NOT_FOUND);
    assert_string_equal(message, "no such host");
    way = (struct way){.proxy = &proxy, .proxy_host = "127.0.0.1", .proxy_port = port};
    assert_fault(way_connect(&way, "ftp.example", 21, patient, &fd, message),
                 FAULT_CONNECTION_LOST);
    assert_string_equal(message, "127.0.0.1: cannot be reached");
    assert_int_equal(fd, -1);
}

TEST(what_the_proxy_refuses_is_told_and_closed)
{
    static const char *const connections[] = {
        ">CONNECT *\n>Host: *\n>\n=say HTTP/1.1 403 No\r%\r%\n"};
    const struct proxy proxy = {.kind = PROXY_HTTP};
    struct way way = {.proxy = &proxy, .proxy_host = "127.0.0.1"};
    int fd = -1;
    way.proxy_port = ftp_script_begin(&script, connections, 1);
    assert_fault(way_connect(&way, "ftp.example", 21, patient, &fd, message), FAULT_DENIED);
    assert_string_equal(message, "the proxy refused: 403 No");
    assert_int_equal(fd, -1);
    ftp_script_end(&script); /* which hears the end: it was closed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(without_a_proxy_the_way_is_straight),
        RUN(a_proxy_is_told_the_name_and_what_it_says_then_is_the_hosts),
        RUN(who_cannot_be_reached_is_told_and_a_proxy_named),
        RUN(what_the_proxy_refuses_is_told_and_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

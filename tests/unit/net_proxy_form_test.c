/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy_form.h"
#include "tests/unit/unit.h"

static const struct proxy socks = {.kind = PROXY_SOCKS5};
static const struct proxy socks_user = {PROXY_SOCKS5, {"me", 2}, {"secret", 6}};
static const struct proxy http = {.kind = PROXY_HTTP};
static const struct proxy http_user = {PROXY_HTTP, {"Aladdin", 7}, {"open sesame", 11}};

#define BYTES(literal) ((struct text){"" literal, sizeof(literal) - 1})

static void assert_said(const struct proxy_dialogue *dialogue, struct text expected)
{
    assert_int_equal(dialogue->said_len, expected.len);
    assert_memory_equal(dialogue->said, expected.at, expected.len);
}

static struct proxy_dialogue begin(const struct proxy *proxy, const char *host)
{
    char bytes[PROXY_MESSAGE_SIZE];
    struct builder message = builder_on(bytes, sizeof(bytes));
    struct proxy_dialogue dialogue;
    assert_fault(proxy_dialogue_begin(&dialogue, proxy, text_of(host), 2121, &message), FAULT_NONE);
    assert_int_equal(message.len, 0);
    return dialogue;
}

/* In pieces of that size; returns how much of it was the proxy's. */
static enum fault hear(struct proxy_dialogue *dialogue, struct text bytes, size_t piece,
                       size_t *ret_used, char message[PROXY_MESSAGE_SIZE])
{
    struct builder b = builder_on(message, PROXY_MESSAGE_SIZE);
    enum fault f = FAULT_NONE;
    size_t total = 0;
    while (!f && total < bytes.len && dialogue->stage != PROXY_STAGE_OPEN) {
        struct text next = text_after(bytes, total);
        size_t used = 0;
        if (next.len > piece)
            next.len = piece;
        f = proxy_dialogue_hear(dialogue, next, &used, &b);
        assert_true(f || used);
        total += used;
        if (dialogue->said_len)
            break;
    }
    *ret_used = total;
    builder_end(&b);
    return f;
}

static void assert_heard(struct proxy_dialogue *dialogue, struct text bytes)
{
    char message[PROXY_MESSAGE_SIZE];
    size_t used;
    assert_fault(hear(dialogue, bytes, bytes.len, &used, message), FAULT_NONE);
    assert_int_equal(used, bytes.len);
}

/* ---- SOCKS5 -------------------------------------------------------------------------- */

TEST(socks_without_a_user_offers_no_other_method)
{
    struct proxy_dialogue dialogue = begin(&socks, "ftp.example");
    assert_said(&dialogue, BYTES("\x05\x01\x00"));
    assert_heard(&dialogue, BYTES("\x05\x00"));
    assert_said(&dialogue, BYTES("\x05\x01\x00\x03\x0b"
                                 "ftp.example"
                                 "\x08\x49"));
}

TEST(socks_with_a_user_tells_it_when_it_is_asked)
{
    struct proxy_dialogue dialogue = begin(&socks_user, "192.0.2.1");
    assert_said(&dialogue, BYTES("\x05\x02\x00\x02"));
    assert_heard(&dialogue, BYTES("\x05\x02"));
    assert_said(&dialogue, BYTES("\x01\x02"
                                 "me"
                                 "\x06"
                                 "secret"));
    assert_heard(&dialogue, BYTES("\x01\x00"));
    assert_said(&dialogue, BYTES("\x05\x01\x00\x01\xc0\x00\x02\x01\x08\x49"));
    dialogue = begin(&socks_user, "192.0.2.1"); /* or is not */
    assert_heard(&dialogue, BYTES("\x05\x00"));
    assert_said(&dialogue, BYTES("\x05\x01\x00\x01\xc0\x00\x02\x01\x08\x49"));
}

TEST(socks_is_told_an_ipv6_address_as_one)
{
    struct proxy_dialogue dialogue = begin(&socks, "[2001:db8::1]");
    assert_heard(&dialogue, BYTES("\x05\x00"));
    assert_said(&dialogue, BYTES("\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00"
                                 "\x00\x00\x00\x01\x08\x49"));
}

TEST(what_follows_the_socks_reply_is_the_hosts)
{
    static const struct {
        struct text reply;
        size_t len;
    } cases[] = {
        {BYTES("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x15"
               "220 ftp"),
         10},
        {BYTES("\x05\x00\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
               "\x00\x15"
               "220 ftp"),
         22},
        {BYTES("\x05\x00\x00\x03\x03"
               "box"
               "\x00\x15"
               "220 ftp"),
         10},
        {BYTES("\x05\x00\x00\x03\x00\x00\x15"
               "220 ftp"),
         7},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t piece = 1; piece <= cases[i].reply.len; piece++) {
            char message[PROXY_MESSAGE_SIZE];
            size_t used;
            struct proxy_dialogue dialogue = begin(&socks, "ftp.example");
            assert_heard(&dialogue, BYTES("\x05\x00"));
            assert_fault(hear(&dialogue, cases[i].reply, piece, &used, message), FAULT_NONE);
            assert_int_equal(dialogue.stage, PROXY_STAGE_OPEN);
            assert_int_equal(used, cases[i].len);
            assert_int_equal(dialogue.said_len, 0);
        }
    }
}

TEST(the_longest_socks_reply_is_read_to_its_end)
{
    unsigned char reply[PROXY_REPLY_SIZE + 1] = {5, 0, 0, 3, 255};
    char message[PROXY_MESSAGE_SIZE];
    size_t used;
    struct proxy_dialogue dialogue = begin(&socks, "ftp.example");
    assert_heard(&dialogue, BYTES("\x05\x00"));
    assert_fault(hear(&dialogue, (struct text){(const char *)reply, sizeof(reply)}, sizeof(reply),
                      &used, message),
                 FAULT_NONE);
    assert_int_equal(dialogue.stage, PROXY_STAGE_OPEN);
    assert_int_equal(used, PROXY_REPLY_SIZE);
}

/* Answers one after another; the last is the one that is refused. */
struct refusal {
    const struct proxy *proxy; /* borrowed: static, as all below */
    struct text answers[3];
    enum fault fault;
    const char *message;
};

static void assert_refused(const struct refusal *refusal)
{
    for (size_t piece = 1; piece <= 64; piece += 63) {
        struct proxy_dialogue dialogue = begin(refusal->proxy, "ftp.example");
        char message[PROXY_MESSAGE_SIZE] = "";
        enum fault f = FAULT_NONE;
        for (size_t i = 0; !f && i < COUNT(refusal->answers) && refusal->answers[i].len; i++) {
            size_t used;
            f = hear(&dialogue, refusal->answers[i], piece, &used, message);
        }
        assert_fault(f, refusal->fault);
        assert_text(text_of(message), refusal->message);
        assert_int_not_equal(dialogue.stage, PROXY_STAGE_OPEN);
    }
}

TEST(what_a_socks_proxy_refuses_is_told)
{
    static const struct refusal cases[] = {
        {&socks, {BYTES("\x05\xff")}, FAULT_LOGIN_REFUSED, "the proxy wants a user and a password"},
        {&socks_user,
         {BYTES("\x05\xff")},
         FAULT_LOGIN_REFUSED,
         "the proxy wants another way to log in"},
        {&socks, {BYTES("\x05\x02")}, FAULT_ARGUMENT, "the proxy chose what it was not offered"},
        {&socks_user,
         {BYTES("\x05\x01")},
         FAULT_ARGUMENT,
         "the proxy chose what it was not offered"},
        {&socks, {BYTES("\x04\x5a")}, FAULT_ARGUMENT, "what answers is no SOCKS5 proxy"},
        {&socks, {BYTES("220 ftp")}, FAULT_ARGUMENT, "what answers is no SOCKS5 proxy"},
        {&socks, {BYTES("HTTP/1.1 400 Bad")}, FAULT_ARGUMENT, "what answers is no SOCKS5 proxy"},
        {&socks_user,
         {BYTES("\x05\x02"), BYTES("\x01\x01")},
         FAULT_LOGIN_REFUSED,
         "the proxy refused the user or the password"},
        {&socks_user,
         {BYTES("\x05\x02"), BYTES("\x05\x00")},
         FAULT_ARGUMENT,
         "the proxy's answer is no SOCKS5"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x04\x00\x00\x01")},
         FAULT_ARGUMENT,
         "the proxy's answer is no SOCKS5"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x00\x00\x02")},
         FAULT_ARGUMENT,
         "the proxy's answer has an unknown address"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x01\x00\x01")},
         FAULT_CONNECTION_LOST,
         "the proxy failed"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x02\x00\x03")},
         FAULT_DENIED,
         "the proxy does not allow this connection"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x03\x00\x01")},
         FAULT_CONNECTION_LOST,
         "the proxy does not reach the host's network"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x04\x00\x01")},
         FAULT_CONNECTION_LOST,
         "the proxy does not reach the host"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x05\x00\x01")},
         FAULT_CONNECTION_LOST,
         "the host refused the proxy's connection"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x06\x00\x01")},
         FAULT_TIMED_OUT,
         "the way from the proxy to the host is too long"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x07\x00\x01")},
         FAULT_UNSUPPORTED,
         "the proxy cannot connect"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x08\x00\x01")},
         FAULT_UNSUPPORTED,
         "the proxy cannot connect to such an address"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\x09\x00\x01")},
         FAULT_CONNECTION_LOST,
         "the proxy failed for an unknown reason"},
        {&socks,
         {BYTES("\x05\x00"), BYTES("\x05\xff\x00\x01")},
         FAULT_CONNECTION_LOST,
         "the proxy failed for an unknown reason"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(&cases[i]);
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

TEST(http_is_asked_to_connect)
{
    struct proxy_dialogue dialogue = begin(&http, "ftp.example");
    assert_said(&dialogue, BYTES("CONNECT ftp.example:2121 HTTP/1.1\r\n"
                                 "Host: ftp.example:2121\r\n\r\n"));
    dialogue = begin(&http, "2001:db8::1");
    assert_said(&dialogue, BYTES("CONNECT [2001:db8::1]:2121 HTTP/1.1\r\n"
                                 "Host: [2001:db8::1]:2121\r\n\r\n"));
    dialogue = begin(&http_user, "192.0.2.1"); /* RFC 7617 2, its example */
    assert_said(&dialogue, BYTES("CONNECT 192.0.2.1:2121 HTTP/1.1\r\n"
                                 "Host: 192.0.2.1:2121\r\n"
                                 "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
                                 "\r\n"));
}

/* RFC 4648 10. */
TEST(user_and_password_are_told_in_base64)
{
    static const struct {
        const char *user;
        const char *password;
        const char *expected;
    } cases[] = {
        {"f", "", "Zjo="},
        {"f", "o", "Zjpv"},
        {"f", "oo", "Zjpvbw=="},
        {"\xff\xfe", "\xfb\xff", "//46+/8="},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct proxy proxy = {PROXY_HTTP, text_of(cases[i].user), text_of(cases[i].password)};
        struct proxy_dialogue dialogue = begin(&proxy, "a");
        char bytes[256];
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put_string(&b, "CONNECT a:2121 HTTP/1.1\r\nHost: a:2121\r\n"
                               "Proxy-Authorization: Basic ");
        builder_put_string(&b, cases[i].expected);
        builder_put_string(&b, "\r\n\r\n");
        assert_said(&dialogue, builder_text(&b));
    }
}

TEST(what_follows_the_http_headers_is_the_hosts)
{
    static const struct {
        struct text reply; /* a "|" is where the host begins */
    } cases[] = {
        {BYTES("HTTP/1.1 200 Connection established\r\n\r\n|220 ftp\r\n\r\n")},
        {BYTES("HTTP/1.0 200\r\n\r\n|220 ftp\r\n")},
        {BYTES("HTTP/1.1 200 \r\nVia: 1.1 box\r\nContent-Length: 5\r\n\r\n|220 ftp\r\n")},
        {BYTES("HTTP/1.1 299 yes\nVia: box\n\n|220 ftp\r\n")},
        {BYTES("HTTP/1.1 200 yes\r\nX:\r\r\n\n|\r\n\r\n")},
        {BYTES("HTTP/1.1 100 wait\r\nX: y\r\n\r\nHTTP/1.1 102\r\n\r\nHTTP/1.1 200 ok\r\n\r\n|220")},
        {BYTES("HTTP/1.1 200 ok\r\n\r\n|")},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[256];
        size_t head = text_find(cases[i].reply, '|');
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put(&b, (struct text){cases[i].reply.at, head});
        builder_put(&b, text_after(cases[i].reply, head + 1));
        for (size_t piece = 1; piece <= b.len; piece++) {
            char message[PROXY_MESSAGE_SIZE];
            size_t used;
            struct proxy_dialogue dialogue = begin(&http, "ftp.example");
            assert_fault(hear(&dialogue, builder_text(&b), piece, &used, message), FAULT_NONE);
            assert_int_equal(dialogue.stage, PROXY_STAGE_OPEN);
            assert_int_equal(used, head);
        }
    }
}

TEST(what_an_http_proxy_refuses_is_told)
{
    static const struct refusal cases[] = {
        {&http,
         {BYTES("HTTP/1.1 407 Proxy Authentication Required\r\n")},
         FAULT_LOGIN_REFUSED,
         "the proxy wants a user and a password"},
        {&http_user,
         {BYTES("HTTP/1.1 407 Proxy Authentication Required\r\n")},
         FAULT_LOGIN_REFUSED,
         "the proxy refused the user or the password"},
        {&http,
         {BYTES("HTTP/1.1 403 Forbidden\r\n")},
         FAULT_DENIED,
         "the proxy refused: 403 Forbidden"},
        {&http, {BYTES("HTTP/1.1 405\n")}, FAULT_DENIED, "the proxy refused: 405"},
        {&http, {BYTES("HTTP/1.1 302 Found\r\n")}, FAULT_DENIED, "the proxy refused: 302 Found"},
        {&http,
         {BYTES("HTTP/1.1 502 \033[2J\xC2\x9B\r\n")},
         FAULT_CONNECTION_LOST,
         "the proxy refused: 502 .[2J.."},
        {&http,
         {BYTES("HTTP/1.1 504 Gateway Timeout\r\n")},
         FAULT_TIMED_OUT,
         "the proxy refused: 504 Gateway Timeout"},
        {&http,
         {BYTES("HTTP/1.1 100 wait\r\n\r\nHTTP/1.1 503 No\r\n")},
         FAULT_CONNECTION_LOST,
         "the proxy refused: 503 No"},
        {&http, {BYTES("220 ftp.example\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("HTTP/2 200 ok\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("HTTP/1.1 20 ok\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("HTTP/1.1 2000 ok\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("HTTP/1.1 +20 ok\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("HTTP/1.1 099 ok\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("HTTP/1.1 600 ok\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("HTTP/1.1\r\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
        {&http, {BYTES("\x05\xff\n")}, FAULT_ARGUMENT, "what answers is no HTTP proxy"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(&cases[i]);
}

TEST(words_of_a_refusal_are_cut)
{
    char reply[1024] = "HTTP/1.1 403 ";
    char message[PROXY_MESSAGE_SIZE] = "";
    size_t used;
    memset(reply + 13, 'x', 1000);
    reply[1013] = '\n';
    struct proxy_dialogue dialogue = begin(&http, "ftp.example");
    assert_fault(hear(&dialogue, (struct text){reply, 1014}, 1014, &used, message), FAULT_DENIED);
    assert_int_equal(strlen(message), strlen("the proxy refused: ") + 120);
}

TEST(an_http_answer_has_an_end)
{
    static char headers[PROXY_HEADERS_MAX + 1];
    static const char *const beginnings[] = {"HTTP/1.1 200 ok\r\nX: ", "HTTP/1.1 200 ",
                                             "HTTP/1.1 100 a\r\n\r\nHTTP/1.1 "};
    for (size_t i = 0; i < COUNT(beginnings); i++) {
        char message[PROXY_MESSAGE_SIZE] = "";
        size_t used;
        memset(headers, 'x', sizeof(headers));
        memcpy(headers, beginnings[i], strlen(beginnings[i]));
        struct proxy_dialogue dialogue = begin(&http, "ftp.example");
        struct text most = {headers, PROXY_HEADERS_MAX};
        assert_fault(hear(&dialogue, most, 4096, &used, message), FAULT_NONE);
        assert_fault(hear(&dialogue, BYTES("x"), 1, &used, message), FAULT_ARGUMENT);
        assert_text(text_of(message), "the proxy's answer does not end");
    }
}

/* ---- What cannot be told ------------------------------------------------------------------------
 */

TEST(what_could_be_read_otherwise_is_not_told_to_a_proxy)
{
    static char long_one[257];
    char bytes[PROXY_MESSAGE_SIZE];
    memset(long_one, 'x', sizeof(long_one) - 1);
    const struct text hosts[] = {
        BYTES(""),      BYTES("a b"),     BYTES("a\r\nX: y"),    BYTES("a:21"),
        BYTES("a/b"),   BYTES("me@host"), BYTES("fe80::1%eth0"), BYTES("a\0b"),
        BYTES("a\x7f"), BYTES("[::1"),    BYTES("a#"),           BYTES("a?"),
        BYTES("a\\b"),  BYTES("\"a\""),   text_of(long_one),
    };
    const struct proxy proxies[] = {
        {PROXY_SOCKS5, text_of(long_one), BYTES("x")},
        {PROXY_SOCKS5, BYTES("x"), text_of(long_one)},
        {PROXY_HTTP, text_of(long_one), BYTES("x")},
        {PROXY_HTTP, BYTES("a:b"), BYTES("x")},
        {PROXY_HTTP, BYTES("a\r\n"), BYTES("x")},
        {PROXY_HTTP, BYTES("a"), BYTES("x\0")},
    };
    struct proxy_dialogue dialogue;
    for (size_t i = 0; i < 2 * COUNT(hosts); i++) {
        struct builder message = builder_on(bytes, sizeof(bytes));
        assert_fault(
            proxy_dialogue_begin(&dialogue, i % 2 ? &http : &socks, hosts[i / 2], 21, &message),
            FAULT_ARGUMENT);
        assert_text(builder_text(&message), "a proxy cannot be told such a host");
    }
    for (size_t i = 0; i < COUNT(proxies); i++) {
        struct builder message = builder_on(bytes, sizeof(bytes));
        assert_fault(
            proxy_dialogue_begin(&dialogue, &proxies[i], TEXT("ftp.example"), 21, &message),
            FAULT_ARGUMENT);
        assert_int_not_equal(message.len, 0);
    }
}

TEST(the_longest_host_user_and_password_are_told)
{
    static char long_one[256];
    memset(long_one, 'x', sizeof(long_one) - 1);
    struct proxy proxies[] = {{PROXY_HTTP, text_of(long_one), text_of(long_one)},
                              {PROXY_SOCKS5, text_of(long_one), text_of(long_one)}};
    struct proxy_dialogue dialogue = begin(&proxies[0], long_one);
    assert_true(text_ends_with((struct text){dialogue.said, dialogue.said_len}, TEXT("\r\n\r\n")));
    dialogue = begin(&proxies[1], long_one);
    assert_heard(&dialogue, BYTES("\x05\x02"));
    assert_int_equal(dialogue.said_len, 1 + 1 + 255 + 1 + 255);
    assert_heard(&dialogue, BYTES("\x01\x00"));
    assert_int_equal(dialogue.said_len, 4 + 1 + 255 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(socks_without_a_user_offers_no_other_method),
        RUN(socks_with_a_user_tells_it_when_it_is_asked),
        RUN(socks_is_told_an_ipv6_address_as_one),
        RUN(what_follows_the_socks_reply_is_the_hosts),
        RUN(the_longest_socks_reply_is_read_to_its_end),
        RUN(what_a_socks_proxy_refuses_is_told),
        RUN(http_is_asked_to_connect),
        RUN(user_and_password_are_told_in_base64),
        RUN(what_follows_the_http_headers_is_the_hosts),
        RUN(what_an_http_proxy_refuses_is_told),
        RUN(words_of_a_refusal_are_cut),
        RUN(an_http_answer_has_an_end),
        RUN(what_could_be_read_otherwise_is_not_told_to_a_proxy),
        RUN(the_longest_host_user_and_password_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

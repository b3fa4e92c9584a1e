/* SPDX-License-Identifier: Apache-2.0 */
#include "client/url.h"
#include "tests/unit/unit.h"

TEST(a_url_has_its_parts)
{
    struct url url;
    assert_true(url_parse(TEXT("ftp://anna:s%3Acret@ftp.example.org:2121/a%20b/c;type=a"), &url));
    assert_string_equal(url.user, "anna");
    assert_string_equal(url.password, "s:cret");
    assert_string_equal(url.host, "ftp.example.org");
    assert_int_equal(url.port, 2121);
    assert_string_equal(url.path, "a b/c");
    assert_int_equal(url.type, 'A');
}

TEST(what_is_left_out_has_defaults)
{
    struct url url;
    assert_true(url_parse(TEXT("FTP://host"), &url));
    assert_string_equal(url.user, "");
    assert_int_equal(url.port, 21);
    assert_string_equal(url.path, "");
    assert_int_equal(url.type, '\0');
    assert_true(url_parse(TEXT("ftp://host/%2Fetc/motd"), &url));
    assert_string_equal(url.path, "/etc/motd");
    assert_true(url_parse(TEXT("ftp://a@b@[2001:db8::1]:990/x;y"), &url));
    assert_string_equal(url.user, "a@b");
    assert_string_equal(url.host, "2001:db8::1");
    assert_int_equal(url.port, 990);
    assert_string_equal(url.path, "x;y");
}

TEST(what_is_no_ftp_url_is_refused)
{
    static const char *const cases[] = {
        "",
        "host/path",
        "http://host/",
        "ftp://",
        "ftp:///path",
        "ftp://host:0/",
        "ftp://host:65536/",
        "ftp://host:x/",
        "ftp://[::1/",
        "ftp://[::1]x/",
        "ftp://h/%",
        "ftp://h/%4",
        "ftp://h/%zz",
        "ftp://h/a%0d%0aDELE b",
        "ftp://h/a%00b",
        "ftp://u%0a@h/",
        "ftp://h/x;type=q",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url url;
        assert_false(url_parse(text_of(cases[i]), &url));
    }
}

TEST(parts_that_do_not_fit_are_refused)
{
    static char long_url[8192];
    struct url url;
    memset(long_url, 'a', sizeof(long_url));
    memcpy(long_url, "ftp://", 6);
    assert_false(url_parse((struct text){long_url, 4000}, &url));
    memcpy(long_url, "ftp://h/", 8);
    assert_false(url_parse((struct text){long_url, sizeof(long_url)}, &url));
    assert_true(url_parse((struct text){long_url, 4000}, &url));
}

static struct url parse(const char *text)
{
    struct url url;
    if (!url_parse(text_of(text), &url))
        fail_msg("%s is refused", text);
    return url;
}

static void assert_same(const struct url *a, const struct url *b)
{
    assert_int_equal(a->scheme, b->scheme);
    assert_int_equal(a->has_user, b->has_user);
    assert_int_equal(a->has_password, b->has_password);
    assert_string_equal(a->user, b->user);
    assert_string_equal(a->password, b->password);
    assert_string_equal(a->host, b->host);
    assert_int_equal(a->port, b->port);
    assert_string_equal(a->path, b->path);
    assert_int_equal(a->type, b->type);
}

TEST(the_scheme_says_how_tls_begins_and_the_port)
{
    static const struct {
        const char *text;
        enum url_scheme scheme;
        uint16_t port;
    } cases[] = {
        {"ftp://h", URL_FTP, 21},        {"ftps://h", URL_FTPS, 990},
        {"ftpes://h", URL_FTPES, 21},    {"FTPS://h/", URL_FTPS, 990},
        {"ftps://h:21/", URL_FTPS, 21},  {"FtpEs://h:990/", URL_FTPES, 990},
        {"ftp://h:/", URL_FTP, 21},      {"ftps://[::1]:/", URL_FTPS, 990},
        {"ftp://h:00021/", URL_FTP, 21}, {"ftp://h:65535", URL_FTP, 65535},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url url = parse(cases[i].text);
        assert_int_equal(url.scheme, cases[i].scheme);
        assert_int_equal(url.port, cases[i].port);
    }
}

/* RFC 1738 3.1 */
TEST(an_empty_user_or_password_is_not_none)
{
    static const struct {
        const char *text;
        bool has_user;
        bool has_password;
        const char *user;
        const char *password;
    } cases[] = {
        {"ftp://h/", false, false, "", ""},
        {"ftp://@h/", true, false, "", ""},
        {"ftp://:@h/", true, true, "", ""},
        {"ftp://u@h/", true, false, "u", ""},
        {"ftp://u:@h/", true, true, "u", ""},
        {"ftp://:p@h/", true, true, "", "p"},
        {"ftp://u:p:q@h/", true, true, "u", "p:q"},
        {"ftp://u:p@q@h/", true, true, "u", "p@q"},
        {"ftp://u%3A%40%2F:%25%23@h/", true, true, "u:@/", "%#"},
        {"ftp://DOMAIN\\anna:a b@h/", true, true, "DOMAIN\\anna", "a b"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url url = parse(cases[i].text);
        assert_int_equal(url.has_user, cases[i].has_user);
        assert_int_equal(url.has_password, cases[i].has_password);
        assert_string_equal(url.user, cases[i].user);
        assert_string_equal(url.password, cases[i].password);
        assert_string_equal(url.host, "h");
    }
}

TEST(hosts_are_names_or_addresses)
{
    static const struct {
        const char *text;
        const char *host;
    } cases[] = {
        {"ftp://ftp.example.org/", "ftp.example.org"},
        {"ftp://192.0.2.1/", "192.0.2.1"},
        {"ftp://a%2Db/", "a-b"},
        {"ftp://m\xC3\xBCller.de/", "m\xC3\xBCller.de"},
        {"ftp://m%C3%BCller.de/", "m\xC3\xBCller.de"},
        {"ftp://[2001:db8::1]", "2001:db8::1"},
        {"ftp://[::ffff:192.0.2.1]/", "::ffff:192.0.2.1"},
        {"ftp://[fe80::1%25eth0]/", "fe80::1%eth0"}, /* RFC 6874 2 */
        {"ftp://[fe80::1%eth0]:21/", "fe80::1%eth0"},
        {"ftp://[fe80::1%2525]/", "fe80::1%25"},
        {"ftp://[fe80::1%2]/", "fe80::1%2"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url url = parse(cases[i].text);
        assert_string_equal(url.host, cases[i].host);
    }
}

TEST(paths_are_decoded_once)
{
    static const struct {
        const char *text;
        const char *path;
        char type;
    } cases[] = {
        {"ftp://h", "", '\0'},
        {"ftp://h/", "", '\0'},
        {"ftp://h//", "/", '\0'},
        {"ftp://h//etc/motd", "/etc/motd", '\0'},
        {"ftp://h/%2fetc/motd", "/etc/motd", '\0'},
        {"ftp://h/a%2Fb/", "a/b/", '\0'},
        {"ftp://h/a/../b/./c", "a/../b/./c", '\0'},
        {"ftp://h/%252F", "%2F", '\0'},
        {"ftp://h/a?b&c=d", "a?b&c=d", '\0'},
        {"ftp://h/a%23b", "a#b", '\0'},
        {"ftp://h/a b\t\x01", "a b\t\x01", '\0'},
        {"ftp://h/%E9\xE9%ff", "\xE9\xE9\xFF", '\0'},
        {"ftp://h/x;type=I", "x", 'I'},
        {"ftp://h/x;TYPE=d", "x", 'D'},
        {"ftp://h/;Type=a", "", 'A'},
        {"ftp://h/x;v=1;type=i", "x;v=1", 'I'},
        {"ftp://h/x;type=a;v=1", "x;type=a;v=1", '\0'},
        {"ftp://h/x%3Btype=a", "x;type=a", '\0'},
        {"ftp://h/x;typ", "x;typ", '\0'},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url url = parse(cases[i].text);
        assert_string_equal(url.path, cases[i].path);
        assert_int_equal(url.type, cases[i].type);
    }
}

TEST(what_is_malformed_is_refused_and_leaves_the_value)
{
    static const char *const cases[] = {
        "ftp:/h/",
        "ftp//h/",
        "ftp:h",
        "ftpss://h/",
        "sftp://h/",
        "ftpe://h/",
        " ftp://h/",
        "ftp://h#x",
        "ftp://h/a#b",
        "ftp://u#@h/",
        "ftp://h?x/",
        "ftp://a b/",
        "ftp://h;type=a",
        "ftp://a%2Fb/",
        "ftp://a%00b/",
        "ftp://a%0Ab/",
        "ftp://a%1Bb/",
        "ftp://a\\b/",
        "ftp://h:-1/",
        "ftp://h:21x/",
        "ftp://h:2 1/",
        "ftp://h:1:2/",
        "ftp://::1/",
        "ftp://[]/",
        "ftp://[h]/",
        "ftp://[192.0.2.1]/",
        "ftp://[[::1]]/",
        "ftp://[::1]21/",
        "ftp://[::1%]/",
        "ftp://[::1%25]/",
        "ftp://[::1%25a b]/",
        "ftp://[::1%25a%20]/",
        "ftp://[%3A:1]/",
        "ftp://[v1.x]/",
        "ftp://x[::1]/",
        "ftp://u:p/w@h/",
        "ftp://u%@h/",
        "ftp://u:%0D@h/",
        "ftp://u:%g0@h/",
        "ftp://u%00@h/",
        "ftp://@/",
        "ftp://u@:21/",
        "ftp://h/x;type=",
        "ftp://h/x;type=ai",
        "ftp://h/x;type=l8",
        "ftp://h/x;TYPE=e",
        "ftp://h/%0",
        "ftp://h/a\nb",
        "ftp://h/a\rb",
    };
    struct url url = parse("ftps://u:p@host/path;type=a");
    const struct url before = url;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (url_parse(text_of(cases[i]), &url))
            fail_msg("%s is taken", cases[i]);
    assert_false(url_parse(TEXT("ftp://h/a\0b"), &url));
    assert_false(url_parse(TEXT("ftp://h\0b/"), &url));
    assert_false(url_parse(TEXT("ftp://[::1%25a\0]/"), &url));
    assert_same(&url, &before);
}

TEST(what_is_put_parses_as_the_same)
{
    static const struct {
        const char *text;
        const char *put;
    } cases[] = {
        {"ftp://h", "ftp://h/"},
        {"FTPS://h:990/a/b", "ftps://h/a/b"},
        {"ftpes://h:990", "ftpes://h:990/"},
        {"ftp://@h", "ftp://@h/"},
        {"ftp://:@h", "ftp://:@h/"},
        {"ftp://u:@h", "ftp://u:@h/"},
        {"ftp://a@b:c:d@e@h", "ftp://a%40b:c%3Ad%40e@h/"},
        {"ftp://anna:s%3Acr%25t%C3%A9 @h/", "ftp://anna:s%3Acr%25t%C3%A9%20@h/"},
        {"ftp://m\xC3\xBCller.de/", "ftp://m%C3%BCller.de/"},
        {"ftp://[FE80::1%eth0]:2121/x", "ftp://[FE80::1%25eth0]:2121/x"},
        {"ftp://[fe80::1%2525]/", "ftp://[fe80::1%2525]/"},
        {"ftp://h//etc//motd", "ftp://h/%2Fetc//motd"},
        {"ftp://h/%2F%2Fx", "ftp://h/%2F/x"},
        {"ftp://h/a b?c%23d%25;e;type=D", "ftp://h/a%20b%3Fc%23d%25%3Be;type=d"},
        {"ftp://h/x%3Btype=a", "ftp://h/x%3Btype=a"},
        {"ftp://h/-._~!$&'()*+,=:@", "ftp://h/-._~!$&'()*+,=:@"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[URL_TEXT_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        const struct url url = parse(cases[i].text);
        url_put(&b, &url, false);
        assert_text(builder_text(&b), cases[i].put);
        const struct url again = parse(builder_end(&b));
        assert_same(&again, &url);
    }
}

TEST(a_password_can_be_hidden)
{
    static const struct {
        const char *text;
        const char *put;
    } cases[] = {
        {"ftp://anna:secret@h/x;type=a", "ftp://anna:***@h/x;type=a"},
        {"ftp://anna:@h/", "ftp://anna:***@h/"},
        {"ftp://anna@h/", "ftp://anna@h/"},
        {"ftp://h/", "ftp://h/"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[URL_TEXT_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        const struct url url = parse(cases[i].text);
        url_put(&b, &url, true);
        assert_text(builder_text(&b), cases[i].put);
    }
}

static void fill(char *place, size_t size)
{
    memset(place, '\x7F', size - 1);
    place[size - 1] = '\0';
}

TEST(the_longest_url_fits_the_room_that_is_named)
{
    static struct url url;
    static struct url again;
    char bytes[URL_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    url = parse("ftpes://u:p@h:65535/p;type=i");
    fill(url.user, sizeof(url.user));
    fill(url.password, sizeof(url.password));
    fill(url.path, sizeof(url.path));
    memset(url.host, '\xC3', sizeof(url.host) - 1);
    url.host[sizeof(url.host) - 1] = '\0';
    url_put(&b, &url, false);
    assert_false(b.full);
    assert_true(url_parse(builder_text(&b), &again));
    assert_same(&again, &url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_url_has_its_parts),
        RUN(what_is_left_out_has_defaults),
        RUN(what_is_no_ftp_url_is_refused),
        RUN(parts_that_do_not_fit_are_refused),
        RUN(the_scheme_says_how_tls_begins_and_the_port),
        RUN(an_empty_user_or_password_is_not_none),
        RUN(hosts_are_names_or_addresses),
        RUN(paths_are_decoded_once),
        RUN(what_is_malformed_is_refused_and_leaves_the_value),
        RUN(what_is_put_parses_as_the_same),
        RUN(a_password_can_be_hidden),
        RUN(the_longest_url_fits_the_room_that_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

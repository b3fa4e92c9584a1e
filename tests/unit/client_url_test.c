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

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_url_has_its_parts),
        RUN(what_is_left_out_has_defaults),
        RUN(what_is_no_ftp_url_is_refused),
        RUN(parts_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

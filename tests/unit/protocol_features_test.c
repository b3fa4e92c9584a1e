/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/facts.h"
#include "protocol/features.h"
#include "tests/unit/unit.h"

static struct features read_lines(const char *const *lines, size_t count)
{
    struct features features = {0};
    for (size_t i = 0; i < count; i++)
        features_take_line(&features, text_of(lines[i]));
    return features;
}

static struct features read_line(const char *line)
{
    return read_lines(&line, 1);
}

/* Shown as "name name*", the selected one marked. */
static void assert_list(struct text list, const char *expected)
{
    char bytes[512];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text name;
    bool selected;
    while (features_take_item(&list, &name, &selected)) {
        if (b.len)
            builder_put_byte(&b, ' ');
        builder_put(&b, name);
        if (selected)
            builder_put_byte(&b, '*');
    }
    assert_text(builder_text(&b), expected);
}

static uint64_t bit(enum feature feature)
{
    return (uint64_t)1 << feature;
}

/* What ferryd says, tests/transcript/features.txt. */
TEST(a_whole_reply_is_read)
{
    static const char *const lines[] = {
        "211-Extensions supported:",
        " AUTH TLS",
        " AVBL",
        " CLNT",
        " COMB",
        " CSID",
        " TVFS",
        " EPRT",
        " EPSV",
        " HOST",
        " MDTM",
        " MFCT",
        " MFF modify;create;UNIX.mode;",
        " MFMT",
        " MODE Z",
        " UTF8",
        " PBSZ",
        " PROT",
        " RANG STREAM",
        " REST STREAM",
        " RMDA",
        " SIZE",
        " XCRC",
        " XMD5",
        " XSHA1",
        " XSHA256",
        " XSHA512",
        " HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32",
        " LANG EN*;ES",
        " MLST type*;size*;modify*;create;perm*;unique*;UNIX.mode*;UNIX.owner*;UNIX.group*;",
        "211 End.",
    };
    struct features f = read_lines(lines, COUNT(lines));
    static const enum feature absent[] = {
        FEATURE_AUTH_SSL,  FEATURE_CCC,        FEATURE_MD5,        FEATURE_XSHA,
        FEATURE_DSIZ,      FEATURE_PRET,       FEATURE_CPSV,       FEATURE_SSCN,
        FEATURE_SITE_COPY, FEATURE_SITE_CHMOD, FEATURE_SITE_UTIME, FEATURE_SITE_SYMLINK,
    };
    uint64_t expected = bit(FEATURE_COUNT) - 1;
    for (size_t i = 0; i < COUNT(absent); i++)
        expected &= ~bit(absent[i]);
    assert_int_equal(f.mask, expected);
    assert_int_equal(f.facts, (1U << FACT_COUNT) - 1);
    assert_int_equal(f.facts_selected, FACTS_DEFAULT);
    assert_int_equal(f.facts_settable, FACT_MODIFY | FACT_CREATE | FACT_UNIX_MODE);
    assert_list(features_hashes(&f), "SHA-256* SHA-512 SHA-1 MD5 CRC32");
    assert_list(features_languages(&f), "EN* ES");
}

TEST(nothing_is_known_of_a_server_that_says_nothing)
{
    struct features f = {0};
    assert_int_equal(f.mask, 0);
    assert_list(features_hashes(&f), "");
    assert_list(features_languages(&f), "");
    for (unsigned i = 0; i < FEATURE_COUNT; i++)
        assert_false(features_has(&f, (enum feature)i));
}

TEST(each_line_is_one_feature_however_it_is_written)
{
    static const struct {
        const char *line;
        enum feature feature;
    } cases[] = {
        {" SIZE", FEATURE_SIZE},
        {"SIZE", FEATURE_SIZE},
        {"211-SIZE", FEATURE_SIZE},
        {"211- SIZE", FEATURE_SIZE},
        {"211 SIZE", FEATURE_SIZE},
        {"\tsize\t", FEATURE_SIZE},
        {"  Size ", FEATURE_SIZE},
        {" SIZE;", FEATURE_SIZE},
        {" MDTM YYYYMMDDHHMMSS[+-TZ];filename", FEATURE_MDTM}, /* Serv-U */
        {" XCRC filename;start;end", FEATURE_XCRC},
        {" XMD5 filename;start;end", FEATURE_XMD5},
        {" XSHA", FEATURE_XSHA},
        {" XSHA1;", FEATURE_XSHA1},
        {" XSHA256", FEATURE_XSHA256},
        {" XSHA512", FEATURE_XSHA512},
        {" MD5", FEATURE_MD5},
        {" REST STREAM", FEATURE_REST_STREAM},
        {" rest stream", FEATURE_REST_STREAM},
        {" REST", FEATURE_REST_STREAM},
        {" REST;STREAM", FEATURE_REST_STREAM},
        {" MODE Z", FEATURE_MODE_Z},
        {" MODE S;B;Z", FEATURE_MODE_Z},
        {" AUTH TLS", FEATURE_AUTH_TLS},
        {" AUTH  SSL;", FEATURE_AUTH_SSL},
        {" PROT", FEATURE_PROT},
        {" PROT C;P;", FEATURE_PROT}, /* IIS */
        {" RANG", FEATURE_RANG},
        {" RANG STREAM", FEATURE_RANG},
        {" UTF8", FEATURE_UTF8},
        {" UTF-8", FEATURE_UTF8},
        {" MLSD", FEATURE_MLST},
        {" MLST", FEATURE_MLST},
        {" SITE UTIME", FEATURE_SITE_UTIME},
        {" SITE MKDIR;SITE CHMOD", FEATURE_SITE_CHMOD},
        {" SITE COPY", FEATURE_SITE_COPY},
        {" SITE symlink", FEATURE_SITE_SYMLINK},
        {" DSIZ", FEATURE_DSIZ},
        {" RMDA", FEATURE_RMDA},
        {" PRET", FEATURE_PRET},
        {" CPSV", FEATURE_CPSV},
        {" SSCN", FEATURE_SSCN},
        {" CCC", FEATURE_CCC},
        {" TVFS", FEATURE_TVFS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct features f = read_line(cases[i].line);
        if (f.mask != bit(cases[i].feature))
            fail_msg("\"%s\" gives %jx", cases[i].line, (uintmax_t)f.mask);
        assert_true(features_has(&f, cases[i].feature));
    }
}

TEST(one_line_may_be_several_features)
{
    struct features f = read_line(" AUTH TLS;SSL;TLS-C;TLS-P;"); /* IIS */
    assert_int_equal(f.mask, bit(FEATURE_AUTH_TLS) | bit(FEATURE_AUTH_SSL));
    f = read_line("SITE CHMOD;UTIME");
    assert_int_equal(f.mask, bit(FEATURE_SITE_CHMOD) | bit(FEATURE_SITE_UTIME));
}

TEST(what_is_no_feature_we_use_is_left_out)
{
    static const char *const lines[] = {
        "",
        " ",
        ";",
        "211-Features:",
        "211 End",
        "211",
        "211-",
        " SIZES",
        " SIZ",
        "XSIZE",
        " X SIZE",
        " REST BLOCK",
        " AUTH",
        " AUTH TLS-C",
        " AUTH GSSAPI",
        " PROT C",
        " MODE",
        " MODE ZZ",
        " SITE",
        " SITE HELP",
        " UTIME",
        "2111 SIZE",
        "21-SIZE",
        "211SIZE",
        " SI\xDA"
        "E",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct features f = read_line(lines[i]);
        if (f.mask)
            fail_msg("\"%s\" gives %jx", lines[i], (uintmax_t)f.mask);
    }
    struct features f = {0};
    features_take_line(&f, TEXT("SIZE\0X"));
    assert_int_equal(f.mask, 0);
}

TEST(the_last_line_of_facts_counts)
{
    static const char *const lines[] = {" MLST type*;size*;", " MLST type;UNIX.mode*;media-type*;",
                                        " MLSD"};
    struct features f = read_lines(lines, COUNT(lines));
    assert_int_equal(f.facts, FACT_TYPE | FACT_UNIX_MODE);
    assert_int_equal(f.facts_selected, FACT_UNIX_MODE);
}

TEST(lists_are_taken_with_any_separator)
{
    struct features f = read_line("211-HASH sha-1 ; *;;MD5* ;crc32");
    assert_true(features_has(&f, FEATURE_HASH));
    assert_list(features_hashes(&f), "sha-1 MD5* crc32");
    f = read_line(" LANG en-US;fr* de");
    assert_list(features_languages(&f), "en-US fr* de");
    f = read_line(" LANG");
    assert_true(features_has(&f, FEATURE_LANG));
    assert_list(features_languages(&f), "");
}

TEST(names_that_do_not_fit_are_left_out_whole)
{
    char line[2 * FEATURES_HASHES_SIZE];
    char expected[2 * FEATURES_HASHES_SIZE];
    struct builder b = builder_on(line, sizeof(line));
    struct builder e = builder_on(expected, sizeof(expected));
    builder_put(&b, TEXT("HASH "));
    for (size_t i = 0; i < FEATURES_HASHES_SIZE - 3; i++) {
        builder_put_byte(&b, 'a');
        builder_put_byte(&e, 'a');
    }
    builder_put(&b, TEXT(";long;b;c"));
    builder_put(&e, TEXT(" b")); /* with its semicolon the list is full */
    builder_end(&b);
    builder_end(&e);
    struct features f = read_line(line);
    assert_int_equal(f.hashes_len, FEATURES_HASHES_SIZE);
    assert_list(features_hashes(&f), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_whole_reply_is_read),
        RUN(nothing_is_known_of_a_server_that_says_nothing),
        RUN(each_line_is_one_feature_however_it_is_written),
        RUN(one_line_may_be_several_features),
        RUN(what_is_no_feature_we_use_is_left_out),
        RUN(the_last_line_of_facts_counts),
        RUN(lists_are_taken_with_any_separator),
        RUN(names_that_do_not_fit_are_left_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

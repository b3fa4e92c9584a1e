/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories of servers that go by a script. */
#include "client/remote_files.h"
#include "tests/unit/ftp_login.h"

#define FACTS_OPTS ">OPTS MLST *\n<200 fine\n"
#define FACTS "< MLST type*;size*;\n"
#define MLSD(path, lines)                                                                          \
    ">EPSV\n=epsv\n>MLSD " path "\n=accept\n<150 here\n" lines "=end\n<226 done\n"
#define MLST(path, kind) ">MLST " path "\n<250-here\n< type=" kind "; x\n<250 done\n"

/* ---- Directories ---------------------------------------------------------------------- */

TEST(a_path_is_made_from_its_top_where_it_cannot_be_made_at_once)
{
    static const struct {
        const char *words;
        const char *path;
        enum fault fault;
    } cases[] = {
        {">MKD a/b/c\n<257 made\n", "a/b/c", FAULT_NONE},
        /* it is there */
        {">MKD a/b\n<521 there\n" MLST("a/b", "dir"), "a/b", FAULT_NONE},
        /* some say so when it is the one above that is not */
        {">MKD a/b\n<550 no\n>MLST a/b\n<550 none\n>MKD a\n<257 made\n>MKD a/b\n<257 made\n", "a/b",
         FAULT_NONE},
        {">MKD /a//b\n<550 no\n>MLST /a//b\n<550 none\n>MKD /a\n<550 there\n>MKD /a//b\n<257 "
         "made\n",
         "/a//b", FAULT_NONE},
        {">MKD a/b\n<550 no\n>MLST a/b\n<550 none\n>MKD a\n<550 there\n>MKD a/b\n<550 no\n"
         ">MLST a/b\n<550 none\n",
         "a/b", FAULT_DENIED},
        /* a file stands there */
        {">MKD a\n<550 no\n" MLST("a", "file") ">MKD a\n<550 no\n" MLST("a", "file"), "a",
         FAULT_DENIED},
        {">MKD a/b\n<550 no\n>MLST a/b\n<550 none\n>MKD a\n=close\n", "a/b", FAULT_CONNECTION_LOST},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[512];
        bool is_lost = cases[i].fault == FAULT_CONNECTION_LOST;
        (void)snprintf(words, sizeof(words), LOGIN_WITH(FACTS) FACTS_OPTS "%s%s", cases[i].words,
                       is_lost ? "" : QUIT);
        login_begin(words);
        assert_fault(remote_make_path(remote, cases[i].path), cases[i].fault);
        login_end();
    }
}

/* ---- Names, times, modes -------------------------------------------------------------- */

TEST(a_name_is_changed_in_two_steps)
{
    static const struct {
        const char *words;
        enum fault fault;
    } cases[] = {
        {">RNFR a\n<350 go on\n>RNTO b\n<250 done\n" QUIT, FAULT_NONE},
        {">RNFR a\n<550 none\n" QUIT, FAULT_NOT_FOUND},
        {">RNFR a\n<350 go on\n>RNTO b\n<553 no\n" QUIT, FAULT_NAME_INVALID},
        {">RNFR a\n<250 done?\n" QUIT, FAULT_UNSUPPORTED}, /* it waits for no RNTO */
        {">RNFR a\n=close\n", FAULT_CONNECTION_LOST},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[512];
        (void)snprintf(words, sizeof(words), LOGIN "%s", cases[i].words);
        login_begin(words);
        assert_fault(remote_rename(remote, "a", "b"), cases[i].fault);
        login_end();
    }
}

#define IN_THE_WAY ">RNFR a\n<350 go on\n>RNTO b\n<553 there\n"
#define IS_FILE ">TYPE I\n<200 fine\n>SIZE b\n<213 3\n"
#define ASIDE IN_THE_WAY IS_FILE ">RNFR b\n<350 go on\n>RNTO old\n<250 done\n"

TEST(a_file_that_is_there_goes_aside_and_comes_back)
{
    static const struct {
        const char *words;
        enum fault fault;
        bool is_aside;
    } cases[] = {
        {">RNFR a\n<350 go on\n>RNTO b\n<250 done\n" QUIT, FAULT_NONE, false},
        {ASIDE ">RNFR a\n<350 go on\n>RNTO b\n<250 done\n" QUIT, FAULT_NONE, true},
        {">RNFR a\n<550 denied\n" QUIT, FAULT_DENIED, false},
        {">RNFR a\n<350 go on\n>RNTO b\n<451 the disk\n" QUIT, FAULT_BUSY, false},
        /* it was not that */
        {IN_THE_WAY ">TYPE I\n<200 fine\n>SIZE b\n<550 none, or a directory\n" QUIT,
         FAULT_NOT_FOUND, false},
        {IN_THE_WAY IS_FILE ">RNFR b\n<550 denied\n" QUIT, FAULT_DENIED, false},
        {IN_THE_WAY IS_FILE ">RNFR b\n<350 go on\n>RNTO old\n<553 no\n" QUIT, FAULT_NAME_INVALID,
         false},
        /* the new one is refused its name, whatever is there */
        {ASIDE ">RNFR a\n<350 go on\n>RNTO b\n<553 no\n>RNFR old\n<350 go on\n>RNTO b\n"
               "<250 done\n" QUIT,
         FAULT_NAME_INVALID, false},
        {ASIDE ">RNFR a\n<350 go on\n>RNTO b\n<553 no\n>RNFR old\n<550 no\n" QUIT,
         FAULT_NAME_INVALID, true},
        /* nobody knows what was done */
        {IN_THE_WAY IS_FILE ">RNFR b\n<350 go on\n>RNTO old\n=close\n", FAULT_CONNECTION_LOST,
         true},
        {ASIDE ">RNFR a\n=close\n", FAULT_CONNECTION_LOST, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[512];
        bool is_aside = false;
        (void)snprintf(words, sizeof(words), LOGIN "%s", cases[i].words);
        login_begin(words);
        assert_fault(remote_rename_over(remote, "a", "b", "old", &is_aside), cases[i].fault);
        assert_int_equal(is_aside, cases[i].is_aside);
        login_end();
    }
}

TEST(a_directory_that_is_there_stays)
{
    bool is_aside = false;
    login_begin(LOGIN_WITH(FACTS) FACTS_OPTS IN_THE_WAY MLST("b", "dir") QUIT);
    assert_fault(remote_rename_over(remote, "a", "b", "old", &is_aside), FAULT_EXISTS);
    assert_false(is_aside);
    login_end();
}

TEST(a_time_is_set_in_the_way_that_there_is)
{
    static const struct {
        const char *words;
        enum fault fault;
    } cases[] = {
        {LOGIN_WITH("< MFMT\n") ">MFMT 20200101000000 f\n<213 fine\n" QUIT, FAULT_NONE},
        {LOGIN_WITH("< MFMT\n") ">MFMT 20200101000000 f\n<550 no\n" QUIT, FAULT_DENIED},
        {LOGIN_WITH("< MFMT\n< MDTM\n") ">MFMT 20200101000000 f\n<500 what?\n"
                                        ">MDTM 20200101000000 f\n<253 fine\n" QUIT,
         FAULT_NONE},
        {LOGIN_WITH("< MDTM\n") ">MDTM 20200101000000 f\n<213 fine\n" QUIT, FAULT_NONE},
        {LOGIN QUIT, FAULT_UNSUPPORTED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        login_begin(cases[i].words);
        assert_fault(remote_set_time(remote, "f", 1577836800), cases[i].fault);
        login_end();
    }
}

TEST(a_mode_is_set_in_octal)
{
    login_begin(LOGIN ">SITE CHMOD 640 a b\n<200 fine\n>SITE CHMOD 4755 f\n<504 no\n" QUIT);
    assert_fault(remote_set_mode(remote, "a b", 0100640), FAULT_NONE);
    assert_fault(remote_set_mode(remote, "f", 04755), FAULT_UNSUPPORTED);
    login_end();
}

TEST(what_does_not_fit_is_refused_here)
{
    static char name[8192];
    memset(name, 'n', sizeof(name) - 1);
    login_begin(LOGIN_WITH("< MFMT\n") QUIT);
    assert_fault(remote_set_mode(remote, name, 0644), FAULT_NAME_INVALID);
    assert_fault(remote_set_time(remote, name, 0), FAULT_NAME_INVALID);
    login_end();
}

/* ---- Digests -------------------------------------------------------------------------- */

TEST(a_digest_is_found_in_what_servers_say)
{
    static const char md5[] = "0123456789abcdef0123456789abcdef";
    static const struct {
        const char *feature;
        const char *words;
        enum fault fault;
        enum digest_kind kind;
        const char *hex;
    } cases[] = {
        /* draft-bryan-ftpext-hash 3.2, and what became of it */
        {"< HASH SHA-1;MD5*;CRC32\n", ">HASH f\n<213 MD5 0-99 0123456789ABCDEF0123456789abcdef f\n",
         FAULT_NONE, DIGEST_MD5, md5},
        {"< XMD5\n", ">XMD5 f\n<250 0123456789ABCDEF0123456789ABCDEF\n", FAULT_NONE, DIGEST_MD5,
         md5},
        {"< XMD5\n", ">XMD5 f\n<250 XMD5 \"f\" 0123456789ABCDEF0123456789ABCDEF\n", FAULT_NONE,
         DIGEST_MD5, md5},
        {"< MD5\n", ">MD5 f\n<251 f 0123456789ABCDEF0123456789ABCDEF\n", FAULT_NONE, DIGEST_MD5,
         md5},
        {"< XCRC\n", ">XCRC f\n<250 DEADBEEF\n", FAULT_NONE, DIGEST_CRC32, "deadbeef"},
        {"< XCRC\n", ">XCRC f\n<250 BEEF\n", FAULT_NONE, DIGEST_CRC32, "0000beef"},
        /* the best that there is */
        {"< XCRC\n< XMD5\n< XSHA1\n", ">XSHA1 f\n<250 0123456789abcdef0123456789abcdef01234567\n",
         FAULT_NONE, DIGEST_SHA1, "0123456789abcdef0123456789abcdef01234567"},
        {"< HASH MD5*\n< XMD5\n",
         ">HASH f\n<502 what?\n>XMD5 f\n<250 " /* promised, and none */
         "0123456789abcdef0123456789abcdef\n",
         FAULT_NONE, DIGEST_MD5, md5},
        /* what is none */
        {"< XMD5\n", ">XMD5 f\n<250 0123456789abcdef\n", FAULT_UNSUPPORTED, DIGEST_MD5, NULL},
        {"< XMD5\n", ">XMD5 f\n<250 0123456789abcdef0123456789abcdeg\n", FAULT_UNSUPPORTED,
         DIGEST_MD5, NULL},
        {"< XMD5\n", ">XMD5 f\n<550 none\n", FAULT_NOT_FOUND, DIGEST_MD5, NULL},
        {"< HASH UNKNOWN*\n", "", FAULT_UNSUPPORTED, DIGEST_MD5, NULL},
        {"< SIZE\n", "", FAULT_UNSUPPORTED, DIGEST_MD5, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[1024];
        char hex[DIGEST_HEX_SIZE];
        enum digest_kind kind;
        (void)snprintf(words, sizeof(words), LOGIN_WITH("%s") ">TYPE I\n<200 fine\n%s" QUIT,
                       cases[i].feature, cases[i].words);
        login_begin(words);
        assert_fault(remote_digest(remote, "f", &kind, hex), cases[i].fault);
        if (!cases[i].fault) {
            assert_int_equal(kind, cases[i].kind);
            assert_string_equal(hex, cases[i].hex);
        }
        login_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_path_is_made_from_its_top_where_it_cannot_be_made_at_once),
        RUN(a_name_is_changed_in_two_steps),
        RUN(a_file_that_is_there_goes_aside_and_comes_back),
        RUN(a_directory_that_is_there_stays),
        RUN(a_time_is_set_in_the_way_that_there_is),
        RUN(a_mode_is_set_in_octal),
        RUN(what_does_not_fit_is_refused_here),
        RUN(a_digest_is_found_in_what_servers_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

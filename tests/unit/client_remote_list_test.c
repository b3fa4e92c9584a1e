/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of servers that go by a script, and what is known of one name. */
#include "client/remote_files.h"
#include "tests/unit/ftp_login.h"

#define FACTS LOGIN_WITH("< MLST type*;size*;modify*;\n") ">OPTS MLST *\n<200 fine\n"
#define LISTED "<150 here\n"
#define DATA_END "=end\n<226 done\n"
#define MLSD_BEGIN ">EPSV\n=epsv\n>MLSD\n=accept\n" LISTED
#define LIST_BEGIN LOGIN ">SYST\n<215 VMS\n>EPSV\n=epsv\n>LIST\n=accept\n" LISTED

static struct entries entries;

/* What of an entry matters here, as one word for each. */
static const char *shown(void)
{
    static const char kinds[] = {'f', 'd', 'l', 'o'};
    static char text[4096];
    size_t len = 0;
    text[0] = '\0';
    entries_sort(&entries);
    for (size_t i = 0; i < entries.count; i++) {
        const struct entry *entry = &entries.all[i];
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%c:%s", i ? " " : "",
                                kinds[entry->kind], entry->name);
        if (entry->has_size)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "=%llu",
                                    (unsigned long long)entry->size);
        if (entry->target)
            len += (size_t)snprintf(text + len, sizeof(text) - len, ">%s", entry->target);
    }
    entries_clear(&entries);
    return text;
}

static void check(const char *words, const char *path, enum fault fault, const char *expected)
{
    login_begin(words);
    entries = (struct entries){0};
    assert_fault(remote_list(remote, path, &entries), fault);
    assert_string_equal(shown(), expected);
    login_end();
}

/* ---- MLSD ----------------------------------------------------------------------------- */

TEST(facts_become_entries_and_dots_do_not)
{
    check(FACTS ">EPSV\n=epsv\n>MLSD d\n=accept\n" LISTED
                "=line type=cdir;modify=20200101000000; .\n"
                "=line type=pdir; ..\n=line type=file;size=5;modify=20200101000000; a b\n"
                "=line type=dir; sub\n=line size=7; plain\n"
                "=line type=OS.unix=slink:/there; link\n=line type=file;size=1; .\n"
                "=line type=dir; ..\n" DATA_END QUIT,
          "d", FAULT_NONE, "f:a b=5 l:link>/there f:plain=7 d:sub");
}

/* `expected` with the doubt behind it. */
static void check_doubt(const char *words, const char *path, enum entries_doubt doubt,
                        const char *expected)
{
    login_begin(words);
    entries = (struct entries){0};
    assert_fault(remote_list(remote, path, &entries), FAULT_NONE);
    assert_int_equal(entries.doubt, doubt);
    if (doubt)
        assert_text(remote_reason(remote), entries_doubt_text(doubt));
    assert_string_equal(shown(), expected);
    login_end();
}

TEST(lines_that_nobody_can_read_raise_doubts)
{
    static char words[40 * 1024];
    static char long_line[20 * 1024];
    check_doubt(FACTS MLSD_BEGIN "=line \n=line type=file;size=1; good\n" DATA_END QUIT, "",
                ENTRIES_WHOLE, "f:good=1");
    check_doubt(FACTS MLSD_BEGIN "=line nonsense\n=line type=file;size=1; good\n"
                                 "=bytes type=file;size=2; unended\n" DATA_END QUIT,
                "", ENTRIES_UNREAD, "f:good=1 f:unended=2");
    check_doubt(FACTS MLSD_BEGIN "=line type=file; \n=line type=file;size=1; good\n" DATA_END QUIT,
                "", ENTRIES_UNREAD, "f:good=1");
    check_doubt(FACTS MLSD_BEGIN "=line type=file;size=1; good\n"
                                 "=bytes type=file;size=2; unended\n" DATA_END QUIT,
                "", ENTRIES_UNENDED, "f:good=1 f:unended=2");
    memset(long_line, 'x', sizeof(long_line) - 1);
    (void)snprintf(words, sizeof(words),
                   FACTS MLSD_BEGIN "=line type=file; %s\n=line type=file; good\n" DATA_END QUIT,
                   long_line);
    check_doubt(words, "", ENTRIES_UNREAD, "f:good");
    check_doubt(LIST_BEGIN "=line -rw-r--r-- 1 a b 5 Nov 20 2020 good\n"
                           "=line ls: bad: Permission denied\n" DATA_END QUIT,
                "", ENTRIES_UNREAD, "f:good=5");
}

TEST(a_server_may_say_that_a_listing_is_not_all)
{
    check_doubt(FACTS MLSD_BEGIN "=line type=file; a\n=end\n<226-Output truncated to 1 matches\n"
                                 "<226 done\n" QUIT,
                "", ENTRIES_CUT, "f:a");
    check(LIST_BEGIN "=end\n<226 Transfer done (but failed to open directory).\n" QUIT, "",
          FAULT_MALFORMED, "");
}

TEST(what_nobody_can_read_is_no_empty_directory)
{
    login_begin(LIST_BEGIN "=line ls: cannot open directory: Permission denied\n" DATA_END QUIT);
    entries = (struct entries){0};
    assert_fault(remote_list(remote, "", &entries), FAULT_MALFORMED);
    assert_text(remote_reason(remote), "its listing cannot be read: "
                                       "ls: cannot open directory: Permission denied");
    assert_string_equal(shown(), "");
    login_end();
}

TEST(what_breaks_off_is_no_listing)
{
    check(FACTS ">EPSV\n=epsv\n>MLSD\n=accept\n" LISTED
                "=line type=file; a\n=end\n<426 broken\n" QUIT,
          "", FAULT_CONNECTION_LOST, "f:a");
    check(FACTS ">EPSV\n=epsv\n>MLSD\n=accept\n" LISTED
                "=line type=file; a\n=reset\n<226 done\n" QUIT,
          "", FAULT_CONNECTION_LOST, "f:a");
}

TEST(a_listing_is_asked_for_again_where_the_connection_is_gone)
{
    static const char *const ends[] = {
        ">EPSV\n=close\n",
        ">EPSV\n=epsv\n>MLSD\n=accept\n" LISTED "=line type=file; a\n=end\n=close\n",
        ">EPSV\n<421 idle\n=close\n",
    };
    for (size_t i = 0; i < COUNT(ends); i++) {
        char words[512];
        const char *connections[] = {words, FACTS ">EPSV\n=epsv\n>MLSD\n=accept\n" LISTED
                                                  "=line type=file; b\n" DATA_END QUIT};
        (void)snprintf(words, sizeof(words), FACTS "%s", ends[i]);
        login_set();
        assert_fault(login_try(connections, 2), FAULT_NONE);
        entries = (struct entries){0};
        assert_fault(remote_list(remote, "", &entries), FAULT_NONE);
        assert_string_equal(shown(), "f:b");
        login_end();
    }
}

TEST(a_listing_is_asked_for_again_where_its_connection_could_not_be_made)
{
    static const char refused[] = ">EPSV\n=epsv\n>MLSD\n=accept\n<425 not to there\n";
    char words[512];
    (void)snprintf(words, sizeof(words),
                   FACTS "%s>EPSV\n=epsv\n>MLSD\n=accept\n" LISTED
                         "=line type=file; a\n" DATA_END QUIT,
                   refused);
    check(words, "", FAULT_NONE, "f:a");
    (void)snprintf(words, sizeof(words), FACTS "%s%s" QUIT, refused, refused);
    check(words, "", FAULT_NO_DATA_CONNECTION, "");
}

TEST(what_is_no_directory_is_not_there)
{
    check(FACTS ">EPSV\n=epsv\n>MLSD f\n=accept\n<501 not a directory\n" QUIT, "f", FAULT_NOT_FOUND,
          "");
    check(FACTS ">EPSV\n=epsv\n>MLSD f\n=accept\n<550 none\n" QUIT, "f", FAULT_NOT_FOUND, "");
}

TEST(a_server_that_promised_mlsd_and_has_none_is_asked_for_list_from_then_on)
{
    login_begin(FACTS ">EPSV\n=epsv\n>MLSD\n=accept\n<502 what?\n>SYST\n<215 VMS\n>EPSV\n"
                      "=epsv\n>LIST\n=accept\n" LISTED
                      "=line -rw-r--r-- 1 a b 5 Jan  1  2020 one\n" DATA_END
                      ">EPSV\n=epsv\n>LIST\n=accept\n" LISTED DATA_END QUIT);
    entries = (struct entries){0};
    assert_fault(remote_list(remote, "", &entries), FAULT_NONE);
    assert_string_equal(shown(), "f:one=5");
    assert_fault(remote_list(remote, "", &entries), FAULT_NONE);
    assert_string_equal(shown(), "");
    login_end();
}

/* ---- LIST ----------------------------------------------------------------------------- */

TEST(lines_of_each_dialect_become_entries)
{
    static const struct {
        const char *system;
        const char *list;
        const char *lines;
        const char *expected;
    } cases[] = {
        {"<215 UNIX Type: L8\n", "LIST -a d", /* RFC 959 has no options, and servers need one */
         "=line total 3\n=line drwxr-xr-x 2 a b 4096 Jan  1  2020 d\n"
         "=line lrwxrwxrwx 1 a b 5 Jan  1  2020 l -> there\n=line drwxr-xr-x 2 a b 1 Jan 1 2020 "
         ".\n",
         "d:d l:l>there"},
        {"<215 Windows_NT\n", "LIST d",
         "=line 01-01-20  01:00PM       <DIR>          d\n=line 01-01-20  01:00PM  12 f.txt\n",
         "d:d f:f.txt=12"},
        {"<502 what?\n", "LIST d", "=line -rw-r--r-- 1 a b 5 Jan  1  2020 a b\n", "f:a b=5"},
        {"<502 what?\n", "LIST d", "=line +i8388621.48594,m825718503,r,s280,\tdjb.html\n",
         "f:djb.html=280"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[1024];
        (void)snprintf(words, sizeof(words),
                       LOGIN ">SYST\n%s>EPSV\n=epsv\n>%s\n=accept\n" LISTED "%s" DATA_END QUIT,
                       cases[i].system, cases[i].list, cases[i].lines);
        check(words, "d", FAULT_NONE, cases[i].expected);
    }
}

TEST(an_empty_directory_may_be_told_by_a_refusal)
{
    static const struct {
        const char *reply;
        enum fault fault;
    } cases[] = {
        {"<550 No files found.\n", FAULT_NONE},
        {"<450 No files found\n", FAULT_NONE},
        {"<550 No members found\n", FAULT_NONE},
        {"<550 No such directory\n", FAULT_NOT_FOUND},
        {"<450 The disk is gone\n", FAULT_BUSY},
        {"<550 No files: Permission denied\n", FAULT_DENIED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[512];
        (void)snprintf(words, sizeof(words),
                       LOGIN ">SYST\n<215 VMS\n>EPSV\n=epsv\n>LIST\n=accept\n%s" QUIT,
                       cases[i].reply);
        check(words, "", cases[i].fault, "");
    }
}

TEST(what_is_listed_as_empty_is_gone_to_to_see_whether_it_is_there)
{
    static const struct {
        const char *words;
        enum fault fault;
    } cases[] = {
        {">PWD\n<257 \"/home\"\n>CWD d\n<250 fine\n>CWD /home\n<250 fine\n", FAULT_NONE},
        {">PWD\n<257 \"/home\"\n>CWD d\n<550 none\n", FAULT_NOT_FOUND},
        {">PWD\n<502 what?\n", FAULT_NONE}, /* nobody can tell */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[512];
        (void)snprintf(words, sizeof(words),
                       LOGIN ">SYST\n<215 VMS\n>EPSV\n=epsv\n>LIST d\n=accept\n" LISTED DATA_END
                             "%s" QUIT,
                       cases[i].words);
        check(words, "d", cases[i].fault, "");
    }
}

#define LIST_OF(argument) ">EPSV\n=epsv\n>LIST" argument "\n=accept\n" LISTED
#define NOT_OPENED "=end\n<226 Transfer done (but failed to open directory).\n"
#define FILE_F "=line -rw-r--r-- 1 a b 5 Jan  1  2020 f\n"

/* As ls and vsftpd do, of one that they may not read. */
TEST(a_directory_that_lists_itself_alone_is_seen_from_within)
{
    static const char itself[] = LOGIN ">SYST\n<215 UNIX\n" LIST_OF(
        " -a p/d") "=line drwx--x--x 2 a b 4096 Jan  1  2020 d\n" DATA_END
                   ">PWD\n<257 \"/home\"\n>CWD p/d\n<250 fine\n";
    char words[1024];
    (void)snprintf(words, sizeof(words), "%s%s", itself,
                   LIST_OF(" -a") NOT_OPENED LIST_OF("") NOT_OPENED ">CWD /home\n<250 fine\n" QUIT);
    check(words, "p/d", FAULT_MALFORMED, "");
    (void)snprintf(words, sizeof(words), "%s",
                   LOGIN ">SYST\n<215 UNIX\n" LIST_OF(" -a p/d") NOT_OPENED LIST_OF(" p/d")
                       NOT_OPENED
                   ">PWD\n<257 \"/home\"\n>CWD p/d\n<550 Failed to change directory.\n" QUIT);
    check(words, "p/d", FAULT_NOT_FOUND, "");
    (void)snprintf(words, sizeof(words), "%s%s", itself,
                   LIST_OF(" -a") "=line drwx--x--x 2 a b 4096 Jan  1  2020 .\n"
                                  "=line drwx--x--x 2 a b 4096 Jan  1  2020 d\n" DATA_END
                                  ">CWD /home\n<250 fine\n" QUIT);
    check(words, "p/d", FAULT_NONE, "d:d");
}

TEST(who_takes_the_option_for_a_name_is_asked_without_and_not_asked_so_again)
{
    static const char *const answers[] = {
        DATA_END,
        "=line ls: -a: No such file or directory\n" DATA_END,
        "=bytes ls: -a: No such file or directory\n" DATA_END, /* no beginning of the next line */
        "=end\n<550 -a: not found\n",
        "=end\n<504 no such option\n",
    };
    for (size_t i = 0; i < COUNT(answers); i++) {
        char words[1024];
        (void)snprintf(words, sizeof(words),
                       LOGIN ">SYST\n<215 UNIX\n" LIST_OF(" -a") "%s" LIST_OF("")
                           FILE_F DATA_END LIST_OF("") FILE_F DATA_END QUIT,
                       answers[i]);
        login_begin(words);
        entries = (struct entries){0};
        assert_fault(remote_list(remote, "", &entries), FAULT_NONE);
        assert_string_equal(shown(), "f:f=5");
        assert_fault(remote_list(remote, "", &entries), FAULT_NONE);
        assert_string_equal(shown(), "f:f=5");
        login_end();
    }
}

TEST(a_directory_of_dots_alone_is_empty_and_nobody_is_asked_again)
{
    check(LOGIN ">SYST\n<215 UNIX\n" LIST_OF(
              " -a d") "=line drwxr-xr-x 2 a b 4096 Jan  1  2020 .\n"
                       "=line drwxr-xr-x 2 a b 4096 Jan  1  2020 ..\n" DATA_END QUIT,
          "d", FAULT_NONE, "");
}

TEST(a_path_that_list_would_misread_is_gone_to_and_left_again)
{
    static const char *const paths[] = {"a b", "-R", "a*", "a?", "[a]", "{a", "a\\b", "~a"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        char words[512];
        (void)snprintf(words, sizeof(words),
                       LOGIN ">SYST\n<215 UNIX\n>PWD\n<257 \"/home/me\" is it\n>CWD %s\n<250 fine\n"
                             ">EPSV\n=epsv\n>LIST -a\n=accept\n" LISTED
                             "=line -rw-r--r-- 1 a b 5 Jan  1  2020 f\n" DATA_END
                             ">CWD /home/me\n<250 fine\n" QUIT,
                       paths[i]);
        check(words, paths[i], FAULT_NONE, "f:f=5");
    }
}

TEST(a_listing_that_fails_there_leaves_nobody_there)
{
    check(LOGIN ">SYST\n<215 VMS\n>PWD\n<257 \"/home\"\n>CWD a b\n<250 fine\n>EPSV\n=epsv\n>LIST\n"
                "=accept\n<451 the disk\n>CWD /home\n<250 fine\n" QUIT,
          "a b", FAULT_BUSY, "");
    check(LOGIN ">SYST\n<215 VMS\n>PWD\n<257 \"/home\"\n>CWD a b\n<550 none\n" QUIT, "a b",
          FAULT_NOT_FOUND, "");
}

TEST(who_cannot_tell_where_it_is_stays_there)
{
    check(LOGIN ">SYST\n<215 VMS\n>PWD\n<502 what?\n>EPSV\n=epsv\n>LIST a b\n=accept\n" LISTED
                "=line -rw-r--r-- 1 a b 5 Jan  1  2020 f\n" DATA_END QUIT,
          "a b", FAULT_NONE, "f:f=5");
    /* nor asks for what would be an option */
    check(LOGIN ">SYST\n<215 VMS\n>PWD\n<502 what?\n" QUIT, "-R", FAULT_UNSUPPORTED, "");
}

/* ---- One name ------------------------------------------------------------------------- */

static void look(const char *words, const char *path, enum fault fault, struct entry *ret_entry)
{
    login_begin(words);
    *ret_entry = (struct entry){.name = NULL};
    assert_fault(remote_look(remote, path, ret_entry), fault);
    login_end();
}

TEST(a_name_is_looked_at_by_mlst_where_there_is_one)
{
    struct entry entry;
    look(FACTS ">MLST f\n<250-here\n< type=file;size=9;modify=20200101000000; /f\n<250 done\n" QUIT,
         "f", FAULT_NONE, &entry);
    assert_int_equal(entry.kind, ENTRY_FILE);
    assert_true(entry.has_size && entry.size == 9);
    assert_int_equal(entry.precision, ENTRY_TIME_SECOND);
    assert_int_equal(entry.modified, 1577836800);
    look(FACTS ">MLST d\n<250-here\n< type=cdir; d\n<250 done\n" QUIT, "d", FAULT_NONE, &entry);
    assert_int_equal(entry.kind, ENTRY_DIRECTORY);
    look(FACTS ">MLST f\n<550 none\n" QUIT, "f", FAULT_NOT_FOUND, &entry);
    look(FACTS ">MLST f\n<250 nothing\n" QUIT, "f", FAULT_UNSUPPORTED, &entry);
}

TEST(else_by_size_in_type_i_and_mdtm)
{
    struct entry entry;
    look(LOGIN ">TYPE I\n<200 fine\n>SIZE f\n<213 9\n>MDTM f\n<213 20200101000000\n" QUIT, "f",
         FAULT_NONE, &entry);
    assert_true(entry.has_size && entry.size == 9);
    assert_int_equal(entry.modified, 1577836800);
    look(LOGIN ">TYPE I\n<200 fine\n>SIZE f\n<500 what?\n>MDTM f\n<213 20200101000000\n" QUIT, "f",
         FAULT_NONE, &entry);
    assert_false(entry.has_size);
    look(LOGIN ">TYPE I\n<200 fine\n>SIZE f\n<213 many\n>MDTM f\n<213 then\n>SYST\n<502 what?\n"
               ">TYPE A\n<200 fine\n>EPSV\n=epsv\n>LIST\n=accept\n" LISTED DATA_END QUIT,
         "f", FAULT_NOT_FOUND, &entry);
    /* a feature that was promised, and is none */
    look(FACTS ">MLST f\n<502 what?\n>TYPE I\n<200 fine\n>SIZE f\n<213 9\n>MDTM f\n<550 no\n" QUIT,
         "f", FAULT_NONE, &entry);
    assert_int_equal(entry.precision, ENTRY_TIME_UNKNOWN);
}

TEST(else_in_the_listing_of_its_directory)
{
    static const struct {
        const char *path;
        const char *list;
        enum fault fault;
        enum entry_kind kind;
    } cases[] = {
        {"f", ">LIST -a\n", FAULT_NONE, ENTRY_FILE},
        {"a/d", ">LIST -a a\n", FAULT_NONE, ENTRY_DIRECTORY},
        {"/d", ">LIST -a /\n", FAULT_NONE, ENTRY_DIRECTORY},
        {"a/d//", ">LIST -a a\n", FAULT_NONE, ENTRY_DIRECTORY},
        {"none", ">LIST -a\n", FAULT_NOT_FOUND, ENTRY_FILE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[1024];
        struct entry entry;
        (void)snprintf(words, sizeof(words),
                       LOGIN ">TYPE I\n<200 fine\n>SIZE %s\n<550 no\n>MDTM %s\n<550 no\n>SYST\n"
                             "<215 UNIX\n>TYPE A\n<200 fine\n>EPSV\n=epsv\n%s=accept\n" LISTED
                             "=line -rw-r--r-- 1 a b 5 Jan  1  2020 f\n"
                             "=line drwxr-xr-x 1 a b 5 Jan  1  2020 d\n" DATA_END QUIT,
                       cases[i].path, cases[i].path, cases[i].list);
        look(words, cases[i].path, cases[i].fault, &entry);
        assert_int_equal(entry.kind, cases[i].kind);
        assert_null(entry.name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(facts_become_entries_and_dots_do_not),
        RUN(lines_that_nobody_can_read_raise_doubts),
        RUN(a_server_may_say_that_a_listing_is_not_all),
        RUN(what_nobody_can_read_is_no_empty_directory),
        RUN(a_directory_that_lists_itself_alone_is_seen_from_within),
        RUN(what_breaks_off_is_no_listing),
        RUN(a_listing_is_asked_for_again_where_the_connection_is_gone),
        RUN(a_listing_is_asked_for_again_where_its_connection_could_not_be_made),
        RUN(what_is_no_directory_is_not_there),
        RUN(a_server_that_promised_mlsd_and_has_none_is_asked_for_list_from_then_on),
        RUN(lines_of_each_dialect_become_entries),
        RUN(an_empty_directory_may_be_told_by_a_refusal),
        RUN(what_is_listed_as_empty_is_gone_to_to_see_whether_it_is_there),
        RUN(who_takes_the_option_for_a_name_is_asked_without_and_not_asked_so_again),
        RUN(a_directory_of_dots_alone_is_empty_and_nobody_is_asked_again),
        RUN(a_path_that_list_would_misread_is_gone_to_and_left_again),
        RUN(a_listing_that_fails_there_leaves_nobody_there),
        RUN(who_cannot_tell_where_it_is_stays_there),
        RUN(a_name_is_looked_at_by_mlst_where_there_is_one),
        RUN(else_by_size_in_type_i_and_mdtm),
        RUN(else_in_the_listing_of_its_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

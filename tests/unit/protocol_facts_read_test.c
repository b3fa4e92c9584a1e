/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/facts.h"
#include "tests/unit/unit.h"

static struct facts read_line(const char *line, const char *name)
{
    struct facts facts;
    struct text got;
    if (!facts_parse_line(text_of(line), &facts, &got))
        fail_msg("\"%s\" is not read", line);
    assert_text(got, name);
    return facts;
}

TEST(a_line_has_facts_and_a_name)
{
    struct facts f = read_line("type=file;size=4711;modify=20231114221320;create=19700101000000;"
                               "perm=rw;unique=801gabc;UNIX.mode=0644;UNIX.owner=1000;"
                               "UNIX.group=100; a name",
                               "a name");
    assert_int_equal(f.present, (1U << FACT_COUNT) - 1);
    assert_text(f.type, "file");
    assert_int_equal(f.size, 4711);
    assert_int_equal(f.modify.seconds, 1700000000);
    assert_int_equal(f.modify.nanoseconds, 0);
    assert_int_equal(f.create.seconds, 0);
    assert_text(f.perm, "rw");
    assert_text(f.unique, "801gabc");
    assert_int_equal(f.mode, 0644);
    assert_text(f.owner_name, "1000");
    assert_text(f.group_name, "100");
}

/* RFC 3659 7.7.4, 7.7.5 and 8 */
TEST(the_examples_of_the_document_are_read)
{
    struct facts f = read_line("Type=cdir;Modify=19990219183438; /iana/assignments",
                               "/iana/assignments");
    assert_int_equal(f.present, FACT_TYPE | FACT_MODIFY);
    f = read_line("Type=pdir;Perm=fle;Unique=AQkAAAAAAAB; ..", "..");
    assert_text(f.unique, "AQkAAAAAAAB");
    f = read_line(
        "Modify=19990929003355.237;Type=file;Size=1024990;Perm=r; /tmp/cap60.pl198.tar.gz",
        "/tmp/cap60.pl198.tar.gz");
    assert_int_equal(f.modify.nanoseconds, 237000000);
    assert_int_equal(f.size, 1024990);
    f = read_line(" cap60.pl198.tar.gz", "cap60.pl198.tar.gz");
    assert_int_equal(f.present, 0);
}

TEST(a_name_is_all_behind_the_first_space)
{
    (void)read_line("size=1;  leading", " leading");
    (void)read_line("size=1;   ", "  ");
    (void)read_line("size=1; trailing ", "trailing ");
    (void)read_line("size=1; a;b=c; d", "a;b=c; d");
    (void)read_line(" type=file; x", "type=file; x");
    (void)read_line("  x", " x");
    (void)read_line("size=1; \xE9\x01\xFF", "\xE9\x01\xFF");
    (void)read_line("size=1; ../../etc/passwd", "../../etc/passwd");
}

TEST(drafts_before_the_document_left_the_last_semicolon_out)
{
    struct facts f = read_line("type=dir;size=12 a name; b", "a name; b");
    assert_int_equal(f.present, FACT_TYPE | FACT_SIZE);
    assert_int_equal(f.size, 12);
    f = read_line("size=3 x", "x");
    assert_int_equal(f.size, 3);
}

TEST(names_of_facts_have_any_case_and_unknown_ones_are_left_out)
{
    struct facts f = read_line("TYPE=FILE;media-type=text/plain;SiZe=7;UNIX.MODE=600;x=; n", "n");
    assert_int_equal(f.present, FACT_TYPE | FACT_SIZE | FACT_UNIX_MODE);
    assert_text(f.type, "FILE");
    assert_int_equal(f.size, 7);
    assert_int_equal(f.mode, 0600);
    f = read_line(";;size=7;; n", "n");
    assert_int_equal(f.present, FACT_SIZE);
}

TEST(a_value_that_cannot_be_is_not_known)
{
    static const char *const lines[] = {
        "size=; n",
        "size=-1; n",
        "size=12k; n",
        "size=18446744073709551616; n",
        "modify=191000101120000; n", /* the year 19100 */
        "modify=1910001011200; n",
        "modify=20230230000000; n",
        "modify=2023-11-14T22:13:20; n",
        "modify=20231114; n",
        "modify=; n",
        "create=0; n",
        "type=; n",
        "unique=; n",
        "UNIX.mode=; n",
        "UNIX.mode=0689; n",
        "UNIX.mode=0o; n",
        "UNIX.mode=0o0o7; n",
        "UNIX.mode=-rw-r--r--; n",
        "UNIX.mode=1000000; n",
        "UNIX.owner=; n",
        "UNIX.gid=; n",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct facts f = read_line(lines[i], "n");
        if (f.present)
            fail_msg("%s is known", lines[i]);
    }
}

TEST(a_value_that_cannot_be_leaves_the_one_before_it)
{
    struct facts f = read_line("size=5;size=x;modify=19700101000001;modify=x;UNIX.mode=1;"
                               "UNIX.mode=x;type=dir;type=; n",
                               "n");
    assert_int_equal(f.present, FACT_SIZE | FACT_MODIFY | FACT_UNIX_MODE | FACT_TYPE);
    assert_int_equal(f.size, 5);
    assert_int_equal(f.modify.seconds, 1);
    assert_int_equal(f.mode, 1);
    assert_text(f.type, "dir");
}

TEST(a_mode_is_octal_and_may_hold_the_kind_of_file)
{
    assert_int_equal(read_line("UNIX.mode=0o600; n", "n").mode, 0600); /* pyftpdlib's */
    static const struct {
        const char *line;
        unsigned mode;
    } cases[] = {
        {"UNIX.mode=644; n", 0644},     {"UNIX.mode=0644; n", 0644},
        {"UNIX.mode=04755; n", 04755},  {"UNIX.mode=0100644; n", 0644},
        {"UNIX.mode=177777; n", 07777}, {"UNIX.mode=0; n", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct facts f = read_line(cases[i].line, "n");
        assert_int_equal(f.present, FACT_UNIX_MODE);
        assert_int_equal(f.mode, cases[i].mode);
    }
}

TEST(a_name_says_more_of_an_owner_than_a_number)
{
    static const struct {
        const char *line;
        const char *owner;
        const char *group;
    } cases[] = {
        {"UNIX.uid=0;UNIX.gid=5; n", "0", "5"},
        {"UNIX.owner=anna;UNIX.group=staff; n", "anna", "staff"},
        {"UNIX.owner=0;UNIX.ownername=root;UNIX.group=5;UNIX.groupname=tty; n", "root", "tty"},
        {"UNIX.ownername=root;UNIX.owner=0;UNIX.groupname=tty;UNIX.group=5; n", "root", "tty"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct facts f = read_line(cases[i].line, "n");
        assert_int_equal(f.present, FACT_UNIX_OWNER | FACT_UNIX_GROUP);
        assert_text(f.owner_name, cases[i].owner);
        assert_text(f.group_name, cases[i].group);
    }
}

TEST(pure_ftpd_says_sizd_of_a_directory)
{
    struct facts f = read_line("type=dir;sizd=4096;modify=20231114221320;UNIX.mode=0755;UNIX.uid=0;"
                               "UNIX.gid=0;unique=801g2; pub",
                               "pub");
    assert_true(f.present & FACT_SIZE);
    assert_int_equal(f.size, 4096);
}

TEST(no_rights_at_all_are_known_to_be_none)
{
    struct facts f = read_line("perm=; n", "n");
    assert_int_equal(f.present, FACT_PERM);
    assert_int_equal(f.perm.len, 0);
}

TEST(kinds_and_targets_are_told_apart)
{
    static const struct {
        const char *line;
        enum fact_kind kind;
        const char *target;
    } cases[] = {
        {"type=file; n", FACT_KIND_FILE, ""},
        {"type=Dir; n", FACT_KIND_DIRECTORY, ""},
        {"type=cdir; n", FACT_KIND_CURRENT, ""},
        {"type=PDIR; n", FACT_KIND_PARENT, ""},
        {"type=OS.unix=slink:/target; n", FACT_KIND_LINK, "/target"},
        {"type=OS.UNIX=SLINK:../to a; n", FACT_KIND_LINK, "../to a"},
        {"type=OS.unix=slink: a :b ; n", FACT_KIND_LINK, " a :b "},
        {"type=OS.unix=slink:; n", FACT_KIND_LINK, ""},
        {"type=OS.unix=slink:a n", FACT_KIND_LINK, "a"},
        {"type=OS.unix=slink; n", FACT_KIND_LINK, ""},
        {"type=OS.unix=symlink; n", FACT_KIND_LINK, ""},
        {"type=os.unix=symlink:/t; n", FACT_KIND_LINK, "/t"},
        {"type=OS.unix=slinky; n", FACT_KIND_OTHER, ""},
        {"type=OS.unix=chr-1/3; n", FACT_KIND_OTHER, ""},
        {"type=files; n", FACT_KIND_OTHER, ""},
        {"size=1; n", FACT_KIND_OTHER, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct facts f = read_line(cases[i].line, "n");
        struct text target = TEXT("untouched");
        if (facts_kind(&f, &target) != cases[i].kind)
            fail_msg("%s is another kind", cases[i].line);
        assert_text(target, cases[i].target);
    }
}

TEST(what_is_no_line_of_facts_is_refused)
{
    static const char *const lines[] = {
        "",
        " ",
        "name",
        "type=file;",
        "type=file; ",
        "type=file;size=1;name",
        "total 12",
        "drwxr-xr-x 2 root root 4096 Jan 1 12:00 pub",
        "01-01-24 12:00PM <DIR> pub",
        "+i8388621.29609,m824255902,/,\tdev",
        "=file; n",
        "type; n",
        "type=file;size n",
    };
    struct facts facts = {.present = 4711};
    struct text name = TEXT("untouched");
    for (size_t i = 0; i < COUNT(lines); i++)
        if (facts_parse_line(text_of(lines[i]), &facts, &name))
            fail_msg("\"%s\" is read", lines[i]);
    assert_int_equal(facts.present, 4711);
    assert_text(name, "untouched");
}

TEST(the_line_of_mlst_stands_behind_a_space)
{
    static const struct {
        const char *line;
        unsigned present;
        const char *name;
    } cases[] = {
        {" type=file;size=1; /a b", FACT_TYPE | FACT_SIZE, "/a b"},
        {"type=file;size=1; /a b", FACT_TYPE | FACT_SIZE, "/a b"},
        {"250-type=file;size=1; /a b", FACT_TYPE | FACT_SIZE, "/a b"},
        {"250- type=file;size=1; /a b", FACT_TYPE | FACT_SIZE, "/a b"},
        {"  /a b", 0, "/a b"},
        {" size=1;  a", FACT_SIZE, " a"},
    };
    struct facts facts;
    struct text name;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(facts_parse_mlst(text_of(cases[i].line), &facts, &name));
        assert_int_equal(facts.present, cases[i].present);
        assert_text(name, cases[i].name);
    }
    assert_false(facts_parse_mlst(TEXT("250 End"), &facts, &name));
    assert_false(facts_parse_mlst(TEXT("250-Listing /a"), &facts, &name));
    assert_false(facts_parse_mlst(TEXT(""), &facts, &name));
}

TEST(what_was_read_is_written_as_it_was)
{
    const char line[] = "type=OS.unix=slink:a b;size=0;modify=20231114221320;perm=;unique=x=y/z;"
                        "UNIX.mode=0777;UNIX.owner=anna;UNIX.group=7; ";
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct facts facts;
    struct text name;
    builder_put_string(&b, line);
    builder_put_byte(&b, 'n');
    assert_true(facts_parse_line(builder_text(&b), &facts, &name));
    char again[256];
    b = builder_on(again, sizeof(again));
    facts_put(&b, &facts, (1U << FACT_COUNT) - 1);
    assert_text(builder_text(&b), line);
}

TEST(an_offer_tells_which_facts_there_are_and_which_are_on)
{
    static const struct {
        const char *parameters;
        unsigned mask;
        unsigned marked;
    } cases[] = {
        {"type*;size*;modify*;create;", FACT_TYPE | FACT_SIZE | FACT_MODIFY | FACT_CREATE,
         FACT_TYPE | FACT_SIZE | FACT_MODIFY},
        {"Type;UNIX.MODE*", FACT_TYPE | FACT_UNIX_MODE, FACT_UNIX_MODE},
        {" size* ; modify ;media-type*;", FACT_SIZE | FACT_MODIFY, FACT_SIZE},
        {"*;;size**;size *;", 0, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned mask = 4711;
        unsigned marked = 4711;
        facts_parse_offer(text_of(cases[i].parameters), &mask, &marked);
        assert_int_equal(mask, cases[i].mask);
        assert_int_equal(marked, cases[i].marked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_line_has_facts_and_a_name),
        RUN(the_examples_of_the_document_are_read),
        RUN(a_name_is_all_behind_the_first_space),
        RUN(drafts_before_the_document_left_the_last_semicolon_out),
        RUN(names_of_facts_have_any_case_and_unknown_ones_are_left_out),
        RUN(a_value_that_cannot_be_is_not_known),
        RUN(a_value_that_cannot_be_leaves_the_one_before_it),
        RUN(a_mode_is_octal_and_may_hold_the_kind_of_file),
        RUN(a_name_says_more_of_an_owner_than_a_number),
        RUN(pure_ftpd_says_sizd_of_a_directory),
        RUN(no_rights_at_all_are_known_to_be_none),
        RUN(kinds_and_targets_are_told_apart),
        RUN(what_is_no_line_of_facts_is_refused),
        RUN(the_line_of_mlst_stands_behind_a_space),
        RUN(what_was_read_is_written_as_it_was),
        RUN(an_offer_tells_which_facts_there_are_and_which_are_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

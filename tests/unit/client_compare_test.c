/* SPDX-License-Identifier: Apache-2.0 */
#include "client/compare.h"

#include "tests/unit/unit.h"

/*
 * Entries as text, a letter and what follows: "f" a file, "d" a directory, "l" a link, "o"
 * another; "=" size, "~" rough size, "@" time in seconds, "%" in minutes, ">" target; then ":"
 * and the name. What is done as one letter and a name, in their order.
 */
static void parse(struct text rest, struct entries *entries)
{
    static const char kinds[] = "fdlo";
    while (rest.len) {
        struct text word = text_take_word(&rest);
        struct text about = text_take_until(&word, ':');
        struct text target = {NULL, 0};
        struct entry entry = {.kind = (enum entry_kind)(strchr(kinds, about.at[0]) - kinds)};
        about = text_after(about, 1);
        while (about.len) {
            char mark = about.at[0];
            size_t end = strcspn(about.at + 1, "=~@%>:");
            struct text value = {about.at + 1, end};
            uint64_t number = 0;
            (void)text_to_number(value, UINT64_MAX, &number);
            if (mark == '=' || mark == '~') {
                entry.has_size = true;
                entry.size_is_rough = mark == '~';
                entry.size = number;
            } else if (mark == '>') {
                target = value;
            } else {
                entry.precision = mark == '@' ? ENTRY_TIME_SECOND : ENTRY_TIME_MINUTE;
                entry.modified = (int64_t)number;
            }
            about = text_after(about, end + 1);
        }
        assert_fault(entries_add(entries, &entry, word, target), FAULT_NONE);
    }
    entries_sort(entries);
}

struct done {
    struct builder b;
    enum fault stops;
};

static enum fault on_action(void *owner, const struct compare_action *action)
{
    static const char letters[] = {
        [COMPARE_COPY] = 'C', [COMPARE_MAKE_DIRECTORY] = 'M', [COMPARE_DESCEND] = 'G',
        [COMPARE_LINK] = 'L', [COMPARE_DELETE] = 'D',         [COMPARE_SAME] = 'S',
        [COMPARE_SKIP] = '-', [COMPARE_CONFLICT] = '!',
    };
    struct done *done = owner;
    const struct entry *named = action->source ? action->source : action->target;
    if (done->b.len)
        builder_put_byte(&done->b, ' ');
    builder_put_byte(&done->b, letters[action->deed]);
    builder_put_string(&done->b, named->name);
    if (action->source && action->target)
        assert_string_equal(action->source->name, action->target->name);
    return done->stops;
}

static struct text outcome(const struct compare_rules *rules, const char *path, const char *source,
                           const char *target)
{
    static char bytes[4096];
    struct done done = {.b = builder_on(bytes, sizeof(bytes))};
    struct entries from = {0};
    struct entries to = {0};
    parse(text_of(source), &from);
    parse(text_of(target), &to);
    assert_fault(compare_directories(rules, path, &from, &to, on_action, &done), FAULT_NONE);
    entries_clear(&from);
    entries_clear(&to);
    return builder_text(&done.b);
}

struct compared {
    struct compare_rules rules;
    const char *source;
    const char *target;
    const char *done;
};

static const struct compared cases[] = {
    /* Names, in their order. */
    {{0}, "", "", ""},
    {{0}, "f:a d:b o:c l>x:d", "", "Ca Mb -c -d"},
    {{0}, "f=1:b d:c", "f:a f=1:b d:c f:d", "Sb Gc"},
    {{.deletes = true}, "f=1:b d:c", "f:a f=1:b d:c d:d l:e o:f", "Da Sb Gc Dd De Df"},
    {{.deletes = true}, "", "d:a", "Da"},
    {{.deletes = true}, "f=1:a f:z", "f:B f=1:a", "DB Sa Cz"},
    /* Sizes. */
    {{0}, "f=1:a", "f=1:a", "Sa"},
    {{0}, "f=1:a", "f=2:a", "Ca"},
    {{.ignores_size = true}, "f=1@5:a", "f=2@5:a", "Sa"},
    {{.is_text = true}, "f=1@5:a", "f=2@5:a", "Sa"},
    {{0}, "f~512@5:a", "f=1@5:a", "Sa"},
    {{0}, "f=512@5:a", "f~1@5:a", "Sa"},
    {{0}, "f@5:a", "f=1@5:a", "Sa"},
    {{0}, "f~512@5:a", "f=1@9:a", "Ca"},
    /* Times. */
    {{0}, "f=1@100:a", "f=1@100:a", "Sa"},
    {{0}, "f=1@100:a", "f=1@101:a", "Ca"},
    {{0}, "f=1@102:a", "f=1@100:a", "Ca"},
    {{.slack_s = 2}, "f=1@102:a", "f=1@100:a", "Sa"},
    {{.slack_s = 2}, "f=1@103:a", "f=1@100:a", "Ca"},
    {{0}, "f=1%60:a", "f=1@90:a", "Sa"},
    {{0}, "f=1%60:a", "f=1@120:a", "Ca"},
    {{0}, "f=1:a", "f=1@100:a", "Sa"},
    {{0}, "f=1@100:a", "f=1:a", "Sa"},
    {{.ignores_time = true}, "f=1@1:a", "f=1@9:a", "Sa"},
    {{.ignores_time = true}, "f=1@1:a", "f=2@1:a", "Ca"},
    {{.target_dates_it = true}, "f=1@100:a", "f=1@900:a", "Sa"},
    {{.target_dates_it = true}, "f=1@900:a", "f=1@100:a", "Ca"},
    {{.target_dates_it = true}, "f=2@100:a", "f=1@900:a", "Ca"},
    /* Nothing known. */
    {{0}, "f:a", "f:a", "Ca"},
    {{0}, "f=1:a", "f@5:a", "Ca"},
    {{0}, "f~1:a", "f=1:a", "Ca"},
    {{.ignores_time = true}, "f@5:a", "f@5:a", "Ca"},
    {{.is_text = true}, "f=1:a", "f=1:a", "Ca"},
    {{.ignores_time = true, .is_text = true}, "f=1@1:a", "f=2@2:a", "Sa"},
    {{.ignores_time = true, .ignores_size = true}, "f:a f:b", "f:a", "Sa Cb"},
    /* What the target has. */
    {{.only_missing = true}, "f=1:a f:b d:c d:d", "f=2:a d:c", "Sa Cb Gc Md"},
    {{.only_missing = true, .deletes = true}, "f=1:a", "d:a f:b", "!a Db"},
    {{.only_newer = true}, "f=2@100:a", "f=1@100:a", "Sa"},
    {{.only_newer = true}, "f=1@101:a", "f=1@100:a", "Ca"},
    {{.only_newer = true}, "f=1@99:a", "f=2@100:a", "Sa"},
    {{.only_newer = true, .slack_s = 1}, "f=1@101:a", "f=1@100:a", "Sa"},
    {{.only_newer = true}, "f=2:a f:b", "f=1@100:a", "Sa Cb"},
    {{.only_newer = true}, "f%60:a", "f@100:a", "Sa"},
    {{.only_newer = true, .deletes = true}, "f@99:a", "d@100:a", "!a"},
    {{.only_newer = true, .deletes = true}, "f@101:a", "d@100:a", "Da Ca"},
    /* Another kind. */
    {{0}, "f:a d:b", "d:a f:b", "!a !b"},
    {{.deletes = true}, "f:a d:b", "d:a f:b", "Da Ca Db Mb"},
    {{.deletes = true}, "o:a l:b", "d:a f:b", "-a -b"},
    {{0}, "f:a", "o:a", "!a"},
    {{.deletes = true}, "f:a", "l:a", "Da Ca"},
    /* Links. */
    {{0}, "l>x:a l:b", "", "-a -b"},
    {{0}, "f=1>x:a d>y:b", "", "Ca Mb"},
    {{0}, "f=1>x:a d>y:b", "f=1:a d:b", "Sa Gb"},
    {{0}, "f=1:a d:b", "f=1>x:a d>y:b", "Sa Gb"},
    {{.takes_links = true}, "l>x:a l:b f>y:c d>z:d", "", "La -b Lc Ld"},
    {{.takes_links = true}, "l>x:a l>x:b l>x:c", "l>x:a l>y:b l:c", "Sa Lb Lc"},
    {{.takes_links = true}, "l>x:a d>y:b", "d>x:a l>y:b", "Sa Sb"},
    {{.takes_links = true}, "l>x:a", "f:a", "!a"},
    {{.takes_links = true, .deletes = true}, "l>x:a", "f:a", "Da La"},
    {{.takes_links = true, .deletes = true}, "f:a", "l>x:a", "Da Ca"},
    {{.takes_links = true, .deletes = true}, "d:a", "d>x:a", "Da Ma"},
    {{.takes_links = true, .only_missing = true}, "l>x:a", "l>y:a", "Sa"},
    {{.takes_links = true, .only_newer = true}, "l@5>x:a l@9>x:b", "l@7>y:a l@7>y:b", "Sa Lb"},
    /* What is no name in a directory. */
    {{.deletes = true}, "d:. d:.. f:/x f:a/b", "", "-. -.. -/x -a/b"},
    {{.deletes = true}, "", "d:. d:.. f:/etc f:../x d:...", "D..."},
};

TEST(each_name_is_decided_by_the_rules)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text done = outcome(&cases[i].rules, "", cases[i].source, cases[i].target);
        if (!text_equal(done, text_of(cases[i].done)))
            fail_msg("case %zu, \"%s\" on \"%s\": \"%.*s\" is not \"%s\"", i, cases[i].source,
                     cases[i].target, TEXT_ARGS(done), cases[i].done);
    }
}

TEST(what_the_filter_does_not_take_is_neither_copied_nor_deleted)
{
    static const struct {
        const char *rules;
        const char *path;
        const char *source;
        const char *target;
        const char *done;
    } filtered[] = {
        {"- *.o", "", "f:a.o f:b", "f:c.o f:d", "Cb Dd"},
        {"- x/a", "x", "f:a f:b", "", "Cb"},
        {"- x/a", "y", "f:a f:b", "", "Ca Cb"},
        {"- x/a", "", "d:x", "", "Mx"},
        {"- x/y/a", "x/y", "", "f:a f:b", "Db"},
        {"- a/", "", "d:a d:b", "", "Mb"},
        {"- a/", "", "d:a", "f:a", ""},     /* the target's is not deleted for what stays away */
        {"- a/", "", "f:a", "d:a", "!a"},   /* nor what nobody may touch */
        {"- a/", "", "f:a", "d>x:a", "!a"}, /* and a link to one is one */
    };
    for (size_t i = 0; i < COUNT(filtered); i++) {
        struct filter *filter = NULL;
        size_t line;
        assert_fault(filter_new(&filter), FAULT_NONE);
        assert_fault(filter_add_file(filter, text_of(filtered[i].rules), &line), FAULT_NONE);
        const struct compare_rules rules = {.deletes = true, .filter = filter};
        assert_text(outcome(&rules, filtered[i].path, filtered[i].source, filtered[i].target),
                    filtered[i].done);
        filter_free(filter);
    }
}

TEST(what_lies_too_deep_for_the_filter_is_left_alone)
{
    static char deep[FILTER_PATH_MAX];
    struct filter *filter = NULL;
    memset(deep, 'x', sizeof(deep) - 1);
    assert_fault(filter_new(&filter), FAULT_NONE);
    assert_fault(filter_add(filter, true, TEXT("*")), FAULT_NONE);
    const struct compare_rules rules = {.deletes = true, .filter = filter};
    assert_text(outcome(&rules, deep, "f:a", "f:b"), "");
    deep[sizeof(deep) - 3] = '\0';
    assert_text(outcome(&rules, deep, "f:a", "f:b"), "Ca Db");
    filter_free(filter);
}

TEST(a_fault_ends_it)
{
    char bytes[64];
    static const struct compare_rules rules = {.deletes = true};
    struct done done = {.b = builder_on(bytes, sizeof(bytes)), .stops = FAULT_CANCELLED};
    struct entries from = {0};
    struct entries to = {0};
    parse(TEXT("f:b"), &from);
    parse(TEXT("d:b f:c"), &to);
    assert_fault(compare_directories(&rules, "", &from, &to, on_action, &done), FAULT_CANCELLED);
    assert_text(builder_text(&done.b), "Db");
    entries_clear(&from);
    entries_clear(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(each_name_is_decided_by_the_rules),
        RUN(what_the_filter_does_not_take_is_neither_copied_nor_deleted),
        RUN(what_lies_too_deep_for_the_filter_is_left_alone),
        RUN(a_fault_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

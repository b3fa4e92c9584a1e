/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's lists, filters, local trees, files of settings, and transfers with a host:
 * whichever allocation fails, nothing is lost, half done or left open.
 */
#include "client/completion.h"
#include "client/filter.h"
#include "client/macros.h"
#include "client/mirror.h"
#include "client/segment_ledger.h"
#include "client/segments.h"
#include "client/site.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/ftp_visitor.h"
#include "tests/unit/kept_home.h"

static enum fault add_entries(void)
{
    static char target[ENTRY_NAME_MAX];
    struct entries entries = {0};
    const struct entry link = {.kind = ENTRY_LINK};
    const struct text long_target = {target, sizeof(target)};
    enum fault f = FAULT_NONE;
    size_t added = 0;
    memset(target, 't', sizeof(target));
    for (; added < 100 && !f; added += !f)
        f = entries_add(&entries, &link, TEXT("name"), long_target);
    end_shortage();
    assert_int_equal(entries.count, added);
    for (size_t i = 0; i < added; i++)
        assert_int_equal(strlen(entries.all[i].target), sizeof(target));
    entries_clear(&entries);
    return f;
}

TEST(a_list_stays_as_it_was)
{
    until_enough(add_entries);
}

static enum fault add_rules(void)
{
    struct filter *filter = NULL;
    enum fault f = filter_new(&filter);
    for (int i = 0; i < 20 && !f; i++)
        f = filter_add(filter, false, TEXT("a"));
    end_shortage();
    filter_free(filter);
    return f;
}

TEST(a_filter_can_still_be_freed)
{
    until_enough(add_rules);
}

static enum fault use_tree(void)
{
    struct local_tree *opened = NULL;
    struct local_part part;
    struct entries entries = {0};
    struct stream *stream = NULL;
    enum fault f = local_tree_open(at(""), false, &opened);
    if (!f)
        f = local_part_open(opened, "d/f", 0, false, &part);
    if (!f)
        f = local_part_publish(opened, &part, INT64_MIN, 0);
    if (!f)
        f = local_tree_list(opened, "d", &entries);
    if (!f)
        f = local_tree_read(opened, "d/f", &stream);
    end_shortage();
    assert_int_equal(count_names("d"), is_there("d/f"));
    stream_close(&stream);
    entries_clear(&entries);
    local_tree_free(opened);
    return f;
}

TEST(a_tree_is_left_without_halves)
{
    put_directory("d");
    until_enough(use_tree);
    assert_content("d/f", "");
}

static enum fault resume_part(void)
{
    struct local_tree *opened = NULL;
    struct local_part part = {0};
    enum fault f = local_tree_open(at(""), false, &opened);
    if (!f)
        f = local_part_open(opened, "f", 1, true, &part);
    end_shortage();
    if (!f)
        assert_int_equal(part.begun, 3);
    local_part_close(opened, &part, true);
    local_tree_free(opened);
    assert_content(".f.0000000000000001.ferry-part", "abc");
    return f;
}

TEST(what_is_to_go_on_is_still_there)
{
    put_file(".f.0000000000000001.ferry-part", "abc");
    until_enough(resume_part);
}

static enum fault complete_names(void)
{
    struct completion *completion = NULL;
    char name[16];
    size_t added = 0;
    enum fault f = completion_new(TEXT("n"), &completion);
    for (; added < 100 && !f; added += !f) {
        (void)snprintf(name, sizeof(name), "n%zu", added);
        f = completion_add_name(completion, text_of(name));
    }
    end_shortage();
    if (completion) {
        completion_sort(completion);
        assert_int_equal(completion_count(completion), added);
    }
    completion_free(completion);
    return f;
}

TEST(a_completion_has_what_there_was_room_for)
{
    until_enough(complete_names);
}

static enum fault define_macros(void)
{
    struct macros *macros = NULL;
    struct text name;
    struct text lines = TEXT("ls");
    enum fault f = macros_new(&macros);
    if (!f)
        f = macros_define(macros, TEXT("m"), lines);
    if (!f) {
        f = macros_define(macros, TEXT("m"), TEXT("pwd"));
        assert_true(macros_at(macros, 0, &name, &lines));
    }
    end_shortage();
    assert_text(lines, f ? "ls" : "pwd");
    macros_free(macros);
    return f;
}

TEST(a_macro_stays_what_it_was)
{
    until_enough(define_macros);
}

/* ---- Files of settings ---------------------------------------------------------------- */

static enum fault keep_certificate(void)
{
    struct trust_pins pins = {.count = 0};
    struct trust trust;
    struct fingerprint fingerprint = {.bytes = {1}};
    char message[KEPT_MESSAGE_SIZE];
    home_write("known",
               "host.example:21 sha256:"
               "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
               0600);
    enum fault f = trust_open(&trust, home_path("known"), &pins, message);
    bool is_open = !f;
    if (!f)
        f = trust_add(&trust, TEXT("other.example"), 21, &fingerprint, 1577836800, message);
    end_shortage();
    if (is_open)
        trust_close(&trust);
    const char *content = home_read(home_path("known"));
    assert_non_null(strstr(content, "host.example")); /* what was there is, in any case */
    assert_true(f || strstr(content, "other.example"));
    return f;
}

TEST(certificates_that_are_known_stay_known)
{
    until_enough(keep_certificate);
}

static enum fault open_site(void)
{
    static const struct site_listener nobody = {.owner = NULL};
    struct settings wanted;
    struct url url;
    struct site *site = NULL;
    char message[SITE_MESSAGE_SIZE];
    settings_init(&wanted);
    wanted.download_rate = 1000;
    wanted.upload_rate = 1000;
    assert_true(url_parse(TEXT("ftp://me:secret@127.0.0.1/"), &url));
    enum fault f = site_open(&url, &wanted, &nobody, &site, message);
    end_shortage();
    assert_int_equal(site != NULL, f == FAULT_NONE);
    site_close(site);
    return f;
}

TEST(a_site_is_there_or_it_is_not)
{
    until_enough(open_site);
}

/* ---- With a host ---------------------------------------------------------------------- */

/* What the test itself needs is there: the host, and the tree here, which keeps a directory open.
 */
static void begin_visit(void)
{
    is_spared = true;
    ftp_host_begin(&host);
    settings = ftp_host_settings(&host);
    remote = NULL;
    assert_fault(local_tree_open(at(""), false, &tree), FAULT_NONE);
    is_spared = false;
}

static void end_visit(void)
{
    end_shortage();
    visit_end();
    local_tree_free(tree);
    tree = NULL;
}

static void visit_until_enough(enum fault (*act)(void))
{
    local_tree_free(tree); /* each visit has one of its own */
    until_enough(act);
}

static enum fault fetch_file(void)
{
    put_file("f", "old");
    begin_visit();
    enum fault f = remote_open(&settings, &remote);
    if (!f)
        f = carry_fetch(remote, "f", NULL, tree, "f", &rules, &progress, &outcome);
    end_visit();
    assert_content("f", f ? "old" : "content");
    return f;
}

TEST(a_file_is_fetched_whole_or_not_at_all)
{
    host.features = VISITOR_FACTS " XMD5\r\n";
    rules.check = CARRY_CHECK_DIGEST;
    ftp_host_put(&host, "/f", "content");
    visit_until_enough(fetch_file);
}

static enum fault send_file(void)
{
    begin_visit();
    ftp_host_put(&host, "/f", "old");
    enum fault f = remote_open(&settings, &remote);
    if (!f)
        f = carry_send(remote, tree, "f", "f", &rules, &progress, &outcome);
    end_visit();
    assert_host_has(&host, "/f", f ? "old" : "content");
    return f;
}

TEST(a_file_is_sent_whole_or_not_at_all)
{
    put_file("f", "content");
    visit_until_enough(send_file);
}

static enum fault mirror(enum mirror_direction direction)
{
    struct mirror_rules how = {.direction = direction, .carry = rules};
    struct mirror_tally tally = {.failed = 0};
    begin_visit();
    struct crew *crew = crew_new(&settings, 2);
    how.compare.deletes = true;
    enum fault f = crew ? mirror_run(crew, tree, "/t", &how, &progress, &tally) : FAULT_NO_MEMORY;
    end_shortage();
    crew_free(crew);
    end_visit();
    assert_true(f || !tally.failed);
    return f;
}

static enum fault mirror_down(void)
{
    put_file("a", "old");
    enum fault f = mirror(MIRROR_DOWN);
    assert_true(is_there("a") && is_there("keep"));
    if (!f)
        assert_content("a", "first");
    if (!f || is_there("d/b"))
        assert_content("d/b", "second");
    (void)unlink(at("d/b"));
    return f;
}

TEST(a_mirror_that_came_down_is_whole_or_says_that_it_is_not)
{
    ftp_host_put_directory(&host, "/t");
    ftp_host_put(&host, "/t/a", "first");
    ftp_host_put(&host, "/t/keep", "");
    ftp_host_put_directory(&host, "/t/d");
    ftp_host_put(&host, "/t/d/b", "second");
    put_file("keep", "");
    visit_until_enough(mirror_down);
}

static enum fault mirror_up(void)
{
    ftp_host_put(&host, "/t/a", "old");
    ftp_host_remove(&host, "/t/d/b");
    enum fault f = mirror(MIRROR_UP);
    assert_non_null(ftp_host_find(&host, "/t/keep"));
    assert_host_has(&host, "/t/a", f && ftp_host_find(&host, "/t/a")->len == 3 ? "old" : "first");
    if (!f || ftp_host_find(&host, "/t/d/b"))
        assert_host_has(&host, "/t/d/b", "second");
    return f;
}

TEST(a_mirror_that_went_up_is_whole_or_says_that_it_is_not)
{
    ftp_host_put_directory(&host, "/t");
    ftp_host_put(&host, "/t/keep", "");
    put_file("a", "first");
    put_file("keep", "");
    put_directory("d");
    put_file("d/b", "second");
    visit_until_enough(mirror_up);
}

static enum fault fetch_segments(void)
{
    put_file("f", "old");
    begin_visit();
    enum fault f = remote_open(&settings, &remote);
    struct crew *crew = f ? NULL : crew_new(&settings, rules.segments);
    if (!f)
        f = crew ? segments_fetch(remote, crew, "f", tree, "f", &rules, &progress, &outcome)
                 : FAULT_NO_MEMORY;
    end_shortage();
    crew_free(crew);
    end_visit();
    struct stat info;
    assert_int_equal(stat(at("f"), &info), 0);
    assert_int_equal(info.st_size, f ? 3 : 2 * SEGMENT_BYTES_MIN);
    return f;
}

TEST(segments_become_a_file_or_they_do_not)
{
    static char bytes[2 * SEGMENT_BYTES_MIN];
    ftp_host_append(ftp_host_put(&host, "/f", ""), bytes, sizeof(bytes));
    rules.segments = 2;
    visit_until_enough(fetch_segments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_list_stays_as_it_was),
        RUN(a_filter_can_still_be_freed),
        RUN(a_completion_has_what_there_was_room_for),
        RUN(a_macro_stays_what_it_was),
        IN_TREE(a_tree_is_left_without_halves),
        IN_TREE(what_is_to_go_on_is_still_there),
        RUN_AT_HOME(certificates_that_are_known_stay_known),
        RUN_AT_HOME(a_site_is_there_or_it_is_not),
        IN_VISIT(a_file_is_fetched_whole_or_not_at_all),
        IN_VISIT(a_file_is_sent_whole_or_not_at_all),
        IN_VISIT(a_mirror_that_came_down_is_whole_or_says_that_it_is_not),
        IN_VISIT(a_mirror_that_went_up_is_whole_or_says_that_it_is_not),
        IN_VISIT(segments_become_a_file_or_they_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

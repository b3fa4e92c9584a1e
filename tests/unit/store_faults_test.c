/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What uploads leave when the system misbehaves. Each upload is done again and
 * again while its first, second, third … system call fails, until it goes
 * through; after each the tree is looked at as it is, and as it would be if the
 * process had died there and the next start had read its journal.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "store/store_local.h"
#include "store/store_local_target.h"
#include "tests/unit/failing_system.h"
#include "tests/unit/unit.h"

/* ---- The tree ------------------------------------------------------------------ */

enum { RESERVED_BYTES = 64 * 1024, OLD_MODE = 0640 };

struct world {
    char base[64];
    struct journal *journal;
    struct store *store;
};

static struct world world;

static const char *in_base(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", world.base, name);
    return path;
}

static int set_up(void **unused)
{
    (void)unused;
    umask(0);
    trouble = (struct trouble){0};
    no_tmpfile = 0;
    no_rename_flags = 0;
    is_lossy_on_close = false;
    (void)snprintf(world.base, sizeof(world.base), "/tmp/ferry-faults-XXXXXX");
    assert_non_null(mkdtemp(world.base));
    assert_int_equal(mkdir(in_base("root"), 0755), 0);
    assert_int_equal(mkdir(in_base("crashed"), 0755), 0);
    return 0;
}

static void start(void)
{
    assert_fault(journal_open(in_base("state"), &world.journal), FAULT_NONE);
    assert_fault(store_local_open(in_base("root"), world.journal, &world.store), FAULT_NONE);
}

static void stop(void)
{
    world.store->type->free(world.store);
    journal_close(world.journal);
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    (void)snprintf(command, sizeof(command), "rm -rf %s", world.base);
    return system(command);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, OLD_MODE);
    assert_true(fd >= 0);
    assert_int_equal(__real_write(fd, bytes, len), len);
    __real_close(fd);
}

/* What the file holds; NULL when there is none. */
static const char *content_of(const char *path)
{
    static char bytes[4096];
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return NULL;
    ssize_t len = read(fd, bytes, sizeof(bytes) - 1);
    __real_close(fd);
    assert_true(len >= 0);
    bytes[len] = '\0';
    return bytes;
}

static unsigned count_names(const char *directory, const char *expected)
{
    unsigned count = 0;
    DIR *names = opendir(directory);
    assert_non_null(names);
    for (struct dirent *entry = readdir(names); entry; entry = readdir(names)) {
        if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
            continue;
        if (expected && strcmp(entry->d_name, expected) != 0)
            fail_msg("%s is left in the tree", entry->d_name);
        count++;
    }
    closedir(names);
    return count;
}

/* As a user sees it: nothing but the file itself, if that. */
static void check_listing(void)
{
    struct store_directory *directory = NULL;
    struct text name;
    enum store_kind kind;
    assert_fault(world.store->type->open_directory(world.store, "/", true, &directory), FAULT_NONE);
    do {
        assert_fault(directory->type->next(directory, &name, &kind), FAULT_NONE);
        if (name.len)
            assert_text(name, "f");
    } while (name.len);
    directory->type->close(directory);
}

/* What the next start would do if the process had died now, with this journal. */
static void recover(const void *journal, size_t len)
{
    struct journal *next = NULL;
    write_file(in_base("crashed/uploads-1-1"), journal, len);
    assert_fault(journal_open(in_base("crashed"), &next), FAULT_NONE);
    journal_close(next);
    assert_int_equal(count_names(in_base("crashed"), NULL), 0);
}

static void crash_and_recover(void)
{
    char path[512] = "";
    DIR *names = opendir(in_base("state"));
    assert_non_null(names);
    for (struct dirent *entry = readdir(names); entry; entry = readdir(names))
        if (entry->d_name[0] == 'u')
            (void)snprintf(path, sizeof(path), "%s/%s", in_base("state"), entry->d_name);
    closedir(names);
    const char *journal = content_of(path);
    assert_non_null(journal);
    recover(journal, strlen(journal));
}

/* ---- Uploads --------------------------------------------------------------------- */

struct scenario {
    struct store_upload_request request;
    const char *before; /* NULL: there is no file */
    bool is_partial;    /* it carries the mark of one */
    bool is_in_place;   /* the upload writes into the file itself */
    const char *after;  /* how it is once published; the bytes sent are its last ones */
    size_t kept;        /* so many of its first bytes are not sent */
};

static enum fault send_all(struct store_upload *upload, const char *bytes)
{
    size_t half = strlen(bytes) / 2;
    enum fault f = stream_write(&upload->stream, bytes, half);
    return f ? f : stream_write(&upload->stream, bytes + half, strlen(bytes) - half);
}

/* As the gate does it: what a fault of the disk cut short is not kept. */
static enum fault run_upload(const struct scenario *s)
{
    struct store_upload *upload = NULL;
    enum fault f = world.store->type->open_upload(world.store, "/f", &s->request, &upload);
    if (f)
        return f;
    f = send_all(upload, s->after + s->kept);
    if (!f)
        return upload->type->publish(upload);
    (void)upload->type->abandon(upload, false);
    return f;
}

static void lay_out(const struct scenario *s)
{
    (void)unlink(in_base("root/f"));
    if (!s->before)
        return;
    write_file(in_base("root/f"), s->before, strlen(s->before));
    if (s->is_partial)
        assert_int_equal(setxattr(in_base("root/f"), LOCAL_PARTIAL_MARK, "1", 1, 0), 0);
}

/* Every byte is the old file's or the new one's at its place, and none that was to stay is gone. */
static bool is_between(const struct scenario *s, const char *content)
{
    size_t len = content ? strlen(content) : 0;
    size_t old_len = s->before ? strlen(s->before) : 0;
    size_t new_len = strlen(s->after);
    for (size_t i = 0; i < len; i++)
        if (!(i < old_len && content[i] == s->before[i]) &&
            !(i < new_len && content[i] == s->after[i]))
            return false;
    return len >= s->kept;
}

static bool is_same(const char *content, const char *expected)
{
    return content && expected ? strcmp(content, expected) == 0 : content == expected;
}

static void check_file(const struct scenario *s, enum fault f, const char *when)
{
    const char *content = content_of(in_base("root/f"));
    bool is_new = is_same(content, s->after);
    bool fine = is_new;
    if (f && s->is_in_place)
        fine = is_between(s, content);
    else if (f) /* synced: the file is there, its name may not be on the disk */
        fine = is_same(content, s->before) || (is_new && s->request.sync);
    if (!fine)
        fail_msg("call %u fails with %s%s: FAULT_%s, and %s the file is \"%s\"", trouble.nth,
                 strerrorname_np(trouble.error), trouble.lasts ? " and all after it" : "",
                 fault_name(f), when, content ? content : "(none)");
}

static void check_fault(enum fault f)
{
    enum fault expected = fault_from_errno(trouble.error);
    /* A short write of the journal is lack of room, whatever the reason. */
    if (f != FAULT_NONE && f != expected && !(trouble.lasts && f == FAULT_NO_SPACE))
        fail_msg("call %u fails with %s, reported as FAULT_%s", trouble.nth,
                 strerrorname_np(trouble.error), fault_name(f));
}

static void check_mode(const struct scenario *s)
{
    struct stat info;
    assert_int_equal(stat(in_base("root/f"), &info), 0);
    assert_int_equal(info.st_mode & 0777, s->before ? OLD_MODE : s->request.mode);
}

/* One upload with one trouble; true when the trouble was met. */
static bool survive(const struct scenario *s, struct trouble next)
{
    lay_out(s);
    start();
    unsigned open_before = count_names("/proc/self/fd", NULL);
    trouble = next;
    enum fault f = run_upload(s);
    unsigned nth = trouble.nth;
    trouble.nth = 0;
    bool met = trouble.met;
    assert_int_equal(count_names("/proc/self/fd", NULL), open_before);
    trouble.nth = nth;
    check_fault(f);
    if (!met)
        assert_fault(f, FAULT_NONE);
    /* With nothing that works, not even half an append can be taken back at once. */
    bool is_beyond_help = trouble.lasts && !is_full() && s->request.kind != STORE_REPLACE;
    struct scenario now = *s;
    now.is_in_place |= is_beyond_help;
    trouble.nth = 0;
    check_listing();
    check_file(&now, f, "as it is");
    crash_and_recover();
    check_file(s, f, "after a crash");
    if (!f)
        check_mode(s);
    if (!f)
        assert_int_equal(getxattr(in_base("root/f"), LOCAL_PARTIAL_MARK, NULL, 0), -1);
    assert_int_equal(count_names(in_base("root"), "f"), content_of(in_base("root/f")) ? 1 : 0);
    stop();
    return met;
}

static void fail_every_call(const struct scenario *s)
{
    static const int errors[] = {ENOSPC, EDQUOT, EIO, EROFS};
    for (size_t i = 0; i < COUNT(errors) * 2; i++) {
        struct trouble next = {.error = errors[i / 2], .lasts = i % 2};
        do
            next.nth++;
        while (survive(s, next));
        assert_true(next.nth > 1); /* something did fail */
    }
}

/* In every manner that an administrator can choose, on both kinds of file system. */
static void whatever_fails(struct scenario s)
{
    for (unsigned manner = 0; manner < 4; manner++) {
        s.request.mode = 0644;
        s.request.sync = manner & 1;
        s.request.reserve_bytes = manner & 1 ? RESERVED_BYTES : 0;
        no_tmpfile = manner & 2 ? EOPNOTSUPP : 0;
        fail_every_call(&s);
    }
}

TEST(a_new_file_is_whole_or_not_there)
{
    whatever_fails((struct scenario){.request.kind = STORE_REPLACE, .after = "new content"});
}

TEST(a_replaced_file_is_the_old_or_the_new_one)
{
    whatever_fails((struct scenario){
        .request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"});
}

TEST(an_append_is_there_whole_or_not_at_all)
{
    whatever_fails((struct scenario){
        .request.kind = STORE_APPEND, .before = "a log", .after = "a log and more", .kept = 5});
}

TEST(an_append_to_no_file_is_there_whole_or_not_at_all)
{
    whatever_fails((struct scenario){.request.kind = STORE_APPEND, .after = "first lines"});
}

TEST(a_continued_file_is_the_old_or_the_new_one)
{
    whatever_fails((struct scenario){.request = {.kind = STORE_RESUME, .offset = 5},
                                     .before = "begun",
                                     .after = "begun and ended",
                                     .kept = 5});
    whatever_fails((struct scenario){.request = {.kind = STORE_RESUME, .offset = 3},
                                     .before = "begun and wrong",
                                     .after = "beg for more",
                                     .kept = 3});
    whatever_fails((struct scenario){.request.kind = STORE_RESUME, .after = "from the start"});
}

TEST(a_unique_file_is_whole_or_not_there)
{
    whatever_fails((struct scenario){.request.kind = STORE_UNIQUE, .after = "one of its kind"});
}

TEST(a_partial_file_keeps_what_it_has)
{
    whatever_fails((struct scenario){.request.kind = STORE_APPEND,
                                     .before = "part",
                                     .is_partial = true,
                                     .is_in_place = true,
                                     .after = "part and the rest",
                                     .kept = 4});
    whatever_fails((struct scenario){.request = {.kind = STORE_RESUME, .offset = 2},
                                     .before = "part",
                                     .is_partial = true,
                                     .is_in_place = true,
                                     .after = "pack",
                                     .kept = 2});
}

TEST(a_direct_upload_changes_only_what_it_was_sent_for)
{
    static const struct scenario scenarios[] = {
        {.request.kind = STORE_REPLACE, .after = "new content"},
        {.request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"},
        {.request.kind = STORE_APPEND, .after = "first lines"},
        {.request.kind = STORE_APPEND, .before = "a log", .after = "a log and more", .kept = 5},
        {.request = {.kind = STORE_RESUME, .offset = 3},
         .before = "beginning",
         .after = "begun not",
         .kept = 3},
        {.request.kind = STORE_UNIQUE, .after = "one of its kind"},
    };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct scenario direct = scenarios[i];
        direct.request.direct = true;
        direct.is_in_place = true;
        whatever_fails(direct);
    }
}

/* ---- Uploads that are given up -------------------------------------------------------- */

/* Does the file bear out what was said to be left? */
static void check_remains(const struct scenario *s, enum store_remains remains)
{
    const char *content = content_of(in_base("root/f"));
    bool fine = false;
    switch (remains) {
    case STORE_LEFT_NOTHING:
        fine = !content;
        break;
    case STORE_LEFT_OLD:
        fine = s->before && is_same(content, s->before);
        break;
    case STORE_LEFT_PARTIAL: /* what follows it is never wrong, as the client has it */
        fine = content && is_between(s, content) && strlen(content) >= strlen(s->after) &&
               getxattr(in_base("root/f"), LOCAL_PARTIAL_MARK, NULL, 0) == 1;
        break;
    case STORE_LEFT_CHANGED:
        fine = s->request.direct && content && is_between(s, content);
        break;
    }
    if (!fine)
        fail_msg("call %u fails with %s: %u is said to be left, and there is \"%s\"", trouble.nth,
                 strerrorname_np(trouble.error), remains, content ? content : "(none)");
}

static bool survive_break(const struct scenario *s, struct trouble next)
{
    struct store_upload *upload = NULL;
    lay_out(s);
    start();
    assert_fault(world.store->type->open_upload(world.store, "/f", &s->request, &upload),
                 FAULT_NONE);
    assert_fault(send_all(upload, s->after + s->kept), FAULT_NONE);
    trouble = next;
    enum store_remains remains = upload->type->abandon(upload, true);
    bool met = trouble.met;
    trouble = (struct trouble){.error = next.error};
    check_listing();
    check_remains(s, remains);
    crash_and_recover();
    check_remains(s, remains);
    assert_int_equal(count_names(in_base("root"), "f"), content_of(in_base("root/f")) ? 1 : 0);
    stop();
    return met;
}

TEST(a_broken_upload_leaves_what_it_says)
{
    static const struct scenario scenarios[] = {
        {.request.kind = STORE_REPLACE, .after = "new content"},
        {.request.kind = STORE_UNIQUE, .after = "one of its kind"},
        {.request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"},
        {.request.kind = STORE_APPEND, .before = "a log", .after = "a log and more", .kept = 5},
        {.request.kind = STORE_APPEND,
         .before = "part",
         .is_partial = true,
         .after = "part and the rest",
         .kept = 4},
        {.request = {.kind = STORE_REPLACE, .direct = true}, .after = "new content"},
        {.request = {.kind = STORE_APPEND, .direct = true},
         .before = "a log",
         .after = "a log and more",
         .kept = 5},
    };
    static const int errors[] = {ENOSPC, EDQUOT, EIO, EROFS};
    for (size_t i = 0; i < COUNT(scenarios) * COUNT(errors) * 2; i++) {
        struct trouble next = {.error = errors[i / 2 % COUNT(errors)], .lasts = i % 2};
        no_tmpfile = 0;
        do
            next.nth++;
        while (survive_break(&scenarios[i / 2 / COUNT(errors)], next));
        next.nth = 0;
        no_tmpfile = EOPNOTSUPP;
        do
            next.nth++;
        while (survive_break(&scenarios[i / 2 / COUNT(errors)], next));
    }
}

/* ---- Systems that are different ------------------------------------------------------------ */

static enum fault upload_once(const struct scenario *s)
{
    lay_out(s);
    start();
    enum fault f = run_upload(s);
    check_listing();
    stop();
    return f;
}

TEST(a_file_system_without_nameless_files_will_do)
{
    static const int answers[] = {EOPNOTSUPP, EISDIR, ENOENT};
    const struct scenario s = {
        .request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"};
    for (size_t i = 0; i < COUNT(answers); i++) {
        no_tmpfile = answers[i];
        assert_fault(upload_once(&s), FAULT_NONE);
        assert_string_equal(content_of(in_base("root/f")), s.after);
        assert_int_equal(count_names(in_base("root"), "f"), 1);
    }
}

TEST(a_file_system_whose_renames_know_no_flags_has_unique_names)
{
    struct scenario s = {.request.kind = STORE_UNIQUE, .after = "one of its kind"};
    struct store_upload *upload = NULL;
    no_tmpfile = EOPNOTSUPP;
    no_rename_flags = EINVAL;
    assert_fault(upload_once(&s), FAULT_NONE);
    assert_string_equal(content_of(in_base("root/f")), s.after);
    assert_int_equal(count_names(in_base("root"), "f"), 1);
    lay_out(&s);
    start();
    assert_fault(world.store->type->open_upload(world.store, "/f", &s.request, &upload),
                 FAULT_NONE);
    assert_fault(send_all(upload, s.after), FAULT_NONE);
    write_file(in_base("root/f"), "theirs", 6);
    assert_fault(upload->type->publish(upload), FAULT_EXISTS);
    stop();
    assert_string_equal(content_of(in_base("root/f")), "theirs");
    assert_int_equal(count_names(in_base("root"), "f"), 1);
}

TEST(a_replaced_file_keeps_its_group_where_its_owner_cannot_be_kept)
{
    const struct scenario s = {
        .request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"};
    groups_given = 0;
    user = geteuid() + 1;
    assert_fault(upload_once(&s), FAULT_NONE);
    user = 0;
    assert_int_equal(groups_given, 1);
}

TEST(bytes_that_are_refused_late_are_not_published)
{
    static const struct scenario scenarios[] = {
        {.request.kind = STORE_REPLACE, .after = "new content"},
        {.request.kind = STORE_REPLACE, .before = "old content", .after = "a newer content"},
        {.request.kind = STORE_APPEND, .before = "a log", .after = "a log and more", .kept = 5},
    };
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        is_lossy_on_close = true;
        assert_fault(upload_once(&scenarios[i]), FAULT_TOO_LARGE);
        is_lossy_on_close = false;
        const char *content = content_of(in_base("root/f"));
        assert_true(is_same(content, scenarios[i].before));
    }
}

TEST(a_synced_append_survives_a_power_failure)
{
    const struct scenario s = {.request = {.kind = STORE_APPEND, .sync = true},
                               .before = "a log",
                               .after = "a log and more",
                               .kept = 5};
    synced_len = 0;
    assert_fault(upload_once(&s), FAULT_NONE);
    assert_true(synced_len > 0);
    recover(synced, synced_len);
    assert_string_equal(content_of(in_base("root/f")), s.after);
}

TEST(every_kind_of_call_was_made_to_fail)
{
    for (enum call call = 0; call < CALL_COUNT; call++)
        if (!failed[call])
            fail_msg("call %u never failed", call);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_new_file_is_whole_or_not_there),
        IN_WORLD(a_replaced_file_is_the_old_or_the_new_one),
        IN_WORLD(an_append_is_there_whole_or_not_at_all),
        IN_WORLD(an_append_to_no_file_is_there_whole_or_not_at_all),
        IN_WORLD(a_continued_file_is_the_old_or_the_new_one),
        IN_WORLD(a_unique_file_is_whole_or_not_there),
        IN_WORLD(a_partial_file_keeps_what_it_has),
        IN_WORLD(a_direct_upload_changes_only_what_it_was_sent_for),
        IN_WORLD(a_broken_upload_leaves_what_it_says),
        IN_WORLD(a_file_system_without_nameless_files_will_do),
        IN_WORLD(a_file_system_whose_renames_know_no_flags_has_unique_names),
        IN_WORLD(a_replaced_file_keeps_its_group_where_its_owner_cannot_be_kept),
        IN_WORLD(bytes_that_are_refused_late_are_not_published),
        IN_WORLD(a_synced_append_survives_a_power_failure),
        RUN(every_kind_of_call_was_made_to_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store_local_target.h"
#include "tests/unit/store_tree.h"

/* ---- The system, watched (tests/meson.build) ------------------------------------ */

static int days_ahead;      /* of the time that it is */
static uid_t another_user;  /* whom the store takes us for; 0: who we are */
static unsigned strikes;    /* of records of the journal */
static bool was_tail_there; /* at the last of them */

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t at);

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);

uid_t __wrap_geteuid(void)
{
    return another_user ? another_user : __real_geteuid();
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int result = __real_clock_gettime(clock, ret_time);
    ret_time->tv_sec += (time_t)days_ahead * 24 * 60 * 60;
    return result;
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
    if (len == 1 && memcmp(bytes, "-", 1) == 0) {
        strikes++;
        was_tail_there = access(in_root(".ferry/f.tail"), F_OK) == 0;
    }
    return __real_pwrite64(fd, bytes, len, at);
}

/* ---- Uploads that are kept ----------------------------------------------------- */

static const struct store_upload_request plain = {.kind = STORE_REPLACE, .mode = 0644};
static const struct store_upload_request append = {.kind = STORE_APPEND, .mode = 0644};

static struct store_upload *begin_as(struct store_upload_request request)
{
    struct store_upload *upload = NULL;
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    return upload;
}

static enum fault try_going_on(struct store_upload_request request, struct store_kept kept,
                               struct store_upload **ret_upload)
{
    request.goes_on = true;
    request.kept = kept;
    return world.store->type->open_upload(world.store, "/f", &request, ret_upload);
}

static struct store_upload *go_on(struct store_upload_request request, struct store_kept kept)
{
    struct store_upload *upload = NULL;
    assert_fault(try_going_on(request, kept, &upload), FAULT_NONE);
    return upload;
}

static enum fault cannot_go_on(struct store_upload_request request, struct store_kept kept)
{
    struct store_upload *upload = NULL;
    return try_going_on(request, kept, &upload);
}

/* What else of it a marker could say. */
static struct store_kept with_bytes(struct store_kept kept, uint64_t bytes, uint64_t annex_bytes)
{
    return (struct store_kept){bytes, annex_bytes, kept.id};
}

static void note(struct store_upload *upload, const char *annex)
{
    assert_fault(upload->type->annex(upload, text_of(annex)), FAULT_NONE);
}

static struct store_kept keep(struct store_upload *upload)
{
    struct store_kept kept = {0};
    assert_fault(upload->type->keep(upload, &kept), FAULT_NONE);
    return kept;
}

static void publish(struct store_upload *upload)
{
    assert_fault(upload->type->publish(upload), FAULT_NONE);
}

/* "" when it has none. */
static const char *annex_of(const char *path)
{
    static char bytes[256];
    struct stream *file = NULL;
    struct stream *annex = NULL;
    struct store_info info;
    size_t len = 0;
    assert_fault(world.store->type->open_read(world.store, path, &file, &info), FAULT_NONE);
    if (!world.store->type->open_annex(world.store, path, file, &annex))
        assert_fault(stream_read(annex, bytes, sizeof(bytes) - 1, &len), FAULT_NONE);
    bytes[len] = '\0';
    stream_close(&annex);
    stream_close(&file);
    return bytes;
}

static void assert_published(const char *content, const char *annex)
{
    assert_string_equal(content_of(in_root("f")), content);
    assert_string_equal(annex_of("/f"), annex);
    assert_int_equal(names_in(world.root), *annex ? 2 : 1);
    if (*annex)
        assert_int_equal(names_in(in_root(".ferry")), 1);
}

/* What the child keeps is told through a pipe; then it is killed, as kill -9 does. */
static struct store_kept die_with(struct store_upload_request request, struct journal *journal)
{
    int ends[2];
    struct store_kept kept = {0};
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store = NULL;
        struct store_upload *upload = NULL;
        if (store_local_open(world.root, journal, &store) == FAULT_NONE &&
            store->type->open_upload(store, "/f", &request, &upload) == FAULT_NONE &&
            stream_write(&upload->stream, "kept", 4) == FAULT_NONE &&
            upload->type->annex(upload, TEXT("annex\n")) == FAULT_NONE &&
            upload->type->keep(upload, &kept) == FAULT_NONE &&
            stream_write(&upload->stream, " and lost", 9) == FAULT_NONE &&
            upload->type->annex(upload, TEXT("lost\n")) == FAULT_NONE &&
            write(ends[1], &kept, sizeof(kept)) == sizeof(kept))
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(read(ends[0], &kept, sizeof(kept)), sizeof(kept));
    close(ends[0]);
    close(ends[1]);
    return kept;
}

TEST(a_kept_upload_survives_a_kill_and_is_gone_on_with)
{
    put(in_root("f"), "old");
    for (int i = 0; i < 2; i++) {
        struct store_kept kept = die_with(plain, NULL);
        assert_int_equal(kept.bytes, 4);
        assert_int_equal(kept.annex_bytes, 6);
        assert_string_equal(content_of(in_root("f")), i ? "kept to the end" : "old");
        struct store_upload *upload = go_on(plain, kept);
        pour(upload, " to the end");
        note(upload, "end\n");
        publish(upload);
        assert_published("kept to the end", "annex\nend\n");
    }
}

TEST(a_kept_append_survives_a_kill_and_is_appended_once)
{
    put(in_root("f"), "old ");
    struct store_kept kept = die_with(append, NULL);
    assert_int_equal(kept.bytes, 4);
    put(in_root("f"), "old and other ");
    struct store_upload *upload = go_on(append, kept);
    pour(upload, " to the end");
    publish(upload);
    assert_published("old and other kept to the end", "at 14\nannex\n");
}

TEST(a_kept_append_goes_on_when_its_file_has_come_or_gone)
{
    struct store_kept kept = die_with(append, NULL);
    struct store_upload *upload = go_on(append, kept);
    assert_false(upload->existed);
    publish(upload);
    assert_published("kept", "annex\n");
    kept = die_with(append, NULL);
    assert_int_equal(unlink(in_root("f")), 0);
    upload = go_on(append, kept);
    publish(upload);
    assert_published("kept", "annex\n");
}

TEST(a_kept_upload_is_gone_on_with_from_any_of_its_marks)
{
    struct store_upload *upload = begin_as(plain);
    pour(upload, "one");
    struct store_kept first = keep(upload);
    pour(upload, " two");
    note(upload, "late");
    struct store_kept second = keep(upload);
    assert_int_equal(first.bytes, 3);
    assert_int_equal(first.annex_bytes, 0);
    assert_int_equal(second.bytes, 7);
    assert_int_equal(second.annex_bytes, 4);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    assert_null(content_of(in_root("f")));
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/.ferry/f.kept"), FAULT_NOT_FOUND);
    assert_fault(cannot_go_on(plain, with_bytes(second, 8, 4)), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_go_on(plain, with_bytes(second, 7, 5)), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_go_on(append, second), FAULT_OUT_OF_RANGE);
    upload = go_on(plain, second);
    pour(upload, " lost");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    upload = go_on(plain, first);
    pour(upload, " 2");
    publish(upload);
    assert_published("one 2", "");
    assert_fault(cannot_go_on(plain, first), FAULT_OUT_OF_RANGE);
}

TEST(what_is_kept_is_not_kept_in_vain)
{
    struct store_upload *upload = begin_as(plain);
    pour(upload, "kept");
    note(upload, "annex");
    (void)keep(upload);
    pour(upload, " and more");
    (void)keep(upload);
    publish(upload);
    assert_published("kept and more", "annex");
    upload = begin_as(plain);
    pour(upload, "full disk");
    note(upload, "annex");
    (void)keep(upload);
    assert_int_equal(upload->type->abandon(upload, false), STORE_LEFT_OLD);
    assert_published("kept and more", "annex");
}

TEST(one_upload_of_a_name_is_kept_at_a_time)
{
    struct store_kept kept;
    struct store_upload *first = begin_as(plain);
    struct store_upload *second = begin_as(plain);
    pour(first, "first");
    pour(second, "second");
    kept = keep(first);
    assert_fault(cannot_go_on(plain, kept), FAULT_BUSY);
    assert_fault(second->type->keep(second, &kept), FAULT_BUSY);
    assert_int_equal(first->type->abandon(first, true), STORE_LEFT_KEPT);
    kept = keep(second); /* in the place of the first, which is dead */
    assert_int_equal(second->type->abandon(second, true), STORE_LEFT_KEPT);
    second = go_on(plain, kept);
    publish(second);
    assert_published("second", "");
}

TEST(an_upload_that_is_alive_is_kept_whatever_is_done_to_the_name)
{
    put(in_root("f"), "old");
    struct store_upload *upload = begin_as(plain);
    pour(upload, "kept");
    note(upload, "annex");
    (void)keep(upload);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NONE);
    struct store_upload *other = begin_as(plain);
    pour(other, "other");
    publish(other);
    assert_fault(world.store->type->rename(world.store, "/f", "/g"), FAULT_NONE);
    assert_fault(world.store->type->remove(world.store, "/g"), FAULT_NONE);
    publish(upload);
    assert_published("kept", "annex");
}

TEST(what_a_dead_upload_kept_goes_with_the_name)
{
    for (int how = 0; how < 4; how++) {
        put(in_root("f"), "old");
        (void)die_with(plain, NULL);
        (void)die_with(append, NULL);
        assert_int_equal(names_in(in_root(".ferry")), 4);
        if (how == 0) {
            assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NONE);
        } else if (how == 1) {
            assert_fault(world.store->type->rename(world.store, "/f", "/g"), FAULT_NONE);
        } else {
            publish(begin_as(how == 2 ? plain : append)); /* done anew */
            assert_int_equal(access(in_root(".ferry"), F_OK), -1);
            assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NONE);
        }
        assert_int_equal(access(in_root(".ferry"), F_OK), -1);
    }
}

TEST(a_directory_that_holds_only_what_dead_uploads_kept_is_removed)
{
    struct store_upload *upload = NULL;
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_fault(world.store->type->open_upload(world.store, "/d/f", &plain, &upload), FAULT_NONE);
    pour(upload, "kept");
    (void)keep(upload);
    assert_fault(world.store->type->remove_directory(world.store, "/d"), FAULT_NOT_EMPTY);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    assert_fault(world.store->type->remove_directory(world.store, "/d"), FAULT_NONE);
    assert_int_equal(names_in(world.root), 0);
}

TEST(a_kept_file_is_not_in_the_journal)
{
    struct journal *journal = NULL;
    char state[128];
    (void)snprintf(state, sizeof(state), "%s/state", world.base);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    struct store_kept kept = die_with(plain, journal);
    journal_close(journal);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    publish(go_on(plain, kept));
    assert_published("kept", "annex\n");
    journal_close(journal);
}

TEST(what_is_kept_stays_when_there_is_no_room_to_go_on)
{
    struct store_kept kept = die_with(plain, NULL);
    struct store_upload_request large = plain;
    struct store_upload *upload = NULL;
    large.reserve_bytes = (uint64_t)1 << 50;
    enum fault f = try_going_on(large, kept, &upload);
    assert_true(f == FAULT_NO_SPACE || f == FAULT_TOO_LARGE);
    publish(go_on(plain, kept));
    assert_published("kept", "annex\n");
}

TEST(a_kept_file_keeps_the_mode_of_the_one_that_it_is_to_replace)
{
    struct stat info;
    put(in_root("f"), "old");
    assert_int_equal(chmod(in_root("f"), 0640), 0);
    publish(go_on(plain, die_with(plain, NULL)));
    assert_int_equal(stat(in_root("f"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
}

TEST(a_kept_upload_with_holes_is_written_on_in_any_order)
{
    struct store_upload *upload = begin_as(plain);
    assert_fault(stream_seek(&upload->stream, 6), FAULT_NONE);
    pour(upload, "far");
    struct store_kept kept = keep(upload);
    assert_int_equal(kept.bytes, 9);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    upload = go_on(plain, kept);
    assert_fault(stream_seek(&upload->stream, 0), FAULT_NONE);
    pour(upload, "begins");
    publish(upload);
    assert_published("beginsfar", "");
}

/* ---- Uploads that write into the file itself ----------------------------------------- */

TEST(a_direct_upload_is_kept_in_the_file_and_its_annex_beside_it)
{
    struct store_upload_request direct = plain;
    direct.direct = true;
    struct store_kept kept = die_with(direct, NULL);
    assert_int_equal(kept.bytes, 4);
    assert_int_equal(kept.annex_bytes, 6);
    assert_string_equal(content_of(in_root("f")), "kept and lost");
    assert_fault(cannot_go_on(direct, with_bytes(kept, 14, 6)), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_go_on(direct, with_bytes(kept, 4, 60)), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_go_on(direct, (struct store_kept){4, 6, kept.id + 1}), FAULT_OUT_OF_RANGE);
    struct store_upload *upload = go_on(direct, kept);
    pour(upload, " to the end");
    note(upload, "end\n");
    publish(upload);
    assert_published("kept to the end", "annex\nend\n");
}

TEST(one_direct_upload_of_a_name_keeps_an_annex_at_a_time)
{
    struct store_upload_request direct = plain;
    struct store_kept kept;
    direct.direct = true;
    struct store_upload *first = begin_as(direct);
    struct store_upload *second = begin_as(direct);
    note(first, "first");
    note(second, "second");
    (void)keep(first);
    assert_fault(second->type->keep(second, &kept), FAULT_BUSY);
    publish(first);
    assert_int_equal(keep(second).annex_bytes, 6);
    publish(second);
    assert_published("", "second");
}

TEST(what_writes_to_the_end_of_its_file_is_not_kept_in_it)
{
    struct store_upload_request direct = append;
    struct store_kept kept;
    direct.direct = true;
    put(in_root("f"), "old ");
    struct store_upload *upload = begin_as(direct);
    pour(upload, "new");
    assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
    publish(upload);
    assert_string_equal(content_of(in_root("f")), "old new");
    assert_fault(cannot_go_on(direct, (struct store_kept){4, 0, 1}), FAULT_OUT_OF_RANGE);
}

TEST(a_partial_is_not_kept_apart)
{
    static const enum store_upload_kind kinds[] = {STORE_APPEND, STORE_RESUME};
    struct store_kept kept;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct store_upload *upload = begin_as(plain);
        pour(upload, "part ");
        assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
        upload = begin(kinds[i], 5, "/f");
        pour(upload, "end");
        assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
        publish(upload);
        assert_published("part end", "");
        assert_int_equal(unlink(in_root("f")), 0);
    }
}

TEST(what_cannot_be_kept_says_so)
{
    struct store_kept kept;
    struct store_upload *upload = NULL;
    char path[LOCAL_NAME_SIZE] = "/";
    memset(path + 1, 'n', 241);
    assert_fault(world.store->type->open_upload(world.store, path, &plain, &upload), FAULT_NONE);
    pour(upload, "x");
    assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
    publish(upload);
    put(in_root("f"), "0123");
    for (uint64_t offset = 2; offset <= 4; offset += 2) {
        upload = begin(STORE_RESUME, offset, "/f");
        pour(upload, "x");
        assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
        (void)upload->type->abandon(upload, true);
    }
    assert_fault(cannot_go_on(plain, (struct store_kept){0, 0, 1}), FAULT_OUT_OF_RANGE);
}

/* ---- What is in the way ----------------------------------------------------------- */

TEST(a_marker_of_another_upload_is_not_taken_for_this_one_s)
{
    struct store_upload *first = begin_as(plain);
    struct store_upload *second = begin_as(plain);
    pour(first, "first");
    pour(second, "secon");
    struct store_kept kept = keep(first);
    assert_int_not_equal(kept.id, 0);
    assert_int_equal(first->type->abandon(first, true), STORE_LEFT_KEPT);
    struct store_kept other = keep(second);
    assert_int_not_equal(other.id, kept.id);
    assert_int_equal(second->type->abandon(second, true), STORE_LEFT_KEPT);
    assert_fault(cannot_go_on(plain, kept), FAULT_OUT_OF_RANGE);
    second = go_on(plain, other);
    assert_int_equal(keep(second).id, other.id);
    publish(second);
    assert_published("secon", "");
}

TEST(what_was_kept_survives_a_publishing_that_fails)
{
    struct store_upload *upload = begin_as(append);
    pour(upload, "kept");
    note(upload, "annex\n");
    struct store_kept kept = keep(upload);
    pour(upload, " and more");
    assert_int_equal(mkdir(in_root("f"), 0755), 0);
    assert_int_not_equal(upload->type->publish(upload), FAULT_NONE);
    assert_int_equal(rmdir(in_root("f")), 0);
    publish(go_on(append, kept));
    assert_published("kept", "annex\n");
}

TEST(whatever_is_at_the_hidden_names_an_upload_goes_on_without_being_kept)
{
    static const char *const commands[] = {
        "touch %s/.ferry",
        "ln -s ../outside %s/.ferry",
        "mkdir -p %s/.ferry/f.kept",
        "mkdir -p %s/.ferry/f.kept-annex",
    };
    for (size_t i = 0; i < COUNT(commands); i++) {
        char command[256];
        struct store_kept kept;
        char *end = command;
        const char *root = strchr(commands[i], '%');
        (void)snprintf(end, sizeof(command), "%.*s%s%s", (int)(root - commands[i]), commands[i],
                       world.root, root + 2);
        assert_int_equal(system(command), 0);
        struct store_upload *upload = begin_as(plain);
        pour(upload, "content");
        assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
        publish(upload);
        assert_string_equal(content_of(in_root("f")), "content");
        (void)snprintf(command, sizeof(command), "rm -r %s/.ferry %s/f", world.root, world.root);
        assert_int_equal(system(command), 0);
        assert_int_equal(names_in(world.outside), 1);
    }
}

TEST(what_nobody_was_told_to_be_kept_becomes_a_partial_all_the_same)
{
    struct store_kept kept;
    struct store_upload *upload = begin_as(plain);
    pour(upload, "one");
    assert_int_equal(mkdir(in_root(".ferry"), 0755), 0);
    assert_int_equal(mkdir(in_root(".ferry/f.kept-annex"), 0755), 0);
    note(upload, "annex");
    assert_fault(upload->type->keep(upload, &kept), FAULT_UNSUPPORTED);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_string_equal(content_of(in_root("f")), "one");
}

TEST(an_upload_is_kept_where_the_hidden_directory_is_now)
{
    struct store_kept kept;
    struct store_upload *first = begin_as(plain);
    struct store_upload *second = begin_as(plain);
    (void)keep(first);
    pour(second, "second");
    assert_fault(second->type->keep(second, &kept), FAULT_BUSY);
    publish(first);
    assert_int_equal(access(in_root(".ferry"), F_OK), -1);
    kept = keep(second);
    assert_true(access(in_root(".ferry/f.kept"), F_OK) == 0);
    assert_int_equal(second->type->abandon(second, true), STORE_LEFT_KEPT);
    publish(go_on(plain, kept));
    assert_published("second", "");
}

TEST(a_file_of_two_names_is_not_gone_on_with)
{
    struct store_upload *upload = begin_as(plain);
    pour(upload, "kept");
    struct store_kept kept = keep(upload);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    assert_int_equal(link(in_root(".ferry/f.kept"), outside("victim")), 0);
    assert_fault(cannot_go_on(plain, with_bytes(kept, 0, 0)), FAULT_OUT_OF_RANGE);
    assert_string_equal(content_of(outside("victim")), "kept");
    assert_int_equal(unlink(outside("victim")), 0);
    assert_int_equal(rename(in_root(".ferry/f.kept"), outside("victim")), 0);
    assert_int_equal(symlink("../../outside/victim", in_root(".ferry/f.kept")), 0);
    assert_fault(cannot_go_on(plain, with_bytes(kept, 0, 0)), FAULT_OUT_OF_RANGE);
    assert_string_equal(content_of(outside("victim")), "kept");
}

TEST(another_user_s_file_is_not_gone_on_with)
{
    struct store_kept kept = die_with(plain, NULL);
    another_user = geteuid() + 1;
    assert_fault(cannot_go_on(plain, kept), FAULT_OUT_OF_RANGE);
    another_user = 0;
    publish(go_on(plain, kept));
    assert_published("kept", "annex\n");
}

TEST(what_got_the_owner_of_the_file_that_it_replaces_is_gone_on_with)
{
    put(in_root("f"), "old");
    struct store_upload *upload = begin_as(plain);
    pour(upload, "kept");
    struct store_kept kept = keep(upload);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    another_user = geteuid() + 1;
    upload = go_on(plain, kept);
    another_user = 0;
    publish(upload);
    assert_published("kept", "");
}

/* ---- What nobody goes on with -------------------------------------------------------- */

TEST(a_kept_upload_is_deleted_by_the_name_that_it_was_to_have)
{
    struct store_upload *upload = begin_as(plain);
    (void)keep(upload);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NOT_FOUND); /* it is alive */
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_KEPT);
    assert_fault(world.store->type->remove(world.store, "/g"), FAULT_NOT_FOUND);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NONE);
    assert_int_equal(names_in(world.root), 0);
    assert_fault(world.store->type->remove(world.store, "/f"), FAULT_NOT_FOUND);
}

TEST(what_is_published_ends_what_dead_uploads_of_its_name_kept)
{
    struct store_kept kept = die_with(append, NULL);
    struct store_upload *upload = begin_as(plain);
    publish(upload);
    assert_fault(cannot_go_on(append, kept), FAULT_OUT_OF_RANGE);
    kept = die_with(plain, NULL);
    upload = begin_as(append);
    pour(upload, "more");
    publish(upload);
    assert_fault(cannot_go_on(plain, kept), FAULT_OUT_OF_RANGE);
    kept = die_with(plain, NULL);
    assert_int_equal(unlink(in_root("f")), 0);
    upload = begin_as(plain);
    pour(upload, "part");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_fault(cannot_go_on(plain, kept), FAULT_OUT_OF_RANGE);
    assert_published("part", "");
}

TEST(what_nobody_goes_on_with_for_weeks_goes_when_another_upload_is_kept)
{
    struct store_upload *alive = NULL;
    struct store_upload *other = NULL;
    (void)die_with(plain, NULL);
    put(in_root(".ferry/f.annex"), "stays");
    assert_fault(world.store->type->open_upload(world.store, "/alive", &plain, &alive), FAULT_NONE);
    (void)keep(alive);
    assert_int_equal(names_in(in_root(".ferry")), 4);
    for (int days = 13; days <= 15; days++) {
        days_ahead = days;
        assert_fault(world.store->type->open_upload(world.store, "/other", &append, &other),
                     FAULT_NONE);
        (void)keep(other);
        assert_int_equal(names_in(in_root(".ferry")), days <= 14 ? 5 : 3);
        assert_int_equal(other->type->abandon(other, false), STORE_LEFT_NOTHING);
    }
    days_ahead = 0;
    publish(alive);
}

/* ---- What is appended once ------------------------------------------------------------ */

TEST(a_kept_append_cannot_be_gone_on_with_once_it_counts)
{
    struct journal *journal = NULL;
    struct store *store = NULL;
    struct store_upload *upload = NULL;
    char state[128];
    (void)snprintf(state, sizeof(state), "%s/state", world.base);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    assert_fault(store_local_open(world.root, journal, &store), FAULT_NONE);
    put(in_root("f"), "old ");
    assert_fault(store->type->open_upload(store, "/f", &append, &upload), FAULT_NONE);
    pour(upload, "new");
    (void)keep(upload);
    strikes = 0;
    publish(upload);
    assert_true(strikes > 0);
    assert_false(was_tail_there);
    assert_published("old new", "");
    store->type->free(store);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_kept_upload_survives_a_kill_and_is_gone_on_with),
        IN_WORLD(a_kept_append_survives_a_kill_and_is_appended_once),
        IN_WORLD(a_kept_append_goes_on_when_its_file_has_come_or_gone),
        IN_WORLD(a_kept_upload_is_gone_on_with_from_any_of_its_marks),
        IN_WORLD(what_is_kept_is_not_kept_in_vain),
        IN_WORLD(one_upload_of_a_name_is_kept_at_a_time),
        IN_WORLD(an_upload_that_is_alive_is_kept_whatever_is_done_to_the_name),
        IN_WORLD(what_a_dead_upload_kept_goes_with_the_name),
        IN_WORLD(a_directory_that_holds_only_what_dead_uploads_kept_is_removed),
        IN_WORLD(a_kept_file_is_not_in_the_journal),
        IN_WORLD(what_is_kept_stays_when_there_is_no_room_to_go_on),
        IN_WORLD(a_kept_file_keeps_the_mode_of_the_one_that_it_is_to_replace),
        IN_WORLD(a_kept_upload_with_holes_is_written_on_in_any_order),
        IN_WORLD(a_direct_upload_is_kept_in_the_file_and_its_annex_beside_it),
        IN_WORLD(one_direct_upload_of_a_name_keeps_an_annex_at_a_time),
        IN_WORLD(what_writes_to_the_end_of_its_file_is_not_kept_in_it),
        IN_WORLD(a_partial_is_not_kept_apart),
        IN_WORLD(what_cannot_be_kept_says_so),
        IN_WORLD(a_marker_of_another_upload_is_not_taken_for_this_one_s),
        IN_WORLD(what_was_kept_survives_a_publishing_that_fails),
        IN_WORLD(whatever_is_at_the_hidden_names_an_upload_goes_on_without_being_kept),
        IN_WORLD(what_nobody_was_told_to_be_kept_becomes_a_partial_all_the_same),
        IN_WORLD(an_upload_is_kept_where_the_hidden_directory_is_now),
        IN_WORLD(a_file_of_two_names_is_not_gone_on_with),
        IN_WORLD(another_user_s_file_is_not_gone_on_with),
        IN_WORLD(what_got_the_owner_of_the_file_that_it_replaces_is_gone_on_with),
        IN_WORLD(a_kept_upload_is_deleted_by_the_name_that_it_was_to_have),
        IN_WORLD(what_is_published_ends_what_dead_uploads_of_its_name_kept),
        IN_WORLD(what_nobody_goes_on_with_for_weeks_goes_when_another_upload_is_kept),
        IN_WORLD(a_kept_append_cannot_be_gone_on_with_once_it_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

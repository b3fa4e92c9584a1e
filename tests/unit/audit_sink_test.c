/* SPDX-License-Identifier: Apache-2.0 */
/* Where lines go, through the writer: rotation, a disk that is full, the system's log. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/audit_files.h"

TEST(after_rotation_lines_go_to_a_new_file)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    assert_fault(audit_begin(&(struct audit_places){.xferlog_file = file("xferlog")}, &audit),
                 FAULT_NONE);
    audit_record(audit, &event);
    /* Wait for the first line before the file is moved away. */
    for (int i = 0; i < 500 && !content_of(file("xferlog"))[0]; i++)
        usleep(10000);
    assert_int_equal(rename(file("xferlog"), file("xferlog.1")), 0);
    audit_reopen(audit);
    for (int i = 0; i < 500 && access(file("xferlog"), F_OK); i++)
        usleep(10000);
    audit_record(audit, &event);
    audit_end(audit);
    assert_non_null(strchr(content_of(file("xferlog")), '\n'));
    assert_non_null(strchr(content_of(file("xferlog.1")), '\n'));
}

TEST(a_full_disk_stops_nothing)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    if (access("/dev/full", W_OK))
        fail_msg("/dev/full is needed");
    assert_fault(audit_begin(&(struct audit_places){.json_file = "/dev/full"}, &audit), FAULT_NONE);
    for (int i = 0; i < 100; i++)
        audit_record(audit, &event);
    audit_end(audit);
}

/* The file may grow so far and no further, as on a full disk, until room is made. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(a_line_torn_by_a_full_disk_does_not_spoil_the_next)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    signal(SIGXFSZ, SIG_IGN);
    assert_fault(audit_begin(&(struct audit_places){.xferlog_file = file("xferlog")}, &audit),
                 FAULT_NONE);
    limit_files(20);
    audit_record(audit, &event);
    for (int i = 0; i < 500 && strlen(content_of(file("xferlog"))) < 20; i++)
        usleep(10000);
    limit_files(RLIM_INFINITY);
    audit_record(audit, &event);
    audit_end(audit);
    const char *second = strchr(content_of(file("xferlog")), '\n');
    assert_non_null(second);
    assert_true(strlen(second + 1) > 20);
    assert_int_equal(second[strlen(second) - 1], '\n');
}

/* ---- Rotation ------------------------------------------------------------------------ */

enum { STORMERS = 4, ROTATIONS = 100, LINES_A_ROTATION = 40 };

struct storm {
    struct audit *audit; /* borrowed: the test's */
    atomic_uint rotations;
    atomic_uint stormers;
};

/* Some lines for each rotation, so that each of them comes in the middle of it. */
static void *run_storm(void *argument)
{
    struct storm *storm = argument;
    struct audit_event event = example();
    uint64_t first = atomic_fetch_add(&storm->stormers, 1) * ROTATIONS * LINES_A_ROTATION;
    event.is_transfer = false;
    for (unsigned i = 0; i < ROTATIONS * LINES_A_ROTATION; i++) {
        while (atomic_load(&storm->rotations) < i / LINES_A_ROTATION)
            sched_yield();
        event.session = first + i + 1;
        audit_record(storm->audit, &event);
    }
    return NULL;
}

static void count_lines(const char *path, unsigned char *seen)
{
    char line[1024];
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    while (fgets(line, sizeof(line), stream)) {
        const char *number = strstr(line, "\"session\":");
        assert_non_null(number);
        assert_non_null(strstr(line, "}\n"));
        seen[strtoul(number + strlen("\"session\":"), NULL, 10)]++;
    }
    (void)fclose(stream);
}

TEST(no_line_is_lost_or_doubled_by_a_hundred_rotations_in_a_storm)
{
    static unsigned char seen[STORMERS * ROTATIONS * LINES_A_ROTATION + 1];
    char old[ROTATIONS][16];
    struct storm storm = {0};
    pthread_t threads[STORMERS];
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &storm.audit),
                 FAULT_NONE);
    for (unsigned i = 0; i < STORMERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_storm, &storm), 0);
    for (unsigned i = 0; i < ROTATIONS; i++) {
        (void)snprintf(old[i], sizeof(old[i]), "json.%u", i);
        assert_int_equal(rename(file("json"), file(old[i])), 0);
        audit_reopen(storm.audit);
        while (access(file("json"), F_OK))
            usleep(100);
        atomic_fetch_add(&storm.rotations, 1);
    }
    for (unsigned i = 0; i < STORMERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(audit_lost(storm.audit), 0);
    audit_end(storm.audit);
    for (unsigned i = 0; i < ROTATIONS; i++)
        count_lines(file(old[i]), seen);
    count_lines(file("json"), seen);
    for (size_t i = 1; i < sizeof(seen); i++)
        assert_int_equal(seen[i], 1);
}

TEST(the_old_file_is_written_on_when_there_can_be_no_new_one)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    assert_int_equal(mkdir(file("logs"), 0700), 0);
    assert_fault(audit_begin(&(struct audit_places){.xferlog_file = file("logs/x")}, &audit),
                 FAULT_NONE);
    assert_int_equal(rename(file("logs"), file("old")), 0);
    audit_reopen(audit);
    audit_record(audit, &event);
    audit_end(audit);
    assert_non_null(strchr(content_of(file("old/x")), '\n'));
}

/* ---- Loss ----------------------------------------------------------------------------- */

/* Waits until this many lines have been given up. */
static void wait_for_loss(struct audit *audit, uint64_t lines)
{
    for (int i = 0; i < 500 && audit_lost(audit) < lines; i++)
        usleep(10000);
    assert_int_equal(audit_lost(audit), lines);
}

TEST(what_was_lost_is_told_in_the_file_once_it_can_be)
{
    enum { LOST = 5 };
    struct audit *audit = NULL;
    struct audit_event event = example();
    signal(SIGXFSZ, SIG_IGN);
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &audit),
                 FAULT_NONE);
    limit_files(0);
    for (int i = 0; i < LOST; i++)
        audit_record(audit, &event);
    wait_for_loss(audit, LOST);
    limit_files(RLIM_INFINITY);
    audit_record(audit, &event);
    audit_record(audit, &event);
    audit_end(audit);
    const char *told = strstr(content_of(file("json")), "\"action\":\"audit-lost\",\"lines\":5}\n");
    assert_non_null(told);
    assert_null(strstr(strchr(told, '\n'), "audit-lost"));
    assert_non_null(strstr(told, "\"action\":\"write\""));
}

static unsigned lines_in(const char *path)
{
    unsigned lines = 0;
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    for (int c = getc(stream); c != EOF; c = getc(stream))
        lines += c == '\n';
    (void)fclose(stream);
    return lines;
}

/* Lines that are written together, as all are that come while the writer is busy. */
TEST(a_disk_that_fills_up_among_many_lines_costs_those_that_found_no_room)
{
    enum { LINES = 600, ROOM = 10001 };
    struct audit *audit = NULL;
    struct audit_event event = example();
    char line[1024];
    unsigned told = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &audit),
                 FAULT_NONE);
    limit_files(ROOM);
    for (int i = 0; i < LINES; i++)
        audit_record(audit, &event);
    for (int i = 0; i < 500 && lines_in(file("json")) + audit_lost(audit) < LINES; i++)
        usleep(10000);
    unsigned whole = lines_in(file("json"));
    wait_for_loss(audit, LINES - whole);
    limit_files(RLIM_INFINITY);
    audit_record(audit, &event);
    audit_end(audit);
    (void)snprintf(line, sizeof(line), "\"action\":\"audit-lost\",\"lines\":%u}\n", LINES - whole);
    FILE *stream = fopen(file("json"), "r");
    char read[sizeof(line)];
    for (unsigned i = 0; fgets(read, sizeof(read), stream); i++) {
        bool is_torn = i == whole;
        bool is_told = i == whole + 1;
        assert_int_equal(strstr(read, line) != NULL, is_told);
        assert_int_equal(strstr(read, "\"ms\":1500}\n") != NULL, !is_torn && !is_told);
        told += is_told;
    }
    (void)fclose(stream);
    assert_int_equal(told, 1);
    assert_int_equal(lines_in(file("json")), whole + 3);
}

static void *close_audit(void *audit)
{
    audit_end(audit);
    return NULL;
}

TEST(what_found_no_room_is_told_behind_what_did)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    enum { LINES = 3000 };
    char name[4000];
    memset(name, '\n', sizeof(name));
    event.path = (struct text){name, sizeof(name)};
    assert_int_equal(mkfifo(file("json"), 0600), 0);
    int reader = open(file("json"), O_RDWR);
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &audit),
                 FAULT_NONE);
    for (int i = 0; i < LINES; i++)
        audit_record(audit, &event);
    uint64_t lost = audit_lost(audit);
    pthread_t closer;
    assert_int_equal(pthread_create(&closer, NULL, close_audit, audit), 0);
    FILE *lines = fdopen(reader, "r");
    static char line[6 * sizeof(name) + 1024];
    uint64_t told = 0;
    unsigned whole = 0;
    while (whole + told < LINES && fgets(line, sizeof(line), lines)) {
        const char *count = strstr(line, "\"audit-lost\",\"lines\":");
        if (count)
            told += strtoul(count + strlen("\"audit-lost\",\"lines\":"), NULL, 10);
        else
            whole++;
    }
    pthread_join(closer, NULL);
    (void)fclose(lines);
    assert_true(lost > 0);
    assert_int_equal(told, lost);
}

/* ---- Many at once ------------------------------------------------------------------------- */

/* What a file holds: lines that are whole, those that are torn, and how many it says are missing.
 */
struct account_of_lines {
    uint64_t whole;
    uint64_t torn;
    uint64_t told;
    uint64_t last_session; /* of those that are whole: they are to come in order */
};

static struct account_of_lines read_lines(const char *path)
{
    static char line[256 * 1024];
    struct account_of_lines found = {0};
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    while (fgets(line, sizeof(line), stream)) {
        const char *lost = strstr(line, "\"audit-lost\",\"lines\":");
        const char *session = strstr(line, "\"session\":");
        size_t len = strlen(line);
        assert_int_equal(line[len - 1], '\n');
        if (line[0] != '{' || line[len - 2] != '}') {
            found.torn++;
        } else if (lost) {
            found.told += strtoul(lost + strlen("\"audit-lost\",\"lines\":"), NULL, 10);
        } else {
            assert_non_null(session);
            uint64_t number = strtoul(session + strlen("\"session\":"), NULL, 10);
            assert_true(number > found.last_session);
            found.last_session = number;
            found.whole++;
        }
    }
    (void)fclose(stream);
    return found;
}

static struct audit *begin_json(void)
{
    struct audit *audit = NULL;
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &audit),
                 FAULT_NONE);
    return audit;
}

static void record_many(struct audit *audit, unsigned first, unsigned count, struct text path)
{
    struct audit_event event = example();
    event.path = path;
    for (unsigned i = 0; i < count; i++) {
        event.session = first + i;
        audit_record(audit, &event);
    }
}

TEST(a_disk_that_fills_in_the_middle_of_many_lines_costs_those_that_it_refuses)
{
    enum { LINES = 200, AFTER = 10 };
    static const rlim_t rooms[] = {1, 1000, 4001, 9999};
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < COUNT(rooms); i++) {
        struct audit *audit = begin_json();
        limit_files(rooms[i]);
        record_many(audit, 1, LINES, TEXT("/name"));
        for (int wait = 0; wait < 500 && !audit_lost(audit); wait++)
            usleep(10000);
        usleep(50000); /* the rest of them */
        limit_files(RLIM_INFINITY);
        record_many(audit, LINES + 1, AFTER, TEXT("/name"));
        audit_end(audit);
        struct account_of_lines found = read_lines(file("json"));
        assert_true(found.torn <= 1);
        assert_true(found.told > 0);
        assert_int_equal(found.whole + found.told, LINES + AFTER);
        assert_int_equal(found.last_session, LINES + AFTER);
        assert_int_equal(unlink(file("json")), 0);
    }
}

TEST(a_disk_that_takes_nothing_costs_each_line_once)
{
    enum { LINES = 3000 };
    struct audit *audit = NULL;
    assert_fault(audit_begin(&(struct audit_places){.json_file = "/dev/full"}, &audit), FAULT_NONE);
    record_many(audit, 1, LINES, TEXT("/name"));
    wait_for_loss(audit, LINES);
    audit_end(audit);
}

/* Of what is gathered for a write: lines that fill it to its last byte, one more, one less, and
 * some that are longer than it. */
TEST(lines_of_every_length_are_written_whole_and_in_order)
{
    enum { GATHERED = 64 * 1024, LINES = 300 };
    static char name[2 * GATHERED];
    unsigned written = 0;
    struct stat info;
    memset(name, 'n', sizeof(name));
    struct audit *audit = begin_json();
    record_many(audit, 1, 1, TEXT(""));
    audit_end(audit);
    assert_int_equal(stat(file("json"), &info), 0);
    size_t rest = (size_t)info.st_size; /* of a line but for its name, near enough */
    audit = begin_json();
    for (size_t parts = 1; parts <= 64; parts *= 4)
        for (size_t off = 0; off < 40; off++) {
            record_many(audit, 2 + written, 2, (struct text){name, GATHERED / parts - rest - off});
            written += 2;
            if (off % 8 == 0) /* not more than may wait */
                usleep(30000);
        }
    record_many(audit, 2 + written, 3, (struct text){name, sizeof(name) - rest});
    record_many(audit, 5 + written, LINES, TEXT("/short"));
    assert_int_equal(audit_lost(audit), 0);
    audit_end(audit);
    struct account_of_lines found = read_lines(file("json"));
    assert_int_equal(found.whole, 1 + written + 3 + LINES);
    assert_int_equal(found.torn, 0);
}

TEST(a_line_that_comes_alone_does_not_wait_for_others)
{
    struct audit *audit = begin_json();
    for (unsigned i = 1; i <= 20; i++) {
        record_many(audit, i, 1, TEXT("/name"));
        for (int wait = 0; wait < 2000 && lines_in(file("json")) < i; wait++)
            usleep(5000);
        assert_int_equal(lines_in(file("json")), i);
        if (i % 2) /* it sleeps by now, or not yet */
            usleep(20000);
    }
    audit_end(audit);
}

/* ---- The system's log -------------------------------------------------------------------- */

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct builder b = builder_on(address.sun_path, sizeof(address.sun_path));
    const struct timeval patience = {.tv_sec = 20};
    builder_put_string(&b, path);
    builder_end(&b);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    return fd;
}

static const char *next_message(int fd)
{
    static char bytes[4096];
    ssize_t len = recv(fd, bytes, sizeof(bytes) - 1, 0);
    assert_true(len > 0);
    bytes[len] = '\0';
    return bytes;
}

TEST(the_system_log_gets_the_same_line_as_the_file)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    int log = listen_at(file("log"));
    const struct audit_places places = {.json_file = file("json"), .syslog_socket = file("log")};
    assert_fault(audit_begin(&places, &audit), FAULT_NONE);
    audit_record(audit, &event);
    audit_end(audit);
    const char *message = next_message(log);
    char tag[32];
    assert_int_equal(strncmp(message, "<94>", 4), 0); /* facility ftp, informational */
    (void)snprintf(tag, sizeof(tag), " ferryd[%d]: ", getpid());
    const char *line = strstr(message, tag);
    assert_non_null(line);
    line += strlen(tag);
    assert_int_equal(strncmp(line, content_of(file("json")), strlen(line)), 0);
    assert_int_equal(line[strlen(line) - 1], '}');
    assert_int_equal(recv(log, tag, sizeof(tag), MSG_DONTWAIT), -1);
    close(log);
}

TEST(a_system_log_that_comes_late_or_again_hears_what_it_missed)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    assert_fault(audit_begin(&(struct audit_places){.syslog_socket = file("log")}, &audit),
                 FAULT_NONE);
    audit_record(audit, &event);
    wait_for_loss(audit, 1);
    int log = listen_at(file("log"));
    audit_record(audit, &event);
    assert_non_null(strstr(next_message(log), "\"action\":\"audit-lost\",\"lines\":1}"));
    assert_non_null(strstr(next_message(log), "\"action\":\"write\""));
    close(log);
    assert_int_equal(unlink(file("log")), 0);
    log = listen_at(file("log"));
    audit_record(audit, &event);
    assert_non_null(strstr(next_message(log), "\"action\":\"write\""));
    audit_end(audit);
    close(log);
}

TEST(a_system_log_that_hangs_costs_its_own_lines_and_no_others)
{
    enum { LINES = 2000 }; /* more than a socket that nobody reads takes */
    struct audit *audit = NULL;
    struct audit_event event = example();
    char byte;
    int log = listen_at(file("log"));
    const struct audit_places places = {.xferlog_file = file("xferlog"),
                                        .syslog_socket = file("log")};
    assert_fault(audit_begin(&places, &audit), FAULT_NONE);
    for (int i = 0; i < LINES; i++)
        audit_record(audit, &event);
    for (int i = 0; i < 2000 && lines_in(file("xferlog")) < LINES; i++)
        usleep(10000);
    assert_int_equal(lines_in(file("xferlog")), LINES);
    uint64_t heard = 0;
    for (; recv(log, &byte, 1, MSG_DONTWAIT) == 1; heard++)
        continue;
    assert_true(heard < LINES);
    wait_for_loss(audit, LINES - heard);
    audit_end(audit);
    assert_true(recv(log, &byte, 1, 0) == 1); /* what was lost, told at the end */
    close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BASE(after_rotation_lines_go_to_a_new_file),
        IN_BASE(a_full_disk_stops_nothing),
        IN_BASE(a_line_torn_by_a_full_disk_does_not_spoil_the_next),
        IN_BASE(no_line_is_lost_or_doubled_by_a_hundred_rotations_in_a_storm),
        IN_BASE(the_old_file_is_written_on_when_there_can_be_no_new_one),
        IN_BASE(what_was_lost_is_told_in_the_file_once_it_can_be),
        IN_BASE(a_disk_that_fills_up_among_many_lines_costs_those_that_found_no_room),
        IN_BASE(what_found_no_room_is_told_behind_what_did),
        IN_BASE(a_disk_that_fills_in_the_middle_of_many_lines_costs_those_that_it_refuses),
        IN_BASE(a_disk_that_takes_nothing_costs_each_line_once),
        IN_BASE(lines_of_every_length_are_written_whole_and_in_order),
        IN_BASE(a_line_that_comes_alone_does_not_wait_for_others),
        IN_BASE(the_system_log_gets_the_same_line_as_the_file),
        IN_BASE(a_system_log_that_comes_late_or_again_hears_what_it_missed),
        IN_BASE(a_system_log_that_hangs_costs_its_own_lines_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/one_file.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/commands.h"
#include "client/local_file.h"
#include "client/segments.h"

enum { PATH_SIZE = 8192 };

/* "-", a device, a FIFO: what is written as it comes. */
static bool is_written_through(const char *path)
{
    struct stat info;
    return strcmp(path, "-") == 0 ||
           (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode));
}

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Those of /proc say that they have no bytes; what they have shows when they are read. */
static bool says_no_size(const char *path)
{
    struct stat info;
    char byte;
    if (stat(path, &info) || !S_ISREG(info.st_mode) || info.st_size)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool has_bytes = fd >= 0 && read(fd, &byte, 1) == 1;
    if (fd >= 0)
        close(fd);
    return has_bytes;
}

static void tell(struct run *run, const struct report_transfer *begun,
                 const struct carry_outcome *outcome, int64_t begun_ms, enum fault f)
{
    struct report_transfer transfer = *begun;
    transfer.size = outcome->size;
    transfer.resumed_from = outcome->begun;
    if (outcome->unique_name[0])
        transfer.remote = text_of(outcome->unique_name);
    const struct report_outcome told = {
        .bytes = outcome->size - (outcome->begun < outcome->size ? outcome->begun : 0),
        .duration_ms = (uint64_t)(clock_running_ms() - begun_ms),
        .verified_by = outcome->was_digested  ? text_of(digest_kind_name(outcome->digest))
                       : outcome->was_checked ? TEXT("size")
                                              : TEXT(""),
    };
    if (f)
        return;
    pthread_mutex_lock(&run->lock);
    run_end_marks(run);
    report_transfer_end(&run->report, &transfer, &told);
    run->done++;
    pthread_mutex_unlock(&run->lock);
}

/* A transfer that is told when its data begin, since its size and where it goes on are known then.
 */
struct beginning {
    struct run *run;                  /* borrowed */
    struct report_transfer *transfer; /* borrowed; guarded by the run's lock */
    bool is_told;
};

static void on_begin(void *owner, uint64_t begun, uint64_t size)
{
    struct beginning *beginning = owner;
    struct run *run = beginning->run;
    run_show_begun(run, begun, size);
    pthread_mutex_lock(&run->lock);
    beginning->transfer->size = size;
    beginning->transfer->resumed_from = begun;
    if (!beginning->is_told) /* tries that go on are the same transfer */
        report_transfer_begin(&run->report, beginning->transfer);
    pthread_mutex_unlock(&run->lock);
    if (!beginning->is_told)
        run_tell_progress(run, beginning->transfer);
    beginning->is_told = true;
}

static struct carry_rules rules_of(const struct one_file *file, struct beginning *beginning)
{
    struct carry_rules rules = file->rules;
    rules.on_begin = on_begin;
    rules.begin_owner = beginning;
    return rules;
}

/* What a fault of carry means for people and for the status. */
static void fail(struct run *run, const char *what, const struct remote *remote, enum fault f,
                 const struct carry_outcome *outcome)
{
    if (outcome->differs)
        run_differs(run, what);
    else
        run_failed(run, what, remote, f);
}

/* ---- From a server ----------------------------------------------------------------------- */

bool one_file_is_left(const char *path)
{
    bool is_standard = strcmp(path, "-") == 0;
    struct pollfd wait = {.fd = is_standard ? STDOUT_FILENO
                                            : open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
    if (wait.fd < 0)
        return false;
    bool is = poll(&wait, 1, 0) == 1 && (wait.revents & POLLERR); /* poll(2): of pipes */
    if (!is_standard)
        close(wait.fd);
    return is;
}

/* What is written as it comes, counted. */
struct counted {
    struct stream stream;
    struct stream *inner; /* owned */
    uint64_t bytes;
};

static enum fault counted_write(struct stream *stream, const void *bytes, size_t len)
{
    struct counted *counted = (struct counted *)stream;
    counted->bytes += len;
    return stream_write(counted->inner, bytes, len);
}

static void counted_close(struct stream *stream)
{
    stream_close(&((struct counted *)stream)->inner);
}

/* RFC 1738 3.2.2: ;type=d asks for the names in a directory. */
static bool is_of_names(const struct one_file *file)
{
    return site_url(file->site)->type == 'D';
}

/*
 * How large it is to be, as far as the server says and the count of bytes means it: an answer that
 * is refused is no fault. What is no file is refused by RETR.
 */
static enum fault ask_size(const struct one_file *file, const char *path, struct entry *ret_entry)
{
    const struct carry_rules *rules = &file->rules;
    *ret_entry = (struct entry){.name = NULL};
    if (!carry_is_exact(&rules->parameters) || rules->check == CARRY_CHECK_NOTHING ||
        is_of_names(file))
        return FAULT_NONE;
    enum fault f = remote_look_at_file(file->remote, path, ret_entry);
    if (f)
        *ret_entry = (struct entry){.name = NULL};
    return fault_is_of_the_way(f) ? f : FAULT_NONE;
}

/* Shown while it moves, but where it would be drawn over what is typed, or is to be read. */
static bool begin_through(struct run *run, const char *local, int terminal, const char *shown)
{
    bool lends = strcmp(local, "-") == 0 && isatty(terminal);
    if (lends)
        run_lend_terminal(run, true);
    run_show(run, shown, PROGRESS_UNKNOWN);
    return lends;
}

static void end_through(struct run *run, bool lends)
{
    run_show(run, "", PROGRESS_UNKNOWN);
    if (lends)
        run_lend_terminal(run, false);
}

static void get_through(struct run *run, const struct one_file *file, const char *path,
                        const char *local)
{
    static const struct stream_type type = {.write = counted_write, .close = counted_close};
    struct counted counted = {.stream = {.type = &type, .fd = -1}};
    struct carry_outcome outcome = {.begun = 0};
    struct entry entry;
    struct user_dtp_order order = {
        .direction = USER_DTP_FETCH,
        .verb = "RETR",
        .argument = text_of(path),
        .parameters = file->rules.parameters,
        .keeps_line_ends = file->rules.keeps_line_ends,
        .stream = &counted.stream,
        .progress = &run->moved,
    };
    if (is_of_names(file)) { /* as text (RFC 959 5.3.2) */
        order.verb = "NLST";
        order.argument = path[0] ? text_of(path) : TEXT_NONE;
        order.parameters.type = TYPE_ASCII;
        order.parameters.structure = STRUCTURE_FILE;
    }
    enum fault f = local_file_create(local, &counted.inner);
    if (f) {
        run_failed(run, local, NULL, f);
        return;
    }
    f = ask_size(file, path, &entry);
    bool lends = begin_through(run, local, STDOUT_FILENO, path);
    if (!f)
        f = remote_transfer(file->remote, &order);
    end_through(run, lends);
    if (!f)
        f = local_file_publish(&counted.inner);
    else
        stream_close(&order.stream);
    if (f == FAULT_IO && one_file_is_left(local))
        f = FAULT_NONE; /* and does not want the rest of it */
    else if (!f && entry_has_exact_size(&entry) && entry.size != counted.bytes) {
        outcome.differs = true;
        f = FAULT_IO;
    }
    if (f)
        fail(run, path, file->remote, f, &outcome);
    else
        run_succeeded(run);
}

/* Other connections begin where the login lands. */
static const char *path_for_all(const struct remote *remote, const char *path,
                                char bytes[PATH_SIZE])
{
    struct text directory = remote_directory(remote);
    struct builder b = builder_on(bytes, PATH_SIZE);
    if (path[0] == '/' || !directory.len)
        return path;
    builder_put(&b, directory);
    if (directory.at[directory.len - 1] != '/')
        builder_put_byte(&b, '/');
    builder_put_string(&b, path);
    builder_end(&b);
    return b.full ? NULL : bytes;
}

/* In one piece, or in segments over connections of their own. */
static enum fault fetch(struct beginning *beginning, const struct one_file *file, const char *path,
                        const struct local_name *name, struct carry_outcome *ret_outcome)
{
    struct run *run = beginning->run;
    const struct carry_rules rules = rules_of(file, beginning);
    if (rules.segments < 2)
        return carry_fetch(file->remote, path, NULL, name->tree, name->name, &rules, &run->moved,
                           ret_outcome);
    char bytes[PATH_SIZE];
    const char *there = path_for_all(file->remote, path, bytes);
    if (!there)
        return FAULT_NAME_INVALID;
    struct crew *crew = crew_new(site_remote(file->site), file->rules.segments);
    if (!crew)
        return FAULT_NO_MEMORY;
    run_watch_crew(run, crew);
    enum fault f = segments_fetch(file->remote, crew, there, name->tree, name->name, &rules,
                                  &run->moved, ret_outcome);
    run_watch_crew(run, NULL);
    crew_free(crew);
    return f;
}

static void get_file(struct run *run, const struct one_file *file, const char *path,
                     const char *local)
{
    struct local_name name;
    struct carry_outcome outcome = {.begun = 0};
    struct report_transfer transfer = {
        .remote = text_of(path), .local = text_of(local), .size = PROGRESS_UNKNOWN};
    struct beginning beginning = {run, &transfer, false};
    int64_t begun_ms = clock_running_ms();
    if (!local_name_open(run, local, &name))
        return;
    run_show(run, path, PROGRESS_UNKNOWN);
    enum fault f = fetch(&beginning, file, path, &name, &outcome);
    run_tell_progress(run, NULL);
    run_show(run, "", PROGRESS_UNKNOWN);
    local_name_close(&name);
    tell(run, &transfer, &outcome, begun_ms, f);
    if (f == FAULT_IS_DIRECTORY && !is_directory(local)) /* it is the server's */
        run_complain(run, path, "is a directory; mirror fetches those", EXIT_STATUS_REFUSED);
    else if (f)
        fail(run, path, file->remote, f, &outcome);
}

/* ---- To a server -------------------------------------------------------------------------- */

static void put_through(struct run *run, const struct one_file *file, const char *local,
                        const char *path)
{
    struct stream *stream = NULL;
    struct carry_outcome outcome;
    enum fault f = file->source ? FAULT_NONE : local_file_open(local, &stream);
    if (f) {
        run_failed(run, local, NULL, f);
        return;
    }
    bool lends = begin_through(run, local, STDIN_FILENO, local);
    f = carry_send_stream(file->remote, file->source ? file->source : stream, path, &file->rules,
                          &run->moved, &outcome);
    end_through(run, lends);
    stream_close(&stream);
    if (f)
        run_failed(run, path, file->remote, f);
    else
        run_succeeded(run);
}

static void put_file(struct run *run, const struct one_file *file, const char *local,
                     const char *path)
{
    struct local_name name;
    struct carry_outcome outcome = {.begun = 0};
    struct report_transfer transfer = {.remote = text_of(path),
                                       .local = text_of(local),
                                       .is_upload = true,
                                       .size = PROGRESS_UNKNOWN};
    struct beginning beginning = {run, &transfer, false};
    int64_t begun_ms = clock_running_ms();
    if (!local_name_open(run, local, &name))
        return;
    run_show(run, local, PROGRESS_UNKNOWN);
    const struct carry_rules rules = rules_of(file, &beginning);
    enum fault f = carry_send(file->remote, name.tree, name.name, path, &rules, &run->moved,
                              &outcome);
    run_tell_progress(run, NULL);
    run_show(run, "", PROGRESS_UNKNOWN);
    local_name_close(&name);
    tell(run, &transfer, &outcome, begun_ms, f);
    if (f)
        fail(run, local, file->remote, f, &outcome);
}

/* What cannot be read is told before the server is asked anything: it is not its doing. */
static bool is_readable(struct run *run, const char *local)
{
    struct stream *stream = NULL;
    enum fault f = local_file_open(local, &stream);
    stream_close(&stream);
    if (f)
        run_failed(run, local, NULL, f);
    return !f;
}

void one_file_get(struct run *run, const struct one_file *file, const char *path, const char *local)
{
    remote_forget_reason(file->remote);
    if (is_written_through(local) || is_of_names(file))
        get_through(run, file, path, local);
    else
        get_file(run, file, path, local);
}

void one_file_put(struct run *run, const struct one_file *file, const char *local, const char *path)
{
    if (file->source || is_written_through(local) || says_no_size(local))
        put_through(run, file, local, path);
    else if (is_readable(run, local))
        put_file(run, file, local, path);
}

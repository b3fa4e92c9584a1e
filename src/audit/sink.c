/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's log is spoken to without syslog(3), which does not say what was
 * lost. Its local form is <PRIORITY>TIME TAG: MESSAGE, one datagram each (RFC
 * 3164 4.1, without the host), which journald and every syslogd read.
 */
#include "audit/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "audit/json_line.h"
#include "base/log.h"
#include "base/memory.h"

enum {
    SYSLOG_HEADER_SIZE = 80,
    SYSLOG_WAIT_S = 1,   /* for a daemon that is behind; the queue takes what comes meanwhile */
    SYSLOG_ATTEMPTS = 2, /* the first finds out that the daemon was started anew */
    LINES_AT_ONCE = 256, /* into a file by one call */
};

/* ---- Files ----------------------------------------------------------------------- */

static enum fault open_file(struct sink *sink)
{
    int fd = open(sink->name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd < 0)
        return fault_from_errno(errno);
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = fd;
    return FAULT_NONE;
}

/* The bytes written, fewer when the disk refuses. */
static size_t write_bytes(int fd, struct text bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t n = write(fd, bytes.at + done, bytes.len - done);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            done += (size_t)n;
    }
    return done;
}

/*
 * A line, of which so many bytes are there. One that a full disk tore is ended before the
 * next one, which is then whole.
 */
static bool put_in_file(struct sink *sink, struct text line, size_t there)
{
    if (sink->torn)
        sink->torn = write_bytes(sink->fd, TEXT("\n")) == 0;
    size_t done = sink->torn ? 0 : there + write_bytes(sink->fd, text_after(line, there));
    sink->torn |= done && done < line.len;
    return done == line.len;
}

/* At most LINES_AT_ONCE. How many arrived whole; of the next one *ret_there bytes. */
static size_t put_many_in_file(const struct sink *sink, const struct text *lines, size_t count,
                               size_t *ret_there)
{
    struct iovec parts[LINES_AT_ONCE];
    size_t whole = 0;
    for (size_t i = 0; i < count; i++)
        parts[i] = (struct iovec){(void *)lines[i].at, lines[i].len};
    ssize_t n = writev(sink->fd, parts, (int)count);
    size_t done = n > 0 ? (size_t)n : 0; /* what went wrong is found out by the next line */
    while (whole < count && done >= lines[whole].len)
        done -= lines[whole++].len;
    *ret_there = done;
    return whole;
}

/* ---- The system's log -------------------------------------------------------------- */

static bool connect_to_log(struct sink *sink)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct builder path = builder_on(address.sun_path, sizeof(address.sun_path));
    const struct timeval wait = {.tv_sec = SYSLOG_WAIT_S};
    builder_put_string(&path, sink->name);
    builder_end(&path);
    sink->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sink->fd < 0)
        return false;
    if (setsockopt(sink->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
        connect(sink->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return true;
    int error = errno;
    close(sink->fd);
    sink->fd = -1;
    errno = error;
    return false;
}

static void put_header(struct builder *b)
{
    char date[32];
    struct tm tm;
    time_t now = time(NULL);
    localtime_r(&now, &tm);
    size_t len = strftime(date, sizeof(date), "%b %e %H:%M:%S ", &tm);
    builder_put_byte(b, '<');
    builder_put_number(b, LOG_FTP | LOG_INFO);
    builder_put_byte(b, '>');
    builder_put(b, (struct text){date, len});
    builder_put(b, TEXT("ferryd["));
    builder_put_number(b, (uint64_t)getpid());
    builder_put(b, TEXT("]: "));
}

/* Nobody is at the other end any more, as opposed to being behind. */
static bool has_gone(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET || error == ENOTCONN || error == EPIPE;
}

static bool put_in_log(struct sink *sink, struct text line)
{
    char bytes[SYSLOG_HEADER_SIZE];
    struct builder header = builder_on(bytes, sizeof(bytes));
    put_header(&header);
    struct iovec parts[] = {{header.at, header.len}, {(void *)line.at, line.len - 1}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    /* A daemon that hangs is waited for once, not again for each line. */
    int flags = MSG_NOSIGNAL | (sink->broken ? MSG_DONTWAIT : 0);
    for (int attempt = 0; attempt < SYSLOG_ATTEMPTS; attempt++) {
        if (sink->fd < 0 && !connect_to_log(sink))
            return false;
        if (sendmsg(sink->fd, &message, flags) >= 0)
            return true;
        if (!has_gone(errno))
            return false;
        close(sink->fd);
        sink->fd = -1;
    }
    return false;
}

/* ---- Both ---------------------------------------------------------------------------- */

static bool put(struct sink *sink, struct text line, size_t there)
{
    bool done = sink->kind == SINK_SYSLOG ? put_in_log(sink, line) : put_in_file(sink, line, there);
    if (!done && !sink->broken)
        log_error("audit-write-failed", LOG_TEXT("file", text_of(sink->name)), LOG_ERRNO(errno));
    if (done && sink->broken)
        log_info("audit-write-resumed", LOG_TEXT("file", text_of(sink->name)));
    sink->broken = !done;
    return done;
}

/* To those who run the server. */
static void log_lost(struct sink *sink)
{
    if (sink->lost)
        log_warning("audit-lines-lost", LOG_TEXT("file", text_of(sink->name)),
                    LOG_NUMBER("lines", sink->lost));
    sink->lost = 0;
}

/* And to those who read the lines, where they would have been. The xferlog has no words for it. */
static bool put_lost(struct sink *sink)
{
    char bytes[JSON_LINE_LOST_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct timespec now;
    if (!sink->lost || sink->kind == SINK_XFERLOG)
        return true;
    clock_gettime(CLOCK_REALTIME, &now);
    json_line_put_lost(&b, sink->lost, &now);
    if (!put(sink, builder_text(&b), 0))
        return false;
    log_lost(sink);
    return true;
}

static bool write_line(struct sink *sink, struct text line, size_t there)
{
    if (!put_lost(sink) || !put(sink, line, there)) {
        sink->lost++;
        return false;
    }
    log_lost(sink);
    return true;
}

uint64_t sink_write(struct sink *sink, const struct text *lines, size_t count)
{
    uint64_t lost = 0;
    while (count) {
        size_t done = 0;
        size_t there = 0;
        /* A call for each line took 4 of the 41 us that a login cost. */
        if (sink->kind != SINK_SYSLOG && !sink->broken && !sink->torn && !sink->lost)
            done = put_many_in_file(sink, lines, count < LINES_AT_ONCE ? count : LINES_AT_ONCE,
                                    &there);
        if (!done || there) {
            lost += !write_line(sink, lines[done], there);
            done++;
        }
        lines += done;
        count -= done;
    }
    return lost;
}

void sink_lose(struct sink *sink, uint64_t lines)
{
    sink->lost += lines;
    if (!sink->broken && put_lost(sink))
        log_lost(sink);
}

enum fault sink_open(struct sink *sink, enum sink_kind kind, const char *name)
{
    *sink = (struct sink){.kind = kind, .fd = -1};
    if (!name)
        return FAULT_NONE;
    sink->name = memory_copy(name, strlen(name));
    if (!sink->name)
        return FAULT_NO_MEMORY;
    return kind == SINK_SYSLOG ? FAULT_NONE : open_file(sink);
}

void sink_reopen(struct sink *sink)
{
    struct stat info;
    if (!sink->name || sink->kind == SINK_SYSLOG)
        return;
    enum fault f = open_file(sink);
    if (f)
        log_error("audit-file-not-open", LOG_TEXT("file", text_of(sink->name)),
                  LOG_TEXT("fault", text_of(fault_text(f))));
    else if (sink->torn) /* in the old file: a new one has nothing to end */
        sink->torn = fstat(sink->fd, &info) == 0 && info.st_size > 0;
}

void sink_end(struct sink *sink)
{
    (void)put_lost(sink); /* the log hears of it in any case */
    log_lost(sink);
}

void sink_close(struct sink *sink)
{
    if (sink->fd >= 0)
        close(sink->fd);
    memory_free(sink->name);
}

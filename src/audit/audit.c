/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue is a list of formatted lines under one mutex; the writer takes the
 * whole list at once and writes it file by file. Lines of one thread keep
 * their order.
 */
#include "audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/xferlog.h"
#include "base/log.h"
#include "base/memory.h"

enum {
    QUEUE_MAX = 16384,
    QUEUE_BYTES_MAX = 16 * 1024 * 1024, /* with long names the lines alone are no bound */
    /* Two paths with every byte escaped, and the rest. */
    LINE_SIZE = 2 * 6 * 4096 + 4096,
    SCHEMA_VERSION = 1,
};

enum sink { SINK_JSON, SINK_XFERLOG, SINK_COUNT };

struct audit_line {
    struct audit_line *next; /* owned: the rest of the queue */
    enum sink sink;
    size_t len;
    char bytes[];
};

struct audit_file {
    char *name;  /* owned; NULL: there is none */
    int fd;      /* owned; -1: not open. The writer's alone after the start */
    bool broken; /* the last line was refused */
    bool torn;   /* and is there in part */
};

struct audit {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t writer;
    struct audit_file files[SINK_COUNT];
    struct audit_line *first; /* owned */
    struct audit_line **last; /* borrowed: the last next pointer of the queue */
    unsigned queued;
    size_t queued_bytes;
    uint64_t lost;
    bool reopen;
    bool closing;
    bool started;
};

/* ---- Formatting ----------------------------------------------------------- */

/* JSON string. Bytes that are not UTF-8 become U+00XX of the same value. */
static void put_json_text(struct builder *b, struct text t)
{
    builder_put_byte(b, '"');
    while (t.len) {
        unsigned char c = (unsigned char)t.at[0];
        size_t len = text_utf8_len(t);
        if (len == 0 || c < 0x20 || c == 0x7F) {
            builder_put(b, TEXT("\\u00"));
            builder_put_hex_byte(b, c);
            len = 1;
        } else {
            if (c == '"' || c == '\\')
                builder_put_byte(b, '\\');
            builder_put(b, (struct text){t.at, len});
        }
        t = text_after(t, len);
    }
    builder_put_byte(b, '"');
}

static void put_key(struct builder *b, const char *key)
{
    if (b->at[b->len - 1] != '{')
        builder_put_byte(b, ',');
    builder_put_byte(b, '"');
    builder_put_string(b, key);
    builder_put(b, TEXT("\":"));
}

static void put_text(struct builder *b, const char *key, struct text value)
{
    put_key(b, key);
    put_json_text(b, value);
}

static void put_text_if_any(struct builder *b, const char *key, struct text value)
{
    if (value.len)
        put_text(b, key, value);
}

static void put_number(struct builder *b, const char *key, uint64_t value)
{
    put_key(b, key);
    builder_put_number(b, value);
}

static void put_now(struct builder *b, const struct timespec *now)
{
    char date[32];
    struct tm tm;
    gmtime_r(&now->tv_sec, &tm);
    size_t len = strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S.", &tm);
    put_key(b, "time");
    builder_put_byte(b, '"');
    builder_put(b, (struct text){date, len});
    builder_put_number_padded(b, (uint64_t)now->tv_nsec / 1000000, 3);
    builder_put(b, TEXT("Z\""));
}

static void put_json(struct builder *b, const struct audit_event *event, const struct timespec *now)
{
    char host[ENDPOINT_TEXT_SIZE];
    struct builder peer = builder_on(host, sizeof(host));
    endpoint_put_host(&event->peer, &peer);
    builder_put_byte(b, '{');
    put_number(b, "v", SCHEMA_VERSION);
    put_now(b, now);
    put_number(b, "session", event->session);
    put_text(b, "peer", builder_text(&peer));
    put_text_if_any(b, "host", event->host);
    put_text_if_any(b, "user", event->user);
    put_text_if_any(b, "detail", event->detail);
    put_text(b, "action", text_of(action_word(event->action)));
    put_text(b, "result", event->fault ? text_of(fault_name(event->fault)) : TEXT("OK"));
    put_text_if_any(b, "rule", text_of(event->rule));
    put_text_if_any(b, "folder", event->folder);
    put_text_if_any(b, "path", event->path);
    put_text_if_any(b, "other_path", event->other_path);
    if (event->is_transfer) {
        put_text(b, "direction", event->inbound ? TEXT("in") : TEXT("out"));
        put_text(b, "type", event->is_text ? TEXT("text") : TEXT("image"));
        put_number(b, "bytes", event->bytes);
        put_number(b, "ms", event->duration_ms);
    }
    builder_put(b, TEXT("}\n"));
}

/* ---- The writer ------------------------------------------------------------ */

static enum fault open_file(struct audit_file *file)
{
    if (!file->name)
        return FAULT_NONE;
    if (file->fd >= 0)
        close(file->fd);
    file->fd = open(file->name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (file->fd >= 0)
        return FAULT_NONE;
    return fault_from_errno(errno);
}

/* After rotation: what cannot be opened now is lost until it can. */
static void reopen_file(struct audit_file *file)
{
    struct stat info;
    enum fault f = open_file(file);
    /* A line was torn in the old file: a new one has nothing to end. */
    file->torn = file->torn && file->fd >= 0 && fstat(file->fd, &info) == 0 && info.st_size > 0;
    if (f)
        log_error("audit-file-not-open", LOG_TEXT("file", text_of(file->name)),
                  LOG_TEXT("fault", text_of(fault_text(f))));
}

/* The bytes written, fewer when the disk refuses. */
static size_t write_bytes(struct audit_file *file, const char *bytes, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = write(file->fd, bytes + done, len - done);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            done += (size_t)n;
    }
    return done;
}

static void note_state(struct audit_file *file, bool broken)
{
    if (broken && !file->broken)
        log_error("audit-write-failed", LOG_TEXT("file", text_of(file->name)), LOG_ERRNO(errno));
    if (!broken && file->broken)
        log_info("audit-write-resumed", LOG_TEXT("file", text_of(file->name)));
    file->broken = broken;
}

/* A line that a full disk tore is ended before the next one, which is then whole. */
static bool write_line(struct audit_file *file, const struct audit_line *line)
{
    if (file->fd < 0)
        return false;
    if (file->torn)
        file->torn = write_bytes(file, "\n", 1) == 0;
    size_t done = file->torn ? 0 : write_bytes(file, line->bytes, line->len);
    note_state(file, done < line->len);
    file->torn |= done && done < line->len;
    return done == line->len;
}

static uint64_t write_lines(struct audit *audit, struct audit_line *line)
{
    uint64_t lost = 0;
    while (line) {
        struct audit_line *next = line->next;
        if (!write_line(&audit->files[line->sink], line))
            lost++;
        memory_free(line);
        line = next;
    }
    return lost;
}

static void *run_writer(void *argument)
{
    struct audit *audit = argument;
    pthread_setname_np(pthread_self(), "audit");
    pthread_mutex_lock(&audit->lock);
    while (audit->first || !audit->closing) {
        if (!audit->first && !audit->reopen) {
            pthread_cond_wait(&audit->wake, &audit->lock);
            continue;
        }
        struct audit_line *lines = audit->first;
        bool reopen = audit->reopen;
        audit->first = NULL;
        audit->last = &audit->first;
        unsigned taken = audit->queued;
        size_t taken_bytes = audit->queued_bytes;
        audit->reopen = false;
        pthread_mutex_unlock(&audit->lock);
        uint64_t lost = write_lines(audit, lines);
        for (unsigned i = 0; reopen && i < SINK_COUNT; i++)
            reopen_file(&audit->files[i]);
        pthread_mutex_lock(&audit->lock);
        audit->lost += lost;
        audit->queued -= taken; /* until it is written it is waiting */
        audit->queued_bytes -= taken_bytes;
    }
    pthread_mutex_unlock(&audit->lock);
    return NULL;
}

/* ---- The interface ----------------------------------------------------------- */

static enum fault start(struct audit *audit, const char *const names[SINK_COUNT])
{
    sigset_t all;
    sigset_t before;
    for (unsigned i = 0; i < SINK_COUNT; i++) {
        if (!names[i])
            continue;
        audit->files[i].name = memory_copy(names[i], strlen(names[i]));
        if (!audit->files[i].name)
            return FAULT_NO_MEMORY;
        enum fault f = open_file(&audit->files[i]);
        if (f)
            return f;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    audit->started = pthread_create(&audit->writer, NULL, run_writer, audit) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return audit->started ? FAULT_NONE : FAULT_NO_MEMORY;
}

enum fault audit_open(const char *json_file, const char *xferlog_file, struct audit **ret_audit)
{
    const char *const names[SINK_COUNT] = {
        [SINK_JSON] = json_file,
        [SINK_XFERLOG] = xferlog_file,
    };
    struct audit *audit = memory_new(sizeof(*audit));
    if (!audit)
        return FAULT_NO_MEMORY;
    pthread_mutex_init(&audit->lock, NULL);
    pthread_cond_init(&audit->wake, NULL);
    audit->last = &audit->first;
    for (unsigned i = 0; i < SINK_COUNT; i++)
        audit->files[i].fd = -1;
    enum fault f = start(audit, names);
    if (f) {
        audit_close(audit);
        return f;
    }
    *ret_audit = audit;
    return FAULT_NONE;
}

void audit_close(struct audit *audit)
{
    if (!audit)
        return;
    pthread_mutex_lock(&audit->lock);
    audit->closing = true;
    pthread_cond_signal(&audit->wake);
    pthread_mutex_unlock(&audit->lock);
    if (audit->started)
        pthread_join(audit->writer, NULL);
    if (audit->lost)
        log_warning("audit-lines-lost", LOG_NUMBER("lines", audit->lost));
    for (unsigned i = 0; i < SINK_COUNT; i++) {
        memory_free(audit->files[i].name);
        if (audit->files[i].fd >= 0)
            close(audit->files[i].fd);
    }
    pthread_cond_destroy(&audit->wake);
    pthread_mutex_destroy(&audit->lock);
    memory_free(audit);
}

void audit_reopen(struct audit *audit)
{
    pthread_mutex_lock(&audit->lock);
    audit->reopen = true;
    pthread_cond_signal(&audit->wake);
    pthread_mutex_unlock(&audit->lock);
}

static void queue_line(struct audit *audit, enum sink sink, const struct builder *b)
{
    struct audit_line *line = b->full ? NULL : memory_new(sizeof(*line) + b->len);
    if (line) {
        line->sink = sink;
        line->len = b->len;
        memcpy(line->bytes, b->at, b->len);
    }
    pthread_mutex_lock(&audit->lock);
    if (line && audit->queued < QUEUE_MAX && audit->queued_bytes + line->len <= QUEUE_BYTES_MAX) {
        *audit->last = line;
        audit->last = &line->next;
        audit->queued++;
        audit->queued_bytes += line->len;
        line = NULL;
        pthread_cond_signal(&audit->wake);
    } else {
        audit->lost++;
    }
    pthread_mutex_unlock(&audit->lock);
    memory_free(line);
}

void audit_record(struct audit *audit, const struct audit_event *whole_event)
{
    struct timespec now;
    if (!audit)
        return;
    struct audit_event cut = *whole_event;
    const struct audit_event *event = &cut;
    cut.detail.len = text_cut_utf8(cut.detail, AUDIT_DETAIL_MAX);
    char *bytes = memory_new(LINE_SIZE);
    struct builder b = builder_on(bytes, bytes ? LINE_SIZE : 0);
    clock_gettime(CLOCK_REALTIME, &now);
    if (audit->files[SINK_JSON].name) {
        if (bytes)
            put_json(&b, event, &now);
        b.full |= !bytes;
        queue_line(audit, SINK_JSON, &b);
    }
    if (audit->files[SINK_XFERLOG].name && xferlog_wants(event)) {
        b = builder_on(bytes, bytes ? LINE_SIZE : 0);
        b.full = !bytes;
        xferlog_put(&b, event, now.tv_sec);
        queue_line(audit, SINK_XFERLOG, &b);
    }
    memory_free(bytes);
}

uint64_t audit_lost(struct audit *audit)
{
    pthread_mutex_lock(&audit->lock);
    uint64_t lost = audit->lost;
    pthread_mutex_unlock(&audit->lock);
    return lost;
}

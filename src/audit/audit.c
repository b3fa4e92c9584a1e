/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue is a list of formatted lines under one mutex; the writer takes the
 * whole list at once. Lines of one thread keep their order. The writer writes what
 * comes when nothing has come for a while at once, and then waits GATHER_MS for more,
 * so that in a storm neither it nor who records is woken for each line.
 */
#include "audit/audit.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "audit/json_line.h"
#include "audit/sink.h"
#include "audit/xferlog.h"
#include "base/memory.h"

enum {
    QUEUE_MAX = 16384,
    QUEUE_BYTES_MAX = 16 * 1024 * 1024, /* with long names the lines alone are no bound */
    GATHER_MS = 5,
    LINES_AT_ONCE = 256, /* told to a sink together */
    DRAFT_SIZE = 4096,   /* longer lines are formatted in memory of their own */
    FOR_JSON = 1U << SINK_JSON | 1U << SINK_SYSLOG,
    FOR_XFERLOG = 1U << SINK_XFERLOG,
};

struct audit_line {
    struct audit_line *next; /* owned: the rest of the queue */
    unsigned sinks;          /* mask */
    size_t len;
    char bytes[];
};

/* A line that is being formatted: how long it gets is known only at its end. */
struct draft {
    struct builder text;
    char *large; /* owned; NULL: it is the small one */
    char small[DRAFT_SIZE];
};

struct audit {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t writer;
    unsigned open;                 /* mask of the sinks there are; fixed after the start */
    struct sink sinks[SINK_COUNT]; /* the writer's alone after the start */
    struct audit_line *first;      /* owned */
    struct audit_line **last;      /* borrowed: the last next pointer of the queue */
    unsigned queued;
    size_t queued_bytes;
    uint64_t refused[SINK_COUNT]; /* lines that found no room; the writer takes them over */
    uint64_t lost;
    bool reopen;
    bool closing;
    bool started;
    bool idle; /* the writer waits for a line, however long */
};

/* ---- The writer ------------------------------------------------------------ */

/* What the writer takes over at once. */
struct batch {
    struct audit_line *first; /* owned */
    unsigned lines;
    size_t bytes;
    uint64_t refused[SINK_COUNT];
    bool reopen;
};

static bool has_work(const struct audit *audit)
{
    bool refused = false;
    for (unsigned i = 0; i < SINK_COUNT; i++)
        refused |= audit->refused[i] > 0;
    return audit->first || audit->reopen || refused;
}

static struct batch take_batch(struct audit *audit)
{
    struct batch batch = {
        .first = audit->first,
        .lines = audit->queued,
        .bytes = audit->queued_bytes,
        .reopen = audit->reopen,
    };
    memcpy(batch.refused, audit->refused, sizeof(batch.refused));
    memset(audit->refused, 0, sizeof(audit->refused));
    audit->first = NULL;
    audit->last = &audit->first;
    audit->reopen = false;
    return batch;
}

/* The lines that one sink lost. */
static uint64_t write_lines(struct sink *sink, const struct audit_line *first)
{
    struct text lines[LINES_AT_ONCE];
    uint64_t lost = 0;
    size_t count = 0;
    for (const struct audit_line *line = first; line; line = line->next) {
        if (line->sinks & 1U << sink->kind)
            lines[count++] = (struct text){line->bytes, line->len};
        if (count == LINES_AT_ONCE || !line->next) {
            lost += sink_write(sink, lines, count);
            count = 0;
        }
    }
    return lost;
}

static uint64_t write_batch(struct audit *audit, struct batch *batch)
{
    uint64_t lost = 0;
    for (unsigned i = 0; i < SINK_COUNT; i++)
        lost += write_lines(&audit->sinks[i], batch->first);
    for (struct audit_line *line = batch->first; line; line = batch->first) {
        batch->first = line->next;
        memory_free(line);
    }
    for (unsigned i = 0; i < SINK_COUNT; i++) {
        sink_lose(&audit->sinks[i], batch->refused[i]);
        if (batch->reopen)
            sink_reopen(&audit->sinks[i]);
    }
    return lost;
}

/* What comes does not find the writer asleep until the queue is half full. */
static bool is_half_full(const struct audit *audit)
{
    return audit->queued >= QUEUE_MAX / 2 || audit->queued_bytes >= QUEUE_BYTES_MAX / 2;
}

/* With the lock held, behind a batch. */
static void gather(struct audit *audit)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += GATHER_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    while (!audit->closing && !audit->reopen && !is_half_full(audit))
        if (pthread_cond_timedwait(&audit->wake, &audit->lock, &end))
            return;
}

static void *run_writer(void *argument)
{
    struct audit *audit = argument;
    pthread_setname_np(pthread_self(), "audit");
    pthread_mutex_lock(&audit->lock);
    while (has_work(audit) || !audit->closing) {
        if (!has_work(audit)) {
            audit->idle = true;
            pthread_cond_wait(&audit->wake, &audit->lock);
            audit->idle = false;
            continue;
        }
        struct batch batch = take_batch(audit);
        pthread_mutex_unlock(&audit->lock);
        uint64_t lost = write_batch(audit, &batch);
        pthread_mutex_lock(&audit->lock);
        audit->lost += lost;
        audit->queued -= batch.lines; /* until it is written it is waiting */
        audit->queued_bytes -= batch.bytes;
        gather(audit);
    }
    pthread_mutex_unlock(&audit->lock);
    for (unsigned i = 0; i < SINK_COUNT; i++)
        sink_end(&audit->sinks[i]);
    return NULL;
}

/* ---- Life --------------------------------------------------------------------- */

static enum fault start(struct audit *audit, const char *const names[SINK_COUNT])
{
    sigset_t all;
    sigset_t before;
    for (unsigned i = 0; i < SINK_COUNT; i++) {
        enum fault f = sink_open(&audit->sinks[i], (enum sink_kind)i, names[i]);
        if (f)
            return f;
        audit->open |= names[i] ? 1U << i : 0;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    audit->started = pthread_create(&audit->writer, NULL, run_writer, audit) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return audit->started ? FAULT_NONE : FAULT_NO_MEMORY;
}

enum fault audit_begin(const struct audit_places *places, struct audit **ret_audit)
{
    const char *const names[SINK_COUNT] = {
        [SINK_JSON] = places->json_file,
        [SINK_XFERLOG] = places->xferlog_file,
        [SINK_SYSLOG] = places->syslog_socket,
    };
    struct audit *audit = memory_new(sizeof(*audit));
    if (!audit)
        return FAULT_NO_MEMORY;
    pthread_mutex_init(&audit->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&audit->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    audit->last = &audit->first;
    for (unsigned i = 0; i < SINK_COUNT; i++)
        audit->sinks[i].fd = -1;
    enum fault f = start(audit, names);
    if (f) {
        audit_end(audit);
        return f;
    }
    *ret_audit = audit;
    return FAULT_NONE;
}

void audit_end(struct audit *audit)
{
    if (!audit)
        return;
    pthread_mutex_lock(&audit->lock);
    audit->closing = true;
    pthread_cond_signal(&audit->wake);
    pthread_mutex_unlock(&audit->lock);
    if (audit->started)
        pthread_join(audit->writer, NULL);
    for (unsigned i = 0; i < SINK_COUNT; i++)
        sink_close(&audit->sinks[i]);
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

/* ---- Recording ------------------------------------------------------------------ */

static struct builder *begin_draft(struct draft *draft, size_t size)
{
    draft->large = size > sizeof(draft->small) ? memory_buffer(size) : NULL;
    bool is_small = size <= sizeof(draft->small);
    draft->text = is_small ? builder_on(draft->small, sizeof(draft->small))
                           : builder_on(draft->large, draft->large ? size : 0);
    return &draft->text;
}

static struct audit_line *line_new(unsigned sinks, const struct builder *text)
{
    struct audit_line *line = text->full ? NULL : memory_buffer(sizeof(*line) + text->len);
    if (!line)
        return NULL;
    line->next = NULL;
    line->sinks = sinks;
    line->len = text->len;
    memcpy(line->bytes, text->at, text->len);
    return line;
}

static bool has_room(const struct audit *audit, const struct audit_line *line)
{
    return audit->queued < QUEUE_MAX && audit->queued_bytes + line->len <= QUEUE_BYTES_MAX;
}

/* Without memory, or room, it is lost. */
static void queue_draft(struct audit *audit, unsigned sinks, struct draft *draft)
{
    struct audit_line *line = line_new(sinks, &draft->text);
    memory_free(draft->large);
    pthread_mutex_lock(&audit->lock);
    if (line && has_room(audit, line)) {
        *audit->last = line;
        audit->last = &line->next;
        audit->queued++;
        audit->queued_bytes += line->len;
        line = NULL;
    } else {
        for (unsigned i = 0; i < SINK_COUNT; i++)
            audit->refused[i] += sinks >> i & 1;
        audit->lost += (unsigned)__builtin_popcount(sinks);
    }
    /* To wake the writer for each line, and be in its way, took 8 of the 41 us of a login. */
    bool wakes = audit->idle || is_half_full(audit);
    pthread_mutex_unlock(&audit->lock);
    if (wakes)
        pthread_cond_signal(&audit->wake);
    memory_free(line);
}

void audit_record(struct audit *audit, const struct audit_event *whole_event)
{
    struct timespec now;
    struct draft draft;
    if (!audit)
        return;
    struct audit_event event = *whole_event;
    event.detail.len = text_cut_utf8(event.detail, AUDIT_DETAIL_MAX);
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned sinks = audit->open & FOR_JSON;
    if (sinks) {
        json_line_put(begin_draft(&draft, json_line_size(&event)), &event, &now);
        queue_draft(audit, sinks, &draft);
    }
    sinks = audit->open & FOR_XFERLOG;
    if (sinks && xferlog_wants(&event)) {
        xferlog_put(begin_draft(&draft, xferlog_size(&event)), &event, now.tv_sec);
        queue_draft(audit, sinks, &draft);
    }
}

void audit_tally_add(struct audit_tally *tally, const struct audit_event *event)
{
    if (!event->is_transfer)
        return;
    *(event->inbound ? &tally->bytes_up : &tally->bytes_down) += event->bytes;
    *(event->inbound ? &tally->files_up : &tally->files_down) += !event->fault;
}

uint64_t audit_lost(struct audit *audit)
{
    pthread_mutex_lock(&audit->lock);
    uint64_t lost = audit->lost;
    pthread_mutex_unlock(&audit->lock);
    return lost;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/segments.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/carry_parts.h"
#include "client/segment_ledger.h"

/* How much may come before it is noted: what a kill -9 costs. */
enum { NOTE_BYTES = 4 << 20 };

/* Parts in segments are none that carry_fetch could go on from. */
static const uint64_t PARTED = UINT64_C(0x5345474D454E5453);

/* The file that is being fetched. */
struct parted {
    const char *path; /* borrowed, as all below that is not guarded: segments_fetch waits */
    const struct entry *entry;
    const struct carry_rules *rules;
    struct transfer_progress *progress;
    struct local_part part;
    char stamp[SEGMENT_STAMP_SIZE]; /* of this start of the machine */
    pthread_mutex_t lock;
    struct segment_ledger ledger; /* guarded, as all below */
    uint64_t noted;               /* bytes that were there when it was written last */
    enum fault fault;             /* the first that a segment was given up for */
    bool is_refused;              /* ranges are not to be had here */
};

struct errand {
    struct crew_task task;
    struct parted *parted; /* borrowed: it waits for all errands */
    uint64_t begin;        /* which segment */
};

/* ---- The ledger in the part, behind the file's bytes ------------------------------------- */

/* The page cache outlives us, but not the machine: what was written is there only until then. */
static void read_stamp(char stamp[SEGMENT_STAMP_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, stamp, SEGMENT_STAMP_SIZE - 1);
    size_t len = n > 0 ? (size_t)n : 0;
    stamp[len] = '\0';
    stamp[text_find((struct text){stamp, len}, '\n')] = '\0';
    if (fd >= 0)
        close(fd);
}

static enum fault note(const struct parted *parted, struct text stamp)
{
    char text[SEGMENT_LEDGER_BYTES];
    segment_ledger_put(&parted->ledger, stamp, text);
    return local_part_put(&parted->part, parted->ledger.size, (struct text){text, sizeof(text)});
}

/* What an earlier run left, or a new beginning. */
static enum fault take_ledger(struct parted *parted)
{
    struct local_part *part = &parted->part;
    char text[SEGMENT_LEDGER_BYTES];
    uint64_t size = parted->entry->size;
    struct text stamp = text_of(parted->stamp);
    bool is_found = part->begun == size + SEGMENT_LEDGER_BYTES &&
                    !local_part_get(part, size, text, sizeof(text)) &&
                    segment_ledger_parse((struct text){text, sizeof(text)}, size,
                                         stamp.len ? stamp : TEXT("unknown"), &parted->ledger);
    if (!is_found)
        segment_ledger_divide(&parted->ledger, size, parted->rules->segments);
    enum fault f = local_part_set_end(part, size + SEGMENT_LEDGER_BYTES);
    parted->noted = segment_ledger_done(&parted->ledger);
    return f ? f : note(parted, stamp.len ? stamp : TEXT("?"));
}

/* ---- A segment ------------------------------------------------------------------------------- */

/* Where the bytes of one transfer go. */
struct range_stream {
    struct stream stream;
    struct parted *parted; /* borrowed: the errand's */
    uint64_t begin;        /* of its segment */
    uint64_t asked_end;    /* where the server ends by itself */
};

/*
 * What is behind the segment's end is another's. FAULT_CANCELLED: it is complete, and the server
 * would go on. Behind the file's end there is nothing: a server that says 350 to REST and begins
 * at 0 all the same is found out here.
 */
static enum fault range_write(struct stream *stream, const void *bytes, size_t len)
{
    struct range_stream *range = (struct range_stream *)stream;
    struct parted *parted = range->parted;
    pthread_mutex_lock(&parted->lock);
    const struct segment before = *segment_ledger_find(&parted->ledger, range->begin);
    pthread_mutex_unlock(&parted->lock);
    uint64_t at = before.begin + before.done;
    size_t fits = len < before.end - at ? len : (size_t)(before.end - at);
    enum fault f = local_part_put(&parted->part, at, (struct text){bytes, fits});
    if (f)
        return f;
    pthread_mutex_lock(&parted->lock);
    struct segment *segment = segment_ledger_find(&parted->ledger, range->begin);
    segment->done += fits;
    bool is_complete = segment->begin + segment->done == segment->end;
    if (fits < len && segment->end == parted->ledger.size)
        parted->is_refused = true;
    else if (is_complete && (fits < len || segment->end < range->asked_end))
        f = FAULT_CANCELLED;
    uint64_t done = segment_ledger_done(&parted->ledger);
    if (done - parted->noted >= NOTE_BYTES) {
        parted->noted = done;
        (void)note(parted, text_of(parted->stamp));
    }
    if (parted->is_refused)
        f = FAULT_IO;
    pthread_mutex_unlock(&parted->lock);
    return f;
}

static void range_close(struct stream *stream)
{
    (void)stream; /* its caller's */
}

static struct segment look_at(struct parted *parted, uint64_t begin)
{
    pthread_mutex_lock(&parted->lock);
    struct segment segment = *segment_ledger_find(&parted->ledger, begin);
    pthread_mutex_unlock(&parted->lock);
    return segment;
}

static bool is_complete(struct parted *parted, uint64_t begin)
{
    struct segment segment = look_at(parted, begin);
    return segment.done == segment.end - segment.begin;
}

/* What came since then does not count: the server has said that it is not right. */
static void give_back(struct parted *parted, const struct segment *before)
{
    pthread_mutex_lock(&parted->lock);
    segment_ledger_find(&parted->ledger, before->begin)->done = before->done;
    parted->noted = segment_ledger_done(&parted->ledger);
    (void)note(parted, text_of(parted->stamp));
    pthread_mutex_unlock(&parted->lock);
}

/* One transfer of what is still to come of it. */
static enum fault fetch_once(struct parted *parted, struct remote *remote, uint64_t begin)
{
    static const struct stream_type type = {.write = range_write, .close = range_close};
    const struct segment segment = look_at(parted, begin);
    bool has_range = features_has(remote_features(remote), FEATURE_RANG);
    uint64_t at = segment.begin + segment.done;
    char bytes[48];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct range_stream range = {.stream = {.type = &type, .fd = -1},
                                 .parted = parted,
                                 .begin = begin,
                                 .asked_end = has_range ? segment.end : parted->ledger.size};
    struct user_dtp_order order = {
        .direction = USER_DTP_FETCH,
        .verb = "RETR",
        .argument = text_of(parted->path),
        .parameters = parted->rules->parameters,
        .stream = &range.stream,
        .progress = parted->progress,
    };
    builder_put_number(&b, at);
    if (has_range) {
        builder_put_byte(&b, ' ');
        builder_put_number(&b, segment.end - 1);
        order.range = builder_text(&b);
    } else if (at) {
        order.restart = builder_text(&b);
    }
    enum fault f = remote_transfer(remote, &order);
    if (carry_is_taken_back(remote, f))
        give_back(parted, &segment);
    if (is_complete(parted, begin))
        return FAULT_NONE;
    return f ? f : FAULT_CONNECTION_LOST; /* it ended before its end, and said that all is well */
}

static enum fault fetch_segment(struct parted *parted, struct crew *crew, struct remote *remote,
                                uint64_t begin)
{
    struct carry_tries tries = {0};
    enum fault f = fetch_once(parted, remote, begin);
    while (carry_is_worth_another_try(remote, f) && !crew_is_stopped(crew) &&
           carry_try_again(remote, parted->rules, look_at(parted, begin).done, &tries, &f))
        f = fetch_once(parted, remote, begin);
    return f;
}

/* Who is done takes half of what is longest still to come. */
static bool take_half(struct parted *parted, uint64_t *ret_begin)
{
    pthread_mutex_lock(&parted->lock);
    bool is_taken = !parted->fault && !parted->is_refused &&
                    segment_ledger_split(&parted->ledger, ret_begin);
    pthread_mutex_unlock(&parted->lock);
    return is_taken;
}

/* Unless it is FAULT_NONE. `remote` may be NULL: there was no memory for one. */
static void give_up(struct parted *parted, const struct remote *remote, enum fault f)
{
    pthread_mutex_lock(&parted->lock);
    parted->is_refused |= remote && carry_refuses_restart(remote, f);
    if (f && !parted->fault)
        parted->fault = f;
    pthread_mutex_unlock(&parted->lock);
}

static void run_errand(struct crew_task *task, struct crew_hand *hand)
{
    struct errand *errand = (struct errand *)task;
    struct parted *parted = errand->parted;
    struct remote *remote = NULL;
    if (!hand) {
        memory_free(errand);
        return;
    }
    enum fault f = crew_hand_remote(hand, &remote);
    if (f == FAULT_TOO_MANY) {
        crew_leave(hand, task);
        return;
    }
    uint64_t begin = errand->begin;
    if (!f)
        f = is_complete(parted, begin) ? FAULT_NONE
                                       : fetch_segment(parted, crew_of(hand), remote, begin);
    while (!f && take_half(parted, &begin))
        f = fetch_segment(parted, crew_of(hand), remote, begin);
    give_up(parted, remote, f);
    memory_free(errand);
}

/* ---- The whole file ------------------------------------------------------------------- */

static enum fault add_errands(struct parted *parted, struct crew *crew)
{
    const struct segment_ledger ledger = parted->ledger; /* they divide it anew from now on */
    for (size_t i = 0; i < ledger.count; i++) {
        struct errand *errand = memory_new(sizeof(*errand));
        if (!errand)
            return FAULT_NO_MEMORY;
        *errand = (struct errand){
            .task.run = run_errand, .parted = parted, .begin = ledger.all[i].begin};
        crew_add(crew, &errand->task, true);
    }
    return FAULT_NONE;
}

/* Is it still the file that its ranges were fetched of? */
static bool is_unchanged(struct remote *remote, const struct parted *parted)
{
    struct entry now;
    enum fault f = remote_look(remote, parted->path, &now);
    if (f == FAULT_CONNECTION_LOST && !remote_reopen(remote)) /* idle for long: servers do that */
        f = remote_look(remote, parted->path, &now);
    return !f && now.size == parted->entry->size && now.modified == parted->entry->modified;
}

/* A server that has no room for others of us: over the connection that is there. */
static void fetch_alone(struct parted *parted, struct remote *remote, struct crew *crew)
{
    struct segment_ledger *ledger = &parted->ledger;
    if (!segment_ledger_done(ledger)) /* a range that ends before the file does costs an ABOR */
        segment_ledger_divide(ledger, ledger->size, 1);
    for (size_t i = 0; i < ledger->count && !parted->fault; i++)
        if (!is_complete(parted, ledger->all[i].begin))
            give_up(parted, remote, fetch_segment(parted, crew, remote, ledger->all[i].begin));
}

static enum fault fetch_all(struct parted *parted, struct remote *remote, struct crew *crew,
                            struct carry_outcome *outcome)
{
    enum fault f = take_ledger(parted);
    outcome->begun = parted->noted;
    if (parted->rules->on_begin)
        parted->rules->on_begin(parted->rules->begin_owner, outcome->begun, parted->entry->size);
    outcome->in_pieces = true;
    if (f)
        return f;
    crew_accompany(crew);
    f = add_errands(parted, crew);
    enum fault waited = crew_wait(crew);
    if (waited == FAULT_TOO_MANY) {
        fetch_alone(parted, remote, crew);
        waited = FAULT_NONE;
    }
    f = f ? f : waited;
    if (parted->is_refused)
        return FAULT_UNSUPPORTED;
    bool is_whole = segment_ledger_done(&parted->ledger) == parted->entry->size;
    outcome->differs = is_whole && !is_unchanged(remote, parted);
    if (outcome->differs)
        return FAULT_IO;
    if (is_whole)
        return local_part_set_end(&parted->part, parted->entry->size);
    /* On the disk before it is said to be: the machine may end before the next run. */
    if (!local_part_flush(&parted->part))
        (void)note(parted, TEXT("flushed"));
    return f ? f : parted->fault ? parted->fault : FAULT_CANCELLED;
}

static bool is_divisible(const struct entry *entry, const struct carry_rules *rules)
{
    return rules->segments > 1 && carry_is_exact(&rules->parameters) &&
           rules->parameters.mode == MODE_STREAM && entry_has_exact_size(entry) &&
           entry->kind != ENTRY_DIRECTORY && entry->precision != ENTRY_TIME_UNKNOWN &&
           entry->size >= 2 * (uint64_t)SEGMENT_BYTES_MIN &&
           entry->size <= INT64_MAX - SEGMENT_LEDGER_BYTES;
}

static enum fault fetch_parted(struct parted *parted, struct remote *remote, struct crew *crew,
                               const struct local_tree *tree, const char *local,
                               struct carry_outcome *outcome)
{
    struct local_part *part = &parted->part;
    uint64_t identity = carry_identify(parted->path, parted->entry) ^ PARTED;
    enum fault f = local_part_open(tree, local, identity, parted->rules->resumes, part);
    if (f)
        return f;
    read_stamp(parted->stamp);
    f = local_part_lock(part);
    bool is_ours = !f;
    if (!f)
        f = fetch_all(parted, remote, crew, outcome);
    if (!f)
        f = carry_finish(remote, parted->path, parted->entry, tree, parted->rules, part, outcome);
    local_part_close(tree, part, !is_ours || (f && !parted->is_refused && !outcome->differs));
    return f;
}

enum fault segments_fetch(struct remote *remote, struct crew *crew, const char *path,
                          const struct local_tree *tree, const char *local,
                          const struct carry_rules *rules, struct transfer_progress *progress,
                          struct carry_outcome *ret_outcome)
{
    struct entry entry = {.name = NULL};
    *ret_outcome = (struct carry_outcome){.begun = 0};
    enum fault f = remote_look(remote, path, &entry);
    if (f == FAULT_CONNECTION_LOST || f == FAULT_CANCELLED)
        return f;
    if (f || !is_divisible(&entry, rules))
        return carry_fetch(remote, path, NULL, tree, local, rules, progress, ret_outcome);
    struct parted *parted = memory_new(sizeof(*parted));
    if (!parted)
        return FAULT_NO_MEMORY;
    parted->path = path;
    parted->entry = &entry;
    parted->rules = rules;
    parted->progress = progress;
    pthread_mutex_init(&parted->lock, NULL);
    f = fetch_parted(parted, remote, crew, tree, local, ret_outcome);
    pthread_mutex_destroy(&parted->lock);
    bool is_refused = parted->is_refused;
    memory_free(parted);
    if (is_refused)
        return carry_fetch(remote, path, &entry, tree, local, rules, progress, ret_outcome);
    return f;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/guard.h"

#include <pthread.h>
#include <search.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum {
    SUBJECT_SIZE = sizeof(((struct ban_record *)NULL)->subject),
    /* Of addresses, and as many of users: a flood of invented names hides no address. */
    SCORES_MAX = 1 << 15,
    BANS_MAX = 1 << 16,
    /* The window's failures are counted in so many parts, and the one that is ending. */
    WINDOW_PARTS = 8,
    /* Each new ban forgets some that have ended, so that they do not heap up. */
    FORGOTTEN_AT_ONCE = 4,
    PREFIX_BITS = 128,
};

#define FOR_EVER INT64_MAX
#define USER_PREFIX TEXT("user ")

/* What is counted or banned, as a ban's record has it; zeros behind the text. */
struct subject {
    char text[SUBJECT_SIZE];
};

struct score {
    struct subject subject; /* first: the tree's key */
    struct score *older;    /* borrowed: the table's order */
    struct score *newer;    /* borrowed: likewise */
    unsigned in_a_row;
    int64_t last_s;
    int64_t part; /* the window's part that parts[part % …] is of; those before are older */
    uint32_t parts[WINDOW_PARTS + 1];
};

struct score_table {
    void *all;            /* owned: tsearch's tree of struct score */
    struct score *oldest; /* borrowed: the tree's */
    struct score *newest; /* borrowed: likewise */
    size_t count;
};

struct ban {
    struct subject subject; /* first: the tree's key */
    struct ban *older;      /* borrowed: the order of those that end */
    struct ban *newer;      /* borrowed: likewise */
    struct ban_record record;
    int64_t ends_s; /* on the running clock: a date that is set back makes no ban longer */
    unsigned bits;  /* of an address or network */
    bool is_user;
};

struct guard {
    pthread_mutex_t keeping; /* held while the records follow; taken before `lock` */
    struct records *records; /* borrowed: outlives the guard; NULL: nothing survives */
    pthread_mutex_t lock;    /* of all below; never held while something blocks */
    struct guard_rules rules;
    struct endpoint_network safe[GUARD_SAFE_MAX];
    struct score_table addresses;
    struct score_table users;
    void *bans;             /* owned: tsearch's tree of struct ban */
    struct ban *oldest_ban; /* borrowed: the tree's, of those that end */
    struct ban *newest_ban; /* borrowed: likewise */
    size_t ban_count;
    unsigned user_bans;
    unsigned networks[PREFIX_BITS + 1]; /* how many bans there are of each length */
};

/* ---- Subjects ---------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct subject));
}

static struct subject subject_of_network(const struct endpoint_network *network)
{
    struct subject subject = {0};
    struct builder b = builder_on(subject.text, sizeof(subject.text));
    endpoint_put_network(network, &b);
    return subject;
}

static struct subject subject_of_peer(const union endpoint *peer)
{
    const struct endpoint_network source = endpoint_source(peer);
    return subject_of_network(&source);
}

/* Cut to fit, and such that records and terminals can take it: two odd names may become one. */
static struct subject subject_of_user(struct text name)
{
    struct subject subject = {0};
    struct builder b = builder_on(subject.text, sizeof(subject.text) - 1);
    builder_put(&b, USER_PREFIX);
    while (name.len && !b.full) {
        unsigned char c = (unsigned char)name.at[0];
        size_t len = text_utf8_len(name);
        bool is_control = c < 0x20 || c == 0x7F || (c == 0xC2 && (unsigned char)name.at[1] < 0xA0);
        builder_put(&b, len && !is_control ? (struct text){name.at, len} : TEXT("?"));
        name = text_after(name, len ? len : 1);
    }
    return subject;
}

/* As an administrator or the records say it. */
static bool parse_subject(struct text t, struct ban *ban)
{
    struct endpoint_network network;
    if (text_starts_with(t, USER_PREFIX) && t.len > USER_PREFIX.len) {
        ban->is_user = true;
        ban->subject = subject_of_user(text_after(t, USER_PREFIX.len));
    } else if (endpoint_parse_network(t, &network)) {
        ban->bits = network.bits;
        ban->subject = subject_of_network(&network);
    } else {
        return false;
    }
    memcpy(ban->record.subject, ban->subject.text, sizeof(ban->record.subject));
    return true;
}

/* ---- Time ---------------------------------------------------------------------------- */

/* For scores, which do not outlive us, and bans as long as we run. */
static int64_t running_s(void)
{
    return clock_running_ms() / 1000;
}

/* For bans, which do. */
static int64_t date_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

/* ---- Rules ----------------------------------------------------------------------------- */

bool guard_set_rules(struct guard *guard, const struct guard_rules *rules, size_t *ret_wrong)
{
    struct endpoint_network safe[GUARD_SAFE_MAX] = {0};
    for (size_t i = 0; i < rules->safe_count; i++) {
        if (i == GUARD_SAFE_MAX || !endpoint_parse_network(text_of(rules->safe[i]), &safe[i])) {
            *ret_wrong = i;
            return false;
        }
    }
    pthread_mutex_lock(&guard->lock);
    guard->rules = *rules;
    guard->rules.safe = NULL; /* the caller's */
    memcpy(guard->safe, safe, rules->safe_count * sizeof(safe[0]));
    pthread_mutex_unlock(&guard->lock);
    return true;
}

/* With the lock held. */
static bool is_safe(const struct guard *guard, const union endpoint *peer)
{
    for (size_t i = 0; i < guard->rules.safe_count; i++)
        if (endpoint_in_network(peer, &guard->safe[i]))
            return true;
    return false;
}

/* ---- Scores; with the lock held ----------------------------------------------------------- */

static void unlink_score(struct score_table *table, struct score *score)
{
    *(score->older ? &score->older->newer : &table->oldest) = score->newer;
    *(score->newer ? &score->newer->older : &table->newest) = score->older;
}

static void link_newest(struct score_table *table, struct score *score)
{
    score->older = table->newest;
    score->newer = NULL;
    *(table->newest ? &table->newest->newer : &table->oldest) = score;
    table->newest = score;
}

static void forget_score(struct score_table *table, struct score *score)
{
    tdelete(score, &table->all, compare);
    unlink_score(table, score);
    table->count--;
    memory_free(score);
}

static struct score *find_score(struct score_table *table, const struct subject *subject)
{
    struct score **found = tfind(subject, &table->all, compare);
    return found ? *found : NULL;
}

static struct score *make_score(struct score_table *table, const struct subject *subject)
{
    struct score *score = memory_new(sizeof(*score));
    if (!score)
        return NULL;
    score->subject = *subject;
    if (!tsearch(score, &table->all, compare)) {
        memory_free(score);
        return NULL;
    }
    link_newest(table, score);
    table->count++;
    if (table->count > SCORES_MAX)
        forget_score(table, table->oldest);
    return score;
}

/* Puts a failure into today's part and empties those that are past; how many there are. */
static uint64_t count_in_window(struct score *score, int64_t now_s, uint64_t window_s)
{
    uint64_t sum = 0;
    int64_t length = (int64_t)(window_s / WINDOW_PARTS) + 1;
    int64_t part = now_s / length;
    int64_t past = part - score->part;
    for (int64_t i = 1; i <= past && i <= WINDOW_PARTS + 1; i++)
        score->parts[(score->part + i) % (WINDOW_PARTS + 1)] = 0;
    score->part = part;
    score->parts[part % (WINDOW_PARTS + 1)]++;
    for (size_t i = 0; i < WINDOW_PARTS + 1; i++)
        sum += score->parts[i];
    return sum;
}

/* What one failure came to for one subject. */
struct tally {
    unsigned in_a_row;
    uint64_t in_window;
    bool is_too_many; /* and the count begins anew */
};

static struct tally note_failure(struct guard *guard, struct score_table *table,
                                 const struct subject *subject, uint64_t ban_after)
{
    int64_t now_s = running_s();
    struct score *score = find_score(table, subject);
    if (score) {
        unlink_score(table, score);
        link_newest(table, score);
    } else {
        score = make_score(table, subject);
    }
    if (!score) /* who cannot be counted waits longest */
        return (struct tally){.in_a_row = UINT32_MAX};
    if (now_s - score->last_s > (int64_t)guard->rules.window_s)
        score->in_a_row = 0;
    score->last_s = now_s;
    score->in_a_row += score->in_a_row < UINT32_MAX;
    struct tally tally = {.in_a_row = score->in_a_row};
    if (ban_after)
        tally.in_window = count_in_window(score, now_s, guard->rules.window_s);
    tally.is_too_many = ban_after && tally.in_window >= ban_after;
    if (tally.is_too_many)
        memset(score->parts, 0, sizeof(score->parts));
    return tally;
}

static uint64_t delay_of(const struct guard_rules *rules, unsigned in_a_row)
{
    uint64_t delay_ms = in_a_row > 1 ? rules->delay_ms : 0;
    for (unsigned i = 2; i < in_a_row && delay_ms && delay_ms < rules->delay_max_ms; i++)
        delay_ms *= 2;
    return delay_ms < rules->delay_max_ms ? delay_ms : rules->delay_max_ms;
}

/* ---- Bans; with the lock held -----------------------------------------------------------------
 */

static bool is_in_force(const struct ban *ban)
{
    return ban->record.until > date_s() && ban->ends_s > running_s();
}

static struct ban *find_ban(struct guard *guard, const struct subject *subject)
{
    struct ban **found = tfind(subject, &guard->bans, compare);
    return found && is_in_force(*found) ? *found : NULL;
}

static void count_ban(struct guard *guard, const struct ban *ban, int change)
{
    unsigned *count = ban->is_user ? &guard->user_bans : &guard->networks[ban->bits];
    *count += (unsigned)change;
    guard->ban_count += (size_t)change;
}

static void forget_ban(struct guard *guard, struct ban *ban)
{
    tdelete(ban, &guard->bans, compare);
    count_ban(guard, ban, -1);
    if (ban->record.until != FOR_EVER) {
        *(ban->older ? &ban->older->newer : &guard->oldest_ban) = ban->newer;
        *(ban->newer ? &ban->newer->older : &guard->newest_ban) = ban->older;
    }
    memory_free(ban);
}

static int64_t running_end_of(int64_t until)
{
    int64_t now = running_s();
    int64_t left = until - date_s();
    return until != FOR_EVER && left < FOR_EVER - now ? now + left : FOR_EVER;
}

static enum fault add_ban(struct guard *guard, const struct ban *model)
{
    struct ban **found = tfind(&model->subject, &guard->bans, compare);
    if (found)
        forget_ban(guard, *found);
    if (guard->ban_count >= BANS_MAX && guard->oldest_ban)
        forget_ban(guard, guard->oldest_ban);
    if (guard->ban_count >= BANS_MAX)
        return FAULT_NO_SPACE; /* all of them for ever */
    struct ban *ban = memory_new(sizeof(*ban));
    if (!ban)
        return FAULT_NO_MEMORY;
    *ban = *model;
    ban->ends_s = running_end_of(ban->record.until);
    if (!tsearch(ban, &guard->bans, compare)) {
        memory_free(ban);
        return FAULT_NO_MEMORY;
    }
    count_ban(guard, ban, 1);
    if (ban->record.until == FOR_EVER)
        return FAULT_NONE;
    ban->older = guard->newest_ban;
    *(guard->newest_ban ? &guard->newest_ban->newer : &guard->oldest_ban) = ban;
    guard->newest_ban = ban;
    return FAULT_NONE;
}

static bool address_is_banned(struct guard *guard, const union endpoint *peer)
{
    for (unsigned bits = 0; bits <= PREFIX_BITS; bits++) {
        if (!guard->networks[bits])
            continue;
        const struct endpoint_network network = endpoint_network_of(peer, bits);
        const struct subject subject = subject_of_network(&network);
        if (find_ban(guard, &subject))
            return true;
    }
    return false;
}

/* ---- Bans and their records
 * ---------------------------------------------------------------------- */

/* Forgets some that have ended. Between calls the rest is only not in force any more. */
static void sweep(struct guard *guard)
{
    for (int i = 0; i < FORGOTTEN_AT_ONCE; i++) {
        struct subject ended = {0};
        pthread_mutex_lock(&guard->lock);
        struct ban *oldest = guard->oldest_ban;
        bool has_ended = oldest && !is_in_force(oldest);
        if (has_ended) {
            ended = oldest->subject;
            forget_ban(guard, oldest);
        }
        pthread_mutex_unlock(&guard->lock);
        if (!has_ended)
            return;
        if (guard->records) /* if it fails they are gone with the next start */
            (void)guard->records->type->remove_ban(guard->records, ended.text);
    }
}

/* In force at once; then, as far as it can be had, for after the next start. */
static enum fault place_ban(struct guard *guard, const struct ban *ban)
{
    pthread_mutex_lock(&guard->keeping);
    sweep(guard);
    pthread_mutex_lock(&guard->lock);
    enum fault f = add_ban(guard, ban);
    pthread_mutex_unlock(&guard->lock);
    if (!f && guard->records)
        f = guard->records->type->put_ban(guard->records, &ban->record);
    pthread_mutex_unlock(&guard->keeping);
    if (f)
        log_error("ban-not-kept", LOG_TEXT("subject", text_of(ban->record.subject)),
                  LOG_TEXT("fault", text_of(fault_text(f))));
    return f;
}

static void set_reason(struct ban *ban, struct text reason)
{
    struct builder b = builder_on(ban->record.reason, sizeof(ban->record.reason));
    reason.len = text_cut_utf8(reason, sizeof(ban->record.reason) - 1);
    builder_put(&b, reason);
    builder_end(&b);
}

static int64_t end_of(uint64_t seconds)
{
    int64_t now = date_s();
    return seconds && seconds < (uint64_t)(FOR_EVER - now) ? now + (int64_t)seconds : FOR_EVER;
}

/* What the guard bans by itself. */
static void ban_for_failures(struct guard *guard, const struct subject *subject, uint64_t seconds)
{
    struct ban ban = {.record = {.until = end_of(seconds)}};
    set_reason(&ban, TEXT("too many failed logins"));
    if (parse_subject(text_of(subject->text), &ban))
        (void)place_ban(guard, &ban); /* it has logged what is to be known */
}

/* ---- For the login ------------------------------------------------------------------------ */

bool guard_is_banned(struct guard *guard, const union endpoint *peer)
{
    pthread_mutex_lock(&guard->lock);
    bool is_banned = guard->ban_count > guard->user_bans && address_is_banned(guard, peer) &&
                     !is_safe(guard, peer);
    pthread_mutex_unlock(&guard->lock);
    return is_banned;
}

/* With the lock held. */
static bool user_is_banned(struct guard *guard, struct text user)
{
    if (!guard->user_bans)
        return false;
    const struct subject subject = subject_of_user(user);
    return find_ban(guard, &subject) != NULL;
}

bool guard_user_is_banned(struct guard *guard, struct text user, const union endpoint *peer)
{
    pthread_mutex_lock(&guard->lock);
    bool is_banned = user_is_banned(guard, user) && !is_safe(guard, peer);
    pthread_mutex_unlock(&guard->lock);
    return is_banned;
}

uint64_t guard_fail(struct guard *guard, const union endpoint *peer, struct text user)
{
    char host[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(host, sizeof(host));
    const struct subject address = subject_of_peer(peer);
    const struct subject name = subject_of_user(user);
    endpoint_put_host(peer, &b);
    pthread_mutex_lock(&guard->lock);
    const struct guard_rules rules = guard->rules;
    /* What a safe network gets wrong keeps nobody out. */
    bool bans = !is_safe(guard, peer);
    struct tally by_address = note_failure(guard, &guard->addresses, &address,
                                           bans ? rules.ban_after : 0);
    struct tally by_user = note_failure(guard, &guard->users, &name,
                                        bans ? rules.ban_user_after : 0);
    pthread_mutex_unlock(&guard->lock);
    if (by_address.is_too_many) {
        log_warning("banned", LOG_TEXT("peer", builder_text(&b)),
                    LOG_NUMBER("seconds", rules.ban_s),
                    LOG_NUMBER("failures", by_address.in_window));
        ban_for_failures(guard, &address, rules.ban_s);
    }
    if (by_user.is_too_many) {
        log_warning("banned", LOG_TEXT("user", user), LOG_TEXT("peer", builder_text(&b)),
                    LOG_NUMBER("seconds", rules.ban_s), LOG_NUMBER("failures", by_user.in_window));
        ban_for_failures(guard, &name, rules.ban_s);
    }
    bool is_users = by_user.in_a_row > by_address.in_a_row;
    return delay_of(&rules, is_users ? by_user.in_a_row : by_address.in_a_row);
}

static void forget_if_scored(struct score_table *table, const struct subject *subject)
{
    struct score *score = find_score(table, subject);
    if (score)
        forget_score(table, score);
}

/* With the lock held; there are some. */
static void forget_scores(struct guard *guard, const union endpoint *peer, struct text user)
{
    const struct subject address = subject_of_peer(peer);
    const struct subject name = subject_of_user(user);
    forget_if_scored(&guard->addresses, &address);
    forget_if_scored(&guard->users, &name);
}

void guard_succeed(struct guard *guard, const union endpoint *peer, struct text user)
{
    pthread_mutex_lock(&guard->lock);
    if (guard->addresses.count || guard->users.count)
        forget_scores(guard, peer, user);
    pthread_mutex_unlock(&guard->lock);
}

/* ---- For administration
 * --------------------------------------------------------------------------------- */

/* A walk through the bans. */
struct walk {
    void (*on_ban)(void *context, const struct ban_record *ban);
    void *context; /* borrowed: the caller's */
};

static void visit(const void *node, VISIT order, void *context)
{
    const struct walk *walk = context;
    const struct ban *ban = *(struct ban *const *)node;
    if ((order == postorder || order == leaf) && is_in_force(ban))
        walk->on_ban(walk->context, &ban->record);
}

void guard_each_ban(struct guard *guard,
                    void (*on_ban)(void *context, const struct ban_record *ban), void *context)
{
    struct walk walk = {on_ban, context};
    pthread_mutex_lock(&guard->lock);
    twalk_r(guard->bans, visit, &walk);
    pthread_mutex_unlock(&guard->lock);
}

enum fault guard_ban(struct guard *guard, struct text subject, uint64_t seconds, struct text reason)
{
    struct ban ban = {.record = {.until = end_of(seconds)}};
    if (!parse_subject(subject, &ban))
        return FAULT_ARGUMENT;
    set_reason(&ban, reason);
    return place_ban(guard, &ban);
}

enum fault guard_unban(struct guard *guard, struct text subject)
{
    struct ban named = {.is_user = false};
    if (!parse_subject(subject, &named))
        return FAULT_NOT_FOUND;
    pthread_mutex_lock(&guard->keeping);
    pthread_mutex_lock(&guard->lock);
    struct ban *ban = find_ban(guard, &named.subject);
    if (ban)
        forget_ban(guard, ban);
    pthread_mutex_unlock(&guard->lock);
    enum fault f = ban ? FAULT_NONE : FAULT_NOT_FOUND;
    if (ban && guard->records)
        f = guard->records->type->remove_ban(guard->records, named.subject.text);
    pthread_mutex_unlock(&guard->keeping);
    return f == FAULT_NOT_FOUND && ban ? FAULT_NONE : f; /* it was never kept */
}

/* ---- Life
 * -------------------------------------------------------------------------------------------------
 */

/* The rows may have been written by another program. */
static void on_kept_ban(void *context, const struct ban_record *record)
{
    struct ban ban = {.record = *record};
    const struct text subject = {record->subject, strnlen(record->subject, SUBJECT_SIZE)};
    enum fault f = parse_subject(subject, &ban) ? add_ban(context, &ban) : FAULT_ARGUMENT;
    if (f)
        log_error("ban-not-restored", LOG_TEXT("subject", subject),
                  LOG_TEXT("fault", text_of(fault_text(f))));
}

enum fault guard_new(struct records *records, struct guard **ret_guard)
{
    struct guard *guard = memory_new(sizeof(*guard));
    if (!guard)
        return FAULT_NO_MEMORY;
    guard->records = records;
    pthread_mutex_init(&guard->keeping, NULL);
    pthread_mutex_init(&guard->lock, NULL);
    enum fault f = FAULT_NONE;
    if (records)
        f = records->type->each_ban(records, date_s(), on_kept_ban, guard);
    if (f) {
        guard_free(guard);
        return f;
    }
    *ret_guard = guard;
    return FAULT_NONE;
}

void guard_free(struct guard *guard)
{
    if (!guard)
        return;
    tdestroy(guard->addresses.all, memory_free);
    tdestroy(guard->users.all, memory_free);
    tdestroy(guard->bans, memory_free);
    pthread_mutex_destroy(&guard->lock);
    pthread_mutex_destroy(&guard->keeping);
    memory_free(guard);
}

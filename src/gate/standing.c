/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/standing.h"

#include <pthread.h>
#include <search.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "gate/identity.h"
#include "gate/login.h"
#include "gate/standing_quota.h"

struct standings {
    pthread_mutex_t lock;
    void *all;             /* owned: tsearch's tree of borrowed standings */
    struct standing *kept; /* owned references: the list's first */
};

/* The records that a standing is made of, while it is made. */
struct papers {
    const struct realm *realm;       /* borrowed for the call, as all of it */
    const struct identity *identity; /* borrowed */
    const struct account *account;   /* borrowed: the identity's */
    struct account_group **groups;   /* owned array of owned records */
    size_t group_count;
};

/* ---- The table ---------------------------------------------------------------------- */

struct standings *standings_new(void)
{
    struct standings *standings = memory_new(sizeof(*standings));
    if (standings)
        pthread_mutex_init(&standings->lock, NULL);
    return standings;
}

static int compare(const void *a, const void *b)
{
    const struct standing *one = a;
    const struct standing *other = b;
    if (one->realm != other->realm)
        return one->realm < other->realm ? -1 : 1;
    if (one->anonymous != other->anonymous)
        return one->anonymous ? -1 : 1;
    return strcmp(one->name, other->name);
}

static uint64_t generation_of(const struct account_store *store)
{
    return store && store->type->generation ? store->type->generation(store) : 0;
}

bool standing_is_stale(const struct standing *standing)
{
    return generation_of(standing->store) != standing->generation;
}

static void see(struct standing *standing)
{
    atomic_store_explicit(&standing->seen_ms, clock_running_ms(), memory_order_relaxed);
}

static bool was_seen(const struct standing *standing)
{
    int64_t seen_ms = atomic_load_explicit(&standing->seen_ms, memory_order_relaxed);
    return clock_running_ms() - seen_ms < STANDING_SEEN_MS;
}

static bool is_fresh(const struct standing *standing)
{
    return !standing_is_stale(standing);
}

/* The one that there is, if it fits; else NULL. */
static struct standing *find(const struct realm *realm, const struct account *account,
                             bool anonymous, bool (*fits)(const struct standing *standing))
{
    struct standings *standings = realm->desk->standings;
    const struct standing key = {
        .realm = realm->serial, .name = account->name, .anonymous = anonymous};
    pthread_mutex_lock(&standings->lock);
    struct standing **found = tfind(&key, &standings->all, compare);
    struct standing *standing = found && fits(*found) ? standing_ref(*found) : NULL;
    pthread_mutex_unlock(&standings->lock);
    return standing;
}

struct standing *standing_recall(const struct realm *realm, const struct account *account,
                                 bool anonymous)
{
    return realm->database ? NULL : find(realm, account, anonymous, was_seen);
}

/* ---- Those that are kept; with the table's lock --------------------------------------- */

static void keep(struct standings *standings, struct standing *standing)
{
    standing->is_kept = true;
    standing->next_kept = standings->kept;
    standings->kept = standing;
}

static void stop_keeping(struct standings *standings, struct standing *standing)
{
    struct standing **link = &standings->kept;
    while (*link != standing)
        link = &(*link)->next_kept;
    *link = standing->next_kept;
    standing->is_kept = false;
}

/* Takes the next one of that realm (NULL: of any) out. */
static struct standing *take_kept(struct standings *standings, const struct realm *realm)
{
    struct standing *standing = standings->kept;
    while (standing && realm && standing->realm != realm->serial)
        standing = standing->next_kept;
    if (standing)
        stop_keeping(standings, standing);
    return standing;
}

/* ---- The table again --------------------------------------------------------------------- */

/*
 * Others find it from now on, in place of an older one, and it is kept if it may be. Without
 * memory they make their own. The older one, if it was kept: a reference to be given up.
 */
static struct standing *show(struct standing *standing, struct standings *standings)
{
    struct standing *older = NULL;
    pthread_mutex_lock(&standings->lock);
    struct standing **found = tsearch(standing, &standings->all, compare);
    if (found) {
        older = *found != standing && (*found)->is_kept ? *found : NULL;
        *found = standing;
        standing->standings = standings;
    }
    if (older)
        stop_keeping(standings, older);
    if (found && !standing->store)
        keep(standings, standing_ref(standing));
    pthread_mutex_unlock(&standings->lock);
    return older;
}

struct standing *standing_ref(struct standing *standing)
{
    atomic_fetch_add_explicit(&standing->references, 1, memory_order_relaxed);
    return standing;
}

bool standing_let_go(struct standing *standing)
{
    unsigned count = atomic_load_explicit(&standing->references, memory_order_relaxed);
    while (count > 1)
        if (atomic_compare_exchange_weak_explicit(&standing->references, &count, count - 1,
                                                  memory_order_acq_rel, memory_order_relaxed))
            return true;
    return false;
}

/* Under the table's lock: nobody finds one that is going. */
static bool give_up(struct standing *standing)
{
    struct standings *standings = standing->standings;
    if (!standings)
        return atomic_fetch_sub_explicit(&standing->references, 1, memory_order_acq_rel) == 1;
    pthread_mutex_lock(&standings->lock);
    bool is_last = atomic_fetch_sub_explicit(&standing->references, 1, memory_order_acq_rel) == 1;
    struct standing *const *found = is_last ? tfind(standing, &standings->all, compare) : NULL;
    if (found && *found == standing) /* and not the one that took its place */
        tdelete(standing, &standings->all, compare);
    pthread_mutex_unlock(&standings->lock);
    return is_last;
}

void standing_unref(struct standing *standing)
{
    if (!standing || !give_up(standing))
        return;
    standing_close_quotas(standing);
    for (size_t i = 0; i < standing->budget_count; i++)
        budget_release(standing->budgets[i]);
    memory_free(standing->budgets);
    for (size_t i = 0; i < standing->mount_count; i++) {
        memory_free(standing->mounts[i].at);
        memory_free(standing->mounts[i].name);
        tree_unref(standing->mounts[i].tree);
    }
    memory_free(standing->mounts);
    tree_unref(standing->home);
    policy_free(standing->policy);
    memory_free_secret(standing->charge, standing->charge ? strlen(standing->charge) : 0);
    memory_free(standing->name);
    memory_free(standing);
}

void standings_forget(struct standings *standings, const struct realm *realm)
{
    struct standing *standing;
    do {
        pthread_mutex_lock(&standings->lock);
        standing = take_kept(standings, realm);
        pthread_mutex_unlock(&standings->lock);
        standing_unref(standing);
    } while (standing);
}

void standings_free(struct standings *standings)
{
    if (!standings)
        return;
    standings_forget(standings, NULL);
    pthread_mutex_destroy(&standings->lock);
    memory_free(standings);
}

/* ---- Making one --------------------------------------------------------------------- */

/* What is laid down makes no sense: that is for the administrator to know, not for the user. */
static enum fault refuse(const struct papers *papers, const char *what, struct text which,
                         enum fault f)
{
    log_error("account-refused", LOG_TEXT("user", text_of(papers->account->name)),
              LOG_TEXT("field", text_of(what)), LOG_TEXT("value", which),
              LOG_TEXT("fault", text_of(fault_text(f))));
    return f;
}

static void papers_done(struct papers *papers)
{
    for (size_t i = 0; i < papers->group_count; i++)
        account_group_free(papers->groups[i]);
    memory_free(papers->groups);
}

static enum fault add_group(struct papers *papers, const char *name)
{
    struct account_store *store = papers->realm->database;
    enum fault f = store ? store->type->find_group(store, text_of(name),
                                                   &papers->groups[papers->group_count])
                         : FAULT_NOT_FOUND;
    if (f)
        return refuse(papers, "group", text_of(name), f);
    papers->group_count++;
    return FAULT_NONE;
}

/*
 * Who has no record in the database may be in a group of it all the same, by what
 * they are: if it has a group "anonymous" or "system".
 */
static enum fault gather_class(struct papers *papers)
{
    const struct identity *identity = papers->identity;
    struct account_store *store = papers->realm->database;
    const char *name = identity->anonymous ? "anonymous" : "system";
    papers->groups = memory_new_array(papers->account->group_count + 1,
                                      sizeof(struct account_group *));
    if (!papers->groups)
        return FAULT_NO_MEMORY;
    if (!store || !(identity->anonymous || identity->session))
        return FAULT_NONE;
    enum fault f = store->type->find_group(store, text_of(name), papers->groups);
    if (!f)
        papers->group_count = 1;
    return f && f != FAULT_NOT_FOUND ? refuse(papers, "group", text_of(name), f) : FAULT_NONE;
}

static enum fault gather(struct papers *papers)
{
    const struct account *account = papers->account;
    for (size_t i = 0; i < account->group_count; i++) {
        enum fault f = add_group(papers, account->groups[i]);
        if (f)
            return f;
    }
    return FAULT_NONE;
}

static enum fault make_policy(struct standing *standing, const struct papers *papers)
{
    char message[TERMS_MESSAGE_SIZE] = "";
    struct policy_source sources[POLICY_SOURCES_MAX];
    size_t count = 0;
    if (papers->group_count >= POLICY_SOURCES_MAX)
        return refuse(papers, "group", TEXT("too many"), FAULT_ARGUMENT);
    sources[count++] = (struct policy_source){standing->anonymous ? POLICY_ANONYMOUS : POLICY_USER,
                                              standing->name, &papers->account->terms};
    for (size_t i = 0; i < papers->group_count; i++)
        sources[count++] = (struct policy_source){POLICY_GROUP, papers->groups[i]->name,
                                                  &papers->groups[i]->terms};
    enum fault f = policy_new(sources, count, &standing->policy, message);
    return f ? refuse(papers, "terms", text_of(message), f) : FAULT_NONE;
}

static enum fault open_home(struct standing *standing, const struct papers *papers)
{
    const struct realm *realm = papers->realm;
    const char *root = papers->account->root ? papers->account->root : realm->root;
    if (papers->identity->home) {
        standing->home = tree_ref(papers->identity->home);
        return FAULT_NONE;
    }
    if (!root)
        return refuse(papers, "root", TEXT(""), FAULT_NOT_FOUND);
    enum fault f = trees_take(realm->desk->trees, root, &standing->home);
    return f ? refuse(papers, "root", text_of(root), f) : FAULT_NONE;
}

static enum fault mount(struct standing *standing, const struct papers *papers,
                        const struct account_mount *wanted)
{
    struct account_store *store = papers->realm->database;
    struct account_folder *folder = NULL;
    struct login_mount *made = &standing->mounts[standing->mount_count];
    for (size_t i = 0; i < standing->mount_count; i++)
        if (text_equal(text_of(standing->mounts[i].at), text_of(wanted->at)))
            return refuse(papers, "folder", text_of(wanted->at), FAULT_EXISTS);
    enum fault f = store ? store->type->find_folder(store, text_of(wanted->folder), &folder)
                         : FAULT_NOT_FOUND;
    if (!f)
        f = trees_take(papers->realm->desk->trees, folder->path, &made->tree);
    if (f) {
        account_folder_free(folder);
        return refuse(papers, "folder", text_of(wanted->folder), f);
    }
    standing->mount_count++;
    made->read_only = terms_flag(&folder->terms, TERM_READ_ONLY);
    made->at = memory_copy(wanted->at, strlen(wanted->at));
    made->name = memory_copy(wanted->folder, strlen(wanted->folder));
    f = made->at && made->name
            ? standing_count_folder(standing, papers->realm->desk->ledger, folder, made->tree)
            : FAULT_NO_MEMORY;
    account_folder_free(folder);
    return f;
}

static enum fault mount_all(struct standing *standing, const struct papers *papers)
{
    const struct account *account = papers->account;
    size_t count = account->mount_count;
    for (size_t i = 0; i < papers->group_count; i++)
        count += papers->groups[i]->mount_count;
    if (!count)
        return FAULT_NONE;
    standing->mounts = memory_new_array(count, sizeof(struct login_mount));
    enum fault f = standing->mounts ? FAULT_NONE : FAULT_NO_MEMORY;
    for (size_t i = 0; !f && i < account->mount_count; i++)
        f = mount(standing, papers, &account->mounts[i]);
    for (size_t i = 0; !f && i < papers->group_count; i++)
        for (size_t j = 0; !f && j < papers->groups[i]->mount_count; j++)
            f = mount(standing, papers, &papers->groups[i]->mounts[j]);
    return f;
}

/* Not of the database: of the system, or of the settings. */
static bool is_local(const struct papers *papers)
{
    return !papers->realm->database || papers->identity->store != papers->realm->database;
}

/*
 * What shares a budget: "user alice" and "group staff" of the database wherever
 * they come in; "local alice" and "class anonymous" of one host.
 */
static void put_budget_key(struct builder *b, const struct papers *papers,
                           const struct policy_budget *budget)
{
    static const char *const kinds[] = {
        [POLICY_USER] = "user ", [POLICY_GROUP] = "group ", [POLICY_ANONYMOUS] = "class "};
    builder_put_string(b, is_local(papers) && budget->who == POLICY_USER ? "local "
                                                                         : kinds[budget->who]);
    builder_put_string(b, budget->name);
    if (budget->who != POLICY_GROUP && is_local(papers) && papers->realm->host) {
        builder_put_byte(b, '@');
        builder_put_string(b, papers->realm->host);
    }
    builder_end(b);
}

static enum fault take_budgets(struct standing *standing, const struct papers *papers)
{
    enum { KEY_SIZE = 8 + 2 * 256 };
    char key[KEY_SIZE];
    struct budgets *budgets = papers->realm->desk->budgets;
    size_t count = policy_budget_count(standing->policy);
    standing->budgets = memory_new_array(count, sizeof(struct budget *));
    if (!standing->budgets)
        return FAULT_NO_MEMORY;
    standing->version = is_local(papers) ? papers->realm->serial : standing->generation;
    for (size_t i = 0; i < count; i++) {
        const struct policy_budget *from = policy_budget(standing->policy, i);
        uint64_t version = from->who == POLICY_GROUP ? standing->generation : standing->version;
        const struct budget_limits limits = {from->sessions, from->transfers, from->download_rate,
                                             from->upload_rate, version};
        struct builder b = builder_on(key, sizeof(key));
        put_budget_key(&b, papers, from);
        standing->budgets[i] = b.full ? NULL : budgets_take(budgets, key, &limits);
        if (!standing->budgets[i])
            return FAULT_NO_MEMORY;
        standing->budget_count++;
    }
    return FAULT_NONE;
}

static enum fault count_home(struct standing *standing, const struct papers *papers)
{
    enum fault f = standing_count_home(standing, papers->realm);
    return f && f != FAULT_NO_MEMORY ? refuse(papers, "quota", TEXT(""), f) : f;
}

static enum fault fill(struct standing *standing, struct papers *papers)
{
    const struct account *account = papers->account;
    standing->name = memory_copy(account->name, strlen(account->name));
    if (account->charge)
        standing->charge = memory_copy(account->charge, strlen(account->charge));
    if (!standing->name || (account->charge && !standing->charge))
        return FAULT_NO_MEMORY;
    enum fault f = gather_class(papers);
    if (!f)
        f = gather(papers);
    if (!f)
        f = make_policy(standing, papers);
    if (!f)
        f = open_home(standing, papers);
    if (!f)
        f = mount_all(standing, papers);
    if (!f)
        f = take_budgets(standing, papers);
    if (!f)
        f = count_home(standing, papers);
    return f;
}

/* The directory that is its root may have been replaced by another. */
static bool is_in_place(struct standing *standing)
{
    if (standing->store) /* it is shared by who is inside, as long as somebody is */
        return true;
    if (!was_seen(standing) && !tree_is_current(standing->home))
        return false;
    see(standing);
    return true;
}

static struct standing *standing_new(const struct realm *realm, const struct identity *identity)
{
    struct standing *standing = memory_new(sizeof(*standing));
    if (!standing)
        return NULL;
    atomic_init(&standing->references, 1);
    standing->anonymous = identity->anonymous;
    standing->realm = realm->serial;
    standing->store = realm->database;
    standing->generation = identity->generation;
    see(standing);
    return standing;
}

enum fault standing_take(const struct realm *realm, const struct identity *identity,
                         struct standing **ret_standing)
{
    const struct account *account = identity->account;
    /* The files of a system's user are opened anew for each session. */
    bool is_shared = !identity->home;
    struct standing *standing = is_shared ? find(realm, account, identity->anonymous, is_fresh)
                                          : NULL;
    if (standing && is_in_place(standing)) {
        *ret_standing = standing;
        return FAULT_NONE;
    }
    standing_unref(standing);
    standing = standing_new(realm, identity);
    if (!standing)
        return FAULT_NO_MEMORY;
    struct papers papers = {.realm = realm, .identity = identity, .account = account};
    enum fault f = fill(standing, &papers);
    papers_done(&papers);
    if (f) {
        standing_unref(standing);
        return f;
    }
    if (is_shared)
        standing_unref(show(standing, realm->desk->standings));
    *ret_standing = standing;
    return FAULT_NONE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quotas: a world (world.h) whose home is counted, with the limits that a test gives to
 * everybody in it: the questions that the gate asks the login are answered here. For one
 * test program; include it once. Its program wraps login_ledger_account, login_quota,
 * login_ratio and policy_limits.
 */
#ifndef FERRY_TESTS_QUOTAS_H
#define FERRY_TESTS_QUOTAS_H

#include <pthread.h>

#include "gate/gate_tree.h"
#include "gate/ledger.h"
#include "tests/unit/world.h"

struct saved_usage {
    char key[128];
    struct usage_record record;
};

/* Records in memory, as the database keeps them. */
struct memory_records {
    struct records base;
    pthread_mutex_t lock;
    struct saved_usage usages[16];
    size_t count;
    size_t saves;
};

static struct {
    struct memory_records records;
    struct tree *home; /* everybody's */
    struct ledger *ledger;
    struct ledger_account *account; /* of the home */
    struct ledger_account *user;    /* for ratios; NULL: none */
    struct ledger_limit limits[2];
    size_t limit_count;
    struct policy_limits policy;
} quotas;

static inline struct saved_usage *find_usage(const char *key)
{
    for (size_t i = 0; i < quotas.records.count; i++)
        if (strcmp(quotas.records.usages[i].key, key) == 0)
            return &quotas.records.usages[i];
    return NULL;
}

static inline enum fault load_usage(struct records *records, const char *key,
                                    struct usage_record *ret)
{
    (void)records;
    pthread_mutex_lock(&quotas.records.lock);
    const struct saved_usage *usage = find_usage(key);
    if (usage)
        *ret = usage->record;
    pthread_mutex_unlock(&quotas.records.lock);
    return usage ? FAULT_NONE : FAULT_NOT_FOUND;
}

static inline enum fault save_usage(struct records *records, const char *key,
                                    const struct usage_record *record)
{
    (void)records;
    pthread_mutex_lock(&quotas.records.lock);
    struct saved_usage *usage = find_usage(key);
    if (!usage) {
        usage = &quotas.records.usages[quotas.records.count++];
        (void)snprintf(usage->key, sizeof(usage->key), "%s", key);
    }
    usage->record = *record;
    quotas.records.saves++;
    pthread_mutex_unlock(&quotas.records.lock);
    return FAULT_NONE;
}

struct ledger_account *__wrap_login_ledger_account(const struct login *login,
                                                   const struct tree *tree);
struct ledger_account *__wrap_login_ledger_account(const struct login *login,
                                                   const struct tree *tree)
{
    (void)login;
    return tree == quotas.home ? quotas.account : NULL;
}

const struct ledger_limit *__wrap_login_quota(const struct login *login, const struct tree *tree,
                                              size_t *ret_count);
const struct ledger_limit *__wrap_login_quota(const struct login *login, const struct tree *tree,
                                              size_t *ret_count)
{
    (void)login;
    *ret_count = tree == quotas.home ? quotas.limit_count : 0;
    return quotas.limits;
}

struct ledger_account *__wrap_login_ratio(const struct login *login);
struct ledger_account *__wrap_login_ratio(const struct login *login)
{
    (void)login;
    return quotas.user;
}

const struct policy_limits *__wrap_policy_limits(const struct policy *policy);
const struct policy_limits *__wrap_policy_limits(const struct policy *policy)
{
    (void)policy;
    return &quotas.policy;
}

/* The store tells the ledger, whichever way it is used. */
static inline void watch_store(struct store *store)
{
    store->watch = ledger_watch(quotas.ledger);
    store->straight->watch = store->watch;
}

static inline void open_ledger(void)
{
    quotas.ledger = ledger_new(&quotas.records.base);
    assert_non_null(quotas.ledger);
    watch_store(tree_store(quotas.home));
    assert_fault(ledger_open_tree(quotas.ledger, quotas.home, &quotas.account), FAULT_NONE);
    quotas.limits[0].account = quotas.account;
}

static inline void close_ledger(void)
{
    ledger_close(quotas.account);
    ledger_free(quotas.ledger);
}

static inline int quotas_set_up(void **state)
{
    static const struct records_type type = {.load_usage = load_usage, .save_usage = save_usage};
    (void)world_set_up(state);
    memset(&quotas, 0, sizeof(quotas));
    pthread_mutex_init(&quotas.records.lock, NULL);
    quotas.records.base.type = &type;
    quotas.policy = (struct policy_limits){.sessions_per_address = POLICY_NO_LIMIT,
                                           .session_s = POLICY_NO_LIMIT,
                                           .idle_s = POLICY_NO_LIMIT,
                                           .file_bytes = POLICY_NO_LIMIT,
                                           .ratio_up = POLICY_NO_LIMIT,
                                           .ratio_down = POLICY_NO_LIMIT};
    quotas.limits[0] = (struct ledger_limit){NULL, LEDGER_NO_LIMIT, LEDGER_NO_LIMIT,
                                             "user writer: quota"};
    quotas.limit_count = 1;
    assert_fault(trees_take(world.realm.desk->trees, world.root, &quotas.home), FAULT_NONE);
    open_ledger();
    return 0;
}

static inline int quotas_tear_down(void **state)
{
    ledger_close(quotas.user);
    close_ledger();
    tree_unref(quotas.home);
    pthread_mutex_destroy(&quotas.records.lock);
    return world_tear_down(state);
}

/* ---- What users do ----------------------------------------------------------------- */

static const char zeros[1 << 16];

/* `len` bytes in pieces; what the first fault was. */
static inline enum fault write_bytes(struct gate_file *file, size_t len, size_t piece)
{
    enum fault f = FAULT_NONE;
    while (!f && len) {
        size_t n = len < piece ? len : piece;
        f = stream_write(file->stream, zeros, n);
        len -= n;
    }
    return f;
}

static inline enum fault upload_as(const struct caller *caller, const char *path,
                                   struct store_upload_request request, size_t len)
{
    struct gate_file *file = NULL;
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    request.mode = 0644;
    enum fault f = gate_open_upload(caller, path, &request, &file);
    if (f)
        return f;
    outcome.fault = write_bytes(file, len, 1000);
    return gate_close(&file, &outcome, NULL);
}

static inline enum fault upload(const struct caller *caller, const char *path, size_t len)
{
    return upload_as(caller, path, (struct store_upload_request){.kind = STORE_REPLACE}, len);
}

static inline enum fault append(const struct caller *caller, const char *path, size_t len)
{
    return upload_as(caller, path, (struct store_upload_request){.kind = STORE_APPEND}, len);
}

static inline enum fault resume(const struct caller *caller, const char *path, uint64_t offset,
                                size_t len)
{
    const struct store_upload_request request = {.kind = STORE_RESUME, .offset = offset};
    return upload_as(caller, path, request, len);
}

/* The connection breaks after so many bytes; the client wants to resume. */
static inline void break_upload(const struct caller *caller, const char *path, size_t len)
{
    const struct gate_outcome broken = {.fault = FAULT_CONNECTION_LOST, .keep_partial = true};
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    struct gate_file *file = NULL;
    if (gate_open_upload(caller, path, &request, &file))
        return;
    (void)write_bytes(file, len, 1000);
    (void)gate_close(&file, &broken, NULL);
}

/* Keeps `len` bytes and an annex of 10, then breaks after some more. */
static inline enum fault keep_upload(const struct caller *caller, const char *path,
                                     struct store_upload_request request, size_t len,
                                     struct store_kept *ret_kept)
{
    const struct gate_outcome broken = {.fault = FAULT_CONNECTION_LOST, .keep_partial = true};
    struct gate_file *file = NULL;
    request.mode = 0644;
    enum fault f = gate_open_upload(caller, path, &request, &file);
    if (f)
        return f;
    f = write_bytes(file, len, 1000);
    if (!f)
        f = gate_annex(file, TEXT("records 1\n"));
    if (!f)
        f = gate_keep(file, ret_kept);
    if (!f)
        (void)write_bytes(file, 100, 100);
    (void)gate_close(&file, &broken, NULL);
    return f;
}

/* ---- What is right ------------------------------------------------------------------- */

static inline void assert_used(int64_t bytes, int64_t files)
{
    struct ledger_amount used = ledger_used(quotas.account);
    struct ledger_amount taken = ledger_taken(quotas.account);
    assert_int_equal(used.bytes, bytes);
    assert_int_equal(used.files, files);
    assert_int_equal(taken.bytes, bytes);
    assert_int_equal(taken.files, files);
}

/* What was counted along the way is what is there. */
static inline void assert_counts_right(struct ledger_account *account)
{
    struct ledger_amount along = ledger_used(account);
    struct ledger_amount taken = ledger_taken(account);
    assert_fault(ledger_recount(account), FAULT_NONE);
    struct ledger_amount counted = ledger_used(account);
    assert_int_equal(along.bytes, counted.bytes);
    assert_int_equal(along.files, counted.files);
    assert_int_equal(taken.bytes, counted.bytes);
    assert_int_equal(taken.files, counted.files);
}

#define IN_QUOTAS(name) cmocka_unit_test_setup_teardown(name, quotas_set_up, quotas_tear_down)

#endif

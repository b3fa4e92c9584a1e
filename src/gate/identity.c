/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity.h"

#include <stdatomic.h>

#include "account/password.h"
#include "base/memory.h"

struct system_session {
    atomic_uint references;
    const struct system_users *users; /* borrowed: outlives any login */
    void *session;                    /* owned: theirs */
};

static uint64_t generation_of(const struct realm *realm)
{
    const struct account_store *store = realm->database;
    return store && store->type->generation ? store->type->generation(store) : 0;
}

/* ---- Users of the system ------------------------------------------------------------- */

struct system_session *system_session_ref(struct system_session *session)
{
    atomic_fetch_add_explicit(&session->references, 1, memory_order_relaxed);
    return session;
}

void system_session_unref(struct system_session *session)
{
    if (!session || atomic_fetch_sub_explicit(&session->references, 1, memory_order_acq_rel) != 1)
        return;
    session->users->log_out(session->session);
    memory_free(session);
}

static enum fault prove_to_system(const struct login_attempt *attempt, struct text password,
                                  struct identity *ret_identity)
{
    const struct system_users *users = attempt->realm->system_users;
    struct identity identity = {.proof = AUDIT_PROOF_PASSWORD,
                                .generation = generation_of(attempt->realm)};
    identity.session = memory_new(sizeof(*identity.session));
    if (!identity.session)
        return FAULT_NO_MEMORY;
    atomic_init(&identity.session->references, 1);
    identity.session->users = users;
    enum fault f = users->log_in(users->context, attempt->name, password, &attempt->peer,
                                 &identity.account, &identity.home, &identity.session->session);
    if (f) {
        memory_free(identity.session);
        return f;
    }
    *ret_identity = identity;
    return FAULT_NONE;
}

/* ---- Accounts of our own --------------------------------------------------------------- */

static void look_up_in(struct account_store *store, struct text name, struct identity *identity,
                       enum fault *fault)
{
    if (!store || *fault != FAULT_NOT_FOUND)
        return;
    *fault = store->type->find(store, name, &identity->account);
    identity->store = store;
}

enum fault identity_find(const struct realm *realm, struct text name, struct identity *ret_identity)
{
    struct identity identity = {.generation = generation_of(realm)};
    enum fault f = FAULT_NOT_FOUND;
    look_up_in(realm->accounts, name, &identity, &f);
    look_up_in(realm->database, name, &identity, &f);
    if (!f)
        *ret_identity = identity;
    return f;
}

/* Who was right a moment ago does not pay for a hash again (account/verified.h). */
static enum fault verify(const struct login_attempt *attempt, struct text password,
                         struct identity *identity)
{
    struct verified *verified = attempt->realm->desk->verified;
    const char *hash = identity->account ? identity->account->password : NULL;
    identity->proof = AUDIT_PROOF_CACHED;
    if (hash && verified_has(verified, attempt->name, password, hash))
        return FAULT_NONE;
    identity->proof = AUDIT_PROOF_PASSWORD;
    enum fault f = password_verify(hash, password);
    if (!f)
        verified_add(verified, attempt->name, password, hash);
    return f;
}

enum fault identity_prove(const struct login_attempt *attempt, struct text password,
                          struct identity *ret_identity)
{
    struct identity identity = {0};
    enum fault f = identity_find(attempt->realm, attempt->name, &identity);
    if (f == FAULT_NOT_FOUND && attempt->realm->system_users)
        return prove_to_system(attempt, password, ret_identity);
    if (f == FAULT_ARGUMENT)
        f = FAULT_NOT_FOUND; /* the record makes no sense; the log says why */
    if (f && f != FAULT_NOT_FOUND)
        return f;
    f = verify(attempt, password, &identity);
    if (f)
        identity_done(&identity);
    else
        *ret_identity = identity;
    return f;
}

enum fault identity_anonymous(const struct realm *realm, struct identity *ret_identity)
{
    uint64_t generation = generation_of(realm);
    struct account *account = account_copy(realm->anonymous);
    if (!account)
        return FAULT_NO_MEMORY;
    *ret_identity = (struct identity){.account = account,
                                      .generation = generation,
                                      .proof = AUDIT_PROOF_ANONYMOUS,
                                      .anonymous = true};
    return FAULT_NONE;
}

void identity_done(struct identity *identity)
{
    account_free(identity->account);
    tree_unref(identity->home);
    system_session_unref(identity->session);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "account/password.h"
#include "admin/check.h"
#include "admin/commands.h"
#include "admin/fields.h"
#include "admin/sources.h"
#include "base/memory.h"
#include "gate/login.h"

/* ---- Passwords ------------------------------------------------------------------------------ */

/* The request's own copy of a secret is not left in memory that others get. */
static void wipe(const json_t *secret)
{
    explicit_bzero((char *)json_string_value(secret), json_string_length(secret));
}

static bool hash_password(const json_t *request, struct account *user, struct refusal *refusal)
{
    static const char field[] = "password";
    struct text password;
    if (!fields_text(request, field, true, &password, refusal))
        return false;
    const char *weakness = password_weakness(password, text_of(user->name));
    if (weakness)
        return refuse(refusal, FAULT_ARGUMENT, field, "%s", weakness);
    char *hash = NULL;
    enum fault f = password_hash(password, &hash);
    if (f)
        return refuse_fault(refusal, f, field);
    memory_free_secret(user->password, user->password ? strlen(user->password) : 0);
    user->password = hash;
    return true;
}

/* In clear, or as a hash that is ready; not both. */
static bool set_password(const json_t *request, struct account *user, struct refusal *refusal)
{
    const json_t *password = json_object_get(request, "password");
    bool has_hash = json_object_get(request, "password-hash") != NULL;
    if (password && has_hash)
        return refuse(refusal, FAULT_ARGUMENT, "password-hash", "there is a password, too");
    if (!password && !has_hash)
        return refuse(refusal, FAULT_ARGUMENT, "password",
                      "is missing: --password-stdin or --password-hash HASH");
    if (password) {
        bool done = hash_password(request, user, refusal);
        wipe(password);
        return done;
    }
    return fields_string(request, "password-hash", &user->password, refusal) &&
           ((user->password && password_hash_is_usable(user->password)) ||
            refuse(refusal, FAULT_ARGUMENT, "password-hash", "is none that could be verified"));
}

/* ---- Changing -----------------------------------------------------------------------------------
 */

/* As a shell completes it. Always true. */
static bool cut_slash(char *path)
{
    size_t len = path ? strlen(path) : 0;
    if (len > 1 && path[len - 1] == '/')
        path[len - 1] = '\0';
    return true;
}

/* What is the same for a new user and one that is changed. */
static bool set_fields(const struct admin *admin, const json_t *request, struct account *user,
                       struct refusal *refusal)
{
    return check_reach(admin, request, "root", refusal) &&
           fields_string(request, "root", &user->root, refusal) && cut_slash(user->root) &&
           fields_string(request, "account", &user->charge, refusal) &&
           fields_groups(request, user, refusal) &&
           fields_mounts(request, &user->mounts, &user->mount_count, refusal) &&
           fields_terms(request, TERMS_USER, &user->terms, refusal);
}

static bool put_user(const struct admin *admin, const struct account *user, bool create,
                     struct refusal *refusal)
{
    char message[DATABASE_MESSAGE_SIZE] = "";
    if (!check_name(text_of(user->name), refusal) ||
        !check_directory("root", user->root, refusal) ||
        !check_terms(TERMS_USER, user->name, &user->terms, refusal) ||
        !check_user(database_accounts(admin->database), user, NULL, NULL, refusal))
        return false;
    enum fault f = database_put_user(admin->database, user, create, message);
    return or_refuse_put(f, DATABASE_USERS, user->name, message, refusal);
}

/* RFC 1635: where anonymous is on, who logs in so is nobody in particular. */
static bool check_user_name(struct text name, struct refusal *refusal)
{
    return check_name(name, refusal) &&
           (!login_name_is_anonymous(name) ||
            refuse(refusal, FAULT_ARGUMENT, "name", "stands for everybody who has no account"));
}

json_t *admin_user_add(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account *user = memory_new(sizeof(*user));
    if (!user)
        return NULL;
    bool done = fields_string(request, "name", &user->name, &refusal) &&
                check_user_name(text_of(user->name), &refusal) &&
                set_password(request, user, &refusal) &&
                set_fields(admin, request, user, &refusal) && put_user(admin, user, true, &refusal);
    account_free(user);
    return answer_outcome(done, &refusal);
}

json_t *admin_user_set(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account *user = NULL;
    bool done = find_user(admin, request, "name", &user, &refusal) &&
                set_fields(admin, request, user, &refusal) &&
                put_user(admin, user, false, &refusal);
    account_free(user);
    return answer_outcome(done, &refusal);
}

/* Only the password: whoever has a root that is missing now gets a password all the same. */
json_t *admin_user_passwd(const struct admin *admin, const json_t *request)
{
    char message[DATABASE_MESSAGE_SIZE] = "";
    struct refusal refusal;
    struct account *user = NULL;
    bool done = find_user(admin, request, "name", &user, &refusal) &&
                set_password(request, user, &refusal);
    if (done)
        done = or_refuse_put(database_put_user(admin->database, user, false, message),
                             DATABASE_USERS, user->name, message, &refusal);
    account_free(user);
    return answer_outcome(done, &refusal);
}

/* ---- Looking ------------------------------------------------------------------------------------
 */

static json_t *describe(const struct account *user)
{
    json_t *object = json_object();
    answer_put_text(&object, "name", text_of(user->name));
    if (user->root)
        answer_put_text(&object, "root", text_of(user->root));
    /* That there is one, never what it is. */
    answer_put(&object, "password", json_boolean(user->password));
    answer_put(&object, "account", json_boolean(user->charge));
    fields_put_groups(&object, user);
    fields_put_mounts(&object, user->mounts, user->mount_count);
    fields_put_terms(&object, &user->terms);
    return object;
}

json_t *admin_user_show(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account *user = NULL;
    struct sources *sources = NULL;
    if (!find_user(admin, request, "name", &user, &refusal))
        return answer_refusal(&refusal);
    json_t *answer = NULL;
    if (!sources_load(database_accounts(admin->database), user, &sources, &refusal)) {
        answer = answer_refusal(&refusal);
    } else {
        answer = answer_with("user", describe(user));
        if (user->group_count)
            answer_put(&answer, "in-force", sources_in_force(sources));
    }
    sources_free(sources);
    account_free(user);
    return answer;
}

static json_t *list_user(struct account_store *store, struct text name)
{
    struct account *user = NULL;
    if (store->type->find(store, name, &user))
        return describe_damaged(name);
    json_t *row = describe(user);
    account_free(user);
    return row;
}

json_t *admin_user_list(const struct admin *admin, const json_t *request)
{
    (void)request;
    return list_records(admin, DATABASE_USERS, "users", list_user);
}

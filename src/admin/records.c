/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups, folders, and what is the same for all three kinds of record. Users
 * have a file of their own.
 */
#include "admin/check.h"
#include "admin/commands.h"
#include "admin/fields.h"
#include "base/memory.h"

/* ---- For all kinds -------------------------------------------------------------------------- */

static const char *const kind_words[] = {
    [DATABASE_USERS] = "user", [DATABASE_GROUPS] = "group", [DATABASE_FOLDERS] = "folder"};

static bool refuse_missing(enum fault f, enum database_kind kind, const char *field,
                           struct text name, struct refusal *refusal)
{
    const char *word = kind_words[kind];
    if (f == FAULT_NOT_FOUND)
        return refuse(refusal, f, field, "there is no %s \"%.*s\"", word, TEXT_ARGS(name));
    if (f == FAULT_ARGUMENT)
        return refuse(refusal, f, field,
                      "what is kept of %s \"%.*s\" makes no sense; the log says which field", word,
                      TEXT_ARGS(name));
    return refuse_fault(refusal, f, field);
}

bool find_user(const struct admin *admin, const json_t *request, const char *field,
               struct account **ret_account, struct refusal *refusal)
{
    struct account_store *store = database_accounts(admin->database);
    struct text name;
    if (!fields_text(request, field, true, &name, refusal))
        return false;
    enum fault f = store->type->find(store, name, ret_account);
    return !f || refuse_missing(f, DATABASE_USERS, field, name, refusal);
}

static json_t *remove_record(const struct admin *admin, const json_t *request,
                             enum database_kind kind)
{
    struct refusal refusal;
    struct text name;
    bool done = fields_text(request, "name", true, &name, &refusal);
    enum fault f = done ? database_remove(admin->database, kind, name) : FAULT_NONE;
    if (f == FAULT_NOT_EMPTY)
        done = refuse(&refusal, f, "name", "somebody has %s \"%.*s\"", kind_words[kind],
                      TEXT_ARGS(name));
    else if (f)
        done = refuse_missing(f, kind, "name", name, &refusal);
    return answer_outcome(done, &refusal);
}

json_t *admin_user_remove(const struct admin *admin, const json_t *request)
{
    return remove_record(admin, request, DATABASE_USERS);
}

json_t *admin_group_remove(const struct admin *admin, const json_t *request)
{
    return remove_record(admin, request, DATABASE_GROUPS);
}

json_t *admin_folder_remove(const struct admin *admin, const json_t *request)
{
    return remove_record(admin, request, DATABASE_FOLDERS);
}

/* A walk through names that makes a list. */
struct listing {
    struct account_store *store; /* borrowed: the database's */
    json_t *rows;                /* owned; NULL: out of memory */
    json_t *(*describe)(struct account_store *store, struct text name);
};

static bool list_name(void *context, struct text name)
{
    struct listing *listing = context;
    answer_append(&listing->rows, listing->describe(listing->store, name));
    return listing->rows != NULL;
}

json_t *list_records(const struct admin *admin, enum database_kind kind, const char *key,
                     json_t *(*describe)(struct account_store *store, struct text name))
{
    struct listing listing = {database_accounts(admin->database), json_array(), describe};
    struct refusal refusal;
    enum fault f = database_each(admin->database, kind, list_name, &listing);
    if (!f)
        return answer_with(key, listing.rows);
    json_decref(listing.rows);
    (void)refuse_fault(&refusal, f, NULL);
    return answer_refusal(&refusal);
}

json_t *describe_damaged(struct text name)
{
    json_t *row = json_object();
    answer_put_text(&row, "name", name);
    answer_put(&row, "damaged", json_true());
    return row;
}

bool or_refuse_put(enum fault f, enum database_kind kind, const char *name, const char *message,
                   struct refusal *refusal)
{
    if (!f)
        return true;
    if (f == FAULT_EXISTS)
        return refuse(refusal, f, "name", "there is a %s \"%s\" already", kind_words[kind], name);
    if (f == FAULT_ARGUMENT)
        return refuse(refusal, f, NULL, "%s", message);
    return refuse_missing(f, kind, "name", text_of(name), refusal);
}

/* ---- Groups ------------------------------------------------------------------------------------
 */

static json_t *describe_group(const struct account_group *group)
{
    json_t *object = json_object();
    answer_put_text(&object, "name", text_of(group->name));
    fields_put_mounts(&object, group->mounts, group->mount_count);
    fields_put_terms(&object, &group->terms);
    return object;
}

static bool find_group(const struct admin *admin, const json_t *request,
                       struct account_group **ret_group, struct refusal *refusal)
{
    struct account_store *store = database_accounts(admin->database);
    struct text name;
    if (!fields_text(request, "name", true, &name, refusal))
        return false;
    enum fault f = store->type->find_group(store, name, ret_group);
    return !f || refuse_missing(f, DATABASE_GROUPS, "name", name, refusal);
}

/* A change of a group or a folder, and the users that it is about. */
struct effect {
    struct account_store *store;         /* borrowed: the database's */
    const struct account_group *group;   /* borrowed: the command's; NULL: a folder changes */
    const struct account_folder *folder; /* borrowed; likewise */
    struct refusal *refusal;             /* borrowed: the command's */
    bool fine;
};

static bool check_affected(void *context, struct text name)
{
    struct effect *effect = context;
    struct account *user = NULL;
    /* Who makes no sense already cannot log in either way. */
    if (effect->store->type->find(effect->store, name, &user))
        return true;
    effect->fine = check_user(effect->store, user, effect->group, effect->folder, effect->refusal);
    account_free(user);
    return effect->fine;
}

static bool put_group(const struct admin *admin, const json_t *request, struct account_group *group,
                      bool create, struct refusal *refusal)
{
    char message[DATABASE_MESSAGE_SIZE] = "";
    struct effect effect = {database_accounts(admin->database), group, NULL, refusal, true};
    if (!fields_mounts(request, &group->mounts, &group->mount_count, refusal) ||
        !fields_terms(request, TERMS_GROUP, &group->terms, refusal) ||
        !check_name(text_of(group->name), refusal) ||
        !check_mounts(effect.store, group->mounts, group->mount_count, refusal) ||
        !check_terms(TERMS_GROUP, group->name, &group->terms, refusal))
        return false;
    enum fault f = database_each_member(admin->database, text_of(group->name), check_affected,
                                        &effect);
    if (!effect.fine)
        return false;
    if (!f || f == FAULT_NOT_FOUND) /* a new one has no members */
        f = database_put_group(admin->database, group, create, message);
    return or_refuse_put(f, DATABASE_GROUPS, group->name, message, refusal);
}

json_t *admin_group_add(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account_group *group = memory_new(sizeof(*group));
    if (!group)
        return NULL;
    bool done = fields_string(request, "name", &group->name, &refusal) &&
                put_group(admin, request, group, true, &refusal);
    account_group_free(group);
    return answer_outcome(done, &refusal);
}

json_t *admin_group_set(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account_group *group = NULL;
    bool done = find_group(admin, request, &group, &refusal) &&
                put_group(admin, request, group, false, &refusal);
    account_group_free(group);
    return answer_outcome(done, &refusal);
}

static bool add_member(void *context, struct text name)
{
    json_t **members = context;
    answer_append(members, json_stringn(name.at, name.len));
    return *members != NULL;
}

json_t *admin_group_show(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account_group *group = NULL;
    json_t *members = NULL;
    if (!find_group(admin, request, &group, &refusal))
        return answer_refusal(&refusal);
    json_t *object = describe_group(group);
    members = json_array();
    enum fault f = database_each_member(admin->database, text_of(group->name), add_member,
                                        &members);
    account_group_free(group);
    answer_put(&object, "members", members);
    if (!f)
        return answer_with("group", object);
    json_decref(object);
    (void)refuse_fault(&refusal, f, "name");
    return answer_refusal(&refusal);
}

static json_t *list_group(struct account_store *store, struct text name)
{
    struct account_group *group = NULL;
    if (store->type->find_group(store, name, &group))
        return describe_damaged(name);
    json_t *row = describe_group(group);
    account_group_free(group);
    return row;
}

json_t *admin_group_list(const struct admin *admin, const json_t *request)
{
    (void)request;
    return list_records(admin, DATABASE_GROUPS, "groups", list_group);
}

/* ---- Folders
 * -------------------------------------------------------------------------------------- */

static json_t *describe_folder(const struct account_folder *folder)
{
    json_t *object = json_object();
    answer_put_text(&object, "name", text_of(folder->name));
    answer_put_text(&object, "path", text_of(folder->path));
    fields_put_terms(&object, &folder->terms);
    return object;
}

static bool find_folder(const struct admin *admin, const json_t *request,
                        struct account_folder **ret_folder, struct refusal *refusal)
{
    struct account_store *store = database_accounts(admin->database);
    struct text name;
    if (!fields_text(request, "name", true, &name, refusal))
        return false;
    enum fault f = store->type->find_folder(store, name, ret_folder);
    return !f || refuse_missing(f, DATABASE_FOLDERS, "name", name, refusal);
}

static bool put_folder(const struct admin *admin, const json_t *request,
                       struct account_folder *folder, bool create, struct refusal *refusal)
{
    char message[DATABASE_MESSAGE_SIZE] = "";
    struct effect effect = {database_accounts(admin->database), NULL, folder, refusal, true};
    if (!fields_string(request, "path", &folder->path, refusal) ||
        !fields_terms(request, TERMS_FOLDER, &folder->terms, refusal) ||
        !check_reach(admin, request, "path", refusal) ||
        !check_name(text_of(folder->name), refusal) ||
        !check_directory("path", folder->path, refusal))
        return false;
    enum fault f = FAULT_NONE;
    if (!create && json_object_get(request, "path"))
        f = database_each(admin->database, DATABASE_USERS, check_affected, &effect);
    if (!effect.fine)
        return false;
    if (!f)
        f = database_put_folder(admin->database, folder, create, message);
    return or_refuse_put(f, DATABASE_FOLDERS, folder->name, message, refusal);
}

json_t *admin_folder_add(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account_folder *folder = memory_new(sizeof(*folder));
    if (!folder)
        return NULL;
    bool done = fields_string(request, "name", &folder->name, &refusal) &&
                put_folder(admin, request, folder, true, &refusal);
    account_folder_free(folder);
    return answer_outcome(done, &refusal);
}

json_t *admin_folder_set(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account_folder *folder = NULL;
    bool done = find_folder(admin, request, &folder, &refusal) &&
                put_folder(admin, request, folder, false, &refusal);
    account_folder_free(folder);
    return answer_outcome(done, &refusal);
}

json_t *admin_folder_show(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct account_folder *folder = NULL;
    if (!find_folder(admin, request, &folder, &refusal))
        return answer_refusal(&refusal);
    json_t *object = describe_folder(folder);
    account_folder_free(folder);
    return answer_with("folder", object);
}

static json_t *list_folder(struct account_store *store, struct text name)
{
    struct account_folder *folder = NULL;
    if (store->type->find_folder(store, name, &folder))
        return describe_damaged(name);
    json_t *row = describe_folder(folder);
    account_folder_free(folder);
    return row;
}

json_t *admin_folder_list(const struct admin *admin, const json_t *request)
{
    (void)request;
    return list_records(admin, DATABASE_FOLDERS, "folders", list_folder);
}

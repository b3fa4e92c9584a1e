/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/check.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "policy/policy.h"

/* All folders that one user has, with those of their groups. */
enum { MOUNTED_MAX = 256 };

struct mounted {
    char *folder;    /* owned */
    char *at;        /* owned */
    char *directory; /* owned: without links, as far as it exists */
};

struct check {
    struct account_store *store;         /* borrowed: check_user's, as all here */
    const struct account *user;          /* borrowed */
    const struct account_group *group;   /* borrowed; NULL: none is about to change */
    const struct account_folder *folder; /* borrowed; likewise */
    struct refusal *refusal;             /* borrowed */
    struct mounted mounted[MOUNTED_MAX];
    size_t count;
};

/* ---- Single fields ------------------------------------------------------------------------ */

bool check_name(struct text name, struct refusal *refusal)
{
    return account_name_is_valid(name) ||
           refuse(refusal, FAULT_ARGUMENT, "name",
                  "is 1 to %d bytes of UTF-8 without control characters, slashes, or spaces at "
                  "either end",
                  ACCOUNT_NAME_MAX);
}

bool check_is_normal(const char *path)
{
    struct text rest = text_of(path);
    if (!text_starts_with(rest, TEXT("/")))
        return false;
    rest = text_after(rest, 1);
    bool ends = !rest.len;
    while (!ends) {
        ends = text_find(rest, '/') == rest.len;
        struct text part = text_take_until(&rest, '/');
        if (!part.len || text_equal(part, TEXT(".")) || text_equal(part, TEXT("..")))
            return false;
    }
    return true;
}

bool check_directory(const char *field, const char *path, struct refusal *refusal)
{
    struct stat info;
    if (!path)
        return refuse(refusal, FAULT_ARGUMENT, field, "is missing");
    if (!check_is_normal(path))
        return refuse(refusal, FAULT_ARGUMENT, field,
                      "\"%s\" is no absolute path without empty parts, . or ..", path);
    if (stat(path, &info))
        return refuse(refusal, FAULT_ARGUMENT, field, "\"%s\": there is no such directory", path);
    return S_ISDIR(info.st_mode) ||
           refuse(refusal, FAULT_ARGUMENT, field, "\"%s\" is not a directory", path);
}

bool check_reach(const struct admin *admin, const json_t *request, const char *field,
                 struct refusal *refusal)
{
    const struct admin_server *server = admin->server;
    const char *path = json_string_value(json_object_get(request, field));
    return !path || !server || !server->reaches || server->reaches(server->context, path) ||
           refuse(refusal, FAULT_DENIED, field,
                  "\"%s\" is outside of what the server can reach: name it, or a directory above "
                  "it, in user-roots, and start the server again",
                  path);
}

bool check_terms(enum terms_owner owner, const char *name, const struct terms *terms,
                 struct refusal *refusal)
{
    bool is_user = owner == TERMS_USER;
    const struct policy_source source = {is_user ? POLICY_USER : POLICY_GROUP, name, terms};
    char message[TERMS_MESSAGE_SIZE] = "";
    struct policy *policy = NULL;
    enum fault f = policy_new(&source, 1, &policy, message);
    policy_free(policy);
    if (!f)
        return true;
    if (f != FAULT_ARGUMENT)
        return refuse_fault(refusal, f, NULL);
    /* "user NAME: FIELD: what is wrong": the answer says the field by itself. */
    struct text what = text_of(message);
    what = text_after(what, strlen(is_user ? "user " : "group ") + strlen(name) + strlen(": "));
    struct text field = text_take_until(&what, ':');
    enum term term = term_find(field);
    if (term == TERM_NUMBER_OF)
        return refuse(refusal, FAULT_ARGUMENT, NULL, "%s", message);
    return refuse(refusal, FAULT_ARGUMENT, term_rows[term].word, "%.*s",
                  TEXT_ARGS(text_trim_start(what)));
}

/* ---- Folders -------------------------------------------------------------------------------- */

/* Is it the same, or below it? */
static bool is_within(struct text path, struct text directory)
{
    if (text_equal(directory, TEXT("/")))
        return true;
    struct text rest = text_after(path, directory.len);
    return text_starts_with(path, directory) && (!rest.len || rest.at[0] == '/');
}

static bool overlap(const char *a, const char *b)
{
    return is_within(text_of(a), text_of(b)) || is_within(text_of(b), text_of(a));
}

static bool check_mount_point(const char *at, struct refusal *refusal)
{
    return (check_is_normal(at) && !text_equal(text_of(at), TEXT("/"))) ||
           refuse(refusal, FAULT_ARGUMENT, "folder",
                  "\"%s\" is no place for a folder: an absolute path below /, without empty "
                  "parts, . or ..",
                  at);
}

bool check_mounts(struct account_store *store, const struct account_mount *mounts, size_t count,
                  struct refusal *refusal)
{
    for (size_t i = 0; i < count; i++) {
        struct account_folder *folder = NULL;
        if (!check_mount_point(mounts[i].at, refusal))
            return false;
        enum fault f = store->type->find_folder(store, text_of(mounts[i].folder), &folder);
        account_folder_free(folder);
        if (f)
            return refuse(refusal, f, "folder", "there is no folder \"%s\"", mounts[i].folder);
        for (size_t j = 0; j < i; j++)
            if (overlap(mounts[i].at, mounts[j].at))
                return refuse(refusal, FAULT_ARGUMENT, "folder", "%s and %s overlap", mounts[j].at,
                              mounts[i].at);
    }
    return true;
}

/* Where a directory really is; as it is written when it is not there now. */
static char *real_directory(const char *path)
{
    char bytes[PATH_MAX];
    struct text real = text_of(realpath(path, bytes) ? bytes : path);
    return memory_copy(real.at, real.len);
}

static bool find_directory(struct check *check, const char *name, char **ret_directory)
{
    struct account_folder *found = NULL;
    const char *path = NULL;
    if (check->folder && text_equal(text_of(check->folder->name), text_of(name))) {
        path = check->folder->path;
    } else {
        enum fault f = check->store->type->find_folder(check->store, text_of(name), &found);
        if (f)
            return refuse(check->refusal, f, "folder", "there is no folder \"%s\"", name);
        path = found->path;
    }
    *ret_directory = real_directory(path);
    account_folder_free(found);
    return *ret_directory || refuse_fault(check->refusal, FAULT_NO_MEMORY, "folder");
}

/* Two groups may well bring the same folder to the same place. */
static bool is_mounted(const struct check *check, const struct account_mount *mount)
{
    for (size_t i = 0; i < check->count; i++)
        if (text_equal(text_of(check->mounted[i].folder), text_of(mount->folder)) &&
            text_equal(text_of(check->mounted[i].at), text_of(mount->at)))
            return true;
    return false;
}

static bool add_mount(struct check *check, const struct account_mount *mount)
{
    if (is_mounted(check, mount))
        return true;
    if (check->count == MOUNTED_MAX)
        return refuse(check->refusal, FAULT_ARGUMENT, "folder",
                      "more than %d, with those of the groups", MOUNTED_MAX);
    struct mounted *mounted = &check->mounted[check->count];
    if (!check_mount_point(mount->at, check->refusal) ||
        !find_directory(check, mount->folder, &mounted->directory))
        return false;
    check->count++;
    mounted->folder = memory_copy(mount->folder, strlen(mount->folder));
    mounted->at = memory_copy(mount->at, strlen(mount->at));
    return (mounted->folder && mounted->at) ||
           refuse_fault(check->refusal, FAULT_NO_MEMORY, "folder");
}

static bool add_mounts(struct check *check, const struct account_mount *mounts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!add_mount(check, &mounts[i]))
            return false;
    return true;
}

static bool add_group(struct check *check, const char *name)
{
    if (check->group && text_equal(text_of(check->group->name), text_of(name)))
        return add_mounts(check, check->group->mounts, check->group->mount_count);
    struct account_group *group = NULL;
    enum fault f = check->store->type->find_group(check->store, text_of(name), &group);
    if (f)
        return refuse(check->refusal, f, "group",
                      f == FAULT_NOT_FOUND ? "there is no group \"%s\"" : "\"%s\" makes no sense",
                      name);
    bool fine = add_mounts(check, group->mounts, group->mount_count);
    account_group_free(group);
    return fine;
}

static bool check_pair(struct check *check, const struct mounted *a, const struct mounted *b)
{
    if (overlap(a->at, b->at))
        return refuse(check->refusal, FAULT_ARGUMENT, "folder", "%s and %s of user \"%s\" overlap",
                      a->at, b->at, check->user->name);
    return !overlap(a->directory, b->directory) ||
           refuse(check->refusal, FAULT_ARGUMENT, "folder",
                  "the directories of \"%s\" and \"%s\" lie inside each other: user \"%s\" would "
                  "reach the same file in two ways",
                  a->folder, b->folder, check->user->name);
}

/* A folder may lie in the root only where it is mounted, since it hides that place. */
static bool check_root(struct check *check, const char *root, const struct mounted *mounted)
{
    struct text directory = text_of(mounted->directory);
    struct text below = text_after(directory,
                                   text_equal(text_of(root), TEXT("/")) ? 0 : strlen(root));
    if (!overlap(root, mounted->directory) ||
        (is_within(directory, text_of(root)) && text_equal(below, text_of(mounted->at))))
        return true;
    return refuse(check->refusal, FAULT_ARGUMENT, "folder",
                  "the directory of \"%s\" and the root of user \"%s\" lie inside each other: the "
                  "same file would be reached in two ways",
                  mounted->folder, check->user->name);
}

static bool check_all_mounted(struct check *check)
{
    char *root = real_directory(check->user->root ? check->user->root : "");
    bool fine = root || refuse_fault(check->refusal, FAULT_NO_MEMORY, "root");
    for (size_t i = 0; fine && i < check->count; i++) {
        fine = !root[0] || check_root(check, root, &check->mounted[i]);
        for (size_t j = 0; fine && j < i; j++)
            fine = check_pair(check, &check->mounted[j], &check->mounted[i]);
    }
    memory_free(root);
    return fine;
}

static bool check_groups(struct check *check)
{
    const struct account *user = check->user;
    for (size_t i = 0; i < user->group_count; i++) {
        for (size_t j = 0; j < i; j++)
            if (text_equal(text_of(user->groups[i]), text_of(user->groups[j])))
                return refuse(check->refusal, FAULT_ARGUMENT, "group", "\"%s\" is given twice",
                              user->groups[i]);
        if (!add_group(check, user->groups[i]))
            return false;
    }
    return true;
}

bool check_user(struct account_store *store, const struct account *user,
                const struct account_group *group, const struct account_folder *folder,
                struct refusal *refusal)
{
    struct check *check = memory_new(sizeof(*check));
    if (!check)
        return refuse_fault(refusal, FAULT_NO_MEMORY, NULL);
    check->store = store;
    check->user = user;
    check->group = group;
    check->folder = folder;
    check->refusal = refusal;
    bool fine = add_mounts(check, user->mounts, user->mount_count) && check_groups(check) &&
                check_all_mounted(check);
    for (size_t i = 0; i < check->count; i++) {
        memory_free(check->mounted[i].folder);
        memory_free(check->mounted[i].at);
        memory_free(check->mounted[i].directory);
    }
    memory_free(check);
    return fine;
}

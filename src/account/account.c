/* SPDX-License-Identifier: Apache-2.0 */
#include "account/account.h"

#include "base/memory.h"

static bool copy_string(const char *from, char **to)
{
    *to = from ? memory_copy(from, strlen(from)) : NULL;
    return *to || !from;
}

static void free_secret(char *secret)
{
    memory_free_secret(secret, secret ? strlen(secret) : 0);
}

static void free_mounts(struct account_mount *mounts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memory_free(mounts[i].folder);
        memory_free(mounts[i].at);
    }
    memory_free(mounts);
}

static bool copy_groups(const struct account *from, struct account *to)
{
    if (!from->group_count)
        return true;
    to->groups = memory_new_array(from->group_count, sizeof(char *));
    if (!to->groups)
        return false;
    to->group_count = from->group_count;
    for (size_t i = 0; i < from->group_count; i++)
        if (!copy_string(from->groups[i], &to->groups[i]))
            return false;
    return true;
}

static bool copy_mounts(const struct account *from, struct account *to)
{
    if (!from->mount_count)
        return true;
    to->mounts = memory_new_array(from->mount_count, sizeof(struct account_mount));
    if (!to->mounts)
        return false;
    to->mount_count = from->mount_count;
    for (size_t i = 0; i < from->mount_count; i++)
        if (!copy_string(from->mounts[i].folder, &to->mounts[i].folder) ||
            !copy_string(from->mounts[i].at, &to->mounts[i].at))
            return false;
    return true;
}

struct account *account_copy(const struct account *account)
{
    struct account *copy = memory_new(sizeof(*copy));
    if (!copy)
        return NULL;
    if (copy_string(account->name, &copy->name) &&
        copy_string(account->password, &copy->password) &&
        copy_string(account->root, &copy->root) && copy_string(account->charge, &copy->charge) &&
        terms_copy(&account->terms, &copy->terms) && copy_groups(account, copy) &&
        copy_mounts(account, copy))
        return copy;
    account_free(copy);
    return NULL;
}

void account_free(struct account *account)
{
    if (!account)
        return;
    free_secret(account->password);
    free_secret(account->charge);
    memory_free(account->name);
    memory_free(account->root);
    terms_done(&account->terms);
    for (size_t i = 0; i < account->group_count; i++)
        memory_free(account->groups[i]);
    memory_free(account->groups);
    free_mounts(account->mounts, account->mount_count);
    memory_free(account);
}

void account_group_free(struct account_group *group)
{
    if (!group)
        return;
    memory_free(group->name);
    terms_done(&group->terms);
    free_mounts(group->mounts, group->mount_count);
    memory_free(group);
}

void account_folder_free(struct account_folder *folder)
{
    if (!folder)
        return;
    memory_free(folder->name);
    memory_free(folder->path);
    terms_done(&folder->terms);
    memory_free(folder);
}

bool account_name_is_valid(struct text name)
{
    if (!name.len || name.len > ACCOUNT_NAME_MAX || name.at[0] == ' ' ||
        name.at[name.len - 1] == ' ')
        return false;
    while (name.len) {
        size_t len = text_utf8_len(name);
        unsigned char c = (unsigned char)name.at[0];
        if (!len || c < 0x20 || c == 0x7F || c == '/')
            return false;
        name = text_after(name, len);
    }
    return true;
}

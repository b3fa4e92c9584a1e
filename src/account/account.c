/* SPDX-License-Identifier: Apache-2.0 */
#include "account/account.h"

#include "base/memory.h"

static bool copy_string(const char *from, char **to)
{
    *to = from ? memory_copy(from, strlen(from)) : NULL;
    return *to || !from;
}

static void free_string(char *secret)
{
    memory_free_secret(secret, secret ? strlen(secret) : 0);
}

struct account *account_copy(const struct account *account)
{
    struct account *copy = memory_new(sizeof(*copy));
    if (!copy)
        return NULL;
    copy->read_only = account->read_only;
    if (copy_string(account->name, &copy->name) &&
        copy_string(account->password, &copy->password) &&
        copy_string(account->root, &copy->root) && copy_string(account->charge, &copy->charge))
        return copy;
    account_free(copy);
    return NULL;
}

void account_free(struct account *account)
{
    if (!account)
        return;
    free_string(account->password);
    free_string(account->charge);
    memory_free(account->name);
    memory_free(account->root);
    memory_free(account);
}

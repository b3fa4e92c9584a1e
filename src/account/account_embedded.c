/* SPDX-License-Identifier: Apache-2.0 */
#include "account/account_embedded.h"

#include <search.h>
#include <stdlib.h>

#include "base/memory.h"

struct account_embedded {
    struct account_store base;
    void *tree; /* owned: tsearch's tree of struct account, by name */
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct account *)a)->name, ((const struct account *)b)->name);
}

static struct account *look_up(const struct account_embedded *embedded, const char *name)
{
    const struct account key = {.name = (char *)name};
    struct account **found = tfind(&key, &embedded->tree, compare);
    return found ? *found : NULL;
}

static enum fault embedded_find(struct account_store *store, struct text name,
                                struct account **ret_account)
{
    struct account_embedded *embedded = (struct account_embedded *)store;
    if (text_find(name, '\0') != name.len)
        return FAULT_NOT_FOUND;
    char *key = memory_copy(name.at, name.len);
    if (!key)
        return FAULT_NO_MEMORY;
    const struct account *account = look_up(embedded, key);
    memory_free(key);
    if (!account)
        return FAULT_NOT_FOUND;
    *ret_account = account_copy(account);
    return *ret_account ? FAULT_NONE : FAULT_NO_MEMORY;
}

/* A name that is longer is nobody's who could be asked for by FTP. */
enum { KEY_SIZE = 512 };

static const struct account *embedded_look(const struct account_store *store, struct text name)
{
    char bytes[KEY_SIZE];
    struct builder key = builder_on(bytes, sizeof(bytes));
    builder_put(&key, name);
    builder_end(&key);
    bool is_string = !key.full && text_find(name, '\0') == name.len;
    return is_string ? look_up((const struct account_embedded *)store, key.at) : NULL;
}

static void free_node(void *account)
{
    account_free(account);
}

static void embedded_free(struct account_store *store)
{
    struct account_embedded *embedded = (struct account_embedded *)store;
    tdestroy(embedded->tree, free_node);
    memory_free(embedded);
}

struct account_store *account_embedded_new(void)
{
    static const struct account_store_type type = {
        .find = embedded_find, .look = embedded_look, .free = embedded_free};
    struct account_embedded *embedded = memory_new(sizeof(*embedded));
    if (!embedded)
        return NULL;
    embedded->base.type = &type;
    return &embedded->base;
}

enum fault account_embedded_add(struct account_store *store, const struct account *account)
{
    struct account_embedded *embedded = (struct account_embedded *)store;
    if (look_up(embedded, account->name))
        return FAULT_EXISTS;
    struct account *copy = account_copy(account);
    if (!copy)
        return FAULT_NO_MEMORY;
    if (tsearch(copy, &embedded->tree, compare))
        return FAULT_NONE;
    account_free(copy);
    return FAULT_NO_MEMORY;
}

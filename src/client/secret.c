/* SPDX-License-Identifier: Apache-2.0 */
#include "client/secret.h"

bool secret_set(struct secret *secret, struct text text)
{
    struct builder b = builder_on(secret->bytes, sizeof(secret->bytes));
    bool is_one_line = text_find(text, '\0') == text.len && text_find(text, '\r') == text.len &&
                       text_find(text, '\n') == text.len;
    if (is_one_line)
        builder_put(&b, text);
    builder_end(&b);
    if (!is_one_line || b.full) {
        secret_wipe(secret);
        return false;
    }
    secret->len = b.len;
    return true;
}

void secret_wipe(struct secret *secret)
{
    explicit_bzero(secret, sizeof(*secret));
}

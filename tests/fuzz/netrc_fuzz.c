/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/netrc: values can be sent, macros are parts of the file, and an entry
 * that is written out is found. The first line of the input is the host, the
 * second the user.
 */
#include "client/netrc.h"
#include "tests/fuzz/fuzz.h"

static bool is_inside(struct text part, struct text whole)
{
    return !part.len || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void check_part(const char *part, bool is_there)
{
    const struct text t = {part, strnlen(part, NETRC_PART_SIZE)};
    PROMISE(t.len < NETRC_PART_SIZE && (is_there || !t.len));
    PROMISE(text_find(t, '\r') == t.len && text_find(t, '\n') == t.len);
}

static void check_entry(const struct netrc_entry *entry, struct text file, struct text user)
{
    struct text macros = entry->macros;
    struct netrc_macro macro;
    check_part(entry->login, entry->has_login);
    check_part(entry->password, entry->has_password);
    check_part(entry->account, entry->has_account);
    PROMISE(!user.len || !entry->has_login || text_equal(text_of(entry->login), user));
    PROMISE(is_inside(macros, file));
    for (size_t left = macros.len; netrc_take_macro(&macros, &macro); left = macros.len) {
        PROMISE(macros.len < left && macro.name.len);
        PROMISE(is_inside(macro.name, entry->macros) && is_inside(macro.text, entry->macros));
        PROMISE(!memmem(macro.text.at, macro.text.len, "\n\n", 2));
    }
}

static void put_quoted(struct builder *b, const char *keyword, const char *value)
{
    builder_put_string(b, keyword);
    builder_put(b, TEXT(" \""));
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            builder_put_byte(b, '\\');
        builder_put_byte(b, *value);
    }
    builder_put(b, TEXT("\"\n"));
}

static void check_back(const struct netrc_entry *entry)
{
    static char bytes[8 * NETRC_PART_SIZE];
    static struct netrc_entry back;
    struct builder b = builder_on(bytes, sizeof(bytes));
    size_t line;
    put_quoted(&b, "machine", "h");
    if (entry->has_login)
        put_quoted(&b, "login", entry->login);
    if (entry->has_password)
        put_quoted(&b, "password", entry->password);
    if (entry->has_account)
        put_quoted(&b, "account", entry->account);
    PROMISE(!b.full);
    PROMISE(netrc_find(builder_text(&b), TEXT("h"), TEXT(""), &back, &line) == NETRC_FOUND);
    PROMISE(back.has_login == entry->has_login && back.has_password == entry->has_password);
    PROMISE(text_equal(text_of(back.login), text_of(entry->login)));
    PROMISE(text_equal(text_of(back.password), text_of(entry->password)));
    PROMISE(text_equal(text_of(back.account), text_of(entry->account)));
}

static size_t lines_of(struct text t)
{
    size_t lines = 1;
    for (size_t i = 0; i < t.len; i++)
        lines += t.at[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct netrc_entry entry;
    struct text file = {(const char *)data, size};
    const struct text host = text_take_until(&file, '\n');
    const struct text user = text_take_until(&file, '\n');
    size_t line = 0;
    switch (netrc_find(file, host, user, &entry, &line)) {
    case NETRC_FOUND:
        PROMISE(!line);
        check_entry(&entry, file, user);
        check_back(&entry);
        break;
    case NETRC_NONE:
        PROMISE(!line);
        break;
    case NETRC_MALFORMED:
        PROMISE(line && line <= lines_of(file));
        break;
    }
    return 0;
}

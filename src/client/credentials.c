/* SPDX-License-Identifier: Apache-2.0 */
#include "client/credentials.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/safe_name.h"

/* What FERRY_PASSWORD was. */
static struct {
    struct secret password; /* empty: there was none, or no right one */
    bool is_wrong;          /* too long, or of several lines */
} surroundings;

struct search {
    const struct credentials_wanted *wanted; /* borrowed: credentials_find's, as all below */
    struct credentials *found;
    char *message;
    bool netrc_was_read;
    struct secret netrc_password; /* until it is its turn; empty: none */
};

static enum fault tell(struct search *search, enum fault f, const char *what, const char *why)
{
    (void)snprintf(search->message, KEPT_MESSAGE_SIZE, "%s: %s", what, why);
    return f;
}

static bool is_anonymous(const char *user)
{
    return !user[0] || text_equal_any_case(text_of(user), TEXT("anonymous")) ||
           text_equal_any_case(text_of(user), TEXT("ftp"));
}

static bool set_user(struct credentials *found, struct text user)
{
    struct builder b = builder_on(found->user, sizeof(found->user));
    builder_put(&b, user);
    builder_end(&b);
    return !b.full;
}

static enum fault tell_wrong(struct search *search, const char *what)
{
    return tell(search, FAULT_ARGUMENT, what, "too long for a password, or of several lines");
}

/* ---- netrc ------------------------------------------------------------------------- */

static enum fault take_entry(struct search *search, const char *path, const struct kept_file *file,
                             const struct credentials_entry *entry)
{
    struct credentials *found = search->found;
    bool is_secret = (entry->password.len || entry->account.len) && !is_anonymous(entry->login);
    if (is_secret && !file->is_private)
        return tell(search, FAULT_DENIED, path,
                    "it has a password, and is not yours or others can read it: chmod 600");
    if (!found->user[0] && !set_user(found, text_of(entry->login)))
        return tell(search, FAULT_ARGUMENT, path, "a login is too long");
    found->account = entry->account;
    search->netrc_password = entry->password;
    return FAULT_NONE;
}

static enum fault look_up(struct search *search, const char *path, const struct kept_file *file)
{
    struct credentials_entry entry = {.login = ""};
    char where[64];
    unsigned line = 0;
    enum fault f = search->wanted->netrc(kept_file_text(file), text_of(search->wanted->host),
                                         text_of(search->found->user), &entry, &line);
    if (f == FAULT_NOT_FOUND) {
        f = FAULT_NONE;
    } else if (f) {
        (void)snprintf(where, sizeof(where), "line %u is not understood", line);
        f = tell(search, f, path, where);
    } else {
        f = take_entry(search, path, file, &entry);
    }
    explicit_bzero(&entry, sizeof(entry));
    return f;
}

static enum fault read_netrc(struct search *search)
{
    char path[KEPT_PATH_SIZE];
    struct kept_file file = {.bytes = NULL};
    const char *named = search->wanted->netrc_file;
    if (!search->wanted->netrc || search->netrc_was_read)
        return FAULT_NONE;
    search->netrc_was_read = true;
    if (!named[0] && kept_file_home_path(".netrc", path))
        return FAULT_NONE;
    enum fault f = kept_file_read(named[0] ? named : path, &file);
    if (f == FAULT_NOT_FOUND && !named[0])
        return FAULT_NONE;
    f = f ? tell(search, f, named[0] ? named : path, fault_text(f))
          : look_up(search, named[0] ? named : path, &file);
    kept_file_done(&file);
    return f;
}

static enum fault from_netrc(struct search *search)
{
    enum fault f = read_netrc(search);
    if (f || !search->netrc_password.len)
        return f;
    search->found->password = search->netrc_password;
    search->found->source = CREDENTIALS_NETRC;
    return FAULT_NONE;
}

/* ---- The others -------------------------------------------------------------------- */

static enum fault from_url(struct search *search)
{
    const char *password = search->wanted->url_password;
    if (!password[0])
        return FAULT_NONE;
    if (!secret_set(&search->found->password, text_of(password)))
        return tell_wrong(search, "the URL's");
    search->found->source = CREDENTIALS_URL;
    return FAULT_NONE;
}

static enum fault from_environment(struct search *search)
{
    if (surroundings.is_wrong)
        return tell_wrong(search, "FERRY_PASSWORD");
    if (!surroundings.password.len)
        return FAULT_NONE;
    search->found->password = surroundings.password;
    search->found->source = CREDENTIALS_ENVIRONMENT;
    return FAULT_NONE;
}

/* One that fails may not know this server: what comes after it may. */
static enum fault from_command(struct search *search)
{
    const struct credentials_wanted *wanted = search->wanted;
    if (!wanted->command[0])
        return FAULT_NONE;
    enum fault f = secret_from_command(&search->found->password, wanted->command, wanted->host,
                                       search->found->user, wanted->command_timeout_ms);
    if (f == FAULT_NOT_FOUND)
        return FAULT_NONE;
    if (f == FAULT_TIMED_OUT)
        return tell(search, f, "password_command", "it did not end in time");
    if (f)
        return tell(search, f, "password_command", fault_text(f));
    search->found->source = CREDENTIALS_COMMAND;
    return FAULT_NONE;
}

static void put_server(struct search *search, struct builder *b)
{
    safe_text_put(b, text_of(search->found->user));
    builder_put_byte(b, '@');
    safe_text_put(b, text_of(search->wanted->host));
}

static enum fault from_terminal(struct search *search)
{
    char prompt[KEPT_MESSAGE_SIZE];
    struct builder b = builder_on(prompt, sizeof(prompt));
    if (!search->wanted->may_ask)
        return FAULT_NONE;
    builder_put(&b, TEXT("Password for "));
    put_server(search, &b);
    builder_put(&b, TEXT(": "));
    builder_end(&b);
    enum fault f = secret_from_terminal(&search->found->password, prompt);
    if (f == FAULT_NOT_FOUND)
        return FAULT_NONE;
    if (f)
        return tell(search, f, "password", fault_text(f));
    search->found->source = CREDENTIALS_TERMINAL;
    return FAULT_NONE;
}

static enum fault find_password(struct search *search)
{
    static enum fault (*const sources[])(struct search *) = {
        from_url, from_environment, from_command, from_netrc, from_terminal};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        enum fault f = sources[i](search);
        if (f || search->found->source != CREDENTIALS_NONE)
            return f;
    }
    struct builder b = builder_on(search->message, KEPT_MESSAGE_SIZE);
    builder_put(&b, TEXT("no password for "));
    put_server(search, &b);
    builder_end(&b);
    return FAULT_NOT_FOUND;
}

/* Who the URL does not name may be named in a netrc. */
static enum fault find_user(struct search *search)
{
    if (!set_user(search->found, text_of(search->wanted->user)))
        return tell(search, FAULT_ARGUMENT, "user", "too long a name");
    return search->found->user[0] ? FAULT_NONE : read_netrc(search);
}

/* Nobody keeps a secret for them, and nobody is asked for one. */
static enum fault find_anonymous(struct search *search)
{
    enum fault f = from_url(search);
    if (f || search->found->source != CREDENTIALS_NONE || !search->netrc_password.len)
        return f;
    return from_netrc(search);
}

enum fault credentials_find(const struct credentials_wanted *wanted,
                            struct credentials *ret_credentials, char message[KEPT_MESSAGE_SIZE])
{
    struct search search = {wanted, ret_credentials, message, false, {.len = 0}};
    message[0] = '\0';
    explicit_bzero(ret_credentials, sizeof(*ret_credentials));
    enum fault f = find_user(&search);
    if (!f)
        f = is_anonymous(ret_credentials->user) ? find_anonymous(&search) : find_password(&search);
    secret_wipe(&search.netrc_password);
    if (f)
        credentials_wipe(ret_credentials);
    return f;
}

void credentials_wipe(struct credentials *credentials)
{
    explicit_bzero(credentials, sizeof(*credentials));
}

void credentials_take_environment(void)
{
    char *value = getenv("FERRY_PASSWORD");
    credentials_forget_environment();
    if (!value)
        return;
    surroundings.is_wrong = !secret_set(&surroundings.password, text_of(value));
    explicit_bzero(value, strlen(value)); /* /proc shows what the system gave us */
    (void)unsetenv("FERRY_PASSWORD");
}

void credentials_forget_environment(void)
{
    explicit_bzero(&surroundings, sizeof(surroundings));
}

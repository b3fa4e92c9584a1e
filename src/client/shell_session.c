/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the shell: open user account close bye cd cdup pwd, bookmark, proxy. */
#include <stdlib.h>
#include <unistd.h>

#include "client/bookmarks.h"
#include "client/safe_name.h"
#include "client/secret.h"
#include "client/shell.h"

enum { TARGET_SIZE = URL_PATH_SIZE };

/* ---- Connecting ------------------------------------------------------------------------- */

/* Where it was before, where the URL says, or where the login landed: the prompt is to show it. */
static void go_where_it_was(struct shell *shell)
{
    struct shell_session *here = &shell->here;
    struct builder home = builder_on(here->home, sizeof(here->home));
    struct text path = text_of(here->directory);
    if (!remote_ask_directory(here->remote))
        builder_put(&home, remote_directory(here->remote));
    builder_end(&home);
    enum fault f = path.len ? remote_change_directory(here->remote, path) : FAULT_NONE;
    if (f)
        shell_count(shell, here->directory, f);
    here->directory[0] = '\0';
}

bool shell_connect(struct shell *shell)
{
    struct shell_session *here = &shell->here;
    if (!here->site) {
        run_complain(shell->run, "not connected", "open HOST connects", EXIT_STATUS_CONNECT);
        return false;
    }
    if (here->is_refused) {
        run_complain(shell->run, "not logged in", "user NAME logs in", EXIT_STATUS_LOGIN);
        return false;
    }
    if (here->remote && remote_is_alive(here->remote))
        return true;
    const char *host = site_url(here->site)->host;
    if (here->remote) {
        shell_say(shell, "The connection to %s is gone; connecting again.", host);
        enum fault f = remote_reopen(here->remote);
        if (f)
            shell_count(shell, host, f);
        return !f;
    }
    if (!here->cache && listing_cache_new(&here->cache)) {
        shell_count_local(shell, host, FAULT_NO_MEMORY);
        return false;
    }
    if (!run_connect(shell->run, here->site, &here->remote)) {
        here->is_refused = shell->run->last == EXIT_STATUS_LOGIN;
        return false;
    }
    go_where_it_was(shell);
    return true;
}

void shell_session_drop(struct shell *shell, struct shell_session *session)
{
    struct builder b = builder_on(session->directory, sizeof(session->directory));
    if (!session->remote)
        return;
    builder_put(&b, remote_directory(session->remote));
    builder_end(&b);
    run_disconnect(shell->run, session->remote);
    session->remote = NULL;
}

void shell_session_close(struct shell *shell, struct shell_session *session)
{
    run_disconnect(shell->run, session->remote);
    site_close(session->site);
    listing_cache_free(session->cache);
    *session = (struct shell_session){.site = NULL};
}

/* ---- open, user --------------------------------------------------------------------------- */

/* "host", "user@host", "host:21", "::1" as a URL of it. */
static bool parse_host(struct text target, const char *port, struct url *ret_url)
{
    char bytes[TARGET_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text host = target;
    size_t at = text_find_last(target, '@');
    if (at < target.len)
        host = text_after(target, at + 1);
    bool is_ipv6 = text_find(host, ':') != text_find_last(host, ':') &&
                   !text_starts_with(host, TEXT("["));
    builder_put_string(&b, "ftp://");
    builder_put(&b, (struct text){target.at, target.len - host.len});
    builder_put_string(&b, is_ipv6 ? "[" : "");
    builder_put(&b, host);
    builder_put_string(&b, is_ipv6 ? "]" : "");
    if (port) {
        builder_put_byte(&b, ':');
        builder_put_string(&b, port);
    }
    return text_find(target, '/') == target.len && !b.full && url_parse(builder_text(&b), ret_url);
}

enum found_bookmark { BOOKMARK_NONE, BOOKMARK_TAKEN, BOOKMARK_WRONG };

/* Its URL, and its settings over those that are given. */
static enum found_bookmark find_bookmark(struct shell *shell, const char *name,
                                         struct settings *settings, struct url *ret_url)
{
    struct bookmarks bookmarks;
    struct bookmark bookmark;
    char message[KEPT_MESSAGE_SIZE];
    char why[SETTINGS_MESSAGE_SIZE] = "its URL is none of the form ftp://user@host/path";
    if (bookmarks_open(&bookmarks, NULL, message)) {
        bookmarks_close(&bookmarks);
        return BOOKMARK_NONE; /* `bookmark list` tells why */
    }
    enum found_bookmark found = BOOKMARK_NONE;
    if (bookmarks_find(&bookmarks, text_of(name), &bookmark)) {
        bool is_right = url_parse(bookmark.url, ret_url) &&
                        bookmark_apply(&bookmark, settings, why);
        found = is_right ? BOOKMARK_TAKEN : BOOKMARK_WRONG;
        if (!is_right)
            run_complain(shell->run, name, why, EXIT_STATUS_USAGE);
    }
    bookmarks_close(&bookmarks);
    return found;
}

/* The settings of a bookmark, until it is left. */
static void take_settings(struct shell *shell, const struct settings *settings)
{
    if (!shell->has_bookmark)
        shell->own = *shell->settings;
    shell->has_bookmark = true;
    *shell->settings = *settings;
    shell_take_settings(shell);
}

/* As ftp(1): who is at the terminal says who they are, where nothing else does. */
static void ask_for_user(struct shell *shell, struct url *url)
{
    char question[URL_PART_SIZE + 64];
    char answer[URL_PART_SIZE];
    struct builder b = builder_on(question, sizeof(question));
    struct builder user = builder_on(url->user, sizeof(url->user));
    builder_put_string(&b, "Name (");
    safe_text_put(&b, text_of(url->host));
    builder_put_string(&b, ":anonymous): ");
    if (!shell_ask(shell, builder_end(&b), answer, sizeof(answer)) || !answer[0])
        return;
    builder_put_string(&user, answer);
    builder_end(&user);
    url->has_user = true;
}

/* Those of the netrc's entry; "init" is done at once, as ftp(1) does. */
static void take_macros(struct shell *shell)
{
    const struct settings *settings = shell->settings;
    struct text name;
    struct text lines;
    enum fault f = FAULT_NONE;
    if (settings->netrc)
        f = macros_read_netrc(shell->macros, settings->netrc_file,
                              text_of(site_url(shell->here.site)->host),
                              text_of(site_remote(shell->here.site)->user));
    if (f && f != FAULT_NOT_FOUND)
        shell_count_local(shell, "macros of the netrc", f);
    for (size_t i = 0; macros_at(shell->macros, i, &name, &lines); i++)
        if (text_equal(name, TEXT("init"))) {
            shell_do_line(shell, TEXT("$ init"));
            return;
        }
}

/* In place of the one that there was. False when it has been told why not. */
static bool choose_server(struct shell *shell, struct url *url)
{
    struct shell_session *here = &shell->here;
    shell_session_close(shell, here);
    if (!run_open_url(shell->run, url, &here->site))
        return false;
    if (!url->has_user && strcmp(site_remote(here->site)->user, "anonymous") == 0) {
        ask_for_user(shell, url);
        if (url->has_user) {
            site_close(here->site);
            here->site = NULL;
            if (!run_open_url(shell->run, url, &here->site))
                return false;
        }
    }
    struct builder b = builder_on(here->directory, sizeof(here->directory));
    builder_put_string(&b, url->path);
    builder_end(&b);
    return true;
}

/* Who was refused may say who else they are, as in ftp(1): `user`. */
static void enter(struct shell *shell)
{
    if (shell_connect(shell))
        take_macros(shell);
    else if (!shell->here.is_refused)
        shell_session_close(shell, &shell->here);
}

static void leave(struct shell *shell)
{
    shell_session_close(shell, &shell->here);
    if (shell->has_bookmark) {
        *shell->settings = shell->own;
        shell->has_bookmark = false;
        shell_take_settings(shell);
    }
}

/* What is to be opened, and with which settings. False when it has been told why not. */
static bool find_server(struct shell *shell, const struct shell_call *call, const char *target,
                        const char *port, struct settings *settings, struct url *ret_url,
                        bool *ret_is_bookmark)
{
    uint64_t number = 0;
    if (port && !text_to_number(text_of(port), UINT16_MAX, &number)) {
        shell_complain(shell, call, "a port is a number up to 65535");
        return false;
    }
    bool is_url = url_parse(text_of(target), ret_url);
    enum found_bookmark found = is_url ? BOOKMARK_NONE
                                       : find_bookmark(shell, target, settings, ret_url);
    bool is_host = !is_url && found == BOOKMARK_NONE && parse_host(text_of(target), port, ret_url);
    *ret_is_bookmark = found == BOOKMARK_TAKEN;
    if (!is_url && !is_host && found == BOOKMARK_NONE)
        shell_complain(shell, call, "takes a host, a bookmark, or ftp://user@host/path");
    if (number)
        ret_url->port = (uint16_t)number;
    return is_url || is_host || found == BOOKMARK_TAKEN;
}

/* Once there is a server to go to, the one before is left: what is said next is not meant for it,
 * whether the other one answers or not. */
void shell_open(struct shell *shell, const struct shell_call *call, const char *target,
                const char *port)
{
    struct url url;
    bool is_bookmark = false;
    bool keeps_own = shell->is_proxy || !shell->has_bookmark;
    struct settings settings = keeps_own ? *shell->settings : shell->own;
    if (find_server(shell, call, target, port, &settings, &url, &is_bookmark)) {
        if (shell->here.remote)
            shell_say(shell, "The connection to %s was closed.", site_url(shell->here.site)->host);
        if (!shell->is_proxy)
            leave(shell);
        if (is_bookmark)
            take_settings(shell, &settings);
        if (choose_server(shell, &url))
            enter(shell);
    }
    explicit_bzero(&url, sizeof(url));
}

void shell_act_open(struct shell *shell, const struct shell_call *call)
{
    shell_open(shell, call, call->words[0].text.at,
               call->count > 1 ? call->words[1].text.at : NULL);
}

static bool set_part(char part[URL_PART_SIZE], struct text value)
{
    struct builder b = builder_on(part, URL_PART_SIZE);
    builder_put(&b, value);
    builder_end(&b);
    return !b.full;
}

/* RFC 959 4.1.1: some servers want it for some of what one does, and may ask at any time. */
static void send_account(struct shell *shell, struct text account)
{
    shell_count(shell, "account", remote_command(shell->here.remote, "ACCT", account, false));
}

/* Many servers let nobody become somebody else (530): a new connection does, everywhere. */
void shell_act_user(struct shell *shell, const struct shell_call *call)
{
    if (!shell->here.site) {
        shell_complain(shell, call, "not connected; open HOST connects");
        return;
    }
    struct text account = call->count > 2 ? call->words[2].text : TEXT("");
    struct secret secret; /* that it can be one is known before the session is left */
    struct url url = *site_url(shell->here.site);
    url.has_user = true;
    url.has_password = call->count > 1;
    url.path[0] = '\0';
    bool fits = secret_set(&secret, account) && set_part(url.user, call->words[0].text) &&
                set_part(url.password, call->count > 1 ? call->words[1].text : TEXT(""));
    if (!fits)
        shell_complain(shell, call, "too long");
    else if (choose_server(shell, &url) && site_set_account(shell->here.site, account))
        enter(shell);
    explicit_bzero(&url, sizeof(url));
    secret_wipe(&secret);
    if (fits && account.len && shell->here.remote && !site_has_told_account(shell->here.site))
        send_account(shell, account);
}

/* Said now, or where the login waits for it. */
static void tell_account(struct shell *shell, struct text account)
{
    struct shell_session *here = &shell->here;
    bool was_connected = here->remote != NULL;
    here->is_refused = false;
    if (shell_connect(shell) && (was_connected || !site_has_told_account(here->site)))
        send_account(shell, account);
}

void shell_act_account(struct shell *shell, const struct shell_call *call)
{
    struct secret secret = {.len = 0};
    enum fault f = FAULT_NONE;
    if (!shell->here.site) {
        shell_complain(shell, call, "not connected; open HOST connects");
        return;
    }
    if (!call->count)
        f = secret_from_terminal(&secret, "Account: ");
    else if (!secret_set(&secret, call->words[0].text))
        f = FAULT_ARGUMENT;
    if (!f && !site_set_account(shell->here.site, secret_text(&secret)))
        f = FAULT_ARGUMENT;
    if (f)
        shell_count_local(shell, "account", f);
    else
        tell_account(shell, secret_text(&secret));
    secret_wipe(&secret);
}

void shell_act_close(struct shell *shell, const struct shell_call *call)
{
    (void)call;
    if (shell->is_proxy)
        shell_session_close(shell, &shell->here);
    else
        leave(shell);
}

/* What still goes on in the background is waited for, unless a person says otherwise. */
void shell_act_bye(struct shell *shell, const struct shell_call *call)
{
    char answer[16];
    (void)call;
    shell_jobs_look(shell, false, 0);
    if (shell->jobs.count && shell->edit) {
        bool is_told = shell_ask(shell,
                                 "Jobs go on in the background: wait, kill them, or stay "
                                 "[w/k/s]? ",
                                 answer, sizeof(answer));
        char letter = is_told ? text_upper(answer[0]) : 'S';
        if (letter == 'K')
            shell_jobs_end(shell);
        else if (letter != 'W')
            return;
    }
    shell->is_ending = true;
}

/* ---- Directories ---------------------------------------------------------------------- */

static void go(struct shell *shell, struct text path)
{
    struct remote *remote = shell->here.remote;
    enum fault f = remote_change_directory(remote, path);
    if (f) {
        run_failed(shell->run, path.at, remote, f);
        return;
    }
    if (!shell->edit) /* a prompt says it */
        shell_tell_of(shell, TEXT("directory"), remote_directory(remote));
}

/* Without a word: what a server makes of a CWD without a path is its own affair. */
void shell_act_cd(struct shell *shell, const struct shell_call *call)
{
    const char *home = shell->here.home;
    if (call->count)
        go(shell, call->words[0].text);
    else if (home[0])
        go(shell, text_of(home));
    else
        shell_complain(shell, call, "the server does not say where logins land (PWD)");
}

void shell_act_cdup(struct shell *shell, const struct shell_call *call)
{
    (void)call;
    go(shell, TEXT(".."));
}

void shell_act_pwd(struct shell *shell, const struct shell_call *call)
{
    struct remote *remote = shell->here.remote;
    (void)call;
    enum fault f = remote_ask_directory(remote);
    if (f)
        shell_count(shell, "pwd", f);
    else
        shell_tell_of(shell, TEXT("directory"), remote_directory(remote));
}

/* ---- bookmark ------------------------------------------------------------------------- */

static void list_bookmarks(struct shell *shell, const struct bookmarks *bookmarks)
{
    struct text rest = kept_file_text(&bookmarks->lines.file);
    struct bookmark bookmark;
    char shown[TARGET_SIZE];
    while (bookmarks_next(&rest, &bookmark)) {
        struct url url;
        struct builder b = builder_on(shown, sizeof(shown));
        if (url_parse(bookmark.url, &url))
            url_put(&b, &url, true);
        builder_put_string(&b, bookmark.settings.len ? " " : "");
        safe_text_put(&b, bookmark.settings);
        shell_tell(shell, "%-20.*s %.*s", TEXT_ARGS(bookmark.name), TEXT_ARGS(builder_text(&b)));
        explicit_bzero(&url, sizeof(url));
    }
}

/* Of where we are; without the password, which the file is not for. */
static bool put_here(struct shell *shell, struct builder *b)
{
    if (!shell->here.site)
        return false;
    struct url url = *site_url(shell->here.site);
    struct builder path = builder_on(url.path, sizeof(url.path));
    builder_put(&path, shell->here.remote ? remote_directory(shell->here.remote)
                                          : text_of(shell->here.directory));
    builder_end(&path);
    url.has_password = false;
    url.password[0] = '\0';
    url_put(b, &url, false);
    return !b->full && !path.full;
}

static void add_bookmark(struct shell *shell, const struct shell_call *call,
                         struct bookmarks *bookmarks)
{
    char bytes[TARGET_SIZE];
    char message[KEPT_MESSAGE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct bookmark bookmark = {.name = call->words[1].text};
    struct url url;
    if (call->count > 2) {
        bookmark.url = call->words[2].text;
        if (!url_parse(bookmark.url, &url)) {
            shell_complain(shell, call, "takes a URL: ftp://user@host/path");
            return;
        }
        explicit_bzero(&url, sizeof(url));
    } else if (put_here(shell, &b)) {
        bookmark.url = builder_text(&b);
    } else {
        shell_complain(shell, call, "not connected, and no URL was named");
        return;
    }
    enum fault f = bookmarks_add(bookmarks, &bookmark, message);
    if (f)
        run_complain(shell->run, "bookmark", message, EXIT_STATUS_LOCAL);
    else
        run_succeeded(shell->run);
}

void shell_act_bookmark(struct shell *shell, const struct shell_call *call)
{
    struct bookmarks bookmarks;
    char message[KEPT_MESSAGE_SIZE];
    struct text what = call->count ? call->words[0].text : TEXT("list");
    enum fault f = bookmarks_open(&bookmarks, NULL, message);
    if (!f && text_equal(what, TEXT("add")) && call->count > 1) {
        add_bookmark(shell, call, &bookmarks);
    } else if (!f && text_equal(what, TEXT("remove")) && call->count == 2) {
        f = bookmarks_remove(&bookmarks, call->words[1].text, message);
        if (!f)
            run_succeeded(shell->run);
    } else if (!f && text_equal(what, TEXT("list")) && call->count < 2) {
        list_bookmarks(shell, &bookmarks);
    } else if (!f) {
        shell_complain_of_use(shell, call);
    }
    if (f)
        run_complain(shell->run, "bookmark", message, EXIT_STATUS_LOCAL);
    bookmarks_close(&bookmarks);
}

/* ---- proxy ---------------------------------------------------------------------------- */

static void swap(struct shell *shell)
{
    struct shell_session here = shell->here;
    shell->here = shell->other;
    shell->other = here;
    shell->is_proxy = !shell->is_proxy;
}

/* Does the command with the second server; handlers that move files look at is_proxy. */
void shell_act_proxy(struct shell *shell, const struct shell_call *call)
{
    if (shell->is_proxy) {
        shell_complain(shell, call, "is not within itself");
        return;
    }
    if (!call->count) {
        const char *host = shell->other.site ? site_url(shell->other.site)->host : "none";
        shell_tell_of(shell, TEXT("second server"), text_of(host));
        return;
    }
    swap(shell);
    shell_do(shell, call->words, call->count, false);
    swap(shell);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/site.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/memory.h"
#include "client/credentials.h"
#include "client/kept_file.h"
#include "client/netrc.h"
#include "codec/code_page.h"
#include "codec/mode_deflate.h"

/* What the settings' proxy is reached by. */
struct proxy_site {
    struct url url; /* of the proxy; its scheme is none of ours */
    struct proxy proxy;
    struct secret password;
};

struct rate {
    struct throttle *throttle; /* owned */
    struct throttles throttles;
};

struct site {
    struct url url;
    struct settings settings;
    struct site_listener listener;
    struct remote_settings remote;
    struct tls_client *tls; /* owned; NULL: no TLS */
    struct proxy_site proxy;
    struct code_page code_page; /* of TYPE E */
    struct rate down;           /* of all connections together */
    struct rate up;
    pthread_mutex_t lock; /* several connections log in at once */
    struct trust trust;   /* guarded, as all below */
    bool has_trust;
    struct credentials credentials;
    bool has_credentials;
    struct secret account; /* for ACCT: what somebody said; empty: nothing yet */
    bool has_told_account;
    bool has_tls;    /* the server, as we have seen */
    bool was_warned; /* that all goes in the clear */
    char complaint[SITE_MESSAGE_SIZE];
};

static void complain(struct site *site, const char *what)
{
    (void)snprintf(site->complaint, sizeof(site->complaint), "%s", what);
}

struct text site_complaint(const struct site *site)
{
    return text_of(site->complaint);
}

/* ---- Who we are --------------------------------------------------------------------- */

static enum fault look_in_netrc(struct text file, struct text host, struct text user,
                                struct credentials_entry *ret_entry, unsigned *ret_line)
{
    struct netrc_entry found;
    size_t line = 0;
    enum netrc_result result = netrc_find(file, host, user, &found, &line);
    *ret_line = (unsigned)line;
    if (result != NETRC_FOUND)
        return result == NETRC_NONE ? FAULT_NOT_FOUND : FAULT_ARGUMENT;
    (void)snprintf(ret_entry->login, sizeof(ret_entry->login), "%s", found.login);
    bool fits = secret_set(&ret_entry->password, text_of(found.password)) &&
                secret_set(&ret_entry->account, text_of(found.account));
    explicit_bzero(&found, sizeof(found));
    return fits ? FAULT_NONE : FAULT_ARGUMENT;
}

/* With the lock held. */
static enum fault find_credentials(struct site *site)
{
    const struct settings *settings = &site->settings;
    char message[KEPT_MESSAGE_SIZE];
    const struct credentials_wanted wanted = {
        .host = site->url.host,
        .user = site->url.user,
        .url_password = site->url.password,
        .command = settings->password_command,
        .command_timeout_ms = SECRET_COMMAND_TIMEOUT_MS,
        .netrc_file = settings->netrc_file,
        .netrc = settings->netrc ? look_in_netrc : NULL,
        .may_ask = site->listener.may_ask,
    };
    if (site->has_credentials)
        return FAULT_NONE;
    enum fault f = credentials_find(&wanted, &site->credentials, message);
    if (f)
        complain(site, message);
    site->has_credentials = !f;
    return f;
}

static enum fault give_password(void *owner, char *buffer, size_t size)
{
    struct site *site = owner;
    pthread_mutex_lock(&site->lock);
    enum fault f = find_credentials(site);
    struct builder b = builder_on(buffer, size);
    bool is_anonymous = !f && site->credentials.source == CREDENTIALS_NONE;
    /* RFC 1635 3.1.1: an address of who it is; nobody checks it, and nobody's is told. */
    if (!f)
        builder_put(&b, is_anonymous ? TEXT("ferry@") : secret_text(&site->credentials.password));
    builder_end(&b);
    pthread_mutex_unlock(&site->lock);
    /* Whatever the reason: who has no password is not let in (exit_status.h). */
    return f && f != FAULT_CANCELLED ? FAULT_LOGIN_REFUSED : f;
}

/* What was said before, or the netrc has, or who sits there says; with the lock held. */
static enum fault find_account(struct site *site)
{
    enum fault f = FAULT_NONE;
    if (!site->account.len) {
        f = find_credentials(site);
        site->account = site->credentials.account;
    }
    if (!f && !site->account.len && site->listener.may_ask)
        f = secret_from_terminal(&site->account, "Account: ");
    return f == FAULT_NOT_FOUND || (!f && !site->account.len) ? FAULT_ACCOUNT_NEEDED : f;
}

static enum fault give_account(void *owner, char *buffer, size_t size)
{
    struct site *site = owner;
    pthread_mutex_lock(&site->lock);
    enum fault f = find_account(site);
    struct builder b = builder_on(buffer, size);
    if (!f)
        builder_put(&b, secret_text(&site->account));
    builder_end(&b);
    site->has_told_account = site->has_told_account || !f;
    pthread_mutex_unlock(&site->lock);
    return f;
}

/* ---- Whom we speak with ------------------------------------------------------------------ */

/* A certificate that was accepted before, or is now; with the lock held. */
static bool is_known(struct site *site, const struct tls_shown *shown)
{
    char message[KEPT_MESSAGE_SIZE];
    char text[TLS_FINGERPRINT_SIZE + sizeof("sha256:")];
    char doubts[TLS_MESSAGE_SIZE];
    struct fingerprint fingerprint;
    struct builder b = builder_on(doubts, sizeof(doubts));
    (void)snprintf(text, sizeof(text), "sha256:%s", shown->fingerprint);
    tls_put_doubts(shown->doubts, &b);
    builder_end(&b);
    if (!(site->has_trust || site->trust.pins.count) ||
        !fingerprint_parse(text_of(text), &fingerprint)) {
        complain(site, doubts);
        return false;
    }
    struct text host = text_of(site->url.host);
    switch (trust_check(&site->trust, host, site->url.port, &fingerprint)) {
    case TRUST_KNOWN:
        return true;
    case TRUST_NOT_PINNED:
        complain(site, "the server's certificate is none of those that tls_pins names");
        return false;
    case TRUST_CHANGED:
        (void)snprintf(site->complaint, sizeof(site->complaint),
                       "the server has another certificate than before (now %s, and %s): whoever "
                       "answers may not be the server. If the change was expected, remove its line "
                       "from known_servers",
                       text, doubts);
        return false;
    case TRUST_UNKNOWN:
        break;
    }
    bool accepts = site->settings.tls_first_use == SETTINGS_FIRST_USE_ACCEPT;
    if (site->settings.tls_first_use == SETTINGS_FIRST_USE_ASK && site->listener.on_stranger)
        accepts = site->listener.on_stranger(site->listener.owner, site, shown);
    if (!accepts)
        (void)snprintf(site->complaint, sizeof(site->complaint),
                       "the server's certificate cannot be trusted: %s (%s)", doubts, text);
    else if (trust_add(&site->trust, host, site->url.port, &fingerprint, (int64_t)time(NULL),
                       message))
        complain(site, message); /* it is accepted, this time */
    return accepts;
}

static bool judge_certificate(void *owner, const struct tls_shown *shown)
{
    struct site *site = owner;
    bool is_judged = site->trust.pins.count || (site->settings.tls_verify && shown->doubts);
    pthread_mutex_lock(&site->lock);
    bool does = !is_judged || is_known(site, shown);
    site->has_tls = site->has_tls || does;
    pthread_mutex_unlock(&site->lock);
    return does;
}

static void notify(void *owner, const char *what)
{
    const struct site *site = owner;
    if (site->listener.on_notice)
        site->listener.on_notice(site->listener.owner, site, what);
}

/*
 * Whoever says by which certificate a server is known says that it has TLS: a refusal of AUTH
 * comes in the clear, and may be somebody's between. Who may vouch is often said for all servers
 * at once, so that counts where a password is at stake. NULL: nobody said so. With the lock held.
 */
static const char *why_not_clear(const struct site *site, bool has_secrets)
{
    if (site->trust.pins.count)
        return "the server offers no TLS, and tls_pins has its certificate: somebody may be "
               "between (tls = off does without)";
    if (site->has_trust && trust_knows(&site->trust, text_of(site->url.host), site->url.port))
        return "the server offers no TLS any more, and known_servers has its certificate: "
               "somebody may be between (tls = off does without)";
    if (has_secrets && site->settings.tls_ca_file[0])
        return "the server offers no TLS, and tls_ca_file says who vouches for it: somebody may "
               "be between (tls = off does without)";
    return NULL;
}

/* A server does not forget TLS between two connections; nobody in particular has no secrets. */
static bool may_be_clear(void *owner)
{
    struct site *site = owner;
    bool has_secrets = strcmp(site->remote.user, "anonymous") != 0;
    pthread_mutex_lock(&site->lock);
    const char *why_not = site->has_tls ? NULL : why_not_clear(site, has_secrets);
    if (why_not)
        complain(site, why_not);
    bool may = !site->has_tls && !why_not;
    bool warns = may && has_secrets && !site->was_warned;
    site->was_warned = site->was_warned || warns;
    pthread_mutex_unlock(&site->lock);
    if (warns)
        notify(site, "the server offers no TLS: the password goes over the network in the clear");
    return may;
}

/* ---- Files that settings name ------------------------------------------------------------- */

/* "" is none. */
static enum fault read_file(const char *path, struct kept_file *ret_file,
                            char message[SITE_MESSAGE_SIZE])
{
    *ret_file = (struct kept_file){.bytes = NULL};
    if (!path[0])
        return FAULT_NONE;
    enum fault f = kept_file_read(path, ret_file);
    if (f)
        (void)snprintf(message, SITE_MESSAGE_SIZE, "%.500s: %s", path, fault_text(f));
    return f;
}

static enum fault make_tls(struct site *site, char message[SITE_MESSAGE_SIZE])
{
    const struct settings *settings = &site->settings;
    char why[TLS_MESSAGE_SIZE] = "";
    struct kept_file ca;
    struct kept_file certificate = {.bytes = NULL};
    struct kept_file key = {.bytes = NULL};
    enum fault f = read_file(settings->tls_ca_file, &ca, message);
    if (!f)
        f = read_file(settings->tls_certificate_file, &certificate, message);
    if (!f)
        f = read_file(settings->tls_key_file, &key, message);
    const struct tls_pair pair = {.chain = kept_file_text(&certificate),
                                  .key = kept_file_text(&key),
                                  .chain_name = settings->tls_certificate_file,
                                  .key_name = settings->tls_key_file};
    const struct tls_client_rules rules = {.ca = kept_file_text(&ca),
                                           .pair = pair.chain.len ? &pair : NULL};
    if (!f) {
        f = tls_client_new(&rules, &site->tls, why);
        if (f)
            (void)snprintf(message, SITE_MESSAGE_SIZE, "%s", why);
    }
    kept_file_done(&ca);
    kept_file_done(&certificate);
    kept_file_done(&key);
    return f;
}

static enum fault open_trust(struct site *site, char message[SITE_MESSAGE_SIZE])
{
    struct trust_pins pins;
    char why[KEPT_MESSAGE_SIZE];
    if (!trust_pins_parse(text_of(site->settings.tls_pins), &pins)) {
        (void)snprintf(message, SITE_MESSAGE_SIZE,
                       "tls_pins: sha256: and 64 digits, with commas "
                       "between several");
        return FAULT_ARGUMENT;
    }
    enum fault f = trust_open(&site->trust, NULL, &pins, why);
    if (f == FAULT_NOT_FOUND) { /* nobody has a home here: nothing is known, and nothing kept */
        site->trust.pins = pins;
        return FAULT_NONE;
    }
    if (f)
        (void)snprintf(message, SITE_MESSAGE_SIZE, "%s", why);
    site->has_trust = !f;
    return f;
}

/* ---- The way there ------------------------------------------------------------------------- */

/* "socks5://user@host:1080" or "http://host:3128": after the scheme a URL as any. */
static enum fault parse_proxy(struct site *site, char message[SITE_MESSAGE_SIZE])
{
    static const struct {
        struct text scheme;
        enum proxy_kind kind;
    } kinds[] = {{TEXT("socks5://"), PROXY_SOCKS5}, {TEXT("http://"), PROXY_HTTP}};
    struct proxy_site *proxy = &site->proxy;
    struct text setting = text_of(site->settings.proxy);
    char bytes[SETTINGS_TEXT_SIZE + 8];
    struct builder b = builder_on(bytes, sizeof(bytes));
    size_t i = 0;
    while (i < 2 && !text_starts_with(setting, kinds[i].scheme))
        i++;
    if (i < 2) {
        builder_put(&b, TEXT("ftp://"));
        builder_put(&b, text_after(setting, kinds[i].scheme.len));
    }
    bool is_right = i < 2 && url_parse(builder_text(&b), &proxy->url) && !proxy->url.path[0];
    explicit_bzero(bytes, sizeof(bytes));
    if (!is_right) {
        (void)snprintf(message, SITE_MESSAGE_SIZE, "proxy: socks5://HOST:PORT or http://HOST:PORT");
        return FAULT_ARGUMENT;
    }
    proxy->proxy.kind = kinds[i].kind;
    return FAULT_NONE;
}

static enum fault set_proxy(struct site *site, char message[SITE_MESSAGE_SIZE])
{
    struct proxy_site *proxy = &site->proxy;
    const char *command = site->settings.proxy_password_command;
    if (!site->settings.proxy[0])
        return FAULT_NONE;
    enum fault f = parse_proxy(site, message);
    if (!f && command[0] && proxy->url.has_user)
        f = secret_from_command(&proxy->password, command, proxy->url.host, proxy->url.user,
                                SECRET_COMMAND_TIMEOUT_MS);
    else if (!f)
        (void)secret_set(&proxy->password, text_of(proxy->url.password));
    if (f && f != FAULT_ARGUMENT)
        (void)snprintf(message, SITE_MESSAGE_SIZE, "proxy_password_command: %s", fault_text(f));
    proxy->proxy.user = text_of(proxy->url.user);
    proxy->proxy.password = secret_text(&proxy->password);
    struct way *way = &site->remote.dtp.way;
    way->proxy = &proxy->proxy;
    way->proxy_host = proxy->url.host;
    way->proxy_port = proxy->url.port;
    return f;
}

/* One that iconv does not know is told only to who transfers in TYPE E. */
static void set_code_page(struct site *site)
{
    bool is_known = !code_page_load(site->settings.ebcdic_code_page, &site->code_page);
    site->remote.dtp.code_page = is_known ? &site->code_page : NULL;
}

static enum fault make_rate(struct rate *rate)
{
    rate->throttle = throttle_new(0);
    throttles_add(&rate->throttles, rate->throttle);
    return rate->throttle ? FAULT_NONE : FAULT_NO_MEMORY;
}

/* NULL: no limit. */
static const struct throttles *set_rate(const struct rate *rate, uint64_t bytes_a_second)
{
    throttle_set_rate(rate->throttle, bytes_a_second);
    return bytes_a_second ? &rate->throttles : NULL;
}

/* What may change while there are connections. */
static void fill_ways(struct site *site)
{
    static const int families[] = {
        [SETTINGS_FAMILY_ANY] = AF_UNSPEC,
        [SETTINGS_FAMILY_IPV4] = AF_INET,
        [SETTINGS_FAMILY_IPV6] = AF_INET6,
    };
    static const enum user_dtp_side sides[] = {
        [SETTINGS_DATA_AUTO] = USER_DTP_AUTO, [SETTINGS_DATA_PASSIVE] = USER_DTP_PASSIVE,
        [SETTINGS_DATA_PASV] = USER_DTP_PASV, [SETTINGS_DATA_ACTIVE] = USER_DTP_ACTIVE,
        [SETTINGS_DATA_PORT] = USER_DTP_PORT, [SETTINGS_DATA_DEFAULT] = USER_DTP_DEFAULT,
    };
    const struct settings *settings = &site->settings;
    struct remote_settings *remote = &site->remote;
    struct way *way = &remote->dtp.way;
    way->family = families[settings->address_family];
    way->source = (union endpoint){.any = {.sa_family = AF_UNSPEC}};
    if (settings->source_address[0]) /* the settings took no other than one that is right */
        (void)endpoint_parse_host(text_of(settings->source_address), 0, &way->source);
    remote->pi.connect_seconds = (unsigned)settings->connect_timeout_s;
    remote->pi.reply_seconds = (unsigned)settings->reply_timeout_s;
    remote->pi.keep_alive_seconds = (unsigned)settings->keep_alive_s;
    remote->dtp.side = sides[settings->data_connection];
    remote->dtp.trusts_address = settings->trust_passive_address;
    remote->dtp.ports = settings->active_ports;
    remote->dtp.connect_seconds = (unsigned)settings->connect_timeout_s;
    remote->dtp.stall_seconds = (unsigned)settings->data_timeout_s;
    remote->list_options = settings->list_options[0] ? settings->list_options : NULL;
    remote->charset = settings->charset[0] ? settings->charset : NULL;
    remote->tries = (unsigned)settings->retries + 1;
    remote->pause_seconds = (unsigned)settings->retry_delay_s;
    remote->pause_max_seconds = (unsigned)settings->retry_delay_max_s;
    set_code_page(site);
    remote->dtp.down = set_rate(&site->down, settings->download_rate);
    remote->dtp.up = set_rate(&site->up, settings->upload_rate);
}

static void fill_remote(struct site *site)
{
    static const enum remote_tls policies[] = {
        [SETTINGS_TLS_AUTO] = REMOTE_TLS_AUTO,
        [SETTINGS_TLS_REQUIRE] = REMOTE_TLS_REQUIRE,
        [SETTINGS_TLS_OFF] = REMOTE_TLS_OFF,
    };
    const struct settings *settings = &site->settings;
    enum remote_tls tls = policies[settings->tls];
    if (site->url.scheme == URL_FTPS)
        tls = REMOTE_TLS_IMPLICIT;
    else if (site->url.scheme == URL_FTPES)
        tls = REMOTE_TLS_REQUIRE;
    site->remote = (struct remote_settings){
        .host = site->url.host,
        .port = site->url.port,
        .tls = tls,
        .clears_control = settings->tls_clear_control,
        .clears_data = !settings->tls_data,
        .tls_client = site->tls,
        .on_certificate = judge_certificate,
        .on_no_tls = may_be_clear,
        .on_notice = notify,
        .on_password = give_password,
        .on_account = give_account,
        .owner = site,
        .pi = {.on_line = site->listener.on_line, .owner = site->listener.owner},
        .dtp = {.host = site->url.host, .deflate_level = DEFLATE_LEVEL_DEFAULT},
    };
}

/* Who says no user may have one in the netrc; else is nobody in particular (RFC 1635). */
static enum fault choose_user(struct site *site, char message[SITE_MESSAGE_SIZE])
{
    site->remote.user = site->url.user;
    if (site->url.has_user)
        return FAULT_NONE;
    enum fault f = find_credentials(site);
    if (f)
        (void)snprintf(message, SITE_MESSAGE_SIZE, "%s", site->complaint);
    else
        site->remote.user = site->credentials.user[0] ? site->credentials.user : "anonymous";
    return f ? FAULT_LOGIN_REFUSED : FAULT_NONE; /* as where a password is wanted: give_password */
}

/* ---- Life --------------------------------------------------------------------------------- */

enum fault site_open(const struct url *url, const struct settings *settings,
                     const struct site_listener *listener, struct site **ret_site,
                     char message[SITE_MESSAGE_SIZE])
{
    struct site *site = memory_new(sizeof(*site));
    (void)snprintf(message, SITE_MESSAGE_SIZE, "%s", fault_text(FAULT_NO_MEMORY));
    if (!site)
        return FAULT_NO_MEMORY;
    site->url = *url;
    site->settings = *settings;
    site->listener = *listener;
    pthread_mutex_init(&site->lock, NULL);
    enum fault f = make_tls(site, message);
    if (!f)
        f = open_trust(site, message);
    fill_remote(site);
    if (!f)
        f = make_rate(&site->down);
    if (!f)
        f = make_rate(&site->up);
    if (!f)
        fill_ways(site);
    if (!f)
        f = set_proxy(site, message);
    if (!f)
        f = choose_user(site, message);
    if (f)
        site_close(site);
    else
        *ret_site = site;
    return f;
}

void site_close(struct site *site)
{
    if (!site)
        return;
    tls_client_unref(site->tls);
    if (site->has_trust)
        trust_close(&site->trust);
    throttle_free(site->down.throttle);
    throttle_free(site->up.throttle);
    credentials_wipe(&site->credentials);
    pthread_mutex_destroy(&site->lock);
    memory_free_secret(site, sizeof(*site));
}

void site_change_settings(struct site *site, const struct settings *settings)
{
    site->settings = *settings;
    fill_ways(site);
}

bool site_set_account(struct site *site, struct text account)
{
    pthread_mutex_lock(&site->lock);
    bool fits = secret_set(&site->account, account);
    pthread_mutex_unlock(&site->lock);
    return fits;
}

bool site_has_told_account(struct site *site)
{
    pthread_mutex_lock(&site->lock);
    bool has = site->has_told_account;
    pthread_mutex_unlock(&site->lock);
    return has;
}

void site_move_path(const struct site *from, struct site *to)
{
    memcpy(to->url.path, from->url.path, sizeof(to->url.path));
}

const struct url *site_url(const struct site *site)
{
    return &site->url;
}

const struct settings *site_settings(const struct site *site)
{
    return &site->settings;
}

const struct remote_settings *site_remote(const struct site *site)
{
    return &site->remote;
}

struct parameters site_parameters(const struct site *site)
{
    const struct settings *settings = &site->settings;
    struct parameters parameters = PARAMETERS_DEFAULT;
    parameters.type = settings->type;
    parameters.byte_size = (uint8_t)settings->byte_size;
    parameters.form = settings->form;
    parameters.structure = settings->structure;
    parameters.mode = settings->mode;
    if (site->url.type == 'A' || site->url.type == 'I')
        parameters.type = site->url.type;
    return parameters;
}

struct carry_rules site_carry_rules(const struct site *site)
{
    static const enum carry_check checks[] = {
        [SETTINGS_VERIFY_AUTO] = CARRY_CHECK_DOUBT,
        [SETTINGS_VERIFY_SIZE] = CARRY_CHECK_SIZE,
        [SETTINGS_VERIFY_HASH] = CARRY_CHECK_DIGEST,
        [SETTINGS_VERIFY_OFF] = CARRY_CHECK_NOTHING,
    };
    static const enum carry_name names[] = {
        [SETTINGS_AUTO] = CARRY_NAME_AUTO,
        [SETTINGS_ON] = CARRY_NAME_OTHER,
        [SETTINGS_OFF] = CARRY_NAME_OWN,
    };
    const struct settings *settings = &site->settings;
    return (struct carry_rules){
        .parameters = site_parameters(site),
        .resumes = settings->resume,
        .check = checks[settings->verify],
        .upload_name = names[settings->upload_temporary],
        .keeps_time = settings->keep_times,
        .keeps_mode = settings->keep_modes,
        .tries = (unsigned)settings->retries + 1,
        .segments = (unsigned)settings->segments,
        .keeps_line_ends = !settings->cr,
    };
}

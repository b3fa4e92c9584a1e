/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/log.h"
#include "base/memory.h"
#include "gate/guard.h"
#include "net/socket.h"
#include "net/tls.h"
#include "server/backends.h"
#include "server/opener.h"

struct counted_config {
    struct config config;
    atomic_uint references;
};

#define FIELD(name) offsetof(struct config, name)
#define HOST_FIELD(name) offsetof(struct config_host, name)

const struct setting config_settings[] = {
    {"address", SETTING_ADDRESSES, FIELD(addresses), 0, NULL, "A", NULL,
     "listen on this address (default: every IPv4 and IPv6 one)", true},
    {"port", SETTING_NUMBER, FIELD(port), UINT16_MAX, NULL, "N", "21",
     "control port; 0 takes any free one", true},
    {"root", SETTING_HOST, HOST_FIELD(root), 0, NULL, "DIR", NULL, "directory that users see as /"},
    {"user", SETTING_USER, 0, 0, NULL, "NAME:PASSWORD", NULL, "an account that may write"},
    {"anonymous", SETTING_ANONYMOUS, HOST_FIELD(anonymous), 0, NULL, "DIR", "off",
     "let anybody read below DIR (default: the root)"},
    {"anonymous-uploads", SETTING_PATHS, FIELD(anonymous_uploads), 64, NULL, "PATH", NULL,
     "a directory below it where anybody may put files, which they do not see afterwards"},
    {"anonymous-terms", SETTING_TERMS, FIELD(anonymous_terms), 64, NULL, "TERM=VALUE", NULL,
     "what holds for all anonymous users together, as ferryctl(1) knows it: max-sessions=9"},
    {"passive-ports", SETTING_RANGE, FIELD(passive_ports), 0, NULL, "A-B", NULL,
     "ports for passive data connections (default: 49152-65535)"},
    {"passive-address", SETTING_STRING, FIELD(passive_address), 0, NULL, "IP|HOST", NULL,
     "address to announce to clients outside private networks"},
    {"allow-fxp", SETTING_FLAG, FIELD(allow_fxp), 0, NULL, NULL, "off",
     "let users transfer from server to server"},
    {"ascii-conversion", SETTING_SWITCH, FIELD(ascii_conversion), 0, NULL, "on|off", "on",
     "convert line ends in TYPE A"},
    {"ebcdic-code-page", SETTING_STRING, FIELD(ebcdic_code_page), 0, NULL, "NAME", "cp1047",
     "code page of TYPE E, as iconv names it"},
    {"marker-interval", SETTING_NUMBER, FIELD(marker_interval_bytes), INT64_MAX, NULL, "N",
     "1048576", "bytes between restart markers sent in MODE B and C; 0: none"},
    {"uploads", SETTING_SWITCH, FIELD(uploads_direct), 0, "direct|atomic", "atomic|direct",
     "atomic", "publish a file when it is complete, or write into it"},
    {"durability", SETTING_SWITCH, FIELD(durability_sync), 0, "sync|none", "none|sync", "none",
     "answer an upload before or after it is on the disk"},
    {"umask", SETTING_OCTAL, FIELD(umask), 0777, NULL, "MASK", "022",
     "permission bits that new files do not get"},
    {"idle-timeout", SETTING_NUMBER, FIELD(idle_timeout_s), 86400, NULL, "S", "300",
     "seconds without a command before a session is closed; 0: no limit"},
    {"login-timeout", SETTING_NUMBER, FIELD(login_timeout_s), 86400, NULL, "S", "120",
     "seconds a client has to log in; 0: no limit"},
    {"data-timeout", SETTING_NUMBER, FIELD(data_timeout_s), 86400, NULL, "S", "60",
     "seconds to wait for a data connection or the next byte on it"},
    {"grace", SETTING_NUMBER, FIELD(grace_s), 86400, NULL, "S", "30",
     "seconds that transfers have to finish after SIGTERM"},
    {"max-sessions", SETTING_NUMBER, FIELD(max_sessions), 1000000, NULL, "N", "20000",
     "sessions at once that are logged in; 0: no limit"},
    {"max-per-ip", SETTING_NUMBER, FIELD(max_per_ip), 1000000, NULL, "N", "0",
     "connections at once from one address, or one IPv6 /64; 0: no limit"},
    {"max-unauthenticated", SETTING_NUMBER, FIELD(max_unauthenticated), 1000000, NULL, "N", "10000",
     "connections at once that are not logged in; 0: no limit"},
    {"max-unauthenticated-per-ip", SETTING_NUMBER, FIELD(max_unauthenticated_per_ip), 1000000, NULL,
     "N", "0", "of these from one address, at most half of them; 0: half of them"},
    {"max-transfers", SETTING_NUMBER, FIELD(max_transfers), 10000, NULL, "N", "1000",
     "transfers at once", true},
    {"max-transfers-per-ip", SETTING_NUMBER, FIELD(max_transfers_per_ip), 10000, NULL, "N", "0",
     "transfers at once to and from one address; 0: no limit"},
    {"download-rate", SETTING_SIZE, FIELD(download_rate), INT64_MAX, NULL, "N", "0",
     "bytes in a second to all clients together, also with k, M, G; 0: no limit"},
    {"upload-rate", SETTING_SIZE, FIELD(upload_rate), INT64_MAX, NULL, "N", "0",
     "bytes in a second from all clients together; 0: no limit"},
    {"download-rate-per-ip", SETTING_SIZE, FIELD(download_rate_per_ip), INT64_MAX, NULL, "N", "0",
     "bytes in a second to one address; 0: no limit"},
    {"upload-rate-per-ip", SETTING_SIZE, FIELD(upload_rate_per_ip), INT64_MAX, NULL, "N", "0",
     "bytes in a second from one address; 0: no limit"},
    {"login-delay", SETTING_NUMBER, FIELD(login_delay_ms), 60000, NULL, "MS", "500",
     "milliseconds that the reply to a second failed login waits; doubled by each one more"},
    {"login-delay-max", SETTING_NUMBER, FIELD(login_delay_max_ms), 60000, NULL, "MS", "5000",
     "milliseconds that it waits at most"},
    {"ban-after", SETTING_NUMBER, FIELD(ban_after), 1000000, NULL, "N", "30",
     "failed logins after which an address is banned; 0: never"},
    {"ban-user-after", SETTING_NUMBER, FIELD(ban_user_after), 1000000, NULL, "N", "100",
     "failed logins after which a user name is banned; 0: never"},
    {"ban-window", SETTING_NUMBER, FIELD(ban_window_s), 86400, NULL, "S", "600",
     "seconds within which these have to be"},
    {"ban-time", SETTING_NUMBER, FIELD(ban_time_s), 31536000, NULL, "S", "600",
     "seconds that a ban lasts; 0: for ever"},
    {"safe-networks", SETTING_NETWORKS, FIELD(safe_networks), GUARD_SAFE_MAX, NULL, "CIDR", NULL,
     "never ban an address of this network"},
    {"database", SETTING_STRING, FIELD(database), 0, NULL, "FILE", NULL,
     "users, groups and folders that ferryctl looks after", true},
    {"socket", SETTING_STRING, FIELD(socket), 0, NULL, "FILE", NULL,
     "where ferryctl reaches ferryd (default: ferryd.sock in the state directory)", true},
    {"state", SETTING_STRING, FIELD(state), 0, NULL, "DIR", NULL,
     "where ferryd keeps what must survive a crash", true},
    {"system-users", SETTING_SWITCH, FIELD(system_users), 0, NULL, "on|off", "off",
     "let users of this system log in, through PAM; ferryd is started as root", true},
    {"system-users-from", SETTING_NUMBER, FIELD(system_users_from), UINT32_MAX, NULL, "UID", "1000",
     "refuse users of this system with smaller numbers", true},
    {"system-users-shell", SETTING_SWITCH, FIELD(system_users_any_shell), 0, "any|listed",
     "any|listed", "listed", "refuse those whose shell is not in /etc/shells", true},
    {"system-root", SETTING_STRING, FIELD(system_root), 0, NULL, "DIR", "%h",
     "directory that they see as /; %h: their home, %u: their name", true},
    {"pam-service", SETTING_STRING, FIELD(pam_service), 0, NULL, "NAME", "ferryd",
     "file in /etc/pam.d that says how they log in", true},
    {"run-as", SETTING_STRING, FIELD(run_as), 0, NULL, "USER", NULL,
     "who the server is once root has started it (default: ferry, or the root's owner)", true},
    {"user-roots", SETTING_PATHS, FIELD(user_roots), 64, NULL, "DIR", NULL,
     "users of the database have their roots below DIR", true},
    {"tls-cert", SETTING_FILES, FIELD(tls_files.certificates), TLS_PAIRS_MAX, NULL, "FILE", NULL,
     "certificate for TLS, in PEM, with those that sign it behind it"},
    {"tls-key", SETTING_FILES, FIELD(tls_files.keys), TLS_PAIRS_MAX, NULL, "FILE", NULL,
     "its key, when it is not in the same file; the second key is the second certificate's"},
    {"tls-self-signed", SETTING_FLAG, FIELD(tls_files.self_signed), 0, NULL, NULL, "off",
     "make a certificate at the first start, and keep it in the state directory"},
    {"tls-min-version", SETTING_SWITCH, FIELD(tls_files.only_1_3), 0, "1.3|1.2", "1.2|1.3", "1.2",
     "oldest version of TLS"},
    {"tls-ciphers", SETTING_STRING, FIELD(tls_files.ciphers), 0, NULL, "LIST", NULL,
     "for TLS 1.2, as OpenSSL writes them (default: ECDHE with AES-GCM or ChaCha20)"},
    {"tls-client-cert", SETTING_CHOICE, FIELD(tls_files.client_certificates), 0,
     "off|optional|required", "off|optional|required", "off", "ask clients for a certificate"},
    {"tls-client-ca", SETTING_STRING, FIELD(tls_files.client_ca), 0, NULL, "FILE", NULL,
     "who may have signed it, in PEM"},
    {"tls-client-crl", SETTING_STRING, FIELD(tls_files.client_crl), 0, NULL, "FILE", NULL,
     "certificates that they have revoked, in PEM"},
    {"tls-client-user", SETTING_CHOICE, FIELD(tls_files.client_user), 0, "none|cn|email|dns",
     "none|cn|email|dns", "none", "which name in it is the only user that may log in with it"},
    {"tls-client-password", SETTING_SWITCH, FIELD(tls_files.client_password), 0, NULL, "on|off",
     "on", "ask that user for the password, too"},
    {"data-tls-reuse", SETTING_CHOICE, FIELD(data_tls_reuse), 0, "off|prefer|require",
     "off|prefer|require", "prefer",
     "whether data connections resume the TLS session of the control connection"},
    {"require-tls", SETTING_WORDS, FIELD(require_tls), 0, "login|control|data", "WORDS", "off",
     "refuse what is in the clear: login, control, data, with commas between; default: all"},
    {"allow-ccc", SETTING_FLAG, FIELD(allow_ccc), 0, NULL, NULL, "off",
     "let the control connection go back to clear text (CCC)"},
    {"implicit-port", SETTING_NUMBER, FIELD(implicit_port), UINT16_MAX, NULL, "N", "0",
     "port with TLS from the first byte, by custom 990; 0: none", true},
    {"xferlog", SETTING_STRING, FIELD(xferlog), 0, NULL, "FILE", NULL,
     "log transfers in the classic format", true},
    {"audit", SETTING_STRING, FIELD(audit), 0, NULL, "FILE", NULL,
     "log what users do as JSON lines", true},
    {"audit-syslog", SETTING_SWITCH, FIELD(audit_syslog), 0, NULL, "on|off", "off",
     "log it in the system's log as well", true},
    {"log-level", SETTING_STRING, FIELD(log_level), 0, NULL, "L", "info",
     "error, warning, info or debug, on standard error"},
    {"banner", SETTING_HOST, HOST_FIELD(banner), 0, NULL, "TEXT", "ferryd", "name in the greeting"},
    {"config", SETTING_OPTION, FIELD(file), 0, NULL, "FILE", NULL,
     "read settings from FILE; options here win over it"},
    {"check-config", SETTING_OPTION, 0, 0, NULL, NULL, NULL,
     "say whether the settings are right, and exit"},
    {"help", SETTING_OPTION, 0, 0, NULL, NULL, NULL, "show this help, and exit"},
    {"version", SETTING_OPTION, 0, 0, NULL, NULL, NULL, "show the version, and exit"},
    {NULL, SETTING_OPTION, 0, 0, NULL, NULL, NULL, NULL},
};

static_assert(sizeof(config_settings) / sizeof(config_settings[0]) <= SETTINGS_MAX,
              "each setting has its place");

bool config_complain(char message[CONFIG_MESSAGE_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, CONFIG_MESSAGE_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

void *config_grow(void **array, size_t *count, size_t size)
{
    void *grown = memory_resize(*array, *count + 1, size);
    if (!grown)
        return NULL;
    *array = grown;
    void *element = (char *)grown + *count * size;
    memset(element, 0, size);
    (*count)++;
    return element;
}

bool config_copy_string(char **place, struct text value)
{
    char *copy = memory_copy(value.at, value.len);
    if (!copy)
        return false;
    memory_free(*place);
    *place = copy;
    return true;
}

/* ---- The snapshot ------------------------------------------------------------------- */

void config_clear_list(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        memory_free(list->items[i]);
    list->count = 0;
}

static void free_list(struct config_list *list)
{
    config_clear_list(list);
    memory_free(list->items);
}

static void free_users(struct config_host *host)
{
    for (size_t i = 0; i < host->user_count; i++) {
        struct config_user *user = &host->users[i];
        memory_free_secret(user->password, user->password ? strlen(user->password) : 0);
        memory_free(user->name);
        memory_free(user->root);
        memory_free_secret(user->account, user->account ? strlen(user->account) : 0);
    }
    memory_free(host->users);
}

static void free_host(struct config_host *host)
{
    free_users(host);
    for (size_t i = 0; i < host->folder_count; i++) {
        memory_free(host->folders[i].name);
        memory_free(host->folders[i].path);
    }
    memory_free(host->folders);
    memory_free(host->name);
    memory_free(host->root);
    memory_free(host->anonymous);
    memory_free(host->banner);
}

static void config_free(struct config *config)
{
    backends_free_realms(config);
    for (size_t i = 0; i < config->host_count; i++)
        free_host(&config->hosts[i]);
    memory_free(config->hosts);
    free_list(&config->addresses);
    free_list(&config->safe_networks);
    free_list(&config->anonymous_uploads);
    free_list(&config->anonymous_terms);
    free_list(&config->user_roots);
    free_list(&config->tls_files.certificates);
    free_list(&config->tls_files.keys);
    memory_free(config->tls_files.ciphers);
    memory_free(config->tls_files.client_ca);
    memory_free(config->tls_files.client_crl);
    tls_unref(config->tls);
    memory_free(config->passive_address);
    memory_free(config->ebcdic_code_page);
    memory_free(config->database);
    memory_free(config->socket);
    memory_free(config->system_root);
    memory_free(config->pam_service);
    memory_free(config->run_as);
    memory_free(config->state);
    memory_free(config->xferlog);
    memory_free(config->audit);
    memory_free(config->log_level);
    memory_free(config->file);
    memory_free(config);
}

struct config *config_ref(struct config *config)
{
    struct counted_config *counted = (struct counted_config *)config;
    atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return config;
}

void config_unref(struct config *config)
{
    struct counted_config *counted = (struct counted_config *)config;
    if (config && atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) == 1)
        config_free(config);
}

static struct config *config_new(char message[CONFIG_MESSAGE_SIZE])
{
    struct counted_config *counted = memory_new(sizeof(*counted));
    if (!counted)
        return NULL;
    struct config *config = &counted->config;
    atomic_init(&counted->references, 1);
    bool fine = config_grow((void **)&config->hosts, &config->host_count,
                            sizeof(struct config_host)) != NULL;
    for (const struct setting *s = config_settings; fine && s->name; s++)
        if (s->value && s->kind != SETTING_OPTION)
            fine = config_set(config, s, text_of(s->value), message);
    if (fine)
        return config;
    config_unref(config);
    return NULL;
}

static bool is_same_string(const char *a, const char *b)
{
    return a && b ? text_equal(text_of(a), text_of(b)) : a == b;
}

static bool is_same_list(const struct config_list *a, const struct config_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!is_same_string(a->items[i], b->items[i]))
            return false;
    return true;
}

static bool is_same(const struct config *a, const struct config *b, const struct setting *setting)
{
    const void *x = (const char *)a + setting->offset;
    const void *y = (const char *)b + setting->offset;
    if (setting->kind == SETTING_NUMBER)
        return *(const uint64_t *)x == *(const uint64_t *)y;
    if (setting->kind == SETTING_SWITCH)
        return *(const bool *)x == *(const bool *)y;
    if (setting->kind == SETTING_STRING)
        return is_same_string(*(char *const *)x, *(char *const *)y);
    return is_same_list(x, y); /* there are no other kinds for the start only */
}

void config_put_deferred(const struct config *running, const struct config *wanted,
                         struct builder *b)
{
    for (const struct setting *s = config_settings; s->name; s++) {
        if (!s->at_start || is_same(running, wanted, s))
            continue;
        if (b->len)
            builder_put_byte(b, ' ');
        builder_put_string(b, s->name);
    }
}

/* ---- Loading ------------------------------------------------------------------------- */

static bool is_complete(struct config *config, char message[CONFIG_MESSAGE_SIZE])
{
    enum log_level level;
    if (!log_level_parse(text_of(config->log_level), &level))
        return config_complain(message,
                               "log-level: \"%s\" is not right here; it takes error, warning, "
                               "info or debug",
                               config->log_level);
    if (!config->hosts[0].root && !config->database)
        return config_complain(message, "root: say which directory to serve (--root DIR)");
    if (!config->max_transfers)
        return config_complain(message, "max-transfers: at least 1 is needed");
    if (!config->data_timeout_s)
        return config_complain(message, "data-timeout: at least 1 is needed");
    if (!config->ban_window_s)
        return config_complain(message, "ban-window: at least 1 is needed");
    return true;
}

/* What contradicts itself is a mistake: nobody should believe in vain that TLS is asked for. */
static bool is_tls_complete(const struct config *config, char message[CONFIG_MESSAGE_SIZE])
{
    const struct config_tls *tls = &config->tls_files;
    bool has_none = !tls->certificates.count && !tls->self_signed;
    bool asks_nobody = tls->client_certificates == TLS_CLIENT_NOT_ASKED;
    bool names_nobody = tls->client_user == TLS_CLIENT_USER_NONE;
    const struct {
        bool is_wrong;
        const char *wrong;
    } checks[] = {
        {tls->keys.count > tls->certificates.count, "tls-key: there are more than of tls-cert"},
        {tls->self_signed && tls->certificates.count, "tls-self-signed: tls-cert is given, too"},
        {config->require_tls && has_none, "require-tls: tls-cert is missing"},
        {config->implicit_port && has_none, "implicit-port: tls-cert is missing"},
        {!asks_nobody && has_none, "tls-client-cert: tls-cert is missing"},
        {!asks_nobody && !tls->client_ca, "tls-client-cert: tls-client-ca is missing"},
        {asks_nobody && tls->client_ca, "tls-client-ca: tls-client-cert is off"},
        {asks_nobody && tls->client_crl, "tls-client-crl: tls-client-cert is off"},
        {asks_nobody && !names_nobody, "tls-client-user: tls-client-cert is off"},
        {names_nobody && !tls->client_password, "tls-client-password: tls-client-user is none"},
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (checks[i].is_wrong)
            return config_complain(message, "%s", checks[i].wrong);
    return true;
}

/* Looked up here and now: a name server is never asked while a client waits. */
static bool look_up_passive_address(struct config *config, char message[CONFIG_MESSAGE_SIZE])
{
    if (!config->passive_address)
        return true;
    return socket_resolve(config->passive_address, AF_INET, 0, &config->passive_v4) ||
           config_complain(message,
                           "passive-address: \"%s\" is no IPv4 address and no known host that "
                           "has one; only PASV's clients need it",
                           config->passive_address);
}

static bool load_code_page(struct config *config, char message[CONFIG_MESSAGE_SIZE])
{
    enum fault f = code_page_load(config->ebcdic_code_page, &config->ebcdic);
    if (!f)
        return true;
    if (f == FAULT_NO_MEMORY)
        return config_complain(message, "out of memory");
    return config_complain(message,
                           "ebcdic-code-page: \"%s\" is no EBCDIC code page of single bytes that "
                           "iconv knows; try cp1047, cp037 or cp500",
                           config->ebcdic_code_page);
}

static struct config *load(int argc, char **argv, const struct opener *opener,
                           struct config_request *ret_request, char message[CONFIG_MESSAGE_SIZE])
{
    *ret_request = (struct config_request){0};
    (void)config_complain(message, "out of memory");
    struct config *config = config_new(message);
    if (!config)
        return NULL;
    bool fine = config_read(config, argc, argv, opener, ret_request, message);
    if (fine && !ret_request->help && !ret_request->version)
        fine = is_complete(config, message) && is_tls_complete(config, message) &&
               look_up_passive_address(config, message) && load_code_page(config, message);
    if (fine)
        return config;
    config_unref(config);
    return NULL;
}

struct config *config_load(int argc, char **argv, struct config_request *ret_request,
                           char message[CONFIG_MESSAGE_SIZE])
{
    return load(argc, argv, &opener_self, ret_request, message);
}

struct config *config_reload(int argc, char **argv, const struct opener *opener,
                             char message[CONFIG_MESSAGE_SIZE])
{
    struct config_request request;
    return load(argc, argv, opener, &request, message);
}

const struct config_host *config_find_host(const struct config *config, struct text name,
                                           size_t *ret_index)
{
    for (size_t i = 1; i < config->host_count; i++) {
        if (text_equal_any_case(text_of(config->hosts[i].name), name)) {
            *ret_index = i;
            return &config->hosts[i];
        }
    }
    return NULL;
}

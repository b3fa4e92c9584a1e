/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/socket.h"
#include "server/backends.h"

struct counted_config {
    struct config config;
    atomic_uint references;
};

#define FIELD(name) offsetof(struct config, name)
#define HOST_FIELD(name) offsetof(struct config_host, name)

const struct setting config_settings[] = {
    {"address", SETTING_LIST, FIELD(addresses), 0, NULL, "A", NULL,
     "listen on this address (default: every IPv4 and IPv6 one)", true},
    {"port", SETTING_NUMBER, FIELD(port), UINT16_MAX, NULL, "N", "21",
     "control port; 0 takes any free one", true},
    {"root", SETTING_HOST, HOST_FIELD(root), 0, NULL, "DIR", NULL, "directory that users see as /"},
    {"user", SETTING_USER, 0, 0, NULL, "NAME:PASSWORD", NULL, "an account that may write"},
    {"anonymous", SETTING_ANONYMOUS, HOST_FIELD(anonymous), 0, NULL, "DIR", "off",
     "let anybody read below DIR (default: the root)"},
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
     "sessions at once; 0: no limit"},
    {"max-per-ip", SETTING_NUMBER, FIELD(max_per_ip), 1000000, NULL, "N", "0",
     "sessions at once from one address, or one IPv6 /64; 0: no limit"},
    {"max-transfers", SETTING_NUMBER, FIELD(max_transfers), 10000, NULL, "N", "1000",
     "transfers at once", true},
    {"state", SETTING_STRING, FIELD(state), 0, NULL, "DIR", NULL,
     "where ferryd keeps what must survive a crash", true},
    {"xferlog", SETTING_STRING, FIELD(xferlog), 0, NULL, "FILE", NULL,
     "log transfers in the classic format", true},
    {"audit", SETTING_STRING, FIELD(audit), 0, NULL, "FILE", NULL,
     "log what users do as JSON lines", true},
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

/* ---- One value -------------------------------------------------------------------- */

static bool set_range(struct port_range *range, struct text value)
{
    uint64_t first;
    uint64_t last;
    struct text rest = value;
    struct text low = text_take_until(&rest, '-');
    if (!text_to_number(low, UINT16_MAX, &first) || !text_to_number(rest, UINT16_MAX, &last) ||
        !first || first > last)
        return false;
    *range = (struct port_range){(uint16_t)first, (uint16_t)last};
    return true;
}

static bool set_switch(bool *place, const char *words, struct text value)
{
    struct text no = text_of(words);
    struct text yes = text_take_until(&no, '|');
    if (!text_equal(value, yes) && !text_equal(value, no))
        return false;
    *place = text_equal(value, yes);
    return true;
}

/* As libConfuse takes a boolean, so that a file has one way of writing them. */
static bool set_flag(bool *place, struct text value)
{
    return set_switch(place, "on|off", value) || set_switch(place, "true|false", value) ||
           set_switch(place, "yes|no", value);
}

/* --user NAME:PASSWORD; only the first colon separates. */
static enum fault set_user(struct config *config, struct text value)
{
    struct config_host *host = &config->hosts[0];
    struct text password = value;
    struct text name = text_take_until(&password, ':');
    if (!name.len || !password.len)
        return FAULT_ARGUMENT;
    struct config_user *user = config_grow((void **)&host->users, &host->user_count, sizeof(*user));
    if (!user)
        return FAULT_NO_MEMORY;
    user->is_clear = true;
    bool copied = config_copy_string(&user->name, name) &&
                  config_copy_string(&user->password, password);
    return copied ? FAULT_NONE : FAULT_NO_MEMORY;
}

static enum fault set_string(char **place, struct text value)
{
    if (!value.len || text_find(value, '\0') != value.len || text_find(value, '\n') != value.len)
        return FAULT_ARGUMENT;
    return config_copy_string(place, value) ? FAULT_NONE : FAULT_NO_MEMORY;
}

static enum fault set_list(struct config *config, const struct setting *setting, struct text value)
{
    char ***array = (char ***)((char *)config + setting->offset);
    union endpoint endpoint;
    if (!endpoint_parse_host(value, 0, &endpoint))
        return FAULT_ARGUMENT;
    char **place = config_grow((void **)array, &config->address_count, sizeof(char *));
    return place && config_copy_string(place, value) ? FAULT_NONE : FAULT_NO_MEMORY;
}

static enum fault or_argument(bool understood)
{
    return understood ? FAULT_NONE : FAULT_ARGUMENT;
}

static enum fault set_by_kind(struct config *config, const struct setting *setting,
                              struct text value)
{
    void *place = (char *)config + setting->offset;
    switch (setting->kind) {
    case SETTING_NUMBER:
        return or_argument(text_to_number(value, setting->max, place));
    case SETTING_OCTAL:
        return or_argument(text_to_octal(value, setting->max, place));
    case SETTING_FLAG:
        return or_argument(set_flag(place, value));
    case SETTING_SWITCH:
        return or_argument(setting->words ? set_switch(place, setting->words, value)
                                          : set_flag(place, value));
    case SETTING_RANGE:
        return or_argument(set_range(place, value));
    case SETTING_LIST:
        return set_list(config, setting, value);
    case SETTING_USER:
        return set_user(config, value);
    case SETTING_STRING:
        return set_string(place, value);
    case SETTING_HOST:
    case SETTING_ANONYMOUS:
        return set_string((char **)((char *)&config->hosts[0] + setting->offset), value);
    case SETTING_OPTION:
        break;
    }
    return FAULT_ARGUMENT;
}

bool config_set(struct config *config, const struct setting *setting, struct text value,
                char message[CONFIG_MESSAGE_SIZE])
{
    enum fault f = set_by_kind(config, setting, value);
    if (!f)
        return true;
    if (f == FAULT_NO_MEMORY)
        return config_complain(message, "out of memory");
    /* A password must not be shown to whoever reads the terminal or the log. */
    if (setting->kind == SETTING_USER)
        return config_complain(message, "user: give it as NAME:PASSWORD");
    return config_complain(message, "%s: \"%.*s\" is not right here; it takes %s", setting->name,
                           TEXT_ARGS(value), setting->argument ? setting->argument : "on or off");
}

/* ---- The snapshot ------------------------------------------------------------------- */

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
    for (size_t i = 0; i < config->address_count; i++)
        memory_free(config->addresses[i]);
    memory_free(config->addresses);
    memory_free(config->passive_address);
    memory_free(config->ebcdic_code_page);
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

static bool is_same(const struct config *a, const struct config *b, const struct setting *setting)
{
    const void *x = (const char *)a + setting->offset;
    const void *y = (const char *)b + setting->offset;
    if (setting->kind == SETTING_NUMBER)
        return *(const uint64_t *)x == *(const uint64_t *)y;
    if (setting->kind == SETTING_STRING)
        return is_same_string(*(char *const *)x, *(char *const *)y);
    if (a->address_count != b->address_count) /* the only list there is */
        return false;
    for (size_t i = 0; i < a->address_count; i++)
        if (!is_same_string(a->addresses[i], b->addresses[i]))
            return false;
    return true;
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

/* ---- The command line ------------------------------------------------------------------ */

enum { SETTINGS_MAX = 64 };

static void fill_options(struct option options[SETTINGS_MAX])
{
    size_t i = 0;
    for (const struct setting *s = config_settings; s->name && i < SETTINGS_MAX - 1; s++, i++) {
        int has_argument = s->argument ? required_argument : no_argument;
        if (s->kind == SETTING_ANONYMOUS)
            has_argument = optional_argument;
        options[i] = (struct option){s->name, has_argument, NULL, (int)i + 1};
    }
    options[i] = (struct option){0};
}

/* A walk through the options. */
struct walk {
    struct config *config;          /* borrowed: config_load's, as all here */
    struct config_request *request; /* borrowed */
    char *message;                  /* borrowed: CONFIG_MESSAGE_SIZE bytes */
    bool only_file;                 /* looks for --config alone */
    bool has_list;
};

static bool take_request(struct walk *walk, struct text name)
{
    if (text_equal(name, TEXT("help")))
        walk->request->help = true;
    else if (text_equal(name, TEXT("version")))
        walk->request->version = true;
    else if (text_equal(name, TEXT("check-config")))
        walk->request->check_only = true;
    return true;
}

/* A list on the command line replaces the file's, it does not add to it. */
static void forget_addresses(struct config *config)
{
    for (size_t i = 0; i < config->address_count; i++)
        memory_free(config->addresses[i]);
    config->address_count = 0;
}

static bool take_option(struct walk *walk, const struct setting *setting, const char *argument)
{
    bool is_file = setting->kind == SETTING_OPTION && setting->argument;
    if (is_file)
        return config_copy_string(&walk->config->file, text_of(argument));
    if (walk->only_file)
        return true;
    if (setting->kind == SETTING_OPTION)
        return take_request(walk, text_of(setting->name));
    if (setting->kind == SETTING_LIST && !walk->has_list) {
        walk->has_list = true;
        forget_addresses(walk->config);
    }
    return config_set(walk->config, setting, text_of(argument ? argument : "on"), walk->message);
}

/* Of an option that getopt does not know, or that is not to have an argument. */
static bool complain_of_option(const char *word, char message[CONFIG_MESSAGE_SIZE])
{
    if (!text_starts_with(text_of(word), TEXT("--"))) /* letters may be grouped */
        return config_complain(message, "-%c: no such option; --help lists them", optopt);
    const char *what = optopt ? "takes no argument" : "no such option; --help lists them";
    return config_complain(message, "%s: %s", word, what);
}

static bool read_options(struct walk *walk, int argc, char **argv)
{
    struct option options[SETTINGS_MAX];
    fill_options(options);
    optind = 0;
    opterr = 0;
    for (;;) {
        int found = getopt_long(argc, argv, ":", options, NULL);
        if (found == -1)
            break;
        if (found == ':')
            return config_complain(walk->message, "%s needs an argument", argv[optind - 1]);
        if (found == '?')
            return complain_of_option(argv[optind - 1], walk->message);
        if (!take_option(walk, &config_settings[found - 1], optarg))
            return false;
    }
    return optind == argc ||
           config_complain(walk->message, "%s: not an option; --help lists them", argv[optind]);
}

/* The file's settings come first, whatever the order of the options. */
static bool read_both(struct config *config, int argc, char **argv, struct config_request *request,
                      char message[CONFIG_MESSAGE_SIZE])
{
    struct walk walk = {config, request, message, .only_file = true};
    if (!read_options(&walk, argc, argv) ||
        (config->file && !config_read_file(config, config->file, message)))
        return false;
    walk.only_file = false;
    return read_options(&walk, argc, argv);
}

static bool is_complete(struct config *config, char message[CONFIG_MESSAGE_SIZE])
{
    enum log_level level;
    if (!log_level_parse(text_of(config->log_level), &level))
        return config_complain(message,
                               "log-level: \"%s\" is not right here; it takes error, warning, "
                               "info or debug",
                               config->log_level);
    if (!config->hosts[0].root)
        return config_complain(message, "root: say which directory to serve (--root DIR)");
    if (!config->max_transfers)
        return config_complain(message, "max-transfers: at least 1 is needed");
    if (!config->data_timeout_s)
        return config_complain(message, "data-timeout: at least 1 is needed");
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
    if (code_page_load(config->ebcdic_code_page, &config->ebcdic) == FAULT_NONE)
        return true;
    return config_complain(message,
                           "ebcdic-code-page: \"%s\" is no EBCDIC code page of single bytes that "
                           "iconv knows; try cp1047, cp037 or cp500",
                           config->ebcdic_code_page);
}

struct config *config_load(int argc, char **argv, struct config_request *ret_request,
                           char message[CONFIG_MESSAGE_SIZE])
{
    *ret_request = (struct config_request){0};
    (void)config_complain(message, "out of memory");
    struct config *config = config_new(message);
    if (!config)
        return NULL;
    bool fine = read_both(config, argc, argv, ret_request, message);
    if (fine && !ret_request->help && !ret_request->version)
        fine = is_complete(config, message) && look_up_passive_address(config, message) &&
               load_code_page(config, message);
    if (fine)
        return config;
    config_unref(config);
    return NULL;
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

void config_put_help(struct builder *b)
{
    enum { COLUMN = 32 };
    builder_put(b, TEXT("Usage: ferryd --root DIR [option]...\n"
                        "Serves files over FTP, in the foreground.\n\n"));
    for (const struct setting *s = config_settings; s->name; s++) {
        size_t start = b->len;
        builder_put(b, TEXT("  --"));
        builder_put_string(b, s->name);
        if (s->argument) {
            bool optional = s->kind == SETTING_ANONYMOUS;
            builder_put_string(b, optional ? "[=" : " ");
            builder_put_string(b, s->argument);
            builder_put_string(b, optional ? "]" : "");
        }
        do {
            builder_put_byte(b, ' ');
        } while (b->len < start + COLUMN);
        builder_put_string(b, s->help);
        if (s->value && s->kind != SETTING_FLAG && s->kind != SETTING_ANONYMOUS) {
            builder_put_string(b, " (default: ");
            builder_put_string(b, s->value);
            builder_put_byte(b, ')');
        }
        builder_put_byte(b, '\n');
    }
    builder_put(b, TEXT("\nThe same settings go in a file: see ferryd.conf(5), ferryd(8).\n"));
}

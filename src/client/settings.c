/* SPDX-License-Identifier: Apache-2.0 */
#include "client/settings.h"

#include <assert.h>

#include "base/endpoint.h"
#include "client/safe_name.h"
#include "client/secret_text.h"
#include "client/trust.h"

/* ---- Texts that are more than a text ------------------------------------------- */

static bool is_pins(struct text value)
{
    struct trust_pins pins;
    return trust_pins_parse(value, &pins);
}

static bool is_address(struct text value)
{
    union endpoint endpoint;
    return endpoint_parse_host(value, 0, &endpoint);
}

/* Of character sets and code pages, as iconv names them. */
static bool is_charset(struct text value)
{
    const struct text marks = TEXT("-_.:");
    for (size_t i = 0; i < value.len; i++) {
        char c = text_upper(value.at[i]);
        bool is_word = text_is_digit(c) || (c >= 'A' && c <= 'Z');
        if (!is_word && text_find(marks, c) == marks.len)
            return false;
    }
    return true;
}

/* A password would be on the list of processes, and in a file that others may read. */
static bool is_proxy(struct text value)
{
    static const struct text schemes[] = {{"socks5://", 9}, {"http://", 7}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (value.len <= schemes[i].len ||
            !text_equal_any_case((struct text){value.at, schemes[i].len}, schemes[i]))
            continue;
        struct text host = text_after(value, schemes[i].len);
        size_t at = text_find_last(host, '@');
        struct text user = {host.at, at == host.len ? 0 : at};
        bool has_host = host.len > (user.len ? user.len + 1 : 0);
        return has_host && text_find(host, ' ') == host.len && text_find(user, ':') == user.len;
    }
    return false;
}

/* ---- The table ------------------------------------------------------------------ */

#define FIELD(name) offsetof(struct settings, name)
#define FLAG(name, value, help)                                                                    \
    {                                                                                              \
#name, SETTING_FLAG, FIELD(name), 0, 0, NULL, value, "on", help, NULL                      \
    }
#define NUMBER(name, field, min, max, unit, value, help)                                           \
    {                                                                                              \
#name, SETTING_NUMBER, FIELD(field), min, max, unit, value, NULL, help, NULL               \
    }
#define SIZE(name, min, unit, value, help)                                                         \
    {                                                                                              \
#name, SETTING_SIZE, FIELD(name), min, INT64_MAX, unit, value, NULL, help, NULL            \
    }
#define CHOICE(name, words, value, help)                                                           \
    {                                                                                              \
#name, SETTING_CHOICE, FIELD(name), 0, 0, words, value, NULL, help, NULL                   \
    }
#define LETTER(name, words, value, help)                                                           \
    {                                                                                              \
#name, SETTING_LETTER, FIELD(name), 0, 0, words, value, NULL, help, NULL                   \
    }
#define WORDS(name, what, value, help, is_right)                                                   \
    {                                                                                              \
#name, SETTING_TEXT, FIELD(name), 0, 0, what, value, NULL, help, is_right                  \
    }

const struct setting settings_rows[] = {
    CHOICE(tls, "auto|require|off", "auto",
           "TLS on the control connection: when the server offers it, always, or never"),
    FLAG(tls_verify, "on", "take only certificates that somebody vouches for, or that are known"),
    FLAG(tls_data, "on", "TLS on data connections too, where the control connection has it"),
    FLAG(tls_clear_control, "off",
         "commands in the clear again once logged in (CCC), for firewalls that read them"),
    CHOICE(tls_first_use, "ask|accept|refuse", "ask",
           "what to do about a certificate that nobody vouches for, the first time"),
    WORDS(tls_ca_file, "a file", "", "who may vouch, in PEM; else those whom the system trusts",
          NULL),
    WORDS(tls_pins, "sha256:HEX, several with commas between", "",
          "take these certificates and no others", is_pins),
    WORDS(tls_certificate_file, "a file", "", "our own certificate, in PEM", NULL),
    WORDS(tls_key_file, "a file", "", "its key, when it is not in the same file", NULL),
    CHOICE(data_connection, "auto|passive|pasv|active|port|default", "auto",
           "who makes it: we (EPSV, PASV), the server (EPRT, PORT, default), or whichever works"),
    FLAG(trust_passive_address, "off",
         "connect to the address that a 227 names, even when it is not the server's"),
    {"active_ports", SETTING_PORTS, FIELD(active_ports), 0, 0, NULL, "", NULL,
     "our ports for active data connections", NULL},
    CHOICE(address_family, "any|ipv4|ipv6", "any", "which addresses of a server to connect to"),
    WORDS(source_address, "an address", "", "connect from this address of ours", is_address),
    NUMBER(connect_timeout, connect_timeout_s, 1, 3600, "seconds", "30",
           "how long a connection may take to be made"),
    NUMBER(reply_timeout, reply_timeout_s, 1, 86400, "seconds", "120",
           "how long to wait for a reply"),
    NUMBER(data_timeout, data_timeout_s, 1, 86400, "seconds", "120",
           "how long to wait for the next byte of a transfer"),
    NUMBER(keep_alive, keep_alive_s, 0, 86400, "seconds", "30",
           "how often to send NOOP at the prompt, and TCP's probes; 0: the latter, at times"),
    NUMBER(retries, retries, 0, 1000000, "times", "5",
           "how often to try again what broke for a reason that may pass"),
    NUMBER(retry_delay, retry_delay_s, 0, 86400, "seconds", "2",
           "how long to wait before that; doubled each time"),
    NUMBER(retry_delay_max, retry_delay_max_s, 0, 86400, "seconds", "60",
           "how long to wait at most"),
    NUMBER(parallel, parallel, 1, 64, "connections", "4",
           "how many files to transfer at once when there are several"),
    NUMBER(segments, segments, 1, 64, "parts", "1",
           "in how many parts to fetch a file, each over a connection of its own"),
    SIZE(download_rate, 0, "bytes a second", "0", "fetch no faster than this; 0: no limit"),
    SIZE(upload_rate, 0, "bytes a second", "0", "send no faster than this; 0: no limit"),
    FLAG(resume, "on", "go on where a transfer broke off"),
    {"verify", SETTING_CHOICE, FIELD(verify), 0, 0, "auto|size|hash|off", "auto", "hash",
     "what to compare when a file is complete; auto: the size, and by hash what came in pieces",
     NULL},
    FLAG(keep_times, "on", "give a copy the original's time of change"),
    FLAG(keep_modes, "on", "give a copy the original's permissions, less the umask"),
    FLAG(keep_links, "off", "make links of a tree as links here, not what they lead to"),
    CHOICE(upload_temporary, "auto|on|off", "auto",
           "send a file under a temporary name, and rename it when it is complete"),
    {"portable_names", SETTING_CHOICE, FIELD(portable_names), 0, 0, "auto|on|off", "auto", "on",
     "refuse the server's names that Windows cannot have; auto: those of its devices (CON, NUL)",
     NULL},
    LETTER(mode, "S|B|C|Z", "S", "transfer mode: stream, block, compressed (RFC 959), or deflate"),
    FLAG(
        share_data_connection, "on",
        "the small files of a tree over one data connection (mode B), where that is known to work"),
    LETTER(type, "I|A|E|L", "I", "representation type: image, ASCII, EBCDIC, or local"),
    NUMBER(byte_size, byte_size, 1, 255, "bits", "8", "how large a byte of type L is"),
    LETTER(form, "N|T|C", "N", "format of A and E: non-print, Telnet, or carriage control"),
    LETTER(structure, "F|R|P", "F", "file structure: file, record, or page"),
    WORDS(list_options, "options of ls, as -a", "",
          "send these with LIST, to servers that leave names out without", NULL),
    WORDS(charset, "a character set", "UTF-8", "what the server's names are written in",
          is_charset),
    WORDS(ebcdic_code_page, "a code page", "cp1047", "what files of type E are written in here",
          is_charset),
    FLAG(netrc, "on", "look for logins and passwords in ~/.netrc"),
    WORDS(netrc_file, "a file", "", "look in this one instead", NULL),
    WORDS(password_command, "a command", "",
          "run it for a password: the first line of what it writes; it has FERRY_HOST, FERRY_USER",
          NULL),
    WORDS(proxy, "socks5://USER@HOST:PORT or http://..., without a password", "",
          "connect through this proxy", is_proxy),
    WORDS(proxy_password_command, "a command", "", "run it for the proxy's password", NULL),
    WORDS(prompt, "a text", "ferry %h:%d> ",
          "the shell's prompt; %h the host, %u the user, %d the directory, %% a %", NULL),
    CHOICE(colour, "auto|on|off", "auto", "colours in listings; auto: on a terminal"),
    CHOICE(progress, "auto|on|off", "auto", "a line that shows how far it is; auto: likewise"),
    NUMBER(history, history, 0, 100000, "lines", "1000", "how much the shell remembers"),
    NUMBER(verbose, verbose, 0, 3,
           "(1 what was done, 2 each file of a tree and replies, 3 commands too)", "1",
           "how much to tell besides errors"),
    FLAG(bell, "off", "sound the bell when a command is done"),
    {"case", SETTING_FLAG, FIELD(lower_case), 0, 0, NULL, "off", "on",
     "mget: make names that are all capitals small", NULL},
    FLAG(cr, "on", "take the carriage returns off when fetching in type A"),
    FLAG(glob, "on", "expand *, ? and [] in names"),
    FLAG(hash, "off", "write a # for each block of bytes moved"),
    SIZE(hash_bytes, 1, "bytes", "1024", "how large that block is"),
    FLAG(interactive, "on", "ask for each file of mget, mput and mdelete"),
    FLAG(runique, "off", "fetch into new names instead of replacing files here"),
    FLAG(sunique, "off", "have the server find new names (STOU) instead of replacing files"),
    {NULL, SETTING_FLAG, 0, 0, 0, NULL, NULL, NULL, NULL},
};

static_assert(sizeof(settings_rows) / sizeof(settings_rows[0]) <= SETTINGS_MAX,
              "each setting has its place");

static bool is_named(const char *name, struct text wanted)
{
    if (strlen(name) != wanted.len)
        return false;
    for (size_t i = 0; i < wanted.len; i++) {
        char c = wanted.at[i] == '-' ? '_' : wanted.at[i];
        if (text_upper(name[i]) != text_upper(c))
            return false;
    }
    return true;
}

const struct setting *settings_find(struct text name)
{
    for (const struct setting *s = settings_rows; s->name; s++)
        if (is_named(s->name, name))
            return s;
    return NULL;
}

/* ---- Values from text ------------------------------------------------------------ */

/* The index of a word, of the first letter's case or any other. */
static bool find_word(const char *words, struct text value, unsigned *ret_index)
{
    struct text rest = text_of(words);
    for (unsigned i = 0; rest.len; i++) {
        if (text_equal_any_case(value, text_take_until(&rest, '|'))) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* The words that are true stand at even places. */
static bool set_flag(bool *place, struct text value)
{
    unsigned index;
    if (!find_word("on|off|true|false|yes|no", value, &index))
        return false;
    *place = index % 2 == 0;
    return true;
}

static bool set_letter(char *place, const char *words, struct text value)
{
    unsigned index;
    if (!find_word(words, value, &index))
        return false;
    *place = text_upper(value.at[0]);
    return true;
}

static bool set_number(uint64_t *place, const struct setting *setting, struct text value)
{
    uint64_t number;
    bool is_number = setting->kind == SETTING_SIZE ? text_to_size(value, setting->max, &number)
                                                   : text_to_number(value, setting->max, &number);
    if (!is_number || number < setting->min)
        return false;
    *place = number;
    return true;
}

static bool set_ports(struct port_range *place, struct text value)
{
    uint64_t first = 0;
    uint64_t last = 0;
    struct text rest = value;
    struct text low = text_take_until(&rest, '-');
    bool is_range = text_to_number(low, UINT16_MAX, &first) &&
                    text_to_number(rest, UINT16_MAX, &last) && first && first <= last;
    if (value.len && !is_range)
        return false;
    *place = (struct port_range){(uint16_t)first, (uint16_t)last};
    return true;
}

static bool set_text(char *place, const struct setting *setting, struct text value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.at[i] < ' ' || value.at[i] == 0x7F)
            return false;
    if (value.len >= SETTINGS_TEXT_SIZE ||
        (value.len && setting->is_right && !setting->is_right(value)))
        return false;
    struct builder b = builder_on(place, SETTINGS_TEXT_SIZE);
    builder_put(&b, value);
    builder_end(&b);
    return true;
}

static bool set_value(struct settings *settings, const struct setting *setting, struct text value)
{
    void *place = (char *)settings + setting->offset;
    switch (setting->kind) {
    case SETTING_FLAG:
        return set_flag(place, value);
    case SETTING_NUMBER:
    case SETTING_SIZE:
        return set_number(place, setting, value);
    case SETTING_CHOICE:
        return find_word(setting->words, value, place);
    case SETTING_LETTER:
        return set_letter(place, setting->words, value);
    case SETTING_PORTS:
        return set_ports(place, value);
    case SETTING_TEXT:
        return set_text(place, setting, value);
    }
    return false;
}

void settings_init(struct settings *settings)
{
    *settings = (struct settings){.tls = SETTINGS_TLS_AUTO};
    for (const struct setting *s = settings_rows; s->name; s++)
        (void)set_value(settings, s, text_of(s->value)); /* a test holds every default right */
}

enum safe_name_rule settings_name_rule(const struct settings *settings)
{
    static const enum safe_name_rule rules[] = {
        [SETTINGS_AUTO] = SAFE_NAME_NO_DEVICE,
        [SETTINGS_ON] = SAFE_NAME_PORTABLE,
        [SETTINGS_OFF] = SAFE_NAME_LINUX,
    };
    return rules[settings->portable_names];
}

/* A name or value as it may be shown, or what there is room for. */
static void put_quoted(struct builder *b, struct text text)
{
    enum { SHOWN_MAX = 64 };
    char bytes[SETTINGS_TEXT_SIZE];
    struct builder shown = builder_on(bytes, sizeof(bytes));
    secret_put_url(&shown, text); /* a word that was meant for another place may have a password */
    text = builder_text(&shown);
    bool is_cut = text.len > SHOWN_MAX;
    text.len = text_cut_utf8(text, SHOWN_MAX);
    builder_put_byte(b, '"');
    safe_text_put(b, text);
    builder_put(b, is_cut ? TEXT("...\"") : TEXT("\""));
}

bool settings_set(struct settings *settings, struct text name, struct text value,
                  char message[SETTINGS_MESSAGE_SIZE])
{
    const struct setting *setting = settings_find(name);
    if (setting && set_value(settings, setting, value))
        return true;
    struct builder b = builder_on(message, SETTINGS_MESSAGE_SIZE);
    if (!setting) {
        builder_put(&b, TEXT("no such setting: "));
        put_quoted(&b, name);
    } else {
        builder_put_string(&b, setting->name);
        builder_put(&b, TEXT(": "));
        if (!setting->is_right) { /* what is refused for its form may hold a password */
            put_quoted(&b, value);
            builder_put(&b, TEXT(" is not right; "));
        }
        builder_put(&b, TEXT("it takes "));
        settings_put_takes(setting, &b);
    }
    builder_end(&b);
    return false;
}

/* ---- Values as text --------------------------------------------------------------- */

static struct text word_at(const char *words, unsigned index)
{
    struct text rest = text_of(words);
    struct text word = text_take_until(&rest, '|');
    while (index-- && rest.len)
        word = text_take_until(&rest, '|');
    return word;
}

static void put_ports(struct builder *b, const struct port_range *ports)
{
    if (!ports->first)
        return;
    builder_put_number(b, ports->first);
    builder_put_byte(b, '-');
    builder_put_number(b, ports->last);
}

bool settings_put(const struct settings *settings, struct text name, struct builder *b)
{
    const struct setting *setting = settings_find(name);
    if (!setting)
        return false;
    const void *place = (const char *)settings + setting->offset;
    switch (setting->kind) {
    case SETTING_FLAG:
        builder_put(b, *(const bool *)place ? TEXT("on") : TEXT("off"));
        break;
    case SETTING_NUMBER:
    case SETTING_SIZE:
        builder_put_number(b, *(const uint64_t *)place);
        break;
    case SETTING_CHOICE:
        builder_put(b, word_at(setting->words, *(const unsigned *)place));
        break;
    case SETTING_LETTER:
        builder_put_byte(b, *(const char *)place);
        break;
    case SETTING_PORTS:
        put_ports(b, place);
        break;
    case SETTING_TEXT:
        builder_put_string(b, place);
        break;
    }
    return true;
}

/* "auto, require or off" */
static void put_words(struct builder *b, const char *words)
{
    struct text rest = text_of(words);
    builder_put(b, text_take_until(&rest, '|'));
    while (rest.len) {
        struct text word = text_take_until(&rest, '|');
        builder_put(b, rest.len ? TEXT(", ") : TEXT(" or "));
        builder_put(b, word);
    }
}

static void put_number_takes(struct builder *b, const struct setting *setting)
{
    bool is_size = setting->kind == SETTING_SIZE;
    builder_put_number(b, setting->min);
    builder_put(b, is_size ? TEXT(" or more ") : TEXT(" to "));
    if (!is_size) {
        builder_put_number(b, setting->max);
        builder_put_byte(b, ' ');
    }
    builder_put_string(b, setting->words);
    if (is_size)
        builder_put(b, TEXT(", also with k, M or G"));
}

void settings_put_takes(const struct setting *setting, struct builder *b)
{
    switch (setting->kind) {
    case SETTING_FLAG:
        builder_put(b, TEXT("on or off"));
        break;
    case SETTING_NUMBER:
    case SETTING_SIZE:
        put_number_takes(b, setting);
        break;
    case SETTING_CHOICE:
    case SETTING_LETTER:
        put_words(b, setting->words);
        break;
    case SETTING_PORTS:
        builder_put(b, TEXT("two ports with - between them, or nothing"));
        break;
    case SETTING_TEXT:
        builder_put_string(b, setting->words);
        break;
    }
}

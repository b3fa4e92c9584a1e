/* SPDX-License-Identifier: Apache-2.0 */
/* How transfers go, and how much is said about it: each is a setting (settings.h). */
#include "client/safe_name.h"
#include "client/shell.h"

/* ---- Letters: type, form, struct, mode --------------------------------------------------- */

struct letter_word {
    const char *row; /* borrowed: static, as all below; the command */
    const char *setting;
    const char *word;
    const char *letter;
};

/* RFC 959 3.1.1, 3.1.2 and 3.4; the words are ftp(1)'s. */
static const struct letter_word letter_words[] = {
    {"form", "form", "non-print", "N"},     {"form", "form", "telnet", "T"},
    {"form", "form", "carriage", "C"},      {"struct", "structure", "file", "F"},
    {"struct", "structure", "record", "R"}, {"struct", "structure", "page", "P"},
    {"mode", "mode", "stream", "S"},        {"mode", "mode", "block", "B"},
    {"mode", "mode", "compressed", "C"},    {"mode", "mode", "deflate", "Z"},
    {"type", "type", "ascii", "A"},         {"type", "type", "text", "A"},
    {"type", "type", "binary", "I"},        {"type", "type", "image", "I"},
    {"type", "type", "ebcdic", "E"},        {"type", "type", "tenex", "L"},
    {"mode", "mode", "zlib", "Z"},          {"type", "type", "local", "L"},
};

enum { LETTER_WORDS = sizeof(letter_words) / sizeof(letter_words[0]) };

/* By the word, a beginning of it, or the letter that the server is told. */
static const struct letter_word *find_letter(const char *row, struct text word)
{
    for (size_t i = 0; i < LETTER_WORDS; i++) {
        const struct letter_word *one = &letter_words[i];
        struct text beginning = {one->word, word.len};
        bool fits = word.len && word.len <= strlen(one->word) &&
                    text_equal_any_case(word, beginning);
        if (strcmp(one->row, row) == 0 && (fits || text_equal_any_case(word, text_of(one->letter))))
            return one;
    }
    return NULL;
}

/* RFC 959 3.1.1.4: a local byte has any size; TENEX's had 8 bits. */
static bool is_local(const struct shell *shell)
{
    return shell->settings->type == 'L' && shell->settings->byte_size != 8;
}

static void show_letter(struct shell *shell, const char *row)
{
    char letter[8];
    for (size_t i = 0; i < LETTER_WORDS; i++) {
        const struct letter_word *one = &letter_words[i];
        struct builder b = builder_on(letter, sizeof(letter));
        if (strcmp(one->row, row) != 0)
            continue;
        (void)settings_put(shell->settings, text_of(one->setting), &b);
        if (text_equal(builder_text(&b), text_of(one->letter))) {
            shell_tell(shell, "%s: %s", row, one->word);
            return;
        }
    }
}

/* False: it is none, and has been complained of. */
static bool choose_byte_size(struct shell *shell, const struct shell_call *call)
{
    const char *bits = call->count > 1 ? call->words[1].text.at : "8";
    uint64_t failed = shell->run->failed;
    if (call->count > 1 || shell->settings->byte_size != 8)
        shell_set(shell, call, "byte_size", bits);
    return shell->run->failed == failed;
}

static void choose(struct shell *shell, const struct shell_call *call, const char *row,
                   struct text word)
{
    const struct letter_word *one = find_letter(row, word);
    bool has_size = one && one->letter[0] == 'L';
    if (!one || (call->count > 1 && !has_size))
        shell_complain_of_use(shell, call);
    else if (!has_size || choose_byte_size(shell, call))
        shell_set(shell, call, one->setting, one->letter);
}

/* `ascii` and its kin are the words of `type` themselves. */
void shell_act_letter(struct shell *shell, const struct shell_call *call)
{
    const char *name = call->row->name;
    bool is_type = call->row->words_max == 0;
    if (is_type)
        choose(shell, call, "type", text_of(name));
    else if (call->count)
        choose(shell, call, name, call->words[0].text);
    else
        show_letter(shell, name);
}

void shell_act_type(struct shell *shell, const struct shell_call *call)
{
    if (call->count)
        choose(shell, call, "type", call->words[0].text);
    else if (is_local(shell))
        shell_tell(shell, "type: local %u", (unsigned)shell->settings->byte_size);
    else
        show_letter(shell, "type");
}

/* ---- Toggles ------------------------------------------------------------------------------- */

/* Of the setting that the command is called by, or nearly so. */
void shell_act_toggle(struct shell *shell, const struct shell_call *call)
{
    const char *name = strcmp(call->row->name, "prompt") == 0 ? "interactive" : call->row->name;
    char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    (void)settings_put(shell->settings, text_of(name), &b);
    bool is_off = text_equal(builder_text(&b), TEXT("off"));
    shell_set(shell, call, name, call->count ? call->words[0].text.at : is_off ? "on" : "off");
}

void shell_act_hash(struct shell *shell, const struct shell_call *call)
{
    struct text word = call->count ? call->words[0].text : TEXT("");
    bool is_size = word.len && text_is_digit(word.at[0]);
    if (is_size) {
        uint64_t failed = shell->run->failed;
        shell_set(shell, call, "hash_bytes", word.at);
        if (shell->run->failed != failed)
            return;
    }
    const char *toggled = shell->settings->hash && !is_size ? "off" : "on";
    shell_set(shell, call, "hash", word.len && !is_size ? word.at : toggled);
}

/* "on", "off", or neither: then the other one of what it is. */
static bool wants(const struct shell_call *call, bool is_on)
{
    if (!call->count)
        return !is_on;
    return text_equal_any_case(call->words[0].text, TEXT("on"));
}

static bool is_switch(struct shell *shell, const struct shell_call *call)
{
    bool is = !call->count || text_equal_any_case(call->words[0].text, TEXT("on")) ||
              text_equal_any_case(call->words[0].text, TEXT("off"));
    if (!is)
        shell_complain_of_use(shell, call);
    return is;
}

static enum settings_data_connection way_of(const struct shell_ways *ways)
{
    if (ways->passive == SHELL_PASSIVE_OFF && ways->without_sendport)
        return SETTINGS_DATA_DEFAULT;
    if (ways->passive == SHELL_PASSIVE_OFF)
        return ways->without_epsv ? SETTINGS_DATA_PORT : SETTINGS_DATA_ACTIVE;
    if (ways->without_epsv)
        return SETTINGS_DATA_PASV;
    return ways->passive == SHELL_PASSIVE_ON ? SETTINGS_DATA_PASSIVE : SETTINGS_DATA_AUTO;
}

/* As they are; where somebody has set data_connection itself, as that says. */
static struct shell_ways *ways_of(struct shell *shell)
{
    static const struct shell_ways meant[] = {
        [SETTINGS_DATA_AUTO] = {SHELL_PASSIVE_AUTO, false, false},
        [SETTINGS_DATA_PASSIVE] = {SHELL_PASSIVE_ON, false, false},
        [SETTINGS_DATA_PASV] = {SHELL_PASSIVE_ON, true, false},
        [SETTINGS_DATA_ACTIVE] = {SHELL_PASSIVE_OFF, false, false},
        [SETTINGS_DATA_PORT] = {SHELL_PASSIVE_OFF, true, false},
        [SETTINGS_DATA_DEFAULT] = {SHELL_PASSIVE_OFF, false, true},
    };
    if (way_of(&shell->ways) != shell->settings->data_connection)
        shell->ways = meant[shell->settings->data_connection];
    return &shell->ways;
}

/* Told with what comes of it: sendport, for one, is of no consequence while we are passive. */
static void take_ways(struct shell *shell, const struct shell_call *call, const char *word)
{
    static const char *const names[] = {
        [SETTINGS_DATA_AUTO] = "auto", [SETTINGS_DATA_PASSIVE] = "passive",
        [SETTINGS_DATA_PASV] = "pasv", [SETTINGS_DATA_ACTIVE] = "active",
        [SETTINGS_DATA_PORT] = "port", [SETTINGS_DATA_DEFAULT] = "default",
    };
    shell_say(shell, "%s: %s", call->row->name, word);
    shell_set(shell, call, "data_connection", names[way_of(&shell->ways)]);
}

void shell_act_passive(struct shell *shell, const struct shell_call *call)
{
    struct shell_ways *ways = ways_of(shell);
    if (call->count && text_equal_any_case(call->words[0].text, TEXT("auto"))) {
        *ways = (struct shell_ways){.passive = SHELL_PASSIVE_AUTO};
        take_ways(shell, call, "auto");
    } else if (is_switch(shell, call)) {
        bool is_on = wants(call, ways->passive != SHELL_PASSIVE_OFF);
        ways->passive = is_on ? SHELL_PASSIVE_ON : SHELL_PASSIVE_OFF;
        take_ways(shell, call, is_on ? "on" : "off");
    }
}

static void change_way(struct shell *shell, const struct shell_call *call, bool *is_without)
{
    if (!is_switch(shell, call))
        return;
    *is_without = !wants(call, !*is_without);
    take_ways(shell, call, *is_without ? "off" : "on");
}

void shell_act_epsv(struct shell *shell, const struct shell_call *call)
{
    change_way(shell, call, &ways_of(shell)->without_epsv);
}

void shell_act_sendport(struct shell *shell, const struct shell_call *call)
{
    change_way(shell, call, &ways_of(shell)->without_sendport);
}

/* ---- How much is said ------------------------------------------------------------------------ */

/* ftp(1)'s on and off, or a level as the setting has them. */
void shell_act_verbose(struct shell *shell, const struct shell_call *call)
{
    if (call->count && text_is_digit(call->words[0].text.at[0]))
        shell_set(shell, call, "verbose", call->words[0].text.at);
    else if (is_switch(shell, call))
        shell_set(shell, call, "verbose", wants(call, shell->settings->verbose >= 2) ? "2" : "1");
}

void shell_act_debug(struct shell *shell, const struct shell_call *call)
{
    const char *toggled = shell->settings->verbose >= 3 ? "1" : "3";
    shell_set(shell, call, "verbose", call->count ? call->words[0].text.at : toggled);
}

/* ---- set ------------------------------------------------------------------------------ */

static void show_setting(struct shell *shell, const struct setting *setting, bool is_only)
{
    char bytes[SETTINGS_TEXT_SIZE];
    char takes[SETTINGS_MESSAGE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder t = builder_on(takes, sizeof(takes));
    (void)settings_put(shell->settings, text_of(setting->name), &b);
    shell_tell(shell, "%-24s %.*s", setting->name, TEXT_ARGS(builder_text(&b)));
    if (!is_only)
        return;
    settings_put_takes(setting, &t);
    shell_tell(shell, "  %s; takes %.*s", setting->help, TEXT_ARGS(builder_text(&t)));
}

void shell_act_set(struct shell *shell, const struct shell_call *call)
{
    const struct setting *setting = call->count ? settings_find(call->words[0].text) : NULL;
    if (call->count && !setting) {
        shell_complain(shell, call, "no such setting; set lists them");
        return;
    }
    if (call->count == 2) {
        shell_set(shell, call, setting->name, call->words[1].text.at);
        return;
    }
    for (const struct setting *s = settings_rows; !setting && s->name; s++)
        show_setting(shell, s, false);
    if (setting)
        show_setting(shell, setting, true);
}

/* ---- Names on the other side ---------------------------------------------------------- */

static struct text word_or_nothing(const struct shell_call *call, size_t index)
{
    return index < call->count ? call->words[index].text : TEXT("");
}

void shell_act_ntrans(struct shell *shell, const struct shell_call *call)
{
    if (!name_map_set_letters(&shell->names, word_or_nothing(call, 0), word_or_nothing(call, 1)))
        shell_complain(shell, call, "too long");
}

void shell_act_nmap(struct shell *shell, const struct shell_call *call)
{
    const char *why = call->count == 1
                          ? "takes two patterns, or none"
                          : name_map_set_patterns(&shell->names, word_or_nothing(call, 0),
                                                  word_or_nothing(call, 1));
    if (why)
        shell_complain(shell, call, why);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/replies.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "protocol/reply.h"

struct reply_row {
    unsigned code;
    const char *english; /* borrowed: static text */
};

static const struct reply_row rows[REPLY_ID_COUNT] = {[REPLY_NONE] = {451, "Internal error."},
#define REPLY_ROW(name, code, english) [REPLY_##name] = {code, english},
                                                      REPLY_LIST(REPLY_ROW)
#undef REPLY_ROW
};

static const char *const language_tags[LANGUAGE_COUNT] = {
    [LANGUAGE_ENGLISH] = "EN",
    [LANGUAGE_SPANISH] = "ES",
};

/* Is there a catalogue for anything but English? Set once, before any thread. */
static bool has_catalogue;

/* "po" in the program's own directory, if there is one; else where `make install` puts them. */
static const char *catalogue_directory(char *path, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", path, size);
    struct builder b = builder_on(path, size);
    b.len = len > 0 ? text_find_last((struct text){path, (size_t)len}, '/') : 0;
    builder_put_string(&b, "/po");
    builder_end(&b);
    return len > 0 && access(path, F_OK) == 0 ? path : FERRY_LOCALEDIR;
}

/*
 * gettext chooses the language of a whole process. Ferry has one catalogue
 * besides English, so the process is set to that one and English is simply the
 * text itself. LANGUAGE is looked at only in a locale that is not "C".
 */
void replies_load(void)
{
    char path[4096];
    const char *directory = catalogue_directory(path, sizeof(path));
    if (!setlocale(LC_MESSAGES, "C.UTF-8") || setenv("LANGUAGE", "es", 1))
        return;
    if (!bindtextdomain("ferry", directory) || !bind_textdomain_codeset("ferry", "UTF-8"))
        return;
    /* The empty id is the catalogue's head. Asking for it reads the file now, not on a loop. */
    has_catalogue = dgettext("ferry", "")[0] != '\0';
}

bool language_is_there(enum language language)
{
    return language == LANGUAGE_ENGLISH || has_catalogue;
}

const char *translated(enum language language, const char *english)
{
    if (language == LANGUAGE_ENGLISH || !has_catalogue || !english[0])
        return english;
    return dgettext("ferry", english);
}

bool language_parse(struct text tag, enum language *ret_language)
{
    /* RFC 2640 4.1: a tag may name a region; the language alone is matched. */
    struct text rest = tag;
    struct text primary = text_take_until(&rest, '-');
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
        if (text_equal_any_case(primary, text_of(language_tags[i]))) {
            *ret_language = (enum language)i;
            return true;
        }
    }
    return false;
}

const char *language_tag(enum language language)
{
    return language_tags[language];
}

unsigned reply_code(enum reply_id id)
{
    return rows[id].code;
}

void reply_put_translated(struct builder *b, enum language language, enum reply_id id,
                          const struct text *arguments)
{
    struct text text = text_of(translated(language, rows[id].english));
    while (text.len) {
        size_t brace = text_find(text, '{');
        builder_put(b, (struct text){text.at, brace});
        text = text_after(text, brace);
        if (text.len >= 3 && text.at[2] == '}' && (text.at[1] == '1' || text.at[1] == '2')) {
            reply_put_text(b, arguments[text.at[1] - '1']);
            text = text_after(text, 3);
        } else if (text.len) {
            builder_put_byte(b, '{');
            text = text_after(text, 1);
        }
    }
}

void reply_put(struct builder *b, enum language language, enum reply_id id,
               const struct text *arguments)
{
    builder_put_number_padded(b, rows[id].code, 3);
    builder_put_byte(b, ' ');
    reply_put_translated(b, language, id, arguments);
    builder_put(b, TEXT("\r\n"));
}

/*
 * RFC 959 5.4 gives each group of verbs its own codes for the same trouble,
 * and others again once the transfer has begun.
 */
static const enum reply_id fault_replies[FAULT_COUNT][REPLY_COLUMN_COUNT] = {
    /* fault, then: FILE, STORE, LIST, TREE, MOVING */
    [FAULT_NONE] = {REPLY_OK, REPLY_OK, REPLY_OK, REPLY_OK, REPLY_TRANSFER_COMPLETE},
    [FAULT_NOT_FOUND] = {REPLY_NOT_FOUND, REPLY_STORE_NOT_FOUND, REPLY_LIST_NOT_FOUND,
                         REPLY_NOT_FOUND, REPLY_LOCAL_ERROR},
    [FAULT_EXISTS] = {REPLY_EXISTS, REPLY_STORE_EXISTS, REPLY_LIST_NOT_FOUND, REPLY_EXISTS,
                      REPLY_NAME_TAKEN},
    [FAULT_NOT_DIRECTORY] = {REPLY_NOT_DIRECTORY, REPLY_STORE_NOT_FOUND, REPLY_LIST_NOT_FOUND,
                             REPLY_NOT_DIRECTORY, REPLY_LOCAL_ERROR},
    [FAULT_IS_DIRECTORY] = {REPLY_IS_DIRECTORY, REPLY_STORE_NOT_FILE, REPLY_LIST_DENIED,
                            REPLY_IS_DIRECTORY, REPLY_LOCAL_ERROR},
    [FAULT_NOT_PLAIN_FILE] = {REPLY_NOT_PLAIN_FILE, REPLY_STORE_NOT_FILE, REPLY_LIST_DENIED,
                              REPLY_NOT_PLAIN_FILE, REPLY_LOCAL_ERROR},
    [FAULT_NOT_EMPTY] = {REPLY_NOT_EMPTY, REPLY_STORE_EXISTS, REPLY_LIST_DENIED, REPLY_NOT_EMPTY,
                         REPLY_LOCAL_ERROR},
    [FAULT_DENIED] = {REPLY_DENIED, REPLY_STORE_DENIED, REPLY_LIST_DENIED, REPLY_DENIED,
                      REPLY_LOCAL_ERROR},
    [FAULT_NAME_INVALID] = {REPLY_NAME_INVALID, REPLY_STORE_REFUSED, REPLY_LIST_NOT_FOUND,
                            REPLY_NAME_INVALID, REPLY_LOCAL_ERROR},
    [FAULT_LINK_LOOP] = {REPLY_LINK_LOOP, REPLY_STORE_REFUSED, REPLY_LIST_NOT_FOUND,
                         REPLY_LINK_LOOP, REPLY_LOCAL_ERROR},
    [FAULT_CROSS_DEVICE] = {REPLY_CROSS_DEVICE, REPLY_STORE_REFUSED, REPLY_LIST_DENIED,
                            REPLY_CROSS_DEVICE, REPLY_LOCAL_ERROR},
    [FAULT_UNSUPPORTED] = {REPLY_UNSUPPORTED, REPLY_STORE_REFUSED, REPLY_LIST_DENIED,
                           REPLY_UNSUPPORTED, REPLY_LOCAL_ERROR},
    [FAULT_ARGUMENT] = {REPLY_ARGUMENT, REPLY_ARGUMENT, REPLY_ARGUMENT, REPLY_ARGUMENT,
                        REPLY_LOCAL_ERROR},
    [FAULT_OUT_OF_RANGE] = {REPLY_RESTART_INVALID, REPLY_RESTART_INVALID, REPLY_RESTART_INVALID,
                            REPLY_RESTART_INVALID, REPLY_LOCAL_ERROR},
    [FAULT_NO_SPACE] = {REPLY_NO_SPACE, REPLY_NO_SPACE, REPLY_BUSY, REPLY_TREE_NO_SPACE,
                        REPLY_NO_SPACE_MIDWAY},
    [FAULT_TOO_LARGE] = {REPLY_TOO_LARGE, REPLY_TOO_LARGE, REPLY_BUSY, REPLY_TREE_NO_SPACE,
                         REPLY_TOO_LARGE},
    [FAULT_IO] = {REPLY_NO_CHANGE, REPLY_NO_CHANGE, REPLY_NO_CHANGE, REPLY_TREE_ERROR,
                  REPLY_LOCAL_ERROR},
    [FAULT_NO_MEMORY] = {REPLY_BUSY, REPLY_BUSY, REPLY_BUSY, REPLY_TREE_ERROR, REPLY_LOCAL_ERROR},
    [FAULT_BUSY] = {REPLY_BUSY, REPLY_BUSY, REPLY_BUSY, REPLY_TREE_ERROR, REPLY_LOCAL_ERROR},
    [FAULT_NO_DATA_CONNECTION] = {REPLY_NO_DATA_CONNECTION, REPLY_NO_DATA_CONNECTION,
                                  REPLY_NO_DATA_CONNECTION, REPLY_NO_DATA_CONNECTION,
                                  REPLY_NO_DATA_CONNECTION},
    [FAULT_CONNECTION_LOST] = {REPLY_CONNECTION_LOST, REPLY_CONNECTION_LOST, REPLY_CONNECTION_LOST,
                               REPLY_CONNECTION_LOST, REPLY_CONNECTION_LOST},
    [FAULT_TIMED_OUT] = {REPLY_TIMED_OUT, REPLY_TIMED_OUT, REPLY_TIMED_OUT, REPLY_TIMED_OUT,
                         REPLY_TIMED_OUT},
    [FAULT_CANCELLED] = {REPLY_ACTION_ABORTED, REPLY_ACTION_ABORTED, REPLY_ACTION_ABORTED,
                         REPLY_ACTION_ABORTED, REPLY_CANCELLED},
    [FAULT_LOGIN_REFUSED] = {REPLY_LOGIN_REFUSED, REPLY_LOGIN_REFUSED, REPLY_LOGIN_REFUSED,
                             REPLY_LOGIN_REFUSED, REPLY_LOGIN_REFUSED},
    [FAULT_ACCOUNT_NEEDED] = {REPLY_NEED_ACCOUNT, REPLY_NEED_ACCOUNT, REPLY_NEED_ACCOUNT,
                              REPLY_NEED_ACCOUNT, REPLY_NEED_ACCOUNT},
    [FAULT_TOO_MANY] = {REPLY_TOO_MANY_TRANSFERS, REPLY_TOO_MANY_TRANSFERS,
                        REPLY_TOO_MANY_TRANSFERS, REPLY_TOO_MANY_TRANSFERS,
                        REPLY_TOO_MANY_TRANSFERS},
    [FAULT_TLS_FAILED] = {REPLY_TLS_FAILED, REPLY_TLS_FAILED, REPLY_TLS_FAILED, REPLY_TLS_FAILED,
                          REPLY_TLS_FAILED},
    [FAULT_TLS_NOT_RESUMED] = {REPLY_TLS_NOT_RESUMED, REPLY_TLS_NOT_RESUMED, REPLY_TLS_NOT_RESUMED,
                               REPLY_TLS_NOT_RESUMED, REPLY_TLS_NOT_RESUMED},
    [FAULT_LISTING_TOO_LARGE] = {REPLY_LISTING_TOO_LARGE, REPLY_LISTING_TOO_LARGE,
                                 REPLY_LISTING_TOO_LARGE, REPLY_LISTING_TOO_LARGE,
                                 REPLY_LISTING_TOO_LARGE},
    [FAULT_MALFORMED] = {REPLY_FILE_MALFORMED, REPLY_NO_CHANGE, REPLY_NO_CHANGE, REPLY_TREE_ERROR,
                         REPLY_DATA_MALFORMED},
    [FAULT_PAGE_TYPE] = {REPLY_FILE_MALFORMED, REPLY_NO_CHANGE, REPLY_NO_CHANGE, REPLY_TREE_ERROR,
                         REPLY_PAGE_TYPE},
    [FAULT_BUG] = {REPLY_NO_CHANGE, REPLY_NO_CHANGE, REPLY_NO_CHANGE, REPLY_TREE_ERROR,
                   REPLY_LOCAL_ERROR},
};

enum reply_id reply_of_fault(enum fault fault, enum reply_column column)
{
    if ((unsigned)fault >= FAULT_COUNT)
        fault = FAULT_BUG;
    return fault_replies[fault][column];
}

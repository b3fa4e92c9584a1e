/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/verb_actions.h"

#define IF_NEW "if there is no such file"
#define IF_THERE "if there is one"

const struct verb_action verb_actions[] = {
    {"ALLO", ACTION_WRITE, ""},
    {"APPE", ACTION_APPEND, IF_THERE},
    {"APPE", ACTION_WRITE, IF_NEW},
    {"AVBL", ACTION_LIST, ""},
    {"CDUP", ACTION_LIST, ""},
    {"COMB", ACTION_WRITE, IF_NEW},
    {"COMB", ACTION_APPEND, IF_THERE},
    {"CWD", ACTION_LIST, ""},
    {"DELE", ACTION_DELETE, ""},
    {"HASH", ACTION_HASH, ""},
    {"LIST", ACTION_LIST, ""},
    {"MDTM", ACTION_LIST, ""},
    {"MFCT", ACTION_ATTRIBUTES, ""},
    {"MFF", ACTION_ATTRIBUTES, ""},
    {"MFMT", ACTION_ATTRIBUTES, ""},
    {"MKD", ACTION_MAKE_DIRECTORY, ""},
    {"MLSD", ACTION_LIST, ""},
    {"MLST", ACTION_LIST, ""},
    {"NLST", ACTION_LIST, ""},
    {"RETR", ACTION_READ, ""},
    {"RMD", ACTION_REMOVE_DIRECTORY, ""},
    {"RMDA", ACTION_REMOVE_DIRECTORY, "of each directory"},
    {"RMDA", ACTION_DELETE, "of each file in it"},
    {"RNFR", ACTION_RENAME, ""},
    {"RNTO", ACTION_RENAME, "of the old name"},
    {"RNTO", ACTION_WRITE, IF_NEW},
    {"RNTO", ACTION_OVERWRITE, IF_THERE},
    {"SITE", ACTION_SITE, ""},
    {"SITE CHMOD", ACTION_ATTRIBUTES, ""},
    {"SITE COPY", ACTION_WRITE, IF_NEW},
    {"SITE COPY", ACTION_OVERWRITE, IF_THERE},
    {"SITE CPFR", ACTION_READ, ""},
    {"SITE CPTO", ACTION_WRITE, IF_NEW},
    {"SITE CPTO", ACTION_OVERWRITE, IF_THERE},
    {"SITE PSWD", ACTION_SITE, ""},
    {"SITE SYMLINK", ACTION_LINK, ""},
    {"SITE UTIME", ACTION_ATTRIBUTES, ""},
    {"SIZE", ACTION_LIST, ""},
    {"SMNT", ACTION_LIST, ""},
    {"STAT", ACTION_LIST, ""},
    {"STOR", ACTION_WRITE, IF_NEW},
    {"STOR", ACTION_OVERWRITE, IF_THERE},
    {"STOU", ACTION_WRITE, ""},
    {"XCRC", ACTION_HASH, ""},
    {"XCUP", ACTION_LIST, ""},
    {"XCWD", ACTION_LIST, ""},
    {"XMD5", ACTION_HASH, ""},
    {"XMKD", ACTION_MAKE_DIRECTORY, ""},
    {"XRMD", ACTION_REMOVE_DIRECTORY, ""},
    {"XSHA1", ACTION_HASH, ""},
    {"XSHA256", ACTION_HASH, ""},
    {"XSHA512", ACTION_HASH, ""},
};

const size_t verb_action_count = sizeof(verb_actions) / sizeof(verb_actions[0]);

size_t verb_actions_find(struct text word, struct verb_action rows[VERB_ACTIONS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < verb_action_count && count < VERB_ACTIONS_MAX; i++)
        if (text_equal_any_case(word, text_of(verb_actions[i].verb)))
            rows[count++] = verb_actions[i];
    for (unsigned action = ACTION_LIST; !count && action < ACTION_COUNT; action++)
        if (text_equal(word, text_of(action_word((enum action)action))))
            rows[count++] = (struct verb_action){"", (enum action)action, ""};
    return count;
}

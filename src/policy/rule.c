/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"

#include "base/pattern.h"
_Static_assert(ACTION_COUNT <= sizeof(unsigned) * 8, "a set of actions is an unsigned");

/* No default: a new action does not compile until it is decided here. */
static unsigned traits_of(enum action action)
{
    unsigned changes = action_changes(action) ? RULE_CHANGES : 0;
    switch (action) {
    case ACTION_NONE:
    case ACTION_LOGIN:
        return 0;
    case ACTION_LIST:
        return RULE_HAS_WORD | RULE_READS;
    case ACTION_READ:
    case ACTION_HASH:
        return RULE_HAS_WORD | RULE_READS | RULE_USES_FILE;
    case ACTION_WRITE:
    case ACTION_OVERWRITE:
    case ACTION_APPEND:
    case ACTION_RENAME:
    case ACTION_DELETE:
    case ACTION_ATTRIBUTES:
    case ACTION_LINK:
        return changes | RULE_HAS_WORD | RULE_USES_FILE;
    case ACTION_MAKE_DIRECTORY:
    case ACTION_REMOVE_DIRECTORY:
        return changes | RULE_HAS_WORD;
    case ACTION_SITE:
        return RULE_HAS_WORD;
    case ACTION_LOGOUT: /* only recorded */
    case ACTION_BAN:
    case ACTION_ADMIN:
    case ACTION_COUNT:
        break;
    }
    return 0;
}

unsigned rule_actions(unsigned traits)
{
    unsigned actions = 0;
    for (unsigned action = 0; action < ACTION_COUNT; action++)
        if (traits_of((enum action)action) & traits)
            actions |= 1U << action;
    return actions;
}

static unsigned actions_of_word(struct text word)
{
    static const struct {
        struct text word;
        unsigned traits;
    } groups[] = {{TEXT("all"), RULE_HAS_WORD},
                  {TEXT("read-all"), RULE_READS},
                  {TEXT("change"), RULE_CHANGES}};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (text_equal(word, groups[i].word))
            return rule_actions(groups[i].traits);
    for (unsigned action = 0; action < ACTION_COUNT; action++)
        if (text_equal(word, text_of(action_word((enum action)action))))
            return 1U << action & rule_actions(RULE_HAS_WORD);
    return 0;
}

/* False, for who returns it. */
static bool complain(struct text what, const char *why, struct complaint *ret_complaint)
{
    *ret_complaint = (struct complaint){what, why};
    return false;
}

static bool parse_actions(struct text words, unsigned *ret_actions, struct complaint *ret_complaint)
{
    unsigned actions = 0;
    bool more;
    do {
        more = text_find(words, ',') < words.len;
        struct text word = text_take_until(&words, ',');
        unsigned set = actions_of_word(word);
        if (!set)
            return complain(word, "is no action", ret_complaint);
        actions |= set;
    } while (more);
    *ret_actions = actions;
    return true;
}

bool rule_pattern_is_path(struct text pattern)
{
    return pattern.len && pattern.at[0] == '/';
}

bool rule_pattern_is_everything(struct text pattern)
{
    return text_equal(pattern, TEXT("*")) || text_equal(pattern, TEXT("/**"));
}

/* Nothing in a pattern is left out by the way it was typed: what cannot fit is refused. */
static bool check_ends(struct text pattern, struct complaint *ret_complaint)
{
    if (!pattern.len)
        return complain(pattern, "is no pattern", ret_complaint);
    if (text_trim(pattern).len < pattern.len)
        return complain(pattern, "begins or ends with a space", ret_complaint);
    if (!pattern_is_whole(pattern))
        return complain(pattern, "has a [ or \\ without its end", ret_complaint);
    return true;
}

static bool check_path_pattern(struct text pattern, struct complaint *ret_complaint)
{
    struct text rest = text_after(pattern, 1);
    bool more = rest.len;
    while (more) {
        more = text_find(rest, '/') < rest.len;
        struct text part = text_take_until(&rest, '/');
        if (!part.len || text_equal(part, TEXT(".")) || text_equal(part, TEXT("..")))
            return complain(pattern, "has a part that no path has", ret_complaint);
        if (part.len > 2 && memmem(part.at, part.len, "**", 2))
            return complain(part, "has ** beside something else", ret_complaint);
    }
    return true;
}

bool rule_check_name_pattern(struct text pattern, struct complaint *ret_complaint)
{
    if (!check_ends(pattern, ret_complaint))
        return false;
    if (text_find(pattern, '/') < pattern.len)
        return complain(pattern, "has a slash, which no name has", ret_complaint);
    if (text_equal(pattern, TEXT(".")) || text_equal(pattern, TEXT("..")))
        return complain(pattern, "is no name of a file", ret_complaint);
    return true;
}

bool rule_parse(struct text text, struct rule *ret_rule, struct complaint *ret_complaint)
{
    struct rule rule = {.pattern = text};
    struct text word = text_take_word(&rule.pattern);
    rule.allows = text_equal(word, TEXT("allow"));
    if (!rule.allows && !text_equal(word, TEXT("deny")))
        return complain(word, "is neither allow nor deny", ret_complaint);
    if (!parse_actions(text_take_word(&rule.pattern), &rule.actions, ret_complaint))
        return false;
    if (!rule_pattern_is_path(rule.pattern)) {
        if (!rule_check_name_pattern(rule.pattern, ret_complaint))
            return false;
    } else if (!check_ends(rule.pattern, ret_complaint) ||
               !check_path_pattern(rule.pattern, ret_complaint)) {
        return false;
    }
    *ret_rule = rule;
    return true;
}

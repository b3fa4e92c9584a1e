/* SPDX-License-Identifier: Apache-2.0 */
/* policy/rule: what is taken has actions and a pattern that can fit. */
#include "policy/rule.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {(const char *)data, size};
    struct rule rule;
    struct complaint complaint = {{NULL, 0}, NULL};
    if (!rule_parse(text, &rule, &complaint)) {
        PROMISE(complaint.why && complaint.what.len <= size);
        return 0;
    }
    PROMISE(rule.actions && !(rule.actions & ~rule_actions(RULE_HAS_WORD)));
    PROMISE(rule.pattern.len && rule.pattern.at + rule.pattern.len == text.at + text.len);
    bool has_slash = text_find(rule.pattern, '/') < rule.pattern.len;
    PROMISE(has_slash == rule_pattern_is_path(rule.pattern));
    PROMISE(has_slash || rule_check_name_pattern(rule.pattern, &complaint));
    return 0;
}

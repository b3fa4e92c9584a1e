/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/unit/unit.h"

TEST(every_fault_has_a_name_and_a_text)
{
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        assert_true(strlen(fault_name((enum fault)i)) > 0);
        assert_true(strlen(fault_text((enum fault)i)) > 0);
    }
    assert_string_equal(fault_name((enum fault)4711), "BUG");
}

TEST(faults_of_the_way_are_those_of_connections)
{
    static const enum fault of_the_way[] = {FAULT_CONNECTION_LOST, FAULT_TIMED_OUT,
                                            FAULT_CANCELLED};
    unsigned count = 0;
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        count += fault_is_of_the_way((enum fault)i);
    for (size_t i = 0; i < COUNT(of_the_way); i++)
        assert_true(fault_is_of_the_way(of_the_way[i]));
    assert_int_equal(count, COUNT(of_the_way));
}

TEST(errno_values_become_what_a_user_can_be_told)
{
    static const struct {
        int error;
        enum fault fault;
    } cases[] = {
        {0, FAULT_BUG},
        {ENOENT, FAULT_NOT_FOUND},
        {EEXIST, FAULT_EXISTS},
        {ENOTDIR, FAULT_NOT_DIRECTORY},
        {EISDIR, FAULT_IS_DIRECTORY},
        {ENOTEMPTY, FAULT_NOT_EMPTY},
        {EACCES, FAULT_DENIED},
        {EROFS, FAULT_DENIED},
        {ENAMETOOLONG, FAULT_NAME_INVALID},
        {ELOOP, FAULT_LINK_LOOP},
        {EXDEV, FAULT_CROSS_DEVICE},
        {ENOSPC, FAULT_NO_SPACE},
        {EDQUOT, FAULT_TOO_LARGE},
        {ENOMEM, FAULT_NO_MEMORY},
        {EIO, FAULT_IO},
        {EMFILE, FAULT_BUSY},
        {12345, FAULT_IO},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_fault(fault_from_errno(cases[i].error), cases[i].fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(every_fault_has_a_name_and_a_text),
        RUN(faults_of_the_way_are_those_of_connections),
        RUN(errno_values_become_what_a_user_can_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/exit_status.h"

#include "tests/unit/unit.h"

/* Scripts rely on them: whoever changes one changes this, and knows it. */
TEST(numbers_and_names_stay)
{
    static const struct {
        int number;
        const char *name;
    } cases[] = {
        {0, "done"},   {1, "local"},   {2, "usage"},         {3, "connect"},
        {4, "login"},  {5, "refused"}, {6, "transfer"},      {7, "not-found"},
        {8, "verify"}, {9, "partial"}, {130, "interrupted"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum exit_status status = (enum exit_status)cases[i].number;
        assert_string_equal(exit_status_name(status), cases[i].name);
        assert_true(strlen(exit_status_meaning(status)) > 10);
    }
    assert_string_equal(exit_status_name((enum exit_status)10), "?");
    assert_string_equal(exit_status_meaning((enum exit_status) - 1), "?");
}

TEST(a_fault_and_a_reply_are_one_status)
{
    static const struct {
        enum fault fault;
        unsigned code;
        enum exit_status status;
    } cases[] = {
        {FAULT_NONE, 226, EXIT_STATUS_DONE},
        {FAULT_NO_SPACE, 0, EXIT_STATUS_LOCAL},
        {FAULT_NO_SPACE, 452, EXIT_STATUS_REFUSED},
        {FAULT_NOT_FOUND, 0, EXIT_STATUS_LOCAL},
        {FAULT_NOT_FOUND, 550, EXIT_STATUS_NOT_FOUND},
        {FAULT_NOT_FOUND, 226, EXIT_STATUS_LOCAL}, /* of this machine: the reply was fine */
        {FAULT_DENIED, 550, EXIT_STATUS_REFUSED},
        {FAULT_DENIED, 530, EXIT_STATUS_LOGIN},
        {FAULT_DENIED, 532, EXIT_STATUS_LOGIN},
        {FAULT_BUSY, 421, EXIT_STATUS_TRANSFER},
        {FAULT_BUSY, 450, EXIT_STATUS_REFUSED},
        {FAULT_LOGIN_REFUSED, 530, EXIT_STATUS_LOGIN},
        {FAULT_ACCOUNT_NEEDED, 332, EXIT_STATUS_LOGIN},
        {FAULT_CONNECTION_LOST, 0, EXIT_STATUS_TRANSFER},
        {FAULT_CONNECTION_LOST, 426, EXIT_STATUS_TRANSFER},
        {FAULT_TIMED_OUT, 0, EXIT_STATUS_TRANSFER},
        {FAULT_NO_DATA_CONNECTION, 425, EXIT_STATUS_TRANSFER},
        {FAULT_TLS_FAILED, 0, EXIT_STATUS_CONNECT},
        {FAULT_CANCELLED, 426, EXIT_STATUS_INTERRUPTED},
        {FAULT_NO_MEMORY, 0, EXIT_STATUS_LOCAL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum exit_status status = exit_status_of(cases[i].fault, cases[i].code);
        if (status != cases[i].status)
            fail_msg("FAULT_%s %u is %s", fault_name(cases[i].fault), cases[i].code,
                     exit_status_name(status));
    }
}

TEST(no_fault_but_none_is_done)
{
    for (unsigned f = FAULT_NONE + 1; f < FAULT_COUNT; f++)
        for (unsigned code = 0; code < 600; code += 50)
            assert_int_not_equal(exit_status_of((enum fault)f, code), EXIT_STATUS_DONE);
}

TEST(of_several_some_may_be_done)
{
    assert_int_equal(exit_status_of_many(3, 0, EXIT_STATUS_DONE), EXIT_STATUS_DONE);
    assert_int_equal(exit_status_of_many(0, 0, EXIT_STATUS_DONE), EXIT_STATUS_DONE);
    assert_int_equal(exit_status_of_many(3, 1, EXIT_STATUS_REFUSED), EXIT_STATUS_PARTIAL);
    assert_int_equal(exit_status_of_many(0, 2, EXIT_STATUS_REFUSED), EXIT_STATUS_REFUSED);
    assert_int_equal(exit_status_of_many(3, 1, EXIT_STATUS_INTERRUPTED), EXIT_STATUS_INTERRUPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(numbers_and_names_stay),
        RUN(a_fault_and_a_reply_are_one_status),
        RUN(no_fault_but_none_is_done),
        RUN(of_several_some_may_be_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

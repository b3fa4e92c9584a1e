/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/descriptor.h"
#include "codec/stage.h"
#include "tests/unit/unit.h"

TEST(a_descriptor_has_known_codes_and_a_marker_no_other)
{
    for (unsigned descriptor = 0; descriptor < 256; descriptor++) {
        bool is_known = !(descriptor & 15);
        bool is_marker = descriptor & DESCRIPTOR_RESTART;
        assert_int_equal(descriptor_is_valid(descriptor),
                         is_known && (!is_marker || descriptor == DESCRIPTOR_RESTART));
    }
    assert_false(descriptor_is_valid(256));
}

TEST(marks_and_descriptors_are_each_others)
{
    assert_int_equal(descriptor_from_marks(MARK_RECORD), 128);
    assert_int_equal(descriptor_from_marks(MARK_FILE), 64);
    assert_int_equal(descriptor_from_marks(MARK_SUSPECT), 32);
    assert_int_equal(descriptor_from_marks(MARK_RESTART), 16);
    for (unsigned marks = 0; marks < 16; marks++)
        assert_int_equal(descriptor_to_marks(descriptor_from_marks(marks)), marks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_descriptor_has_known_codes_and_a_marker_no_other),
        RUN(marks_and_descriptors_are_each_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

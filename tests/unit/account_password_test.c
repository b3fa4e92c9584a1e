/* SPDX-License-Identifier: Apache-2.0 */
#include "account/password.h"
#include "base/memory.h"
#include "tests/unit/unit.h"

TEST(a_hash_matches_its_password_and_no_other)
{
    char *hash = NULL;
    assert_fault(password_hash(TEXT("correct horse"), &hash), FAULT_NONE);
    assert_int_equal(strncmp(hash, "$y$", 3), 0);
    assert_true(password_hash_is_usable(hash));
    assert_fault(password_verify(hash, TEXT("correct horse")), FAULT_NONE);
    assert_fault(password_verify(hash, TEXT("correct horsf")), FAULT_LOGIN_REFUSED);
    assert_fault(password_verify(hash, TEXT("")), FAULT_LOGIN_REFUSED);
    memory_free(hash);
}

TEST(two_hashes_of_one_password_differ)
{
    char *one = NULL;
    char *two = NULL;
    assert_fault(password_hash(TEXT("x"), &one), FAULT_NONE);
    assert_fault(password_hash(TEXT("x"), &two), FAULT_NONE);
    assert_string_not_equal(one, two);
    memory_free(one);
    memory_free(two);
}

TEST(hashes_of_other_kinds_are_verified)
{
    static const char *const hashes[] = {
        "$6$saltsalt$"
        "i3hxI33mw7QkAXUnXepMxL6UzR85M7KdwTlnyABO2Ngs4OzuVEDEc3GF0R6QtGOiRALzBhb1vYMEUGu"
        "rSbMI8.",
        "$2b$05$abcdefghijklmnopqrstuubLaCSeDs9RuzgGpOcZf4E13p04yNNhO",
    };
    for (size_t i = 0; i < COUNT(hashes); i++) {
        assert_true(password_hash_is_usable(hashes[i]));
        assert_fault(password_verify(hashes[i], TEXT("ferry")), FAULT_NONE);
        assert_fault(password_verify(hashes[i], TEXT("Ferry")), FAULT_LOGIN_REFUSED);
    }
}

TEST(what_is_no_hash_matches_nothing)
{
    static const char *const cases[] = {"plain text", "secret", "", "*", "!", "$6$", "$y$"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(password_hash_is_usable(cases[i]));
        assert_fault(password_verify(cases[i], text_of(cases[i])), FAULT_LOGIN_REFUSED);
    }
}

/* The linker sends password.c's calls here (tests/meson.build). */
static unsigned hashes_made;

char *__real_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);

char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
    char *hash = __real_crypt_rn(phrase, setting, data, size);
    hashes_made += hash != NULL;
    return hash;
}

TEST(without_a_hash_nothing_matches_but_the_work_is_done)
{
    hashes_made = 0;
    assert_fault(password_verify(NULL, TEXT("anything")), FAULT_LOGIN_REFUSED);
    assert_int_equal(hashes_made, 1);
}

TEST(a_password_with_a_nul_or_without_end_is_refused)
{
    char *hash = NULL;
    char endless[1024];
    memset(endless, 'a', sizeof(endless));
    assert_fault(password_hash(TEXT("a\0b"), &hash), FAULT_ARGUMENT);
    assert_fault(password_hash((struct text){endless, sizeof(endless)}, &hash), FAULT_ARGUMENT);
    assert_null(hash);
}

TEST(secrets_compare_whole)
{
    assert_true(password_equal(TEXT("a"), TEXT("a")));
    assert_true(password_equal(TEXT(""), TEXT("")));
    assert_false(password_equal(TEXT("a"), TEXT("")));
    assert_false(password_equal(TEXT(""), TEXT("a")));
    assert_false(password_equal(TEXT("aa"), TEXT("a")));
    assert_false(password_equal(TEXT("a"), TEXT("aa")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_hash_matches_its_password_and_no_other),
        RUN(two_hashes_of_one_password_differ),
        RUN(hashes_of_other_kinds_are_verified),
        RUN(what_is_no_hash_matches_nothing),
        RUN(without_a_hash_nothing_matches_but_the_work_is_done),
        RUN(a_password_with_a_nul_or_without_end_is_refused),
        RUN(secrets_compare_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

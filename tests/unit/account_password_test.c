/* SPDX-License-Identifier: Apache-2.0 */
#include <crypt.h>

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

/* Each of the password "ferry", made by others' code. */
static const char *const foreign_hashes[] = {
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$EE12OyQS+/A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$wcvDYSMdW2mau7RMdoRBHsRhFDCipopXjuHYipMAozA",
    "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$rytK7U8Z2jtOXSw/8jFOeSKPbYlNNIiDzks3z87QJ3A",
    /* SFTPGo's, passlib's */
    "$pbkdf2-sha1$1000$pl+ain/salt$WsibCaX/rseCLwhI42wLlJs1Ck4=",
    "$pbkdf2-sha1$1000$.vv8/f7/c2FsdHNhbHQ$TBBEGeNkxOaZ0acEriKvcy8JjUw",
    "$pbkdf2-sha256$1000$pl+ain/salt$Mbu2QAAluJ0jRTy1O2cR2UmdQYrCYuO48p8thgJ0bRI=",
    "$pbkdf2-sha256$1000$.vv8/f7/c2FsdHNhbHQ$/JdVDgw0YkoZEIcszte3hT37T2SFCc4vu6k60QD7EXM",
    "$pbkdf2-sha512$1000$pl+ain/salt$0fklMAUXz46fTU1HlIScSLYK52l/"
    "wfBVKrjLqt0blPgmZvmMGbcH3OdH+HqnTfDakC7PXhdPlcHMvjhpUQG10w==",
    "$pbkdf2-sha512$1000$.vv8/f7/c2FsdHNhbHQ$gC97WhFEbzxh/vf09Vo7.vsVyiyP9CJEZsq3Qo2SzNloRA2RHS"
    "Pitwbj4aCvYgH2tYcPtVUlKzK.Uv/FmF1E.Q",
    /* With the salt in base64 in any case: padded and not */
    "$pbkdf2-b64salt-sha1$1000$+vv8/f7/c2FsdHNhbHQ=$TBBEGeNkxOaZ0acEriKvcy8JjUw=",
    "$pbkdf2-b64salt-sha256$1000$+vv8/f7/c2FsdHNhbHQ=$/JdVDgw0YkoZEIcszte3hT37T2SFCc4vu6k60QD7EXM=",
    "$pbkdf2-b64salt-sha256$1000$+vv8/f7/c2FsdHNhbHQ$/JdVDgw0YkoZEIcszte3hT37T2SFCc4vu6k60QD7EXM",
    "$pbkdf2-b64salt-sha512$1000$+vv8/f7/c2FsdHNhbHQ=$gC97WhFEbzxh/vf09Vo7+vsVyiyP9CJEZsq3Qo2SzN"
    "loRA2RHSPitwbj4aCvYgH2tYcPtVUlKzK+Uv/FmF1E+Q==",
    /* FileZilla Server 0.9, with a $ in the salt */
    "$fzs-sha512$k$y^<salt>$6E9596E1A587494A21A783BCC6CE525DD65502674C92E616D932B35502CB9637CE27"
    "E519B37EAA49307C310A46D06754D528ED119F122E59D4D581BEBEE66532",
};

TEST(hashes_of_other_servers_are_verified)
{
    for (size_t i = 0; i < COUNT(foreign_hashes); i++) {
        assert_true(password_hash_is_usable(foreign_hashes[i]));
        assert_fault(password_verify(foreign_hashes[i], TEXT("ferry")), FAULT_NONE);
        assert_fault(password_verify(foreign_hashes[i], TEXT("Ferry")), FAULT_LOGIN_REFUSED);
        assert_fault(password_verify(foreign_hashes[i], TEXT("")), FAULT_LOGIN_REFUSED);
    }
}

TEST(a_hash_that_lacks_its_end_matches_nothing)
{
    for (size_t i = 0; i < COUNT(foreign_hashes); i++) {
        char *cut = memory_copy(foreign_hashes[i], strlen(foreign_hashes[i]));
        for (size_t len = strlen(cut) - 24; len > 0; len--) { /* argon2's may have 16 bytes */
            cut[len] = '\0';
            assert_false(password_hash_is_usable(cut));
        }
        assert_fault(password_verify(cut, TEXT("ferry")), FAULT_LOGIN_REFUSED);
        memory_free(cut);
    }
}

TEST(what_is_no_hash_matches_nothing)
{
    static const char *const cases[] = {
        "plain text",
        "secret",
        "",
        "*",
        "!",
        "$6$",
        "$y$",
        "$argon2id$v=18$m=256,t=2,p=1$c29tZXNhbHQ$EE12OyQS+/"
        "A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$EE12OyQS+/"
        "A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$argon2id$v=19$m=256,t=2,p=0$c29tZXNhbHQ$EE12OyQS+/"
        "A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$EE12OyQS+/"
        "A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$EE12OyQS+/"
        "A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZQ$EE12OyQS+/"
        "A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw", /* a salt of 4 bytes */
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHR$EE12OyQS+/"
        "A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw", /* bits of no byte */
        "$pbkdf2-sha256$0$pl+ain/salt$Mbu2QAAluJ0jRTy1O2cR2UmdQYrCYuO48p8thgJ0bRI=",
        "$pbkdf2-sha256$-1$pl+ain/salt$Mbu2QAAluJ0jRTy1O2cR2UmdQYrCYuO48p8thgJ0bRI=",
        "$pbkdf2-sha256$1000$$Mbu2QAAluJ0jRTy1O2cR2UmdQYrCYuO48p8thgJ0bRI=",
        "$pbkdf2-sha512$1000$pl+ain/salt$Mbu2QAAluJ0jRTy1O2cR2UmdQYrCYuO48p8thgJ0bRI=",
        "$pbkdf2-sha256$1000$pl+ain/salt$Mbu2QAAluJ0jRTy1O2cR2UmdQYrCYuO48p8thgJ0bR!=",
        "$fzs-sha512$$"
        "6E9596E1A587494A21A783BCC6CE525DD65502674C92E616D932B35502CB9637CE27E519B"
        "37EAA49307C310A46D06754D528ED119F122E59D4D581BEBEE66532",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (password_hash_is_usable(cases[i]))
            fail_msg("%s", cases[i]);
        assert_fault(password_verify(cases[i], text_of(cases[i])), FAULT_LOGIN_REFUSED);
        assert_fault(password_verify(cases[i], TEXT("ferry")), FAULT_LOGIN_REFUSED);
    }
}

TEST(a_hash_that_would_cost_too_much_is_not_tried)
{
    static const char *const cases[] = {
        "$argon2id$v=19$m=2097152,t=1,p=1$c29tZXNhbHQ$EE12OyQS+/A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$argon2id$v=19$m=1048576,t=5,p=1$c29tZXNhbHQ$EE12OyQS+/A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$argon2id$v=19$m=256,t=4294967295,p=1$c29tZXNhbHQ$EE12OyQS+/"
        "A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$argon2id$v=19$m=256,t=2,p=17$c29tZXNhbHQ$EE12OyQS+/A5zq30Bf9UUiEN61XSY+LCy6lKIMmzKOw",
        "$pbkdf2-sha256$99999999$pl+ain/salt$Mbu2QAAluJ0jRTy1O2cR2UmdQYrCYuO48p8thgJ0bRI=",
        "$2b$31$abcdefghijklmnopqrstuubLaCSeDs9RuzgGpOcZf4E13p04yNNhO",
        "$6$rounds=999999999$saltsalt$i3hxI33mw7QkAXUnXepMxL6UzR85M7KdwTlnyABO2Ngs4OzuVEDEc3GF0",
        "$5$rounds=999999999$saltsalt$i3hxI33mw7QkAXUnXepMxL6UzR85M7KdwTlnyABO2Ng",
        "$md5,rounds=99999999$saltsalt$$i3hxI33mw7QkAXUnXepMxL",
        "$sha1$99999999$saltsalt$i3hxI33mw7QkAXUnXepMxL6UzR85",
        "$y$jKT$a7bRIDNYhMiyaN/xsLnee/$O3j3hJdQ7LP/iHImeZrx0I4CxhrfGQBnCO1GeCpL2mB",
        "$y$j9zzzz$a7bRIDNYhMiyaN/xsLnee/$O3j3hJdQ7LP/iHImeZrx0I4CxhrfGQBnCO1GeCpL2mB",
        "$gy$jKT$a7bRIDNYhMiyaN/xsLnee/$O3j3hJdQ7LP/iHImeZrx0I4CxhrfGQBnCO1GeCpL2mB",
        "$7$MU..../....a7bRIDNYhMiyaN$O3j3hJdQ7LP/iHImeZrx0I4CxhrfGQBnCO1GeCpL2mB",
        "$7$CU.z../....a7bRIDNYhMiyaN$O3j3hJdQ7LP/iHImeZrx0I4CxhrfGQBnCO1GeCpL2mB",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (password_hash_is_usable(cases[i]))
            fail_msg("%s", cases[i]);
        assert_fault(password_verify(cases[i], TEXT("ferry")), FAULT_LOGIN_REFUSED);
    }
}

TEST(what_crypt_makes_by_itself_is_affordable)
{
    static const struct {
        const char *prefix;
        unsigned long cost;
    } cases[] = {{"$y$", 0}, {"$y$", 1}, {"$gy$", 0},    {"$7$", 0}, {"$7$", 6},    {"$2b$", 0},
                 {"$6$", 0}, {"$5$", 0}, {"$6$", 10000}, {"$1$", 0}, {"$sha1$", 0}, {"$md5", 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];
        struct crypt_data data = {0};
        assert_non_null(
            crypt_gensalt_rn(cases[i].prefix, cases[i].cost, NULL, 0, setting, sizeof(setting)));
        const char *hash = crypt_rn("ferry", setting, &data, sizeof(data));
        assert_non_null(hash);
        if (!password_hash_is_usable(hash))
            fail_msg("%s", hash);
        assert_fault(password_verify(hash, TEXT("ferry")), FAULT_NONE);
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

TEST(a_hash_that_is_none_takes_as_long)
{
    hashes_made = 0;
    assert_fault(password_verify("!", TEXT("anything")), FAULT_LOGIN_REFUSED);
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
    assert_fault(password_verify(NULL, (struct text){endless, sizeof(endless)}),
                 FAULT_LOGIN_REFUSED);
    for (size_t i = 0; i < COUNT(foreign_hashes); i++)
        assert_fault(password_verify(foreign_hashes[i], (struct text){endless, sizeof(endless)}),
                     FAULT_LOGIN_REFUSED);
}

TEST(weak_passwords_are_told_why)
{
    static const struct {
        const char *password;
        const char *weakness;
    } cases[] = {
        {"", "is shorter than 8 characters"},
        {"aB3$xY7", "is shorter than 8 characters"},
        {"ñandú-7", "is shorter than 8 characters"}, /* though 9 bytes long */
        {"aaabbbccc", "has fewer than 4 different characters"},
        {"Margaret", "is made of the user's name"},
        {"teragram", "is made of the user's name"},
        {"margaretMARGARET", "is made of the user's name"},
        {"12345678", "is a run of the keyboard or the alphabet"},
        {"9876543210", "is a run of the keyboard or the alphabet"},
        {"abcdefgh", "is a run of the keyboard or the alphabet"},
        {"QwertyUiop", "is a run of the keyboard or the alphabet"},
        {"poiuytrewq", "is a run of the keyboard or the alphabet"},
        {"1qaz2wsx", "is a run of the keyboard or the alphabet"},
        {"Password1", "is one of the commonest passwords"},
        {"iloveyou", "is one of the commonest passwords"},
    };
    char endless[PASSWORD_MAX + 1];
    memset(endless, 'a', sizeof(endless));
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *weakness = password_weakness(text_of(cases[i].password), TEXT("margaret"));
        if (!weakness)
            fail_msg("%s", cases[i].password);
        assert_string_equal(weakness, cases[i].weakness);
    }
    assert_string_equal(password_weakness((struct text){endless, sizeof(endless)}, TEXT("x")),
                        "is longer than 511 bytes");
    assert_string_equal(password_weakness(TEXT("wonder\0land-7"), TEXT("x")), "holds a NUL");
}

TEST(ordinary_passphrases_are_good_enough)
{
    static const char *const cases[] = {"wonderland-7", "correct horse", "margaret-rose-4",
                                        "Xk4!mm9z", "cañón-ñu"};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_null(password_weakness(text_of(cases[i]), TEXT("margaret")));
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
        RUN(hashes_of_other_servers_are_verified),
        RUN(a_hash_that_lacks_its_end_matches_nothing),
        RUN(what_is_no_hash_matches_nothing),
        RUN(a_hash_that_would_cost_too_much_is_not_tried),
        RUN(what_crypt_makes_by_itself_is_affordable),
        RUN(without_a_hash_nothing_matches_but_the_work_is_done),
        RUN(a_hash_that_is_none_takes_as_long),
        RUN(a_password_with_a_nul_or_without_end_is_refused),
        RUN(weak_passwords_are_told_why),
        RUN(ordinary_passphrases_are_good_enough),
        RUN(secrets_compare_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/digest.h"
#include "tests/unit/unit.h"

TEST(digests_are_the_published_ones_of_abc)
{
    static const char *const expected[DIGEST_KIND_COUNT] = {
        [DIGEST_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        [DIGEST_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        [DIGEST_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
        [DIGEST_MD5] = "900150983cd24fb0d6963f7d28e17f72",
        [DIGEST_CRC32] = "352441c2",
    };
    for (unsigned i = 0; i < DIGEST_KIND_COUNT; i++) {
        char hex[DIGEST_HEX_SIZE];
        struct builder b = builder_on(hex, sizeof(hex));
        struct digest *digest = digest_new((enum digest_kind)i);
        assert_non_null(digest);
        digest_update(digest, "a", 1);
        digest_update(digest, "bc", 2);
        assert_fault(digest_finish(digest, &b), FAULT_NONE);
        assert_text(builder_text(&b), expected[i]);
        digest_free(digest);
    }
    digest_free(NULL);
}

TEST(kinds_are_named_as_the_draft_names_them)
{
    enum digest_kind kind;
    assert_true(digest_kind_parse(TEXT("sha-512"), &kind));
    assert_int_equal(kind, DIGEST_SHA512);
    assert_string_equal(digest_kind_name(DIGEST_SHA256), "SHA-256");
    assert_false(digest_kind_parse(TEXT("SHA-3"), &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(digests_are_the_published_ones_of_abc),
        RUN(kinds_are_named_as_the_draft_names_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "account/account_embedded.h"
#include "tests/unit/unit.h"

TEST(what_was_added_is_found_as_a_copy)
{
    struct account_store *store = account_embedded_new();
    struct account *found = NULL;
    const struct account anna = {.name = (char *)"anna",
                                 .password = (char *)"$y$x",
                                 .charge = (char *)"42",
                                 .terms = {.values = {[TERM_READ_ONLY] = {true, 1}}}};
    assert_fault(account_embedded_add(store, &anna), FAULT_NONE);
    assert_fault(account_embedded_add(store, &anna), FAULT_EXISTS);
    assert_fault(store->type->find(store, TEXT("anna"), &found), FAULT_NONE);
    assert_string_equal(found->name, "anna");
    assert_string_equal(found->password, "$y$x");
    assert_string_equal(found->charge, "42");
    assert_null(found->root);
    assert_true(terms_flag(&found->terms, TERM_READ_ONLY));
    account_free(found);
    store->type->free(store);
}

TEST(names_are_exact)
{
    struct account_store *store = account_embedded_new();
    struct account *found = NULL;
    const struct account anna = {.name = (char *)"anna", .password = (char *)"x"};
    assert_fault(account_embedded_add(store, &anna), FAULT_NONE);
    assert_fault(store->type->find(store, TEXT("Anna"), &found), FAULT_NOT_FOUND);
    assert_fault(store->type->find(store, TEXT("ann"), &found), FAULT_NOT_FOUND);
    assert_fault(store->type->find(store, TEXT("anna\0"), &found), FAULT_NOT_FOUND);
    assert_fault(store->type->find(store, TEXT(""), &found), FAULT_NOT_FOUND);
    store->type->free(store);
    account_free(NULL);
}

TEST(a_record_can_be_looked_at_without_a_copy)
{
    static char longest[1024];
    struct account_store *store = account_embedded_new();
    const struct account anna = {.name = (char *)"anna", .password = (char *)"$y$x"};
    memset(longest, 'a', sizeof(longest) - 1);
    assert_fault(account_embedded_add(store, &anna), FAULT_NONE);
    const struct account *found = store->type->look(store, TEXT("anna"));
    assert_non_null(found);
    assert_string_equal(found->password, "$y$x");
    assert_ptr_equal(store->type->look(store, TEXT("anna")), found);
    assert_null(store->type->look(store, TEXT("Anna")));
    assert_null(store->type->look(store, TEXT("ann")));
    assert_null(store->type->look(store, TEXT("anna\0")));
    assert_null(store->type->look(store, TEXT("")));
    assert_null(store->type->look(store, text_of(longest)));
    store->type->free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_was_added_is_found_as_a_copy),
        RUN(names_are_exact),
        RUN(a_record_can_be_looked_at_without_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

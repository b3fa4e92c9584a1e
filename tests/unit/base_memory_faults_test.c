/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each room does when there is no more memory. Each act is done again and
 * again while its first, second, third … allocation fails, once or with all
 * after it, until it goes through. It says FAULT_NO_MEMORY, or did all that it
 * says it did; the sanitizers say whether it leaked.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account_embedded.h"
#include "account/password.h"
#include "audit/audit.h"
#include "base/memory.h"
#include "codec/digest.h"
#include "gate/gate.h"
#include "gate/gate_tree.h"
#include "server/backends.h"
#include "server/directory_stream.h"
#include "store/store_local.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/unit.h"

/* ---- A place ---------------------------------------------------------------------- */

static bool of_part; /* what gate_combine said last */

static char base[64];
static struct journal *journal;
static struct realm realm;
static struct audit *audit;
static struct login *login;
static struct caller caller;
static const atomic_bool never = false;
/* Of the password "ferry"; cheap. */
static const char hash[] = "$2b$05$abcdefghijklmnopqrstuubLaCSeDs9RuzgGpOcZf4E13p04yNNhO";

static const char *at(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
    return path;
}

static void put(const char *name, const char *content)
{
    FILE *file = fopen(at(name), "w");
    assert_non_null(file);
    (void)fputs(content, file);
    (void)fclose(file);
}

static const char *content_of(const char *name)
{
    static char bytes[65536];
    FILE *file = fopen(at(name), "r");
    if (!file)
        return NULL;
    bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
    (void)fclose(file);
    return bytes;
}

static struct login_attempt attempt_of(const char *name)
{
    struct login_attempt attempt = {
        .realm = &realm, .audit = audit, .session = 1, .name = text_of(name)};
    assert_true(endpoint_parse_host(TEXT("192.0.2.1"), 0, &attempt.peer));
    return attempt;
}

static enum fault open_store(void *context, const char *directory, struct store **ret_store)
{
    (void)context;
    return store_local_open(directory, journal, ret_store);
}

static uint64_t delay_ms; /* what the last attempt said */

static void set_up_realm(void)
{
    static const struct budget_limits no_limits = {BUDGET_NO_LIMIT, BUDGET_NO_LIMIT,
                                                   BUDGET_NO_LIMIT, BUDGET_NO_LIMIT};
    static const struct tree_opener opener = {open_store, store_local_is_current, NULL};
    static char root[96];
    static struct account anonymous = {.name = (char *)"anonymous", .root = root};
    struct store *store = NULL;
    const struct account account = {
        .name = (char *)"user", .password = (char *)hash, .charge = NULL};
    const struct account payer = {
        .name = (char *)"payer", .password = (char *)hash, .charge = (char *)"42"};
    assert_fault(store_local_open(at("root"), journal, &store), FAULT_NONE);
    (void)snprintf(root, sizeof(root), "%s", at("root"));
    realm = (struct realm){.accounts = account_embedded_new(),
                           .root = root,
                           .anonymous = &anonymous,
                           .server_limits = no_limits,
                           .host_limits = no_limits};
    assert_fault(desk_new(NULL, &opener, &realm.desk), FAULT_NONE);
    realm.folders = memory_new_array(1, sizeof(struct tree *));
    realm.folders[realm.folder_count++] = tree_new("folder", store);
    assert_fault(account_embedded_add(realm.accounts, &account), FAULT_NONE);
    assert_fault(account_embedded_add(realm.accounts, &payer), FAULT_NONE);
    struct login_attempt attempt = attempt_of("user");
    assert_fault(login_authenticate(&attempt, TEXT("ferry"), &login, &delay_ms), FAULT_NONE);
    caller = (struct caller){login, login_home(login), NULL, 1, attempt.peer};
}

static int set_up(void **unused)
{
    (void)unused;
    umask(0);
    (void)snprintf(base, sizeof(base), "/tmp/ferry-memory-XXXXXX");
    assert_non_null(mkdtemp(base));
    assert_int_equal(mkdir(at("root"), 0755), 0);
    assert_fault(journal_open(at("state"), &journal), FAULT_NONE);
    set_up_realm();
    return 0;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    login_unref(login);
    realm.accounts->type->free(realm.accounts);
    tree_unref(realm.folders[0]);
    memory_free(realm.folders);
    desk_free(realm.desk);
    journal_close(journal);
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

/* ---- The store ----------------------------------------------------------------------- */

static enum store_upload_kind kind;

static enum fault upload_through(struct store *store)
{
    const struct store_upload_request request = {.kind = kind, .mode = 0644};
    struct store_upload *upload = NULL;
    enum fault f = store->type->open_upload(store, "/f", &request, &upload);
    if (f)
        return f;
    f = stream_write(&upload->stream, " new", 4);
    if (!f)
        return upload->type->publish(upload);
    (void)upload->type->abandon(upload, false);
    return f;
}

static enum fault open_and_upload(void)
{
    struct store *store = NULL;
    put("root/f", "old");
    enum fault f = store_local_open(at("root"), journal, &store);
    if (!f)
        f = upload_through(store);
    end_shortage();
    if (store)
        store->type->free(store);
    const char *after = kind == STORE_APPEND ? "old new" : " new";
    assert_string_equal(content_of("root/f"), f ? "old" : after);
    return f;
}

TEST(an_upload_is_whole_or_says_that_there_is_no_memory)
{
    kind = STORE_REPLACE;
    until_enough(open_and_upload);
    kind = STORE_APPEND;
    until_enough(open_and_upload);
}

static enum fault read_journals(void)
{
    struct journal *next = NULL;
    put("root/.ferry-upload-1", "left");
    assert_true(mkdir(at("crashed"), 0755) == 0 || errno == EEXIST);
    char line[256];
    (void)snprintf(line, sizeof(line), "T 1 %s\n", at("root/.ferry-upload-1"));
    put("crashed/uploads-1-1", line);
    enum fault f = journal_open(at("crashed"), &next);
    end_shortage();
    journal_close(next);
    /* What could not be read this time is there for the next. */
    assert_fault(journal_open(at("crashed"), &next), FAULT_NONE);
    journal_close(next);
    assert_null(content_of("root/.ferry-upload-1"));
    return f;
}

TEST(a_journal_that_could_not_be_read_waits_for_the_next_start)
{
    until_enough(read_journals);
}

/* ---- Accounts -------------------------------------------------------------------------- */

static enum fault add_and_find(void)
{
    const struct account added = {.name = (char *)"name",
                                  .password = (char *)hash,
                                  .root = (char *)"/r",
                                  .charge = (char *)"42"};
    struct account *found = NULL;
    struct account_store *accounts = account_embedded_new();
    if (!accounts)
        return FAULT_NO_MEMORY;
    enum fault f = account_embedded_add(accounts, &added);
    bool is_added = !f;
    if (!f)
        f = accounts->type->find(accounts, TEXT("name"), &found);
    end_shortage();
    assert_true(!f == (found != NULL));
    account_free(found);
    found = NULL;
    enum fault again = accounts->type->find(accounts, TEXT("name"), &found);
    assert_fault(again, is_added ? FAULT_NONE : FAULT_NOT_FOUND);
    account_free(found);
    accounts->type->free(accounts);
    return f;
}

TEST(an_account_is_added_and_found_whole)
{
    until_enough(add_and_find);
}

static enum fault hash_password(void)
{
    char *made = NULL;
    enum fault f = password_hash(TEXT("ferry"), &made);
    end_shortage();
    assert_true(!f == (made != NULL));
    memory_free(made);
    return f;
}

TEST(a_password_is_hashed_or_not)
{
    until_enough(hash_password);
}

/* ---- Logins ------------------------------------------------------------------------------ */

static const char *login_as;

static enum fault log_in(void)
{
    struct login *made = NULL;
    struct login_attempt attempt = attempt_of(login_as);
    enum fault f = login_authenticate(&attempt, TEXT("ferry"), &made, &delay_ms);
    end_shortage();
    if (f == FAULT_ACCOUNT_NEEDED && login_needs_charge(made))
        f = FAULT_NONE;
    assert_true(!f == (made != NULL));
    login_unref(made);
    return f;
}

TEST(a_right_password_is_never_called_wrong)
{
    static const char *const names[] = {"user", "payer", "anonymous"};
    for (size_t i = 0; i < COUNT(names); i++) {
        login_as = names[i];
        until_enough(log_in);
    }
}

/* ---- The gate ------------------------------------------------------------------------------ */

static unsigned audited(const char *what)
{
    unsigned count = 0;
    const char *lines = content_of("audit");
    for (const char *found = strstr(lines, what); found; found = strstr(found + 1, what))
        count++;
    return count;
}

/* Only the line itself could not be made: then it is counted. */
static void check_audit(const char *action, enum fault f)
{
    unsigned lost = (unsigned)audit_lost(audit);
    audit_end(audit);
    audit = NULL;
    caller.audit = NULL;
    assert_int_equal(audited(action) + lost, 1);
    if (f && !lost)
        assert_int_equal(audited("\"result\":\"NO_MEMORY\""), 1);
}

static void begin_audit(void)
{
    unsigned nth = shortage.nth;
    end_shortage();
    (void)unlink(at("audit"));
    assert_fault(audit_begin(&(struct audit_places){.json_file = at("audit")}, &audit), FAULT_NONE);
    caller.audit = audit;
    shortage.nth = nth;
}

static enum fault read_through_gate(void)
{
    char bytes[16];
    size_t len = 0;
    struct gate_file *file = NULL;
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    begin_audit();
    enum fault f = gate_open_read(&caller, ACTION_READ, "/f", &file);
    if (!f)
        outcome.fault = stream_read(file->stream, bytes, sizeof(bytes), &len);
    if (!f)
        f = gate_close(&file, &outcome, NULL);
    end_shortage();
    if (!f)
        assert_int_equal(len, 7);
    check_audit("\"action\":\"read\"", f);
    return f;
}

static enum fault upload_through_gate(void)
{
    struct store_upload_request request = {.mode = 0644};
    struct gate_outcome outcome = {.fault = FAULT_NONE, .keep_partial = true};
    struct gate_file *file = NULL;
    put("root/f", "content");
    begin_audit();
    enum fault f = gate_open_upload(&caller, "/f", &request, &file);
    if (!f)
        outcome.fault = stream_write(file->stream, "new", 3);
    if (!f)
        f = gate_close(&file, &outcome, NULL);
    end_shortage();
    assert_string_equal(content_of("root/f"), f ? "content" : "new");
    check_audit("\"action\":\"overwrite\"", f);
    return f;
}

TEST(what_memory_did_not_suffice_for_is_audited_too)
{
    put("root/f", "content");
    until_enough(read_through_gate);
    until_enough(upload_through_gate);
}

static enum fault copy_and_combine(void)
{
    char *parts[] = {(char *)"/1", (char *)"/2"};
    put("root/1", "one");
    put("root/2", "two");
    (void)unlink(at("root/whole"));
    enum fault f = gate_copy(&caller, "/1", "/whole", 0644, &never);
    bool is_copied = !f;
    if (!f)
        f = gate_combine(&caller, "/whole", parts, COUNT(parts), 0644, &never, &of_part);
    end_shortage();
    if (f) {
        const char *whole = content_of("root/whole");
        assert_true(is_copied ? whole && strcmp(whole, "one") == 0 : !whole);
        assert_string_equal(content_of("root/1"), "one");
        assert_string_equal(content_of("root/2"), "two");
    } else {
        assert_string_equal(content_of("root/whole"), "oneonetwo");
        assert_null(content_of("root/1"));
    }
    return f;
}

TEST(a_copy_is_whole_and_parts_are_removed_only_then)
{
    until_enough(copy_and_combine);
}

/* ---- Audit ---------------------------------------------------------------------------- */

static enum fault record_event(void)
{
    const struct audit_event event = {.action = ACTION_READ,
                                      .session = 1,
                                      .user = TEXT("user"),
                                      .peer = caller.peer,
                                      .path = TEXT("/f"),
                                      .is_transfer = true};
    struct audit *made = NULL;
    (void)unlink(at("audit"));
    (void)unlink(at("xferlog"));
    enum fault f = audit_begin(
        &(struct audit_places){.json_file = at("audit"), .xferlog_file = at("xferlog")}, &made);
    if (f)
        return f;
    audit_record(made, &event);
    end_shortage();
    uint64_t lost = audit_lost(made);
    audit_end(made);
    assert_int_equal(audited("\"path\":\"/f\"") + (strstr(content_of("xferlog"), " /f ") != NULL),
                     2 - lost);
    return lost ? FAULT_NO_MEMORY : FAULT_NONE;
}

TEST(audit_lines_that_are_lost_are_counted)
{
    until_enough(record_event);
}

/* ---- Codecs ---------------------------------------------------------------------------- */

static enum fault make_digests(void)
{
    char bytes[DIGEST_HEX_SIZE];
    enum fault f = FAULT_NONE;
    for (unsigned i = 0; i < DIGEST_KIND_COUNT && !f; i++) {
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct digest *digest = digest_new((enum digest_kind)i);
        f = digest ? digest_finish(digest, &b) : FAULT_NO_MEMORY;
        digest_free(digest);
    }
    return f;
}

TEST(a_digest_is_made_or_not)
{
    until_enough(make_digests);
}

/* ---- Listings ----------------------------------------------------------------------------- */

static struct directory_request listing;
static char whole_listing[65536];

static enum fault read_listing(char *bytes, size_t size)
{
    struct stream *stream = NULL;
    size_t len = 0;
    size_t total = 0;
    enum fault f = directory_stream_open(&listing, &stream);
    if (f)
        return f;
    do {
        f = stream_read(stream, bytes + total, size - 1 - total, &len);
        total += f ? 0 : len;
    } while (!f && len);
    stream_close(&stream);
    bytes[total] = '\0';
    return f;
}

static enum fault list(void)
{
    static char bytes[sizeof(whole_listing)];
    enum fault f = read_listing(bytes, sizeof(bytes));
    end_shortage();
    if (!f)
        assert_string_equal(bytes, whole_listing);
    return f;
}

TEST(a_listing_is_whole_or_ends_in_a_fault)
{
    static const struct directory_request requests[] = {
        {.form = DIRECTORY_LONG},
        {.form = DIRECTORY_LONG, .options = {.recursive = true, .given = true}},
        {.form = DIRECTORY_NAMES, .name = TEXT("*/*")},
        {.form = DIRECTORY_NAMES, .name = TEXT("f")},
        {.form = DIRECTORY_FACTS, .facts = ~0U},
    };
    put("root/f", "x");
    assert_int_equal(mkdir(at("root/d"), 0755), 0);
    put("root/d/g", "x");
    assert_int_equal(mkdir(at("root/d/e"), 0755), 0);
    put("root/d/e/h", "x");
    for (size_t i = 0; i < COUNT(requests); i++) {
        listing = requests[i];
        listing.caller = &caller;
        listing.directory = TEXT("/");
        assert_fault(read_listing(whole_listing, sizeof(whole_listing)), FAULT_NONE);
        assert_true(whole_listing[0] != '\0');
        until_enough(list);
    }
}

/* ---- Configuration ----------------------------------------------------------------------------
 */

static char *arguments[8]; /* borrowed: the test's */
static int argument_count;

static void give(const char *const *options, size_t count)
{
    memcpy(arguments, options, count * sizeof(options[0]));
    argument_count = (int)count;
}

static enum fault configure(void)
{
    static char message[CONFIG_MESSAGE_SIZE];
    struct config_request request;
    struct config *config = config_load(argument_count, arguments, &request, message);
    struct backends *backends = config ? backends_new() : NULL;
    bool fine = backends && backends_open_desk(backends, NULL, message) &&
                backends_build_realms(backends, config, message);
    end_shortage();
    /* backends_new has no room for a message. */
    if (!config || (backends && !fine))
        assert_non_null(strstr(message, "out of memory"));
    if (fine) {
        assert_int_equal(config->host_count, config->file ? 2 : 1);
        assert_int_equal(config->addresses.count, 1);
    }
    config_unref(config);
    backends_free(backends);
    return fine ? FAULT_NONE : FAULT_NO_MEMORY;
}

TEST(a_configuration_that_memory_did_not_suffice_for_is_not_called_wrong)
{
    const char *const options[] = {"ferryd",    "--root", at("root"), "--address",
                                   "127.0.0.1", "--user", "u:p",      "--anonymous"};
    give(options, COUNT(options));
    until_enough(configure);
}

TEST(a_file_that_memory_did_not_suffice_for_is_not_called_wrong)
{
    char content[1024];
    const char *root = at("root");
    (void)snprintf(content, sizeof(content),
                   "root = %s\naddress = {127.0.0.1}\nxferlog = /x\n"
                   "user u { password = \"%s\" root = %s account = 42 }\n"
                   "folder f { path = %s }\n"
                   "host h { root = %s anonymous = on banner = b user v { password = \"%s\" } }\n",
                   root, hash, root, root, root, hash);
    put("conf", content);
    const char *const options[] = {"ferryd", "--config", at("conf")};
    give(options, COUNT(options));
    until_enough(configure);
}

#define IN_PLACE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(an_upload_is_whole_or_says_that_there_is_no_memory),
        IN_PLACE(a_journal_that_could_not_be_read_waits_for_the_next_start),
        IN_PLACE(an_account_is_added_and_found_whole),
        IN_PLACE(a_password_is_hashed_or_not),
        IN_PLACE(a_right_password_is_never_called_wrong),
        IN_PLACE(what_memory_did_not_suffice_for_is_audited_too),
        IN_PLACE(a_copy_is_whole_and_parts_are_removed_only_then),
        IN_PLACE(audit_lines_that_are_lost_are_counted),
        IN_PLACE(a_digest_is_made_or_not),
        IN_PLACE(a_listing_is_whole_or_ends_in_a_fault),
        IN_PLACE(a_configuration_that_memory_did_not_suffice_for_is_not_called_wrong),
        IN_PLACE(a_file_that_memory_did_not_suffice_for_is_not_called_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

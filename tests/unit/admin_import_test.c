/* SPDX-License-Identifier: Apache-2.0 */
/* The files are in unit/import: as their servers write them, where Debian has those. */
#include "account/password.h"
#include "admin/import.h"
#include "base/memory.h"
#include "tests/unit/unit.h"

static struct import_list list;

static struct text file(const char *name)
{
    static char bytes[2][64 * 1024];
    static unsigned next;
    char path[256];
    char *place = bytes[next++ % 2];
    (void)snprintf(path, sizeof(path), "%s/%s", IMPORT_FILES, name);
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    struct text content = {place, fread(place, 1, sizeof(bytes[0]), stream)};
    (void)fclose(stream);
    return content;
}

static void read_text(enum import_format format, struct text bytes)
{
    char message[IMPORT_MESSAGE_SIZE] = "";
    const struct import_source source = {.format = format, .bytes = bytes};
    assert_fault(import_read(&source, &list, message), FAULT_NONE);
}

static void read_file(enum import_format format, const char *name)
{
    read_text(format, file(name));
}

static int tear_down(void **unused)
{
    (void)unused;
    import_list_done(&list);
    return 0;
}

static struct import_record *record_of(const char *name)
{
    for (size_t i = 0; i < list.count; i++)
        if (text_equal(import_record_name(list.records[i]), text_of(name)))
            return list.records[i];
    fail_msg("there is no %s", name);
    return NULL;
}

static const struct term_value *value_of(const char *name, enum term term)
{
    struct import_record *record = record_of(name);
    if (record->group)
        return &record->group->terms.values[term];
    return &record->user->terms.values[term];
}

#define assert_number(name, term, expected)                                                        \
    do {                                                                                           \
        assert_true(value_of(name, term)->is_set);                                                 \
        assert_int_equal(value_of(name, term)->number, expected);                                  \
    } while (0)

#define assert_texts(name, term, index, expected)                                                  \
    do {                                                                                           \
        assert_true(value_of(name, term)->text_count > (index));                                   \
        assert_string_equal(value_of(name, term)->texts[index], expected);                         \
    } while (0)

/* Of a whole: how many of its terms say something. */
static unsigned terms_set_of(const char *name)
{
    unsigned count = 0;
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
        count += value_of(name, (enum term)term)->is_set;
    return count;
}

static bool is_disabled(const char *name)
{
    return value_of(name, TERM_DISABLED)->is_set && value_of(name, TERM_DISABLED)->number;
}

#define assert_remark(name, part)                                                                  \
    do {                                                                                           \
        const char *remark_ = record_of(name)->remark;                                             \
        if (!remark_ || !strstr(remark_, part))                                                    \
            fail_msg("%s: \"%s\" says nothing of %s", name, remark_ ? remark_ : "", part);         \
    } while (0)

/* The right password and no other, as long as it is a hash. */
static void assert_logs_in(const char *name, const char *password)
{
    struct import_record *record = record_of(name);
    assert_false(record->is_refused);
    assert_false(record->is_clear);
    assert_non_null(record->user->password);
    assert_fault(password_verify(record->user->password, text_of(password)), FAULT_NONE);
    assert_fault(password_verify(record->user->password, TEXT("Secret")), FAULT_LOGIN_REFUSED);
}

/* ---- shadow ----------------------------------------------------------------------- */

TEST(shadow_brings_hashes_homes_and_dates)
{
    char message[IMPORT_MESSAGE_SIZE];
    const struct import_source source = {IMPORT_SHADOW, file("shadow"), file("passwd")};
    assert_fault(import_read(&source, &list, message), FAULT_NONE);
    assert_int_equal(list.count, 8);
    assert_logs_in("anna", "secret");
    assert_string_equal(record_of("anna")->user->root, "/home/anna");
    assert_null(record_of("anna")->remark);
    assert_int_equal(record_of("anna")->line, 3);
    assert_int_equal(terms_set_of("anna"), 0);
    assert_logs_in("cara", "secret");
    assert_number("cara", TERM_EXPIRES, 20000 * 86400);
    assert_number("cara", TERM_MUST_CHANGE_PASSWORD, 1);
    assert_remark("cara", "do not age");
    assert_remark("cara", "root: /home/../etc");
    assert_null(record_of("cara")->user->root);
    assert_string_equal(record_of("emil")->user->root, "/home/emil");
}

TEST(shadow_keeps_out_who_is_locked_or_not_understood)
{
    char message[IMPORT_MESSAGE_SIZE];
    const struct import_source source = {IMPORT_SHADOW, file("shadow"), TEXT("")};
    assert_fault(import_read(&source, &list, message), FAULT_NONE);
    assert_true(record_of("root")->is_refused);
    assert_true(record_of("daemon")->is_refused);
    assert_true(record_of("dora")->is_refused); /* anybody could log in */
    assert_remark("dora", "needs no password");
    assert_true(is_disabled("ben"));
    assert_remark("ben", "locked");
    assert_logs_in("ben", "secret"); /* when somebody has enabled him */
    assert_true(is_disabled("emil"));
    assert_remark("emil", "expires: \"soon\"");
    assert_null(record_of("flora")->user->password);
    assert_remark("flora", "password");
    assert_null(record_of("anna")->user->root);
}

/* ---- Pure-FTPd ----------------------------------------------------------------------- */

TEST(puredb_brings_every_limit)
{
    read_file(IMPORT_PUREDB, "puredb");
    assert_int_equal(list.count, 5);
    assert_logs_in("anna", "secret");
    assert_string_equal(record_of("anna")->user->root, "/srv/anna");
    assert_null(record_of("anna")->remark);
    assert_number("anna", TERM_UPLOAD_RATE, 51200);
    assert_number("anna", TERM_DOWNLOAD_RATE, 102400);
    assert_number("anna", TERM_RATIO, 1);
    assert_int_equal(value_of("anna", TERM_RATIO)->second, 5);
    assert_number("anna", TERM_MAX_SESSIONS, 3);
    assert_number("anna", TERM_QUOTA_FILES, 1000);
    assert_number("anna", TERM_QUOTA_BYTES, 10485760);
    assert_texts("anna", TERM_ALLOW_FROM, 0, "192.0.2.0/24");
    assert_texts("anna", TERM_ALLOW_FROM, 1, "198.51.100.7");
    assert_texts("anna", TERM_DENY_FROM, 0, "203.0.113.0/24");
    assert_texts("anna", TERM_HOURS, 0, "Mon-Sun 09:00-18:00");
    assert_texts("anna", TERM_COMMENT, 0, "Anna");
    assert_int_equal(terms_set_of("anna"), 10);
    assert_int_equal(terms_set_of("cara"), 0);
}

TEST(puredb_disables_whose_limits_cannot_be_kept)
{
    read_file(IMPORT_PUREDB, "puredb");
    assert_true(is_disabled("ben"));
    assert_remark("ben", "server's addresses");
    assert_remark("ben", "not confined");
    assert_true(is_disabled("dora"));
    assert_remark("dora", "upload-rate: \"-5\"");
    assert_true(is_disabled("emil"));
    assert_remark("emil", "quota-files: \"many\"");
    assert_false(value_of("emil", TERM_QUOTA_FILES)->is_set);
}

/* ---- ProFTPD --------------------------------------------------------------------------- */

TEST(proftpd_brings_what_ftpasswd_wrote)
{
    read_file(IMPORT_PROFTPD, "proftpd");
    assert_int_equal(list.count, 3);
    assert_logs_in("anna", "secret");
    assert_logs_in("ben", "secret");
    assert_string_equal(record_of("anna")->user->root, "/srv");
    assert_false(is_disabled("anna"));
    assert_true(is_disabled("cara"));
}

/* ---- vsftpd ------------------------------------------------------------------------------ */

TEST(vsftpd_passwords_are_in_clear_unless_they_are_hashes)
{
    read_file(IMPORT_VSFTPD, "vsftpd");
    assert_int_equal(list.count, 4);
    assert_true(record_of("anna")->is_clear);
    assert_string_equal(record_of("anna")->user->password, "secret");
    assert_string_equal(record_of("ben")->user->password, "other word");
    assert_int_equal(record_of("ben")->line, 3);
    assert_logs_in("cara", "secret");
    assert_true(record_of("dora")->is_refused);
}

/* ---- FileZilla Server ---------------------------------------------------------------------- */

TEST(filezilla_0_9_brings_hashes_rights_limits_and_filters)
{
    read_file(IMPORT_FILEZILLA, "filezilla-0.9");
    assert_int_equal(list.count, 5);
    assert_logs_in("anna", "secret");
    assert_string_equal(record_of("anna")->user->root, "/srv/anna");
    assert_number("anna", TERM_DOWNLOAD_RATE, 102400);
    assert_number("anna", TERM_UPLOAD_RATE, 51200);
    assert_number("anna", TERM_MAX_SESSIONS, 3);
    assert_number("anna", TERM_MAX_PER_ADDRESS, 2);
    assert_number("anna", TERM_REQUIRE_TLS, 1);
    assert_texts("anna", TERM_ALLOW_FROM, 0, "192.0.2.0/24");
    assert_texts("anna", TERM_RULES, 0, "deny overwrite,rename,delete,link /**");
    assert_remark("anna", "folder: /srv/other");
    assert_false(is_disabled("anna"));
    assert_texts("dora", TERM_DENY_FROM, 0, "192.0.2.1");
    assert_true(is_disabled("dora"));
    assert_true(record_of("dora")->is_refused);
}

TEST(filezilla_0_9_users_have_what_their_group_has)
{
    read_file(IMPORT_FILEZILLA, "filezilla-0.9");
    assert_logs_in("ben", "secret");
    assert_string_equal(record_of("ben")->user->root, "/srv/staff");
    assert_int_equal(record_of("ben")->user->group_count, 1);
    assert_string_equal(record_of("ben")->user->groups[0], "staff");
    assert_number("staff", TERM_MAX_SESSIONS, 7);
    assert_remark("staff", "together");
}

TEST(filezilla_0_9_disables_whose_limits_cannot_be_kept)
{
    read_file(IMPORT_FILEZILLA, "filezilla-0.9");
    assert_true(is_disabled("cara"));
    assert_remark("cara", "download-rate");
    assert_remark("cara", "address filter");
    assert_remark("cara", "root: C:\\ftp\\cara");
    assert_remark("cara", "password");
    assert_null(record_of("cara")->user->password);
    assert_null(record_of("cara")->user->root);
}

TEST(filezilla_1_brings_hashes_and_limits)
{
    read_file(IMPORT_FILEZILLA, "filezilla-1");
    assert_int_equal(list.count, 4);
    assert_logs_in("anna", "secret");
    assert_string_equal(record_of("anna")->user->root, "/srv/anna");
    assert_number("anna", TERM_UPLOAD_RATE, 2048);
    assert_remark("anna", "upload-rate: what held for each session");
    assert_false(value_of("anna", TERM_DOWNLOAD_RATE)->is_set);
    assert_number("anna", TERM_MAX_SESSIONS, 3);
    assert_texts("anna", TERM_ALLOW_FROM, 1, "198.51.100.7");
    assert_string_equal(record_of("anna")->user->groups[0], "staff");
    assert_number("staff", TERM_DOWNLOAD_RATE, 4096);
    assert_number("ben", TERM_READ_ONLY, 1);
    assert_true(is_disabled("ben"));
    assert_remark("ben", "upload-rate: \"fast\"");
    assert_remark("ben", "subdirectories");
    assert_true(record_of("<system user>")->is_refused);
}

TEST(xml_that_brings_its_own_entities_is_refused)
{
    char message[IMPORT_MESSAGE_SIZE] = "";
    struct import_source source = {
        .format = IMPORT_FILEZILLA,
        .bytes = TEXT(
            "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
            "<filezilla><user name=\"&x;\"/></filezilla>")};
    assert_fault(import_read(&source, &list, message), FAULT_ARGUMENT);
    assert_non_null(strstr(message, "document type"));
    source.bytes = TEXT("<filezilla><user name=\"&x;\"/></filezilla>");
    assert_fault(import_read(&source, &list, message), FAULT_ARGUMENT);
    source.bytes = TEXT("<filezilla>");
    assert_fault(import_read(&source, &list, message), FAULT_ARGUMENT);
    source.bytes = TEXT("<html/>");
    assert_fault(import_read(&source, &list, message), FAULT_ARGUMENT);
}

/* ---- SFTPGo ---------------------------------------------------------------------------------- */

TEST(sftpgo_brings_users_groups_and_folders)
{
    read_file(IMPORT_SFTPGO, "sftpgo");
    assert_int_equal(list.count, 8);
    assert_logs_in("anna", "secret");
    assert_number("anna", TERM_MAX_SESSIONS, 3);
    assert_number("anna", TERM_QUOTA_BYTES, 10485760);
    assert_number("anna", TERM_QUOTA_FILES, 1000);
    assert_number("anna", TERM_UPLOAD_RATE, 51200);
    assert_number("anna", TERM_DOWNLOAD_RATE, 102400);
    assert_number("anna", TERM_EXPIRES, 1893456000);
    assert_number("anna", TERM_MAX_FILE_SIZE, 4096);
    assert_number("anna", TERM_REQUIRE_TLS, 1);
    assert_number("anna", TERM_MUST_CHANGE_PASSWORD, 1);
    assert_number("anna", TERM_IGNORE_CASE, 1);
    assert_texts("anna", TERM_HIDE_NAMES, 0, "*.exe");
    assert_texts("anna", TERM_HOURS, 0, "Mon 08:00-18:00");
    assert_texts("anna", TERM_ALLOW_FROM, 0, "192.0.2.0/24");
    assert_texts("anna", TERM_DENY_FROM, 0, "203.0.113.0/24");
    assert_string_equal(record_of("anna")->user->mounts[0].at, "/pub");
    assert_string_equal(record_of("anna")->user->groups[0], "staff");
    assert_false(is_disabled("anna"));
    assert_null(record_of("anna")->remark);
    assert_string_equal(record_of("pub")->folder->path, "/srv/pub");
    assert_true(record_of("cloud")->is_refused);
    assert_number("staff", TERM_MAX_SESSIONS, 5);
    assert_remark("staff", "home_dir");
}

TEST(sftpgo_permissions_are_rules_the_nearest_directory_first)
{
    static const char *const rules[] = {
        "allow list /in\\[1]/deep/**",
        "deny read,write,overwrite,append,rename,delete,make-directory,remove-directory,"
        "attributes,hash,link /in\\[1]/deep/**",
        "allow list,read,write,overwrite,append,rename,delete,make-directory,remove-directory,"
        "attributes,hash,link /in\\[1]/**",
        "allow list,read,hash /**",
        "deny write,overwrite,append,rename,delete,make-directory,remove-directory,attributes,"
        "link /**",
    };
    read_file(IMPORT_SFTPGO, "sftpgo");
    assert_int_equal(value_of("anna", TERM_RULES)->text_count, COUNT(rules));
    for (size_t i = 0; i < COUNT(rules); i++)
        assert_texts("anna", TERM_RULES, i, rules[i]);
    assert_false(value_of("ben", TERM_RULES)->is_set);
    assert_texts("dora", TERM_RULES, 0,
                 "deny read,write,overwrite,append,rename,delete,make-directory,remove-directory,"
                 "attributes,hash,link /**");
    assert_remark("dora", "\"fly\"");
    assert_remark("dora", "chtimes");
}

TEST(sftpgo_keeps_out_whose_limits_cannot_be_kept)
{
    read_file(IMPORT_SFTPGO, "sftpgo");
    assert_true(is_disabled("ben"));
    assert_remark("ben", "public_keys");
    assert_logs_in("ben", "secret");
    assert_true(is_disabled("cara"));
    assert_remark("cara", "total_data_transfer");
    assert_remark("cara", "may not use FTP");
    assert_remark("cara", "filesystem");
    assert_logs_in("cara", "secret");
    assert_true(is_disabled("dora"));
    assert_remark("dora", "quota_size");
    assert_remark("dora", "max_sessions");
    assert_remark("dora", "password");
    assert_false(value_of("dora", TERM_QUOTA_BYTES)->is_set);
    assert_true(record_of("no/name")->is_refused);
}

/* ---- All ----------------------------------------------------------------------------------------
 */

TEST(what_is_not_of_the_format_is_refused_as_a_whole)
{
    static const struct {
        enum import_format format;
        const char *bytes;
    } cases[] = {
        {IMPORT_SHADOW, "anna:x\n"},          {IMPORT_PUREDB, "anna:x:1:1\n"},
        {IMPORT_PROFTPD, "anna:x:1\n"},       {IMPORT_VSFTPD, "anna\nsecret\nben"},
        {IMPORT_FILEZILLA, "anna"},           {IMPORT_SFTPGO, "{\"users\":{}}"},
        {IMPORT_SFTPGO, "{\"a\":1,\"a\":2}"}, {IMPORT_SFTPGO, "["},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char message[IMPORT_MESSAGE_SIZE] = "";
        const struct import_source source = {cases[i].format, text_of(cases[i].bytes), TEXT("")};
        assert_fault(import_read(&source, &list, message), FAULT_ARGUMENT);
        assert_true(*message);
        assert_int_equal(list.count, 0);
    }
}

TEST(too_much_is_refused)
{
    char message[IMPORT_MESSAGE_SIZE];
    char *bytes = memory_new(IMPORT_BYTES_MAX + 1);
    struct import_source source = {IMPORT_SHADOW, {bytes, IMPORT_BYTES_MAX + 1}, TEXT("")};
    assert_fault(import_read(&source, &list, message), FAULT_TOO_LARGE);
    source = (struct import_source){IMPORT_VSFTPD, {bytes, 4 * (IMPORT_RECORDS_MAX + 1)}, TEXT("")};
    for (size_t i = 0; i < source.bytes.len; i += 2)
        memcpy(bytes + i, "a\n", 2);
    assert_fault(import_read(&source, &list, message), FAULT_TOO_LARGE);
    memory_free(bytes);
}

TEST(a_remark_shows_nothing_that_a_terminal_obeys)
{
    read_text(IMPORT_PROFTPD, TEXT("a\x1B[2J:x:1:1::/a\x1B\xC2\x9B\xFF/..:\n"));
    const char *remark = list.records[0]->remark;
    assert_true(list.records[0]->is_refused);
    assert_non_null(strstr(remark, "root: /a??"
                                   "?/.."));
}

TEST(formats_are_known_by_their_words)
{
    enum import_format format;
    assert_true(import_format_find(TEXT("filezilla"), &format));
    assert_int_equal(format, IMPORT_FILEZILLA);
    assert_false(import_format_find(TEXT("FileZilla"), &format));
}

#define AFTER(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AFTER(shadow_brings_hashes_homes_and_dates),
        AFTER(shadow_keeps_out_who_is_locked_or_not_understood),
        AFTER(puredb_brings_every_limit),
        AFTER(puredb_disables_whose_limits_cannot_be_kept),
        AFTER(proftpd_brings_what_ftpasswd_wrote),
        AFTER(vsftpd_passwords_are_in_clear_unless_they_are_hashes),
        AFTER(filezilla_0_9_brings_hashes_rights_limits_and_filters),
        AFTER(filezilla_0_9_users_have_what_their_group_has),
        AFTER(filezilla_0_9_disables_whose_limits_cannot_be_kept),
        AFTER(filezilla_1_brings_hashes_and_limits),
        AFTER(xml_that_brings_its_own_entities_is_refused),
        AFTER(sftpgo_brings_users_groups_and_folders),
        AFTER(sftpgo_permissions_are_rules_the_nearest_directory_first),
        AFTER(sftpgo_keeps_out_whose_limits_cannot_be_kept),
        AFTER(what_is_not_of_the_format_is_refused_as_a_whole),
        AFTER(too_much_is_refused),
        AFTER(a_remark_shows_nothing_that_a_terminal_obeys),
        AFTER(formats_are_known_by_their_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

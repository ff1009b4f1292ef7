/*
 * Audit logs of Linux: what a record is, which records are one event, what it says.
 */
#include "unit/formats/logs.h"

#include "formats/auditd_priv.h"

#include "base/banned.h"

#define LOGS "tests/golden/logs/"

static void is(as_bytes have, const char *want)
{
    if (!as_bytes_is(have, want))
        fail_msg("'%.*s' is not '%s'", (int)have.n, (const char *)have.p, want);
}

/* --- one record ------------------------------------------------------------------------ */

static as_audit_line parsed(const char *line)
{
    as_audit_line l;

    if (!as_audit_parse(as_bytes_of(line), &l))
        fail_msg("no record: %s", line);
    return l;
}

static void the_frame_of_a_record_is_read_in_all_its_forms(void **state)
{
    as_audit_line l;

    (void)state;
    l = parsed("type=CWD msg=audit(1700000000.123:456): cwd=\"/\"");
    is(l.type, "CWD");
    is(l.stamp, "1700000000.123:456");
    is(l.time, "1700000000.123");
    is(l.fields, "cwd=\"/\"");
    assert_false(l.told);
    l = parsed("node=a.b type=CWD msg=audit(11/14/2023 22:13:20.123:456) : cwd=/x y ");
    is(l.node, "a.b");
    is(l.time, "11/14/2023 22:13:20.123");
    is(l.fields, "cwd=/x y");
    assert_true(l.told);
    l = parsed("Nov 14 22:13:20 h kernel: [1.5] audit: type=1400 audit(1700000000.1:7): a=b");
    is(l.type, "AVC");
    is(l.fields, "a=b");
    l = parsed("type=EOE msg=audit(1700000000.123:456): ");
    assert_int_equal(l.fields.n, 0);
}

static void what_is_no_record_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "type=",
        "type=CWD",
        "type=CWD msg=",
        "type=CWD msg=audit(",
        "type=CWD msg=audit()",
        "type=CWD msg=audit(1)",
        "type=CWD msg=audit(1:)",
        "type=CWD msg=audit(1.1:1)",
        "type= msg=audit(1.1:1): a=b",
        "xtype=CWD msg=audit(1.1:1): a=b",
        "node=x",
        "audit: type=",
    };
    as_audit_line l;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(lines); i++) {
        if (as_audit_parse(as_bytes_of(lines[i]), &l))
            fail_msg("a record: %s", lines[i]);
    }
}

static void fields_are_parted_and_decoded(void **state)
{
    as_bytes raw = AS_LITERAL("a=1 comm=\"x y\" msg='op=a b acct=\"r\" res=success'\x1dUID=\"u\"");
    as_bytes told = AS_LITERAL("name=/a b c inode=5 saddr={ fam=inet laddr=1.2.3.4 lport=5 } k=v");
    as_buf b = {0};

    (void)state;
    is(as_audit_field(raw, false, "comm"), "\"x y\"");
    is(as_audit_field(raw, false, "msg"), "'op=a b acct=\"r\" res=success'");
    is(as_audit_field(raw, false, "UID"), "\"u\"");
    is(as_audit_field(raw, false, "none"), "");
    is(as_audit_field(AS_LITERAL("a=? b=(null)"), false, "a"), "");
    is(as_audit_field(AS_LITERAL("a=? b=(null)"), false, "b"), "");
    is(as_audit_field(told, true, "name"), "/a b c");
    is(as_audit_field(told, true, "saddr"), "{ fam=inet laddr=1.2.3.4 lport=5 }");
    is(as_audit_field(told, true, "k"), "v");
    as_audit_text(AS_LITERAL("proctitle"), AS_LITERAL("6C73002D6C0000"), false, &b);
    is(as_buf_bytes(&b), "ls -l");
    as_buf_reset(&b);
    as_audit_text(AS_LITERAL("pid"), AS_LITERAL("6162"), false, &b);
    is(as_buf_bytes(&b), "6162"); /* a number is none */
    as_buf_reset(&b);
    as_audit_text(AS_LITERAL("comm"), AS_LITERAL("\"6162\""), false, &b);
    is(as_buf_bytes(&b), "6162");
    as_buf_done(&b);
}

static void addresses_are_read_from_their_bytes(void **state)
{
    static const struct {
        const char *saddr, *ip, *path;
        unsigned port;
        bool told;
    } cases[] = {
        {"02000050C63364070000000000000000", "198.51.100.7", "", 80, false},
        {"0A0001BB0000000020010DB800000000000000000000000100000000", "2001:db8::1", "", 443, false},
        {"01002F72756E2F782E736F636B0000", "", "/run/x.sock", 0, false},
        {"0100006162", "", "ab", 0, false},
        {"{ saddr_fam=inet laddr=1.2.3.4 lport=5 }", "1.2.3.4", "", 5, true},
        {"{ saddr_fam=local path=/run/y }", "", "/run/y", 0, true},
        {"0200", NULL, NULL, 0, false},
        {"10000000000000000000", NULL, NULL, 0, false}, /* netlink */
        {"zz", NULL, NULL, 0, false},
        {"", NULL, NULL, 0, false},
    };
    as_buf b = {0};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_audit_address at;
        bool found = as_audit_address_of(as_bytes_of(cases[i].saddr), cases[i].told, &b, &at);

        assert_int_equal(found, cases[i].ip != NULL);
        if (!found)
            continue;
        is((as_bytes){at.ip, at.ip_n}, cases[i].ip);
        is(at.path, cases[i].path);
        assert_int_equal(at.port, cases[i].port);
    }
    as_buf_done(&b);
}

static void numbers_of_calls_have_names_on_each_machine(void **state)
{
    (void)state;
    assert_string_equal(as_linux_name_of(AS_LINUX_X86_64, 59), "execve");
    assert_string_equal(as_linux_name_of(AS_LINUX_X86_64, 0x40000000u | 1), "write"); /* x32 */
    assert_string_equal(as_linux_name_of(AS_LINUX_I386, 11), "execve");
    assert_string_equal(as_linux_name_of(AS_LINUX_I386, 102), "socketcall");
    assert_string_equal(as_linux_name_of(AS_LINUX_ARM64, 221), "execve");
    assert_string_equal(as_linux_name_of(AS_LINUX_ARM64, 79), "newfstatat");
    assert_null(as_linux_name_of(AS_LINUX_X86_64, 100000));
    assert_null(as_linux_name_of(0x12345, 1));
    assert_string_equal(as_linux_errno_name(13), "EACCES");
    assert_string_equal(as_linux_errno_name(115), "EINPROGRESS");
    assert_null(as_linux_errno_name(5000));
    assert_int_equal(as_linux_call_of(AS_LITERAL("openat"))->role, AS_LINUX_OPENAT);
    assert_non_null(as_linux_call_of(AS_LITERAL("writev")));
    assert_non_null(as_linux_call_of(AS_LITERAL("_llseek"))); /* the first by name */
    assert_null(as_linux_call_of(AS_LITERAL("open_")));
    assert_null(as_linux_call_of((as_bytes){0}));
}

/* --- events ---------------------------------------------------------------------------- */

static as_analysis *log_of(const char *name, as_bytes *ret_in)
{
    *ret_in = load(name);
    return read_text(*ret_in, NULL);
}

static void check_web(const as_facts *f, const char *user)
{
    const as_fact *sh = with(f, AS_KIND_PROCESS, AS_ATTR_PID, "950");
    const as_fact *fact;

    assert_attr(f, sh, AS_ATTR_NAME, "dash");
    assert_attr(f, sh, AS_ATTR_PPID, "910");
    assert_attr(f, sh, AS_ATTR_PATH, "/usr/bin/dash");
    assert_attr(f, sh, AS_ATTR_USER, user);
    assert_attr(f, sh, AS_ATTR_TAG, "exec");
    is_of(f, with(f, AS_KIND_PROCESS, AS_ATTR_PID, "951"), AS_ATTR_PID, "950");
    fact = with(f, AS_KIND_FILE_CREATED, AS_ATTR_PATH, "/tmp/my file");
    is_of(f, fact, AS_ATTR_NAME, "curl");
    fact = with(f, AS_KIND_FILE_MOVED, AS_ATTR_FROM, "/tmp/a.txt");
    assert_attr(f, fact, AS_ATTR_TO, "/tmp/b.txt");
    fact = with(f, AS_KIND_FILE_FAILED, AS_ATTR_PATH, "/etc/shadow");
    assert_attr(f, fact, AS_ATTR_ERROR, "EACCES");
    is_of(f, fact, AS_ATTR_NAME, "old");
    fact = with(f, AS_KIND_SOCKET_CALL, AS_ATTR_DST, "198.51.100.7");
    assert_attr(f, fact, AS_ATTR_DPORT, "80");
    assert_attr(f, fact, AS_ATTR_OPERATION, "connect");
    assert_attr(f, fact, AS_ATTR_ERROR, "EINPROGRESS");
    fact = with(f, AS_KIND_SYSCALL, AS_ATTR_API, "kill");
    assert_attr(f, fact, AS_ATTR_TARGET_PID, "951");
    assert_attr(f, fact, AS_ATTR_TARGET_PROCESS, "curl");
    assert_attr(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "finit_module"), AS_ATTR_VALUE, "rootkit");
    assert_attr(f, nth(f, AS_KIND_LOGON, 0), AS_ATTR_USER, "alice");
    assert_attr(f, nth(f, AS_KIND_LOGON, 0), AS_ATTR_SRC, "203.0.113.9");
    assert_attr(f, nth(f, AS_KIND_LOGON_FAILED, 0), AS_ATTR_USER, "admin");
    assert_attr(f, nth(f, AS_KIND_SERVICE_STARTED, 0), AS_ATTR_SERVICE, "cron");
    fact = with(f, AS_KIND_AUDIT_EVENT, AS_ATTR_TYPE, "USER_CMD");
    assert_attr(f, fact, AS_ATTR_COMMAND, "cat /etc/shadow");
    fact = with(f, AS_KIND_AUDIT_EVENT, AS_ATTR_TYPE, "AVC");
    is_of(f, fact, AS_ATTR_PID, "955");
    assert_attr(f, with(f, AS_KIND_AUDIT_EVENT, AS_ATTR_TYPE, "SERVICE_STOP"), AS_ATTR_SERVICE,
                "apt-daily");
}

/* ausearch -i made the second, ausearch the third, of the first. */
static void raw_and_interpreted_logs_say_the_same(void **state)
{
    static const char *const logs[] = {LOGS "audit_raw.log", LOGS "audit_told.log",
                                       LOGS "audit_sep.log"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(logs); i++) {
        as_bytes in;
        as_analysis *a = log_of(logs[i], &in);

        assert_string_equal(a->tool, "auditd");
        is(as_facts_text(a->facts, a->tool_version), "3.0.9");
        assert_int_equal(a->calls, 8);
        check_web(a->facts, i < 2 ? "alice" : "1000"); /* the third lost the names */
        as_analysis_free(a);
        unload(in);
    }
}

static void a_fact_stands_on_all_its_lines(void **state)
{
    as_bytes in;
    as_analysis *a = log_of(LOGS "audit_raw.log", &in);
    const as_fact *fact = with(a->facts, AS_KIND_FILE_CREATED, AS_ATTR_PATH, "/tmp/my file");

    (void)state;
    stands_on(a->facts, fact, in, 10); /* its SYSCALL; PATH and CWD behind */
    assert_int_equal(fact->n_evidence, 3);
    assert_int_equal(as_fact_evidence(a->facts, fact)[1].last, 16);
    assert_int_equal(as_fact_evidence(a->facts, fact)[2].last, 14);
    assert_attr(a->facts, with(a->facts, AS_KIND_PROCESS, AS_ATTR_PID, "950"), AS_ATTR_COMMAND_LINE,
                "sh -c \"curl http://test \"");
    assert_int_equal(a->bad_lines, 1);
    as_analysis_free(a);
    unload(in);
}

static void odd_records_are_read_as_far_as_they_go(void **state)
{
    as_bytes in;
    as_analysis *a = log_of(LOGS "audit_odd.log", &in);
    const as_facts *f = a->facts;
    const as_fact *fact = with(f, AS_KIND_SOCKET_CALL, AS_ATTR_SRC, "2001:db8::5");

    (void)state;
    is_of(f, fact, AS_ATTR_NAME, "nc"); /* of web1; the same numbers on web2 are another's */
    assert_attr(f, fact, AS_ATTR_SPORT, "4444");
    is_of(f, with(f, AS_KIND_SOCKET_CALL, AS_ATTR_PATH, "/run/dbus"), AS_ATTR_NAME, "client");
    fact = with(f, AS_KIND_CONNECTION, AS_ATTR_SRC, "203.0.113.9");
    assert_attr(f, fact, AS_ATTR_SPORT, "51233");
    assert_attr(f, with(f, AS_KIND_PROCESS, AS_ATTR_PID, "42"), AS_ATTR_COMMAND_LINE,
                "sh -c \"echo \\\"hid\\\"\"");
    assert_attr(f, with(f, AS_KIND_FILE_WRITTEN, AS_ATTR_PATH, "/etc/cron.d/x"), AS_ATTR_ACCESS,
                "O_WRONLY|O_CREAT|O_TRUNC");
    (void)with(f, AS_KIND_FILE_DELETED, AS_ATTR_PATH, "/var/log/auth.log");
    (void)with(f, AS_KIND_DIR_CREATED, AS_ATTR_PATH, "/srv/new");
    (void)with(f, AS_KIND_FILE_EXISTS, AS_ATTR_PATH, "/etc/probe");
    (void)with(f, AS_KIND_SYSCALL, AS_ATTR_API, "syscall_11"); /* of a machine without a table */
    fact = with(f, AS_KIND_AUDIT_EVENT, AS_ATTR_TYPE, "USER_CHAUTHTOK");
    assert_attr(f, fact, AS_ATTR_OPERATION, "changing password");
    (void)with(f, AS_KIND_AUDIT_EVENT, AS_ATTR_TYPE, "SECCOMP");
    assert_int_equal(a->bad_lines, 2);
    as_analysis_free(a);
    unload(in);
}

/* --- any length, little memory --------------------------------------------------------------- */

static void a_log_may_break_off_anywhere(void **state)
{
    (void)state;
    cut_everywhere(LOGS "audit_raw.log", "auditd");
    cut_everywhere(LOGS "audit_told.log", "auditd");
    cut_everywhere(LOGS "audit_odd.log", "auditd");
}

static void each_allocation_that_fails_is_no_memory(void **state)
{
    (void)state;
    starve(LOGS "audit_raw.log", "auditd");
    starve(LOGS "audit_odd.log", "auditd");
}

static void portions_tell_what_the_whole_tells(void **state)
{
    struct handed h = {0};
    as_read_options options = {.on_portion = take_portion, .portion_ctx = &h, .portion = 1};
    as_bytes in = load(LOGS "audit_raw.log");
    as_analysis *whole = read_text(in, NULL), *last = read_text(in, &options);
    size_t carried = 0, all = count_facts(whole->facts, &carried);

    (void)state;
    assert_int_equal(h.facts + count_facts(last->facts, &h.carried), all);
    assert_true(h.portions >= 1);
    as_analysis_free(whole);
    as_analysis_free(last);
    unload(in);
}

static void a_record_of_too_many_fields_says_so(void **state)
{
    as_read_options options = {.format = "auditd"};
    as_buf log = {0};
    as_analysis *a;

    (void)state;
    as_buf_text(&log, "type=USER_CMD msg=audit(1.1:1): pid=7");
    for (unsigned i = 0; i < 80; i++)
        as_buf_printf(&log, " k%u=v", i);
    as_buf_text(&log, "\ntype=USER_CMD msg=audit(1.1:2): pid=7 k=v\n");
    assert_false(log.failed);
    a = read_text(as_buf_bytes(&log), &options);
    assert_attr(a->facts, nth(a->facts, AS_KIND_AUDIT_EVENT, 0), AS_ATTR_TRUNCATED, "true");
    assert_attr(a->facts, nth(a->facts, AS_KIND_AUDIT_EVENT, 0), AS_ATTR_TYPE, "USER_CMD");
    assert_attr(a->facts, nth(a->facts, AS_KIND_AUDIT_EVENT, 1), AS_ATTR_TRUNCATED, "");
    as_buf_done(&log);
    as_analysis_free(a);
}

/* Of each "{" the "}" was looked for in all the rest of the line: 1 MB took 17 s. */
static void braces_that_stay_open_are_no_burden(void **state)
{
    as_read_options options = {.format = "auditd"};
    as_buf log = {0};
    as_analysis *a;

    (void)state;
    as_buf_text(&log, "type=SYSCALL msg=audit(1.1:1): arch=c000003e syscall=59 pid=7 exe=\"/x\" ");
    for (unsigned i = 0; i < 500000; i++)
        as_buf_text(&log, "b={ ");
    as_buf_text(&log, "ppid=5\n");
    assert_false(log.failed);
    a = read_text(as_buf_bytes(&log), &options);
    assert_attr(a->facts, nth(a->facts, AS_KIND_PROCESS, 0), AS_ATTR_PPID, "5");
    as_buf_done(&log);
    as_analysis_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frame_of_a_record_is_read_in_all_its_forms),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(fields_are_parted_and_decoded),
        cmocka_unit_test(addresses_are_read_from_their_bytes),
        cmocka_unit_test(numbers_of_calls_have_names_on_each_machine),
        cmocka_unit_test(raw_and_interpreted_logs_say_the_same),
        cmocka_unit_test(a_fact_stands_on_all_its_lines),
        cmocka_unit_test(odd_records_are_read_as_far_as_they_go),
        cmocka_unit_test(a_log_may_break_off_anywhere),
        cmocka_unit_test(each_allocation_that_fails_is_no_memory),
        cmocka_unit_test(a_record_of_too_many_fields_says_so),
        cmocka_unit_test(braces_that_stay_open_are_no_burden),
        cmocka_unit_test(portions_tell_what_the_whole_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Logs of strace: what a line is, whose it is, and what it says.
 */
#include "unit/formats/logs.h"

#include "formats/strace_priv.h"

#include "base/banned.h"

#define LOGS "tests/golden/logs/"

/* --- one line ---------------------------------------------------------------------- */

static void is(as_bytes have, const char *want)
{
    if (!as_bytes_is(have, want))
        fail_msg("'%.*s' is not '%s'", (int)have.n, (const char *)have.p, want);
}

static as_strace_line parsed(const char *line, as_strace_what what)
{
    as_strace_line l;

    as_strace_parse(as_bytes_of(line), &l);
    if (l.what != what)
        fail_msg("%s: read as %d, not %d", line, (int)l.what, (int)what);
    return l;
}

static void what_stands_before_a_call_says_itself_what_it_is(void **state)
{
    static const struct {
        const char *before, *pid, *comm, *time, *address;
    } cases[] = {
        {"", "", "", "", ""},
        {"15470 ", "15470", "", "", ""},
        {"7     ", "7", "", "", ""},
        {"[pid 15470] ", "15470", "", "", ""},
        {"[pid    71] ", "71", "", "", ""},
        {"[pid 71<bash>] ", "71", "bash", "", ""},
        {"12:00:01 ", "", "", "12:00:01", ""},
        {"12:00:01.000123 ", "", "", "12:00:01.000123", ""},
        {"1795558389.184043 ", "", "", "1795558389.184043", ""},
        {"1795558389 ", "", "", "1795558389", ""},
        {"     0.000179 ", "", "", "", ""},
        {"12:00:01 (+     0.000179) ", "", "", "12:00:01", ""},
        {"71 12:00:01.5 [00007fd9a456cad7] ", "71", "", "12:00:01.5", "00007fd9a456cad7"},
        {"71 [  59] ", "71", "", "", ""},
        {"71 [  59] [00007fd9a456cad7] ", "71", "", "", "00007fd9a456cad7"},
        {"71 [????????????????] ", "71", "", "", ""},
        {"[pid 71] 1795558389.184043 [00007fd9a456cad7] ", "71", "", "1795558389.184043",
         "00007fd9a456cad7"},
        {"71      0.000179 ", "71", "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        char line[200];
        as_strace_line l;

        assert_true(snprintf(line, sizeof(line), "%sclose(3) = 0", cases[i].before) <
                    (int)sizeof(line));
        l = parsed(line, AS_STRACE_CALL);
        is(l.comm, cases[i].comm);
        is(l.pid, cases[i].pid);
        is(l.time, cases[i].time);
        is(l.address, cases[i].address);
        is(l.name, "close");
        is(l.ret, "0");
    }
}

static void arguments_are_parted_where_they_end(void **state)
{
    static const struct {
        const char *args;
        size_t n;
        const char *second;
    } cases[] = {
        {"", 0, NULL},
        {"3", 1, NULL},
        {"1, \"a, b) = 0\\\", (\", 9", 3, "\"a, b) = 0\\\", (\""},
        {"{a=[1, 2], b={c=3}}, [\"x\", \"y\"]", 2, "[\"x\", \"y\"]"},
        {"3</tmp/a, (b]>, 4", 2, "4"},
        {"3<TCP:[10.0.0.1:1->10.0.0.2:2]>, \"x\"", 2, "\"x\""},
        {"1</dev/null<char 1:3>>, 2", 2, "2"},
        {"1<<3, 2", 2, "2"},
        {"0x3 /* PROT_READ|PROT_WRITE), ( */, 7", 2, "7"},
        {"\"/bin/x\", [\"x\"], 0x7ffe /* 35 vars */", 3, "[\"x\"]"},
        {"~[RTMIN RT_1], [], 8", 3, "[]"},
        {"\"abc\"..., 5", 2, "5"},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        char line[200];
        as_strace_line l;

        assert_true(snprintf(line, sizeof(line), "f(%s) = 1", cases[i].args) < (int)sizeof(line));
        l = parsed(line, AS_STRACE_CALL);
        assert_int_equal(l.n_args, cases[i].n);
        if (cases[i].second)
            is(l.args[1], cases[i].second);
        is(l.text, cases[i].args);
        is(l.ret, "1");
    }
}

static void results_are_told_apart(void **state)
{
    as_strace_line l;

    (void)state;
    l = parsed("open(\"x\") = -1 ENOENT (No such file or directory) <0.000040>", AS_STRACE_CALL);
    is(l.ret, "-1");
    is(l.ret_text, "ENOENT (No such file or directory)");
    assert_true(l.failed);
    l = parsed("open(\"x\")                    = 3</etc/x y> <0.1>", AS_STRACE_CALL);
    is(l.ret, "3");
    is(l.ret_path, "/etc/x y");
    assert_false(l.failed);
    l = parsed("poll([], 1, 5) = 0 (Timeout)", AS_STRACE_CALL);
    is(l.ret_text, "(Timeout)");
    l = parsed("wait4(-1, 0, 0, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
               AS_STRACE_CALL);
    is(l.ret, "?");
    assert_false(l.failed);
    l = parsed("exit_group(0) = ?", AS_STRACE_CALL);
    is(l.ret, "?");
    l = parsed("mmap(NULL, 1) = 0x7f0012", AS_STRACE_CALL);
    is(l.ret, "0x7f0012");
}

static void other_lines_are_what_they_are(void **state)
{
    as_strace_line l;

    (void)state;
    l = parsed("7 read(3,  <unfinished ...>", AS_STRACE_UNFINISHED);
    is(l.name, "read");
    l = parsed("7 <... read resumed>\"a\", 1) = 1", AS_STRACE_RESUMED);
    is(l.text, "\"a\", 1) = 1");
    l = parsed("[pid 7] --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---",
               AS_STRACE_SIGNAL);
    is(l.name, "SIGSEGV");
    is(as_strace_field(l.text, "si_code"), "SEGV_MAPERR");
    l = parsed("+++ exited with 3 +++", AS_STRACE_EXITED);
    is(l.name, "3");
    l = parsed("+++ killed by SIGKILL (core dumped) +++", AS_STRACE_KILLED);
    is(l.name, "SIGKILL");
    l = parsed("strace: Process 12 attached", AS_STRACE_ATTACHED);
    is(l.name, "12");
    (void)parsed("Process 12 attached", AS_STRACE_ATTACHED);
    (void)parsed("strace: Process 12 detached", AS_STRACE_NOTE);
    (void)parsed("[ Process PID=9 runs in 32 bit mode. ]", AS_STRACE_NOTE);
    (void)parsed(" > /lib/libc.so.6(read+0x7) [0x1]", AS_STRACE_STACK);
    (void)parsed("clone(flags=SIGCHLDstrace: Process 9 attached", AS_STRACE_BROKEN);
    (void)parsed("epoll_wait(3,  <detached ...>", AS_STRACE_UNFINISHED);
    (void)parsed("read(3, \"cut", AS_STRACE_BAD);
    (void)parsed("some text", AS_STRACE_BAD);
    (void)parsed("f(1)", AS_STRACE_BAD);
    (void)parsed("[]", AS_STRACE_BAD);
    (void)parsed("+++ what +++", AS_STRACE_NOTE);
}

static void escapes_of_texts_are_undone(void **state)
{
    as_buf b = {0};
    bool cut = false;

    (void)state;
    assert_true(as_strace_string(as_bytes_of("\"a\\n\\t\\\"\\\\\\0\\33[\\x41\\1770\""), &b, &cut));
    assert_int_equal(b.n, 11);
    assert_memory_equal(b.p, "a\n\t\"\\\0\033[A\1770", 11);
    assert_false(cut);
    as_buf_reset(&b);
    assert_true(as_strace_string(as_bytes_of("@\"name\"..."), &b, &cut));
    is(as_buf_bytes(&b), "name");
    assert_true(cut);
    assert_false(as_strace_string(as_bytes_of("0x7ffe"), &b, &cut));
    as_buf_done(&b);
}

/* --- facts ---------------------------------------------------------------------------- */

static as_analysis *a_of(const char *text)
{
    as_read_options options = {.format = "strace"};

    return read_text(as_bytes_of(text), &options);
}

static void halves_of_calls_are_joined_by_thread(void **state)
{
    as_bytes in = AS_LITERAL("7 openat(AT_FDCWD, \"/a\",  <unfinished ...>\n"
                             "8 openat(AT_FDCWD, \"/b\", O_RDONLY <unfinished ...>\n"
                             "7 <... openat resumed>O_RDONLY) = 3\n"
                             "8 <... openat resumed>) = -1 EACCES (Permission denied)\n");
    as_analysis *a = a_of((const char *)in.p);
    const as_fact *fact;

    (void)state;
    assert_int_equal(a->calls, 2);
    assert_int_equal(a->bad_lines, 0);
    fact = with(a->facts, AS_KIND_FILE_OPENED, AS_ATTR_PATH, "/a");
    assert_attr(a->facts, fact, AS_ATTR_ACCESS, "O_RDONLY");
    is_of(a->facts, fact, AS_ATTR_PID, "7");
    stands_on(a->facts, fact, in, 3);
    assert_int_equal(fact->n_evidence, 2);
    assert_int_equal(as_fact_evidence(a->facts, fact)[1].last, 1);
    fact = with(a->facts, AS_KIND_FILE_FAILED, AS_ATTR_PATH, "/b");
    assert_attr(a->facts, fact, AS_ATTR_ERROR, "EACCES");
    is_of(a->facts, fact, AS_ATTR_PID, "8");
    as_analysis_free(a);
}

static void who_started_whom_is_known_however_the_lines_fall(void **state)
{
    static const char *const logs[] = {
        /* the child speaks first */
        "7 execve(\"/bin/sh\", [\"sh\"], 0x1 /* 2 vars */) = 0\n"
        "7 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n"
        "9 execve(\"/bin/ls\", [\"ls\", \"-l\"], 0x1 /* 2 vars */) = 0\n"
        "7 <... clone resumed>, child_tidptr=0x1) = 9\n",
        /* the parent does */
        "7 execve(\"/bin/sh\", [\"sh\"], 0x1 /* 2 vars */) = 0\n"
        "7 vfork() = 9\n"
        "9 execve(\"/bin/ls\", [\"ls\", \"-l\"], 0x1 /* 2 vars */) = 0\n",
        /* numbers come with the second process, and a note stands in a line */
        "execve(\"/bin/sh\", [\"sh\"], 0x1 /* 2 vars */) = 0\n"
        "clone(child_stack=NULL, flags=SIGCHLDstrace: Process 9 attached\n"
        ", child_tidptr=0x1) = 9\n"
        "[pid     9] execve(\"/bin/ls\", [\"ls\", \"-l\"], 0x1 /* 2 vars */) = 0\n"
        "[pid     7] close(3) = 0\n",
        /* two at once: only the result tells */
        "7 execve(\"/bin/sh\", [\"sh\"], 0x1 /* 2 vars */) = 0\n"
        "6 execve(\"/bin/csh\", [\"csh\"], 0x1 /* 2 vars */) = 0\n"
        "7 fork( <unfinished ...>\n"
        "6 fork( <unfinished ...>\n"
        "9 execve(\"/bin/ls\", [\"ls\", \"-l\"], 0x1 /* 2 vars */) = 0\n"
        "6 <... fork resumed>) = 8\n"
        "7 <... fork resumed>) = 9\n",
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(logs); i++) {
        as_analysis *a = a_of(logs[i]);
        const as_fact *ls = with(a->facts, AS_KIND_PROCESS, AS_ATTR_NAME, "ls");

        assert_attr(a->facts, ls, AS_ATTR_PID, "9");
        assert_attr(a->facts, ls, AS_ATTR_PPID, "7");
        assert_attr(a->facts, ls, AS_ATTR_PATH, "/bin/ls");
        assert_attr(a->facts, ls, AS_ATTR_COMMAND_LINE, "ls -l");
        is_of(a->facts, ls, AS_ATTR_NAME, "sh");
        is_of(a->facts, ls, AS_ATTR_PID, "7");
        assert_int_equal(a->bad_lines, 0);
        as_analysis_free(a);
    }
}

static void threads_are_no_processes(void **state)
{
    static const char *const logs[] = {
        "7 execve(\"/a\", [\"a\"], 0x1) = 0\n"
        "7 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0} => {parent_tid=[8]}, 88) = 8\n"
        "8 unlink(\"/x\") = 0\n"
        "8 +++ exited with 0 +++\n"
        "7 +++ exited with 4 +++\n",
        "7 execve(\"/a\", [\"a\"], 0x1) = 0\n"
        "7 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0} <unfinished ...>\n"
        "8 unlink(\"/x\") = 0\n"
        "7 <... clone3 resumed>, 88) = 8\n"
        "8 +++ exited with 0 +++\n"
        "7 +++ exited with 4 +++\n",
        "7 execve(\"/a\", [\"a\"], 0x1) = 0\n"
        "6 execve(\"/a\", [\"a\"], 0x1) = 0\n"
        "6 fork( <unfinished ...>\n"
        "7 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0} <unfinished ...>\n"
        "8 unlink(\"/x\") = 0\n"
        "7 <... clone3 resumed>, 88) = 8\n"
        "8 +++ exited with 0 +++\n"
        "7 +++ exited with 4 +++\n",
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(logs); i++) {
        as_analysis *a = a_of(logs[i]);

        is_of(a->facts, with(a->facts, AS_KIND_FILE_DELETED, AS_ATTR_PATH, "/x"), AS_ATTR_PID, "7");
        assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), i < 2 ? 1 : 2);
        assert_int_equal(count_of(a->facts, AS_KIND_PROCESS_ENDED), 1);
        assert_attr(a->facts, nth(a->facts, AS_KIND_PROCESS_ENDED, 0), AS_ATTR_STATUS,
                    "exited with 4");
        as_analysis_free(a);
    }
}

static void a_second_program_of_a_process_is_another_fact(void **state)
{
    as_analysis *a = a_of("7 execve(\"/bin/sh\", [\"sh\", \"-c\", \"exec cat\"], 0x1) = 0\n"
                          "7 execve(\"/opt/cat\", [\"cat\"], 0x1) = -1 ENOENT (No such file or "
                          "directory)\n"
                          "7 execve(\"/bin/cat\", [\"cat\"], 0x1) = 0\n"
                          "7 unlink(\"/x\") = 0\n");
    const as_fact *cat = with(a->facts, AS_KIND_PROCESS, AS_ATTR_NAME, "cat");

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 2);
    is_of(a->facts, cat, AS_ATTR_COMMAND_LINE, "sh -c \"exec cat\"");
    is_of(a->facts, nth(a->facts, AS_KIND_FILE_DELETED, 0), AS_ATTR_NAME, "cat");
    as_analysis_free(a);
}

/* -qq tells no ends, so a number may come back without one. */
static void a_number_that_is_used_again_is_another_process(void **state)
{
    as_analysis *a = a_of("7 execve(\"/bin/a\", [\"a\"], 0x1) = 0\n"
                          "7 exit_group(0) = ?\n"
                          "7 unlink(\"/x\") = 0\n"
                          "7 +++ exited with 0 +++\n"
                          "7 unlink(\"/y\") = 0\n");

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 3);
    is_of(a->facts, with(a->facts, AS_KIND_API_USE, AS_ATTR_API, "execve"), AS_ATTR_NAME, "a");
    as_analysis_free(a);
}

static void files_are_told_by_what_was_done(void **state)
{
    as_analysis *a = a_of("7 close(9) = 0\n"
                          "7 openat(AT_FDCWD, \"/r\", O_RDONLY|O_CLOEXEC) = 3\n"
                          "7 read(3, \"x\", 1) = 1\n"
                          "7 close(3) = 0\n"
                          "7 openat(AT_FDCWD, \"/t\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3\n"
                          "7 write(3, \"x\", 1) = 1\n"
                          "7 close(3) = 0\n"
                          "7 open(\"/n\", O_RDWR|O_CREAT|O_EXCL, 0600) = 3\n"
                          "7 write(3, \"x\", 1) = 1\n"
                          "7 write(3, \"x\", 1) = 1\n"
                          "7 close(3) = 0\n"
                          "7 read(3, \"x\", 1) = 1\n"
                          "7 openat(5</d>, \"rel\", 0x241, 0666) = 4</d/rel>\n"
                          "7 rename(\"/o\", \"/p\") = 0\n"
                          "7 unlinkat(AT_FDCWD, \"/dir\", AT_REMOVEDIR) = 0\n"
                          "7 mkdir(\"/new\", 0755) = 0\n"
                          "7 stat(\"/s\", 0x1) = -1 ENOENT (No such file or directory)\n"
                          "7 getdents64(6</d>, 0x1 /* 3 entries */, 32768) = 80\n"
                          "7 mmap(NULL, 9, PROT_READ|PROT_EXEC, MAP_PRIVATE, 5</lib/x.so>, 0) = "
                          "0x1\n"
                          "7 openat(AT_FDCWD, \"/long/pa\"..., O_RDONLY) = 9\n");
    const as_facts *f = a->facts;

    (void)state;
    assert_attr(f, with(f, AS_KIND_FILE_OPENED, AS_ATTR_PATH, "/r"), AS_ATTR_ACCESS,
                "O_RDONLY|O_CLOEXEC");
    (void)with(f, AS_KIND_FILE_READ, AS_ATTR_PATH, "/r");
    assert_int_equal(count_of(f, AS_KIND_FILE_READ), 1); /* the last is of no known file */
    assert_attr(f, with(f, AS_KIND_FILE_WRITTEN, AS_ATTR_PATH, "/t"), AS_ATTR_ACCESS,
                "O_WRONLY|O_CREAT|O_TRUNC");
    (void)with(f, AS_KIND_FILE_CREATED, AS_ATTR_PATH, "/n");
    (void)with(f, AS_KIND_FILE_WRITTEN, AS_ATTR_PATH, "/n");
    (void)with(f, AS_KIND_FILE_WRITTEN, AS_ATTR_PATH, "/d/rel");
    assert_int_equal(count_of(f, AS_KIND_FILE_WRITTEN), 3);
    assert_attr(f, with(f, AS_KIND_FILE_MOVED, AS_ATTR_FROM, "/o"), AS_ATTR_TO, "/p");
    (void)with(f, AS_KIND_DIR_REMOVED, AS_ATTR_PATH, "/dir");
    (void)with(f, AS_KIND_DIR_CREATED, AS_ATTR_PATH, "/new");
    assert_attr(f, with(f, AS_KIND_FILE_EXISTS, AS_ATTR_PATH, "/s"), AS_ATTR_ERROR, "ENOENT");
    (void)with(f, AS_KIND_DIR_LISTED, AS_ATTR_PATH, "/d");
    (void)with(f, AS_KIND_MODULE, AS_ATTR_PATH, "/lib/x.so");
    assert_attr(f, with(f, AS_KIND_FILE_OPENED, AS_ATTR_PATH, "/long/pa..."), AS_ATTR_TRUNCATED,
                "true");
    as_analysis_free(a);
}

/* A file that was perhaps deleted, an address that was perhaps reached, are not said to be. */
static void a_call_of_no_known_end_is_told_as_made(void **state)
{
    static const char log[] =
        "7 socket(AF_INET, SOCK_STREAM, 0) = 3\n"
        "7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"192.0.2.1\")}, "
        "16) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n"
        "7 open(\"/fifo\", O_WRONLY|O_TRUNC) = ? ERESTARTSYS (To be restarted if SA_RESTART is "
        "set)\n"
        "7 unlink(\"/etc/passwd\" <unfinished ...>\n"
        "7 +++ killed by SIGKILL +++\n";
    as_analysis *a = a_of(log);
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_CONNECTION), 0);
    assert_attr(f, nth(f, AS_KIND_SOCKET_CALL, 0), AS_ATTR_DST, "192.0.2.1");
    assert_int_equal(count_of(f, AS_KIND_FILE_WRITTEN), 0);
    assert_int_equal(count_of(f, AS_KIND_FILE_DELETED), 0);
    stands_on(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "open"), as_bytes_of(log), 3);
    stands_on(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "unlink"), as_bytes_of(log), 4);
    as_analysis_free(a);
}

/* A log of chosen calls may lack the close() after which a number is another file's. */
static void without_close_a_number_is_no_file(void **state)
{
    as_analysis *a = a_of("7 openat(AT_FDCWD, \"/r\", O_RDONLY) = 3\n"
                          "7 read(3, \"x\", 1) = 1\n");

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_FILE_READ), 0);
    as_analysis_free(a);
}

static void sockets_are_told_as_far_as_they_went(void **state)
{
    as_analysis *a =
        a_of("7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3\n"
             "7 connect(3, {sa_family=AF_INET, sin_port=htons(443), "
             "sin_addr=inet_addr(\"192.0.2.1\")}, 16) = 0\n"
             "7 dup2(3, 0) = 0\n"
             "7 connect(3, {sa_family=AF_INET, sin_port=htons(80), "
             "sin_addr=inet_addr(\"192.0.2.2\")}, 16) = -1 ECONNREFUSED (Connection refused)\n"
             "7 sendto(4<UDPv6:[1]>, \"x\", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53), "
             "sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"2001:db8::1\", &sin6_addr), "
             "sin6_scope_id=0}, 28) = 1\n"
             "7 bind(5, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 9) = 0\n"
             "7 accept(6, {sa_family=AF_INET, sin_port=htons(999), "
             "sin_addr=inet_addr(\"\\x31\\x30\\x2e\\x30\\x2e\\x30\\x2e\\x39\")}, [16]) = 8\n");
    const as_facts *f = a->facts;
    const as_fact *fact = with(f, AS_KIND_CONNECTION, AS_ATTR_DST, "192.0.2.1");

    (void)state;
    assert_attr(f, fact, AS_ATTR_DPORT, "443");
    assert_attr(f, fact, AS_ATTR_PROTOCOL, "TCP");
    fact = with(f, AS_KIND_SOCKET_CALL, AS_ATTR_DST, "192.0.2.2");
    assert_attr(f, fact, AS_ATTR_ERROR, "ECONNREFUSED");
    fact = with(f, AS_KIND_CONNECTION, AS_ATTR_DST, "2001:db8::1");
    assert_attr(f, fact, AS_ATTR_DPORT, "53");
    assert_attr(f, fact, AS_ATTR_PROTOCOL, "UDP");
    assert_attr(f, with(f, AS_KIND_SOCKET_CALL, AS_ATTR_PATH, "/run/x"), AS_ATTR_OPERATION, "bind");
    assert_attr(f, with(f, AS_KIND_CONNECTION, AS_ATTR_SRC, "10.0.0.9"), AS_ATTR_SPORT, "999");
    assert_attr(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "dup2"), AS_ATTR_VALUE, "3, 0");
    as_analysis_free(a);
}

static void calls_of_note_are_told_as_they_stand(void **state)
{
    as_analysis *a = a_of("7 ptrace(PTRACE_ATTACH, 99) = -1 EPERM (Operation not permitted)\n"
                          "7 kill(98, SIGKILL) = 0\n"
                          "7 kill(98, SIGKILL) = 0\n"
                          "7 mprotect(0x1, 4096, PROT_READ|PROT_EXEC) = 0\n"
                          "7 mprotect(0x2, 4096, PROT_READ) = 0\n"
                          "7 mmap(NULL, 4096, 0x7, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1\n"
                          "7 prctl(PR_SET_NAME, \"[kworker]\") = 0\n"
                          "7 prctl(PR_GET_DUMPABLE) = 1\n"
                          "7 chmod(\"/x\", 04755) = 0\n");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SYSCALL), 6);
    assert_attr(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "ptrace"), AS_ATTR_ERROR, "EPERM");
    assert_attr(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "ptrace"), AS_ATTR_TARGET_PID, "99");
    assert_attr(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "kill"), AS_ATTR_VALUE, "98, SIGKILL");
    assert_attr(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "chmod"), AS_ATTR_PATH, "/x");
    assert_attr(f, with(f, AS_KIND_SYSCALL, AS_ATTR_API, "chmod"), AS_ATTR_VALUE, "04755");
    assert_attr(f, with(f, AS_KIND_API_USE, AS_ATTR_API, "kill"), AS_ATTR_COUNT, "2");
    as_analysis_free(a);
}

static as_code add_call(void *ctx, const as_call *c, as_err *err)
{
    as_buf *out = ctx;

    (void)err;
    as_buf_printf(out, "%.*s/%zu %.*s %.*s%s\n", (int)c->api.n, (const char *)c->api.p, c->n_args,
                  (int)c->thread.n, (const char *)c->thread.p, (int)c->ret.n,
                  (const char *)c->ret.p, c->failed ? " failed" : "");
    return AS_OK;
}

static void every_call_goes_out_once(void **state)
{
    as_buf out = {0};
    as_read_options options = {.format = "strace", .on_call = add_call, .call_ctx = &out};
    as_analysis *a = read_text(AS_LITERAL("7 read(0,  <unfinished ...>\n"
                                          "8 close(1) = -1 EBADF (Bad file descriptor)\n"
                                          "7 <... read resumed>\"a, b\", 9) = 4\n"
                                          "8 futex(0x1, FUTEX_WAIT, 2, NULL <unfinished ...>\n"
                                          "7 exit_group(0) = ?\n"),
                               &options);

    (void)state;
    is(as_buf_bytes(&out), "close/1 8 -1 failed\nread/3 7 4\nexit_group/1 7 ?\nfutex/4  ?\n");
    assert_int_equal(a->calls, 4);
    as_buf_done(&out);
    as_analysis_free(a);
}

static void the_table_of_counts_is_read(void **state)
{
    as_bytes in = load(LOGS "strace_counts.log");
    as_analysis *a = read_text(in, NULL);
    const as_fact *fact = with(a->facts, AS_KIND_API_USE, AS_ATTR_API, "connect");

    (void)state;
    assert_string_equal(a->tool, "strace");
    assert_attr(a->facts, fact, AS_ATTR_COUNT, "3");
    assert_attr(a->facts, fact, AS_ATTR_FAILED, "2");
    assert_int_equal(count_of(a->facts, AS_KIND_API_TRACE), 1);
    assert_int_equal(a->coverage.n, 0);
    as_analysis_free(a);
    unload(in);
}

/* --- bad lines, any length, little memory ---------------------------------------------------- */

static void a_bad_line_is_counted_and_the_rest_is_read(void **state)
{
    as_analysis *a = a_of("7 unlink(\"/x\") = 0\nwhat is this\n7 unlink(\"/y\") = 0\n\nread(\n");

    (void)state;
    assert_int_equal(a->bad_lines, 2);
    assert_int_equal(a->first_bad_line, 2);
    assert_int_equal(count_of(a->facts, AS_KIND_FILE_DELETED), 2);
    assert_int_equal(a->coverage.total_bytes - a->coverage.mapped_bytes, 12 + 5);
    as_analysis_free(a);
}

static void a_log_may_break_off_anywhere(void **state)
{
    (void)state;
    cut_everywhere(LOGS "strace_odd.log", "strace");
    cut_everywhere(LOGS "strace_stack.log", "strace");
    cut_everywhere(LOGS "strace_xx.log", "strace");
    cut_everywhere(LOGS "strace_counts.log", "strace");
    cut_everywhere(LOGS "strace_numbers.log", "strace");
}

static void each_allocation_that_fails_is_no_memory(void **state)
{
    (void)state;
    starve(LOGS "strace_odd.log", "strace");
    starve(LOGS "strace_stderr.log", "strace");
    starve(LOGS "strace_pipeline.log", "strace");
}

/* In portions the same is told; what processes did later is still theirs. */
static void portions_tell_what_the_whole_tells(void **state)
{
    static const char *const logs[] = {LOGS "strace_stderr.log", LOGS "strace_pipeline.log"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(logs); i++) {
        struct handed h = {0};
        as_read_options options = {.on_portion = take_portion, .portion_ctx = &h, .portion = 1};
        as_bytes in = load(logs[i]);
        as_analysis *whole = read_text(in, NULL), *last = read_text(in, &options);
        size_t carried = 0, all = count_facts(whole->facts, &carried);
        size_t have = h.facts + count_facts(last->facts, &h.carried);

        assert_int_equal(carried, 0);
        assert_true(h.portions > 3 && last->portions == h.portions && h.carried > 0);
        /* A process that was handed out before it ran its program is told again with it. */
        assert_true(have >= all && have <= all + 4);
        assert_int_equal(whole->calls, last->calls);
        as_analysis_free(whole);
        as_analysis_free(last);
        unload(in);
    }
}

static as_code find_read(void *ctx, const as_analysis *a, as_err *err)
{
    size_t *n = ctx;

    (void)err;
    for (size_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *fact = as_facts_get(a->facts, i);

        if (fact->kind == AS_KIND_FILE_READ) {
            assert_attr(a->facts, fact, AS_ATTR_PATH, "/a/b");
            ++*n;
        }
    }
    return AS_OK;
}

/* A text that many processes and descriptors share is kept once while the pool is exchanged. */
static void descriptors_are_known_in_later_portions(void **state)
{
    size_t n = 0;
    as_read_options options = {
        .format = "strace", .on_portion = find_read, .portion_ctx = &n, .portion = 1};
    as_buf log = {0};
    as_analysis *a;

    (void)state;
    as_buf_text(&log,
                "1 close(9) = 0\n1 open(\"/a/b\", O_RDONLY) = 3\n1 dup(3) = 4\n1 fork() = 2\n");
    for (unsigned i = 0; i < 500; i++)
        as_buf_printf(&log, "1 unlink(\"/x%u\") = 0\n", i);
    as_buf_text(&log, "2 read(4, \"\", 9) = 0\n1 read(3, \"\", 9) = 0\n");
    assert_false(log.failed);
    a = read_text(as_buf_bytes(&log), &options);
    assert_true(a->portions > 2);
    assert_int_equal(find_read(&n, a, NULL), AS_OK);
    assert_int_equal(n, 2);
    as_buf_done(&log);
    as_analysis_free(a);
}

/* --- what a log may not cost ------------------------------------------------------------------ */

#define TASKS 60000u

/* A log of TASKS lines or pairs of lines; "%u" of `line` is another number each time. */
static as_analysis *a_of_many(const char *first, const char *line, const char *also)
{
    as_read_options options = {.format = "strace"};
    as_buf log = {0};
    as_analysis *a;

    as_buf_text(&log, first);
    for (unsigned i = 0; i < TASKS; i++) {
        as_buf_u64(&log, 1000 + i);
        as_buf_text(&log, line);
        as_buf_text(&log, also);
    }
    assert_false(log.failed);
    a = read_text(as_buf_bytes(&log), &options);
    as_buf_done(&log);
    return a;
}

/* Each was quadratic once: minutes. */
static void many_tasks_are_no_burden(void **state)
{
    static const char one[] = " getuid() = 0\n";
    as_analysis *a = a_of_many("1 getuid() = 0\n", one, "getuid() = 0\n");

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), TASKS + 1);
    assert_attr(a->facts, nth(a->facts, AS_KIND_API_TRACE, 0), AS_ATTR_COUNT, "60001");
    as_analysis_free(a);
    a = a_of_many("1 fork( <unfinished ...>\n", one, "");
    is_of(a->facts, nth(a->facts, AS_KIND_PROCESS, 1), AS_ATTR_PID, "1"); /* the next to appear */
    assert_null(parent_of(a->facts, nth(a->facts, AS_KIND_PROCESS, 2)));
    as_analysis_free(a);
    a = a_of_many("", one, "0 getuid() = 0\n");
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), TASKS + 1);
    as_analysis_free(a);
}

static void add_often(as_buf *log, const char *first, const char *text, const char *last)
{
    as_buf_text(log, first);
    for (unsigned i = 0; i < TASKS; i++)
        as_buf_text(log, text);
    as_buf_text(log, last);
}

/* Nor were these to be had in less than minutes: what is open is looked for once and again. */
static void what_never_ends_is_no_burden(void **state)
{
    as_read_options options = {.format = "strace"};
    as_buf log = {0};
    as_analysis *a;

    (void)state;
    add_often(&log, "7 close(9) = 0\n7 read(", "1<111111111", "\n");
    add_often(&log, "7 read(", "/* 1111111111", "\n");
    add_often(&log, "7 pipe([3", " 1<111111111", "]) = 0\n");
    add_often(&log, "7 read(0, \"", "1111111111", " <unfinished ...>\n");
    add_often(&log, "", "7 <... read resumed>x\n", "");
    add_often(&log, "7 read(0, strace: Process 8 attached\n", "7,strace: Process 8 attached\n", "");
    assert_false(log.failed);
    a = read_text(as_buf_bytes(&log), &options);
    assert_true(a->bad_lines >= 2 + TASKS);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 2);
    as_buf_done(&log);
    as_analysis_free(a);
}

/* A high number takes a table of as many places, and so did each process that was started. */
static void many_descriptors_are_not_followed_for_ever(void **state)
{
    as_analysis *a = a_of_many("1 close(9) = 0\n1 open(\"/a\", O_RDONLY) = 4095\n",
                               " read(4095, \"\", 9) = 0\n", "1 fork() = 99\n");

    (void)state;
    as_analysis_free(a);
    a = a_of("1 close(9) = 0\n1 open(\"/a\", O_RDONLY) = 4095\n1 fork() = 2\n"
             "2 read(4095, \"\", 9) = 0\n");
    is_of(a->facts, with(a->facts, AS_KIND_FILE_READ, AS_ATTR_PATH, "/a"), AS_ATTR_PID, "2");
    as_analysis_free(a);
}

static void other_inputs_are_not_taken_for_it(void **state)
{
    static const char *const inputs[] = {
        "{\"a\":1}\n",
        "int main(void) = 3\n",
        "printf(\"x\") = 1\n",
        "type=SYSCALL msg=audit(1.1:1): arch=c000003e syscall=59 success=yes pid=1\n",
        "[1,2]\n",
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(inputs); i++) {
        as_analysis *a = NULL;
        as_err err = {0};

        if (!read_report(as_bytes_of(inputs[i]), NULL, &a, &err))
            assert_string_not_equal(a->tool, "strace");
        as_analysis_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_before_a_call_says_itself_what_it_is),
        cmocka_unit_test(arguments_are_parted_where_they_end),
        cmocka_unit_test(results_are_told_apart),
        cmocka_unit_test(other_lines_are_what_they_are),
        cmocka_unit_test(escapes_of_texts_are_undone),
        cmocka_unit_test(halves_of_calls_are_joined_by_thread),
        cmocka_unit_test(who_started_whom_is_known_however_the_lines_fall),
        cmocka_unit_test(threads_are_no_processes),
        cmocka_unit_test(a_second_program_of_a_process_is_another_fact),
        cmocka_unit_test(a_number_that_is_used_again_is_another_process),
        cmocka_unit_test(files_are_told_by_what_was_done),
        cmocka_unit_test(a_call_of_no_known_end_is_told_as_made),
        cmocka_unit_test(without_close_a_number_is_no_file),
        cmocka_unit_test(sockets_are_told_as_far_as_they_went),
        cmocka_unit_test(calls_of_note_are_told_as_they_stand),
        cmocka_unit_test(every_call_goes_out_once),
        cmocka_unit_test(the_table_of_counts_is_read),
        cmocka_unit_test(a_bad_line_is_counted_and_the_rest_is_read),
        cmocka_unit_test(a_log_may_break_off_anywhere),
        cmocka_unit_test(each_allocation_that_fails_is_no_memory),
        cmocka_unit_test(portions_tell_what_the_whole_tells),
        cmocka_unit_test(descriptors_are_known_in_later_portions),
        cmocka_unit_test(many_tasks_are_no_burden),
        cmocka_unit_test(what_never_ends_is_no_burden),
        cmocka_unit_test(many_descriptors_are_not_followed_for_ever),
        cmocka_unit_test(other_inputs_are_not_taken_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
